import { z } from 'zod';
import { type AccountIds, type AccountRef, type Book, idOfAccount } from '../accounts/book.ts';
import { Id, MAX_INTEGER } from '../kernel/values.ts';
import type { World } from '../ledger/world.ts';
import { cashDays, cashFloats, cashMovements } from './floats.tables.ts';

const Fen = z.int().min(0).max(MAX_INTEGER);

/** What a payment in cash does beside its postings. */
export const CashPart = z.strictObject({
  floatId: Id,
  paidAt: z.int(),
  amount: Fen,
  /** A count before it was told had missed this cash: so much of the difference is explained. */
  explains: z.strictObject({ countId: Id, amount: Fen }).optional(),
  /** What each person was paid that day by now, where the float has a cap. */
  days: z.array(z.strictObject({ dayId: Id, paid: Fen, over: z.boolean() })).optional(),
});
export type CashPart = z.infer<typeof CashPart>;

export const floatRef = (siteId: string, currency: string): AccountRef => ({
  kind: 'float',
  currency,
  of: { siteId },
});
export const differencesRef = (siteId: string, currency: string): AccountRef => ({
  kind: 'float-differences',
  currency,
  of: { siteId },
});

export type CashPayment = {
  siteId: string;
  currency: string;
  /** Milliseconds. */
  paidAt: number;
  day: string;
  /** By person, in minor units; null: nobody known. */
  paid: readonly { personId: string | null; amount: number }[];
};

/**
 * Takes cash out of a site's float. It was paid, so it is never refused: the float may show less than nothing, and what
 * goes beyond the cap of a day is said. Cash that moved before a count but is told after it explains what was short then
 * (scenario S5): the difference stays with that shift, and goes away again.
 */
export const payCash = (
  world: World,
  ids: AccountIds,
  book: Book,
  { siteId, currency, paidAt, day, paid }: CashPayment,
): CashPart => {
  const ref = floatRef(siteId, currency);
  const floatId = idOfAccount(ids, ref);
  const amount = paid.reduce((sum, part) => sum + part.amount, 0);
  book.credit(ref, amount);
  const float = world.get(cashFloats, floatId);
  const missed = float?.counts.find(({ countedAt, short }) => countedAt >= paidAt && short > 0);
  const explained = missed === undefined ? 0 : Math.min(missed.short, amount);
  book.debit(ref, explained);
  book.credit(differencesRef(siteId, currency), explained);
  const cap = float?.personDayCap ?? null;
  const known = paid.flatMap(({ personId, amount: part }) =>
    personId === null || part === 0 ? [] : [{ personId, part }],
  );
  const days = known.map(({ personId, part }) => {
    const dayId = ids.accountId(`cash-day ${currency} ${personId} ${day}`);
    const sum = part + (world.get(cashDays, dayId)?.paid ?? 0);
    return { dayId, paid: sum, over: cap !== null && sum > cap };
  });
  return {
    floatId,
    paidAt,
    amount,
    ...(explained === 0 ? {} : { explains: { countId: missed!.countId, amount: explained } }),
    ...(cap === null || days.length === 0 ? {} : { days }),
  };
};

/** Puts what a payment in cash did into the tables. */
export const applyCash = (world: World, seq: number, day: string, part: CashPart | undefined): void => {
  if (part === undefined) return;
  const { floatId, paidAt, amount, explains, days = [] } = part;
  if (amount > 0) world.add(cashMovements, { floatId, seq, at: paidAt, delta: -amount, kind: 'payment' });
  for (const { dayId: id, paid, over } of days) {
    world.get(cashDays, id);
    world.put(cashDays, { id, floatId, day, paid, over, lastSeq: seq });
  }
  if (explains === undefined) return;
  const float = world.get(cashFloats, floatId)!;
  const counts = float.counts.map((count) =>
    count.countId === explains.countId ? { ...count, short: count.short - explains.amount } : count,
  );
  world.put(cashFloats, { ...float, counts, lastSeq: seq });
};
