import { table } from '../db/table.ts';

/** Things made of a batch: so many units, each with so many grams of it. */
export type Product = {
  id: string;
  seq: number;
  lastSeq: number;
  organisationId: string;
  batchId: string;
  /** The sale whose grams are in it; null where the owner of the batch made it. */
  saleId: string | null;
  lotId: string;
  units: number;
  unitMassGrams: number;
  contentGrams: number;
  market: string;
  name: string | null;
  state: 'made' | 'voided';
};
export const products = table<Product>('products', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  batchId: 'uuid',
  saleId: 'uuid',
  lotId: 'uuid',
  units: 'int8',
  unitMassGrams: 'int8',
  contentGrams: 'int8',
  market: 'text',
  name: 'text',
  state: 'text',
});
