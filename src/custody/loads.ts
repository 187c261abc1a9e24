import { conflict, forbidden, notFound, unprocessable } from '../kernel/errors.ts';
import type { Caller } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type Lot, lots } from '../lots/lots.tables.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { type Site, sites } from '../registry/registry.tables.ts';
import type { ReceiptRequest } from './custody.schema.ts';
import { type Shipment, shipments } from './custody.tables.ts';

export type ReceiveInput = ReceiptRequest & { shipmentId: string };

/** Whether the caller sends, receives or carries it. */
export const takesPart = (caller: Caller, shipment: Shipment): boolean =>
  mayReach(caller, shipment.fromOrganisationId, shipment.fromSiteId) ||
  mayReach(caller, shipment.toOrganisationId, shipment.toSiteId) ||
  (shipment.arrivedOrganisationId !== null &&
    mayReach(caller, shipment.arrivedOrganisationId, shipment.arrivedSiteId)) ||
  shipment.carrier === caller.organisationId;

/** A shipment the caller has a part in; 404 for any other. */
export const knownShipment = (world: World, caller: Caller, shipmentId: string): Shipment => {
  const shipment = world.get(shipments, shipmentId);
  if (shipment === undefined || !takesPart(caller, shipment)) throw notFound('shipment');
  return shipment;
};

/** The shipment, and the site that says what became of it: the receiver, or the sender, or another of a party's. */
export const arriving = (
  world: World,
  caller: Caller,
  { shipmentId, siteId, outcome = 'received' }: ReceiveInput,
): { shipment: Shipment; site: Site } => {
  const shipment = knownShipment(world, caller, shipmentId);
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
  if (outcome !== 'received' || shipment.state !== 'unweighed') assertUnderWay(shipment);
  if (shipment.state === 'refused' && !back) throw refused(shipment);
  return { shipment, site };
};

export const refused = ({ id: shipmentId, lastSeq: seq }: Shipment) =>
  conflict('refused', 'This load was refused; the sender takes it back with the outcome returned.', {
    shipmentId,
    seq,
  });

/** A load that was reported lost may still arrive. */
const UNDER_WAY: readonly string[] = ['dispatched', 'refused', 'lost'];

/** 409 `already_voided` or `already_received` where nothing of the load can be on its way any more. */
export const assertUnderWay = (shipment: Shipment): void => {
  const { id } = shipment;
  if (shipment.state === 'voided')
    throw conflict('already_voided', 'This shipment was voided.', { shipmentId: id, seq: shipment.lastSeq });
  if (!UNDER_WAY.includes(shipment.state))
    throw conflict('already_received', 'This shipment was received already.', {
      shipmentId: id,
      seq: shipment.lastSeq,
      measuredGrams: shipment.measuredGrams,
    });
};

/**
 * The lots that a scale may still speak of, as they are by now (a correction may have changed one): those on the way,
 * or those that arrived unweighed and were not used since, else 409 `in_use`. 409 `on_hold` of a load reported lost
 * that nobody decided about.
 */
export const loadOf = (world: World, shipment: Shipment): Lot[] => {
  const cameUnweighed = shipment.state === 'unweighed';
  const ids = cameUnweighed ? shipment.unweighed : shipment.onTheWay;
  world.need(lots, ids);
  return ids.map((id) => {
    const lot = world.get(lots, id)!;
    const state = { shipmentId: shipment.id, lotId: id, seq: lot.lastSeq, grams: lot.grams };
    if (cameUnweighed && lot.lastSeq !== shipment.unweighedSeq)
      throw conflict(
        'in_use',
        'A lot of this load was used since it arrived; the load cannot be weighed any more.',
        state,
      );
    if (lot.heldBy !== null)
      throw conflict('on_hold', 'This load was reported lost; its case must be decided first.', {
        ...state,
        caseId: lot.heldBy,
      });
    return lot;
  });
};

/**
 * The lots that arrive: all on the way, or those named by themselves or with their container. 422 `unknown_container`,
 * `container_named_twice`, and `container_apart` where lots of one container arrive apart.
 */
export const arrivingLots = (
  world: World,
  shipment: Shipment,
  { lots: named = [], containers = [], final = true }: Pick<ReceiveInput, 'lots' | 'containers' | 'final'>,
): Lot[] => {
  const load = loadOf(world, shipment);
  const weighed = new Set<string>();
  for (const [i, { containerId }] of containers.entries()) {
    const at = `/containers/${i}/containerId`;
    if (!load.some((lot) => lot.containerId === containerId))
      throw unprocessable('unknown_container', at, 'no such container in this load');
    if (weighed.has(containerId))
      throw unprocessable('container_named_twice', at, 'name each container once');
    weighed.add(containerId);
  }
  if (final) return load;
  const ids = new Set(named.map(({ lotId }) => lotId));
  for (const lot of load) if (lot.containerId !== null && weighed.has(lot.containerId)) ids.add(lot.id);
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

/** Who sent, received, held or recorded the grams (domain, "Three weights": who profits). */
export const profiting = (
  loads: readonly Shipment[],
  site: Pick<Site, 'organisationId'>,
  load: readonly Lot[],
  caller: Caller,
): string[] => [
  ...new Set([
    ...loads.flatMap((s) => [s.fromOrganisationId, s.toOrganisationId]),
    site.organisationId,
    ...loads.map((s) => s.dispatchedBy),
    caller.organisationId,
    ...load.map((lot) => lot.organisationId),
  ]),
];

/**
 * Marks that the seals of a load bring: broken, or other numbers than it left with. The order they are read in does not
 * matter; a load whose seals nobody looked at brings none.
 */
export const sealMarks = (
  { seals: left }: Pick<Shipment, 'seals'>,
  { sealIntact, seals: found }: Pick<ReceiveInput, 'sealIntact' | 'seals'>,
): 'seal-broken'[] => {
  const differs = found !== undefined && JSON.stringify(found.toSorted()) !== JSON.stringify(left.toSorted());
  return sealIntact === false || differs ? ['seal-broken'] : [];
};
