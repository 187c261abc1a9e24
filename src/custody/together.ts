import { conflict, unprocessable } from '../kernel/errors.ts';
import { type AnyDraft, type DecideContext, draft } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { drawOver } from '../lots/draw.ts';
import type { Lot } from '../lots/lots.tables.ts';
import { MAX_INPUTS, sumGrams } from '../lots/lots.ts';
import { actorOf } from '../registry/actor.ts';
import { type Shipment, shipments } from './custody.tables.ts';
import {
  arriving,
  assertUnderWay,
  loadOf,
  profiting,
  type ReceiveInput,
  refused,
  sealMarks,
  takesPart,
} from './loads.ts';
import { shipmentsReceived } from './together.facts.ts';
import { judge, privatePart } from './weighing.ts';

/**
 * One weighing over several loads addressed to the same site, which are all open: else 409 with the load that is not,
 * `not_addressed_here` where it goes elsewhere. 422 for an unknown load or one named twice, `too_many_lots` over 500.
 */
export const receiveTogether = (
  world: World,
  input: ReceiveInput & { alsoShipmentIds: readonly string[] },
  context: DecideContext,
  programme: { operatorId: string },
): AnyDraft => {
  const { caller, newId } = context;
  world.need(shipments, [input.shipmentId, ...input.alsoShipmentIds]);
  const { shipment, site } = arriving(world, caller, input);
  const together = [shipment, ...others(world, input, context, shipment)];
  const loads = together.map((s) => ({ shipment: s, lots: loadOf(world, s) }));
  const all = loads.flatMap((load) => load.lots);
  if (all.length > MAX_INPUTS)
    throw unprocessable(
      'too_many_lots',
      '/alsoShipmentIds',
      `these loads are ${all.length} lots; weigh at most ${MAX_INPUTS} together`,
    );
  const seen = sealsSeen(input);
  const marks = together.map((s) => sealMarks(s, seen.get(s.id) ?? {}));
  const { judged, partLossGrams, scale } = judge(
    world,
    site,
    input,
    all,
    loads.map((load) => sumGrams(load.lots)),
    newId,
  );
  return draft({
    type: shipmentsReceived,
    ...actorOf(world, caller, programme),
    data: {
      siteId: site.id,
      siteSeq: site.lastSeq,
      loads: loads.map((load, i) => ({
        ...settledLoad(load.shipment, load.lots, partLossGrams[i]!),
        ...(marks[i]!.length === 0 ? {} : { marks: marks[i]!.map((code) => ({ markId: newId(), code })) }),
      })),
      ...judged,
    },
    private: privatePart(input, context, {
      scale,
      organisationIds:
        judged.case === undefined && marks.flat().length === 0
          ? undefined
          : profiting(together, site, all, caller),
    }),
  });
};

/** What was seen of each load's seals. 422 for a load that is not among them, or one named twice. */
const sealsSeen = ({
  shipmentId,
  alsoShipmentIds,
  loadSeals = [],
}: ReceiveInput & { alsoShipmentIds: readonly string[] }): ReadonlyMap<
  string,
  (typeof loadSeals)[number]
> => {
  for (const [i, { shipmentId: id }] of loadSeals.entries()) {
    const at = `/loadSeals/${i}/shipmentId`;
    if (id !== shipmentId && !alsoShipmentIds.includes(id))
      throw unprocessable('unknown_shipment', at, 'is none of the loads weighed here');
    if (loadSeals.findIndex((load) => load.shipmentId === id) < i)
      throw unprocessable('shipment_named_twice', at, 'name each shipment once');
  }
  return new Map(loadSeals.map((load) => [load.shipmentId, load]));
};

const others = (
  world: World,
  { shipmentId, alsoShipmentIds }: { shipmentId: string; alsoShipmentIds: readonly string[] },
  { caller }: DecideContext,
  { toSiteId }: Shipment,
): Shipment[] => {
  const seen = new Set([shipmentId]);
  return alsoShipmentIds.map((id, i) => {
    const at = `/alsoShipmentIds/${i}`;
    const other = world.get(shipments, id);
    if (other === undefined || !takesPart(caller, other))
      throw unprocessable('unknown_shipment', at, 'no such shipment of yours');
    if (seen.has(id)) throw unprocessable('shipment_named_twice', at, 'name each shipment once');
    seen.add(id);
    if (other.toSiteId !== toSiteId)
      throw conflict('not_addressed_here', 'This load is addressed to another site; weigh it by itself.', {
        shipmentId: id,
        toSiteId: other.toSiteId,
        seq: other.lastSeq,
      });
    if (other.state !== 'unweighed') assertUnderWay(other);
    if (other.state === 'refused') throw refused(other);
    return other;
  });
};

const settledLoad = ({ id: shipmentId, lastSeq: seq }: Shipment, load: readonly Lot[], lossGrams: number) => {
  const grams = load.map((lot) => lot.grams);
  const losses = drawOver(grams, lossGrams);
  return {
    shipmentId,
    seq,
    bookedGrams: sumGrams(load),
    lossGrams,
    lots: load.map((lot, i) => ({
      lotId: lot.id,
      seq: lot.lastSeq,
      bookedGrams: lot.grams,
      lossGrams: losses[i]!,
    })),
  };
};
