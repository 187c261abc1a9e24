import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Grams, Id, note, PositiveGrams, Time } from '../kernel/values.ts';

export const WeighingRequest = z.strictObject({
  id: Id.optional(),
  grossGrams: PositiveGrams,
  tareGrams: Grams,
  deviceId: Id.optional(),
  weighedAt: Time,
  reason: note(2_000).optional(),
});
export type WeighingRequest = z.infer<typeof WeighingRequest>;

export const WeighingAnswer = z
  .object({
    id: Id,
    lotId: Id,
    measuredGrams: z.int(),
    bookedGrams: z.int(),
    differenceGrams: z.int().meta({ description: 'Measured less booked.' }),
    toleranceGrams: z.int(),
    caseId: Id.optional().meta({ description: 'Opened for a difference beyond the tolerance.' }),
    onHold: z.boolean(),
    receipt: Receipt,
  })
  .meta({ id: 'Weighing' });

export const WeighingView = z
  .object({
    id: Id,
    grossGrams: z.int(),
    tareGrams: z.int(),
    measuredGrams: z.int(),
    bookedGrams: z.int().meta({ description: 'What the lot held by the books when it was weighed.' }),
    toleranceGrams: z.int(),
    caseId: Id.nullable(),
    weighedAt: z.string(),
    deviceId: Id.nullable(),
    reason: z.string().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'WeighingView' });
