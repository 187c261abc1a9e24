import { table } from '../db/table.ts';
import type { Shipment } from './custody.tables.ts';

/** What a receipt changes of a shipment, as it was before: its lots are those that arrived. */
export type BeforeReceipt = Pick<
  Shipment,
  | 'lots'
  | 'bookedGrams'
  | 'arrivedGrams'
  | 'arrivedSiteId'
  | 'arrivedOrganisationId'
  | 'measuredGrams'
  | 'toleranceGrams'
  | 'lossGrams'
  | 'surplusGrams'
  | 'surplusLotId'
  | 'caseId'
  | 'weighing'
  | 'state'
  | 'receiptSeq'
>;

/** One receipt of a shipment. */
export type ShipmentReceipt = {
  /** The shipment and the fact that received. */
  key: string;
  shipmentId: string;
  siteId: string;
  seq: number;
  /** The fact that undid it. */
  voidSeq: number | null;
  before: BeforeReceipt;
};
export const shipmentReceipts = table<ShipmentReceipt>('shipment_receipts', 'key', {
  key: 'text',
  shipmentId: 'uuid',
  siteId: 'uuid',
  seq: 'int8',
  voidSeq: 'int8',
  before: 'json',
});

export const receiptKey = (shipmentId: string, seq: number): string => `${shipmentId} ${seq}`;
