import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { confirmedInside } from '../http/prepared.ts';
import { Receipt, route, write } from '../http/route.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { type Clock, dayIn, instant } from '../kernel/time.ts';
import { Currency, Day, Id } from '../kernel/values.ts';
import { bankFile } from '../rails/bank.ts';
import { CASH_POLICY, cashPage } from '../rails/cash.page.ts';
import { findById } from '../registry/registry.queries.ts';
import { MAX_LIST_LINES } from './lists.facts.ts';
import { linesOfOrders, readyFor } from './lists.queries.ts';
import { PAPER_RAILS, type PayoutList } from './lists.tables.ts';
import { PAYERS } from './orders.operations.ts';
import { ordersWhere } from './payouts.queries.ts';
import type { PayoutDeps } from './runs.routes.ts';

const tag = 'payouts';
const Params = z.object({ id: Id });
const URL = '/v1/payout-lists';

const Fen = z.int().min(0).meta({ description: 'Minor units, such as fen.' });
const ListRequest = z.strictObject({
  id: Id.optional(),
  rail: z.enum(PAPER_RAILS),
  currency: Currency.optional().meta({ description: "The programme's unless said." }),
  runId: Id.optional().meta({ description: 'Only orders of this run.' }),
  siteId: Id.optional().meta({ description: 'Only people of this site; a cash list is of one site.' }),
  orderIds: z.array(Id).min(1).max(MAX_LIST_LINES).optional(),
  day: Day.optional().meta({ description: 'When it is paid out; today unless said.' }),
});
const LeftOut = z.object({ orderId: Id, code: z.string() });
const ListAnswer = z.object({
  id: Id,
  number: z.string().meta({ description: 'Printed on it; the statement of the bank should bear it.' }),
  count: z.int(),
  total: Fen,
  leftOut: z.array(LeftOut).meta({ description: 'Orders that stay approved, and why they are not on it.' }),
  receipt: Receipt,
});
const ListView = z
  .object({
    id: Id,
    rail: z.enum(PAPER_RAILS),
    currency: Currency,
    number: z.string(),
    runId: Id.nullable(),
    siteId: Id.nullable(),
    day: z.string(),
    count: z.int(),
    total: Fen,
    fileSha256: z.string().nullable(),
    madeAt: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'PayoutList' });
const ListDetail = ListView.extend({ orderIds: z.array(Id) }).meta({ id: 'PayoutListDetail' });

const toView = ({ orders: _, maker: __, lastSeq: ___, madeAt, ...list }: PayoutList) => ({
  ...list,
  madeAt: instant(madeAt),
});

export type ListDeps = PayoutDeps & {
  pool: pg.Pool;
  clock: Clock;
  programme: { currency: string; timeZone: string };
};

const listsIn = ({ db }: ListDeps) => db.withTables<{ payoutLists: PayoutList }>();

/** The list in a path. @throws 404 */
export const findList = async (deps: ListDeps, id: string): Promise<PayoutList> => {
  const list = await listsIn(deps)
    .selectFrom('payoutLists')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (list === undefined) throw notFound('payout list');
  return list;
};

export const payoutListRoutes = (app: FastifyInstance, deps: ListDeps): void => {
  makingRoute(app, deps);
  readingRoutes(app, deps);
  route(app, {
    method: 'GET',
    url: `${URL}/:id/file`,
    operationId: 'downloadPayoutList',
    tag,
    summary: {
      en: 'The file for the bank, or the cash list to print and to sign, in both languages',
      zh: '下载银行代发文件或打印现金签领单',
    },
    access: PAYERS,
    params: Params,
    produces: ['text/csv', 'text/html'],
    response: z.string(),
    errors: { 409: 'Somebody on it was erased since, or it would not be the file that was handed out' },
    handler: async ({ params, reply }) => fileOf(deps, await findList(deps, params.id), reply),
  });
};

const fileOf = async (
  deps: ListDeps,
  list: PayoutList,
  reply: { header(name: string, value: string): unknown },
): Promise<string> => {
  const found = await ordersWhere(deps.pool, 'o.id = ANY($1::uuid[])', [list.orders], MAX_LIST_LINES);
  const byId = new Map(found.map((order) => [order.id, order]));
  const lines = await linesOfOrders(
    deps.pool,
    deps.keyring,
    list.orders.map((id) => byId.get(id)!),
  );
  const whole = lines.filter((line) => line !== null);
  if (whole.length < lines.length)
    throw conflict(
      'collector_erased',
      'Somebody on this list was erased since: use the copy that was handed out.',
    );
  if (list.rail === 'cash') {
    void reply.header('content-type', 'text/html; charset=utf-8');
    void reply.header('content-security-policy', CASH_POLICY);
    const site = await findById(deps.db, 'sites', list.siteId!);
    return cashPage({ number: list.number, site: site?.name ?? list.siteId!, day: list.day, lines: whole });
  }
  const { bytes, sha256: hash } = bankFile(whole);
  if (hash !== list.fileSha256)
    throw conflict('file_differs', 'This would not be the file that was handed out: use that copy.');
  void reply.header('content-type', 'text/csv; charset=utf-8');
  void reply.header('content-disposition', `attachment; filename="${list.number}.csv"`);
  return bytes.toString('utf8');
};

const makingRoute = (app: FastifyInstance, deps: ListDeps): void =>
  route(app, {
    method: 'POST',
    url: URL,
    operationId: 'sendPayoutList',
    tag,
    summary: {
      en: 'Hand submitted orders out as a file for the bank or as a cash list; from then on they count as sent',
      zh: '生成银行代发文件或现金签领单',
    },
    access: PAYERS,
    body: ListRequest,
    response: ListAnswer,
    status: 201,
    errors: { 409: 'No submitted order may go out', 422: 'A cash list without a site' },
    example: { rail: 'bank', runId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001' },
    handler: ({ body, ...from }) =>
      confirmedInside(async () => {
        const { id: _, currency = deps.programme.currency, orderIds, ...scope } = body;
        if (scope.rail === 'cash' && scope.siteId === undefined)
          throw unprocessable('site_missing', '/siteId', 'Say at which site the cash is paid out.');
        const now = deps.clock();
        const ready = await readyFor(deps.pool, deps.keyring, { ...scope, currency, orderIds }, now);
        const day = scope.day ?? dayIn(deps.programme.timeZone, now);
        const isFile = scope.rail === 'bank' && ready.lines.length > 0;
        const file = isFile ? { fileSha256: bankFile(ready.lines).sha256 } : {};
        const orders = ready.orders.map(({ id, lastSeq, amount }) => ({ id, lastSeq, amount }));
        const input = { ...scope, currency, day, orders, ...file, leftOut: ready.leftOut };
        const answer = await write(deps, deps.payouts.lists.send, input, from);
        return { ...answer, leftOut: ready.leftOut };
      }),
  });

const readingRoutes = (app: FastifyInstance, deps: ListDeps): void => {
  const access = [...PAYERS, 'auditor'] as const;
  route(app, {
    method: 'GET',
    url: URL,
    operationId: 'listPayoutLists',
    tag,
    summary: { en: 'List what went out to the bank and as cash lists', zh: '列出付款清单' },
    access,
    query: PageQuery,
    response: pageOf(ListView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listsIn(deps)
        .selectFrom('payoutLists')
        .selectAll()
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
  route(app, {
    method: 'GET',
    url: `${URL}/:id`,
    operationId: 'getPayoutList',
    tag,
    summary: { en: 'Read what went out together', zh: '读取付款清单' },
    access,
    params: Params,
    response: ListDetail,
    handler: async ({ params }) => {
      const list = await findList(deps, params.id);
      return { ...toView(list), orderIds: list.orders };
    },
  });
};
