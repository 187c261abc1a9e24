import { splitByWeight } from '../kernel/split.ts';

/**
 * Takes `grams` (d) out of lots that hold R = Σr together, from each in proportion: ⌊r·d / R⌋; the grams over
 * go one each to the largest r·d mod R, ties to the earlier lot (domain, "Exact shares"). In the lots' order.
 * Throws RangeError for a negative draw, or one of more than there is.
 */
export const drawOver = (held: readonly number[], grams: number): number[] => {
  const whole = held.reduce((sum, r) => sum + BigInt(r), 0n);
  if (BigInt(grams) > whole) throw new RangeError(`${grams} g cannot be drawn from ${whole} g`);
  return splitByWeight(grams, held);
};
