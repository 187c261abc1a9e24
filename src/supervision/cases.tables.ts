import { table } from '../db/table.ts';

export type CaseKind =
  | 'receipt-short'
  | 'receipt-surplus'
  | 'weigh-in-deficit'
  | 'load-lost'
  | 'late-count'
  | 'dispute'
  | 're-weighing'
  | 'pollutant-transfer'
  | 'anomaly';

/** What somebody proposed, or two people decided. */
export type Proposal = {
  /** A dispute is upheld or rejected, any other case one of the rest. */
  outcome: 'explained' | 'loss' | 'released' | 'upheld' | 'rejected';
  lossKind: string;
  note: string | null;
  organisationId: string;
  keyId: string;
  holder: string;
};

/** A question somebody has to decide; it holds its lots until then. */
export type Case = {
  id: string;
  seq: number;
  lastSeq: number;
  kind: CaseKind;
  /** The shipment, the lot of the weigh-in, the transfer, or the site it is about. */
  subjectId: string;
  /** Those whose holders profit, and so may not decide. */
  organisationIds: string[];
  /** The sites it is about. */
  siteIds: string[];
  /** The lots it holds, in the order a loss is drawn over them. */
  lotIds: string[];
  /** What the scale said of the lots it holds. */
  measuredGrams: number;
  /** Grams that were missing, or too many, when it was opened. */
  grams: number;
  proposal: Proposal | null;
  /** What the decision wrote off; null until then. */
  lossGrams: number | null;
  /** Withdrawn: what asked it was undone. */
  state: 'open' | 'proposed' | 'decided' | 'withdrawn';
  /** By when it must be decided, in milliseconds, where a rule says so. */
  dueAt: number | null;
};
export const cases = table<Case>('cases', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  kind: 'text',
  subjectId: 'uuid',
  organisationIds: 'json',
  siteIds: 'json',
  lotIds: 'json',
  measuredGrams: 'int8',
  grams: 'int8',
  proposal: 'json',
  lossGrams: 'int8',
  state: 'text',
  dueAt: 'int8',
});
