/** What a fact did to an account of a person, in minor units: a debit, which lowers what is owed, is positive. */
export type Move = {
  /** The fact, and the one that what it did counts to: of a correction, its weigh-in. */
  seq: number;
  origin: number;
  delta: number;
  /** How much of it was a payment; negative where one came back. */
  paid: number;
};

/**
 * How much of what each fact earned is paid: what was earned first is paid first, as a correction takes what was earned last
 * as unpaid (domain, "Corrections"). A correction counts to its weigh-in, and takes nothing from the others. By origin.
 */
export const coveredBy = (moves: readonly Move[]): Map<number, number> => {
  const earned = new Map<number, number>();
  let left = 0;
  for (const { origin, delta, paid } of moves) {
    left += paid;
    const change = paid - delta;
    if (change !== 0) earned.set(origin, (earned.get(origin) ?? 0) + change);
  }
  const covered = new Map<number, number>();
  for (const [origin, amount] of [...earned].sort(([a], [b]) => a - b)) {
    const taken = Math.max(0, Math.min(left, amount));
    covered.set(origin, taken);
    left -= taken;
  }
  return covered;
};

/** What part of an amount the grams of a batch bear, of all grams of the weigh-in: rounded down. */
export const borneBy = (amount: number, grams: number, whole: number): number =>
  whole === 0 ? 0 : Number((BigInt(amount) * BigInt(Math.min(grams, whole))) / BigInt(whole));
