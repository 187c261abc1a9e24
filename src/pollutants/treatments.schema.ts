import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, PositiveGrams, Time, text } from '../kernel/values.ts';
import { LossKind, PollutantStockMaterial, TreatmentMethod } from '../kernel/vocabulary.ts';
import { LoadMillilitres } from './declarations.schema.ts';
import { Taken, TakeRequest } from './transfers.schema.ts';

export const TreatmentRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id,
  method: TreatmentMethod,
  items: z.array(TakeRequest).min(1).max(10),
  residues: z
    .array(
      z.strictObject({
        material: PollutantStockMaterial,
        grams: PositiveGrams,
        millilitres: LoadMillilitres.optional(),
      }),
    )
    .max(10)
    .optional()
    .meta({ description: 'What stays at the site, as stock of its own; only where the site itself treats.' }),
  plant: z
    .strictObject({ name: text(200), licence: text(120).optional() })
    .optional()
    .meta({ description: 'Who took it over, with its licence; without one the site treats it itself.' }),
  manifest: text(120)
    .optional()
    .meta({ description: 'Number of the waste manifest; a plant elsewhere needs it.' }),
  wasteCode: text(40).optional().meta({ description: 'A plant elsewhere needs it.' }),
  treatedAt: Time,
  note: note(2_000).optional(),
});
export type TreatmentRequest = z.infer<typeof TreatmentRequest>;

const treated = {
  id: Id,
  method: z.string(),
  items: z.array(Taken),
  residues: z.array(Taken),
  closedGrams: z.int().meta({ description: 'Done with: what was taken without the residues.' }),
  marks: z.array(z.string()),
};
export const TreatmentAnswer = z.object({ ...treated, receipt: Receipt }).meta({ id: 'PollutantsTreated' });
export const TreatmentView = z
  .object({
    ...treated,
    siteId: Id,
    day: z.string(),
    grams: z.int(),
    plant: z.object({ name: z.string().optional(), licence: z.string() }),
    manifest: z.string().nullable(),
    wasteCode: z.string().nullable(),
    treatedAt: z.string(),
    note: z.string().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'PollutantTreatment' });

export const LossRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id,
  kind: LossKind,
  items: z.array(TakeRequest).min(1).max(10),
  reference: text(200).optional().meta({ description: 'Of a report, such as to the port authority.' }),
  happenedAt: Time,
  note: note(2_000).optional(),
});
export type LossRequest = z.infer<typeof LossRequest>;
export const LossAnswer = z
  .object({ id: Id, kind: z.string(), items: z.array(Taken), receipt: Receipt })
  .meta({ id: 'PollutantsLost' });
export const LossView = z
  .object({
    id: Id,
    siteId: Id,
    day: z.string(),
    kind: z.string(),
    items: z.array(Taken),
    grams: z.int(),
    reference: z.string().nullable(),
    happenedAt: z.string(),
    note: z.string().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'PollutantLoss' });
