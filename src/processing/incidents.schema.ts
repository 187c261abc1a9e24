import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, Time, text } from '../kernel/values.ts';
import { IncidentKind } from '../kernel/vocabulary.ts';
import { LotRequest, MAX_INPUTS } from '../lots/lots.ts';

export const IncidentRequest = z
  .strictObject({
    id: Id.optional(),
    siteId: Id.optional().meta({ description: 'Where it happened; else shipmentId.' }),
    shipmentId: Id.optional().meta({ description: 'The load it happened to; else siteId.' }),
    kind: IncidentKind,
    lots: z.array(LotRequest).min(1).max(MAX_INPUTS),
    reference: text(200).meta({ description: 'Number of the police, fire brigade or insurer.' }),
    happenedAt: Time,
    note: note(2_000).optional(),
  })
  .refine((i) => (i.siteId === undefined) !== (i.shipmentId === undefined), {
    path: ['siteId'],
    message: 'name either siteId or shipmentId',
  });
export type IncidentRequest = z.infer<typeof IncidentRequest>;

const LotGrams = z.array(z.object({ lotId: Id, grams: z.int() }));

export const IncidentAnswer = z
  .object({
    id: Id,
    kind: z.string(),
    grams: z.int().meta({ description: 'Grams lost.' }),
    lots: LotGrams,
    receipt: Receipt,
  })
  .meta({ id: 'IncidentReported' });

export const IncidentView = z
  .object({
    id: Id,
    siteId: Id.nullable(),
    shipmentId: Id.nullable(),
    kind: z.string(),
    day: z.string(),
    lots: LotGrams,
    grams: z.int(),
    reference: z.string(),
    happenedAt: z.string(),
    note: z.string().nullable(),
    state: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'Incident' });
