import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { confirmedInside } from '../http/prepared.ts';
import { readingRoutes } from '../http/reading.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { Id, MAX_INTEGER } from '../kernel/values.ts';
import { CASHIERS, floatOperations, KEEPERS } from './floats.operations.ts';
import {
  daysOverCap,
  type FloatRow,
  findFloat,
  listFloats,
  movedSince,
  movementsOf,
} from './floats.queries.ts';
import {
  CashCountAnswer,
  CashCountRequest,
  CashFloatView,
  CashMovementView,
  CashPaymentAnswer,
  CashPaymentRequest,
  FloatAnswer,
  FloatCapAnswer,
  FloatCapRequest,
  FloatMovementRequest,
  FloatRequest,
} from './floats.schema.ts';

const tag = 'cash';
const Params = z.object({ id: Id });
const READERS = [...KEEPERS, 'auditor', 'regulator'] as const;

export type FloatDeps = WriteDeps & {
  db: Reader;
  clock: Clock;
  programme: { operatorId: string; timeZone: string };
};

export const floatRoutes = (app: FastifyInstance, deps: FloatDeps): void => {
  const operations = floatOperations(deps.keyring, deps.programme);
  const amount = { amount: 200_000, currency: 'CNY' };
  route(app, {
    method: 'POST',
    url: '/v1/cash-floats',
    operationId: 'openCashFloat',
    tag,
    summary: { en: 'Give a station its cash float', zh: '向站点拨付备用金' },
    access: CASHIERS,
    body: FloatRequest,
    response: FloatAnswer,
    status: 201,
    errors: { 409: 'The site has a float, or the bank has less than that', 422: 'Unknown site' },
    example: { siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002', amount },
    handler: ({ body, ...from }) => write(deps, operations.openFloat, body, from),
  });
  route(app, {
    method: 'POST',
    url: '/v1/cash-floats/:id/movements',
    operationId: 'moveCashFloat',
    tag,
    summary: { en: 'Put cash into a float, or take some out', zh: '备用金补充或交回' },
    access: CASHIERS,
    params: Params,
    body: FloatMovementRequest,
    response: FloatAnswer,
    status: 201,
    errors: { 409: 'There is less than that', 422: 'Another currency' },
    example: { amount, from: 'bank' },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.moveFloat, { ...body, floatId: params.id }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/cash-floats/:id/cap',
    operationId: 'capCashFloat',
    tag,
    summary: { en: 'Set what one person may be paid in cash on one day', zh: '设定每人每日现金限额' },
    access: CASHIERS,
    params: Params,
    body: FloatCapRequest,
    response: FloatCapAnswer,
    status: 201,
    errors: { 422: 'Another currency' },
    example: { personDayCap: { amount: 50_000, currency: 'CNY' } },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.capFloat, { ...body, floatId: params.id }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/cash-floats/:id/counts',
    operationId: 'countCashFloat',
    tag,
    summary: { en: 'Count the cash of a float at the end of a shift', zh: '交班盘点备用金' },
    access: KEEPERS,
    params: Params,
    body: CashCountRequest,
    response: CashCountAnswer,
    status: 201,
    errors: { 409: 'The float moved meanwhile; send it again', 422: 'Another currency, or in the future' },
    example: { counted: { amount: 191_270, currency: 'CNY' }, shift: '早班' },
    handler: ({ params, body, ...from }) =>
      confirmedInside(async () => {
        const at = body.countedAt === undefined ? deps.clock() : Date.parse(body.countedAt);
        const since = await movedSince(deps.db, params.id, at);
        return write(deps, operations.countFloat, { ...body, floatId: params.id, since }, from, params.id);
      }),
  });
  route(app, {
    method: 'POST',
    url: '/v1/cash-floats/:id/payments',
    operationId: 'payFromCashFloat',
    tag,
    summary: { en: 'Pay a collector in cash what is owed', zh: '以备用金现金支付应付款' },
    access: KEEPERS,
    params: Params,
    body: CashPaymentRequest,
    response: CashPaymentAnswer,
    status: 201,
    errors: { 409: 'The id was used with another content', 422: 'Unknown collector, another currency' },
    example: {
      collectorId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a003',
      amount: { amount: 8_230, currency: 'CNY' },
      paidAt: '2026-11-24T06:30:00+08:00',
      slip: '000127',
    },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.payFromFloat, { ...body, floatId: params.id }, from, params.id),
  });
  readingRoutes(app, {
    url: '/v1/cash-floats',
    tag,
    access: READERS,
    one: {
      operationId: 'getCashFloat',
      summary: { en: 'Read a cash float', zh: '查询备用金' },
      noun: 'cash float',
      find: async (caller, id) => {
        const float = await findFloat(deps.db, caller, id);
        return float === undefined ? undefined : { ...float, overCap: await daysOverCap(deps.db, id) };
      },
    },
    all: {
      operationId: 'listCashFloats',
      summary: { en: 'List cash floats', zh: '列出备用金' },
      list: async (caller, after, limit) =>
        (await listFloats(deps.db, caller, after, limit)).map((float) => ({ ...float, overCap: [] })),
    },
    view: CashFloatView,
    toView: (float: FloatRow & { overCap: { day: string; paid: number }[] }) => {
      const { organisationId: _, lastSeq: __, counts, ...shown } = float;
      return {
        ...shown,
        counts: counts.map((count) => ({ ...count, countedAt: instant(count.countedAt) })),
      };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/cash-floats/:id/movements',
    operationId: 'listCashMovements',
    tag,
    summary: { en: 'The cash book of a float', zh: '备用金流水' },
    access: READERS,
    params: Params,
    query: PageQuery,
    response: pageOf(CashMovementView),
    handler: async ({ params, query, caller, ...http }) => {
      if ((await findFloat(deps.db, caller, params.id)) === undefined) throw notFound('cash float');
      const { after, limit } = readCursor(query);
      const rows = await movementsOf(
        deps.db,
        params.id,
        after < 0 ? MAX_INTEGER : MAX_INTEGER - after,
        limit,
      );
      return toPage(
        rows,
        limit,
        (row) => MAX_INTEGER - row.seq,
        ({ seq, at, kind, delta }) => ({ seq, at: instant(at), kind, delta }),
        http,
      );
    },
  });
};
