import { type AccountIds, type AccountRef, type BookEntry, openBook } from '../accounts/book.ts';
import type { PayoutRail, PayoutState } from '../kernel/vocabulary.ts';
import type { World } from '../ledger/world.ts';
import type { PayoutOrder } from './payouts.tables.ts';
import { GIVES_BACK } from './states.ts';

/** At most a fifth of a payout is kept back for what was overpaid (domain, "Corrections"). */
export const NETTED_AT_MOST = 5;

/** Of what may be paid out, how much is kept back: nothing without consent, never more than was overpaid. Fen. */
export const nettedOf = (gross: number, overpaid: number, consent: boolean): number =>
  consent ? Math.min(Math.floor(gross / NETTED_AT_MOST), Math.max(0, overpaid)) : 0;

type Programme = { operatorId: string };

/** Where the money stands that a rail pays with. */
const meansOf = (
  rail: PayoutRail,
  { currency, siteId }: Pick<PayoutOrder, 'currency' | 'siteId'>,
  { operatorId }: Programme,
): AccountRef => {
  const operator = { organisationId: operatorId };
  if (rail === 'cash') return { kind: 'float', currency, of: siteId === null ? operator : { siteId } };
  return { kind: rail === 'wechat' ? 'rail' : 'bank', currency, of: operator };
};

/** Payments that nobody has matched with money put in. */
const unmatchedOf = (currency: string, { operatorId }: Programme): AccountRef => ({
  kind: 'unmatched',
  currency,
  of: { organisationId: operatorId },
});

/**
 * What a new state does to the books. Paid: what is owed goes down, and what the rail holds; what was paid with money
 * nobody recorded as put in stands as unmatched until it is: a transfer from `capital` or `bank` to `unmatched` drains it. Of the netted part no more is taken than is overpaid still;
 * the rest stays owed. Returned: all of it is taken back. Ended without paying: what was set aside is owed again.
 */
export const settle = (
  world: World,
  ids: AccountIds,
  programme: Programme,
  order: PayoutOrder,
  to: PayoutState,
): { netted?: number; book?: BookEntry } => {
  if (order.state === to) return {};
  const { currency, amount, netted } = order;
  const book = openBook(world, ids);
  const payable: AccountRef = { kind: 'payable', currency, of: { accountId: order.payableId } };
  const overpaid: AccountRef = { kind: 'overpaid', currency, of: { accountId: order.overpaidId } };
  const means = meansOf(order.rail, order, programme);
  const unmatched = unmatchedOf(currency, programme);
  let taken: number | undefined;
  if (GIVES_BACK.includes(to)) book.hold(payable, -(amount + netted));
  else if (to === 'paid') {
    taken = Math.min(netted, Math.max(0, netted === 0 ? 0 : book.standing(overpaid).balance));
    book.hold(payable, -(amount + netted));
    book.debit(payable, amount + taken);
    book.credit(overpaid, taken);
    const there = means.kind === 'float' ? amount : Math.max(0, book.standing(means).balance);
    book.credit(means, Math.min(amount, there));
    book.credit(unmatched, Math.max(0, amount - there));
  } else if (to === 'returned') {
    book.credit(payable, amount + netted);
    book.debit(overpaid, netted);
    book.debit(means, amount);
  }
  const entry = book.close();
  return {
    ...(taken === undefined || taken === netted ? {} : { netted: taken }),
    ...(entry === undefined ? {} : { book: entry }),
  };
};
