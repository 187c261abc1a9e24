import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, Time } from '../kernel/values.ts';

export const UnsealRequest = z.strictObject({ id: Id.optional(), reason: note(2_000) });
export type UnsealRequest = z.infer<typeof UnsealRequest>;

export const UnsealAnswer = z
  .object({
    id: Id,
    state: z.literal('unsealed'),
    lots: z.array(z.object({ lotId: Id, grams: z.int() })).meta({ description: 'What each lot got back.' }),
    receipt: Receipt,
  })
  .meta({ id: 'BatchUnsealed' });

export const ReservationRequest = z.strictObject({
  id: Id.optional(),
  buyerId: Id.meta({ description: 'The organisation it is kept for.' }),
  until: Time,
});
export type ReservationRequest = z.infer<typeof ReservationRequest>;

export const ReservationAnswer = z
  .object({ id: Id, buyerId: Id, until: z.string(), receipt: Receipt })
  .meta({ id: 'BatchReserved' });

export const ReleaseAnswer = z.object({ id: Id, receipt: Receipt }).meta({ id: 'BatchReleased' });
