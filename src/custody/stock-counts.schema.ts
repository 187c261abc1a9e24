import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, Time, TotalGrams } from '../kernel/values.ts';
import { Form, Material } from '../kernel/vocabulary.ts';

export const StockCountRequest = z
  .strictObject({
    id: Id.optional(),
    cutOffAt: Time.meta({ description: 'The moment the count speaks of.' }),
    deviceId: Id.optional().meta({ description: 'The scale it was weighed on.' }),
    items: z
      .array(z.strictObject({ material: Material, form: Form, countedGrams: TotalGrams }))
      .min(1)
      .max(100)
      .meta({
        description:
          'Kinds that were counted; a kind left out was not counted. Lots on hold, batches and sealed containers are not counted.',
      }),
    note: note(2_000).optional(),
  })
  .refine(
    ({ items }) => new Set(items.map(({ material, form }) => `${material} ${form}`)).size === items.length,
    { path: ['items'], message: 'name each material and form once' },
  );
export type StockCountRequest = z.infer<typeof StockCountRequest>;

const Item = z.object({
  material: z.string(),
  form: z.string(),
  bookedGrams: z.int(),
  countedGrams: z.int(),
  shortageGrams: z.int().meta({ description: '盘亏: written off over the lots of the kind.' }),
  surplusGrams: z.int().meta({ description: '盘盈: a lot of origin none, never claimable, never paid.' }),
  surplusLotId: Id.optional(),
});

export const StockCountAnswer = z
  .object({ id: Id, asOfSeq: z.int(), items: z.array(Item), receipt: Receipt })
  .meta({ id: 'StockCounted' });

export const StockCountView = z
  .object({ id: Id, siteId: Id, cutOffAt: z.string(), items: z.array(Item), seq: z.int() })
  .meta({ id: 'StockCount' });
