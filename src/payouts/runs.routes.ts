import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import type { PayoutRail } from '../kernel/vocabulary.ts';
import { type Queryable, readHead } from '../ledger/store.ts';
import type { OrderLimits } from './orders.operations.ts';
import { PAYERS } from './orders.operations.ts';
import { listOf } from './payouts.queries.ts';
import {
  PayoutRunView,
  RUN_STATES,
  RunAnswer,
  RunRequest as RunBody,
  RunDecision,
  type RunRequest,
} from './payouts.schema.ts';
import type { PayoutOrder, PayoutRun } from './payouts.tables.ts';
import type { Payouts } from './payouts.ts';
import type { OpenRun } from './runs.operations.ts';

const tag = 'payouts';
const Params = z.object({ id: Id });
const READERS = [...PAYERS, 'auditor'] as const;
/** Which rule says whom a run pays; another rule is another version. */
const RULE_VERSION = 1;

export type PayoutDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  payouts: Payouts;
  programme: { currency: string };
};

/** What one order may pay on this rail. @throws 422 where the rail is not set up, or pays another currency */
export const limitsFor = ({ payouts }: PayoutDeps, rail: PayoutRail, currency: string): OrderLimits => {
  const limits = payouts.limitsOf(rail);
  if (limits === undefined)
    throw unprocessable('rail_not_set_up', '/rail', 'This rail is not set up here; choose another.');
  if (limits.currency !== undefined && limits.currency !== currency)
    throw unprocessable(
      'currency_not_paid',
      '/currency',
      `This rail pays ${limits.currency} only; what is owed in another currency takes another rail.`,
    );
  return limits;
};

/** Adds up outside the door what the run would pay: balances as of a position never change. */
const prepared = async (deps: PayoutDeps, body: RunRequest): Promise<OpenRun> => {
  const currency = body.currency ?? deps.programme.currency;
  const limits = limitsFor(deps, body.rail, currency);
  const last = (await readHead(deps.pool)).size - 1;
  if (body.asOfSeq !== undefined && body.asOfSeq > last)
    throw unprocessable('beyond_head', '/asOfSeq', 'lies beyond the end of the ledger');
  const { siteId, collectorIds } = body;
  const run = {
    rail: body.rail,
    currency,
    asOfSeq: body.asOfSeq ?? last,
    rule: {
      version: RULE_VERSION,
      minimum: Math.max(body.minimum ?? 0, limits.minimum),
      maximum: limits.maximum,
      ...(siteId === undefined ? {} : { siteId }),
      ...(collectorIds === undefined ? {} : { collectorIds }),
    },
  };
  const list = await listOf(deps.pool, deps.keyring, run);
  if (list.total > deps.payouts.runMaximum)
    throw unprocessable(
      'run_above_maximum',
      '/rail',
      `A run pays at most ${deps.payouts.runMaximum} minor units: make it of some sites or people.`,
    );
  return { ...run, list };
};

const runsIn = (db: Reader) => db.withTables<{ payoutRuns: PayoutRun; payoutOrders: PayoutOrder }>();

/** How the orders of these runs stand, by run. */
const standings = async (pool: Queryable, ids: readonly string[]) => {
  const { rows } = await pool.query<{
    runId: string;
    state: PayoutOrder['state'];
    count: number;
    amount: number;
    netted: number;
  }>(
    `SELECT run_id AS "runId", state, count(*)::int8 AS count, sum(amount)::int8 AS amount, sum(netted)::int8 AS netted
     FROM payout_orders WHERE run_id = ANY($1::uuid[]) GROUP BY 1, 2 ORDER BY 1, 2`,
    [[...ids]],
  );
  return (id: string) =>
    rows.filter(({ runId }) => runId === id).map(({ runId: _, ...standing }) => standing);
};

const toView = (
  run: PayoutRun,
  orders: z.input<typeof PayoutRunView>['orders'],
): z.input<typeof PayoutRunView> => {
  const {
    id,
    rail,
    currency,
    asOfSeq,
    rule,
    count,
    total,
    listHash,
    draftedCount,
    draftedTotal,
    state,
    seq,
    lastSeq,
  } = run;
  return {
    ...{ id, rail, currency, asOfSeq, minimum: rule.minimum, siteId: rule.siteId ?? null },
    ...{ count, total, listHash, draftedCount, draftedTotal },
    asAnnounced: run.draftedHash === null ? null : run.draftedHash === listHash,
    ...{ state, orders, seq, lastSeq },
  };
};

export const payoutRunRoutes = (app: FastifyInstance, deps: PayoutDeps): void => {
  const { runs } = deps.payouts;
  readingRoutes(app, deps);
  route(app, {
    method: 'POST',
    url: '/v1/payout-runs',
    operationId: 'openPayoutRun',
    tag,
    summary: {
      en: 'Open a payout run: whom it pays, as of which entry, how much in all',
      zh: '拟定批量付款',
    },
    access: PAYERS,
    body: RunBody,
    response: RunAnswer,
    status: 201,
    errors: {
      409: 'Nobody whom this rail pays is owed enough',
      422: 'The rail is not set up, the entry lies beyond the end, or the run is too large',
    },
    example: { rail: 'wechat', minimum: 1_000 },
    handler: async ({ body, ...from }) => write(deps, runs.open, await prepared(deps, body), from),
  });
  for (const [deed, summary, approve] of [
    ['approve', { en: 'Approve a payout run that another person opened', zh: '批准批量付款' }, true],
    ['reject', { en: 'Reject a payout run', zh: '驳回批量付款' }, false],
  ] as const)
    route(app, {
      method: 'POST',
      url: `/v1/payout-runs/:id/${deed}`,
      operationId: `${deed}PayoutRun`,
      tag,
      summary,
      access: PAYERS,
      params: Params,
      body: RunDecision,
      response: RunAnswer,
      status: 201,
      errors: { 409: 'Its orders are still being made, it was decided, or it has another count or total' },
      example: { count: 214, total: 4_380_000 },
      handler: ({ params, body, ...from }) => {
        const seen = { count: body?.count, total: body?.total };
        return write(deps, runs.decide, { runId: params.id, approve, ...seen }, from, params.id);
      },
    });
  route(app, {
    method: 'POST',
    url: '/v1/payout-runs/:id/submit',
    operationId: 'submitPayoutRun',
    tag,
    summary: { en: 'Let an approved payout run be sent', zh: '提交批量付款' },
    access: PAYERS,
    params: Params,
    response: RunAnswer,
    status: 201,
    errors: { 409: 'Not approved, or submitted already' },
    handler: ({ params, ...from }) => write(deps, runs.submit, { runId: params.id }, from, params.id),
  });
};

const readingRoutes = (app: FastifyInstance, deps: PayoutDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/payout-runs',
    operationId: 'listPayoutRuns',
    tag,
    summary: { en: 'List payout runs', zh: '列出批量付款' },
    access: READERS,
    query: PageQuery.extend({ state: z.enum(RUN_STATES).optional() }),
    response: pageOf(PayoutRunView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await runsIn(deps.db)
        .selectFrom('payoutRuns')
        .selectAll()
        .where('seq', '>', after)
        .$if(query.state !== undefined, (q) => q.where('state', '=', query.state!))
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      const orders = await standings(
        deps.pool,
        rows.map(({ id }) => id),
      );
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => toView(row, orders(row.id)),
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/payout-runs/:id',
    operationId: 'getPayoutRun',
    tag,
    summary: { en: 'Read a payout run and how its orders stand', zh: '读取批量付款' },
    access: READERS,
    params: Params,
    response: PayoutRunView,
    handler: async ({ params: { id } }) => {
      const run = await runsIn(deps.db)
        .selectFrom('payoutRuns')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      if (run === undefined) throw notFound('payout run');
      return toView(run, (await standings(deps.pool, [id]))(id));
    },
  });
};
