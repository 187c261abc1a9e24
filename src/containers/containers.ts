import { conflict, unprocessable } from '../kernel/errors.ts';
import type { Caller } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type Container, containers } from '../lots/containers.tables.ts';
import { contentsOf } from '../lots/contents.ts';
import { drawOver } from '../lots/draw.ts';
import type { Lot } from '../lots/lots.tables.ts';
import { type LotUse, MAX_INPUTS } from '../lots/lots.ts';
import { scaleErrorGrams, siteToleranceGrams } from '../lots/tolerance.ts';
import { devices, type Site } from '../registry/registry.tables.ts';

/** The container a weigh-in names, where it stands open at the same site; else null, and the weigh-in is marked. */
export const fillable = (world: World, siteId: string, containerId: string): Container | null => {
  const container = world.get(containers, containerId);
  return container?.siteId === siteId && container.state === 'open' ? container : null;
};

/**
 * The lots in a container that is sealed at a weight beyond tolerance of what is booked in it (the larger of the site's
 * and of the scale's error); undefined within it, or where nobody weighed it. 422 `too_many_lots` over 500, which could
 * not leave or be processed as one either.
 */
export const weightDoubt = (
  world: World,
  site: Site,
  container: Container,
  { measuredGrams, deviceId }: { measuredGrams: number | undefined; deviceId: string | undefined },
): { toleranceGrams: number; lots: Lot[] } | undefined => {
  if (measuredGrams === undefined) return undefined;
  const scale = deviceId === undefined ? undefined : world.get(devices, deviceId);
  const eGrams = scale?.siteId === site.id ? scale.scale?.eGrams : undefined;
  const toleranceGrams = Math.max(
    siteToleranceGrams(container.grams, site.toleranceBasisPoints),
    eGrams === undefined ? 0 : scaleErrorGrams({ eGrams, readingsGrams: [measuredGrams] }),
  );
  if (Math.abs(measuredGrams - container.grams) <= toleranceGrams) return undefined;
  if (container.lots > MAX_INPUTS)
    throw unprocessable(
      'too_many_lots',
      '/measuredGrams',
      `holds ${container.lots} lots; its weight can be doubted of at most ${MAX_INPUTS}, so take some out first`,
    );
  return { toleranceGrams, lots: contentsOf(world, container) };
};

export type ContainerRequest = { containerId: string; grams?: number | undefined };

/** How a fact names a filling: the position of the last fact that changed it, unless it has no name before. */
export type NamedFilling = { container: string; seq?: number | undefined };

export const namedFilling = ({ fillingId, lastSeq }: Container, newId: () => string): NamedFilling =>
  fillingId === null ? { container: newId() } : { container: fillingId, seq: lastSeq };

export type Expanded = {
  used: { lot: Lot; use: LotUse }[];
  /** For the public part of the fact. */
  named: NamedFilling[];
  /** For its private part, in the same order. */
  containerIds: string[];
};

/**
 * The lots in the containers that a request names, at one site: all of them whole, or `grams` of a container drawn
 * over its lots in the order filled. 422 for an unknown or foreign container, one named twice, a lot that the
 * request names by itself too, or more than 500 lots; 409 `container_closed`, `not_here`, `container_empty`,
 * `on_hold`, `grams_gone` with what is left.
 *
 * @param named lots the request names by themselves
 */
export const expandContainers = (
  world: World,
  caller: Caller,
  site: { id: string; organisationId: string },
  requests: readonly ContainerRequest[],
  named: readonly { lot: Lot; use: LotUse }[],
  newId: () => string,
): Expanded => {
  world.need(
    containers,
    requests.map((r) => r.containerId),
  );
  const seen = new Set<string>();
  const found = requests.map((request, i) => {
    const at = `/containers/${i}`;
    const container = world.get(containers, request.containerId);
    if (
      container === undefined ||
      (container.organisationId !== site.organisationId && caller.role !== 'operator')
    )
      throw unprocessable('unknown_container', at, 'no such container of yours');
    if (seen.has(container.id)) throw unprocessable('container_named_twice', at, 'name each container once');
    seen.add(container.id);
    assertThere(container, site.id, request.grams);
    return { container, grams: request.grams ?? container.grams };
  });
  const lotCount = found.reduce((sum, { container }) => sum + container.lots, named.length);
  if (lotCount > MAX_INPUTS)
    throw unprocessable(
      'too_many_lots',
      '/containers',
      `hold ${lotCount} lots with those named; at most ${MAX_INPUTS} go at once, so consolidate first`,
    );
  const used = found.flatMap(({ container, grams }) => drawn(contentsOf(world, container), grams));
  refuseTwice(named, used);
  return {
    used,
    named: found.map(({ container }) => namedFilling(container, newId)),
    containerIds: found.map(({ container }) => container.id),
  };
};

const stateOf = ({ id, siteId, grams, lots, lastSeq, state }: Container) => ({
  containerId: id,
  siteId,
  grams,
  lots,
  seq: lastSeq,
  state,
});

/** 409 unless it stands at the site and holds the grams. */
const assertThere = (container: Container, siteId: string, grams: number | undefined): void => {
  const state = stateOf(container);
  if (container.state === 'closed') throw conflict('container_closed', 'This container was closed.', state);
  if (container.siteId !== siteId) throw conflict('not_here', 'This container is not at the site.', state);
  if (container.lots === 0) throw conflict('container_empty', 'Nothing is in this container.', state);
  if (grams !== undefined && grams > container.grams)
    throw conflict('grams_gone', `${container.grams} g are in it, ${grams} g are wanted.`, state);
};

const drawn = (contents: readonly Lot[], grams: number): Expanded['used'] => {
  const draws = drawOver(
    contents.map((lot) => lot.grams),
    grams,
  );
  return contents.flatMap((lot, i) => {
    if (draws[i] === 0) return [];
    if (lot.heldBy !== null)
      throw conflict('on_hold', 'A lot in this container is on hold until its case is decided.', {
        lotId: lot.id,
        caseId: lot.heldBy,
      });
    return [{ lot, use: { lotId: lot.id, seq: lot.lastSeq, grams: draws[i]! } }];
  });
};

const refuseTwice = (named: Expanded['used'] | readonly { lot: Lot }[], used: Expanded['used']): void => {
  const inContainers = new Set(used.map(({ lot }) => lot.id));
  const twice = named.find(({ lot }) => inContainers.has(lot.id));
  if (twice !== undefined)
    throw unprocessable(
      'lot_named_twice',
      '/containers',
      `hold the lot ${twice.lot.id}, named by itself too`,
    );
};
