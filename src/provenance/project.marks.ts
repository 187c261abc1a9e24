import { namedUuid } from '../kernel/ids.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { MARK_PLACES, type MarkSubject } from '../supervision/marks.tables.ts';
import { isAccepted } from './accepted.ts';
import { changeLotMarks } from './project.material-marks.ts';
import type { Readers } from './project.reader.ts';
import type { Projection } from './projection.ts';
import { relabel } from './relabel.ts';
import { sourceKey } from './shares.ts';

/** Marks that came with a fact, each under an id that follows from the fact and its code. */
export const addMarks = async (
  projection: Projection,
  { seq, data }: Pick<AnyFact, 'seq' | 'data'>,
  subjectKind: MarkSubject,
  subjectId: string,
): Promise<void> => {
  for (const [i, code] of (data.marks as string[]).entries())
    projection.addMark({
      id: namedUuid(`mark ${seq} ${code}`),
      place: seq * MARK_PLACES + i,
      seq,
      lastSeq: seq,
      subjectKind,
      subjectId,
      code,
      organisationId: await projection.ownerOf(data.siteId),
      siteId: data.siteId,
      state: 'open',
    });
};

type Marks = (marks: readonly string[]) => string[];

/** Changes the open marks of a weigh-in or a run, and with them what may be claimed downstream. */
export const changeMarks = async (
  projection: Projection,
  { seq, data }: Pick<AnyFact, 'seq' | 'data'>,
  change: Marks,
): Promise<void> => {
  if (data.subjectKind === 'collection' || data.subjectKind === 'outside-material') {
    // By its lot: a mark set afterwards is named, when it is cleared, by the fact that set it.
    const { madeBy } = await projection.makerOf(data.subjectId);
    await projection.changeSource(sourceKey(madeBy, 0), (source) => {
      const marked = { ...source, marks: change(source.marks) };
      return { ...marked, accepted: isAccepted(marked) };
    });
    await projection.states([data.subjectId]);
    await relabel(projection, seq, { lots: [data.subjectId] });
    return;
  }
  const step = await projection.stepOf(data.seq);
  projection.setStep({ ...step!, marks: change(step!.marks) });
  await relabel(projection, seq, { steps: [data.seq] });
};

const setMark = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, data } = fact;
  const source = await projection.changeSource(sourceKey(data.seq, 0), () => ({}));
  const { siteId } = source;
  projection.addMark({
    id: data.markId,
    place: seq * MARK_PLACES,
    seq: data.seq,
    lastSeq: seq,
    subjectKind: data.subjectKind,
    subjectId: data.subjectId,
    code: data.code,
    organisationId: await projection.ownerOf(siteId),
    siteId,
    state: 'open',
  });
  await changeMarks(projection, fact, (marks) => [...new Set([...marks, data.code])]);
};

/** What is marked lot by lot. */
const ON_LOTS: readonly MarkSubject[] = ['lot', 'shipment', 'container'];

const clearMark = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, data } = fact;
  const mark = await projection.changeMark(data.markId, { lastSeq: seq, state: 'cleared' });
  if (ON_LOTS.includes(mark.subjectKind)) {
    await changeLotMarks(projection, seq, mark.lotIds!, (ids) => ids.filter((id) => id !== mark.id));
    return;
  }
  // Another mark of the same code may still be open on it.
  if (await projection.isStillMarked(mark)) return;
  await changeMarks(projection, fact, (marks) => marks.filter((code) => code !== data.code));
};

export const markReaders: Readers = { 'mark.set.v1': setMark, 'mark.cleared.v1': clearMark };
