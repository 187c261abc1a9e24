import { namedUuid } from '../kernel/ids.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { ReceivedItem } from '../pollutants/stock.ts';
import { MARK_PLACES, type PollutantSubject } from '../supervision/marks.tables.ts';
import type { Readers } from './project.reader.ts';
import type { Projection } from './projection.ts';

/** Marks of the whole, then those of each pollutant: nothing else is known of pollutants here. */
const addPollutantMarks = async (
  projection: Projection,
  { seq, data: { siteId, marks = [], items } }: AnyFact,
  subjectKind: PollutantSubject,
  subjectId: string,
): Promise<void> => {
  const found = [
    ...(marks as string[]).map((code) => ({ code, material: null })),
    ...(items as ReceivedItem[]).flatMap(({ mark, material }) =>
      mark === undefined ? [] : [{ code: mark, material }],
    ),
  ];
  if (found.length === 0) return;
  const organisationId = await projection.ownerOf(siteId);
  for (const [i, { code, material }] of found.entries())
    projection.addMark({
      id: namedUuid(`mark ${seq} ${code}${material === null ? '' : ` ${material}`}`),
      place: seq * MARK_PLACES + i,
      seq,
      lastSeq: seq,
      subjectKind,
      subjectId,
      code,
      organisationId,
      siteId,
      material,
      state: 'open',
    });
};

export const pollutantReaders: Readers = {
  'pollutants.received.v1': (projection, fact) =>
    addPollutantMarks(projection, fact, 'pollutant-reception', fact.private.id),
  'pollutants.arrived.v1': (projection, fact) =>
    addPollutantMarks(projection, fact, 'pollutant-transfer', fact.private.transferId),
  'pollutants.treated.v1': (projection, fact) =>
    addPollutantMarks(projection, fact, 'pollutant-treatment', fact.private.id),
  'pollutant-mark.cleared.v1': async (projection, { seq, data }) => {
    await projection.changeMark(data.markId, { lastSeq: seq, state: 'cleared' });
  },
};
