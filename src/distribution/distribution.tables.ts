import { journal, table } from '../db/table.ts';
import type { IncomeKind } from '../kernel/vocabulary.ts';
import type { Bases, HoldBack, Reference, Share } from './split.ts';

/** Who gets which part of a batch's money. The last one recorded before a receipt holds for it. */
export type DistributionRule = {
  id: string;
  version: number;
  seq: number;
  lastSeq: number;
  shares: Share[];
  holdBack: HoldBack;
  vatBasisPoints: number | null;
  reference: Reference | null;
  /** What it is to whoever it is credited to. */
  income: IncomeKind;
};
export const distributionRules = table<DistributionRule>('distribution_rules', 'id', {
  id: 'uuid',
  version: 'int4',
  seq: 'int8',
  lastSeq: 'int8',
  shares: 'json',
  holdBack: 'json',
  vatBasisPoints: 'int4',
  reference: 'json',
  income: 'text',
});

/** One row, under the nil id. */
export type RuleCount = { id: string; versions: number; lastSeq: number };
export const distributionRuleCounts = table<RuleCount>('distribution_rule_counts', 'id', {
  id: 'uuid',
  versions: 'int4',
  lastSeq: 'int8',
});

/** What was shared out of a batch's money in one currency, in minor units. */
export type BatchSplit = {
  /** `<batch> <currency>` */
  id: string;
  batchId: string;
  currency: string;
  /** By base, what of it was shared out and not taken back. */
  bases: Bases;
  heldFund: number;
  heldOperator: number;
  /** Milliseconds: what is held back then goes to fund and operator. */
  releaseAt: number | null;
  lastSeq: number;
};
export const batchSplits = table<BatchSplit>('batch_splits', 'id', {
  id: 'text',
  batchId: 'uuid',
  currency: 'text',
  bases: 'json',
  heldFund: 'int8',
  heldOperator: 'int8',
  releaseAt: 'int8',
  lastSeq: 'int8',
});
export const splitKey = (batchId: string, currency: string): string => `${batchId} ${currency}`;

/** What one receipt added, and who got it; amounts in minor units before what was held back. */
export type Distribution = {
  id: string;
  seq: number;
  lastSeq: number;
  batchId: string;
  currency: string;
  receiptSeq: number;
  ruleId: string;
  version: number;
  /** What the receipt added to each base. */
  bases: Bases;
  collectors: number;
  fund: number;
  operator: number;
  heldFund: number;
  heldOperator: number;
  /** Leaves of the tree, and how many of them are people's. */
  leaves: number;
  people: number;
  /** Hex. */
  root: string;
  splitSalt: string;
  /** Facts that credit it, and how many of them were written. */
  parts: number;
  written: number;
};
export const distributions = table<Distribution>('distributions', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  batchId: 'uuid',
  currency: 'text',
  receiptSeq: 'int8',
  ruleId: 'uuid',
  version: 'int4',
  bases: 'json',
  collectors: 'int8',
  fund: 'int8',
  operator: 'int8',
  heldFund: 'int8',
  heldOperator: 'int8',
  leaves: 'int4',
  people: 'int4',
  root: 'text',
  splitSalt: 'text',
  parts: 'int4',
  written: 'int4',
});

/** What came to the fund out of a batch's money; `distributionId` is null where it had been held back. */
export type FundInflow = {
  seq: number;
  at: number;
  currency: string;
  amount: number;
  batchId: string;
  distributionId: string | null;
};
export const fundInflows = journal<FundInflow>('fund_inflows', {
  seq: 'int8',
  at: 'int8',
  currency: 'text',
  amount: 'int8',
  batchId: 'uuid',
  distributionId: 'uuid',
});

export type DistributionCredit = { distributionId: string; accountId: string; seq: number; amount: number };
export const distributionCredits = journal<DistributionCredit>('distribution_credits', {
  distributionId: 'uuid',
  accountId: 'uuid',
  seq: 'int8',
  amount: 'int8',
});

/** What a return or a void had covered, by position: voided itself, all of it goes back. */
export type DistributionCover = {
  /** `<batch> <position of the cause>` */
  id: string;
  seq: number;
  lastSeq: number;
  /** By base, what it took off what was shared out. */
  taken: Bases;
  heldFund: number;
  heldOperator: number;
  operator: number;
  state: 'covered' | 'undone';
};
export const distributionCovers = table<DistributionCover>('distribution_covers', 'id', {
  id: 'text',
  seq: 'int8',
  lastSeq: 'int8',
  taken: 'json',
  heldFund: 'int8',
  heldOperator: 'int8',
  operator: 'int8',
  state: 'text',
});
export const coverKey = (batchId: string, causeSeq: number): string => `${batchId} ${causeSeq}`;
