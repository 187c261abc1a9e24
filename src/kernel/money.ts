/**
 * `amount` minor units for every `per`, taken for `of`: amount × of / per, half up, exact beyond 2^53. What comes out
 * may pass 2^53 itself, and then is no safe integer.
 */
export const inProportion = (amount: number, of: number, per: number): number => {
  const doubled = 2 * amount * of + per;
  // Below 2^53 every step of this is exact; of 0 or less nothing is said here.
  if (doubled >= 0 && amount >= 0 && of >= 0 && per > 0 && Number.isSafeInteger(doubled))
    return (doubled - (doubled % (2 * per))) / (2 * per);
  return Number((2n * BigInt(amount) * BigInt(of) + BigInt(per)) / (2n * BigInt(per)));
};
