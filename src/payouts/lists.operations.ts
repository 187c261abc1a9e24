import { conflict } from '../kernel/errors.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { payoutListSent } from './lists.facts.ts';
import type { PaperRail } from './lists.tables.ts';
import { byOf, expectReleased, PAYERS } from './orders.operations.ts';
import { payoutAttempts, payoutOrders, payoutRuns } from './payouts.tables.ts';
import { after } from './states.ts';

export type SendList = {
  rail: PaperRail;
  currency: string;
  runId?: string | undefined;
  siteId?: string | undefined;
  day: string;
  /** Read before the door, as they stood then. */
  orders: readonly { id: string; lastSeq: number; amount: number }[];
  fileSha256?: string | undefined;
  /** What may not go out, for whoever asks when nothing may. */
  leftOut: readonly { orderId: string; code: string }[];
};
export type ListAnswer = { id: string; number: string; count: number; total: number };

/** Short enough for a bank's remark, and another for each id. */
const numberOf = ({ rail, day }: Pick<SendList, 'rail' | 'day'>, id: string): string =>
  `${rail === 'bank' ? 'DF' : 'XJ'}${day.replaceAll('-', '')}-${toHex(sha256(Buffer.from(id))).slice(0, 10)}`;

/** Lists of the rails of paper. */
export const listOperations = (programme: { timeZone: string }) => ({
  send: {
    name: 'payout-list.send',
    roles: PAYERS,
    status: 201,
    decide(world, { orders, leftOut, ...list }, context) {
      if (orders.length === 0)
        throw conflict('nothing_to_send', 'No submitted order of these may go out now.', { leftOut });
      const ids = orders.map(({ id }) => id);
      world.needAll([
        [payoutOrders, ids],
        [payoutAttempts, ids.map((id) => id.replaceAll('-', ''))],
        ...(list.runId === undefined ? [] : ([[payoutRuns, [list.runId]]] as const)),
      ]);
      for (const { id, lastSeq } of orders) {
        const order = world.get(payoutOrders, id);
        if (order?.lastSeq !== lastSeq || order.reference !== null)
          throw conflict('balance_moved', 'An order changed meanwhile; ask again.');
        after(order.state, 'begin');
        expectReleased(world, order);
      }
      const { runId, siteId, fileSha256, ...more } = list;
      return draft({
        type: payoutListSent,
        data: {
          ...(siteId === undefined ? {} : { siteId }),
          day: dayIn(programme.timeZone, context.now),
        },
        private: {
          id: context.id,
          ...more,
          number: numberOf(list, context.id),
          ...(runId === undefined ? {} : { runId }),
          ...(siteId === undefined ? {} : { siteId }),
          ...(fileSha256 === undefined ? {} : { fileSha256 }),
          orders: ids,
          total: orders.reduce((sum, { amount }) => sum + amount, 0),
          maker: byOf(context.caller),
        },
      });
    },
    answer: ({ private: { id, number, orders, total } }) => ({ id, number, count: orders.length, total }),
  } as Operation<SendList, ListAnswer>,
});
