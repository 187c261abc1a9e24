import { z } from 'zod';
import { ContainerUses } from '../containers/containers.schema.ts';
import { Receipt } from '../http/route.ts';
import { Id, note } from '../kernel/values.ts';
import { LotRequest, MAX_INPUTS } from '../lots/lots.ts';
import { SaleView } from './sales.schema.ts';

export const BatchParams = z.object({ id: Id });

export const BatchRequest = z
  .strictObject({
    id: Id.optional(),
    siteId: Id.optional().meta({ description: 'Where its inputs lie; that of the first unless said.' }),
    inputs: z.array(LotRequest).min(1).max(MAX_INPUTS).optional(),
    containers: ContainerUses,
    note: note(2_000).optional(),
  })
  .refine((b) => (b.inputs ?? b.containers) !== undefined, {
    path: ['inputs'],
    message: 'name inputs, or containers',
  });
export type BatchRequest = z.infer<typeof BatchRequest>;

const BatchLot = z.object({ id: Id, grams: z.int(), material: z.string(), form: z.string() });
const code = z.string().meta({ description: '16 characters of Crockford base 32, to stand on the goods.' });

export const BatchAnswer = z
  .object({ id: Id, code, lot: BatchLot, receipt: Receipt })
  .meta({ id: 'BatchSealed' });

const batchFields = { id: Id, siteId: Id, code, lot: BatchLot, state: z.string(), seq: z.int() };

export const BatchView = z.object(batchFields).meta({ id: 'Batch' });

export const BatchDetail = z
  .object({
    ...batchFields,
    sales: z.array(SaleView).meta({ description: 'A buyer sees its own.' }),
    reservation: z
      .object({ buyerId: Id, until: z.string() })
      .nullable()
      .meta({ description: 'To the two it concerns, and those who check.' }),
    costs: z
      .array(z.object({ currency: z.string(), amount: z.int() }))
      .nullable()
      .meta({ description: 'To the seller, operator and auditor only.' }),
  })
  .meta({ id: 'BatchDetail' });
