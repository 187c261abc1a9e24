import { z } from 'zod';
import { Id, Seq, TotalGrams } from '../kernel/values.ts';
import type { World } from '../ledger/world.ts';
import { countLosses, lossesKey } from '../lots/count-losses.tables.ts';
import { applyRedrawn, MAX_REDRAWN, RedrawnShape, redraw } from '../lots/count-losses.ts';
import { lots } from '../lots/lots.tables.ts';
import { drawFrom } from '../lots/lots.ts';
import type { Site } from '../registry/registry.tables.ts';
import { openCase } from '../supervision/open-case.ts';

/** Which count a late weigh-in uses up, and by how many grams (domain, "stock counted"). */
export const LateCountShape = z.strictObject({
  countId: Id,
  /** The fact of the count. */
  seq: Seq,
  /** Of its surplus, which is smaller by these grams: they were this weigh-in's. */
  surplus: z.strictObject({ lotId: Id, seq: Seq, grams: TotalGrams.min(1) }).optional(),
  /** Its shortage, which is larger by this weigh-in: returned to the lots it was drawn from, and drawn again. */
  shortage: RedrawnShape.optional(),
  /** Grams the count found no surplus for, or that were drawn on already; the lot is on hold until decided. */
  case: z.strictObject({ caseId: Id, grams: TotalGrams.min(1) }).optional(),
});
export type LateCount = z.infer<typeof LateCountShape>;

/**
 * A weigh-in of a time before the cut-off of a count that is recorded already was counted then, without being booked.
 * So it takes over what is undrawn of that count's surplus, or joins the lots that bear its shortage; the rest would be
 * more than was counted, and is a question for others. undefined of every weigh-in that is no such case: nothing is
 * read for it.
 */
export const lateCount = (
  world: World,
  { id: siteId, counts }: Pick<Site, 'id' | 'counts'>,
  { material, form, collectedAt }: { material: string; form: string; collectedAt: string },
  grams: number,
  newId: () => string,
): LateCount | undefined => {
  if (counts.length === 0) return undefined;
  const count = counts.find((c) => c.material === material && c.form === form);
  if (count === undefined || Date.parse(collectedAt) > Date.parse(count.cutOffAt)) return undefined;
  const { countId, seq, surplusLotId } = count;
  const asked = (gone: number) => (gone === 0 ? {} : { case: { caseId: newId(), grams: gone } });
  const losses = surplusLotId === null ? world.get(countLosses, lossesKey(countId, count)) : undefined;
  if (losses !== undefined && losses.lots.length < MAX_REDRAWN) {
    const { goneGrams, ...shortage } = redraw(world, siteId, losses, grams);
    return { countId, seq, shortage, ...asked(goneGrams) };
  }
  const surplus = surplusLotId === null ? undefined : world.get(lots, surplusLotId);
  const undrawn = surplus?.siteId === siteId && surplus.heldBy === null ? surplus.grams : 0;
  const taken = Math.min(grams, undrawn);
  return {
    countId,
    seq,
    ...(taken === 0 ? {} : { surplus: { lotId: surplus!.id, seq: surplus!.lastSeq, grams: taken } }),
    ...asked(grams - taken),
  };
};

/** Grams that the count shows a late weigh-in no longer has. */
export const lostToCount = (count: LateCount | undefined): number => count?.shortage?.lossGrams ?? 0;

type Late = {
  lotId: string;
  siteId: string;
  material: string;
  form: string;
  grossGrams: number;
  tareGrams: number;
};

/** What a late weigh-in does to its count; `organisationIds`: those who profit, and may not decide its case. */
export const useUpCount = (
  world: World,
  seq: number,
  { lotId, siteId, grossGrams, tareGrams, ...kind }: Late,
  { countId, surplus, shortage, case: question }: LateCount,
  organisationIds: string[],
): void => {
  const grams = grossGrams - tareGrams;
  const gone = question?.grams ?? 0;
  if (surplus !== undefined) drawFrom(world, surplus, seq);
  if (shortage !== undefined)
    applyRedrawn(world, lossesKey(countId, kind), seq, { lotId, bookedGrams: grams }, shortage, gone);
  if (question === undefined) return;
  openCase(world, {
    id: question.caseId,
    seq,
    kind: 'late-count',
    subjectId: lotId,
    organisationIds,
    siteIds: [siteId],
    lotIds: [lotId],
    measuredGrams: grams - (shortage?.lossGrams ?? 0) - gone,
    grams: gone,
  });
};
