import { journal, table } from '../db/table.ts';

export type SalePrice = { amount: number; currency: string; perGrams: number };

/** Grams of a batch that were sold to one buyer at one price, and what became of them and of the money. */
export type Sale = {
  id: string;
  seq: number;
  lastSeq: number;
  batchId: string;
  buyerId: string;
  /** The lot of the buyer that holds the sold grams. */
  lotId: string;
  grams: number;
  deliveredGrams: number;
  returnedGrams: number;
  productGrams: number;
  price: SalePrice;
  currency: string;
  /** Minor units. Owed are total − credited − received. */
  total: number;
  received: number;
  credited: number;
  contract: string | null;
  /** Where the lot of the batch stood when the grams were sold from it. */
  fromSiteId: string | null;
  /** Where the lot of the buyer came to stand when all was delivered. */
  toSiteId: string | null;
  state: 'sold' | 'voided';
};
export const batchSales = table<Sale>('batch_sales', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  batchId: 'uuid',
  buyerId: 'uuid',
  lotId: 'uuid',
  grams: 'int8',
  deliveredGrams: 'int8',
  returnedGrams: 'int8',
  productGrams: 'int8',
  price: 'json',
  currency: 'text',
  total: 'int8',
  received: 'int8',
  credited: 'int8',
  contract: 'text',
  fromSiteId: 'uuid',
  toSiteId: 'uuid',
  state: 'text',
});

/** How often a batch was sold to one buyer, and the last time; null where that sale was voided. */
export type BatchBuyer = { id: string; sales: number; lastSaleId: string | null };
export const batchBuyers = table<BatchBuyer>('batch_buyers', 'id', {
  id: 'text',
  sales: 'int4',
  lastSaleId: 'uuid',
});
export const buyerKey = (batchId: string, buyerId: string): string => `${batchId} ${buyerId}`;

/** A cost, delivery, payment or return of a batch: one row a fact. */
export type BatchEntry = {
  seq: number;
  batchId: string;
  saleId: string | null;
  kind: 'cost' | 'delivery' | 'payment' | 'return';
  costKind: string | null;
  grams: number | null;
  amount: number | null;
  currency: string | null;
  /** As it was sent. */
  at: string;
  siteId: string | null;
  note: string | null;
  /** The entry this one counters. */
  voids: number | null;
};
export const batchEntries = journal<BatchEntry>('batch_entries', {
  seq: 'int8',
  batchId: 'uuid',
  saleId: 'uuid',
  kind: 'text',
  costKind: 'text',
  grams: 'int8',
  amount: 'int8',
  currency: 'text',
  at: 'text',
  siteId: 'uuid',
  note: 'text',
  voids: 'int8',
});

/** An entry that was countered, under `<batch> <entry>`, and the fact that did. */
export type BatchEntryVoid = { id: string; seq: number };
export const batchEntryVoids = table<BatchEntryVoid>('batch_entry_voids', 'id', { id: 'text', seq: 'int8' });
export const entryKey = (batchId: string, entrySeq: number): string => `${batchId} ${entrySeq}`;

/** A row of `batch_entries` of which only what the fact says is named. */
export const batchEntry = (
  entry: Pick<BatchEntry, 'seq' | 'batchId' | 'kind' | 'at'> & {
    [F in keyof BatchEntry]?: BatchEntry[F] | undefined;
  },
): BatchEntry => ({
  seq: entry.seq,
  batchId: entry.batchId,
  saleId: entry.saleId ?? null,
  kind: entry.kind,
  costKind: entry.costKind ?? null,
  grams: entry.grams ?? null,
  amount: entry.amount ?? null,
  currency: entry.currency ?? null,
  at: entry.at,
  siteId: entry.siteId ?? null,
  note: entry.note ?? null,
  voids: entry.voids ?? null,
});
