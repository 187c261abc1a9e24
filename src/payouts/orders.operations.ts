import { idOfAccount, openBook } from '../accounts/book.ts';
import { conflict, DomainError, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import type { PayoutHold, PayoutRail, PayoutState } from '../kernel/vocabulary.ts';
import { type Caller, type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { World } from '../ledger/world.ts';
import { type Outcome, referenceOf, type Step } from '../rails/rail.ts';
import { expectState } from '../registry/people.operations.ts';
import { collectors } from '../registry/registry.tables.ts';
import { onePerson } from '../supervision/cases.ts';
import {
  type Answered,
  payoutAttemptAnswered,
  payoutAttemptBegun,
  payoutCancelAsked,
  payoutOrderChanged,
  payoutOrderDrafted,
  payoutOrderReadied,
} from './orders.facts.ts';
import {
  type By,
  type PayoutOrder,
  payees,
  payoutAttempts,
  payoutOrders,
  payoutRuns,
} from './payouts.tables.ts';
import { nettedOf, settle } from './settling.ts';
import { after, type Deed, UNDER_WAY } from './states.ts';

/** Whoever makes and approves payouts. */
export const PAYERS = ['operator', 'payer'] as const;

export type OrderAnswer = {
  id: string;
  state: PayoutState;
  amount: number;
  netted: number;
  currency: string;
  holds: PayoutHold[];
};
export type StateAnswer = { id: string; state: PayoutState };

/** What a rail takes, with the programme's own limits. Minor units. */
export type OrderLimits = {
  currency?: string | undefined;
  minimum: number;
  maximum: number;
  nameFrom?: number | undefined;
};

export type DraftInput = {
  collectorId: string;
  rail: PayoutRail;
  currency: string;
  /** Of what is owed, netting included; all of it, as far as one order goes, unless said. */
  amount?: number | undefined;
  /** Beside an amount: take what is left where it is less. */
  orLess?: boolean;
  limits: OrderLimits;
  /** Read before the door: what holds the order, as of the payee's fact. */
  prepared: { payeeSeq: number | null; holds: PayoutHold[] };
  run?: { id: string; maker: By };
};

export const byOf = ({ keyId, organisationId, holder }: Caller): By => ({ keyId, organisationId, holder });

/** Maker and checker are two people; one name in one organisation is one person (domain, rule 7). @throws 403 */
export const expectAnother = (maker: By, caller: Caller): void => {
  if (onePerson(maker, caller, 'operator'))
    throw new DomainError('forbidden', 'same_holder', 'You made this; another person must approve it.');
};

const orderInPath = (world: World, id: string): PayoutOrder => {
  const order = world.get(payoutOrders, id);
  if (order === undefined) throw notFound('payout order');
  return order;
};

/** The limits said of one order. @throws 422 for an amount that was asked for, 409 where just so much is owed. */
const checkAmount = (amount: number, limits: OrderLimits, asked: boolean): void => {
  if (amount > limits.maximum)
    throw unprocessable(
      'amount_above_maximum',
      '/amount',
      `One order pays at most ${limits.maximum} minor units.`,
    );
  if (amount >= limits.minimum) return;
  const message = `This rail pays ${limits.minimum} minor units or more: it stays owed until it has grown.`;
  if (asked) throw unprocessable('amount_below_minimum', '/amount', message);
  throw conflict('below_minimum', message, { amount });
};

/** What must hold before an order is sent for the first time. @throws 409 */
export const expectReleased = (world: World, order: PayoutOrder): void => {
  const released =
    order.ready || (order.runId !== null && world.get(payoutRuns, order.runId)!.state === 'submitted');
  if (!released) throw conflict('not_submitted', 'Nobody submitted this order.');
  if (order.personId === null) throw conflict('collector_erased', 'The person was erased meanwhile.');
  if (world.get(payees, order.personId)?.seq !== order.payeeSeq)
    throw conflict('payee_changed', 'The payee changed since this was approved.');
};

type Deeds = {
  orderId: string;
  deed: Exclude<Deed, 'begin'>;
  by?: By;
  holds?: PayoutHold[];
  payeeSeq?: number;
  reason?: string | undefined;
};

export type OrderOperations = ReturnType<typeof orderOperations>;

/**
 * Everything that is recorded about payout orders.
 * @param keyring makes the ids of accounts
 */
export const orderOperations = (keyring: Keyring, programme: { timeZone: string; operatorId: string }) => {
  const dataOf = ({ siteId }: { siteId: string | null }, { now }: DecideContext) => ({
    ...(siteId === null ? {} : { siteId }),
    day: dayIn(programme.timeZone, now),
  });

  const changed = (world: World, order: PayoutOrder, deeds: Deeds, context: DecideContext) => {
    const { orderId, deed, ...more } = deeds;
    const state = after(order.state, deed);
    const { book } = settle(world, keyring, programme, order, state);
    return draft({
      type: payoutOrderChanged,
      data: dataOf(order, context),
      private: { orderId, deed, state, ...more, ...(book === undefined ? {} : { book }) },
    });
  };
  const stateAnswer = ({ private: more }: { private: Record<string, unknown> }): StateAnswer => ({
    id: more.orderId as string,
    state: more.state as PayoutState,
  });

  const draftOrder = (world: World, input: DraftInput, context: DecideContext) => {
    const { collectorId, rail, currency, limits, prepared, run } = input;
    const collector = world.get(collectors, collectorId);
    if (collector === undefined)
      throw unprocessable('unknown_collector', '/collectorId', 'no such collector; read GET /v1/collectors');
    expectState(collector, 'active', 'closed', 'restricted');
    const payee = world.get(payees, collectorId);
    if (payee?.seq == null || payee.rail !== rail)
      throw conflict('no_payee', `No payee is known on ${rail}: POST /v1/collectors/{id}/payee first.`);
    if (payee.seq !== prepared.payeeSeq)
      throw conflict('balance_moved', 'The payee changed meanwhile; ask again.');
    const book = openBook(world, keyring);
    const account = (kind: 'payable' | 'overpaid') =>
      ({ kind, currency, of: { personId: collectorId } }) as const;
    const { balance, held } = book.standing(account('payable'));
    const free = -balance - held;
    const asked = input.amount !== undefined && input.orLess !== true;
    if (asked && input.amount! > free)
      throw conflict('beyond_balance', 'Less than that is owed and not yet in payment.', { free });
    const gross = Math.min(input.amount ?? Number.POSITIVE_INFINITY, free, asked ? free : limits.maximum);
    const netted = payee.netting ? nettedOf(gross, book.standing(account('overpaid')).balance, true) : 0;
    const amount = gross - netted;
    checkAmount(amount, limits, asked);
    const unnamed = limits.nameFrom !== undefined && amount >= limits.nameFrom && !payee.named;
    book.hold(account('payable'), gross);
    const id = context.id;
    return draft({
      type: payoutOrderDrafted,
      data: dataOf(collector, context),
      private: {
        id,
        ...(run === undefined ? {} : { runId: run.id }),
        ...{ rail, currency, amount, netted },
        payableId: idOfAccount(keyring, account('payable')),
        overpaidId: idOfAccount(keyring, account('overpaid')),
        payeeSeq: payee.seq,
        holds: [...prepared.holds, ...(unnamed ? (['identity'] as const) : [])],
        maker: run?.maker ?? byOf(context.caller),
        book: book.close()!,
      },
      people: [
        { personId: collectorId, part: { personId: collectorId, orderId: id, amount, netted, currency } },
      ],
    });
  };

  return {
    draft: {
      name: 'payout-order.draft',
      roles: [...PAYERS, 'programme'],
      status: 201,
      decide: draftOrder,
      answer: ({ private: { id, amount, netted, currency, holds } }) => ({
        ...{ id, amount, netted, currency, holds },
        state: holds.length > 0 ? 'held' : 'draft',
      }),
    } as Operation<DraftInput, OrderAnswer>,

    /** By a person: approval by another than the maker, of what is going to be paid to whom now. */
    decide: {
      name: 'payout-order.decide',
      roles: PAYERS,
      status: 201,
      decide(world, input, context) {
        const order = orderInPath(world, input.orderId);
        if (input.deed === 'approve') {
          after(order.state, 'approve');
          expectAnother(order.maker, context.caller);
          if (order.personId === null) throw conflict('collector_erased', 'The person was erased meanwhile.');
          if (world.get(payees, order.personId)?.seq !== order.payeeSeq)
            throw conflict(
              'payee_changed',
              'The payee changed since this was drafted; read the order again.',
            );
        }
        if (input.deed === 'release' && order.holds.join() !== 'by-hand')
          throw conflict('held_by_rule', 'What holds this order is lifted once it is over.', {
            holds: order.holds,
          });
        const holds =
          input.deed === 'hold'
            ? { holds: [...new Set([...order.holds, 'by-hand' as const])] }
            : input.deed === 'release'
              ? { holds: [] }
              : {};
        return changed(world, order, { ...input, ...holds, by: byOf(context.caller) }, context);
      },
      answer: stateAnswer,
    } as Operation<
      {
        orderId: string;
        deed: 'approve' | 'reject' | 'hold' | 'release';
        reason?: string | undefined;
      },
      StateAnswer
    >,

    /** Taken back at once where nothing was sent; what was sent is for the rail to take back. */
    cancel: {
      name: 'payout-order.cancel',
      roles: PAYERS,
      status: 201,
      decide(world, { orderId, reason }, context) {
        const order = orderInPath(world, orderId);
        const by = byOf(context.caller);
        if (!UNDER_WAY.includes(order.state))
          return changed(world, order, { orderId, deed: 'withdraw', by, reason }, context);
        if (order.rail !== 'wechat')
          throw conflict(
            'order_on_list',
            'It stands in a list that somebody has: have the line left out there, and enter it in the list’s results as failed.',
          );
        world.need(payoutAttempts, [order.reference!]);
        return draft({
          type: payoutCancelAsked,
          data: dataOf(order, context),
          private: { orderId, by, reason, state: after(order.state, 'cancel') },
        });
      },
      answer: stateAnswer,
    } as Operation<{ orderId: string; reason: string }, StateAnswer>,

    /** By the programme: what follows from a run's approval, from a payee that changed, from what holds an order. */
    follow: {
      name: 'payout-order.follow',
      roles: ['programme'],
      status: 201,
      decide(world, { lastSeq, ...input }, context) {
        const order = orderInPath(world, input.orderId);
        if (order.lastSeq !== lastSeq) throw conflict('order_moved', 'The order changed meanwhile.');
        if (input.deed !== 'approve') return changed(world, order, input, context);
        const run = world.get(payoutRuns, order.runId!)!;
        const current = order.personId === null ? undefined : world.get(payees, order.personId);
        const covered = !order.alone && run.approval !== null && current?.seq === order.payeeSeq;
        if (!covered || (run.state !== 'approved' && run.state !== 'submitted'))
          throw conflict('not_covered', 'The approval of the run does not cover this order.');
        return changed(world, order, { ...input, by: run.approval! }, context);
      },
      answer: stateAnswer,
    } as Operation<Deeds & { lastSeq: number }, StateAnswer>,

    submit: {
      name: 'payout-order.submit',
      roles: PAYERS,
      status: 201,
      decide(world, { orderId }, context) {
        const order = orderInPath(world, orderId);
        if (order.state !== 'approved') after(order.state, 'begin');
        if (order.state !== 'approved' || order.ready)
          throw conflict('submitted_already', 'This order was submitted.', { state: order.state });
        return draft({
          type: payoutOrderReadied,
          data: dataOf(order, context),
          private: { orderId, by: byOf(context.caller) },
        });
      },
      answer: (fact) => ({ id: fact.private.orderId, state: 'approved' }),
    } as Operation<{ orderId: string }, StateAnswer>,

    /** Before each sending. The first chooses the reference; any later one keeps it, and its content. */
    begin: {
      name: 'payout-attempt.begin',
      roles: ['programme'],
      status: 201,
      decide(world, { orderId, lastSeq }, context) {
        const order = orderInPath(world, orderId);
        if (order.lastSeq !== lastSeq) throw conflict('order_moved', 'The order changed meanwhile.');
        const state = after(order.state, 'begin');
        if (order.reference === null) expectReleased(world, order);
        const reference = order.reference ?? referenceOf(context.id);
        return draft({
          type: payoutAttemptBegun,
          data: dataOf(order, context),
          private: { orderId, reference, state },
        });
      },
      answer: ({ private: { orderId: id, reference, state } }) => ({ id, reference, state }),
    } as Operation<{ orderId: string; lastSeq: number }, StateAnswer & { reference: string }>,

    /** What a rail said. Which order it may still change, the door decides. */
    answer: {
      name: 'payout-attempt.answer',
      roles: ['programme'],
      status: 201,
      decide(world, { orderId, reference, did, outcome }, context) {
        const order = orderInPath(world, orderId);
        if (order.reference !== reference)
          throw conflict('another_reference', 'The order bears another reference.');
        world.need(payoutAttempts, [reference]);
        const state = after(order.state, outcome.kind);
        const { confirmation, ...told } = outcome as Outcome & { confirmation?: string };
        return draft({
          type: payoutAttemptAnswered,
          data: dataOf(order, context),
          private: {
            ...{ orderId, reference, did, outcome: told as Answered['outcome'], state },
            ...(confirmation === undefined ? {} : { confirmation }),
            ...settle(world, keyring, programme, order, state),
          },
        });
      },
      answer: stateAnswer,
    } as Operation<{ orderId: string; reference: string; did: Step['did']; outcome: Outcome }, StateAnswer>,
  };
};
