import { type AccountIds, type AccountRef, type Book, type BookEntry, openBook } from '../accounts/book.ts';
import { INCOME } from '../accounts/income.ts';
import { conflict } from '../kernel/errors.ts';
import { monthIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import { batches } from '../resale/resale.tables.ts';
import { bookTax, needTaxes, type TaxChange, taxOf, withholdOf } from '../taxes/withholding.ts';
import {
  type Credit,
  coverUndone,
  distributionCommitted,
  distributionCovered,
  distributionCredited,
  holdBackReleased,
} from './distribution.facts.ts';
import {
  type BatchSplit,
  batchSplits,
  coverKey,
  type DistributionRule,
  distributionCovers,
  distributionRules,
  distributions,
  splitKey,
} from './distribution.tables.ts';
import { type Bases, coverOf, partsOf } from './split.ts';

const DAY_MS = 24 * 3_600_000;

/** The fund has one account a currency; who holds it by law may change. */
export const fundAccount = (operatorId: string, currency: string): AccountRef => ({
  kind: 'fund',
  currency,
  of: { organisationId: operatorId },
});

const undistributed = (batchId: string, currency: string): AccountRef => ({
  kind: 'undistributed',
  currency,
  of: { batchId },
});

const heldBack = (batchId: string, currency: string): AccountRef => ({
  kind: 'hold-back',
  currency,
  of: { batchId },
});

const operatorShare = (operatorId: string, currency: string): AccountRef => ({
  kind: 'operator-share',
  currency,
  of: { organisationId: operatorId },
});

type Programme = { operatorId: string };
type Written = { id: string };

const closed = (book: Book): { book?: BookEntry } => {
  const entry = book.close();
  return entry === undefined ? {} : { book: entry };
};

/** 409 `split_moved` where more was shared out or taken back since the plan was made. */
const confirmed = (world: World, key: string, shared: Bases): BatchSplit | undefined => {
  const split = world.get(batchSplits, key);
  if (JSON.stringify(sorted(split?.bases ?? {})) !== JSON.stringify(sorted(shared)))
    throw conflict('split_moved', 'What was shared out of this batch changed meanwhile; work it out again.');
  return split;
};

const sorted = (bases: Bases) => Object.entries(bases).sort(([a], [b]) => (a < b ? -1 : 1));

const bonusesOf = (organisationId: string, currency: string): AccountRef => ({
  kind: 'bonuses',
  currency,
  of: { organisationId },
});

/** Sums of what was shared out by base. */
const plus = (shared: Bases, added: Bases, sign: 1 | -1 = 1): Bases => {
  const sums: Bases = { ...shared };
  for (const [base, amount] of Object.entries(added) as [keyof Bases & string, number][])
    sums[base as keyof Bases] = (sums[base as keyof Bases] ?? 0) + sign * amount;
  return sums;
};

export type CommitInput = {
  batchId: string;
  receiptSeq: number;
  currency: string;
  rule: DistributionRule;
  added: Bases;
  /** What was shared out when this was worked out; of a base new to the rule, what stood before the receipt. */
  read: Bases;
  shared: Bases;
  root: string;
  count: number;
  people: number;
  parts: number;
  splitSalt: string;
};

/**
 * Commits to a distribution that was worked out before the door. Only a control account moves: the rest is written in
 * parts by `creditPart`.
 */
export const commitDistribution = (ids: AccountIds): Operation<CommitInput, Written> => ({
  name: 'distribution.commit',
  roles: ['programme'],
  status: 201,
  decide(world, input, { id, now }) {
    const { batchId, receiptSeq, currency, rule, added, shared, root, count, people, splitSalt } = input;
    const batch = world.get(batches, batchId)!;
    confirmed(world, splitKey(batchId, currency), input.read);
    const totals = partsOf(rule, added);
    const total = totals.collectors + totals.fund + totals.operator;
    const [spent, control] = [bonusesOf(batch.organisationId, currency), undistributed(batchId, currency)];
    const book = openBook(world, ids, [spent, control]);
    book.debit(spent, total);
    book.credit(control, total);
    const isOpen = people >= FEWEST_PEOPLE && rule.shares.every(({ base }) => base === 'margin-after-costs');
    return draft({
      type: distributionCommitted,
      data: {
        batchId,
        sealedSeq: batch.seq,
        receiptSeq,
        ruleSeq: rule.seq,
        version: rule.version,
        parts: input.parts,
        root,
        ...(isOpen ? { split: { ...totals, currency, total, count, people } } : {}),
      },
      private: {
        distributionId: id,
        ruleId: rule.id,
        currency,
        added,
        shared: plus(shared, added),
        ...totals,
        count,
        people,
        splitSalt,
        releaseAt: now + rule.holdBack.days * DAY_MS,
        ...closed(book),
      },
    });
  },
  answer: ({ private: more }) => ({ id: more.distributionId }),
});

export type CreditInput = { distributionId: string; part: number; credits: Credit[] };

/**
 * Credits one part of a distribution; with the first, fund, operator and what is held back of theirs. Leaves are what
 * people get before tax, as an invoice shows it and as the root commits to; of this, tax is withheld as of a weigh-in, with
 * the batch's seller as buyer of record. Whose money waits in suspense agreed to nothing yet. A return takes nothing back
 * from collectors, so it changes no tax either.
 */
export const creditPart = (
  ids: AccountIds,
  { operatorId, timeZone }: Programme & { timeZone: string },
): Operation<CreditInput, Written> => ({
  name: 'distribution.credit',
  roles: ['programme'],
  status: 201,
  decide(world, { distributionId, part, credits }, { now }) {
    const distribution = world.get(distributions, distributionId)!;
    if (distribution.written !== part)
      throw conflict('part_out_of_order', `Part ${distribution.written} is to be credited next.`);
    const { batchId, currency, fund, operator, heldFund, heldOperator } = distribution;
    const owed = undistributed(batchId, currency);
    const [toFund, toOperator, kept] = [
      fundAccount(operatorId, currency),
      operatorShare(operatorId, currency),
      heldBack(batchId, currency),
    ];
    // The fund's account is opened under its owner, whatever it is named by.
    const refOf = ({ kind, accountId }: Credit): AccountRef =>
      kind === 'fund' ? toFund : { kind, currency, of: { accountId } };
    const book = openBook(world, ids, [owed, toFund, toOperator, kept, ...credits.map(refOf)]);
    const give = (ref: AccountRef, amount: number): void => {
      book.debit(owed, amount);
      book.credit(ref, amount);
    };
    const buyerId = world.get(batches, batchId)!.organisationId;
    const owing = { buyerId, currency, now, month: monthIn(timeZone, now) };
    const { income } = world.get(distributionRules, distribution.ruleId)!;
    const known = credits.filter(({ kind }) => kind === 'payable');
    needTaxes(
      world,
      owing,
      known.map(({ accountId }) => accountId),
    );
    const taxes: TaxChange[] = [];
    for (const credit of credits) {
      const { kind, accountId, amount } = credit;
      const tax =
        kind === 'payable' ? withholdOf(world, owing, accountId, [{ kind: income, amount }]) : undefined;
      if (tax !== undefined) taxes.push(tax);
      book.debit(owed, taxOf(tax));
      bookTax(book, currency, tax);
      give(refOf(credit), amount - taxOf(tax));
    }
    if (part === 0) {
      give(toFund, fund - heldFund);
      give(toOperator, operator - heldOperator);
      give(kept, heldFund + heldOperator);
    }
    return draft({
      type: distributionCredited,
      data: { committedSeq: distribution.seq, part },
      private: {
        ...{ distributionId, credits },
        ...(income === INCOME.premium ? {} : { income }),
        ...(taxes.length === 0 ? {} : { tax: taxes }),
        ...closed(book),
      },
    });
  },
  answer: ({ private: more }) => ({ id: more.distributionId }),
});

export type CoverInput = {
  batchId: string;
  causeSeq: number;
  currency: string;
  rule: DistributionRule;
  taken: Bases;
  read: Bases;
};

/** Covers what was shared out of money that goes back to a buyer. */
export const coverReturn = (ids: AccountIds, { operatorId }: Programme): Operation<CoverInput, Written> => ({
  name: 'distribution.cover',
  roles: ['programme'],
  status: 201,
  decide(world, { batchId, causeSeq, currency, rule, taken, read }) {
    const split = confirmed(world, splitKey(batchId, currency), read)!;
    const cover = coverOf(rule, taken, split);
    const book = openBook(world, ids);
    book.debit(heldBack(batchId, currency), cover.heldFund + cover.heldOperator);
    book.debit(operatorShare(operatorId, currency), cover.operator);
    book.credit(bonusesOf(world.get(batches, batchId)!.organisationId, currency), cover.total);
    const { heldFund, heldOperator, operator } = cover;
    return draft({
      type: distributionCovered,
      data: { batchId, causeSeq },
      private: {
        currency,
        shared: plus(split.bases, taken, -1),
        ...{ heldFund, heldOperator, operator },
        ...closed(book),
      },
    });
  },
  answer: ({ data }) => ({ id: data.batchId }),
});

export type UncoverInput = { batchId: string; causeSeq: number; voidedSeq: number; currency: string };

/** A return that was covered is none: hold-back and operator have back what they gave. 409 `not_covered`. */
export const undoCover = (ids: AccountIds, { operatorId }: Programme): Operation<UncoverInput, Written> => ({
  name: 'distribution.undo-cover',
  roles: ['programme'],
  status: 201,
  decide(world, { batchId, causeSeq, voidedSeq, currency }) {
    const cover = world.get(distributionCovers, coverKey(batchId, causeSeq));
    if (cover?.state !== 'covered') throw conflict('not_covered', 'Nothing was covered of this return.');
    const { heldFund, heldOperator, operator } = cover;
    const split = world.get(batchSplits, splitKey(batchId, currency))!;
    const book = openBook(world, ids);
    book.credit(heldBack(batchId, currency), heldFund + heldOperator);
    book.credit(operatorShare(operatorId, currency), operator);
    const total = heldFund + heldOperator + operator;
    book.debit(bonusesOf(world.get(batches, batchId)!.organisationId, currency), total);
    return draft({
      type: coverUndone,
      data: { batchId, causeSeq, voidedSeq },
      private: { currency, shared: plus(split.bases, cover.taken), ...closed(book) },
    });
  },
  answer: ({ data }) => ({ id: data.batchId }),
});

export type ReleaseInput = { splitId: string };

/** Releases what is held back of a batch once its date has come. 409 `not_due`. */
export const releaseHoldBack = (
  ids: AccountIds,
  { operatorId }: Programme,
): Operation<ReleaseInput, Written> => ({
  name: 'distribution.release',
  roles: ['programme'],
  status: 201,
  decide(world, { splitId }, { now }) {
    const { batchId, currency, heldFund, heldOperator, releaseAt, lastSeq } = world.get(
      batchSplits,
      splitId,
    )!;
    if (releaseAt === null || releaseAt > now || heldFund + heldOperator === 0)
      throw conflict('not_due', 'Nothing is held back of this batch, or its date has not come.');
    const book = openBook(world, ids);
    book.debit(heldBack(batchId, currency), heldFund + heldOperator);
    book.credit(fundAccount(operatorId, currency), heldFund);
    book.credit(operatorShare(operatorId, currency), heldOperator);
    return draft({
      type: holdBackReleased,
      data: { batchId, seq: lastSeq },
      private: { currency, heldFund, heldOperator, ...closed(book) },
    });
  },
  answer: ({ data }) => ({ id: data.batchId }),
});
