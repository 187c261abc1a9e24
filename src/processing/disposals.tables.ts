import { table } from '../db/table.ts';
import type { LotUse } from '../lots/lots.ts';

/** Who took the grams over; a disposal needs the licence. */
export type Receiver = { name: string; licence?: string | undefined };

/** Grams that left for good, neither lost nor sold as what the programme collects. */
export type Disposal = {
  id: string;
  seq: number;
  lastSeq: number;
  organisationId: string;
  siteId: string;
  way: 'disposal' | 'released-uncertified' | 'reused';
  day: string;
  lots: LotUse[];
  /** Booked grams given up. */
  grams: number;
  /** What the receiver's scale said. */
  measuredGrams: number | null;
  manifest: string | null;
  wasteCode: string | null;
  receiver: Receiver | null;
  vehicle: string | null;
  disposedAt: string;
  note: string | null;
  state: 'recorded' | 'voided';
};
export const disposals = table<Disposal>('disposals', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  way: 'text',
  day: 'text',
  lots: 'json',
  grams: 'int8',
  measuredGrams: 'int8',
  manifest: 'text',
  wasteCode: 'text',
  receiver: 'json',
  vehicle: 'text',
  disposedAt: 'text',
  note: 'text',
  state: 'text',
});
