import type { World } from '../ledger/world.ts';
import type { Shipment } from './custody.tables.ts';
import { receiptKey, shipmentReceipts } from './receipts.tables.ts';

/** Keeps what the shipment was before these lots arrived. Returns what says so of the shipment. */
export const noteReceipt = (
  world: World,
  { id: shipmentId, ...before }: Shipment,
  { seq, siteId, lotIds }: { seq: number; siteId: string; lotIds: ReadonlySet<string> },
): { receiptSeq: number; receiptTop: number } => {
  const { bookedGrams, arrivedGrams, arrivedSiteId, arrivedOrganisationId, measuredGrams } = before;
  const { toleranceGrams, lossGrams, surplusGrams, surplusLotId, caseId, weighing, state, receiptSeq } =
    before;
  const sums = { bookedGrams, arrivedGrams, measuredGrams, toleranceGrams, lossGrams, surplusGrams };
  world.put(shipmentReceipts, {
    key: receiptKey(shipmentId, seq),
    shipmentId,
    siteId,
    seq,
    voidSeq: null,
    before: {
      lots: before.lots.filter(({ lotId }) => lotIds.has(lotId)),
      ...sums,
      ...{ arrivedSiteId, arrivedOrganisationId, surplusLotId, caseId, weighing, state, receiptSeq },
    },
  });
  return { receiptSeq: seq, receiptTop: seq };
};
