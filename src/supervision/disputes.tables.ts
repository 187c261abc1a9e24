import { table } from '../db/table.ts';

export type DisputeOutcome = 'upheld' | 'rejected';

/** A weigh-in that one of its collectors does not take as right. Times are milliseconds since 1970. */
export type Dispute = {
  caseId: string;
  seq: number;
  at: number;
  dueAt: number;
  /** The weigh-in's own lot. */
  lotId: string;
  collectionId: string;
  siteId: string;
  /** The place of the collector among the parties of the weigh-in; null when nobody was named there. */
  party: number | null;
  about: string;
  claimedGrams: number | null;
  /** How the collector spoke. */
  way: string;
  outcome: DisputeOutcome | null;
  answeredSeq: number | null;
  answeredAt: number | null;
};
export const disputes = table<Dispute>('disputes', 'caseId', {
  caseId: 'uuid',
  seq: 'int8',
  at: 'int8',
  dueAt: 'int8',
  lotId: 'uuid',
  collectionId: 'uuid',
  siteId: 'uuid',
  party: 'int2',
  about: 'text',
  claimedGrams: 'int8',
  way: 'text',
  outcome: 'text',
  answeredSeq: 'int8',
  answeredAt: 'int8',
});

/** The last dispute of a weigh-in: there is one open at a time. */
export type DisputedWeighIn = { lotId: string; caseId: string };
export const disputedWeighIns = table<DisputedWeighIn>('disputed_weigh_ins', 'lotId', {
  lotId: 'uuid',
  caseId: 'uuid',
});
