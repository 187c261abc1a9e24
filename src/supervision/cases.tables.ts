import { table } from '../db/table.ts';

/** A question somebody has to decide; it may hold lots until then. */
export type Case = {
  id: string;
  seq: number;
  lastSeq: number;
  kind: string;
  /** The shipment, lot or weigh-in it is about. */
  subjectId: string;
  /** Those whose holders profit, and so may not decide. */
  organisationIds: string[];
  grams: number;
  proposedBy: string | null;
  proposal: { outcome: string; note?: string | undefined; by: string } | null;
  state: 'open' | 'proposed' | 'decided';
};
export const cases = table<Case>('cases', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  kind: 'text',
  subjectId: 'uuid',
  organisationIds: 'json',
  grams: 'int8',
  proposedBy: 'text',
  proposal: 'json',
  state: 'text',
});
