import type { World } from '../ledger/world.ts';
import { type Container, containerPages, containers } from './containers.tables.ts';
import { type Lot, lots } from './lots.tables.ts';

/** Lots a page, so that a weigh-in into a full container writes no more than one into an empty one. */
const PAGE = 50;
/** Pages looked for at once, so that an upload of a thousand weigh-ins asks once. */
const PAGES_AHEAD = 20;
const pageKey = (containerId: string, page: number): string => `${containerId} ${page}`;

/** Lots in the container, in the order put in. */
export const contentsOf = (world: World, { id, entries }: Container): Lot[] => {
  const keys = Array.from({ length: Math.ceil(entries / PAGE) }, (_, page) => pageKey(id, page));
  world.need(containerPages, keys);
  const put = keys.flatMap((key) => world.get(containerPages, key)!.lots);
  // One taken out and put in again stands where it was put last.
  const last = [...new Set(put.toReversed())].reverse();
  world.need(lots, last);
  return last.map((lotId) => world.get(lots, lotId)!).filter((lot) => lot.containerId === id);
};

const putIn = (world: World, container: Container, lot: Lot, seq: number): void => {
  const { id, entries } = container;
  const number = Math.floor(entries / PAGE);
  const key = pageKey(id, number);
  if (!world.has(containerPages, key))
    world.need(
      containerPages,
      Array.from({ length: PAGES_AHEAD }, (_, i) => pageKey(id, number + i)),
    );
  const page = world.get(containerPages, key);
  const before = entries % PAGE === 0 ? [] : page!.lots;
  world.put(containerPages, { key, lots: [...before, lot.id] });
  world.put(containers, {
    ...container,
    lots: container.lots + 1,
    grams: container.grams + lot.grams,
    entries: entries + 1,
    lastSeq: seq,
  });
};

/** Emptied, it loses its name: the next filling is another. Its seal and what it weighed go with the filling. */
const EMPTY = {
  lots: 0,
  grams: 0,
  entries: 0,
  fillingId: null,
  sealNumber: null,
  measuredGrams: null,
} as const;

const takeFrom = (world: World, container: Container, grams: number, seq: number): void => {
  if (container.lots > 1)
    world.put(containers, {
      ...container,
      lots: container.lots - 1,
      grams: container.grams - grams,
      lastSeq: seq,
    });
  else world.put(containers, { ...container, ...EMPTY, state: openUnlessClosed(container), lastSeq: seq });
};

const openUnlessClosed = ({ state }: Container): Container['state'] => (state === 'closed' ? state : 'open');

/** A lot arrives in a container that travelled: the container arrives with it. */
const arrive = (world: World, lot: Lot): void => {
  const container = world.get(containers, lot.containerId!)!;
  if (container.siteId !== null) return;
  const { siteId, organisationId } = lot;
  world.put(containers, { ...container, siteId, organisationId, shipmentId: null });
};

/** Whether a lot that changed is still in its container: it has grams left, and is where the container is. */
const staysIn = (container: Container, lot: Lot): boolean =>
  lot.containerId === container.id &&
  lot.grams > 0 &&
  lot.siteId === container.siteId &&
  (lot.siteId !== null || lot.shipmentId !== null);

/**
 * What a lot's change means for its container: grams follow the lot; a lot used up, moved alone or taken out is no
 * longer in it. Returns the lot, out of its container where it left.
 */
export const followLot = (world: World, before: Lot | null, after: Lot, seq: number): Lot => {
  if (before?.containerId == null && after.containerId === null) return after;
  const arrives = before?.siteId === null && after.siteId !== null && before.containerId !== null;
  if (arrives) arrive(world, after);
  const was = before?.containerId ?? null;
  if (was === null) {
    putIn(world, world.get(containers, after.containerId!)!, after, seq);
    return after;
  }
  const container = world.get(containers, was)!;
  if (!staysIn(container, after)) {
    takeFrom(world, container, before!.grams, seq);
    return { ...after, containerId: null };
  }
  world.put(containers, {
    ...container,
    grams: container.grams + after.grams - before!.grams,
    lastSeq: seq,
  });
  return after;
};
