/**
 * Takes `grams` (d) out of lots that hold R = Σr together, from each in proportion: ⌊r·d / R⌋; the grams over
 * go one each to the largest r·d mod R, ties to the earlier lot (domain, "Exact shares"). In the lots' order.
 * Throws RangeError for a negative draw, or one of more than there is.
 */
export const drawOver = (held: readonly number[], grams: number): number[] => {
  const whole = held.reduce((sum, r) => sum + BigInt(r), 0n);
  if (grams < 0 || BigInt(grams) > whole) throw new RangeError(`${grams} g cannot be drawn from ${whole} g`);
  if (grams === 0) return held.map(() => 0);
  const draws = held.map((r, place) => {
    const product = BigInt(r) * BigInt(grams);
    return { place, grams: Number(product / whole), remainder: product % whole };
  });
  const over = grams - draws.reduce((sum, draw) => sum + draw.grams, 0);
  const largest = draws.toSorted((a, b) =>
    a.remainder === b.remainder ? a.place - b.place : a.remainder > b.remainder ? -1 : 1,
  );
  for (const draw of largest.slice(0, over)) draw.grams += 1;
  return draws.map((draw) => draw.grams);
};
