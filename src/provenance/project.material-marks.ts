import type { SealedFact } from '../containers/containers.facts.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { MARK_PLACES, type Mark } from '../supervision/marks.tables.ts';
import type { MaterialMarked } from '../supervision/material-marks.facts.ts';
import { labelOf } from './project.label.ts';
import type { Readers } from './project.reader.ts';
import type { Projection } from './projection.ts';
import { relabel } from './relabel.ts';

/** Changes which marks are open on lots themselves, and with them what may be claimed of all that is made of them. */
export const changeLotMarks = async (
  projection: Projection,
  seq: number,
  lotIds: readonly string[],
  change: (markIds: readonly string[]) => string[],
): Promise<void> => {
  for (const lotId of lotIds) {
    const { label, madeBy } = await labelOf(projection, lotId);
    const marks = change(label.marks ?? []);
    projection.setLabel(lotId, seq, { ...label, marks: marks.length === 0 ? null : marks }, madeBy);
  }
  await relabel(projection, seq, { lots: lotIds });
};

type Doubt = Pick<Mark, 'seq' | 'subjectKind' | 'subjectId' | 'code' | 'siteId'> & {
  markId: string;
  lotIds: string[];
  organisationIds: string[];
};

/** A mark on lots, on its place among the fact's marks. */
export const markLots = async (
  projection: Projection,
  seq: number,
  { markId, ...mark }: Doubt,
  place = 0,
): Promise<void> => {
  projection.addMark({
    id: markId,
    place: seq * MARK_PLACES + place,
    lastSeq: seq,
    ...mark,
    organisationId: await projection.ownerOf(mark.siteId),
    state: 'open',
  });
  await changeLotMarks(projection, seq, mark.lotIds, (marks) => [...marks, markId]);
};

const markMaterial = async (projection: Projection, { seq, data, private: more }: AnyFact): Promise<void> => {
  const { lots = [], ...mark } = data as MaterialMarked;
  const lotIds = lots.map(({ lotId }) => lotId);
  const organisationIds = (more.organisationIds as string[] | undefined) ?? [];
  await markLots(projection, seq, { ...mark, lotIds, organisationIds });
  if (mark.subjectKind !== 'process-run') return;
  const step = await projection.stepOf(mark.seq);
  projection.setStep({ ...step!, marks: [...new Set([...step!.marks, mark.code])] });
  await relabel(projection, seq, { steps: [mark.seq] });
};

/** A container sealed at a weight beyond tolerance: all that is in it is in doubt. */
const sealContainer = async (
  projection: Projection,
  { seq, data, private: more }: AnyFact,
): Promise<void> => {
  const { container: subjectId, siteId, mark } = data as SealedFact;
  if (mark === undefined) return;
  const { markId, code, lots } = mark;
  const lotIds = lots.map(({ lotId }) => lotId);
  const organisationIds = (more.organisationIds as string[] | undefined) ?? [];
  const about = { seq, subjectKind: 'container' as const, subjectId, siteId };
  await markLots(projection, seq, { markId, code, lotIds, organisationIds, ...about });
};

export const materialMarkReaders: Readers = {
  'material.marked.v1': markMaterial,
  'container.sealed.v1': sealContainer,
};
