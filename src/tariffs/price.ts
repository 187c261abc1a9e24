import { z } from 'zod';
import { Currency, MAX_INTEGER } from '../kernel/values.ts';

/** A price as a slip shows it: minor units for so many grams, or for a piece. */
export const Price = z
  .strictObject({
    amount: z.int().min(0).max(MAX_INTEGER),
    currency: Currency,
    perGrams: z.int().min(1).max(1_000_000_000).optional(),
    perPiece: z.int().min(1).max(1_000_000).optional(),
  })
  .refine(
    (p) => (p.perGrams === undefined) !== (p.perPiece === undefined),
    'name either perGrams or perPiece',
  )
  .meta({ id: 'Price', description: 'Minor units for `perGrams` grams or for `perPiece` pieces.' });
export type Price = z.infer<typeof Price>;
