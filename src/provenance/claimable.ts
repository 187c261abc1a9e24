import { CLAIMABLE_ORIGINS, isClaimableKind } from '../kernel/vocabulary.ts';
import type { Source } from '../lots/sources.tables.ts';
import type { CustodySource } from './custody-model.ts';
import type { ShareVector } from './shares.ts';

/**
 * Grams of a vector from sources of accepted origin without an open claim mark, weighed at least once. Of a source
 * with a deficit (grams drawn on that never were there) only the part that was, rounded down.
 */
export const acceptedGrams = (vector: ShareVector, sourceOf: (key: number) => Source): number => {
  let grams = 0;
  for (let i = 0; i < vector.keys.length; i++) {
    const source = sourceOf(vector.keys[i]!);
    if (source.accepted) grams += trueGrams(vector.grams[i]!, source);
  }
  return grams;
};

const trueGrams = (grams: number, { bookedGrams, deficitGrams }: Source): number =>
  deficitGrams === 0 ? grams : portion(bookedGrams - deficitGrams, grams, bookedGrams);

/** ⌊part · d / of⌋, exactly: what of `part` goes with d of `of` grams. */
export const portion = (part: number, d: number, of: number): number =>
  of === 0 ? 0 : Number((BigInt(part) * BigInt(d)) / BigInt(of));

/** ⌊Σ q·(g − deductions) / g⌋ over the sources: what is left when each source's deduction is taken off in proportion. */
export const netOfDeductions = (vector: ShareVector, sourceOf: (key: number) => Source): number => {
  let whole = 0;
  // Fractions are summed exactly, by their denominators: sources without a deduction have none.
  const fractions = new Map<number, bigint>();
  for (let i = 0; i < vector.keys.length; i++) {
    const { bookedGrams: g, payGrams } = sourceOf(vector.keys[i]!);
    const q = vector.grams[i]!;
    if (payGrams === g) whole += q;
    else fractions.set(g, (fractions.get(g) ?? 0n) + BigInt(q) * BigInt(payGrams));
  }
  return whole + floorOfSum(fractions);
};

const floorOfSum = (fractions: Map<number, bigint>): number => {
  let whole = 0n;
  let [numerator, denominator] = [0n, 1n];
  for (const [g, sum] of fractions) {
    const d = BigInt(g);
    whole += sum / d;
    const rest = sum % d;
    if (rest === 0n) continue;
    numerator = numerator * d + rest * denominator;
    denominator *= d;
    const shared = gcd(numerator, denominator);
    numerator /= shared;
    denominator /= shared;
  }
  return Number(whole + numerator / denominator);
};

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));

/**
 * Claimable grams of a lot (domain, "Three weights"): the least of what comes from accepted sources, what is dry
 * (once sampled; before that what the sources' deductions leave), and what norms upstream leave; nothing while the
 * lot itself is a mixture or no plastic. `capGrams` and `dryGrams` speak of these very grams; null where none applied.
 */
export const claimableOf = (
  lot: { material: string; form: string },
  vector: ShareVector,
  capGrams: number | null,
  sourceOf: (key: number) => Source,
  dryGrams: number | null = null,
): number => {
  if (!isClaimableKind(lot)) return 0;
  const accepted = acceptedGrams(vector, sourceOf);
  if (accepted === 0) return 0;
  return Math.min(accepted, dryGrams ?? netOfDeductions(vector, sourceOf), capGrams ?? accepted);
};

/** A source as the custody model sees it: what the material is. Whether it may be claimed yet is another question. */
export const custodySource = ({ siteId, originClass }: Source): CustodySource => ({
  siteId,
  accepted: CLAIMABLE_ORIGINS.includes(originClass),
});
