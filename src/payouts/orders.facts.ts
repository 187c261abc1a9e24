import { z } from 'zod';
import { type PaidBy, payments } from '../accounts/accounts.tables.ts';
import { BookEntry, post } from '../accounts/book.ts';
import { Currency, Id, MAX_INTEGER, Seq, text } from '../kernel/values.ts';
import {
  PAYOUT_HOLDS,
  PAYOUT_RAILS,
  PAYOUT_STATES,
  type PayoutRail,
  type PayoutState,
} from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import type { Outcome, Step } from '../rails/rail.ts';
import { MaybeSiteAndDay } from '../registry/site-and-day.ts';
import { type PayoutOrder, payoutAttempts, payoutOrders } from './payouts.tables.ts';
import { DEEDS } from './states.ts';

const NONE = 'none';
const Fen = z.int().min(0).max(MAX_INTEGER);

export const By = z.strictObject({ keyId: Id, organisationId: Id, holder: text(120) });

const Drafted = z.strictObject({
  id: Id,
  runId: Id.optional(),
  rail: z.enum(PAYOUT_RAILS),
  currency: Currency,
  amount: Fen,
  netted: Fen,
  payableId: Id,
  overpaidId: Id,
  payeeSeq: Seq,
  holds: z.array(z.enum(PAYOUT_HOLDS)),
  maker: By,
  book: BookEntry,
});

/** The person is named in their own part only; every later fact of the order names the order. */
export const payoutOrderDrafted: FactType<MaybeSiteAndDay, z.infer<typeof Drafted>> = {
  type: 'payout-order.drafted.v1',
  title: { en: 'Payout order drafted', zh: '付款单拟定' },
  data: MaybeSiteAndDay,
  private: Drafted,
  person: z.strictObject({ personId: Id, orderId: Id, amount: Fen, netted: Fen, currency: Currency }),
  grams: NONE,
  fen: 'What it pays, and nets, is set aside of what is owed.',
  backPointers: [],
  apply(world, { seq, data, private: { book, runId = null, ...order }, people: [named] }) {
    post(world, seq, book);
    world.put(payoutOrders, {
      ...order,
      runId,
      personId: named?.personId ?? null,
      siteId: data.siteId ?? null,
      state: order.holds.length > 0 ? 'held' : 'draft',
      alone: runId === null || order.holds.length > 0,
      ready: false,
      approval: null,
      reference: null,
      seq,
      lastSeq: seq,
    });
  },
};

const Changed = z.strictObject({
  orderId: Id,
  deed: z.enum(DEEDS),
  state: z.enum(PAYOUT_STATES),
  by: By.optional(),
  holds: z.array(z.enum(PAYOUT_HOLDS)).optional(),
  payeeSeq: Seq.optional(),
  reason: text(500).optional(),
  book: BookEntry.optional(),
});
export type Changed = z.infer<typeof Changed>;

const change = (world: World, id: string, seq: number, changed: Partial<PayoutOrder>): void =>
  world.put(payoutOrders, { ...world.get(payoutOrders, id)!, ...changed, lastSeq: seq });

/** Approved, rejected, held, released, lapsed or withdrawn: all before anything was sent. */
export const payoutOrderChanged: FactType<MaybeSiteAndDay, Changed> = {
  type: 'payout-order.changed.v1',
  title: { en: 'Payout order changed', zh: '付款单变更' },
  data: MaybeSiteAndDay,
  private: Changed,
  grams: NONE,
  fen: 'Rejected or withdrawn, what was set aside is owed again.',
  backPointers: [],
  apply(world, { seq, private: { orderId, deed, state, by, holds, payeeSeq, book } }) {
    post(world, seq, book);
    const before = world.get(payoutOrders, orderId)!;
    const approval = deed === 'approve' ? by! : state === 'approved' ? before.approval : null;
    change(world, orderId, seq, {
      state,
      approval,
      alone: before.alone || deed === 'lapse' || deed === 'hold',
      ...(holds === undefined ? {} : { holds }),
      ...(payeeSeq === undefined ? {} : { payeeSeq }),
    });
  },
};

const CancelAsked = z.strictObject({
  orderId: Id,
  by: By,
  reason: text(500).optional(),
  state: z.enum(PAYOUT_STATES),
});

/** Somebody wants back what was sent. The page on which the payee confirms is shown no more. */
export const payoutCancelAsked: FactType<MaybeSiteAndDay, z.infer<typeof CancelAsked>> = {
  type: 'payout-order.cancel-asked.v1',
  title: { en: 'Payment to be taken back from the rail', zh: '申请撤销已发出的付款' },
  data: MaybeSiteAndDay,
  private: CancelAsked,
  grams: NONE,
  fen: 'None move: it stays set aside until the rail says how it ended.',
  backPointers: [],
  apply(world, { seq, private: { orderId, state } }) {
    const { reference } = world.get(payoutOrders, orderId)!;
    world.put(payoutAttempts, {
      ...world.get(payoutAttempts, reference!)!,
      confirmation: null,
      lastSeq: seq,
    });
    change(world, orderId, seq, { state });
  },
};

const Readied = z.strictObject({ orderId: Id, by: By });
export const payoutOrderReadied: FactType<MaybeSiteAndDay, z.infer<typeof Readied>> = {
  type: 'payout-order.submitted.v1',
  title: { en: 'Payout order submitted', zh: '付款单提交' },
  data: MaybeSiteAndDay,
  private: Readied,
  grams: NONE,
  fen: NONE,
  backPointers: [],
  apply: (world, { seq, private: { orderId } }) => change(world, orderId, seq, { ready: true }),
};

const Reference = z.string().min(1).max(64);
const Begun = z.strictObject({ orderId: Id, reference: Reference, state: z.enum(PAYOUT_STATES) });

/** Puts down that an order is being sent under this reference. */
export const beginAttempt = (
  world: World,
  seq: number,
  at: number,
  { orderId, reference, state }: z.infer<typeof Begun>,
): void => {
  const known = world.get(payoutAttempts, reference);
  const step: Step = { did: 'submit', at };
  world.put(payoutAttempts, {
    ...(known ?? { reference, orderId, confirmation: null, seq }),
    steps: [...(known?.steps ?? []), step],
    lastSeq: seq,
  });
  change(world, orderId, seq, { state, reference });
};

/** Recorded before each sending, so that what was sent can always be asked for. */
export const payoutAttemptBegun: FactType<MaybeSiteAndDay, z.infer<typeof Begun>> = {
  type: 'payout-attempt.begun.v1',
  title: { en: 'Payment about to be sent', zh: '付款即将发出' },
  data: MaybeSiteAndDay,
  private: Begun,
  grams: NONE,
  fen: NONE,
  backPointers: [],
  apply: (world, { seq, at, private: begun }) => beginAttempt(world, seq, at, begun),
};

const Told = z.strictObject({
  kind: z.enum([
    ...(['accepted', 'awaiting-confirmation', 'paid', 'failed', 'closed', 'cancelling'] as const),
    ...(['cancelled', 'returned', 'not-found', 'unknown'] as const),
  ]),
  code: z.string().max(100).optional(),
  refused: z.boolean().optional(),
  railState: z.string().max(256).optional(),
  railReference: z.string().max(256).optional(),
  amount: z.int().optional(),
  at: z.string().max(256).optional(),
});
const Answered = z.strictObject({
  orderId: Id,
  reference: Reference,
  did: z.enum(['submit', 'query', 'cancel', 'notification']),
  outcome: Told,
  confirmation: z.string().max(4096).optional(),
  state: z.enum(PAYOUT_STATES),
  /** What was netted in the end. */
  netted: Fen.optional(),
  book: BookEntry.optional(),
});
export type Answered = z.infer<typeof Answered>;

/** How a payment over a rail stands among all ways somebody is paid. */
export const paidBy = (rail: PayoutRail): PaidBy => (rail === 'cash' ? 'cash-list' : rail);

/** Paid is what the rail says is paid; what comes back later is taken back. */
const notePayment = (
  world: World,
  orderId: string,
  { seq, at, state, netted }: { seq: number; at: number; state: PayoutState; netted: number | undefined },
): void => {
  const order = world.get(payoutOrders, orderId)!;
  const sign = order.state === state ? 0 : state === 'paid' ? 1 : state === 'returned' ? -1 : 0;
  if (sign === 0) return;
  const { payableId: accountId, amount, rail } = order;
  const covers = amount + (netted ?? order.netted);
  world.add(payments, { accountId, seq, at, by: paidBy(rail), amount: sign * covers, sent: sign * amount });
};

/** What a rail said of a reference, where it tells something new. */
export const payoutAttemptAnswered: FactType<MaybeSiteAndDay, Answered> = {
  type: 'payout-attempt.answered.v1',
  title: { en: 'Answer of a payment rail', zh: '支付渠道答复' },
  data: MaybeSiteAndDay,
  private: Answered,
  grams: NONE,
  fen: 'Paid, what is owed goes down and so does what the rail holds; ended without paying or returned, it is owed again.',
  backPointers: [],
  apply(
    world,
    { seq, at, private: { orderId, reference, did, outcome, confirmation, state, netted, book } },
  ) {
    post(world, seq, book);
    notePayment(world, orderId, { seq, at, state, netted });
    const attempt = world.get(payoutAttempts, reference)!;
    const told = outcome as Outcome;
    const unanswered = attempt.steps.findLastIndex((step) => step.did === 'submit' && !step.outcome);
    const steps: Step[] =
      did === 'submit' && unanswered >= 0
        ? attempt.steps.with(unanswered, { ...attempt.steps[unanswered]!, outcome: told })
        : [...attempt.steps, { did, at, outcome: told }];
    const open = state === 'awaiting-confirmation' ? (confirmation ?? attempt.confirmation) : null;
    world.put(payoutAttempts, { ...attempt, steps, confirmation: open, lastSeq: seq });
    change(world, orderId, seq, { state, ...(netted === undefined ? {} : { netted }) });
  },
};

export const orderFacts = [
  payoutOrderDrafted,
  payoutOrderChanged,
  payoutOrderReadied,
  payoutCancelAsked,
  payoutAttemptBegun,
  payoutAttemptAnswered,
];
