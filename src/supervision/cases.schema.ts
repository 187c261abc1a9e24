import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note } from '../kernel/values.ts';
import { LossKind } from '../kernel/vocabulary.ts';

export const CaseParams = z.object({ id: Id });

export const DecisionRequest = z
  .strictObject({
    outcome: z.enum(['explained', 'loss', 'released', 'upheld', 'rejected']).meta({
      description:
        'explained: corrections made up for it; loss: the missing grams are gone; released: the lots are free, what is still missing is unexplained. A dispute is upheld or rejected.',
    }),
    lossKind: LossKind.optional().meta({
      description: 'What the missing grams are; unexplained unless said.',
    }),
    note: note(2_000).optional(),
  })
  .refine((d) => d.lossKind === undefined || d.outcome === 'loss', {
    path: ['lossKind'],
    message: 'goes with the outcome loss only; released grams are unexplained',
  });
export type DecisionRequest = z.infer<typeof DecisionRequest>;

export const DecisionAnswer = z
  .object({
    id: Id,
    state: z.enum(['proposed', 'decided']),
    outcome: z.string(),
    lossKind: z.string(),
    lossGrams: z.int().nullable().meta({ description: 'Grams written off; null until decided.' }),
    lots: z.array(z.object({ lotId: Id, grams: z.int() })),
    receipt: Receipt,
  })
  .meta({ id: 'CaseDecision' });

export const CaseView = z
  .object({
    id: Id,
    kind: z.string(),
    subjectId: Id.meta({
      description:
        'The shipment, the lot of the weigh-in, the transfer of pollutants, or for an anomaly the site it is about.',
    }),
    state: z.string(),
    grams: z.int().meta({ description: 'Grams that were missing, or too many.' }),
    measuredGrams: z.int(),
    lotIds: z.array(Id).meta({ description: 'The lots it holds until decided.' }),
    proposal: z
      .object({
        outcome: z.string(),
        lossKind: z.string(),
        note: z.string().nullable(),
        organisationId: Id,
        holder: z.string(),
      })
      .nullable(),
    lossGrams: z.int().nullable(),
    seq: z.int(),
    dueAt: z.string().nullable().meta({ description: 'By when it must be decided, where a rule says so.' }),
    overdue: z.boolean(),
    dispute: z
      .object({ collectionId: Id, about: z.string() })
      .nullable()
      .meta({ description: 'The weigh-in in dispute; see GET /v1/collections/{id}/disputes.' }),
  })
  .meta({ id: 'Case' });
