import type { DecideContext } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import type { Lot } from '../lots/lots.tables.ts';
import { sumGrams } from '../lots/lots.ts';
import { type Device, devices, type Site } from '../registry/registry.tables.ts';
import {
  readMeasurement,
  type Settled,
  scaleErrorGrams,
  settleLoad,
  siteToleranceGrams,
  surplusOf,
  wayLossKind,
} from './custody.ts';
import type { ReceiveInput } from './loads.ts';
import type { Received, ReceivedPrivate } from './received.facts.ts';

/** What a scale's word makes of grams that arrived together: the part of a receipt that one load and several share. */
export type Judged = Pick<
  Received,
  | 'bookedGrams'
  | 'measuredGrams'
  | 'toleranceGrams'
  | 'lossGrams'
  | 'lossKind'
  | 'missingGrams'
  | 'surplusGrams'
  | 'surplus'
  | 'case'
  | 'onHold'
>;

/**
 * Judges what was weighed (domain, "Tolerance"): the larger of the site's tolerance and the scale's error; a shortage
 * within it is a loss drawn over `parts`, in their order.
 *
 * @param load the lots weighed
 * @param parts their grams, lot by lot, or load by load where several are weighed at once
 */
export const judge = (
  world: World,
  site: Site,
  input: ReceiveInput,
  load: readonly Lot[],
  parts: readonly number[],
  newId: DecideContext['newId'],
): { judged: Judged; partLossGrams: number[]; scale: ReceivedPrivate['scale'] } => {
  const device = input.deviceId === undefined ? undefined : world.get(devices, input.deviceId);
  const measured = readLoad(input, load);
  const scale = scaleOf(site.id, device, measured.readingsGrams);
  const scaleError = scale === undefined ? 0 : scaleErrorGrams({ eGrams: scale.eGrams, ...measured });
  const toleranceGrams = Math.max(siteToleranceGrams(sumGrams(load), site.toleranceBasisPoints), scaleError);
  const { measuredGrams } = measured;
  const settled = settleLoad(parts, measuredGrams, toleranceGrams);
  const { lotLossGrams: partLossGrams, caseKind, ...sums } = settled;
  const judged = {
    ...sums,
    measuredGrams,
    toleranceGrams,
    ...(sums.lossGrams === 0 ? {} : { lossKind: wayLossKind(sums.lossGrams, scaleError) }),
    ...(sums.surplusGrams === 0
      ? {}
      : { surplus: { lotId: newId(), ...surplusOf(load), grams: sums.surplusGrams } }),
    ...caseOf(settled, newId),
    onHold: caseKind === 'receipt-short',
  };
  return { judged, partLossGrams, scale };
};

/** What the scale said of the load: containers each for themselves, with the lots that lie in none of them. */
const readLoad = (input: ReceiveInput, load: readonly Lot[]): ReturnType<typeof readMeasurement> => {
  const { containers } = input;
  if (containers === undefined)
    return readMeasurement(
      input,
      load.map((lot) => lot.id),
    );
  const weighed = new Set(containers.map(({ containerId }) => containerId));
  const loose = load.filter((lot) => lot.containerId === null || !weighed.has(lot.containerId));
  const lots = readMeasurement(
    { lots: input.lots ?? [] },
    loose.map((lot) => lot.id),
  );
  const inContainers = containers.reduce((sum, { measuredGrams }) => sum + measuredGrams, 0);
  return { measuredGrams: lots.measuredGrams + inContainers, readingsGrams: [] };
};

const caseOf = (
  { caseKind, missingGrams, surplusGrams }: Settled,
  newId: DecideContext['newId'],
): Pick<Judged, 'case'> =>
  caseKind === null ? {} : { case: { caseId: newId(), kind: caseKind, grams: missingGrams + surplusGrams } };

/** The receiving site's scale, where it weighed the load as one. An unknown device, or another site's, adds no tolerance. */
export const scaleOf = (
  siteId: string,
  device: Device | undefined,
  readings: readonly number[],
): ReceivedPrivate['scale'] => {
  if (device?.scale == null || device.siteId !== siteId || readings.length === 0) return undefined;
  return { eGrams: device.scale.eGrams, deviceSeq: device.lastSeq };
};

export const privatePart = (
  input: ReceiveInput,
  { caller }: DecideContext,
  more: Pick<ReceivedPrivate, 'scale' | 'organisationIds'>,
): ReceivedPrivate => {
  const { deviceId, grossGrams, tareGrams, lots: readings, containers, seals, loadSeals, note } = input;
  return {
    keyId: caller.keyId,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(grossGrams === undefined ? {} : { grossGrams }),
    ...(tareGrams === undefined ? {} : { tareGrams }),
    ...(readings === undefined ? {} : { lots: readings }),
    ...(containers === undefined ? {} : { containers }),
    ...(seals === undefined ? {} : { seals }),
    ...(loadSeals === undefined ? {} : { loadSeals }),
    ...(note === undefined ? {} : { note }),
    ...(more.scale === undefined ? {} : { scale: more.scale }),
    ...(more.organisationIds === undefined ? {} : { organisationIds: more.organisationIds }),
  };
};
