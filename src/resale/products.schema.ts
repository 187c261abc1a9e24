import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, MAX_INTEGER, text } from '../kernel/values.ts';

const Count = z.int().min(1).max(MAX_INTEGER);

export const ProductRequest = z.strictObject({
  id: Id.optional(),
  batchId: Id,
  saleId: Id.optional().meta({ description: 'The only sale of the batch to you unless said.' }),
  units: Count,
  unitMassGrams: Count,
  contentGrams: Count.meta({ description: 'Grams of the batch in one unit.' }),
  market: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as CN')
    .meta({ description: 'Where it is sold: ISO 3166-1 alpha-2, or EU.' }),
  name: text(200).optional(),
});
export type ProductRequest = z.infer<typeof ProductRequest>;

export const ProductAnswer = z
  .object({ id: Id, grams: z.int(), lotId: Id, receipt: Receipt })
  .meta({ id: 'ProductMade' });

export const ProductView = z
  .object({
    id: Id,
    organisationId: Id,
    batchId: Id,
    saleId: Id.nullable(),
    lotId: Id,
    units: z.int(),
    unitMassGrams: z.int(),
    contentGrams: z.int(),
    market: z.string(),
    name: z.string().nullable(),
    state: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'Product' });
