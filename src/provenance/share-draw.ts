import { assertGrams, blankVector, ShareError, type ShareVector, total } from './share-vector.ts';

/** What a draw took, and what it left. */
export type Draw = { readonly taken: ShareVector; readonly rest: ShareVector };

/**
 * Takes `grams` (d) out of the R grams of a vector, from each source in proportion: q_k = ⌊r_k·d / R⌋; the
 * grams over go one each to the largest r_k·d mod R, ties to the lower key. Rule shares.v1.
 * Throws `bad-grams` for what is no whole number of grams, `draw-over-total` for more than there is.
 */
export function draw(v: ShareVector, grams: number): Draw {
  assertGrams(grams);
  const whole = total(v);
  if (grams > whole) throw new ShareError('draw-over-total', `${grams} g cannot be drawn from ${whole} g`);
  const { quotients, remainders, sum } = proportions(v.grams, grams, whole);
  giveOneEach(quotients, remainders, grams - sum, whole);
  return {
    taken: withoutZeros(v.keys, quotients),
    rest: withoutZeros(
      v.keys,
      v.grams.map((r, k) => r - quotients[k]!),
    ),
  };
}

/**
 * ⌊r_k·d / R⌋ and r_k·d mod R of every r_k, exactly.
 *
 * Floats do where the product p is at most 2^53 - 1, which its float value tells (a larger product never
 * rounds down to that). Then ⌊p / R⌋ is exact: a quotient that is no integer lies at least 1/R below the next
 * one, and rounding moves it by at most (p/R)·2^-53 < 1/R. Larger products go by BigInt.
 */
function proportions(shares: Float64Array, d: number, whole: number) {
  const quotients = new Float64Array(shares.length);
  const remainders = new Float64Array(shares.length);
  const bigD = BigInt(d);
  const bigWhole = BigInt(whole);
  let sum = 0;
  for (let k = 0; k < shares.length; k++) {
    const r = shares[k]!;
    const product = r * d;
    if (product <= Number.MAX_SAFE_INTEGER) {
      const quotient = Math.floor(product / whole);
      quotients[k] = quotient;
      remainders[k] = product - quotient * whole;
    } else {
      const bigProduct = BigInt(r) * bigD;
      const quotient = bigProduct / bigWhole;
      quotients[k] = Number(quotient);
      remainders[k] = Number(bigProduct - quotient * bigWhole);
    }
    sum += quotients[k]!;
  }
  return { quotients, remainders, sum };
}

/** Adds one gram to each of the `count` largest remainders; equal ones are served from the lowest key on. */
function giveOneEach(quotients: Float64Array, remainders: Float64Array, count: number, whole: number): void {
  if (count === 0) return;
  const { value, ties } = nthLargest(remainders, count, whole);
  let tiesLeft = ties;
  for (let k = 0; k < quotients.length; k++) {
    const remainder = remainders[k]!;
    if (remainder > value || (remainder === value && tiesLeft-- > 0)) quotients[k]! += 1;
  }
}

/**
 * The n-th largest of integers below `bound`, and how many of that value are among the n largest.
 * Cuts the range that holds it into buckets until it is one integer wide: a few passes whatever the values,
 * where a sort of all would cost five times as much at 10^6. Bucket counts are powers of two, so that
 * width / buckets is exact.
 */
function nthLargest(values: Float64Array, n: number, bound: number): { value: number; ties: number } {
  const buckets = values.length < 256 ? 16 : 2048;
  let low = 0;
  let width = bound;
  let wanted = n;
  while (width > 1) {
    const step = Math.ceil(width / buckets);
    const counts = new Uint32Array(buckets);
    for (let k = 0; k < values.length; k++) {
      const offset = values[k]! - low;
      if (offset >= 0 && offset < width) counts[Math.floor(offset / step)]! += 1;
    }
    let bucket = buckets - 1;
    while (counts[bucket]! < wanted) wanted -= counts[bucket--]!;
    low += bucket * step;
    width = Math.min(step, width - bucket * step);
  }
  return { value: low, ties: wanted };
}

function withoutZeros(keys: Float64Array, grams: Float64Array): ShareVector {
  let n = 0;
  for (let k = 0; k < grams.length; k++) if (grams[k]! > 0) n++;
  if (n === grams.length) return { keys, grams };
  const kept = blankVector(n);
  let i = 0;
  for (let k = 0; k < grams.length; k++) {
    if (grams[k]! === 0) continue;
    kept.keys[i] = keys[k]!;
    kept.grams[i] = grams[k]!;
    i++;
  }
  return kept;
}
