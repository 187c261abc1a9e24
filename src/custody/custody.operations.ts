import { expandContainers } from '../containers/containers.ts';
import { conflict, forbidden, notFound, unprocessable } from '../kernel/errors.ts';
import { type Caller, type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type Lot, lots } from '../lots/lots.tables.ts';
import { sumGrams, usableLots } from '../lots/lots.ts';
import { givenBack } from '../lots/undo.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { type Device, devices, type Site, sites } from '../registry/registry.tables.ts';
import { gramsLeft } from '../supervision/cases.operations.ts';
import {
  type Received,
  type ReceivedPrivate,
  shipmentDispatched,
  shipmentReceived,
  shipmentRefused,
  shipmentVoided,
  travelling,
} from './custody.facts.ts';
import type { ReceiptRequest, ShipmentRequest, ShipmentVoidRequest } from './custody.schema.ts';
import { type Shipment, shipments } from './custody.tables.ts';
import {
  readMeasurement,
  scaleErrorGrams,
  settleLoad,
  siteToleranceGrams,
  surplusOf,
  wayLossKind,
} from './custody.ts';

/** Who may send and receive loads. */
export const MOVERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

type LotGrams = { lotId: string; grams: number };
export type DispatchAnswer = { id: string; lots: LotGrams[] };
export type ReceiveInput = ReceiptRequest & { shipmentId: string };
export type ReceiveAnswer = {
  id: string;
  state: Shipment['state'];
  measuredGrams: number;
  bookedGrams: number;
  toleranceGrams: number;
  lossGrams: number;
  surplusGrams: number;
  surplusLotId?: string;
  caseId?: string;
  onHold: boolean;
  lots: LotGrams[];
};

/** @param programme whose operator stands for natural persons */
export const custodyOperations = (programme: {
  operatorId: string;
}): {
  dispatchShipment: Operation<ShipmentRequest, DispatchAnswer>;
  receiveShipment: Operation<ReceiveInput, ReceiveAnswer>;
  voidShipment: Operation<ShipmentVoidRequest & { shipmentId: string }, DispatchAnswer>;
} => ({
  dispatchShipment: {
    name: 'shipment.dispatch',
    roles: MOVERS,
    status: 201,
    decide(world, input, { caller, id, newId }) {
      const from = reachableSite(world, caller, input.fromSiteId, '/fromSiteId');
      if (world.get(sites, input.toSiteId) === undefined)
        throw unprocessable(
          'unknown_site',
          '/toSiteId',
          'no such site; register it with POST /v1/sites first',
        );
      if (input.toSiteId === from.id)
        throw unprocessable('same_site', '/toSiteId', 'must be another site than fromSiteId');
      const loose = usableLots(world, caller, from, input.lots ?? []);
      const inside = expandContainers(
        world,
        caller,
        from,
        (input.containers ?? []).map((containerId) => ({ containerId })),
        loose,
        newId,
      );
      const used = [...loose, ...inside.used];
      const { carrier, vehicle, seals, note } = input;
      return draft({
        type: shipmentDispatched,
        ...actorOf(world, caller, programme),
        data: {
          shipmentId: id,
          fromSiteId: from.id,
          toSiteId: input.toSiteId,
          lots: used.map(({ lot, use }) => (use.grams === lot.grams ? use : { ...use, partLotId: newId() })),
          bookedGrams: sumGrams(used.map(({ use }) => use)),
          ...(inside.named.length === 0 ? {} : { containers: inside.named }),
        },
        private: {
          keyId: caller.keyId,
          organisationId: caller.organisationId,
          ...(carrier === undefined ? {} : { carrier }),
          ...(vehicle === undefined ? {} : { vehicle }),
          ...(seals === undefined ? {} : { seals }),
          ...(note === undefined ? {} : { note }),
          ...(inside.named.length === 0 ? {} : { containerIds: inside.containerIds }),
        },
      });
    },
    answer: ({ data }) => ({ id: data.shipmentId, lots: travelling(data) }),
  },
  voidShipment: {
    name: 'shipment.void',
    roles: MOVERS,
    status: 201,
    decide(world, { shipmentId, reason }, { caller }) {
      const shipment = world.get(shipments, shipmentId);
      if (shipment === undefined || !takesPart(caller, shipment)) throw notFound('shipment');
      if (!mayReach(caller, shipment.fromOrganisationId, shipment.fromSiteId))
        throw forbidden('Only the sending site may void what it dispatched.');
      assertUnderWay(shipment);
      if (shipment.state === 'refused') throw refused(shipment);
      if (shipment.onTheWay.length < shipment.lots.length)
        throw conflict('already_received', 'A part of this shipment was received already.', {
          shipmentId,
          seq: shipment.lastSeq,
        });
      const load = loadOf(world, shipment);
      const wholeOf = new Map(shipment.parts.map(({ partLotId, lotId }) => [partLotId, lotId]));
      if (sumGrams(shipment.lots) !== shipment.bookedGrams)
        throw conflict('in_use', 'Something befell this load on its way; void that incident first.', {
          shipmentId,
          seq: shipment.lastSeq,
        });
      const rests = shipment.parts.map(({ lotId }) => ({ lotId, grams: 0 }));
      givenBack(world, rests, { siteId: shipment.fromSiteId });
      return draft({
        type: shipmentVoided,
        ...actorOf(world, caller, programme),
        data: {
          shipmentId,
          seq: shipment.seq,
          lots: load
            .filter(({ id }) => !wholeOf.has(id))
            .map(({ id: lotId, lastSeq: seq, grams }) => ({ lotId, seq, grams })),
          parts: load.flatMap(({ id: partLotId, lastSeq: partSeq, grams }) => {
            const lotId = wholeOf.get(partLotId);
            if (lotId === undefined) return [];
            return [{ lotId, seq: world.get(lots, lotId)!.lastSeq, grams, partLotId, partSeq }];
          }),
        },
        private: { keyId: caller.keyId, reason },
      });
    },
    answer: ({ data }) => ({
      id: data.shipmentId,
      lots: [...data.lots, ...data.parts].map(({ lotId, grams }: LotGrams) => ({ lotId, grams })),
    }),
  },
  receiveShipment: {
    name: 'shipment.receive',
    roles: MOVERS,
    status: 201,
    decide(world, input, context) {
      const { outcome = 'received', final = true } = input;
      const { shipment, site } = arriving(world, context.caller, input, outcome);
      if (outcome === 'refused')
        return draft({
          type: shipmentRefused,
          ...actorOf(world, context.caller, programme),
          data: { shipmentId: shipment.id, seq: shipment.lastSeq },
          private: {
            keyId: context.caller.keyId,
            ...(input.note === undefined ? {} : { note: input.note }),
          },
        });
      const load = arrivingLots(world, shipment, final ? undefined : input.lots);
      const device = input.deviceId === undefined ? undefined : world.get(devices, input.deviceId);
      const measured = readMeasurement(
        input,
        load.map((lot) => lot.id),
      );
      const scale = scaleOf(site.id, device, measured.readingsGrams);
      const scaleError = scale === undefined ? 0 : scaleErrorGrams({ eGrams: scale.eGrams, ...measured });
      const toleranceGrams = Math.max(
        siteToleranceGrams(sumGrams(load), site.toleranceBasisPoints),
        scaleError,
      );
      const settled = settleLoad(
        load.map((lot) => lot.grams),
        measured.measuredGrams,
        toleranceGrams,
      );
      const { lotLossGrams, caseKind, ...sums } = settled;
      return draft({
        type: shipmentReceived,
        ...actorOf(world, context.caller, programme),
        data: {
          shipmentId: shipment.id,
          seq: shipment.lastSeq,
          siteId: site.id,
          outcome,
          final: final || load.length === shipment.onTheWay.length,
          siteSeq: site.lastSeq,
          ...sums,
          measuredGrams: measured.measuredGrams,
          toleranceGrams,
          lots: load.map(({ id: lotId, lastSeq: seq, grams }, i) => ({
            lotId,
            seq,
            bookedGrams: grams,
            lossGrams: lotLossGrams[i]!,
          })),
          ...(sums.lossGrams === 0 ? {} : { lossKind: wayLossKind(sums.lossGrams, scaleError) }),
          ...(sums.surplusGrams === 0
            ? {}
            : { surplus: { lotId: context.newId(), ...surplusOf(load), grams: sums.surplusGrams } }),
          ...(caseKind === null
            ? {}
            : {
                case: {
                  caseId: context.newId(),
                  kind: caseKind,
                  grams: sums.missingGrams + sums.surplusGrams,
                },
              }),
          onHold: caseKind === 'receipt-short',
        },
        private: {
          ...privatePart(input, context),
          ...(scale === undefined ? {} : { scale }),
          ...(caseKind === null ? {} : { organisationIds: profiting(shipment, site, load, context.caller) }),
        },
      });
    },
    answer: ({ type, data }) => ({
      id: data.shipmentId,
      ...(type === shipmentRefused.type ? NOTHING_ARRIVED : arrivedAnswer(data as Received)),
    }),
  },
});

/** Whether the caller sends, receives or carries it. */
export const takesPart = (caller: Caller, shipment: Shipment): boolean =>
  mayReach(caller, shipment.fromOrganisationId, shipment.fromSiteId) ||
  mayReach(caller, shipment.toOrganisationId, shipment.toSiteId) ||
  (shipment.arrivedOrganisationId !== null &&
    mayReach(caller, shipment.arrivedOrganisationId, shipment.arrivedSiteId)) ||
  shipment.carrier === caller.organisationId;

/** What an answer says of a load that was refused. */
const NOTHING_ARRIVED = {
  state: 'refused',
  measuredGrams: 0,
  bookedGrams: 0,
  toleranceGrams: 0,
  lossGrams: 0,
  surplusGrams: 0,
  onHold: false,
  lots: [],
} satisfies Omit<ReceiveAnswer, 'id'>;

const arrivedAnswer = (data: Received): Omit<ReceiveAnswer, 'id'> => ({
  state: data.final ? data.outcome : 'dispatched',
  measuredGrams: data.measuredGrams,
  bookedGrams: data.bookedGrams,
  toleranceGrams: data.toleranceGrams,
  lossGrams: data.lossGrams,
  surplusGrams: data.surplusGrams,
  ...(data.surplus === undefined ? {} : { surplusLotId: data.surplus.lotId }),
  ...(data.case === undefined ? {} : { caseId: data.case.caseId }),
  onHold: data.onHold,
  lots: gramsLeft(data.lots),
});

/** The shipment, and the site that says what became of it: the receiver, or the sender, or another of a party's. */
const arriving = (
  world: World,
  caller: Caller,
  { shipmentId, siteId }: ReceiveInput,
  outcome: NonNullable<ReceiveInput['outcome']>,
): { shipment: Shipment; site: Site } => {
  const shipment = world.get(shipments, shipmentId);
  if (shipment === undefined || !takesPart(caller, shipment)) throw notFound('shipment');
  if (outcome === 'diverted') {
    const site = reachableSite(world, caller, siteId!);
    assertUnderWay(shipment);
    return { shipment, site };
  }
  const back = outcome === 'returned';
  const site = world.get(sites, back ? shipment.fromSiteId : shipment.toSiteId)!;
  if (!mayReach(caller, site.organisationId, site.id))
    throw forbidden(
      back ? 'Only the sending site may take it back.' : 'Only the receiving site may say what arrived.',
    );
  assertUnderWay(shipment);
  if (shipment.state === 'refused' && !back) throw refused(shipment);
  return { shipment, site };
};

const refused = ({ id: shipmentId, lastSeq: seq }: Shipment) =>
  conflict('refused', 'This load was refused; the sender takes it back with the outcome returned.', {
    shipmentId,
    seq,
  });

/** The lots that arrive: all on the way, or those named. 422 `container_apart` where lots of one container arrive apart. */
const arrivingLots = (
  world: World,
  shipment: Shipment,
  named: readonly { lotId: string }[] | undefined,
): Lot[] => {
  const load = loadOf(world, shipment);
  if (named === undefined) return load;
  const ids = new Set(named.map(({ lotId }) => lotId));
  const inside = new Set(load.flatMap((lot) => (ids.has(lot.id) ? (lot.containerId ?? []) : [])));
  const apart = load.find(
    (lot) => !ids.has(lot.id) && lot.containerId !== null && inside.has(lot.containerId),
  );
  if (apart !== undefined)
    throw unprocessable(
      'container_apart',
      '/lots',
      `lots of one container arrive together; name ${apart.id} as well`,
    );
  return load.filter((lot) => ids.has(lot.id));
};

const assertUnderWay = (shipment: Shipment): void => {
  const { id } = shipment;
  if (shipment.state === 'voided')
    throw conflict('already_voided', 'This shipment was voided.', { shipmentId: id, seq: shipment.lastSeq });
  if (shipment.state !== 'dispatched' && shipment.state !== 'refused')
    throw conflict('already_received', 'This shipment was received already.', {
      shipmentId: id,
      seq: shipment.lastSeq,
      measuredGrams: shipment.measuredGrams,
    });
};

/** The lots on the way as they are by now: a correction may have changed one. */
const loadOf = (world: World, shipment: Shipment): Lot[] => {
  world.need(lots, shipment.onTheWay);
  return shipment.onTheWay.map((id) => world.get(lots, id)!);
};

/** The receiving site's scale, where it weighed the load as one. An unknown device, or another site's, adds no tolerance. */
const scaleOf = (
  siteId: string,
  device: Device | undefined,
  readings: readonly number[],
): ReceivedPrivate['scale'] => {
  if (device?.scale == null || device.siteId !== siteId || readings.length === 0) return undefined;
  return { eGrams: device.scale.eGrams, deviceSeq: device.lastSeq };
};

const privatePart = (input: ReceiveInput, { caller }: DecideContext): ReceivedPrivate => {
  const { deviceId, grossGrams, tareGrams, lots: readings, note } = input;
  return {
    keyId: caller.keyId,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(grossGrams === undefined ? {} : { grossGrams }),
    ...(tareGrams === undefined ? {} : { tareGrams }),
    ...(readings === undefined ? {} : { lots: readings }),
    ...(note === undefined ? {} : { note }),
  };
};

/** Who sent, received, held or recorded the grams (domain, "Three weights": who profits). */
const profiting = (shipment: Shipment, site: Site, load: readonly Lot[], caller: Caller): string[] => [
  ...new Set([
    shipment.fromOrganisationId,
    shipment.toOrganisationId,
    site.organisationId,
    shipment.dispatchedBy,
    caller.organisationId,
    ...load.map((lot) => lot.organisationId),
  ]),
];
