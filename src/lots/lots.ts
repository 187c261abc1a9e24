import { z } from 'zod';
import { conflict, unprocessable } from '../kernel/errors.ts';
import { Id, Seq, TotalGrams } from '../kernel/values.ts';
import type { Caller } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { containers } from './containers.tables.ts';
import { followLot } from './contents.ts';
import { type Lot, lotPlaces, lots, postings } from './lots.tables.ts';

/** How a fact names grams it takes: the lot, the last fact that changed it, and how many. */
export const LotUse = z.strictObject({ lotId: Id, seq: Seq, grams: TotalGrams.min(1) });
export type LotUse = z.infer<typeof LotUse>;

/** How a request names them: all of a lot unless grams are said. */
export const LotRequest = z.strictObject({
  lotId: Id,
  grams: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
});
export type LotRequest = z.infer<typeof LotRequest>;

/** Inputs one request may name, so that its fact fits an entry. */
export const MAX_INPUTS = 500;

/** A new lot with its first posting. */
export const openLot = (
  world: World,
  lot: Omit<Lot, 'lastSeq' | 'heldBy' | 'shipmentId' | 'containerId'> & Partial<Lot>,
): Lot => {
  const opened: Lot = { shipmentId: null, heldBy: null, containerId: null, ...lot, lastSeq: lot.seq };
  followLot(world, null, opened, lot.seq);
  world.put(lots, opened);
  world.add(postings, { account: lot.id, seq: lot.seq, delta: lot.grams, after: lot.grams });
  return opened;
};

/** Changes a lot; a change of its grams is posted, one of its site noted. Never below zero: no gram is made (domain, rule 1). */
export const changeLot = (world: World, id: string, seq: number, change: Partial<Lot>): Lot => {
  const before = world.get(lots, id)!;
  const changed: Lot = { ...before, ...change, lastSeq: seq };
  if (changed.grams < 0) throw new Error(`lot ${id} would hold ${changed.grams} g`);
  const after = followLot(world, before, changed, seq);
  world.put(lots, after);
  if (after.grams !== before.grams)
    world.add(postings, { account: id, seq, delta: after.grams - before.grams, after: after.grams });
  if (after.siteId !== before.siteId) world.add(lotPlaces, { lotId: id, seq, siteId: before.siteId });
  return after;
};

export const drawFrom = (world: World, use: LotUse, seq: number): Lot =>
  changeLot(world, use.lotId, seq, { grams: world.get(lots, use.lotId)!.grams - use.grams });

/** Gives grams that a step took back to the lot they were taken from: a void, an unsealing. */
export const returnTo = (world: World, use: LotUse, seq: number): Lot =>
  changeLot(world, use.lotId, seq, { grams: world.get(lots, use.lotId)!.grams + use.grams });

/**
 * The lots a request names, at one site or (null) on their way, each with the grams it wants. 422 for an unknown or
 * foreign lot, or one named twice; 409 `not_here`, `on_hold`, `in_container` (sealed), `grams_gone` with what is left.
 */
export const usableLots = (
  world: World,
  caller: Caller,
  site: { id: string | null; organisationId: string },
  requests: readonly LotRequest[],
  member = 'lots',
): { lot: Lot; use: LotUse }[] => {
  world.need(
    lots,
    requests.map((r) => r.lotId),
  );
  const seen = new Set<string>();
  return requests.map(({ lotId, grams }, i) => {
    const at = `/${member}/${i}`;
    const lot = world.get(lots, lotId);
    if (lot === undefined || (lot.organisationId !== site.organisationId && caller.role !== 'operator'))
      throw unprocessable('unknown_lot', `${at}/lotId`, 'no such lot of yours');
    if (seen.has(lotId)) throw unprocessable('lot_named_twice', `${at}/lotId`, 'name each lot once');
    seen.add(lotId);
    const state = { lotId, grams: lot.grams, siteId: lot.siteId, seq: lot.lastSeq };
    if (lot.heldBy !== null)
      throw conflict('on_hold', 'This lot is on hold until its case is decided.', {
        ...state,
        caseId: lot.heldBy,
      });
    if (lot.siteId !== site.id) throw conflict('not_here', 'This lot is not there now.', state);
    refuseSealed(world, lot);
    const wanted = grams ?? lot.grams;
    if (wanted === 0 || wanted > lot.grams)
      throw conflict('grams_gone', `${lot.grams} g of this lot are left, ${wanted} g are wanted.`, state);
    return { lot, use: { lotId, seq: lot.lastSeq, grams: wanted } };
  });
};

/** Whether a lot lies under the seal of a container. */
export const isSealed = (world: World, { containerId }: Lot): boolean =>
  containerId !== null && world.get(containers, containerId)?.state === 'sealed';

/** 409 `in_container` for a lot under a seal. */
export const refuseSealed = (world: World, lot: Lot): void => {
  if (isSealed(world, lot))
    throw conflict(
      'in_container',
      'This lot lies in a sealed container; open it first, or name the container.',
      { lotId: lot.id, containerId: lot.containerId },
    );
};

export const sumGrams = (items: readonly { grams: number }[]): number =>
  items.reduce((sum, { grams }) => sum + grams, 0);

/** The origin class they all share, or null. */
export const commonOrigin = (items: readonly { originClass: string | null }[]): string | null => {
  const [first] = items;
  return first !== undefined && items.every((i) => i.originClass === first.originClass)
    ? first.originClass
    : null;
};
