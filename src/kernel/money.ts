/**
 * `amount` minor units for every `per`, taken for `of`: amount × of / per, half up, exact beyond 2^53. What comes out
 * may pass 2^53 itself, and then is no safe integer.
 */
export const inProportion = (amount: number, of: number, per: number): number =>
  Number((2n * BigInt(amount) * BigInt(of) + BigInt(per)) / (2n * BigInt(per)));
