import { conflict, DomainError, notFound } from '../kernel/errors.ts';
import { type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { apiKeys, organisations } from '../registry/registry.tables.ts';
import { onePerson } from './cases.ts';
import {
  markCleared,
  markClearingProposed,
  markSet,
  pollutantClearingProposed,
  pollutantMarkCleared,
} from './marks.facts.ts';
import type { ClearingRequest, MarkRequest } from './marks.schema.ts';
import { clearings, type Mark, POLLUTANT_SUBJECTS, type PollutantSubject } from './marks.tables.ts';

export type ClearingAnswer = { id: string; state: 'proposed' | 'cleared' };

/**
 * The mark as it was read before the door: what it is about never changes. null: no such mark. `recordedBy` is the key
 * that recorded what is in doubt, where that is one fact.
 */
export type KnownMark = (Omit<Mark, 'state' | 'lastSeq'> & { recordedBy?: string | undefined }) | null;

export const by = ({ keyId, holder, organisationId }: Caller, more: Omit<ClearingRequest, 'id'>) => ({
  keyId,
  holder,
  organisationId,
  ...(more.evidence === undefined ? {} : { evidence: more.evidence }),
  ...(more.note === undefined ? {} : { note: more.note }),
});

/** Whose grams they are by now, whose fact it is, and who recorded it: none may clear (domain, "Who profits"). */
const profiting = (world: World, mark: NonNullable<KnownMark>): string[] => {
  const { organisationId, organisationIds, subjectKind, recordedBy } = mark;
  const ofSource = subjectKind === 'collection' || subjectKind === 'outside-material';
  const lotIds = ofSource ? [mark.subjectId] : (mark.lotIds ?? []);
  world.need(lots, lotIds);
  return [
    organisationId,
    ...(organisationIds ?? []),
    ...(recordedBy === undefined ? [] : [world.get(apiKeys, recordedBy)!.organisationId]),
    ...lotIds.map((id) => world.get(lots, id)!.organisationId),
  ];
};

const isOfPollutants = (kind: Mark['subjectKind']): kind is PollutantSubject =>
  (POLLUTANT_SUBJECTS as readonly string[]).includes(kind);

const clearingDraft = (mark: NonNullable<KnownMark>, isFirst: boolean, said: ReturnType<typeof by>) => {
  const { id: markId, subjectKind, subjectId, seq, code, material } = mark;
  if (!isOfPollutants(subjectKind))
    return draft({
      type: isFirst ? markClearingProposed : markCleared,
      data: { markId, subjectKind, subjectId, seq, code },
      private: said,
    });
  return draft({
    type: isFirst ? pollutantClearingProposed : pollutantMarkCleared,
    data: { markId, seq, ...(material == null ? {} : { material }), code },
    private: said,
  });
};

/** Refuses to clear a mark for what a later room knows of it. */
export type ClearingGuard = (world: World, mark: NonNullable<KnownMark>) => void;

/** The first call proposes; a second person who does not profit either clears. */
export const clearMark = (
  guard: ClearingGuard,
): Operation<ClearingRequest & { mark: KnownMark }, ClearingAnswer> => ({
  name: 'mark.clear',
  roles: ['operator', 'certifier', 'regulator'],
  status: 201,
  decide(world, { mark, ...request }, { caller }) {
    if (mark === null) throw notFound('mark');
    if (profiting(world, mark).includes(caller.organisationId))
      throw new DomainError(
        'forbidden',
        'profits',
        'Your organisation weighed, held, processed or recorded these grams; others must clear the mark.',
      );
    const known = world.get(clearings, mark.id);
    if (known?.state === 'cleared')
      throw conflict('already_cleared', 'This mark was cleared.', { markId: mark.id, seq: known.lastSeq });
    guard(world, mark);
    const kind = world.get(organisations, caller.organisationId)?.kind;
    if (known !== undefined && onePerson(known.proposal, caller, kind))
      throw new DomainError('forbidden', 'same_holder', 'You proposed this; another person must clear it.');
    return clearingDraft(mark, known === undefined, by(caller, request));
  },
  answer: ({ type, data }) => ({
    id: data.markId,
    state: type === markCleared.type || type === pollutantMarkCleared.type ? 'cleared' : 'proposed',
  }),
});

/** The fact marked, as it was read before the door: its position and its lot. null: none, or another's. */
export type Marked = { seq: number; lotId: string } | null;

/** Sets a mark on a weigh-in by hand. */
export const setMark: Operation<MarkRequest & { marked: Marked }, { id: string; code: string }> = {
  name: 'mark.set',
  roles: ['operator', 'station', 'warehouse', 'certifier', 'auditor', 'regulator'],
  status: 201,
  decide(_world, { marked, code, ...request }, { caller, id }) {
    if (marked === null) throw notFound('weigh-in');
    return draft({
      type: markSet,
      data: { markId: id, subjectKind: 'collection', subjectId: marked.lotId, seq: marked.seq, code },
      private: by(caller, request),
    });
  },
  answer: ({ data }) => ({ id: data.markId, code: data.code }),
};
