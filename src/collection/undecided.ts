import { conflict } from '../kernel/errors.ts';
import { ORIGIN_MARKS } from '../kernel/vocabulary.ts';
import type { ClearingGuard } from '../supervision/marks.operations.ts';
import { provisionalEarnings } from './earnings.tables.ts';

/** 409 `left_undecided`: a premium nobody decided was paid by the programme, and its grams are never claimable (domain, rule 4). */
export const refuseUndecided: ClearingGuard = (world, { subjectKind, subjectId: lotId, code }) => {
  if (subjectKind !== 'collection' || !ORIGIN_MARKS.includes(code)) return;
  const waited = world.get(provisionalEarnings, lotId);
  if (waited?.state !== 'undecided') return;
  throw conflict(
    'left_undecided',
    'Nobody decided the premium in time: the programme paid it, and these grams stay without a claim. Only other marks of the weigh-in can be cleared.',
    { lotId, seq: waited.lastSeq },
  );
};
