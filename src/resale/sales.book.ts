import { type AccountIds, type AccountRef, type BookEntry, openBook } from '../accounts/book.ts';
import type { World } from '../ledger/world.ts';
import type { Batch } from './resale.tables.ts';

type Money = { amount: number; currency: string };
type OfBuyer = Money & { buyerId: string };

/** A double entry of one amount, for the private part; a negative amount takes back what was entered. */
const entry = (
  world: World,
  ids: AccountIds,
  sides: readonly [AccountRef, AccountRef],
  amount: number,
): { book?: BookEntry } => {
  const book = openBook(world, ids, amount === 0 ? [] : sides);
  book.debit(sides[0], amount);
  book.credit(sides[1], amount);
  const closed = book.close();
  return closed === undefined ? {} : { book: closed };
};

const ofSeller = (kind: AccountRef['kind'], { organisationId }: Batch, currency: string): AccountRef => ({
  kind,
  currency,
  of: { organisationId },
});

const owedBy = (organisationId: string, currency: string): AccountRef => ({
  kind: 'receivable',
  currency,
  of: { organisationId },
});

/** The buyer owes it, the seller has earned it. A credit note and a void are the same with the sign turned. */
export const saleEntry = (world: World, ids: AccountIds, batch: Batch, sale: OfBuyer) =>
  entry(
    world,
    ids,
    [owedBy(sale.buyerId, sale.currency), ofSeller('sales', batch, sale.currency)],
    sale.amount,
  );

/** The money came to the seller's bank, the buyer owes less. 409 `beyond_balance` where it is taken back and gone. */
export const paymentEntry = (world: World, ids: AccountIds, batch: Batch, paid: OfBuyer) =>
  entry(
    world,
    ids,
    [ofSeller('bank', batch, paid.currency), owedBy(paid.buyerId, paid.currency)],
    paid.amount,
  );

/** The seller has spent it, and owes it to whoever is to be paid. */
export const costEntry = (world: World, ids: AccountIds, batch: Batch, cost: Money) =>
  entry(
    world,
    ids,
    [ofSeller('batch-costs', batch, cost.currency), ofSeller('creditors', batch, cost.currency)],
    cost.amount,
  );
