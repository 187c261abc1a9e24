import { table } from '../db/table.ts';
import type { LotUse } from '../lots/lots.ts';

/** Fire, theft, loss at sea: at a site, or to a load on its way. */
export type Incident = {
  id: string;
  seq: number;
  lastSeq: number;
  organisationId: string;
  siteId: string | null;
  shipmentId: string | null;
  kind: 'fire' | 'theft' | 'lost-at-sea';
  day: string;
  lots: LotUse[];
  grams: number;
  /** The fire brigade's, police's or insurer's number. */
  reference: string;
  happenedAt: string;
  note: string | null;
  state: 'recorded' | 'voided';
};
export const incidents = table<Incident>('incidents', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  shipmentId: 'uuid',
  kind: 'text',
  day: 'text',
  lots: 'json',
  grams: 'int8',
  reference: 'text',
  happenedAt: 'text',
  note: 'text',
  state: 'text',
});
