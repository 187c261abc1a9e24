import { table } from '../db/table.ts';

/** Lots sealed into one for sale, under a code that stands on the goods. */
export type Batch = {
  id: string;
  seq: number;
  lastSeq: number;
  organisationId: string;
  siteId: string;
  code: string;
  lotId: string;
  material: string;
  form: string;
  grams: number;
  state: 'sealed' | 'unsealed';
  /** What was taken from which lot, to be given back when it is unsealed. */
  inputs: { lotId: string; grams: number }[];
  /** How many sales there were, and the last of them. */
  sales: number;
  lastSaleId: string | null;
  soldGrams: number;
  /** For whom it is kept, and until when in milliseconds; past it the reservation is void. */
  reservedFor: string | null;
  reservedUntil: number | null;
  /** Minor units booked so far, by currency. */
  costs: Record<string, number>;
};
export const batches = table<Batch>('batches', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  code: 'text',
  lotId: 'uuid',
  material: 'text',
  form: 'text',
  grams: 'int8',
  state: 'text',
  inputs: 'json',
  sales: 'int4',
  lastSaleId: 'uuid',
  soldGrams: 'int8',
  reservedFor: 'uuid',
  reservedUntil: 'int8',
  costs: 'json',
});
