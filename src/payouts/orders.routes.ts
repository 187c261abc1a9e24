import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { confirmedInside } from '../http/prepared.ts';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { PAYOUT_STATES } from '../kernel/vocabulary.ts';
import type { Caller } from '../ledger/fact.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import { PAYERS } from './orders.operations.ts';
import { holdsOf } from './payouts.queries.ts';
import {
  AskedAnswer,
  OrderAnswer,
  OrderRequest,
  PayoutOrderDetail,
  PayoutOrderView,
  Reason,
  StateAnswer,
} from './payouts.schema.ts';
import type { PayoutAttempt, PayoutOrder } from './payouts.tables.ts';
import { limitsFor, type PayoutDeps } from './runs.routes.ts';

const tag = 'payouts';
const Params = z.object({ id: Id });
const READERS = [...PAYERS, 'auditor'] as const;

const ordersIn = ({ db }: PayoutDeps) =>
  db.withTables<{ payoutOrders: PayoutOrder; payoutAttempts: PayoutAttempt }>();

const orderBy = async (deps: PayoutDeps, id: string): Promise<PayoutOrder> => {
  const order = await ordersIn(deps)
    .selectFrom('payoutOrders')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (order === undefined) throw notFound('payout order');
  return order;
};

const toView = (
  {
    id,
    runId,
    personId,
    rail,
    currency,
    amount,
    netted,
    state,
    holds,
    approval,
    reference,
    seq,
    lastSeq,
  }: PayoutOrder,
  hidden: ReadonlySet<string>,
): z.input<typeof PayoutOrderView> => ({
  ...{ id, runId, rail, currency, amount, netted, state, holds, reference, seq, lastSeq },
  collectorId: personId !== null && hidden.has(personId) ? null : personId,
  approved: approval !== null,
});

const hiddenOf = (
  deps: PayoutDeps,
  caller: Caller,
  orders: readonly PayoutOrder[],
): Promise<ReadonlySet<string>> =>
  hiddenPeople(
    deps.db,
    caller,
    orders.flatMap(({ personId }) => (personId === null ? [] : [personId])),
  );

type OrderDeps = PayoutDeps & { clock: Clock };

export const payoutOrderRoutes = (app: FastifyInstance, deps: OrderDeps): void => {
  readingRoutes(app, deps);
  makingRoutes(app, deps);
  decidingRoutes(app, deps);
};

const makingRoutes = (app: FastifyInstance, deps: OrderDeps): void => {
  const { orders } = deps.payouts;
  route(app, {
    method: 'POST',
    url: '/v1/payout-orders',
    operationId: 'draftPayoutOrder',
    tag,
    summary: { en: 'Draft a payout order for one collector', zh: '拟定单笔付款' },
    access: PAYERS,
    body: OrderRequest,
    response: OrderAnswer,
    status: 201,
    errors: {
      409: 'Less is owed, or nothing says where to pay on this rail',
      422: 'Outside the limits, or unknown',
    },
    example: { collectorId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001', rail: 'wechat', amount: 21_604 },
    handler: async ({ body: { id: _, currency = deps.programme.currency, ...body }, ...from }) => {
      const limits = limitsFor(deps, body.rail, currency);
      return confirmedInside(async () => {
        const holds = await holdsOf(deps.pool, [body.collectorId], deps.clock());
        const prepared = holds.get(body.collectorId) ?? { payeeSeq: null, holds: [] };
        return write(deps, orders.draft, { ...body, currency, limits, prepared }, from);
      });
    },
  });
};

const decidingRoutes = (app: FastifyInstance, deps: OrderDeps): void => {
  const { orders } = deps.payouts;
  const without = [
    ['approve', { en: 'Approve a payout order that another person made', zh: '批准付款单' }],
    ['release', { en: 'Release a payout order that was held by hand', zh: '解除付款单暂停' }],
  ] as const;
  for (const [deed, summary] of without)
    route(app, {
      method: 'POST',
      url: `/v1/payout-orders/:id/${deed}`,
      operationId: `${deed}PayoutOrder`,
      tag,
      summary,
      access: PAYERS,
      params: Params,
      response: StateAnswer,
      status: 201,
      errors: { 409: 'Not in a state for this, or the payee changed' },
      handler: ({ params, ...from }) =>
        write(deps, orders.decide, { orderId: params.id, deed }, from, params.id),
    });
  const withReason = [
    ['reject', { en: 'Reject a payout order: what it pays is owed again', zh: '驳回付款单' }],
    ['hold', { en: 'Hold a payout order', zh: '暂停付款单' }],
  ] as const;
  for (const [deed, summary] of withReason)
    route(app, {
      method: 'POST',
      url: `/v1/payout-orders/:id/${deed}`,
      operationId: `${deed}PayoutOrder`,
      tag,
      summary,
      access: PAYERS,
      params: Params,
      body: Reason,
      response: StateAnswer,
      status: 201,
      errors: { 409: 'Sent already, or at its end' },
      example: { reason: '账户待核实' },
      handler: ({ params, body: { reason }, ...from }) =>
        write(deps, orders.decide, { orderId: params.id, deed, reason }, from, params.id),
    });
  route(app, {
    method: 'POST',
    url: '/v1/payout-orders/:id/cancel',
    operationId: 'cancelPayoutOrder',
    tag,
    summary: { en: 'Take back a payout order; what was sent, as far as its rail can', zh: '撤销付款单' },
    access: PAYERS,
    params: Params,
    body: Reason,
    response: StateAnswer,
    status: 201,
    errors: { 409: 'At its end, or being taken back already' },
    example: { reason: '金额有误' },
    handler: ({ params, body: { reason }, ...from }) =>
      write(deps, orders.cancel, { orderId: params.id, reason }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/payout-orders/:id/ask',
    operationId: 'askForPayoutOrder',
    tag,
    summary: { en: 'Ask the rail what became of a payout order, paid ones too', zh: '向渠道查询付款单' },
    access: PAYERS,
    params: Params,
    response: AskedAnswer,
    errors: { 409: 'Nothing was sent of it, or its rail cannot be asked' },
    handler: async ({ params: { id } }) => {
      const said = await deps.payouts.worker.askAgain(await orderBy(deps, id));
      const { state } = await orderBy(deps, id);
      return { id, state, said };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/payout-orders/:id/submit',
    operationId: 'submitPayoutOrder',
    tag,
    summary: { en: 'Let an approved payout order be sent', zh: '提交付款单' },
    access: PAYERS,
    params: Params,
    response: StateAnswer,
    status: 201,
    errors: { 409: 'Not approved, or submitted already' },
    handler: ({ params, ...from }) => write(deps, orders.submit, { orderId: params.id }, from, params.id),
  });
};

const readingRoutes = (app: FastifyInstance, deps: OrderDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/payout-orders',
    operationId: 'listPayoutOrders',
    tag,
    summary: { en: 'List payout orders', zh: '列出付款单' },
    access: READERS,
    query: PageQuery.extend({
      runId: Id.optional(),
      collectorId: Id.optional(),
      state: z.enum(PAYOUT_STATES).optional(),
    }),
    response: pageOf(PayoutOrderView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const { runId, collectorId, state } = query;
      if (collectorId !== undefined && (await hiddenPeople(deps.db, caller, [collectorId])).size > 0)
        return { items: [], nextCursor: null };
      const rows = await ordersIn(deps)
        .selectFrom('payoutOrders')
        .selectAll()
        .where('seq', '>', after)
        .$if(runId !== undefined, (q) => q.where('runId', '=', runId!))
        .$if(collectorId !== undefined, (q) => q.where('personId', '=', collectorId!))
        .$if(state !== undefined, (q) => q.where('state', '=', state!))
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      const hidden = await hiddenOf(deps, caller, rows);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => toView(row, hidden),
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/payout-orders/:id',
    operationId: 'getPayoutOrder',
    tag,
    summary: { en: 'Read a payout order and what was done under its reference', zh: '读取付款单' },
    access: READERS,
    params: Params,
    response: PayoutOrderDetail,
    handler: async ({ params, caller }) => {
      const order = await orderBy(deps, params.id);
      const attempt = await ordersIn(deps)
        .selectFrom('payoutAttempts')
        .selectAll()
        .where('reference', '=', order.reference ?? '')
        .executeTakeFirst();
      return {
        ...toView(order, await hiddenOf(deps, caller, [order])),
        confirmation: caller.role === 'auditor' ? null : (attempt?.confirmation ?? null),
        steps: (attempt?.steps ?? []).map(({ did, at, outcome }) => ({
          did,
          at: instant(at),
          outcome: outcome?.kind ?? null,
          code: outcome !== undefined && 'code' in outcome ? outcome.code : null,
        })),
      };
    },
  });
};
