import { type Shipment, shipments } from '../custody/custody.tables.ts';
import type { VoidOperation } from '../http/voiding.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type LotUse, sumGrams, usableLots } from '../lots/lots.ts';
import { givenBack, lotGrams } from '../lots/undo.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { assertPast } from '../registry/clock.ts';
import { incidentReported, incidentVoided } from './incidents.facts.ts';
import type { IncidentRequest } from './incidents.schema.ts';
import { type Incident, incidents } from './incidents.tables.ts';
import { PROCESSORS } from './processing.operations.ts';

export type IncidentAnswer = {
  id: string;
  kind: string;
  grams: number;
  lots: { lotId: string; grams: number }[];
};

type Hit = { place: { siteId: string } | { shipmentId: string; shipmentSeq: number }; lots: LotUse[] };

const atSite = (world: World, caller: Caller, siteId: string, input: IncidentRequest): Hit => {
  const site = reachableSite(world, caller, siteId);
  return { place: { siteId }, lots: usableLots(world, caller, site, input.lots).map(({ use }) => use) };
};

/** A load on its way is its sender's: whoever sends it says what befell it. */
const onTheWay = (world: World, caller: Caller, shipmentId: string, input: IncidentRequest): Hit => {
  const shipment: Shipment | undefined = world.get(shipments, shipmentId);
  if (shipment === undefined || !mayReach(caller, shipment.fromOrganisationId, shipment.fromSiteId))
    throw unprocessable('unknown_shipment', '/shipmentId', 'no such shipment of yours');
  const sender = { id: null, organisationId: shipment.fromOrganisationId };
  const used = usableLots(world, caller, sender, input.lots);
  for (const { lot } of used)
    if (lot.shipmentId !== shipmentId)
      throw conflict('not_here', 'This lot is not in the load.', { lotId: lot.id, seq: lot.lastSeq });
  return {
    place: { shipmentId, shipmentSeq: shipment.lastSeq },
    lots: used.map(({ use }) => use),
  };
};

const ownIncident = (world: World, caller: Caller, id: string): Incident => {
  const incident = world.get(incidents, id);
  const shipment = incident?.shipmentId == null ? undefined : world.get(shipments, incident.shipmentId);
  const siteId = incident?.siteId ?? shipment?.fromSiteId ?? null;
  if (incident === undefined || !mayReach(caller, incident.organisationId, siteId))
    throw notFound('incident');
  return incident;
};

/** @param programme whose time zone days are told in, and whose operator stands for natural persons */
export const incidentOperations = (programme: {
  timeZone: string;
  operatorId: string;
}): { reportIncident: Operation<IncidentRequest, IncidentAnswer>; voidIncident: VoidOperation } => ({
  reportIncident: {
    name: 'incident.report',
    roles: PROCESSORS,
    status: 201,
    decide(world, input, { caller, id, now }) {
      const { siteId, shipmentId, kind, reference, happenedAt, note } = input;
      assertPast(happenedAt, now, '/happenedAt');
      const { place, lots } =
        siteId === undefined
          ? onTheWay(world, caller, shipmentId!, input)
          : atSite(world, caller, siteId, input);
      return draft({
        type: incidentReported,
        ...actorOf(world, caller, programme),
        data: {
          incidentId: id,
          ...place,
          kind,
          day: dayIn(programme.timeZone, Date.parse(happenedAt)),
          lots,
          grams: sumGrams(lots),
        },
        private: {
          keyId: caller.keyId,
          reference,
          happenedAt,
          ...(note === undefined ? {} : { note }),
        },
      });
    },
    answer: ({ data: { incidentId: id, kind, grams, lots } }) => ({ id, kind, grams, lots }),
  },
  voidIncident: {
    name: 'incident.void',
    roles: PROCESSORS,
    status: 201,
    decide(world, { subjectId, reason }, { caller }) {
      const incident = ownIncident(world, caller, subjectId);
      const { id: incidentId, seq: reportedSeq, lastSeq: seq, siteId, shipmentId, lots } = incident;
      if (incident.state === 'voided')
        throw conflict('already_voided', 'This incident was voided already.', { incidentId, seq });
      const shipment = shipmentId === null ? undefined : world.get(shipments, shipmentId);
      return draft({
        type: incidentVoided,
        ...actorOf(world, caller, programme),
        data: {
          incidentId,
          seq,
          ...(shipment === undefined ? {} : { shipmentId: shipment.id, shipmentSeq: shipment.lastSeq }),
          reportedSeq,
          lots: givenBack(world, lots, { siteId, shipmentId }),
        },
        private: { keyId: caller.keyId, reason },
      });
    },
    answer: ({ data }) => ({ id: data.incidentId, state: 'voided', lots: lotGrams(data.lots) }),
  },
});
