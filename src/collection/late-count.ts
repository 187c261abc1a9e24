import { z } from 'zod';
import { Id, Seq, TotalGrams } from '../kernel/values.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import type { Site } from '../registry/registry.tables.ts';

/** Which count a late weigh-in uses up, and by how many grams (domain, "stock counted"). */
export const LateCountShape = z.strictObject({
  countId: Id,
  /** The fact of the count. */
  seq: Seq,
  /** Of its surplus, which is smaller by these grams: they were this weigh-in's. */
  surplus: z.strictObject({ lotId: Id, seq: Seq, grams: TotalGrams.min(1) }).optional(),
  /** Grams the count found no surplus for, or whose surplus was drawn on already; the lot is on hold until decided. */
  case: z.strictObject({ caseId: Id, grams: TotalGrams.min(1) }).optional(),
});
export type LateCount = z.infer<typeof LateCountShape>;

/**
 * A weigh-in of a time before the cut-off of a count that is recorded already was counted then, without being booked.
 * So it takes over what is undrawn of that count's surplus; the rest would be more than was counted, and is a question
 * for others. undefined of every weigh-in that is no such case: nothing is read for it.
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
  const surplus = count.surplusLotId === null ? undefined : world.get(lots, count.surplusLotId);
  const undrawn = surplus?.siteId === siteId && surplus.heldBy === null ? surplus.grams : 0;
  const taken = Math.min(grams, undrawn);
  const { countId, seq } = count;
  return {
    countId,
    seq,
    ...(taken === 0 ? {} : { surplus: { lotId: surplus!.id, seq: surplus!.lastSeq, grams: taken } }),
    ...(taken === grams ? {} : { case: { caseId: newId(), grams: grams - taken } }),
  };
};
