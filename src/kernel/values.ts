import { z } from 'zod';
import { UUID } from './ids.ts';

/** The largest whole number that JSON can carry everywhere, 2^53 − 1. */
export const MAX_INTEGER = Number.MAX_SAFE_INTEGER;
/** One weighing: ten thousand tonnes. Beyond it a unit was mistaken. */
export const MAX_WEIGHING_GRAMS = 10_000_000_000;

export const Id = z
  .string()
  .regex(UUID, 'must be a UUID in lower case, such as 0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001')
  .meta({ format: 'uuid' });

const CONTROL = /\p{Cc}/u;
const CONTROL_IN_NOTE = /(?![\n\t])\p{Cc}/u;

/** Text as sent: well-formed Unicode without control characters, never normalised. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((s) => s.isWellFormed(), 'must be well-formed Unicode (a lone surrogate was found)')
    .refine((s) => !CONTROL.test(s), 'must not contain control characters');

/** As `text`, with line breaks and tabs. */
export const note = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((s) => s.isWellFormed(), 'must be well-formed Unicode (a lone surrogate was found)')
    .refine(
      (s) => !CONTROL_IN_NOTE.test(s),
      'must not contain control characters other than line break and tab',
    );

export const Grams = z.int().min(0).max(MAX_WEIGHING_GRAMS).meta({ description: 'Grams, a whole number.' });
export const PositiveGrams = Grams.min(1);
/** Grams of many weighings together. */
export const TotalGrams = z.int().min(0).max(MAX_INTEGER).meta({ description: 'Grams, a whole number.' });

export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as CNY');
export const Money = z
  .strictObject({ amount: z.int().min(-MAX_INTEGER).max(MAX_INTEGER), currency: Currency })
  .meta({ description: 'Minor units (fen for CNY) of one currency.' });

/** RFC 3339 with an offset; kept as sent. */
export const Time = z.iso
  .datetime({
    offset: true,
    error: 'must be an RFC 3339 time with offset, such as 2026-11-24T06:30:00+08:00',
  })
  .max(40);

export const Day = z.iso.date();

export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

export const Position = z.strictObject({
  latE7: z.int().min(-900_000_000).max(900_000_000).meta({ description: 'Degrees north × 10^7.' }),
  lonE7: z.int().min(-1_800_000_000).max(1_800_000_000).meta({ description: 'Degrees east × 10^7.' }),
  accuracyM: z.int().min(0).max(1_000_000).optional(),
  method: z.enum(['gps', 'track', 'declared']).optional(),
  datum: z.enum(['wgs84', 'gcj02']).optional(),
});
export type Position = z.infer<typeof Position>;

/** A square of 0.05 degrees, `[⌊latE7/500000⌋, ⌊lonE7/500000⌋]`, WGS-84. */
export const Cell = z.tuple([z.int(), z.int()]);
export type Cell = z.infer<typeof Cell>;

export const Seq = z.int().min(0).max(MAX_INTEGER).meta({ description: 'Position in the ledger.' });

/** A whole number of a query string or path: decimal digits and nothing else. */
export const queryInteger = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value),
    z.int('must be a whole number in decimal digits').min(min).max(max),
  );
