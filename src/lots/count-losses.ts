import { z } from 'zod';
import { Id, Seq, TotalGrams } from '../kernel/values.ts';
import type { World } from '../ledger/world.ts';
import { type CountLosses, countLosses } from './count-losses.tables.ts';
import { drawOver } from './draw.ts';
import { lots } from './lots.tables.ts';
import { changeLot, isSealed } from './lots.ts';

/** Lots a shortage may be drawn over again, so that many late weigh-ins of one count stay small facts. */
export const MAX_REDRAWN = 200;

/** How a late fact says that a shortage was returned, and drawn again with its own lot among the others. */
export const RedrawnShape = z.strictObject({
  /** Of the fact's own lot. */
  lossGrams: TotalGrams,
  /** Lots that lose more or less than before; `drawnSeq` is the fact that drew what is returned. */
  lots: z.array(
    z.strictObject({
      lotId: Id,
      seq: Seq,
      drawnSeq: Seq,
      returnedGrams: TotalGrams,
      lossGrams: TotalGrams,
    }),
  ),
});
export type Redrawn = z.infer<typeof RedrawnShape>;

/**
 * The shortage as it is with `grams` more in the pool: all that was lost is returned, and what the count did not find is
 * drawn over all of them (domain, "stock counted"). A lot keeps the loss it has where it has left, is on hold or under a
 * seal, and loses no more than it still holds; what others should have lost and have used is `goneGrams`, a question.
 */
export const redraw = (
  world: World,
  siteId: string,
  losses: CountLosses,
  grams: number,
): Redrawn & { goneGrams: number } => {
  const pool = losses.lots;
  world.need(
    lots,
    pool.map(({ lotId }) => lotId),
  );
  const booked = [...pool.map(({ bookedGrams }) => bookedGrams), grams];
  const missing = booked.reduce((sum, g) => sum + g, -losses.keptGrams);
  const fair = drawOver(booked, missing);
  const own = fair.at(-1)!;
  const changed: Redrawn['lots'] = [];
  let drawn = own;
  for (const [i, { lotId, seq: drawnSeq, lossGrams: returnedGrams }] of pool.entries()) {
    const lot = world.get(lots, lotId)!;
    const isFree = lot.siteId === siteId && lot.heldBy === null && !isSealed(world, lot);
    const lossGrams = isFree ? Math.min(fair[i]!, returnedGrams + lot.grams) : returnedGrams;
    drawn += lossGrams;
    if (lossGrams !== returnedGrams)
      changed.push({ lotId, seq: lot.lastSeq, drawnSeq, returnedGrams, lossGrams });
  }
  const gone = Math.max(0, missing - drawn - losses.askedGrams);
  return { lossGrams: own, lots: changed, goneGrams: Math.min(gone, grams - own) };
};

/** Puts a shortage that was drawn again into the lots and into its pool, where the fact's own lot stands from now on. */
export const applyRedrawn = (
  world: World,
  key: string,
  seq: number,
  own: { lotId: string; bookedGrams: number },
  { lossGrams, lots: changed }: Redrawn,
  goneGrams: number,
): void => {
  for (const { lotId, returnedGrams, lossGrams: lost } of changed)
    changeLot(world, lotId, seq, { grams: world.get(lots, lotId)!.grams + returnedGrams - lost });
  const losses = world.get(countLosses, key)!;
  const now = new Map(changed.map((lot) => [lot.lotId, lot.lossGrams]));
  world.put(countLosses, {
    ...losses,
    askedGrams: losses.askedGrams + goneGrams,
    lots: [
      ...losses.lots.map((lot) =>
        now.has(lot.lotId) ? { ...lot, seq, lossGrams: now.get(lot.lotId)! } : lot,
      ),
      { ...own, seq, lossGrams },
    ],
  });
};
