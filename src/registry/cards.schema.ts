import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id } from '../kernel/values.ts';
import { isCardNumber } from './cards.ts';

export const Pin = z
  .string()
  .regex(/^\d{4,6}$/, 'must be 4 to 6 digits')
  .meta({ description: '4 to 6 digits. Kept as a hash only.' });
export const CardNumber = z
  .string()
  .refine(isCardNumber, 'must be the 16 digits of a card; one may have been typed wrongly')
  .meta({ description: '16 digits, as shown when the card was issued.', pattern: '^[0-9]{16}$' });

export const CardRequest = z.strictObject({ id: Id.optional(), pin: Pin });

export const CardAnswer = z
  .object({
    id: Id.nullable().meta({ description: 'The collector; null when erased since.' }),
    cardNumber: z.string().nullable().meta({ description: 'Shown once; null when the answer is repeated.' }),
    receipt: Receipt,
  })
  .meta({ id: 'CardIssued' });

export const CardView = z
  .object({
    state: z.enum(['none', 'active', 'blocked']),
    lockedUntil: z.string().nullable().meta({ description: 'An hour after the fifth wrong PIN.' }),
    seq: z.int().nullable(),
  })
  .meta({ id: 'Card' });
