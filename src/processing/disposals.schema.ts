import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, Time, TotalGrams, text } from '../kernel/values.ts';
import { ExitWay } from '../kernel/vocabulary.ts';
import { LotRequest, MAX_INPUTS } from '../lots/lots.ts';

export const DisposalRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id,
  way: ExitWay.optional().meta({ description: 'Disposal unless said.' }),
  lots: z.array(LotRequest).min(1).max(MAX_INPUTS),
  manifest: text(120).optional().meta({ description: 'Number of the waste manifest; a disposal needs it.' }),
  wasteCode: text(40).optional().meta({ description: 'A disposal needs it.' }),
  receiver: z
    .strictObject({ name: text(200), licence: text(120).optional() })
    .optional()
    .meta({ description: 'A disposal needs it, with its licence.' }),
  vehicle: text(80).optional(),
  disposedAt: Time,
  measuredGrams: TotalGrams.optional().meta({ description: 'What the receiver’s scale said.' }),
  note: note(2_000).optional(),
});
export type DisposalRequest = z.infer<typeof DisposalRequest>;

const LotGrams = z.array(z.object({ lotId: Id, grams: z.int() }));

export const DisposalAnswer = z
  .object({
    id: Id,
    way: z.string(),
    grams: z.int().meta({ description: 'Booked grams that left.' }),
    measuredGrams: z.int().nullable(),
    lots: LotGrams,
    receipt: Receipt,
  })
  .meta({ id: 'Disposed' });

export const DisposalView = z
  .object({
    id: Id,
    siteId: Id,
    way: z.string(),
    day: z.string(),
    lots: LotGrams,
    grams: z.int(),
    measuredGrams: z.int().nullable(),
    manifest: z.string().nullable(),
    wasteCode: z.string().nullable(),
    receiver: z.object({ name: z.string(), licence: z.string().optional() }).nullable(),
    vehicle: z.string().nullable(),
    disposedAt: z.string(),
    note: z.string().nullable(),
    state: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'Disposal' });
