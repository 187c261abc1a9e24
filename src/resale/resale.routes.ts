import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { resaleOperations, SEALERS } from './resale.operations.ts';
import { findBatch, listBatches } from './resale.queries.ts';
import { BatchAnswer, BatchParams, BatchRequest, BatchView } from './resale.schema.ts';
import type { Batch } from './resale.tables.ts';

const tag = 'resale';

export type ResaleDeps = WriteDeps & { db: Reader; programme: { operatorId: string } };

const toView = ({ lotId, material, form, grams, ...batch }: Batch): z.input<typeof BatchView> => ({
  ...batch,
  lot: { id: lotId, grams, material, form },
});

export const resaleRoutes = (app: FastifyInstance, deps: ResaleDeps): void => {
  const { sealBatch } = resaleOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/batches',
    operationId: 'sealBatch',
    tag,
    summary: { en: 'Seal lots of one kind into a batch for sale', zh: '封装待售批次' },
    access: SEALERS,
    body: BatchRequest,
    response: BatchAnswer,
    status: 201,
    errors: {
      409: 'The grams are gone, elsewhere, or on hold',
      422: 'Unknown site or lot, or lots of several kinds',
    },
    example: {
      siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      inputs: [{ lotId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a004', grams: 7_200_000 }],
    },
    handler: ({ body, ...from }) => write(deps, sealBatch, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/batches/:id',
    operationId: 'getBatch',
    tag,
    summary: { en: 'Read one batch', zh: '查询批次' },
    access: ROLES,
    params: BatchParams,
    response: BatchView,
    handler: async ({ params, caller }) => {
      const batch = await findBatch(deps.db, caller, params.id);
      if (batch === undefined) throw notFound('batch');
      return toView(batch);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/batches',
    operationId: 'listBatches',
    tag,
    summary: { en: 'List batches', zh: '列出批次' },
    access: ROLES,
    query: PageQuery,
    response: pageOf(BatchView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listBatches(deps.db, caller, after, limit);
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
};
