import { table } from '../db/table.ts';

export type TransferItem = {
  material: string;
  /** Booked: what left. */
  grams: number;
  millilitres: number;
  /** As measured on arrival; null while it is on the way. */
  arrivedGrams: number | null;
  lostGrams: number | null;
  surplusGrams: number | null;
};

/** Pollutants that go from one site to another. */
export type Transfer = {
  id: string;
  seq: number;
  lastSeq: number;
  organisationId: string;
  siteId: string;
  toOrganisationId: string;
  toSiteId: string;
  state: 'on-the-way' | 'arrived';
  items: TransferItem[];
  manifest: string | null;
  carrier: string | null;
  vehicle: string | null;
  dispatchedAt: string;
  arrivedAt: string | null;
  note: string | null;
};
export const transfers = table<Transfer>('pollutant_transfers', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  toOrganisationId: 'uuid',
  toSiteId: 'uuid',
  state: 'text',
  items: 'json',
  manifest: 'text',
  carrier: 'text',
  vehicle: 'text',
  dispatchedAt: 'text',
  arrivedAt: 'text',
  note: 'text',
});
