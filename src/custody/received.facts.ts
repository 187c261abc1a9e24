import { z } from 'zod';
import { Id, note, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { changeLot, openLot } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { LoadLots } from '../supervision/cases.facts.ts';
import { openCase } from '../supervision/open-case.ts';
import { shipments } from './custody.tables.ts';
import { noteReceipt } from './receipts.ts';

/** How a load, or a part of it, ends. */
export const OUTCOMES = ['received', 'returned', 'diverted'] as const;

/** The lot of what was measured beyond the booked grams. */
export const SurplusShape = z.strictObject({
  lotId: Id,
  material: z.string(),
  form: z.string(),
  grams: TotalGrams,
});
export const ReceiptCase = z.strictObject({
  caseId: Id,
  kind: z.enum(['receipt-short', 'receipt-surplus']),
  grams: TotalGrams,
});

/** Marks on the load, each on the lots that arrived. */
export const ReceiptMarks = z.array(z.strictObject({ markId: Id, code: z.string() }));

/** What a weighing came to, of one load or of several. */
export const judged = {
  lossGrams: TotalGrams,
  lossKind: z.string().optional(),
  missingGrams: TotalGrams,
  surplusGrams: TotalGrams,
  surplus: SurplusShape.optional(),
  case: ReceiptCase.optional(),
  onHold: z.boolean(),
};

const Received = z.strictObject({
  shipmentId: Id,
  /** The last fact that changed the shipment. */
  seq: Seq,
  /** Where it arrived: as sent, back at the sender, or elsewhere. */
  siteId: Id,
  outcome: z.enum(OUTCOMES),
  /** Whether nothing is on the way any more. */
  final: z.boolean(),
  /** The last fact that changed the site's settings, its tolerance among them. */
  siteSeq: Seq,
  bookedGrams: TotalGrams,
  measuredGrams: TotalGrams,
  toleranceGrams: TotalGrams,
  lots: LoadLots,
  ...judged,
  marks: ReceiptMarks.optional(),
});
/** How a load was weighed, and who recorded it. */
export const ReceivedPrivate = z.strictObject({
  keyId: Id,
  deviceId: Id.optional(),
  /** The scale whose error made the tolerance, as it was registered then. */
  scale: z.strictObject({ eGrams: z.int(), deviceSeq: Seq }).optional(),
  grossGrams: TotalGrams.optional(),
  tareGrams: TotalGrams.optional(),
  lots: z.array(z.strictObject({ lotId: Id, measuredGrams: TotalGrams })).optional(),
  containers: z.array(z.strictObject({ containerId: Id, measuredGrams: TotalGrams })).optional(),
  /** The seals as they were found. */
  seals: z.array(text(80)).optional(),
  /** Of several loads, those whose seals somebody looked at. */
  loadSeals: z
    .array(
      z.strictObject({
        shipmentId: Id,
        seals: z.array(text(80)).optional(),
        sealIntact: z.boolean().optional(),
      }),
    )
    .optional(),
  /** Those who profit, and may not decide the case or clear the mark. */
  organisationIds: z.array(Id).optional(),
  note: note(2_000).optional(),
});
export type Received = z.infer<typeof Received>;
export type ReceivedPrivate = z.infer<typeof ReceivedPrivate>;

type Arrival = Pick<Received, 'lots' | 'surplus' | 'case' | 'onHold'>;

/** What was weighed stands at the site without its losses, on hold where it is short; a surplus is a lot of the site. */
export const standAt = (world: World, seq: number, siteId: string, arrival: Arrival): void => {
  const { organisationId } = world.get(sites, siteId)!;
  const { caseId, kind } = arrival.case ?? { caseId: null, kind: null };
  for (const { lotId, bookedGrams, lossGrams } of arrival.lots)
    changeLot(world, lotId, seq, {
      siteId,
      shipmentId: null,
      organisationId,
      heldBy: arrival.onHold ? caseId : null,
      grams: bookedGrams - lossGrams,
    });
  if (arrival.surplus === undefined) return;
  const { lotId: id, ...surplus } = arrival.surplus;
  const heldBy = kind === 'receipt-surplus' ? caseId : null;
  openLot(world, {
    id,
    seq,
    place: 0,
    kind: 'surplus',
    organisationId,
    siteId,
    originClass: 'none',
    heldBy,
    ...surplus,
  });
};

/** The case of a weighing beyond tolerance, where it has one: of the lots that are short, or of the surplus. */
export const openArrivalCase = (
  world: World,
  seq: number,
  arrival: Arrival & Pick<Received, 'measuredGrams'>,
  { organisationIds = [] }: ReceivedPrivate,
  about: { subjectId: string; siteIds: string[] },
): void => {
  if (arrival.case === undefined) return;
  const { caseId: id, kind, grams } = arrival.case;
  openCase(world, {
    id,
    seq,
    kind,
    ...about,
    organisationIds,
    lotIds: arrival.onHold ? arrival.lots.map(({ lotId }) => lotId) : [arrival.surplus!.lotId],
    measuredGrams: arrival.measuredGrams,
    grams,
  });
};

export const shipmentReceived: FactType<Received, ReceivedPrivate> = {
  type: 'shipment.received.v1',
  title: { en: 'Shipment received', zh: '货物签收' },
  data: Received,
  private: ReceivedPrivate,
  grams:
    'The lots stand where they arrived, the rest travels on. A shortage within tolerance is drawn over them as a loss; beyond it they keep their grams, on hold. What exceeds them is a surplus lot of origin none.',
  fen: 'none',
  backPointers: ['seq', 'siteSeq', 'lots[].seq'],
  apply(world, { seq, data, private: more }) {
    const shipment = world.get(shipments, data.shipmentId)!;
    const { siteId } = data;
    const { organisationId } = world.get(sites, siteId)!;
    standAt(world, seq, siteId, data);
    openArrivalCase(world, seq, data, more, {
      subjectId: data.shipmentId,
      siteIds: [shipment.fromSiteId, siteId],
    });
    const arrived = new Map(
      data.lots.map(({ lotId, bookedGrams, lossGrams }) => [lotId, bookedGrams - lossGrams]),
    );
    const arrivedGrams = shipment.arrivedGrams + data.bookedGrams;
    world.put(shipments, {
      ...shipment,
      lots: shipment.lots.map(({ lotId, grams }) => ({ lotId, grams: arrived.get(lotId) ?? grams })),
      onTheWay: data.final ? [] : shipment.onTheWay.filter((lotId) => !arrived.has(lotId)),
      unweighed: data.final ? [] : shipment.unweighed.filter((lotId) => !arrived.has(lotId)),
      bookedGrams: data.final ? arrivedGrams : shipment.bookedGrams,
      arrivedGrams,
      arrivedSiteId: siteId,
      arrivedOrganisationId: organisationId,
      measuredGrams: (shipment.measuredGrams ?? 0) + data.measuredGrams,
      toleranceGrams: (shipment.toleranceGrams ?? 0) + data.toleranceGrams,
      lossGrams: (shipment.lossGrams ?? 0) + data.lossGrams,
      surplusGrams: (shipment.surplusGrams ?? 0) + data.surplusGrams,
      surplusLotId: data.surplus?.lotId ?? shipment.surplusLotId,
      caseId: data.case?.caseId ?? shipment.caseId,
      ...noteReceipt(world, shipment, { seq, siteId, lotIds: new Set(arrived.keys()) }),
      state: data.final ? data.outcome : shipment.state,
      lastSeq: seq,
    });
  },
};

export const receivedFacts = [shipmentReceived];
