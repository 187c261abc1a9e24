import type { FastifyInstance } from 'fastify';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { keepingOperations } from './keeping.operations.ts';
import * as keeping from './keeping.schema.ts';
import { SEALERS } from './resale.operations.ts';
import { entriesOf, findBatch, seesMoney, seesTrade } from './resale.queries.ts';
import type { ResaleDeps } from './resale.routes.ts';
import { BatchParams } from './resale.schema.ts';
import { returnOperations } from './returns.operations.ts';
import { saleOperations } from './sales.operations.ts';
import * as schema from './sales.schema.ts';

const tag = 'resale';
const AT = '2026-11-24T06:30:00+08:00';
const fen = (amount: number) => ({ amount, currency: 'CNY' });
const ORGANISATION = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001';

/** Before a sale: unsealing, and keeping a batch for a buyer. */
export const keepingRoutes = (app: FastifyInstance, deps: ResaleDeps): void => {
  const { unsealBatch, reserveBatch, releaseBatch } = keepingOperations(deps.programme);
  const own = { tag, method: 'POST', access: SEALERS, params: BatchParams, status: 201 } as const;
  route(app, {
    ...own,
    url: '/v1/batches/:id/void',
    operationId: 'unsealBatch',
    summary: { en: 'Unseal a batch: its grams go back to where they came from', zh: '解封批次，原数退回' },
    body: keeping.UnsealRequest,
    response: keeping.UnsealAnswer,
    errors: { 409: 'Sold, used, reserved or unsealed already, or a lot it came from moved or is on hold' },
    example: { reason: 'Sealed the wrong lot' },
    handler: ({ body, params, ...from }) =>
      write(deps, unsealBatch, { ...body, batchId: params.id }, from, params.id),
  });
  route(app, {
    ...own,
    url: '/v1/batches/:id/reservation',
    operationId: 'reserveBatch',
    summary: { en: 'Keep a batch for one buyer until a time', zh: '为买方预留批次' },
    body: keeping.ReservationRequest,
    response: keeping.ReservationAnswer,
    errors: {
      409: 'Reserved for another, unsealed, or nothing is left',
      422: 'Unknown buyer, or a time that is past',
    },
    example: { buyerId: ORGANISATION, until: AT },
    handler: ({ body, params, ...from }) =>
      write(deps, reserveBatch, { ...body, batchId: params.id }, from, params.id),
  });
  route(app, {
    ...own,
    url: '/v1/batches/:id/release',
    operationId: 'releaseBatch',
    summary: { en: 'Keep a batch for nobody any more', zh: '取消批次预留' },
    response: keeping.ReleaseAnswer,
    errors: { 409: 'Not reserved, or unsealed' },
    handler: ({ params, ...from }) => write(deps, releaseBatch, { batchId: params.id }, from, params.id),
  });
};

/** From the sale on: handing over, money, and back. */
export const saleRoutes = (app: FastifyInstance, deps: ResaleDeps): void => {
  const { sellBatch, deliverBatch, payBatch, bookCost } = saleOperations(deps.keyring, deps.programme);
  const { returnBatch } = returnOperations(deps.keyring, deps.programme);
  const own = { tag, method: 'POST', access: SEALERS, params: BatchParams, status: 201 } as const;
  route(app, {
    ...own,
    url: '/v1/batches/:id/sale',
    operationId: 'sellBatch',
    summary: { en: 'Sell a batch, or a part of it', zh: '出售批次或其一部分' },
    body: schema.SaleRequest,
    response: schema.SaleAnswer,
    errors: {
      409: 'The grams are gone, elsewhere or on hold, or reserved for another',
      422: 'Unknown buyer, or the seller itself',
    },
    example: { buyerOrganisationId: ORGANISATION, price: { ...fen(1_500), perGrams: 1_000 } },
    handler: ({ body, params, ...from }) =>
      write(deps, sellBatch, { ...body, batchId: params.id }, from, params.id),
  });
  route(app, {
    ...own,
    url: '/v1/batches/:id/deliveries',
    operationId: 'deliverBatch',
    summary: { en: 'Record what was handed over of a sale', zh: '登记交付' },
    body: schema.DeliveryRequest,
    response: schema.DeliveryAnswer,
    errors: { 409: 'More than was sold, not sold, or several sales', 422: 'Unknown sale or site' },
    example: { grams: 3_600_000, deliveredAt: AT },
    handler: ({ body, params, ...from }) =>
      write(deps, deliverBatch, { ...body, batchId: params.id }, from, params.id),
  });
  route(app, {
    ...own,
    url: '/v1/batches/:id/payments',
    operationId: 'payBatch',
    summary: { en: 'Record a payment received for a sale', zh: '登记收款' },
    body: schema.PaymentRequest,
    response: schema.PaymentAnswer,
    errors: {
      409: 'More than is owed, not sold, or several sales',
      422: 'Unknown sale, or another currency',
    },
    example: { amount: fen(6_480_000), receivedAt: AT },
    handler: ({ body, params, ...from }) =>
      write(deps, payBatch, { ...body, batchId: params.id }, from, params.id),
  });
  route(app, {
    ...own,
    url: '/v1/batches/:id/costs',
    operationId: 'bookBatchCost',
    summary: { en: 'Book a cost of a batch', zh: '登记批次成本' },
    body: schema.CostRequest,
    response: schema.CostAnswer,
    errors: { 409: 'Unsealed', 422: 'More money than can be kept' },
    example: { kind: 'processing', amount: fen(5_000_000), incurredAt: AT },
    handler: ({ body, params, ...from }) =>
      write(deps, bookCost, { ...body, batchId: params.id }, from, params.id),
  });
  route(app, {
    ...own,
    url: '/v1/batches/:id/returns',
    operationId: 'returnBatch',
    summary: { en: 'Take sold grams back, weighed again', zh: '登记退货，重新过磅' },
    body: schema.ReturnRequest,
    response: schema.ReturnAnswer,
    errors: {
      409: 'More than the buyer holds, on hold or elsewhere, or more credit than the sale',
      422: 'Unknown sale or site, or another currency',
    },
    example: {
      grams: 1_200_000,
      measuredGrams: 1_188_000,
      siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      creditNote: fen(1_800_000),
      returnedAt: AT,
      reason: 'Too moist',
    },
    handler: ({ body, params, ...from }) =>
      write(deps, returnBatch, { ...body, batchId: params.id }, from, params.id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/batches/:id/entries',
    operationId: 'getBatchEntries',
    tag,
    summary: { en: 'Costs, deliveries, payments and returns of a batch', zh: '批次的成本、交付、收款与退货' },
    access: ROLES,
    params: BatchParams,
    query: PageQuery,
    response: pageOf(schema.EntryView),
    handler: async ({ params, query, caller, ...http }) => {
      const batch = await findBatch(deps.db, caller, params.id, deps.clock());
      if (batch === undefined) throw notFound('batch');
      const { after, limit } = readCursor(query);
      const rows = await entriesOf(deps.db, caller, batch, after, limit);
      // Whoever sees not the whole trade sees only its own sales, money and all.
      const hidesMoney = !seesMoney(caller, batch) && seesTrade(caller, batch);
      const hidden = hidesMoney ? { amount: null, currency: null, note: null } : {};
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => ({ ...row, ...hidden }),
        http,
      );
    },
  });
};
