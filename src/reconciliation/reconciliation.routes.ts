import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { writeBatch } from '../http/batch.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { VOCABULARY } from '../http/vocabulary.ts';
import { DomainError, notFound, unprocessable } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { RECONCILIATION_REASONS } from '../kernel/vocabulary.ts';
import { readFactsAt } from '../ledger/store.ts';
import { expectAnother, PAYERS } from '../payouts/orders.operations.ts';
import { ordersWhere } from '../payouts/payouts.queries.ts';
import type { PayoutAttempt } from '../payouts/payouts.tables.ts';
import { PROGRAMME } from '../registry/access.ts';
import { missingId } from './lines.operations.ts';
import {
  meansAccount,
  movedBy,
  openItems,
  prepareLines,
  suspenseNow,
  unspokenOf,
} from './reconciliation.queries.ts';
import * as schema from './reconciliation.schema.ts';
import type { ReconciliationItem, StatementLine } from './reconciliation.tables.ts';
import type { ToldRouteDeps } from './told.routes.ts';
import { recordOnce, settleWaiting } from './told.ts';

const tag = 'reconciliation';
const Params = z.object({ id: Id });
const READERS = [...PAYERS, 'auditor'] as const;
const BATCH_BODY_LIMIT = 4 * 1024 * 1024;
const DAY_MS = 86_400_000;

const tablesIn = ({ db }: ToldRouteDeps) =>
  db.withTables<{
    reconciliationItems: ReconciliationItem;
    statementLines: StatementLine;
    payoutAttempts: PayoutAttempt;
  }>();

const daysSince = (deps: ToldRouteDeps, ms: number): number =>
  Math.max(0, Math.floor((deps.clock() - ms) / DAY_MS));

const nameOf = (reason: ReconciliationItem['reason']) => {
  const { en, zh } = VOCABULARY.reconciliationReason[reason]!;
  return { en, zh };
};

export const reconciliationRoutes = (app: FastifyInstance, deps: ToldRouteDeps): void => {
  importRoutes(app, deps);
  readingRoutes(app, deps);
  decidingRoutes(app, deps);
};

const EXAMPLE = {
  id: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a00b',
  source: 'bank',
  rail: 'bank',
  serial: '20261125000123',
  day: '2026-11-25',
  kind: 'paid',
  amount: { amount: -60_006, currency: 'CNY' },
  reference: 'DF20261124-0a1b2c3d4e',
};

const importRoutes = (app: FastifyInstance, deps: ToldRouteDeps): void => {
  const { lines } = deps;
  route(app, {
    method: 'POST',
    url: '/v1/statement-lines/batch',
    operationId: 'importStatementLines',
    tag,
    summary: {
      en: 'Import up to 1,000 lines of a statement of a rail or of the bank, any number of times',
      zh: '导入支付渠道或银行对账单明细（可重复导入）',
    },
    access: PAYERS,
    body: z.array(z.unknown()).min(1).max(schema.MAX_LINES),
    documentedBody: z.array(schema.LineRequest).min(1).max(schema.MAX_LINES),
    response: z.object({ items: z.array(schema.LineItem) }),
    bodyLimit: BATCH_BODY_LIMIT,
    example: [EXAMPLE],
    handler: async ({ body, ...from }) => {
      const input = ({ amount: { amount, currency }, ...line }: schema.LineRequest) => ({
        ...line,
        amount,
        currency,
      });
      const read = body.flatMap((item) => {
        const parsed = schema.LineRequest.safeParse(item);
        return parsed.success ? [input(parsed.data)] : [];
      });
      const found = await prepareLines(deps.pool, deps.keyring, deps.programme, read);
      const prepared = new Map(read.map(({ id }, i) => [id, found[i]]));
      const upload = {
        operation: lines.record,
        schema: schema.LineRequest.transform((line) => {
          const { id, ...more } = input(line);
          const known = prepared.get(id);
          return { ...more, ...(known === undefined ? {} : { prepared: known }) };
        }),
        maxItems: schema.MAX_LINES,
      };
      return { items: (await writeBatch(deps, upload as never, body, from)) as never };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/rail-statements',
    operationId: 'completeStatement',
    tag,
    summary: {
      en: 'Say that all lines of these days were imported: payments that none of them speaks of go into the queue',
      zh: '对账单导入完毕，查找缺失的付款',
    },
    access: PAYERS,
    body: schema.StatementRequest,
    response: schema.StatementAnswer,
    status: 201,
    errors: { 409: 'The id was used for something else', 422: 'Days in the wrong order' },
    example: { source: 'bank', rail: 'bank', from: '2026-11-24', to: '2026-11-25' },
    handler: async ({ body, ...from }) => {
      const { id: _, from: fromDay, to: toDay, currency = deps.programme.currency, ...more } = body;
      if (fromDay > toDay) throw unprocessable('days_reversed', '/to', 'Write the later day here.');
      const statement = { ...more, currency, fromDay, toDay };
      const answer = await write(deps, lines.complete, statement, from);
      let missing = 0;
      for await (const { orderId, reference, day } of unspokenOf(
        deps.pool,
        statement,
        deps.programme.timeZone,
      ))
        if (await miss(deps, { orderId, source: more.source, day }, reference)) missing++;
      return { ...answer, missing, settled: await settleWaiting(deps, null) };
    },
  });
};

/** Opens the item of a payment nobody states; says whether it is new. One that was closed stays closed. */
const miss = async (
  deps: ToldRouteDeps,
  input: { orderId: string; source: 'rail' | 'bank'; day: string },
  reference: string,
): Promise<boolean> => {
  const id = missingId(deps.keyring, input.source, reference);
  const key = { id, fingerprint: deps.keyring.fingerprint(`missing ${id}`) };
  try {
    return !(await deps.door.record(deps.lines.miss, input, PROGRAMME, key)).replayed;
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== 'conflict') throw error;
    return false;
  }
};

const itemView = (deps: ToldRouteDeps, { lastSeq: _, openedAt, ...item }: ReconciliationItem) => ({
  ...item,
  name: nameOf(item.reason),
  openedAt: instant(openedAt),
  ageDays: daysSince(deps, openedAt),
});

const readingRoutes = (app: FastifyInstance, deps: ToldRouteDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/reconciliation',
    operationId: 'getReconciliation',
    tag,
    summary: {
      en: 'What waits in the queue, and what stands in suspense, with its age',
      zh: '对账差异与待核对款项账龄',
    },
    access: READERS,
    response: schema.SummaryView,
    handler: async () => {
      const open = await openItems(deps.pool);
      const suspense = await suspenseNow(deps.pool);
      const seqs = suspense.flatMap(({ sinceSeq }) => (sinceSeq === null ? [] : [sinceSeq]));
      const facts = await readFactsAt(deps.pool, sha256, deps.keyring, seqs);
      return {
        open: open.map(({ openedAt, reason, ...sums }) => ({
          ...sums,
          reason: reason as ReconciliationItem['reason'],
          name: nameOf(reason as ReconciliationItem['reason']),
          oldestDays: daysSince(deps, openedAt),
        })),
        suspense: suspense.map(({ currency, balance, sinceSeq }) => ({
          ...{ currency, balance, sinceSeq },
          ofItems: open
            .filter((one) => one.currency === currency)
            .reduce((sum, one) => sum + one.suspense, 0),
          ageDays: sinceSeq === null ? 0 : daysSince(deps, facts.get(sinceSeq)!.fact.at),
        })),
      };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/reconciliation/items',
    operationId: 'listReconciliationItems',
    tag,
    summary: { en: 'List what does not fit', zh: '列出对账差异' },
    access: READERS,
    query: PageQuery.extend({
      state: z.enum(['open', 'proposed', 'closed']).optional(),
      reason: z.enum(RECONCILIATION_REASONS).optional(),
    }),
    response: pageOf(schema.ItemView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await tablesIn(deps)
        .selectFrom('reconciliationItems')
        .selectAll()
        .where('seq', '>', after)
        .$if(query.state !== undefined, (q) => q.where('state', '=', query.state!))
        .$if(query.reason !== undefined, (q) => q.where('reason', '=', query.reason!))
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => itemView(deps, row),
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/statement-lines',
    operationId: 'listStatementLines',
    tag,
    summary: { en: 'List imported lines of statements', zh: '列出已导入的对账单明细' },
    access: READERS,
    query: PageQuery,
    response: pageOf(schema.LineView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await tablesIn(deps)
        .selectFrom('statementLines')
        .selectAll()
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => row,
        http,
      );
    },
  });
  matchRoute(app, deps);
};

const matchRoute = (app: FastifyInstance, deps: ToldRouteDeps): void =>
  route(app, {
    method: 'GET',
    url: '/v1/payout-orders/:id/match',
    operationId: 'matchPayoutOrder',
    tag,
    summary: { en: 'An order beside what the rail and the bank say of it', zh: '付款单三方核对' },
    access: READERS,
    params: Params,
    response: schema.MatchView,
    handler: async ({ params: { id } }) => {
      const [order] = await ordersWhere(deps.pool, 'o.id = $1', [id], 1);
      if (order === undefined) throw notFound('payout order');
      const attempt = await tablesIn(deps)
        .selectFrom('payoutAttempts')
        .selectAll()
        .where('reference', '=', order.reference ?? '')
        .executeTakeFirst();
      const { rows: lists } = await deps.pool.query<{ id: string }>(
        "SELECT line_id AS id FROM statement_keys WHERE key = 'order bank paid ' || $1",
        [order.reference ?? ''],
      );
      const lines = await tablesIn(deps)
        .selectFrom('statementLines')
        .selectAll()
        .where((eb) =>
          eb.or([
            eb('orderId', '=', id),
            ...(lists.length === 0
              ? []
              : [
                  eb(
                    'id',
                    'in',
                    lists.map((one) => one.id),
                  ),
                ]),
          ]),
        )
        .orderBy('seq')
        .execute();
      const items = await tablesIn(deps)
        .selectFrom('reconciliationItems')
        .select('id')
        .where('orderId', '=', id)
        .where('state', '<>', 'closed')
        .orderBy('seq')
        .execute();
      const told = attempt?.steps.findLast(({ outcome }) => outcome !== undefined)?.outcome?.kind ?? null;
      const { state, amount, currency, reference } = order;
      return {
        ...{ orderId: id, state, amount, currency, reference },
        rail: { told, lines: lines.filter(({ source }) => source !== 'bank') },
        bank: { lines: lines.filter(({ source }) => source === 'bank') },
        items: items.map((item) => item.id),
      };
    },
  });

const decidingRoutes = (app: FastifyInstance, deps: ToldRouteDeps): void => {
  const { items } = deps;
  const itemOf = async (id: string): Promise<ReconciliationItem> => {
    const item = await tablesIn(deps)
      .selectFrom('reconciliationItems')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (item === undefined) throw notFound('reconciliation item');
    return item;
  };
  route(app, {
    method: 'GET',
    url: '/v1/reconciliation/items/:id',
    operationId: 'getReconciliationItem',
    tag,
    summary: { en: 'Read what does not fit', zh: '读取对账差异' },
    access: READERS,
    params: Params,
    response: schema.ItemView,
    handler: async ({ params }) => itemView(deps, await itemOf(params.id)),
  });
  route(app, {
    method: 'POST',
    url: '/v1/reconciliation/items/:id/decisions',
    operationId: 'decideReconciliationItem',
    tag,
    summary: {
      en: 'Say what an item was: where money moves, the first call proposes and the same by another person decides',
      zh: '处理对账差异（涉及资金的须第二人同意）',
    },
    access: PAYERS,
    params: Params,
    body: schema.DecisionRequest,
    response: schema.ItemAnswer,
    status: 201,
    errors: { 409: 'Closed, or it does not fit the reason', 422: 'It does not say all it needs' },
    example: { as: 'to-account', to: 'capital', reason: '十一月拨款' },
    handler: async ({ params, body: { id: _, ...resolution }, ...from }) => {
      const item = await itemOf(params.id);
      const { bookedSeq } = resolution;
      const booked =
        bookedSeq === undefined
          ? undefined
          : await movedBy(deps.pool, meansAccount(deps.keyring, item, deps.programme), bookedSeq);
      const seconds = item.proposal?.as === 'accept-return' && resolution.as === 'accept-return';
      if (seconds && item.state === 'proposed') await returnOrder(deps, item, from.caller);
      return write(deps, items.decide, { itemId: params.id, ...resolution, booked }, from, params.id);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/reconciliation/items/:id/recheck',
    operationId: 'recheckReconciliationItem',
    tag,
    summary: { en: 'Look again whether what a rail told since settles an item', zh: '复核对账差异' },
    access: PAYERS,
    params: Params,
    response: schema.ItemAnswer,
    status: 201,
    errors: { 409: 'Nothing has changed' },
    handler: ({ params, ...from }) => write(deps, items.recheck, { itemId: params.id }, from, params.id),
  });
};

/** What two people accept as come back is owed again: recorded once, before the item closes. */
const returnOrder = async (
  deps: ToldRouteDeps,
  { id, orderId, proposal }: ReconciliationItem,
  caller: Parameters<typeof expectAnother>[1],
): Promise<void> => {
  expectAnother(proposal!.by, caller);
  const [order] = await ordersWhere(deps.pool, 'o.id = $1', [orderId], 1);
  if (order?.state !== 'paid') return;
  const outcome = { kind: 'returned' as const, code: 'by_statement' };
  const input = { orderId: order.id, reference: order.reference!, did: 'notification' as const, outcome };
  await recordOnce(deps, deps.payouts.orders.answer, input, PROGRAMME, `return ${id}`);
};
