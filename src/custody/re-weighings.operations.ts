import { conflict, notFound } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { type Lot, lots } from '../lots/lots.tables.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { assertPast } from '../registry/clock.ts';
import { devices, sites } from '../registry/registry.tables.ts';
import { MOVERS } from './custody.operations.ts';
import { readMeasurement, scaleErrorGrams, siteToleranceGrams } from './custody.ts';
import { lotWeighed } from './re-weighings.facts.ts';
import type { WeighingRequest } from './re-weighings.schema.ts';
import { scaleOf } from './weighing.ts';

export type WeighingAnswer = {
  id: string;
  lotId: string;
  measuredGrams: number;
  bookedGrams: number;
  differenceGrams: number;
  toleranceGrams: number;
  caseId?: string;
  onHold: boolean;
};

/** Lots under a seal of their own, or that somebody bought: a difference opens a case and holds nothing. */
const NOT_HELD: readonly Lot['kind'][] = ['batch', 'sold', 'product'];

const mayBeHeld = (lot: Lot): boolean =>
  lot.heldBy === null && lot.containerId === null && !NOT_HELD.includes(lot.kind);

/**
 * What a scale says of a lot again is recorded as seen (domain, "Three weights"); booked grams never rise by it, and
 * no surplus is made. Within the larger of the site's tolerance and the scale's error nothing follows.
 *
 * @param programme whose operator stands for natural persons
 */
export const weighLotOperation = (programme: {
  operatorId: string;
}): Operation<WeighingRequest & { lotId: string }, WeighingAnswer> => ({
  name: 'lot.weigh',
  roles: MOVERS,
  status: 201,
  decide(world, { lotId, grossGrams, tareGrams, deviceId, weighedAt, reason }, { caller, id, now, newId }) {
    const lot = world.get(lots, lotId);
    if (lot === undefined || !mayReach(caller, lot.organisationId, lot.siteId)) throw notFound('lot');
    if (lot.siteId === null)
      throw conflict('not_here', 'This lot is on its way; its receiver weighs it.', {
        lotId,
        shipmentId: lot.shipmentId,
      });
    assertPast(weighedAt, now, '/weighedAt');
    const site = world.get(sites, lot.siteId)!;
    const measured = readMeasurement({ grossGrams, tareGrams }, [lotId]);
    const device = deviceId === undefined ? undefined : world.get(devices, deviceId);
    const scale = scaleOf(site.id, device, measured.readingsGrams);
    const scaleError = scale === undefined ? 0 : scaleErrorGrams({ eGrams: scale.eGrams, ...measured });
    const toleranceGrams = Math.max(siteToleranceGrams(lot.grams, site.toleranceBasisPoints), scaleError);
    const difference = measured.measuredGrams - lot.grams;
    const beyond = Math.abs(difference) > toleranceGrams;
    const opened = {
      caseId: newId(),
      grams: Math.abs(difference),
      onHold: difference < 0 && mayBeHeld(lot),
    };
    return draft({
      type: lotWeighed,
      ...actorOf(world, caller, programme),
      data: {
        lotId,
        seq: lot.lastSeq,
        siteId: site.id,
        siteSeq: site.lastSeq,
        grossGrams,
        tareGrams,
        bookedGrams: lot.grams,
        toleranceGrams,
        ...(beyond ? { case: opened } : {}),
      },
      private: {
        id,
        keyId: caller.keyId,
        weighedAt,
        ...(deviceId === undefined ? {} : { deviceId }),
        ...(scale === undefined ? {} : { scale }),
        ...(reason === undefined ? {} : { reason }),
        ...(beyond
          ? {
              organisationIds: [...new Set([site.organisationId, lot.organisationId, caller.organisationId])],
            }
          : {}),
      },
    });
  },
  answer: ({ data, private: more }) => ({
    id: more.id,
    lotId: data.lotId,
    measuredGrams: data.grossGrams - data.tareGrams,
    bookedGrams: data.bookedGrams,
    differenceGrams: data.grossGrams - data.tareGrams - data.bookedGrams,
    toleranceGrams: data.toleranceGrams,
    ...(data.case === undefined ? {} : { caseId: data.case.caseId }),
    onHold: data.case?.onHold ?? false,
  }),
});
