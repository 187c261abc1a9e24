import { journal, table } from '../db/table.ts';

export type LotKind =
  | 'weigh-in'
  | 'part'
  | 'output'
  | 'batch'
  | 'surplus'
  | 'outside'
  | 'sold'
  | 'return'
  | 'product';

/** An amount of one material in one form at one site in one custody, in whole grams. */
export type Lot = {
  id: string;
  /** The fact that made it, and its place among that fact's lots. */
  seq: number;
  place: number;
  /** The last fact that changed it: what a back-pointer names. */
  lastSeq: number;
  kind: LotKind;
  organisationId: string;
  /** Null while it travels. */
  siteId: string | null;
  shipmentId: string | null;
  material: string;
  form: string;
  /** The origin class all its sources share; null when they differ. */
  originClass: string | null;
  /** What is left. */
  grams: number;
  /** The open case that holds it. */
  heldBy: string | null;
  /** The container it lies in. */
  containerId: string | null;
};
export const lots = table<Lot>('lots', 'id', {
  id: 'uuid',
  seq: 'int8',
  place: 'int2',
  lastSeq: 'int8',
  kind: 'text',
  organisationId: 'uuid',
  siteId: 'uuid',
  shipmentId: 'uuid',
  material: 'text',
  form: 'text',
  originClass: 'text',
  grams: 'int8',
  heldBy: 'uuid',
  containerId: 'uuid',
});

/** What a fact did to a lot's grams and what was left: one row for each lot and fact. */
export type Posting = { account: string; seq: number; delta: number; after: number };
export const postings = journal<Posting>('postings', {
  account: 'uuid',
  seq: 'int8',
  delta: 'int8',
  after: 'int8',
});

/** Where a lot stood until the fact `seq` moved it; null while it travelled. Where it stands now tells the lot. */
export type LotPlace = { lotId: string; seq: number; siteId: string | null };
export const lotPlaces = journal<LotPlace>('lot_places', { lotId: 'uuid', seq: 'int8', siteId: 'uuid' });
