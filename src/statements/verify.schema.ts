import { z } from 'zod';
import { Id } from '../kernel/values.ts';
import { VERDICTS } from './checking.ts';
import { STATEMENT_STATES } from './statements.tables.ts';

/** What became of stated grams in claims; null where none was made. All in grams. */
export const ClaimSums = z.object({
  reservedGrams: z.int(),
  tradableGrams: z.int(),
  frozenGrams: z.int(),
  retiredGrams: z.int(),
  cancelledGrams: z.int().meta({ description: 'Given up for good.' }),
  recalledGrams: z.int().meta({ description: 'Called back: they may be claimed again.' }),
  elsewhereGrams: z
    .int()
    .meta({ description: 'Of the sale, listed by registers outside as far as was reported.' }),
  retiredFor: z
    .array(z.object({ name: z.string(), grams: z.int() }))
    .meta({ description: 'Named only with consent.' }),
});
export type ClaimSums = z.infer<typeof ClaimSums>;

const Both = z.object({ en: z.string(), zh: z.string() });

/** Any text may be asked for: nonsense is answered, not refused. */
const Code = z.string().max(200);
export const CodeParams = z.object({ code: Code });
export const CodesRequest = z.strictObject({ codes: z.array(Code).min(1).max(1_000) });

export const VerdictView = z
  .object({
    code: z.string(),
    verdict: z.enum(VERDICTS),
    signature: z
      .object({
        valid: z.boolean().meta({ description: 'Whether its facts are in the log as it was signed.' }),
        origin: z.string(),
        key: z.string().meta({ description: 'The C2SP verifier key that signed.' }),
        size: z.int().meta({ description: 'Entries under the checkpoint.' }),
        seq: z.int().meta({ description: 'The last fact of the statement.' }),
      })
      .nullable(),
    statement: z
      .object({
        id: Id,
        state: z.enum(STATEMENT_STATES),
        scheme: z.object({
          code: z.string(),
          version: z.int(),
          name: Both,
          issues: z.string(),
          says: Both,
        }),
        batch: z.object({ id: Id, code: z.string(), material: z.string(), form: z.string() }),
        custodyModel: z.string(),
        grams: z.int(),
        ofGrams: z.int().meta({ description: 'The stated grams are so many of these.' }),
        shareBasisPoints: z.int().meta({ description: '⌊grams × 10,000 / ofGrams⌋' }),
        issuedAt: z.string().nullable(),
        validUntil: z.string().nullable(),
        approvedBy: z
          .array(z.object({ organisationId: Id, name: z.string().nullable() }))
          .meta({ description: 'Named where the organisation had its name published.' }),
        replacedBy: z.string().nullable().meta({ description: 'The code of the statement in its place.' }),
      })
      .nullable(),
    claim: z
      .object({
        exclusionGroup: z.string(),
        grams: z.int(),
        inProductsGrams: z.int(),
        remainingGrams: z.int().meta({
          description: 'Of the stated grams, those in no product, and neither retired nor given up.',
        }),
        claims: ClaimSums.nullable(),
      })
      .nullable(),
    reasons: z.array(z.string()),
    checkedAt: z.string(),
  })
  .meta({
    id: 'Verdict',
    description:
      'What this server found. Whoever need not trust it takes the bundle of the statement and verifies that.',
  });
