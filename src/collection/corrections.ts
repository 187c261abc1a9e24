export type MoneyAmount = { amount: number; currency: string };

/** What stands of a weigh-in's grams: in its own lot, booked, and drawn on without having been there. */
export type Standing = { lotGrams: number; bookedGrams: number; deficitGrams: number };

export type Settled = Omit<Standing, 'lotGrams'> & {
  /** What becomes of the weigh-in's own lot; negative: it loses them. */
  lotChangeGrams: number;
  surplusGrams: number;
};

/**
 * What a correction to `grams` does (domain, "Corrections"): down by what the weigh-in's own lot still holds, the rest
 * is a deficit; up first out of a deficit, then into the lot as long as nobody drew on it, later as a surplus.
 */
export const settleCorrection = (
  { lotGrams, bookedGrams, deficitGrams }: Standing,
  grams: number,
): Settled => {
  const change = grams - (bookedGrams - deficitGrams);
  if (change <= 0) {
    const lowered = Math.min(-change, lotGrams);
    return {
      bookedGrams: bookedGrams - lowered,
      deficitGrams: deficitGrams - change - lowered,
      lotChangeGrams: lowered === 0 ? 0 : -lowered,
      surplusGrams: 0,
    };
  }
  const filled = Math.min(change, deficitGrams);
  const over = change - filled;
  const untouched = lotGrams === bookedGrams;
  return {
    bookedGrams: bookedGrams + (untouched ? over : 0),
    deficitGrams: deficitGrams - filled,
    lotChangeGrams: untouched ? over : 0,
    surplusGrams: untouched ? 0 : over,
  };
};
