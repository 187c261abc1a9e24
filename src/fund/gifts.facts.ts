import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { distributionCredits } from '../distribution/distribution.tables.ts';
import { Currency, Day, Id, MAX_INTEGER, note, Seq, Sha256Hex } from '../kernel/values.ts';
import { ACCOUNT_KINDS, FUND_GIFTS } from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { By } from '../payouts/orders.facts.ts';
import { type FundGift, fundGifts } from './fund.tables.ts';

const Fen = z.int().min(0).max(MAX_INTEGER);
const Count = z.int().min(1).max(MAX_INTEGER);

export const Basis = z.union([
  z.strictObject({
    of: z.literal('batches'),
    batches: z.array(z.strictObject({ id: Id, seq: Seq, lotId: Id })),
  }),
  z.strictObject({ of: z.literal('period'), from: Day, to: Day, siteId: Id.optional(), asOfSeq: Seq }),
  z.strictObject({ of: z.literal('shares') }),
]);

const Proposed = z.strictObject({ day: Day, kind: z.enum(FUND_GIFTS) });
const ProposedPrivate = z.strictObject({
  giftId: Id,
  by: By,
  currency: Currency,
  amount: Fen.min(1),
  /** Of which deposit it is which part. */
  ofDeposit: z.strictObject({ seq: Seq, basisPoints: z.int().min(1).max(10_000) }).optional(),
  basis: Basis.optional(),
  units: Count.optional(),
  people: Count.optional(),
  description: note(2_000),
  evidence: z.array(Sha256Hex).optional(),
  book: BookEntry,
});

export const fundGiftProposed: FactType<z.infer<typeof Proposed>, z.infer<typeof ProposedPrivate>> = {
  type: 'fund-gift.proposed.v1',
  title: { en: 'Gift of the fund proposed', zh: '共富基金分配提案' },
  data: Proposed,
  private: ProposedPrivate,
  person: z.strictObject({ collectorId: Id, share: Count }),
  grams: 'none',
  fen: 'What it would give is set aside in the fund.',
  backPointers: [],
  apply(world, { seq, data: { kind }, private: more }) {
    const { giftId: id, currency, amount, basis = null, units = null, people = null, by: maker } = more;
    post(world, seq, more.book);
    world.put(fundGifts, {
      ...{ id, seq, lastSeq: seq, state: 'proposed', kind, currency, amount, basis, units, people, maker },
      ...{ checker: null, givenSeq: null, day: null, total: null },
      ...{ leaves: null, root: null, splitSalt: null, parts: null, written: null },
    });
  },
};

const change = (world: World, id: string, seq: number, changed: Partial<FundGift>): void =>
  world.put(fundGifts, { ...world.get(fundGifts, id)!, ...changed, lastSeq: seq });

const Decided = z.strictObject({ day: Day, proposedSeq: Seq });
const DecidedPrivate = z.strictObject({
  giftId: Id,
  /** Lapsed: fewer than five people were left who would get something. */
  state: z.enum(['approved', 'rejected', 'lapsed']),
  by: By.optional(),
  reason: note(2_000).optional(),
  book: BookEntry.optional(),
});

export const fundGiftDecided: FactType<z.infer<typeof Decided>, z.infer<typeof DecidedPrivate>> = {
  type: 'fund-gift.decided.v1',
  title: { en: 'Gift of the fund decided', zh: '共富基金分配审批' },
  data: Decided,
  private: DecidedPrivate,
  grams: 'none',
  fen: 'Rejected or lapsed, what was set aside is the fund’s again.',
  backPointers: ['proposedSeq'],
  apply(world, { seq, private: { giftId, state, by, book } }) {
    post(world, seq, book);
    change(world, giftId, seq, { state, ...(by === undefined ? {} : { checker: by }) });
  },
};

/** What the fund gives is published on purpose, and never to fewer than five people. */
const Given = z.strictObject({
  day: Day,
  proposedSeq: Seq,
  kind: z.enum(FUND_GIFTS).exclude(['money']),
  currency: Currency,
  /** What it cost the fund. */
  amount: Fen.min(1),
  units: Count,
  people: Count,
});
const GivenPrivate = z.strictObject({ giftId: Id, by: By, organisationId: Id, book: BookEntry });

export const fundGiftGiven: FactType<z.infer<typeof Given>, z.infer<typeof GivenPrivate>> = {
  type: 'fund-gift.given.v1',
  title: { en: 'The fund gave in kind', zh: '共富基金实物分配' },
  data: Given,
  private: GivenPrivate,
  grams: 'none',
  fen: 'The fund has spent what it cost, and the holder owes it to whoever supplied it.',
  backPointers: ['proposedSeq'],
  apply(world, { seq, data: { day, amount: total }, private: { giftId, by: checker, book } }) {
    post(world, seq, book);
    change(world, giftId, seq, { state: 'given', checker, givenSeq: seq, day, total });
  },
};

const Committed = z.strictObject({
  day: Day,
  proposedSeq: Seq,
  /**
   * What it was split by, so that anybody can do it again: grams of batches as they were sealed; pay grams of weigh-ins of a
   * period that stood after entry `asOfSeq`, as entry `readSeq` left them; shares that were handed in, which are sealed.
   */
  basis: z.union([
    z.strictObject({ of: z.literal('batches'), batches: z.array(z.strictObject({ seq: Seq })) }),
    z.strictObject({
      ...{ of: z.literal('period'), from: Day, to: Day, siteId: Id.optional() },
      ...{ asOfSeq: Seq, readSeq: Seq },
    }),
    z.strictObject({ of: z.literal('shares') }),
  ]),
  /** What was split. Less than that is given where grams are nobody's, or of somebody who was erased. */
  amount: Fen.min(1),
  /** Facts that will credit it. */
  parts: z.int().min(1),
  /** Of the Merkle-sum tree over what each account gets; salted. */
  root: Sha256Hex,
  currency: Currency,
  total: Fen.min(1),
  count: Count,
  people: Count,
});
export type Committed = z.infer<typeof Committed>;
const CommittedPrivate = z.strictObject({ giftId: Id, splitSalt: Sha256Hex, book: BookEntry });

export const fundGiftCommitted: FactType<z.infer<typeof Committed>, z.infer<typeof CommittedPrivate>> = {
  type: 'fund-gift.committed.v1',
  title: { en: 'The fund gave money', zh: '共富基金资金分配' },
  data: Committed,
  private: CommittedPrivate,
  grams: 'none',
  fen: 'From the fund to what is to be distributed; what was set aside beyond it is the fund’s again.',
  backPointers: ['proposedSeq', 'basis.batches[].seq'],
  apply(world, { seq, data, private: { giftId, splitSalt, book } }) {
    const { day, total, people, count: leaves, root, parts } = data;
    post(world, seq, book);
    change(world, giftId, seq, {
      ...{
        state: 'committed',
        givenSeq: seq,
        day,
        total,
        people,
        leaves,
        root,
        splitSalt,
        parts,
        written: 0,
      },
    });
  },
};

const Credited = z.strictObject({ committedSeq: Seq, part: z.int().min(0) });
const CreditedPrivate = z.strictObject({
  giftId: Id,
  credits: z.array(z.strictObject({ accountId: Id, kind: z.enum(ACCOUNT_KINDS), amount: Fen })),
  book: BookEntry.optional(),
});

export const fundGiftCredited: FactType<z.infer<typeof Credited>, z.infer<typeof CreditedPrivate>> = {
  type: 'fund-gift.credited.v1',
  title: { en: 'Money of the fund credited', zh: '共富基金分配入账' },
  data: Credited,
  private: CreditedPrivate,
  grams: 'none',
  fen: 'A part of what was committed to is owed to its people.',
  backPointers: ['committedSeq'],
  apply(world, { seq, private: { giftId, credits, book } }) {
    const written = world.get(fundGifts, giftId)!.written! + 1;
    const state = written === world.get(fundGifts, giftId)!.parts ? 'given' : 'committed';
    change(world, giftId, seq, { written, state });
    for (const { accountId, amount } of credits)
      world.add(distributionCredits, { distributionId: giftId, accountId, seq, amount });
    post(world, seq, book);
  },
};

export const giftFacts = [
  fundGiftProposed,
  fundGiftDecided,
  fundGiftGiven,
  fundGiftCommitted,
  fundGiftCredited,
];
