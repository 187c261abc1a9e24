import { z } from 'zod';
import { accounts, payments } from '../accounts/accounts.tables.ts';
import { BookEntry, post } from '../accounts/book.ts';
import { Currency, Id, MAX_INTEGER, note, Time, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { SiteAndDay } from '../registry/site-and-day.ts';
import { applyCash, CashPart } from './cash.ts';
import { cashFloats, cashMovements } from './floats.tables.ts';

const Fen = z.int().min(-MAX_INTEGER).max(MAX_INTEGER);
/** How many counts a float remembers to explain what was short of them. */
const COUNTS_KEPT = 30;

const Moved = z.strictObject({
  keyId: Id,
  holder: text(120),
  floatId: Id,
  organisationId: Id,
  currency: Currency,
  /** In is positive, minor units; and what is in the float then. */
  delta: Fen,
  balance: Fen,
  movedAt: Time,
  reference: text(120).optional(),
  book: BookEntry,
});
export const floatMoved: FactType<SiteAndDay, z.infer<typeof Moved>> = {
  type: 'cash-float.moved.v1',
  title: { en: 'Cash put into or taken out of a float', zh: '备用金存取' },
  data: SiteAndDay,
  private: Moved,
  grams: 'none',
  fen: 'Between the float of the site and the bank, or funds put in.',
  backPointers: [],
  apply(world, { seq, data, private: { floatId, organisationId, currency, delta, movedAt, book } }) {
    post(world, seq, book);
    const float = world.get(cashFloats, floatId) ?? {
      ...{ id: floatId, siteId: data.siteId, organisationId, currency },
      ...{ personDayCap: null, counts: [], seq },
    };
    world.put(cashFloats, { ...float, lastSeq: seq });
    const kind = delta > 0 ? 'top-up' : 'withdrawal';
    world.add(cashMovements, { floatId, seq, at: Date.parse(movedAt), delta, kind });
  },
};

const Counted = z.strictObject({
  countId: Id,
  keyId: Id,
  holder: text(120),
  floatId: Id,
  countedAt: Time,
  currency: Currency,
  shift: text(60).optional(),
  /** Minor units: what was there, and what the books say should have been at that moment. */
  counted: Fen,
  expected: Fen,
  note: note(2_000).optional(),
  book: BookEntry.optional(),
});
export const floatCounted: FactType<SiteAndDay, z.infer<typeof Counted>> = {
  type: 'cash-float.counted.v1',
  title: { en: 'Cash of a float counted', zh: '备用金盘点' },
  data: SiteAndDay,
  private: Counted,
  grams: 'none',
  fen: 'The difference stands against the site, for this shift; a payment told later explains it.',
  backPointers: [],
  apply(world, { seq, private: { floatId, countId, countedAt, counted, expected, book } }) {
    post(world, seq, book);
    const float = world.get(cashFloats, floatId)!;
    const at = Date.parse(countedAt);
    const count = { countId, seq, countedAt: at, short: Math.max(0, expected - counted) };
    const counts = [...float.counts, count].sort((a, b) => a.countedAt - b.countedAt).slice(-COUNTS_KEPT);
    world.put(cashFloats, { ...float, counts, lastSeq: seq });
    if (counted !== expected)
      world.add(cashMovements, { floatId, seq, at, delta: counted - expected, kind: 'count' });
  },
};

const Capped = z.strictObject({
  keyId: Id,
  floatId: Id,
  personDayCap: Fen.min(0).nullable(),
});
export const floatCapped: FactType<SiteAndDay, z.infer<typeof Capped>> = {
  type: 'cash-float.cap-set.v1',
  title: { en: 'Daily cash cap of a float set', zh: '备用金每日限额设定' },
  data: SiteAndDay,
  private: Capped,
  grams: 'none',
  fen: 'None move.',
  backPointers: [],
  apply(world, { seq, private: { floatId, personDayCap } }) {
    world.put(cashFloats, { ...world.get(cashFloats, floatId)!, personDayCap, lastSeq: seq });
  },
};

const Paid = z.strictObject({
  id: Id,
  keyId: Id,
  holder: text(120),
  /** Minor units; of these, what was not owed. */
  amount: Fen.min(1),
  overpaid: Fen.min(0),
  currency: Currency,
  cash: CashPart,
  book: BookEntry,
});
export const cashPaid: FactType<SiteAndDay, z.infer<typeof Paid>> = {
  type: 'cash.paid.v1',
  title: { en: 'Paid in cash', zh: '现金支付' },
  data: SiteAndDay,
  private: Paid,
  person: z.strictObject({ collectorId: Id, paidAt: Time, slip: text(60).optional() }),
  grams: 'none',
  fen: 'From the float of the site to the collector; what was not owed stands as overpaid.',
  backPointers: [],
  apply(world, { seq, at, data, private: { book, cash } }) {
    post(world, seq, book);
    for (const { accountId, delta: amount } of book.postings)
      if (amount > 0 && world.get(accounts, accountId)?.kind === 'payable')
        world.add(payments, { accountId, seq, at, by: 'cash', amount, sent: amount });
    applyCash(world, seq, data.day, cash);
  },
};

export const floatFacts = [floatMoved, floatCounted, floatCapped, cashPaid];
