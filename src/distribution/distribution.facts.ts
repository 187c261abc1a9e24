import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { Currency, Id, MAX_INTEGER, Seq, Sha256Hex } from '../kernel/values.ts';
import { ACCOUNT_KINDS, INCOME_KINDS } from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import { applyTax, TaxChange } from '../taxes/withholding.ts';
import {
  batchSplits,
  coverKey,
  distributionCovers,
  distributionCredits,
  distributions,
  fundInflows,
  splitKey,
} from './distribution.tables.ts';
import { type Base, type Bases, BasesShape } from './split.ts';

const Fen = z.int().min(0).max(MAX_INTEGER);

const Totals = {
  collectors: Fen,
  fund: Fen,
  operator: Fen,
  heldFund: Fen,
  heldOperator: Fen,
};

const Committed = z.strictObject({
  batchId: Id,
  /** The positions it reads: what sealed the batch, the receipt, and the rule. */
  sealedSeq: Seq,
  receiptSeq: Seq,
  ruleSeq: Seq,
  version: z.int().min(1),
  /** Facts that will credit it. */
  parts: z.int().min(1),
  /** Of the tree over what the collectors get; salted. */
  root: Sha256Hex,
  /**
   * Present where every share's base is a margin after costs, and five people or more are paid: else it is sealed
   * (ledger format, "What is open and what is sealed"). Minor units; what is held back is part of fund and operator.
   */
  split: z
    .strictObject({
      ...Totals,
      currency: Currency,
      total: Fen,
      count: z.int().min(0),
      people: z.int().min(0),
    })
    .optional(),
});
const CommittedPrivate = z.strictObject({
  distributionId: Id,
  ruleId: Id,
  currency: Currency,
  /** What the receipt added to each base, and what was shared out of each by then, this included. */
  added: BasesShape,
  shared: BasesShape,
  ...Totals,
  count: z.int().min(0),
  people: z.int().min(0),
  splitSalt: Sha256Hex,
  /** Milliseconds; when what is held back is released. */
  releaseAt: z.int(),
  book: BookEntry.optional(),
});
export type Committed = z.infer<typeof Committed>;
export type CommittedPrivate = z.infer<typeof CommittedPrivate>;

export const distributionCommitted: FactType<Committed, CommittedPrivate> = {
  type: 'distribution.committed.v1',
  title: { en: 'Second distribution of a receipt committed to', zh: '二次返利确认' },
  data: Committed,
  private: CommittedPrivate,
  grams: 'none',
  fen: 'What a receipt adds beyond costs is set aside for the people behind the batch, the fund and the operator: to be distributed.',
  backPointers: ['sealedSeq', 'receiptSeq', 'ruleSeq'],
  apply(world, { seq, data, private: more }) {
    const { batchId, receiptSeq, version, parts, root } = data;
    const { distributionId, ruleId, currency, added, shared, splitSalt, releaseAt } = more;
    const { collectors, fund, operator, heldFund, heldOperator, count, people } = more;
    const key = splitKey(batchId, currency);
    const before = world.get(batchSplits, key);
    world.put(batchSplits, {
      ...{ id: key, batchId, currency, bases: shared, releaseAt, lastSeq: seq },
      heldFund: (before?.heldFund ?? 0) + heldFund,
      heldOperator: (before?.heldOperator ?? 0) + heldOperator,
    });
    world.put(distributions, {
      ...{ id: distributionId, seq, lastSeq: seq, batchId, currency, receiptSeq, ruleId, version },
      ...{ bases: added, collectors, fund, operator, heldFund, heldOperator },
      ...{ leaves: count, people, root, splitSalt, parts, written: 0 },
    });
    post(world, seq, more.book);
  },
};

const Credited = z.strictObject({
  /** The fact that committed to it, and which of its parts this is, from 0. */
  committedSeq: Seq,
  part: z.int().min(0),
});
const CreditedPrivate = z.strictObject({
  distributionId: Id,
  /** Leaves of the tree: accounts, and what is theirs in minor units, before tax. */
  credits: z.array(z.strictObject({ accountId: Id, kind: z.enum(ACCOUNT_KINDS), amount: Fen })),
  /** What it is to people; left out: a price supplement. */
  income: z.enum(INCOME_KINDS).optional(),
  /** What is withheld of it, by account. */
  tax: z.array(TaxChange).optional(),
  book: BookEntry.optional(),
});
export type Credit = z.infer<typeof CreditedPrivate>['credits'][number];

export const distributionCredited: FactType<z.infer<typeof Credited>, z.infer<typeof CreditedPrivate>> = {
  type: 'distribution.credited.v1',
  title: { en: 'Second distribution credited', zh: '二次返利入账' },
  data: Credited,
  private: CreditedPrivate,
  grams: 'none',
  fen: 'A part of what was committed to is owed to its people, less the tax on it, which is owed to the tax office; with the first, fund and operator get theirs.',
  backPointers: ['committedSeq'],
  apply(world, { seq, at, data: { part }, private: { distributionId, credits, tax, book } }) {
    const distribution = world.get(distributions, distributionId)!;
    const { batchId, currency, fund, heldFund } = distribution;
    world.put(distributions, { ...distribution, written: distribution.written + 1, lastSeq: seq });
    for (const { accountId, amount } of credits)
      world.add(distributionCredits, { distributionId, accountId, seq, amount });
    const unclaimed = credits.reduce((sum, { kind, amount }) => sum + (kind === 'fund' ? amount : 0), 0);
    const amount = unclaimed + (part === 0 ? fund - heldFund : 0);
    if (amount > 0) world.add(fundInflows, { seq, at, currency, amount, batchId, distributionId });
    applyTax(world, seq, distributionId, tax, true);
    post(world, seq, book);
  },
};

const Covered = z.strictObject({
  batchId: Id,
  /** The return or void whose money it covers. */
  causeSeq: Seq,
});
const CoveredPrivate = z.strictObject({
  currency: Currency,
  /** What was shared out of each base and not taken back, after this. */
  shared: BasesShape,
  heldFund: Fen,
  heldOperator: Fen,
  operator: Fen,
  book: BookEntry.optional(),
});

export const distributionCovered: FactType<z.infer<typeof Covered>, z.infer<typeof CoveredPrivate>> = {
  type: 'distribution.covered.v1',
  title: { en: 'Return after a distribution covered', zh: '返利后退货冲抵' },
  data: Covered,
  private: CoveredPrivate,
  grams: 'none',
  fen: 'What was shared out of money that goes back is covered from what is held back, then by the operator; never by collectors.',
  backPointers: ['causeSeq'],
  apply(world, { seq, data: { batchId, causeSeq }, private: more }) {
    const split = world.get(batchSplits, splitKey(batchId, more.currency))!;
    const { heldFund, heldOperator, operator } = more;
    const taken: Bases = {};
    for (const [base, shared] of Object.entries(split.bases) as [Base, number][])
      if (shared > (more.shared[base] ?? 0)) taken[base] = shared - (more.shared[base] ?? 0);
    const id = coverKey(batchId, causeSeq);
    world.get(distributionCovers, id);
    world.put(distributionCovers, {
      ...{ id, seq, lastSeq: seq, taken, heldFund, heldOperator, operator, state: 'covered' },
    });
    world.put(batchSplits, {
      ...split,
      bases: more.shared,
      heldFund: split.heldFund - more.heldFund,
      heldOperator: split.heldOperator - more.heldOperator,
      lastSeq: seq,
    });
    post(world, seq, more.book);
  },
};

const CoverUndone = z.strictObject({
  batchId: Id,
  /** The return that was covered, and the void of it. */
  causeSeq: Seq,
  voidedSeq: Seq,
});
const CoverUndonePrivate = z.strictObject({
  currency: Currency,
  /** What is shared out of each base and not taken back, after this. */
  shared: BasesShape,
  book: BookEntry.optional(),
});

export const coverUndone: FactType<z.infer<typeof CoverUndone>, z.infer<typeof CoverUndonePrivate>> = {
  type: 'distribution.cover-undone.v1',
  title: { en: 'Cover of a voided return undone', zh: '退货作废，冲抵撤销' },
  data: CoverUndone,
  private: CoverUndonePrivate,
  grams: 'none',
  fen: 'What was covered of a return that was none is held back, or the operator’s, again.',
  backPointers: ['causeSeq', 'voidedSeq'],
  apply(world, { seq, data: { batchId, causeSeq }, private: { currency, shared, book } }) {
    const split = world.get(batchSplits, splitKey(batchId, currency))!;
    const cover = world.get(distributionCovers, coverKey(batchId, causeSeq))!;
    world.put(distributionCovers, { ...cover, state: 'undone', lastSeq: seq });
    world.put(batchSplits, {
      ...split,
      bases: shared,
      heldFund: split.heldFund + cover.heldFund,
      heldOperator: split.heldOperator + cover.heldOperator,
      lastSeq: seq,
    });
    post(world, seq, book);
  },
};

const Released = z.strictObject({
  batchId: Id,
  /** The last fact that changed what is held back. */
  seq: Seq,
});
const ReleasedPrivate = z.strictObject({
  currency: Currency,
  heldFund: Fen,
  heldOperator: Fen,
  book: BookEntry.optional(),
});

export const holdBackReleased: FactType<z.infer<typeof Released>, z.infer<typeof ReleasedPrivate>> = {
  type: 'distribution.hold-back-released.v1',
  title: { en: 'Hold-back of a batch released', zh: '退货预留释放' },
  data: Released,
  private: ReleasedPrivate,
  grams: 'none',
  fen: 'What was held back for returns and not used goes to fund and operator.',
  backPointers: ['seq'],
  apply(world, { seq, at, data: { batchId }, private: more }) {
    const { currency, heldFund: amount } = more;
    if (amount > 0) world.add(fundInflows, { seq, at, currency, amount, batchId, distributionId: null });
    const split = world.get(batchSplits, splitKey(batchId, currency))!;
    world.put(batchSplits, { ...split, heldFund: 0, heldOperator: 0, lastSeq: seq });
    post(world, seq, more.book);
  },
};

export const distributionFacts = [
  distributionCommitted,
  distributionCredited,
  distributionCovered,
  coverUndone,
  holdBackReleased,
];
