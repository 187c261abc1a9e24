import { journal, table } from '../db/table.ts';
import type { FundGiftKind, FundSource } from '../kernel/vocabulary.ts';
import type { By } from '../payouts/payouts.tables.ts';

/** One row, under the nil id: the organisation that holds the fund by law. */
export type FundHolder = { id: string; organisationId: string; seq: number; lastSeq: number };
export const fundHolder = table<FundHolder>('fund_holder', 'id', {
  id: 'uuid',
  organisationId: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
});

export type FundHolderOnce = { seq: number; organisationId: string; publicName: string | null };
export const fundHolders = journal<FundHolderOnce>('fund_holders', {
  seq: 'int8',
  organisationId: 'uuid',
  publicName: 'text',
});

/** What came from outside the trade with plastic, in minor units. */
export type FundDeposit = {
  id: string;
  seq: number;
  lastSeq: number;
  source: FundSource;
  day: string;
  currency: string;
  amount: number;
};
export const fundDeposits = table<FundDeposit>('fund_deposits', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  source: 'text',
  day: 'text',
  currency: 'text',
  amount: 'int8',
});

/** By what a gift in money is split: grams of batches, pay grams of a period, or shares that were handed in. */
export type GiftBasis =
  | { of: 'batches'; batches: { id: string; seq: number; lotId: string }[] }
  | { of: 'period'; from: string; to: string; siteId?: string | undefined; asOfSeq: number }
  | { of: 'shares' };

export type FundGift = {
  id: string;
  /** The proposal. */
  seq: number;
  lastSeq: number;
  state: 'proposed' | 'rejected' | 'approved' | 'lapsed' | 'committed' | 'given';
  kind: FundGiftKind;
  currency: string;
  /** Minor units, set aside by the proposal. */
  amount: number;
  /** Of a gift in money. */
  basis: GiftBasis | null;
  /** Of a gift in kind: how many, for how many people. */
  units: number | null;
  people: number | null;
  maker: By;
  checker: By | null;
  /** The fact that took it out of the fund, its day, and how much it took. */
  givenSeq: number | null;
  day: string | null;
  total: number | null;
  /** Of the tree over what the people get; as in `distributions`. */
  leaves: number | null;
  root: string | null;
  splitSalt: string | null;
  parts: number | null;
  written: number | null;
};
export const fundGifts = table<FundGift>('fund_gifts', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  state: 'text',
  kind: 'text',
  currency: 'text',
  amount: 'int8',
  basis: 'json',
  units: 'int8',
  people: 'int8',
  maker: 'json',
  checker: 'json',
  givenSeq: 'int8',
  day: 'text',
  total: 'int8',
  leaves: 'int4',
  root: 'text',
  splitSalt: 'text',
  parts: 'int4',
  written: 'int4',
});
