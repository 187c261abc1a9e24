import type { FastifyInstance } from 'fastify';
import type { Reader } from '../db/reader.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { Voided, VoidRequest } from '../http/voiding.ts';
import { sha256 } from '../kernel/hash.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { MOVERS } from './custody.operations.ts';
import { ShipmentParams } from './custody.schema.ts';
import type { Shipment } from './custody.tables.ts';
import { receiptVoidOperation } from './receipt-voids.operations.ts';

export type ReceiptVoidDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  keyring: Keyring;
  programme: { timeZone: string; operatorId: string };
};

/** The last receipt of a shipment that stands. It never changes, so it may be read before the door. */
const lastReceipt = async (
  { db, pool, keyring }: ReceiptVoidDeps,
  id: string,
): Promise<AnyFact | undefined> => {
  const row = await db
    .withTables<{ shipments: Shipment }>()
    .selectFrom('shipments')
    .select('receiptSeq')
    .where('id', '=', id)
    .executeTakeFirst();
  const seq = row?.receiptSeq ?? null;
  return seq === null ? undefined : (await readFactsAt(pool, sha256, keyring, [seq])).get(seq)?.fact;
};

export const receiptVoidRoutes = (app: FastifyInstance, deps: ReceiptVoidDeps): void => {
  const operation = receiptVoidOperation(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/shipments/:id/receipt/void',
    operationId: 'voidReceipt',
    tag: 'custody',
    summary: { en: 'Void the last receipt of a shipment', zh: '作废最近一次签收' },
    access: MOVERS,
    params: ShipmentParams,
    body: VoidRequest,
    response: Voided,
    status: 201,
    errors: { 409: 'What arrived was used since, its case was decided, or nothing was received' },
    example: { reason: '少打了一个零' },
    handler: async ({ params: { id: shipmentId }, body: { reason }, ...from }) => {
      const receipt = await lastReceipt(deps, shipmentId);
      return write(deps, operation, { shipmentId, reason, receipt }, from, shipmentId);
    },
  });
};
