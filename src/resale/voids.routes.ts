import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Receipt, route, write } from '../http/route.ts';
import { Voided, VoidRequest, voidRoute } from '../http/voiding.ts';
import { sha256 } from '../kernel/hash.ts';
import { Id, Seq } from '../kernel/values.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { entryVoidOperation } from './entry-voids.ts';
import { MAKERS } from './products.operations.ts';
import { SEALERS } from './resale.operations.ts';
import { findEntry } from './resale.queries.ts';
import type { ResaleDeps } from './resale.routes.ts';
import { BatchParams } from './resale.schema.ts';
import { returnVoidOperation } from './return-voids.ts';
import { resaleVoidOperations } from './voids.operations.ts';

const SaleVoidRequest = VoidRequest.extend({
  saleId: Id.optional().meta({ description: 'The only sale of the batch unless said.' }),
});

const SaleVoided = Voided.extend({ id: Id.meta({ description: 'Of the sale.' }) }).meta({ id: 'SaleVoided' });

const EntryVoidRequest = VoidRequest.extend({
  entrySeq: Seq.meta({ description: 'The `seq` of the entry, as `GET /v1/batches/{id}/entries` lists it.' }),
});

const EntryVoided = z
  .object({ batchId: Id, entrySeq: z.int(), kind: z.string(), receipt: Receipt })
  .meta({ id: 'BatchEntryVoided' });

export type ResaleVoidDeps = ResaleDeps & { pool: Queryable; keyring: Keyring };

/** Undoing what was entered by mistake, from the sale on. */
export const resaleVoidRoutes = (app: FastifyInstance, deps: ResaleVoidDeps): void => {
  const voidEntry = entryVoidOperation(deps.keyring, deps.programme);
  const voidReturn = returnVoidOperation(deps.keyring, deps.programme);
  const { voidSale, voidProduct } = resaleVoidOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/batches/:id/sale/void',
    operationId: 'voidSale',
    tag: 'resale',
    summary: { en: 'Void a sale of which nothing was delivered or paid', zh: '作废尚未交付、未付款的销售' },
    access: SEALERS,
    params: BatchParams,
    body: SaleVoidRequest,
    response: SaleVoided,
    status: 201,
    errors: {
      409: 'Delivered, paid, used or voided already, not sold, several sales, or the lot of the batch has moved',
      422: 'Unknown sale',
    },
    example: { reason: '买方录错' },
    handler: ({ params, body, ...from }) => {
      const { saleId, reason } = body;
      return write(deps, voidSale, { batchId: params.id, saleId, reason }, from, params.id);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/batches/:id/entries/void',
    operationId: 'voidBatchEntry',
    tag: 'resale',
    summary: {
      en: 'Void a cost, delivery, payment or return entered by mistake',
      zh: '作废录错的成本、交付、收款或退货',
    },
    access: SEALERS,
    params: BatchParams,
    body: EntryVoidRequest,
    response: EntryVoided,
    status: 201,
    errors: {
      409: 'Voided already, used or moved since, or a case of it was decided',
      422: 'Unknown entry, or one that voids another',
    },
    example: { entrySeq: 1_234, reason: '金额录错' },
    handler: async ({ body, params, ...from }) => {
      const { entrySeq, reason } = body;
      const entry = await findEntry(deps.db, entrySeq);
      if (entry?.kind === 'return' && entry.voids === null && entry.batchId === params.id) {
        const returned = (await readFactsAt(deps.pool, sha256, deps.keyring, [entrySeq])).get(entrySeq)!.fact;
        return write(deps, voidReturn, { batchId: params.id, reason, returned }, from, params.id);
      }
      return write(deps, voidEntry, { batchId: params.id, entrySeq, reason, entry }, from, params.id);
    },
  });
  voidRoute(app, deps, {
    url: '/v1/products/:id/void',
    operationId: 'voidProduct',
    tag: 'resale',
    summary: { en: 'Void products entered by mistake', zh: '作废录错的产品' },
    access: MAKERS,
    operation: voidProduct,
    conflict:
      'The product was used or moved, or what it was made of has moved or is on hold, or voided already',
  });
};
