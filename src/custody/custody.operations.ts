import { expandContainers } from '../containers/containers.ts';
import { conflict, forbidden, unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { lots } from '../lots/lots.tables.ts';
import { sumGrams, usableLots } from '../lots/lots.ts';
import { PLACES } from '../lots/sources.tables.ts';
import { givenBack } from '../lots/undo.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { sites } from '../registry/registry.tables.ts';
import { shipmentDispatched, shipmentRefused, shipmentVoided, travelling } from './custody.facts.ts';
import type { ShipmentRequest, ShipmentVoidRequest } from './custody.schema.ts';
import {
  arriving,
  arrivingLots,
  assertUnderWay,
  knownShipment,
  loadOf,
  profiting,
  type ReceiveInput,
  refused,
  sealMarks,
} from './loads.ts';
import { type ReceiveAnswer, receiptAnswer } from './receipt.answer.ts';
import { shipmentReceived } from './received.facts.ts';
import { receiveTogether } from './together.ts';
import { type KnownIncident, loseLoad, takeInUnweighed } from './unmeasured.ts';
import { judge, privatePart } from './weighing.ts';

/** Who may send and receive loads. */
export const MOVERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

type LotGrams = { lotId: string; grams: number };
export type DispatchAnswer = { id: string; lots: LotGrams[] };
/**
 * Parts of lots that one load may hold: each is a lot of its own, and a fact has no more places for new lots. The fact
 * that voids it names each part twice, and must fit an entry too.
 */
export const MAX_PARTS = PLACES;

/** 422 `too_many_parts` for a load that takes apart more lots than one fact has places for. */
const assertPlaces = (used: readonly { lot: { grams: number }; use: { grams: number } }[]): void => {
  const parts = used.filter(({ lot, use }) => use.grams !== lot.grams).length;
  if (parts > MAX_PARTS)
    throw unprocessable(
      'too_many_parts',
      '/lots',
      `takes a part of ${parts} lots; at most ${MAX_PARTS} go in one load, so take whole lots or send two loads`,
    );
};

/** @param programme whose operator stands for natural persons */
export const custodyOperations = (programme: {
  operatorId: string;
}): {
  dispatchShipment: Operation<ShipmentRequest, DispatchAnswer>;
  receiveShipment: Operation<ReceiveInput & { incident?: KnownIncident | undefined }, ReceiveAnswer>;
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
      assertPlaces(used);
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
      const shipment = knownShipment(world, caller, shipmentId);
      if (!mayReach(caller, shipment.fromOrganisationId, shipment.fromSiteId))
        throw forbidden('Only the sending site may void what it dispatched.');
      assertUnderWay(shipment);
      if (shipment.state === 'refused') throw refused(shipment);
      if (shipment.state === 'lost')
        throw conflict('already_lost', 'This load left, and was reported lost.', {
          shipmentId,
          seq: shipment.lastSeq,
        });
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
          seq: shipment.lastSeq,
          dispatchedSeq: shipment.seq,
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
      const { outcome = 'received', final = true, alsoShipmentIds } = input;
      if (outcome === 'lost') return loseLoad(world, input, context, programme);
      if (outcome === 'unweighed') return takeInUnweighed(world, input, context, programme);
      if (alsoShipmentIds !== undefined)
        return receiveTogether(world, { ...input, alsoShipmentIds }, context, programme);
      const { shipment, site } = arriving(world, context.caller, input);
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
      const load = arrivingLots(world, shipment, input);
      const parts = load.map((lot) => lot.grams);
      const { judged, partLossGrams, scale } = judge(world, site, input, load, parts, context.newId);
      const marks = sealMarks(shipment, input).map((code) => ({ markId: context.newId(), code }));
      const pending = shipment.state === 'unweighed' ? shipment.unweighed : shipment.onTheWay;
      return draft({
        type: shipmentReceived,
        ...actorOf(world, context.caller, programme),
        data: {
          shipmentId: shipment.id,
          seq: shipment.lastSeq,
          siteId: site.id,
          outcome,
          final: final || load.length === pending.length,
          siteSeq: site.lastSeq,
          ...judged,
          lots: load.map(({ id: lotId, lastSeq: seq, grams }, i) => ({
            lotId,
            seq,
            bookedGrams: grams,
            lossGrams: partLossGrams[i]!,
          })),
          ...(marks.length === 0 ? {} : { marks }),
        },
        private: privatePart(input, context, {
          scale,
          organisationIds:
            judged.case === undefined && marks.length === 0
              ? undefined
              : profiting([shipment], site, load, context.caller),
        }),
      });
    },
    answer: receiptAnswer,
  },
});
