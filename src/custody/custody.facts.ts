import { z } from 'zod';
import { containersLeave, NamedFillingShape } from '../containers/containers.facts.ts';
import { Id, note, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { containers } from '../lots/containers.tables.ts';
import { changeLot, drawFrom, LotUse, openLot, returnTo } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { type Shipment, shipments } from './custody.tables.ts';

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

export const custodyFacts = [shipmentDispatched, shipmentVoided, shipmentRefused];
