import { conflict } from '../kernel/errors.ts';
import type { World } from '../ledger/world.ts';
import { cases } from './cases.tables.ts';

/** The case of what is undone. 409 `already_decided` where others have decided it: that is not undone by it. */
export const openQuestion = (world: World, caseId: string): { caseId: string; seq: number } => {
  const { state, lastSeq: seq } = world.get(cases, caseId)!;
  if (state === 'decided')
    throw conflict('already_decided', 'The case of it was decided; it is not undone.', { caseId, seq });
  return { caseId, seq };
};

/** What asked it was undone: it holds nothing, and nobody has to decide it. */
export const withdrawCase = (world: World, caseId: string, seq: number): void =>
  world.put(cases, {
    ...world.get(cases, caseId)!,
    lotIds: [],
    lossGrams: 0,
    state: 'withdrawn',
    lastSeq: seq,
  });
