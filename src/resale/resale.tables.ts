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
});
