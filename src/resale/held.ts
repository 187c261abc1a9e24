import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import type { Caller } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import type { Lot } from '../lots/lots.tables.ts';
import type { LotUse } from '../lots/lots.ts';
import { mayReach } from '../registry/access.ts';
import { organisations } from '../registry/registry.tables.ts';
import { type Batch, batches } from './resale.tables.ts';
import { batchBuyers, batchSales, buyerKey, type Sale } from './sales.tables.ts';

/** The caller's own batch, as the path names it. 404 for an unknown or another's; 409 `already_unsealed`. */
export const ownBatch = (world: World, caller: Caller, id: string): Batch => {
  const batch = world.get(batches, id);
  if (batch === undefined || !mayReach(caller, batch.organisationId, batch.siteId)) throw notFound('batch');
  if (batch.state === 'unsealed')
    throw conflict('already_unsealed', 'This batch was unsealed; its grams are in the lots they came from.', {
      batchId: id,
      seq: batch.lastSeq,
    });
  return batch;
};

/** For whom the batch is kept at `now`, in milliseconds; null when for nobody. */
export const reservedFor = (batch: Batch, now: number): string | null =>
  batch.reservedUntil !== null && batch.reservedUntil > now ? batch.reservedFor : null;

/** 409 `reserved` while the batch is kept for somebody else than `buyerId`. */
export const checkReservation = (batch: Batch, now: number, buyerId: string | null): void => {
  const keptFor = reservedFor(batch, now);
  if (keptFor !== null && keptFor !== buyerId)
    throw conflict('reserved', 'This batch is reserved for another; release it first, or wait.', {
      batchId: batch.id,
      seq: batch.lastSeq,
      until: new Date(batch.reservedUntil!).toISOString(),
    });
};

/** An active organisation that may buy the batch. 422 `unknown_organisation`, `own_organisation`. */
export const checkBuyer = (world: World, batch: Batch, buyerId: string, pointer: string): void => {
  if (world.get(organisations, buyerId)?.state !== 'active')
    throw unprocessable(
      'unknown_organisation',
      pointer,
      'no such organisation; register it with POST /v1/organisations first',
    );
  if (buyerId === batch.organisationId)
    throw unprocessable('own_organisation', pointer, 'owns the batch already; name another organisation');
};

/** The sale named, else the only one. 422 `unknown_sale`; 409 `not_sold`, `sale_needed` where there are several. */
export const saleOf = (world: World, batch: Batch, saleId: string | undefined): Sale => {
  if (saleId !== undefined) return namedSale(world, batch, saleId);
  return onlySale(world, batch.id, batch.sales, batch.lastSaleId);
};

/** The same of the sales to one buyer. */
export const saleTo = (world: World, batch: Batch, buyerId: string, saleId: string | undefined): Sale => {
  if (saleId !== undefined) {
    const sale = namedSale(world, batch, saleId);
    if (sale.buyerId !== buyerId) throw unknownSale();
    return sale;
  }
  const bought = world.get(batchBuyers, buyerKey(batch.id, buyerId));
  return onlySale(world, batch.id, bought?.sales ?? 0, bought?.lastSaleId ?? null);
};

const unknownSale = () =>
  unprocessable('unknown_sale', '/saleId', 'no such sale of this batch; GET /v1/batches/{id} lists them');

export const namedSale = (world: World, batch: Batch, saleId: string): Sale => {
  const sale = world.get(batchSales, saleId);
  if (sale === undefined || sale.batchId !== batch.id) throw unknownSale();
  if (sale.state === 'voided')
    throw conflict('already_voided', 'This sale was voided.', { saleId, seq: sale.lastSeq });
  return sale;
};

/** The only sale there is. 409 `not_sold`, or `sale_needed` where it cannot be told which is meant. */
export const onlySale = (world: World, batchId: string, sales: number, lastSaleId: string | null): Sale => {
  if (sales === 0) throw conflict('not_sold', 'Nothing of this batch was sold yet.', { batchId });
  if (sales > 1 || lastSaleId === null)
    throw conflict('sale_needed', 'There were several sales; say saleId of the one you mean.', {
      batchId,
      sales,
    });
  return world.get(batchSales, lastSaleId)!;
};

/** All of a lot unless grams are said, while it is the owner's and stands still. 409 `not_here`, `on_hold`, `grams_gone`. */
export const useOf = (lot: Lot, ownerId: string, grams: number = lot.grams): LotUse => {
  const state = { lotId: lot.id, grams: lot.grams, siteId: lot.siteId, seq: lot.lastSeq };
  if (lot.organisationId !== ownerId)
    throw conflict('not_here', 'These grams went to another organisation since.', state);
  if (lot.shipmentId !== null) throw conflict('not_here', 'These grams travel; receive them first.', state);
  if (lot.heldBy !== null)
    throw conflict('on_hold', 'These grams are on hold until their case is decided.', {
      ...state,
      caseId: lot.heldBy,
    });
  if (grams === 0 || grams > lot.grams)
    throw conflict('grams_gone', `${lot.grams} g are left, ${grams} g are wanted.`, state);
  return { lotId: lot.id, seq: lot.lastSeq, grams };
};
