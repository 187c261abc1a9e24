/** Up to how many scale intervals ±1 e, and ±2 e, hold in service; ±3 e above (OIML R 76-1, 3.5.1 and 3.5.2, class III). */
const ONE_E = 500;
const TWO_E = 2_000;

/** The error in service of one reading, in grams. */
export const inServiceErrorGrams = (eGrams: number, readingGrams: number): number => {
  if (readingGrams <= ONE_E * eGrams) return eGrams;
  return readingGrams <= TWO_E * eGrams ? 2 * eGrams : 3 * eGrams;
};

/** A load weighed as one on a known scale: its interval, and every reading the net was made of. */
export type WeighedAsOne = { eGrams: number; readingsGrams: readonly number[] };

export const scaleErrorGrams = ({ eGrams, readingsGrams }: WeighedAsOne): number =>
  readingsGrams.reduce((sum, reading) => sum + inServiceErrorGrams(eGrams, reading), 0);

/** The site's tolerance, whole grams; the gram that is not full does not count. */
export const siteToleranceGrams = (bookedGrams: number, basisPoints: number): number =>
  Number((BigInt(bookedGrams) * BigInt(basisPoints)) / 10_000n);
