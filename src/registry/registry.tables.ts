import { table } from '../db/table.ts';
import type { Position } from '../kernel/values.ts';
import type { Role } from '../ledger/fact.ts';

export type Programme = {
  id: string;
  operatorId: string;
  currency: string;
  timeZone: string;
  lastSeq: number;
};
export const programmes = table<Programme>('programme', 'id', {
  id: 'uuid',
  operatorId: 'uuid',
  currency: 'text',
  timeZone: 'text',
  lastSeq: 'int8',
});

export type State = 'active' | 'closed';

export type Organisation = {
  id: string;
  kind: string;
  name: string | null;
  naturalPerson: boolean;
  state: State;
  seq: number;
  lastSeq: number;
};
export const organisations = table<Organisation>('organisations', 'id', {
  id: 'uuid',
  kind: 'text',
  name: 'text',
  naturalPerson: 'boolean',
  state: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

export type Capability = { name: string; licence?: string | undefined; validUntil?: string | undefined };
export type Norm = { step: string; material: string; minBasisPoints: number; maxBasisPoints: number };
export type CustodyModel = 'identity-preserved' | 'segregated' | 'controlled-blending' | 'mass-balance';

/** How many days a site may keep a material, and after how many it is an alarm; a fifth before the end unless said. */
export type StorageLimit = { material: string; days: number; alarmDays?: number | undefined };
/** The last count of a kind of material at a site. */
export type SiteCount = {
  material: string;
  form: string;
  countId: string;
  seq: number;
  cutOffAt: string;
  surplusLotId: string | null;
};

export type Site = {
  id: string;
  organisationId: string;
  kind: string;
  name: string;
  location: Position;
  cell: [number, number];
  capabilities: Capability[];
  toleranceBasisPoints: number;
  norms: Norm[];
  custodyModel: CustodyModel;
  storageLimits: StorageLimit[];
  counts: SiteCount[];
  state: State;
  seq: number;
  lastSeq: number;
};
export const sites = table<Site>('sites', 'id', {
  id: 'uuid',
  organisationId: 'uuid',
  kind: 'text',
  name: 'text',
  location: 'json',
  cell: 'json',
  capabilities: 'json',
  toleranceBasisPoints: 'int4',
  norms: 'json',
  custodyModel: 'text',
  storageLimits: 'json',
  counts: 'json',
  state: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

export type Scale = {
  class: string;
  eGrams: number;
  minGrams: number;
  maxGrams: number;
  seal?: string | undefined;
  certificate?: string | undefined;
  validUntil?: string | undefined;
};
export type Device = {
  id: string;
  organisationId: string;
  siteId: string;
  name: string;
  /** Ed25519, raw 32 bytes in base64url. */
  publicKey: string | null;
  /** Keys it had before, oldest first, and when in milliseconds each was replaced. */
  formerKeys: { publicKey: string; until: number }[];
  scale: Scale | null;
  counter: number;
  state: State;
  seq: number;
  lastSeq: number;
};
export const devices = table<Device>('devices', 'id', {
  id: 'uuid',
  organisationId: 'uuid',
  siteId: 'uuid',
  name: 'text',
  publicKey: 'text',
  formerKeys: 'json',
  scale: 'json',
  counter: 'int8',
  state: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

export type Vessel = {
  id: string;
  organisationId: string;
  name: string;
  number: string | null;
  state: State;
  seq: number;
  lastSeq: number;
};
export const vessels = table<Vessel>('vessels', 'id', {
  id: 'uuid',
  organisationId: 'uuid',
  name: 'text',
  number: 'text',
  state: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

export type Collector = {
  id: string;
  organisationId: string | null;
  siteId: string | null;
  consentVersion: string | null;
  state: 'unresolved' | 'active' | 'closed' | 'restricted' | 'erased';
  /** The day from which somebody restricted may be erased. */
  retainUntil?: string | null | undefined;
  seq: number;
  lastSeq: number;
};
export const collectors = table<Collector>('collectors', 'id', {
  id: 'uuid',
  organisationId: 'uuid',
  siteId: 'uuid',
  consentVersion: 'text',
  state: 'text',
  retainUntil: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

export type ApiKey = {
  id: string;
  organisationId: string;
  role: Role;
  siteIds: string[] | null;
  holder: string;
  /** Milliseconds since 1970. */
  expiresAt: number | null;
  state: 'active' | 'revoked';
  seq: number;
  lastSeq: number;
};
export const apiKeys = table<ApiKey>('api_keys', 'id', {
  id: 'uuid',
  organisationId: 'uuid',
  role: 'text',
  siteIds: 'json',
  holder: 'text',
  expiresAt: 'int8',
  state: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

export type ApiKeySecret = { id: string; secretHash: Buffer };
export const apiKeySecrets = table<ApiKeySecret>(
  'api_key_secrets',
  'id',
  { id: 'uuid', secretHash: 'bytea' },
  false,
);
