import { z } from 'zod';
import { Cell, Currency, Id, Position, Sha256Hex, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { keyIdIn } from './log-keys.facts.ts';
import { logKeys } from './log-keys.tables.ts';
import { type ApiKey, apiKeys, organisations, programmes, type Site, sites } from './registry.tables.ts';

const NOTHING = 'none';

const Founded = z.strictObject({
  programmeId: Id,
  operatorId: Id,
  currency: Currency,
  timeZone: z.string(),
  rules: z.strictObject({ shares: z.literal('shares.v1'), containsSha256: Sha256Hex }),
  formatSha256: Sha256Hex,
  logKey: z.string().nullable(),
});
const FoundedPrivate = z.strictObject({ operatorName: text(200) });
export const programmeFounded: FactType<z.infer<typeof Founded>, z.infer<typeof FoundedPrivate>> = {
  type: 'programme.founded.v1',
  title: { en: 'Programme founded', zh: '项目创立' },
  data: Founded,
  private: FoundedPrivate,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: { operatorName } }) {
    world.put(programmes, {
      id: data.programmeId,
      operatorId: data.operatorId,
      currency: data.currency,
      timeZone: data.timeZone,
      lastSeq: seq,
    });
    world.put(organisations, {
      id: data.operatorId,
      kind: 'operator',
      name: operatorName,
      naturalPerson: false,
      state: 'active',
      seq,
      lastSeq: seq,
    });
    const { logKey } = data;
    if (logKey !== null) world.put(logKeys, { id: keyIdIn(logKey), key: logKey, seq, retiredSeq: null });
  },
};

const OrganisationRegistered = z.strictObject({ organisationId: Id, kind: z.string() });
const OrganisationPrivate = z.strictObject({ name: text(200), naturalPerson: z.boolean() });
export const organisationRegistered: FactType<
  z.infer<typeof OrganisationRegistered>,
  z.infer<typeof OrganisationPrivate>
> = {
  type: 'organisation.registered.v1',
  title: { en: 'Organisation registered', zh: '组织登记' },
  data: OrganisationRegistered,
  private: OrganisationPrivate,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: { name, naturalPerson } }) {
    const { organisationId: id, kind } = data;
    world.put(organisations, { id, kind, name, naturalPerson, state: 'active', seq, lastSeq: seq });
  },
};

const OrganisationChanged = z.strictObject({ organisationId: Id });
const OrganisationChangedPrivate = z.strictObject({ name: text(200) });
export const organisationChanged: FactType<
  z.infer<typeof OrganisationChanged>,
  z.infer<typeof OrganisationChangedPrivate>
> = {
  type: 'organisation.changed.v1',
  title: { en: 'Organisation changed', zh: '组织变更' },
  data: OrganisationChanged,
  private: OrganisationChangedPrivate,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: changed }) {
    world.put(organisations, { ...world.get(organisations, data.organisationId)!, ...changed, lastSeq: seq });
  },
};

export const organisationClosed: FactType<z.infer<typeof OrganisationChanged>, never> = {
  type: 'organisation.closed.v1',
  title: { en: 'Organisation closed', zh: '组织关闭' },
  data: OrganisationChanged,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data }) {
    world.put(organisations, {
      ...world.get(organisations, data.organisationId)!,
      state: 'closed',
      lastSeq: seq,
    });
  },
};

export const NormShape = z.strictObject({
  step: z.string(),
  material: z.string(),
  minBasisPoints: z.int().min(0).max(20_000),
  maxBasisPoints: z.int().min(0).max(20_000),
});
export const StorageLimitShape = z.strictObject({
  material: z.string(),
  days: z.int().min(0).max(36_500),
  alarmDays: z.int().min(0).max(36_500).optional(),
});
const Settings = {
  toleranceBasisPoints: z.int().min(0).max(10_000),
  norms: z.array(NormShape),
  custodyModel: z.enum(['identity-preserved', 'segregated', 'controlled-blending', 'mass-balance']),
};
export const CapabilityShape = z.strictObject({
  name: text(80),
  licence: text(120).optional(),
  validUntil: z.iso.date().optional(),
});
const SiteRegistered = z.strictObject({
  siteId: Id,
  organisationId: Id,
  kind: z.string(),
  cell: Cell,
  ...Settings,
  storageLimits: z.array(StorageLimitShape).optional(),
});
const SitePrivate = z.strictObject({
  name: text(200),
  location: Position,
  capabilities: z.array(CapabilityShape),
});
export const siteRegistered: FactType<z.infer<typeof SiteRegistered>, z.infer<typeof SitePrivate>> = {
  type: 'site.registered.v1',
  title: { en: 'Site registered', zh: '站点登记' },
  data: SiteRegistered,
  private: SitePrivate,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: more }) {
    const { siteId: id, storageLimits = [], ...site } = data;
    world.put(sites, { id, ...site, ...more, storageLimits, counts: [], state: 'active', seq, lastSeq: seq });
  },
};

const SiteChanged = z.strictObject({
  siteId: Id,
  toleranceBasisPoints: Settings.toleranceBasisPoints.optional(),
  norms: Settings.norms.optional(),
  custodyModel: Settings.custodyModel.optional(),
  storageLimits: z.array(StorageLimitShape).optional(),
});
const SiteChangedPrivate = z.strictObject({
  name: text(200).optional(),
  capabilities: z.array(CapabilityShape).optional(),
});
export const siteChanged: FactType<z.infer<typeof SiteChanged>, z.infer<typeof SiteChangedPrivate>> = {
  type: 'site.changed.v1',
  title: { en: 'Site settings changed', zh: '站点设置变更' },
  data: SiteChanged,
  private: SiteChangedPrivate,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: more }) {
    const { siteId, ...settings } = data;
    world.put(sites, { ...world.get(sites, siteId)!, ...settings, ...more, lastSeq: seq } as Site);
  },
};

const SiteClosed = z.strictObject({ siteId: Id });
export const siteClosed: FactType<z.infer<typeof SiteClosed>, never> = {
  type: 'site.closed.v1',
  title: { en: 'Site closed', zh: '站点关闭' },
  data: SiteClosed,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data }) {
    world.put(sites, { ...world.get(sites, data.siteId)!, state: 'closed', lastSeq: seq });
  },
};

const KeyIssued = z.strictObject({ organisationId: Id });
const KeyPrivate = z.strictObject({
  keyId: Id,
  role: z.string(),
  siteIds: z.array(Id).nullable(),
  holder: text(120),
  expiresAt: z.string().nullable(),
});
export const apiKeyIssued: FactType<z.infer<typeof KeyIssued>, z.infer<typeof KeyPrivate>> = {
  type: 'api-key.issued.v1',
  title: { en: 'API key issued', zh: '密钥签发' },
  data: KeyIssued,
  private: KeyPrivate,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: key }) {
    const { keyId: id, expiresAt, ...rest } = key;
    world.put(apiKeys, {
      id,
      ...data,
      ...rest,
      role: rest.role as ApiKey['role'],
      expiresAt: expiresAt === null ? null : Date.parse(expiresAt),
      state: 'active',
      seq,
      lastSeq: seq,
    });
  },
};

const KeyNamed = z.strictObject({ keyId: Id });
export const apiKeyRotated: FactType<z.infer<typeof KeyIssued>, z.infer<typeof KeyNamed>> = {
  type: 'api-key.rotated.v1',
  title: { en: 'API key rotated', zh: '密钥轮换' },
  data: KeyIssued,
  private: KeyNamed,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, private: { keyId } }) {
    world.put(apiKeys, { ...world.get(apiKeys, keyId)!, lastSeq: seq });
  },
};
export const apiKeyRevoked: FactType<z.infer<typeof KeyIssued>, z.infer<typeof KeyNamed>> = {
  type: 'api-key.revoked.v1',
  title: { en: 'API key revoked', zh: '密钥撤销' },
  data: KeyIssued,
  private: KeyNamed,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, private: { keyId } }) {
    world.put(apiKeys, { ...world.get(apiKeys, keyId)!, state: 'revoked', lastSeq: seq });
  },
};

export const registryFacts = [
  programmeFounded,
  organisationRegistered,
  organisationChanged,
  organisationClosed,
  siteRegistered,
  siteChanged,
  siteClosed,
  apiKeyIssued,
  apiKeyRotated,
  apiKeyRevoked,
];
