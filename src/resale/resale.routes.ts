import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { Caller } from '../ledger/fact.ts';
import { reservedFor } from './held.ts';
import { resaleOperations, SEALERS } from './resale.operations.ts';
import { findBatch, listBatches, salesOf, seesMoney, seesTrade } from './resale.queries.ts';
import { BatchAnswer, BatchDetail, BatchParams, BatchRequest, BatchView } from './resale.schema.ts';
import type { Batch } from './resale.tables.ts';
import { outstandingOf } from './sales.operations.ts';
import type { Sale } from './sales.tables.ts';

const tag = 'resale';

export type ResaleDeps = WriteDeps & { db: Reader; clock: Clock; programme: { operatorId: string } };

const toView = (batch: Batch): z.input<typeof BatchView> => {
  const { id, siteId, code, state, seq, lotId, material, form, grams } = batch;
  return { id, siteId, code, state, seq, lot: { id: lotId, grams, material, form } };
};

/** A sale, its money only to those who trade, the operator and the auditor. */
const toSale = (caller: Caller, batch: Batch, sale: Sale): z.input<typeof BatchDetail>['sales'][number] => {
  const { id, seq, buyerId, lotId, grams, deliveredGrams, returnedGrams, productGrams, state } = sale;
  const { price, currency, total, received, credited, contract } = sale;
  const showsMoney = seesMoney(caller, batch) || buyerId === caller.organisationId;
  return {
    ...{ id, seq, buyerId, lotId, grams, deliveredGrams, returnedGrams, productGrams, state },
    money: showsMoney
      ? { price, currency, total, received, credited, outstanding: outstandingOf(sale), contract }
      : null,
  };
};

const toDetail = (caller: Caller, batch: Batch, sales: readonly Sale[], now: number) => {
  const buyerId = reservedFor(batch, now);
  const showsReservation =
    buyerId !== null && (seesTrade(caller, batch) || buyerId === caller.organisationId);
  const costs = Object.entries(batch.costs).map(([currency, amount]) => ({ currency, amount }));
  return {
    ...toView(batch),
    sales: sales.map((sale) => toSale(caller, batch, sale)),
    reservation: showsReservation ? { buyerId, until: instant(batch.reservedUntil!) } : null,
    costs: seesMoney(caller, batch) ? costs : null,
  };
};

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
    summary: { en: 'Read one batch and its sales', zh: '查询批次及其销售' },
    access: ROLES,
    params: BatchParams,
    response: BatchDetail,
    handler: async ({ params, caller }) => {
      const now = deps.clock();
      const batch = await findBatch(deps.db, caller, params.id, now);
      if (batch === undefined) throw notFound('batch');
      return toDetail(caller, batch, await salesOf(deps.db, caller, batch), now);
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
      const rows = await listBatches(deps.db, caller, after, limit, deps.clock());
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
};
