import { z } from 'zod';
import { Id, Seq, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { sites } from '../registry/registry.tables.ts';
import { LoadLots } from '../supervision/cases.facts.ts';

import { shipments } from './custody.tables.ts';
import { noteReceipt } from './receipts.ts';
import { judged, openArrivalCase, ReceiptMarks, ReceivedPrivate, standAt } from './received.facts.ts';

const ReceivedTogether = z.strictObject({
  siteId: Id,
  /** The last fact that changed the site's settings, its tolerance among them. */
  siteSeq: Seq,
  /** In the order written. A shortage within tolerance is drawn over the loads, then over the lots of each. */
  loads: z.array(
    z.strictObject({
      shipmentId: Id,
      /** The last fact that changed the shipment. */
      seq: Seq,
      bookedGrams: TotalGrams,
      lossGrams: TotalGrams,
      lots: LoadLots,
      /** What its seals brought. */
      marks: ReceiptMarks.optional(),
    }),
  ),
  bookedGrams: TotalGrams,
  measuredGrams: TotalGrams,
  toleranceGrams: TotalGrams,
  ...judged,
});
export type ReceivedTogether = z.infer<typeof ReceivedTogether>;

/** A milk run: one weighing closes the loads of several stations. */
export const shipmentsReceived: FactType<ReceivedTogether, z.infer<typeof ReceivedPrivate>> = {
  type: 'shipments.received.v1',
  title: { en: 'Several shipments received on one weighing', zh: '多批货物合并称重签收' },
  data: ReceivedTogether,
  private: ReceivedPrivate,
  grams:
    'The lots of all loads stand at the site. A shortage within tolerance is drawn over the loads and then over their lots as a loss; beyond it all keep their grams, on hold. What exceeds them is one surplus lot of origin none.',
  fen: 'none',
  backPointers: ['siteSeq', 'loads[].seq', 'loads[].lots[].seq'],
  apply(world, { seq, data, private: more }) {
    const { siteId, loads } = data;
    const { organisationId } = world.get(sites, siteId)!;
    const lots = loads.flatMap((load) => load.lots);
    standAt(world, seq, siteId, { ...data, lots });
    const senders = loads.map(({ shipmentId }) => world.get(shipments, shipmentId)!.fromSiteId);
    const about = { subjectId: loads[0]!.shipmentId, siteIds: [...new Set([...senders, siteId])] };
    openArrivalCase(world, seq, { ...data, lots }, more, about);
    const { bookedGrams, measuredGrams, toleranceGrams, surplusGrams } = data;
    const weighing = {
      seq,
      shipmentIds: loads.map(({ shipmentId }) => shipmentId),
      bookedGrams,
      measuredGrams,
      toleranceGrams,
      surplusGrams,
      surplusLotId: data.surplus?.lotId ?? null,
    };
    for (const load of loads) {
      const shipment = world.get(shipments, load.shipmentId)!;
      const left = new Map(load.lots.map((lot) => [lot.lotId, lot.bookedGrams - lot.lossGrams]));
      const arrivedGrams = shipment.arrivedGrams + load.bookedGrams;
      world.put(shipments, {
        ...shipment,
        lots: shipment.lots.map(({ lotId, grams }) => ({ lotId, grams: left.get(lotId) ?? grams })),
        onTheWay: [],
        unweighed: [],
        bookedGrams: arrivedGrams,
        arrivedGrams,
        arrivedSiteId: siteId,
        arrivedOrganisationId: organisationId,
        lossGrams: (shipment.lossGrams ?? 0) + load.lossGrams,
        caseId: data.case?.caseId ?? shipment.caseId,
        weighing,
        ...noteReceipt(world, shipment, { seq, siteId, lotIds: new Set(left.keys()) }),
        state: 'received',
        lastSeq: seq,
      });
    }
  },
};

export const togetherFacts = [shipmentsReceived];
