import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Grams, Id, note, Time, TotalGrams, text } from '../kernel/values.ts';
import { PollutantStockMaterial } from '../kernel/vocabulary.ts';
import { LoadMillilitres } from './declarations.schema.ts';
import { ItemView } from './receptions.schema.ts';

/** What to take from the stock: all there is, unless grams are said. */
export const TakeRequest = z.strictObject({
  material: PollutantStockMaterial,
  grams: TotalGrams.min(1).optional().meta({ description: 'All that stands there unless said.' }),
});

export const TransferRequest = z.strictObject({
  id: Id.optional(),
  fromSiteId: Id,
  toSiteId: Id,
  items: z.array(TakeRequest).min(1).max(10),
  manifest: text(120).optional().meta({ description: 'Number of the waste manifest.' }),
  carrier: text(200).optional(),
  vehicle: text(80).optional(),
  dispatchedAt: Time,
  note: note(2_000).optional(),
});
export type TransferRequest = z.infer<typeof TransferRequest>;

export const ArrivalRequest = z.strictObject({
  id: Id.optional(),
  items: z
    .array(
      z.strictObject({
        material: PollutantStockMaterial,
        grams: Grams.optional(),
        millilitres: LoadMillilitres.optional(),
        gramsPerLitre: z.int().min(100).max(20_000).optional(),
      }),
    )
    .min(1)
    .max(10)
    .meta({ description: 'Each material that was sent, as measured; 0 grams where nothing came.' }),
  arrivedAt: Time,
  note: note(2_000).optional(),
});
export type ArrivalRequest = z.infer<typeof ArrivalRequest>;

export const Taken = z
  .object({ material: z.string(), grams: z.int(), millilitres: z.int() })
  .meta({ id: 'TakenPollutant' });
export const TransferAnswer = z
  .object({ id: Id, state: z.string(), items: z.array(Taken), receipt: Receipt })
  .meta({ id: 'PollutantsSent' });
export const ArrivalAnswer = z
  .object({
    id: Id,
    state: z.string(),
    items: z.array(
      ItemView.extend({ bookedGrams: z.int(), lostGrams: z.int(), surplusGrams: z.int() }).meta({
        id: 'ArrivedPollutant',
      }),
    ),
    caseId: Id.optional().meta({
      description: 'Where something is further from what was sent than the tolerance.',
    }),
    receipt: Receipt,
  })
  .meta({ id: 'PollutantsArrived' });

export const TransferView = z
  .object({
    id: Id,
    fromSiteId: Id,
    toSiteId: Id,
    state: z.enum(['on-the-way', 'arrived']),
    items: z.array(
      Taken.extend({
        arrivedGrams: z.int().nullable(),
        lostGrams: z.int().nullable(),
        surplusGrams: z.int().nullable(),
      }).meta({ id: 'TransferredPollutant' }),
    ),
    manifest: z.string().nullable(),
    carrier: z.string().nullable(),
    vehicle: z.string().nullable(),
    dispatchedAt: z.string(),
    arrivedAt: z.string().nullable(),
    note: z.string().nullable(),
    seq: z.int(),
    lastSeq: z.int(),
  })
  .meta({ id: 'PollutantTransfer' });
