import { table } from '../db/table.ts';

/** One weighing over several loads, in grams: what the scale said of all together. */
export type Weighing = {
  seq: number;
  shipmentIds: string[];
  bookedGrams: number;
  measuredGrams: number;
  toleranceGrams: number;
  surplusGrams: number;
  surplusLotId: string | null;
};

/** A load on its way, and what became of it. */
export type Shipment = {
  id: string;
  seq: number;
  lastSeq: number;
  fromSiteId: string;
  fromOrganisationId: string;
  toSiteId: string;
  toOrganisationId: string;
  /** The organisation that recorded the dispatch. */
  dispatchedBy: string;
  /** A name, or the id of a registered organisation, whose keys may then read the shipment. */
  carrier: string | null;
  vehicle: string | null;
  seals: string[];
  /** In the order written; after the receipt with what is left of each. */
  lots: { lotId: string; grams: number }[];
  /** Of these, the parts, and the lots they were drawn from. */
  parts: { partLotId: string; lotId: string }[];
  /** Of these, the lots that have not arrived yet. */
  onTheWay: string[];
  /** Of these, the lots that arrived where no scale is, by which fact, and were not weighed since. */
  unweighed: string[];
  unweighedSeq: number | null;
  bookedGrams: number;
  /** Booked grams of what has arrived, and where. */
  arrivedGrams: number;
  arrivedSiteId: string | null;
  arrivedOrganisationId: string | null;
  /** Containers that left with it. */
  containers: { containerId: string; tag: string }[];
  measuredGrams: number | null;
  toleranceGrams: number | null;
  lossGrams: number | null;
  surplusGrams: number | null;
  surplusLotId: string | null;
  caseId: string | null;
  /** The weighing that closed it together with other loads. */
  weighing: Weighing | null;
  /** The last receipt that stands, and the last change while only receipts and their undoing came after it. */
  receiptSeq: number | null;
  receiptTop: number | null;
  state: 'dispatched' | 'refused' | 'received' | 'returned' | 'diverted' | 'lost' | 'unweighed' | 'voided';
};
export const shipments = table<Shipment>('shipments', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  fromSiteId: 'uuid',
  fromOrganisationId: 'uuid',
  toSiteId: 'uuid',
  toOrganisationId: 'uuid',
  dispatchedBy: 'uuid',
  carrier: 'text',
  vehicle: 'text',
  seals: 'json',
  lots: 'json',
  parts: 'json',
  onTheWay: 'json',
  unweighed: 'json',
  unweighedSeq: 'int8',
  bookedGrams: 'int8',
  arrivedGrams: 'int8',
  arrivedSiteId: 'uuid',
  arrivedOrganisationId: 'uuid',
  containers: 'json',
  measuredGrams: 'int8',
  toleranceGrams: 'int8',
  lossGrams: 'int8',
  surplusGrams: 'int8',
  surplusLotId: 'uuid',
  caseId: 'uuid',
  weighing: 'json',
  receiptSeq: 'int8',
  receiptTop: 'int8',
  state: 'text',
});
