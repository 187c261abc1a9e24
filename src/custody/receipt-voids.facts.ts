import { z } from 'zod';
import { containersTravelOn } from '../containers/containers.facts.ts';
import { Day, Id, note, Seq, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { changeLot, drawFrom, LotUse } from '../lots/lots.ts';
import { withdrawCase } from '../supervision/withdrawn.ts';
import { type Shipment, shipments } from './custody.tables.ts';
import { receiptKey, shipmentReceipts } from './receipts.tables.ts';
import { OUTCOMES } from './received.facts.ts';

const Voided = z.strictObject({
  siteId: Id,
  /** The receipt that is undone, how its load ended, and the day it was recorded. */
  receivedSeq: Seq,
  outcome: z.enum(OUTCOMES),
  day: Day,
  bookedGrams: TotalGrams,
  measuredGrams: TotalGrams,
  /** Several where one weighing closed them. */
  loads: z.array(
    z.strictObject({
      shipmentId: Id,
      /** The last fact that changed the shipment. */
      seq: Seq,
      /** Taken in unweighed before: its lots stay where they are. */
      stays: z.boolean().optional(),
      /** What each lot holds, and the loss it gets back. */
      lots: z.array(LotUse.extend({ grams: TotalGrams, lossGrams: TotalGrams })),
    }),
  ),
  /** The surplus lot, which then is no more. */
  surplus: LotUse.optional(),
  /** The open case of the receipt, which then asks nothing. */
  case: z.strictObject({ caseId: Id, seq: Seq }).optional(),
});
export type ReceiptVoided = z.infer<typeof Voided>;
type VoidedLoad = ReceiptVoided['loads'][number];
const VoidedPrivate = z.strictObject({ keyId: Id, reason: note(2_000) });

/** The lots are on their way again, or stay where they were taken in unweighed; each with what it held before. */
const undoArrival = (
  world: World,
  seq: number,
  { fromOrganisationId: organisationId }: Shipment,
  { shipmentId, stays = false, lots: arrived }: VoidedLoad,
): void => {
  const ids = arrived.map(({ lotId }) => world.get(lots, lotId)!.containerId);
  if (!stays) containersTravelOn(world, seq, { shipmentId, organisationId }, ids);
  for (const { lotId, lossGrams } of arrived) {
    const grams = world.get(lots, lotId)!.grams + lossGrams;
    const place = stays ? {} : { siteId: null, shipmentId, organisationId };
    changeLot(world, lotId, seq, { heldBy: null, grams, ...place });
  }
};

const undoReceipt = (world: World, seq: number, receivedSeq: number, load: VoidedLoad): void => {
  const shipment = world.get(shipments, load.shipmentId)!;
  undoArrival(world, seq, shipment, load);
  const receipt = world.get(shipmentReceipts, receiptKey(shipment.id, receivedSeq))!;
  const { lots: before, ...was } = receipt.before;
  const gramsBefore = new Map(before.map(({ lotId, grams }) => [lotId, grams]));
  const pending = new Set([...shipment.onTheWay, ...shipment.unweighed, ...gramsBefore.keys()]);
  const all = shipment.lots.map(({ lotId, grams }) => ({ lotId, grams: gramsBefore.get(lotId) ?? grams }));
  const waiting = all.map(({ lotId }) => lotId).filter((lotId) => pending.has(lotId));
  const unweighed = was.state === 'unweighed';
  world.put(shipments, {
    ...shipment,
    ...was,
    lots: all,
    onTheWay: unweighed ? [] : waiting,
    unweighed: unweighed ? waiting : [],
    unweighedSeq: unweighed ? seq : shipment.unweighedSeq,
    receiptTop: seq,
    lastSeq: seq,
  });
  world.put(shipmentReceipts, { ...receipt, voidSeq: seq });
};

export const receiptVoided: FactType<ReceiptVoided, z.infer<typeof VoidedPrivate>> = {
  type: 'shipment.receipt-voided.v1',
  title: { en: 'Receipt of a shipment voided', zh: '签收作废' },
  data: Voided,
  private: VoidedPrivate,
  grams:
    'The lots are on their way again with the very grams they lost by it, or stand unweighed where they stood; a surplus lot of it holds none.',
  fen: 'none',
  backPointers: ['receivedSeq', 'loads[].seq', 'loads[].lots[].seq', 'surplus.seq', 'case.seq'],
  apply(world, { seq, data }) {
    for (const load of data.loads) undoReceipt(world, seq, data.receivedSeq, load);
    if (data.surplus !== undefined) {
      drawFrom(world, data.surplus, seq);
      changeLot(world, data.surplus.lotId, seq, { heldBy: null });
    }
    if (data.case !== undefined) withdrawCase(world, data.case.caseId, seq);
  },
};

export const receiptVoidFacts = [receiptVoided];
