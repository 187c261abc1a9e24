import { journal, table } from '../db/table.ts';

/** What a mark may be about, for ever. */
export const MARK_SUBJECTS = [
  'collection',
  'process-run',
  'outside-material',
  'lot',
  'shipment',
  'container',
] as const;
/** What happened to pollutants, which are never a lot. */
export const POLLUTANT_SUBJECTS = [
  'pollutant-reception',
  'pollutant-transfer',
  'pollutant-treatment',
] as const;
export type PollutantSubject = (typeof POLLUTANT_SUBJECTS)[number];
export type MarkSubject = (typeof MARK_SUBJECTS)[number] | PollutantSubject;

/** More marks than one fact comes with. */
export const MARK_PLACES = 64;

/** A doubt about one fact. Written by the follower: marks come with the facts they are about. */
export type Mark = {
  id: string;
  /** The fact it came with and its place among that fact's marks, seq × MARK_PLACES + place; unique and ascending. */
  place: number;
  /** The fact in doubt, which most marks came with, and the last that changed the mark. */
  seq: number;
  lastSeq: number;
  subjectKind: MarkSubject;
  /** The lot of the weigh-in or of outside material, or the run, the lot, the load, the filling, or what happened to pollutants. */
  subjectId: string;
  code: string;
  /** Whose fact it is. */
  organisationId: string;
  siteId: string;
  /** Of a mark on a lot, a load or a container: the lots in doubt, and who had a part in it. */
  lotIds?: string[] | null | undefined;
  organisationIds?: string[] | null | undefined;
  /** Of a mark on one pollutant of a reception or a transfer: which. */
  material?: string | null | undefined;
  state: 'open' | 'cleared';
};
export const marks = journal<Mark>('marks', {
  id: 'uuid',
  place: 'int8',
  seq: 'int8',
  lastSeq: 'int8',
  subjectKind: 'text',
  subjectId: 'uuid',
  code: 'text',
  organisationId: 'uuid',
  siteId: 'uuid',
  lotIds: 'json',
  organisationIds: 'json',
  material: 'text',
  state: 'text',
});

/** What was proposed and decided of a mark. */
export type Clearing = {
  markId: string;
  lastSeq: number;
  proposal: { organisationId: string; keyId: string; holder: string; note: string | null };
  state: 'proposed' | 'cleared';
};
export const clearings = table<Clearing>('clearings', 'markId', {
  markId: 'uuid',
  lastSeq: 'int8',
  proposal: 'json',
  state: 'text',
});
