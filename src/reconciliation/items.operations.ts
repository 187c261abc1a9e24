import { type AccountRef, type BookEntry, openBook } from '../accounts/book.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import type { ReconciliationDecision, ReconciliationReason } from '../kernel/vocabulary.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { World } from '../ledger/world.ts';
import { byOf, expectAnother, PAYERS } from '../payouts/orders.operations.ts';
import { payoutOrders } from '../payouts/payouts.tables.ts';
import { GIVES_BACK } from '../payouts/states.ts';
import { type Programme, suspend, unmatchedOf } from './lines.operations.ts';
import { bookedKey, WAITING } from './match.ts';
import { itemDecided, itemRechecked } from './reconciliation.facts.ts';
import {
  type ReconciliationItem,
  type Resolution,
  reconciliationItems,
  statementKeys,
  statementLines,
} from './reconciliation.tables.ts';

export type ItemAnswer = { id: string; state: ReconciliationItem['state'] };

/** Which decisions fit which reason. */
const FITS: Readonly<Record<ReconciliationDecision, readonly ReconciliationReason[]>> = {
  explained: [
    ...(['missing-here', 'no-reference', 'missing-at-rail', 'missing-at-bank', 'amount-differs'] as const),
    ...(['twice', 'paid-after-end', 'late-return', 'contradicts', 'not-told-yet'] as const),
  ],
  'to-account': [
    ...([
      'missing-here',
      'no-reference',
      'amount-differs',
      'twice',
      'paid-after-end',
      'contradicts',
    ] as const),
  ],
  'booked-elsewhere': ['missing-here', 'no-reference'],
  'counts-as-paid': ['paid-after-end', 'twice', 'amount-differs'],
  'accept-return': ['late-return', 'missing-at-rail', 'missing-at-bank'],
};

const sameResolution = (a: Resolution, b: Resolution): boolean =>
  a.as === b.as && a.to === b.to && a.bookedSeq === b.bookedSeq;

/** The item in a path, still open. @throws 404, 409 */
const openItem = (world: World, id: string): ReconciliationItem => {
  const item = world.get(reconciliationItems, id);
  if (item === undefined) throw notFound('reconciliation item');
  if (item.state === 'closed') throw conflict('item_closed', 'This item was closed.', { state: item.state });
  return item;
};

/** @throws 422 for what does not say all it needs, 409 for what does not fit this item. */
const checkResolution = (item: ReconciliationItem, { as, to, bookedSeq }: Resolution): void => {
  if ((as === 'to-account') !== (to !== undefined))
    throw unprocessable(
      'account_missing',
      '/to',
      'Name the account with `to-account`, and with nothing else.',
    );
  if ((as === 'booked-elsewhere') !== (bookedSeq !== undefined))
    throw unprocessable(
      'booked_seq_missing',
      '/bookedSeq',
      'Name the entry that booked it with `booked-elsewhere`, and with nothing else.',
    );
  if (!FITS[as].includes(item.reason))
    throw conflict('decision_does_not_fit', 'This decision does not fit the reason of the item.', {
      reason: item.reason,
    });
  if (as === 'explained' && item.suspense !== 0)
    throw conflict('suspense_must_drain', 'Money stands in suspense for it: say where that belongs.', {
      suspense: item.suspense,
    });
  if (as === 'counts-as-paid' && (item.orderId === null || item.suspense <= 0))
    throw conflict('nothing_in_suspense', 'No money that was paid out stands in suspense for it.');
  if (as === 'to-account' && item.suspense === 0)
    throw conflict('nothing_in_suspense', 'No money stands in suspense for it.');
};

type Drained = { entry?: BookEntry; paid?: { orderId: string; accountId: string; amount: number } };

/** Items of the queue: proposed, decided, looked at again. */
export const itemOperations = (keyring: Keyring, programme: Programme) => {
  const { operatorId } = programme;
  const data = (now: number) => ({ day: dayIn(programme.timeZone, now) });

  /** Where the suspense goes, and what of it pays somebody. */
  const drain = (world: World, item: ReconciliationItem, { as, to }: Resolution): Drained => {
    const { currency, suspense, orderId } = item;
    const book = openBook(world, keyring);
    const operator = { organisationId: operatorId };
    let paid: Drained['paid'];
    if (as === 'explained' || as === 'accept-return') return {};
    book.credit(unmatchedOf(currency, operatorId), suspense);
    if (as === 'to-account') book.debit({ kind: to!, currency, of: operator }, suspense);
    else if (as === 'booked-elsewhere')
      book.debit({ kind: item.rail === 'wechat' ? 'rail' : 'bank', currency, of: operator }, suspense);
    else {
      const order = world.get(payoutOrders, orderId!)!;
      const payable: AccountRef = { kind: 'payable', currency, of: { accountId: order.payableId } };
      const overpaid: AccountRef = { kind: 'overpaid', currency, of: { accountId: order.overpaidId } };
      const { balance, held } = book.standing(payable);
      const taken = Math.min(suspense, Math.max(0, -balance - held));
      book.debit(payable, taken);
      book.debit(overpaid, suspense - taken);
      if (taken > 0) paid = { orderId: order.id, accountId: order.payableId, amount: taken };
    }
    const entry = book.close();
    return { ...(entry === undefined ? {} : { entry }), ...(paid === undefined ? {} : { paid }) };
  };

  return {
    /** The first proposes, another one who says the same decides; what moves no money is decided at once. */
    decide: {
      name: 'reconciliation-item.decide',
      roles: PAYERS,
      status: 201,
      decide(world, { itemId, booked, ...resolution }, { now, caller }) {
        const item = openItem(world, itemId);
        checkResolution(item, resolution);
        const { as, to, bookedSeq, reason } = resolution;
        if (as === 'booked-elsewhere') {
          if (booked !== -item.suspense || item.suspense === 0)
            throw conflict('booked_differs', 'That entry did not book this amount on this account.', {
              amount: -item.suspense,
            });
          const spoken = world.get(statementKeys, bookedKey(bookedSeq!));
          if (spoken !== undefined)
            throw conflict('booking_matched', 'Another line was matched with that entry.', {
              lineId: spoken.lineId,
            });
        }
        const { proposal } = item;
        const closes = as === 'explained' || (proposal !== null && sameResolution(proposal, resolution));
        if (closes && as !== 'explained') expectAnother(proposal!.by, caller);
        if (closes && as === 'accept-return') {
          const { state } = world.get(payoutOrders, item.orderId!)!;
          if (state !== 'returned')
            throw conflict('order_not_returned', 'The order is not returned yet.', { state });
        }
        const { entry, paid } = closes ? drain(world, item, resolution) : {};
        const own = byOf(caller);
        return draft({
          type: itemDecided,
          data: data(now),
          private: {
            ...{ itemId, as, reason, state: closes ? 'closed' : 'proposed' },
            ...(to === undefined ? {} : { to }),
            ...(bookedSeq === undefined ? {} : { bookedSeq }),
            by: closes && as !== 'explained' ? [proposal!.by, own] : [own],
            ...(closes && bookedSeq !== undefined ? { keys: [bookedKey(bookedSeq)] } : {}),
            ...(paid === undefined ? {} : { paid }),
            ...(entry === undefined ? {} : { book: entry }),
          },
        });
      },
      answer: ({ private: { itemId: id, state } }) => ({ id, state }),
    } as Operation<Resolution & { itemId: string; booked?: number | undefined }, ItemAnswer>,

    /** What waits for a rail's word is looked at again; 409 `still_open` where nothing has changed. */
    recheck: {
      name: 'reconciliation-item.recheck',
      roles: [...PAYERS, 'programme'],
      status: 201,
      decide(world, { itemId }, { now }) {
        const item = openItem(world, itemId);
        const still = () => conflict('still_open', 'Nothing was told since that would settle it.');
        if (!WAITING.includes(item.reason) || item.orderId === null) throw still();
        const { state } = world.get(payoutOrders, item.orderId)!;
        const isReturn = item.reason === 'late-return';
        const isFailure = item.lineId !== null && world.get(statementLines, item.lineId)?.kind === 'failed';
        const isPaid = state === 'paid' || state === 'returned';
        const settled = isReturn ? state === 'returned' : isFailure ? GIVES_BACK.includes(state) : isPaid;
        const nothing = { itemId, suspense: 0 };
        if (settled) return draft({ type: itemRechecked, data: data(now), private: nothing });
        if (isFailure && isPaid)
          return draft({
            type: itemRechecked,
            data: data(now),
            private: { ...nothing, reason: 'contradicts' },
          });
        if (isReturn || !GIVES_BACK.includes(state)) throw still();
        const suspended = suspend(world, keyring, operatorId, item, item.amount);
        return draft({
          type: itemRechecked,
          data: data(now),
          private: { itemId, reason: 'paid-after-end', ...suspended },
        });
      },
      answer: ({ private: { itemId: id, reason } }) => ({
        id,
        state: reason === undefined ? 'closed' : 'open',
      }),
    } as Operation<{ itemId: string }, ItemAnswer>,
  };
};
