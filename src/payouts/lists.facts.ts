import { z } from 'zod';
import { Currency, Day, Id, MAX_INTEGER, Sha256Hex, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { referenceOf } from '../rails/rail.ts';
import { MaybeSiteAndDay } from '../registry/site-and-day.ts';
import { PAPER_RAILS, payoutLists } from './lists.tables.ts';
import { By, beginAttempt } from './orders.facts.ts';

/** Lines of one list: the fact that names them stays well below the limit of an entry. */
export const MAX_LIST_LINES = 1_000;

const Sent = z.strictObject({
  id: Id,
  rail: z.enum(PAPER_RAILS),
  currency: Currency,
  number: text(40),
  runId: Id.optional(),
  siteId: Id.optional(),
  /** When it is to be paid out. */
  day: Day,
  orders: z.array(Id).min(1).max(MAX_LIST_LINES),
  total: z.int().min(1).max(MAX_INTEGER),
  /** Of the bank's file. */
  fileSha256: Sha256Hex.optional(),
  maker: By,
});

/** One fact is the sending of all its orders: each bears its own id as its reference from then on. */
export const payoutListSent: FactType<MaybeSiteAndDay, z.infer<typeof Sent>> = {
  type: 'payout-list.sent.v1',
  title: { en: 'Payout list handed out', zh: '付款清单发出' },
  data: MaybeSiteAndDay,
  private: Sent,
  grams: 'none',
  fen: 'None move; what its orders pay is set aside already.',
  backPointers: [],
  apply(world, { seq, at, private: { orders, runId = null, siteId = null, fileSha256 = null, ...list } }) {
    world.put(payoutLists, {
      ...list,
      ...{ runId, siteId, fileSha256, orders, count: orders.length, madeAt: at, seq, lastSeq: seq },
    });
    for (const orderId of orders)
      beginAttempt(world, seq, at, { orderId, reference: referenceOf(orderId), state: 'submitted' });
  },
};

export const listFacts = [payoutListSent];
