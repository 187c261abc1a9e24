import { table } from '../db/table.ts';

/** One kind of material as it was counted, in grams. */
export type CountedItem = {
  material: string;
  form: string;
  bookedGrams: number;
  countedGrams: number;
  shortageGrams: number;
  surplusGrams: number;
  surplusLotId?: string;
};

/** A count of stock 盘点. */
export type StockCount = {
  id: string;
  seq: number;
  lastSeq: number;
  organisationId: string;
  siteId: string;
  cutOffAt: string;
  items: CountedItem[];
};
export const stockCounts = table<StockCount>('stock_counts', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  cutOffAt: 'text',
  items: 'json',
});
