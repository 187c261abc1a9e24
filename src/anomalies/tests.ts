import type { InForce } from './memory.ts';

/** What a rule measured when it hit; null when all is as expected. Limits themselves are never a hit. */
export type Figures = Record<string, number> | null;

/**
 * Mean mass of a piece against the grams a counted piece is taken for. Both limits are that, in basis points.
 *
 * @param each grams of a piece, as a counted one is paid
 */
export const pieceMass = (
  { parameters: { minBasisPoints, maxBasisPoints, minCount } }: InForce,
  { grams, count, each }: { grams: number; count: number; each: number },
): Figures => {
  if (count < minCount!) return null;
  const [measured, expected] = [BigInt(grams) * 10_000n, BigInt(each) * BigInt(count)];
  if (measured >= expected * BigInt(minBasisPoints!) && measured <= expected * BigInt(maxBasisPoints!))
    return null;
  return {
    grams,
    count,
    meanMilligrams: Number((BigInt(grams) * 1_000n) / BigInt(count)),
    minMilligrams: Math.floor((each * minBasisPoints!) / 10),
    maxMilligrams: Math.floor((each * maxBasisPoints!) / 10),
  };
};

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Grams of a person in a day against the hours from the first weigh-in to the last, at least `minHours`. */
export const personHour = (
  { parameters: { maxGramsPerHour, minHours } }: InForce,
  { grams, firstAt, lastAt }: { grams: number; firstAt: number; lastAt: number },
): Figures => {
  const ms = Math.max(minHours! * HOUR_MS, lastAt - firstAt);
  if (BigInt(grams) * BigInt(HOUR_MS) <= BigInt(maxGramsPerHour!) * BigInt(ms)) return null;
  return { grams, minutes: Math.floor(ms / MINUTE_MS), maxGramsPerHour: maxGramsPerHour! };
};

export const deliveriesPerDay = ({ parameters: { maxDeliveries } }: InForce, deliveries: number): Figures =>
  deliveries > maxDeliveries! ? { deliveries, maxDeliveries: maxDeliveries! } : null;

type Sum = { count: number; grams: number; against: number };

const basisPoints = (part: number, whole: number): number => Number((BigInt(part) * 10_000n) / BigInt(whole));

/** What one keeper's deductions leave, in basis points of grams, against what the others' at the station do. */
export const dryYield = (
  { parameters: { maxDifferenceBasisPoints, minWeighIns } }: InForce,
  own: Sum,
  station: Sum,
): Figures => {
  const others = {
    count: station.count - own.count,
    grams: station.grams - own.grams,
    against: station.against - own.against,
  };
  if (own.count < minWeighIns! || others.count < minWeighIns!) return null;
  const [ownBasisPoints, othersBasisPoints] = [
    basisPoints(own.against, own.grams),
    basisPoints(others.against, others.grams),
  ];
  if (Math.abs(ownBasisPoints - othersBasisPoints) <= maxDifferenceBasisPoints!) return null;
  return { ownBasisPoints, othersBasisPoints, weighIns: own.count };
};

/** Grams a station booked in a month's loads against what arrived of them. */
export const stationReceipts = (
  { parameters: { maxBasisPoints, minLoads } }: InForce,
  { count: loads, grams: bookedGrams, against: measuredGrams }: Sum,
): Figures => {
  const missingGrams = bookedGrams - measuredGrams;
  if (loads < minLoads! || missingGrams <= 0) return null;
  if (BigInt(missingGrams) * 10_000n <= BigInt(bookedGrams) * BigInt(maxBasisPoints!)) return null;
  return { bookedGrams, loads, missingGrams, missingBasisPoints: basisPoints(missingGrams, bookedGrams) };
};

/** The least distance that the accuracy of both positions leaves. */
export const farFromSite = (
  { parameters: { maxMetres } }: InForce,
  distance: number,
  accuracyM: number,
): Figures => {
  const metres = distance - accuracyM;
  return metres > maxMetres! ? { metres, accuracyM, maxMetres: maxMetres! } : null;
};

export const duplicateEvidence = ({ parameters: { maxUses } }: InForce, earlier: number): Figures =>
  earlier >= maxUses! ? { earlier } : null;

export const sameAccount = ({ parameters: { maxPeople } }: InForce, people: number): Figures =>
  people > maxPeople! ? { people, maxPeople: maxPeople! } : null;

/** @param age whole days from the day of the last check weight passed to that of the weighing; null: none before */
export const checkWeightMissing = ({ parameters: { maxDays } }: InForce, age: number | null): Figures =>
  age === null || age >= maxDays! ? { maxDays: maxDays! } : null;
