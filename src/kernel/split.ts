/**
 * Splits `amount` over the weights by largest remainder: ⌊w·amount / Σw⌋ each; what is over goes one each to the
 * largest w·amount mod Σw, ties to the earlier. In the weights' order, and in sum the amount, exactly. Weights are whole
 * numbers from 0. Throws RangeError for a negative amount, or when there is something to split and no weight.
 */
export const splitByWeight = (amount: number, weights: readonly number[]): number[] => {
  if (weights.length === 1 && weights[0]! > 0 && amount >= 0 && Number.isInteger(amount)) return [amount];
  const whole = weights.reduce((sum, w) => sum + BigInt(w), 0n);
  if (amount < 0 || (amount > 0 && whole === 0n))
    throw new RangeError(`${amount} cannot be split by ${whole}`);
  if (amount === 0) return weights.map(() => 0);
  const parts = weights.map((w, place) => {
    const product = BigInt(w) * BigInt(amount);
    return { place, part: Number(product / whole), remainder: product % whole };
  });
  const over = amount - parts.reduce((sum, { part }) => sum + part, 0);
  const largest = parts.toSorted((a, b) =>
    a.remainder === b.remainder ? a.place - b.place : a.remainder > b.remainder ? -1 : 1,
  );
  for (const share of largest.slice(0, over)) share.part += 1;
  return parts.map(({ part }) => part);
};
