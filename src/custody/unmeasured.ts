import { conflict, forbidden, unprocessable } from '../kernel/errors.ts';
import { type AnyDraft, type DecideContext, draft } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { sumGrams } from '../lots/lots.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import {
  arriving,
  assertUnderWay,
  knownShipment,
  loadOf,
  profiting,
  type ReceiveInput,
  sealMarks,
} from './loads.ts';
import { shipmentLost, shipmentUnweighed } from './unmeasured.facts.ts';

type Programme = { operatorId: string };

/** An incident as it was read before the door: it never changes. */
export type KnownIncident = { id: string; seq: number; shipmentId: string | null; kind: string };

/**
 * What never arrived. With an incident of this very load (its reference is the police's or the insurer's) the rest is
 * a loss of the incident's kind; without one nothing is lost yet: a case opens, and others decide. 409 `already_lost`.
 */
export const loseLoad = (
  world: World,
  input: ReceiveInput & { incident?: KnownIncident | undefined },
  { caller, newId }: DecideContext,
  programme: Programme,
): AnyDraft => {
  const { incidentId, incident, note } = input;
  const shipment = knownShipment(world, caller, input.shipmentId);
  if (
    !mayReach(caller, shipment.fromOrganisationId, shipment.fromSiteId) &&
    !mayReach(caller, shipment.toOrganisationId, shipment.toSiteId)
  )
    throw forbidden('Only the sending or the receiving site may say that it never arrived.');
  assertUnderWay(shipment);
  if (incidentId !== undefined && incident?.shipmentId !== shipment.id)
    throw unprocessable('unknown_incident', '/incidentId', 'no such incident of this load');
  const load = loadOf(world, shipment);
  const bookedGrams = sumGrams(load);
  if (shipment.state === 'lost' && bookedGrams === 0)
    throw conflict('already_lost', 'This load was lost already.', {
      shipmentId: shipment.id,
      seq: shipment.lastSeq,
    });
  const asksCase = incident === undefined && bookedGrams > 0;
  return draft({
    type: shipmentLost,
    ...actorOf(world, caller, programme),
    data: {
      shipmentId: shipment.id,
      seq: shipment.lastSeq,
      lossKind: incident?.kind ?? input.lossKind!,
      bookedGrams,
      lots: load.map(({ id: lotId, lastSeq: seq, grams }) => ({
        lotId,
        seq,
        bookedGrams: grams,
        lossGrams: asksCase ? 0 : grams,
      })),
      lossGrams: asksCase ? 0 : bookedGrams,
      ...(incident === undefined ? {} : { incident: { incidentId: incident.id, seq: incident.seq } }),
      ...(asksCase ? { case: { caseId: newId(), kind: 'load-lost' as const, grams: bookedGrams } } : {}),
    },
    private: {
      keyId: caller.keyId,
      ...(asksCase
        ? {
            organisationIds: profiting(
              [shipment],
              { organisationId: shipment.toOrganisationId },
              load,
              caller,
            ),
          }
        : {}),
      ...(note === undefined ? {} : { note }),
    },
  });
};

/** Arrived where no scale is: booked grams go on as booked, and are judged when somebody weighs them. */
export const takeInUnweighed = (
  world: World,
  input: ReceiveInput,
  { caller, newId }: DecideContext,
  programme: Programme,
): AnyDraft => {
  const { note, seals } = input;
  const { shipment, site } = arriving(world, caller, input);
  const load = loadOf(world, shipment);
  const marks = sealMarks(shipment, input).map((code) => ({ markId: newId(), code }));
  return draft({
    type: shipmentUnweighed,
    ...actorOf(world, caller, programme),
    data: {
      shipmentId: shipment.id,
      seq: shipment.lastSeq,
      siteId: site.id,
      bookedGrams: sumGrams(load),
      lots: load.map(({ id: lotId, lastSeq: seq, grams }) => ({ lotId, seq, grams })),
      ...(marks.length === 0 ? {} : { marks }),
    },
    private: {
      keyId: caller.keyId,
      ...(seals === undefined ? {} : { seals }),
      ...(marks.length === 0 ? {} : { organisationIds: profiting([shipment], site, load, caller) }),
      ...(note === undefined ? {} : { note }),
    },
  });
};
