import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, Sha256Hex } from '../kernel/values.ts';
import { MARK_SUBJECTS, POLLUTANT_SUBJECTS } from './marks.tables.ts';

/** Marks that somebody may set by hand; the others follow from rules. */
const BY_HAND = ['review', 'duplicate-evidence', 'far-from-site', 'origin-none', 'clock-doubtful'] as const;

const grounds = {
  evidence: z.array(Sha256Hex).max(20).optional().meta({ description: 'SHA-256 of photos and papers.' }),
  note: note(2_000).optional(),
};

/** Marks that somebody may set by hand on a lot or a load, and on a run. */
const ON_MATERIAL = ['review', 'duplicate-evidence', 'origin-none', 'seal-broken'] as const;
const ON_RUN = ['review', 'duplicate-evidence', 'origin-none'] as const;

export const MarkRequest = z.strictObject({ id: Id.optional(), code: z.enum(BY_HAND), ...grounds });
export type MarkRequest = z.infer<typeof MarkRequest>;
export type MaterialMarkRequest = z.infer<typeof MaterialMarkRequest>;
export const MaterialMarkRequest = MarkRequest.extend({ code: z.enum(ON_MATERIAL) });
export const RunMarkRequest = MarkRequest.extend({ code: z.enum(ON_RUN) });
export const MarkAnswer = z.object({ id: Id, code: z.string(), receipt: Receipt }).meta({ id: 'MarkSet' });

export const ClearingRequest = z.strictObject({ id: Id.optional(), ...grounds });
export type ClearingRequest = z.infer<typeof ClearingRequest>;
export const ClearingAnswer = z
  .object({ id: Id, state: z.enum(['proposed', 'cleared']), receipt: Receipt })
  .meta({ id: 'Clearing' });

export const MarkView = z
  .object({
    id: Id,
    subjectKind: z.enum([...MARK_SUBJECTS, ...POLLUTANT_SUBJECTS]),
    subjectId: Id.meta({
      description:
        'The lot of the weigh-in or of outside material, or the run, the lot, the load, the filling of a container, the reception, transfer or treatment of pollutants.',
    }),
    code: z.string(),
    lotIds: z
      .array(Id)
      .nullish()
      .meta({ description: 'Of a mark on a lot, a load or a container: the lots in doubt.' }),
    siteId: Id,
    material: z.string().nullish().meta({ description: 'Of a mark on one pollutant of several: which.' }),
    state: z.enum(['open', 'cleared']),
    seq: z.int(),
  })
  .meta({ id: 'Mark' });
