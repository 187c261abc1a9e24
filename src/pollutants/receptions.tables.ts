import { table } from '../db/table.ts';
import type { ReceivedItem } from './stock.ts';

/** What a vessel handed over, under a note it can show. */
export type Reception = {
  id: string;
  seq: number;
  organisationId: string;
  siteId: string;
  day: string;
  notePrefix: string;
  noteYear: number;
  noteRunning: number;
  items: ReceivedItem[];
  marks: string[];
  receivedAt: string;
  declarationId: string | null;
  vesselId: string | null;
  vesselNumber: string | null;
  remark: string | null;
  /** Null unless it was voided; its number stays used. */
  voidReason: string | null;
};
export const receptions = table<Reception>('pollutant_receptions', 'id', {
  id: 'uuid',
  seq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  day: 'text',
  notePrefix: 'text',
  noteYear: 'int4',
  noteRunning: 'int8',
  items: 'json',
  marks: 'json',
  receivedAt: 'text',
  declarationId: 'uuid',
  vesselId: 'uuid',
  vesselNumber: 'text',
  remark: 'text',
  voidReason: 'text',
});
