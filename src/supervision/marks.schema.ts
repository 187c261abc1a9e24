import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, Sha256Hex } from '../kernel/values.ts';

/** Marks that somebody may set by hand; the others follow from rules. */
const BY_HAND = ['review', 'duplicate-evidence', 'far-from-site', 'origin-none', 'clock-doubtful'] as const;

const grounds = {
  evidence: z.array(Sha256Hex).max(20).optional().meta({ description: 'SHA-256 of photos and papers.' }),
  note: note(2_000).optional(),
};

export const MarkRequest = z.strictObject({ id: Id.optional(), code: z.enum(BY_HAND), ...grounds });
export type MarkRequest = z.infer<typeof MarkRequest>;
export const MarkAnswer = z.object({ id: Id, code: z.string(), receipt: Receipt }).meta({ id: 'MarkSet' });

export const ClearingRequest = z.strictObject({ id: Id.optional(), ...grounds });
export type ClearingRequest = z.infer<typeof ClearingRequest>;
export const ClearingAnswer = z
  .object({ id: Id, state: z.enum(['proposed', 'cleared']), receipt: Receipt })
  .meta({ id: 'Clearing' });

export const MarkView = z
  .object({
    id: Id,
    subjectKind: z.enum(['collection', 'process-run']),
    subjectId: Id.meta({ description: 'The lot of the weigh-in, or the run.' }),
    code: z.string(),
    siteId: Id,
    state: z.enum(['open', 'cleared']),
    seq: z.int(),
  })
  .meta({ id: 'Mark' });
