import { table } from '../db/table.ts';

/** What a scale said of a lot again, as seen, beside what was booked then. */
export type LotWeighing = {
  id: string;
  seq: number;
  lotId: string;
  siteId: string;
  organisationId: string;
  grossGrams: number;
  tareGrams: number;
  bookedGrams: number;
  toleranceGrams: number;
  /** The case it opened. */
  caseId: string | null;
  weighedAt: string;
  deviceId: string | null;
  reason: string | null;
};
export const lotWeighings = table<LotWeighing>('lot_weighings', 'id', {
  id: 'uuid',
  seq: 'int8',
  lotId: 'uuid',
  siteId: 'uuid',
  organisationId: 'uuid',
  grossGrams: 'int8',
  tareGrams: 'int8',
  bookedGrams: 'int8',
  toleranceGrams: 'int8',
  caseId: 'uuid',
  weighedAt: 'text',
  deviceId: 'uuid',
  reason: 'text',
});
