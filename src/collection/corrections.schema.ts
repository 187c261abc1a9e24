import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Grams, Id, Money, note, PositiveGrams } from '../kernel/values.ts';
import { OriginClass } from '../kernel/vocabulary.ts';
import { Deduction, ORIGIN_EVIDENCE } from './collection.schema.ts';

export const CorrectionRequest = z
  .strictObject({
    id: Id.optional(),
    grossGrams: PositiveGrams.optional(),
    tareGrams: Grams.optional(),
    count: z.int().min(1).max(1_000_000).optional(),
    deductions: z.array(Deduction).max(10).optional(),
    originClass: OriginClass.optional(),
    originEvidence: z.enum(ORIGIN_EVIDENCE).optional(),
    reason: note(2_000),
    disputeId: Id.optional().meta({ description: 'The dispute that was upheld, where this mends it.' }),
    weighingId: Id.optional().meta({ description: 'The second weighing of its lot that showed it.' }),
  })
  .refine(
    ({ id: _, reason: __, disputeId: ___, weighingId: ____, ...changes }) => Object.keys(changes).length > 0,
    'name at least one of grossGrams, tareGrams, count, deductions, originClass, originEvidence',
  );
export type CorrectionRequest = z.infer<typeof CorrectionRequest>;

export const VoidRequest = z.strictObject({ id: Id.optional(), reason: note(2_000) });
export type VoidRequest = z.infer<typeof VoidRequest>;

export const CorrectionAnswer = z
  .object({
    id: Id.meta({ description: 'The weigh-in.' }),
    lot: z.object({ id: Id, grams: z.int(), claimableGrams: z.int() }),
    payGrams: z.int(),
    earning: Money.optional(),
    deficitGrams: z.int().meta({ description: 'Grams that were drawn on and never were there.' }),
    surplusLotId: Id.optional(),
    caseId: Id.optional(),
    receipt: Receipt,
  })
  .meta({ id: 'Correction' });

export const VoidAnswer = z
  .object({
    id: Id,
    lot: z.object({ id: Id, loweredGrams: z.int() }),
    payGrams: z.literal(0),
    receipt: Receipt,
  })
  .meta({ id: 'CollectionVoid' });
