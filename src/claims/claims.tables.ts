import { table } from '../db/table.ts';
import type { Range } from './serials.ts';

export const CLAIM_STATES = [
  'reserved',
  'issued',
  'transferred',
  'retired',
  'frozen',
  'recalled',
  'cancelled',
  'released',
] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];

/** Those its holder may still do something with. */
export const OPEN_STATES: readonly ClaimState[] = ['reserved', 'issued', 'transferred'];

/** What was said of grams for good when they were retired. */
export type Retirement = {
  at: number;
  /** Whether the one it was retired for agreed to be named. */
  named: boolean;
  beneficiaryId: string | null;
  purpose: string | null;
  market: string | null;
  /** Of the product's mass; null where there is no product. */
  basisPoints: number | null;
  units: number | null;
  text: { en: string; zh: string };
};

/** Serial grams of one sale in one exclusion group, with one holder. */
export type Claim = {
  id: string;
  seq: number;
  lastSeq: number;
  saleId: string;
  batchId: string;
  /** What says that these grams may be claimed: one, or of content several, each of another scheme. */
  statementIds: string[];
  exclusionGroup: 'content' | 'offset';
  grams: number;
  ranges: Range[];
  sellerId: string;
  holderId: string;
  state: ClaimState;
  /** The state it had when it was frozen. */
  before: ClaimState | null;
  /** Why it is frozen, recalled, cancelled or released. */
  cause: string | null;
  /** Milliseconds; past it a reservation falls. */
  reservedUntil: number | null;
  changedAt: number;
  splitFrom: string | null;
  productId: string | null;
  retirement: Retirement | null;
};
export const claims = table<Claim>('claims', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  saleId: 'uuid',
  batchId: 'uuid',
  statementIds: 'json',
  exclusionGroup: 'text',
  grams: 'int8',
  ranges: 'json',
  sellerId: 'uuid',
  holderId: 'uuid',
  state: 'text',
  before: 'text',
  cause: 'text',
  reservedUntil: 'int8',
  changedAt: 'int8',
  splitFrom: 'uuid',
  productId: 'uuid',
  retirement: 'json',
});

/** The gram account of a sale: which of its serial grams are taken. All in grams. */
export type GramBook = {
  /** The sale. */
  id: string;
  lastSeq: number;
  used: Range[];
  /** By statement: what of its grams is claimed. */
  statements: Record<string, number>;
  reserved: number;
  /** Ever issued: always tradable + retired + cancelled. */
  issued: number;
  tradable: number;
  retired: number;
  cancelled: number;
  /** Listed in registers outside. */
  elsewhere: number;
};
export const gramBooks = table<GramBook>('gram_books', 'id', {
  id: 'uuid',
  lastSeq: 'int8',
  used: 'json',
  statements: 'json',
  reserved: 'int8',
  issued: 'int8',
  tradable: 'int8',
  retired: 'int8',
  cancelled: 'int8',
  elsewhere: 'int8',
});

export type ProductClaim = { id: string; claimId: string | null; lastSeq: number };
export const productClaims = table<ProductClaim>('product_claims', 'id', {
  id: 'uuid',
  claimId: 'uuid',
  lastSeq: 'int8',
});

/** Grams of a sale that a register outside this programme lists. */
export type OutsideListing = {
  id: string;
  seq: number;
  lastSeq: number;
  saleId: string;
  batchId: string;
  /** Who told us. */
  organisationId: string;
  register: string;
  number: string;
  grams: number;
  /** The serial grams it keeps from being claimed here. */
  ranges: Range[];
  /** Of the grams, those stated here as well when it was recorded. */
  overlap: number;
  state: 'listed' | 'withdrawn';
};
export const outsideListings = table<OutsideListing>('outside_listings', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  saleId: 'uuid',
  batchId: 'uuid',
  organisationId: 'uuid',
  register: 'text',
  number: 'text',
  grams: 'int8',
  ranges: 'json',
  overlap: 'int8',
  state: 'text',
});

export type OutsideNumber = { id: string; listingId: string | null; lastSeq: number };
export const outsideNumbers = table<OutsideNumber>('outside_numbers', 'id', {
  id: 'text',
  listingId: 'uuid',
  lastSeq: 'int8',
});
/** A register and a number in it, however they are written. */
export const outsideKey = (register: string, number: string): string =>
  JSON.stringify([register, number].map((text) => text.normalize('NFKC').replace(/\s+/gu, '').toLowerCase()));
