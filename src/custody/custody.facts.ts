import { z } from 'zod';
import { containersLeave, NamedFillingShape } from '../containers/containers.facts.ts';
import { Id, note, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { containers } from '../lots/containers.tables.ts';
import { changeLot, drawFrom, LotUse, openLot, returnTo } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { LoadLots } from '../supervision/cases.facts.ts';
import { openCase } from '../supervision/open-case.ts';
import { type Shipment, shipments } from './custody.tables.ts';
import { noteReceipt } from './receipts.ts';

const Dispatched = z.strictObject({
  shipmentId: Id,
  fromSiteId: Id,
  toSiteId: Id,
  /** `partLotId` where only a part of the lot went: the part is a lot of its own. */
  lots: z.array(LotUse.extend({ partLotId: Id.optional() })),
  bookedGrams: TotalGrams,
  /** Fillings that leave as they are; their lots stand in `lots`. */
  containers: z.array(NamedFillingShape).optional(),
});
type Dispatched = z.infer<typeof Dispatched>;
const DispatchedPrivate = z.strictObject({
  keyId: Id,
  /** Who recorded it, also where the operator stands as actor. */
  organisationId: Id,
  carrier: text(200).optional(),
  vehicle: text(80).optional(),
  seals: z.array(text(80)).optional(),
  note: note(2_000).optional(),
  containerIds: z.array(Id).optional(),
});

/** The lots that travel: the part where only a part went. */
export const travelling = (data: Dispatched): { lotId: string; grams: number }[] =>
  data.lots.map(({ lotId, partLotId, grams }) => ({ lotId: partLotId ?? lotId, grams }));

export const shipmentDispatched: FactType<Dispatched, z.infer<typeof DispatchedPrivate>> = {
  type: 'shipment.dispatched.v1',
  title: { en: 'Shipment dispatched', zh: '货物发运' },
  data: Dispatched,
  private: DispatchedPrivate,
  grams: 'Whole lots leave the site undrawn; a part is drawn from its lot into a new one, which leaves.',
  fen: 'none',
  backPointers: ['lots[].seq', 'containers[].seq'],
  apply(world, { seq, data, private: more }) {
    const { shipmentId } = data;
    containersLeave(world, seq, shipmentId, data.containers, more.containerIds);
    let place = 0;
    for (const { partLotId, ...use } of data.lots) {
      if (partLotId === undefined) {
        changeLot(world, use.lotId, seq, { siteId: null, shipmentId });
        continue;
      }
      const { organisationId, material, form, originClass } = drawFrom(world, use, seq);
      openLot(world, {
        id: partLotId,
        seq,
        place: place++,
        kind: 'part',
        organisationId,
        siteId: null,
        shipmentId,
        material,
        form,
        originClass,
        grams: use.grams,
      });
    }
    world.put(shipments, {
      id: shipmentId,
      seq,
      lastSeq: seq,
      fromSiteId: data.fromSiteId,
      fromOrganisationId: world.get(sites, data.fromSiteId)!.organisationId,
      toSiteId: data.toSiteId,
      toOrganisationId: world.get(sites, data.toSiteId)!.organisationId,
      dispatchedBy: more.organisationId,
      carrier: more.carrier ?? null,
      vehicle: more.vehicle ?? null,
      seals: more.seals ?? [],
      lots: travelling(data),
      parts: data.lots.flatMap(({ partLotId, lotId }) =>
        partLotId === undefined ? [] : [{ partLotId, lotId }],
      ),
      onTheWay: travelling(data).map(({ lotId }) => lotId),
      bookedGrams: data.bookedGrams,
      containers: (more.containerIds ?? []).map((id) => ({
        containerId: id,
        tag: world.get(containers, id)!.tag,
      })),
      ...NOT_YET_RECEIVED,
    });
  },
};

const Named = LotUse.extend({ grams: TotalGrams });
const Voided = z.strictObject({
  shipmentId: Id,
  /** The last fact that changed the shipment, and the dispatch that is undone. */
  seq: Seq,
  dispatchedSeq: Seq,
  /** Whole lots that stand at the sending site again. */
  lots: z.array(Named),
  /** Parts that go back into the lots they were drawn from. */
  parts: z.array(Named.extend({ partLotId: Id, partSeq: Seq })),
});
const VoidedPrivate = z.strictObject({ keyId: Id, reason: note(2_000) });

export const shipmentVoided: FactType<z.infer<typeof Voided>, z.infer<typeof VoidedPrivate>> = {
  type: 'shipment.voided.v1',
  title: { en: 'Shipment voided', zh: '货运作废' },
  data: Voided,
  private: VoidedPrivate,
  grams:
    'Whole lots stand at the sending site again; parts give their grams back to the lots they came from.',
  fen: 'none',
  backPointers: ['seq', 'dispatchedSeq', 'lots[].seq', 'parts[].seq', 'parts[].partSeq'],
  apply(world, { seq, data }) {
    const shipment = world.get(shipments, data.shipmentId)!;
    for (const { lotId } of data.lots)
      changeLot(world, lotId, seq, { siteId: shipment.fromSiteId, shipmentId: null });
    for (const { partLotId, partSeq: _, ...use } of data.parts) {
      changeLot(world, partLotId, seq, { grams: 0, siteId: shipment.fromSiteId, shipmentId: null });
      returnTo(world, use, seq);
    }
    world.put(shipments, { ...shipment, onTheWay: [], state: 'voided', lastSeq: seq });
  },
};

const NOT_YET_RECEIVED = {
  arrivedGrams: 0,
  arrivedSiteId: null,
  arrivedOrganisationId: null,
  measuredGrams: null,
  toleranceGrams: null,
  lossGrams: null,
  surplusGrams: null,
  surplusLotId: null,
  caseId: null,
  weighing: null,
  unweighed: [],
  unweighedSeq: null,
  receiptSeq: null,
  receiptTop: null,
  state: 'dispatched',
} satisfies Partial<Shipment>;

const Refused = z.strictObject({ shipmentId: Id, seq: Seq });
const RefusedPrivate = z.strictObject({ keyId: Id, note: note(2_000).optional() });

export const shipmentRefused: FactType<z.infer<typeof Refused>, z.infer<typeof RefusedPrivate>> = {
  type: 'shipment.refused.v1',
  title: { en: 'Shipment refused', zh: '拒收' },
  data: Refused,
  private: RefusedPrivate,
  grams: 'None: what has not arrived travels on, and back to the sender.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data }) {
    world.put(shipments, { ...world.get(shipments, data.shipmentId)!, state: 'refused', lastSeq: seq });
  },
};

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
  lossGrams: TotalGrams,
  lossKind: z.string().optional(),
  missingGrams: TotalGrams,
  surplusGrams: TotalGrams,
  surplus: SurplusShape.optional(),
  case: ReceiptCase.optional(),
  onHold: z.boolean(),
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
    if (data.case !== undefined)
      openCase(world, {
        id: data.case.caseId,
        seq,
        kind: data.case.kind,
        subjectId: data.shipmentId,
        organisationIds: more.organisationIds ?? [],
        siteIds: [shipment.fromSiteId, siteId],
        lotIds: data.onHold ? data.lots.map((lot) => lot.lotId) : [data.surplus!.lotId],
        measuredGrams: data.measuredGrams,
        grams: data.case.grams,
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

export const custodyFacts = [shipmentDispatched, shipmentVoided, shipmentRefused, shipmentReceived];
