import type { FastifyInstance } from 'fastify';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { findLot } from '../lots/lots.queries.ts';
import type { LotWeighing } from '../lots/weighings.tables.ts';
import { IdParams } from '../registry/registry.schema.ts';
import { MOVERS } from './custody.operations.ts';
import { weighLotOperation } from './re-weighings.operations.ts';
import { WeighingAnswer, WeighingRequest, WeighingView } from './re-weighings.schema.ts';

const tag = 'lots';

export type ReWeighingDeps = WriteDeps & { db: Reader; programme: { operatorId: string } };

export const reWeighingRoutes = (app: FastifyInstance, deps: ReWeighingDeps): void => {
  const weighLot = weighLotOperation(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/lots/:id/weighings',
    operationId: 'weighLot',
    tag,
    summary: {
      en: 'Weigh a lot again; what the scale says is recorded as seen',
      zh: '复称：如实记录秤的读数',
    },
    access: MOVERS,
    params: IdParams,
    body: WeighingRequest,
    response: WeighingAnswer,
    status: 201,
    errors: { 409: 'The lot is on its way', 422: 'A tare above the gross, or a time to come' },
    example: {
      grossGrams: 12_400,
      tareGrams: 600,
      weighedAt: '2026-11-24T06:30:00+08:00',
      reason: '收集员有异议',
    },
    handler: ({ params, body, ...from }) =>
      write(deps, weighLot, { ...body, lotId: params.id }, from, params.id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/lots/:id/weighings',
    operationId: 'listWeighings',
    tag,
    summary: { en: 'List what scales said of a lot again', zh: '列出复称记录' },
    access: ROLES,
    params: IdParams,
    query: PageQuery,
    response: pageOf(WeighingView),
    handler: async ({ params, query, caller, ...http }) => {
      const lot = await findLot(deps.db, caller, params.id);
      if (lot === undefined) throw notFound('lot');
      const { after, limit } = readCursor(query);
      const rows = await deps.db
        .withTables<{ lotWeighings: LotWeighing }>()
        .selectFrom('lotWeighings')
        .selectAll()
        .where('lotId', '=', lot.id)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        ({ lotId: _, siteId: __, organisationId: ___, ...row }) => ({
          ...row,
          measuredGrams: row.grossGrams - row.tareGrams,
        }),
        http,
      );
    },
  });
};
