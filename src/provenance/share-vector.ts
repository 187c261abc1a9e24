import { PLACES } from '../lots/sources.tables.ts';

/** Names a source: seq * 128 + its place in the fact. Ascending keys are the order in which shares.v1 breaks ties. */
export type SourceKey = number;

/**
 * How many grams of a lot come from which source. Parallel arrays: keys strictly ascending, grams integers
 * from 1 to 2^53 - 1, and so is their sum. Never written to once made: results may share their arrays.
 */
export type ShareVector = { readonly keys: Float64Array; readonly grams: Float64Array };

/** What is wrong with a share; the vectors under test/vectors/shares/invalid use the same words. */
export type ShareFault =
  | 'bad-source'
  | 'bad-grams'
  | 'total-too-large'
  | 'draw-over-total'
  | 'run-out-of-balance'
  | 'unknown-version'
  | 'truncated'
  | 'overlong-number'
  | 'number-too-large'
  | 'count-too-large'
  | 'keys-not-ascending'
  | 'zero-grams'
  | 'trailing-bytes';

export class ShareError extends RangeError {
  readonly fault: ShareFault;
  constructor(fault: ShareFault, message: string) {
    super(message);
    this.name = 'ShareError';
    this.fault = fault;
  }
}

const MAX_SEQ = Math.floor(Number.MAX_SAFE_INTEGER / PLACES);

/** Key of the `place`-th source (0 to 127) of the fact at `seq` (0 to 2^46 - 1). Throws `bad-source`. */
export function sourceKey(seq: number, place: number): SourceKey {
  if (!Number.isInteger(seq) || seq < 0 || seq > MAX_SEQ)
    throw new ShareError('bad-source', `no fact at seq ${seq}`);
  if (!Number.isInteger(place) || place < 0 || place >= PLACES)
    throw new ShareError('bad-source', `place ${place} is not within 0 to 127`);
  return seq * PLACES + place;
}

export const sourceSeq = (key: SourceKey): number => Math.floor(key / PLACES);

export const sourcePlace = (key: SourceKey): number => key % PLACES;

/** Throws `bad-source` unless `key` is one that sourceKey could have made. */
export function assertSource(key: SourceKey): void {
  if (!Number.isSafeInteger(key) || key < 0) throw new ShareError('bad-source', `${key} names no source`);
}

/** Throws `bad-grams` unless `grams` is an integer from 0 to 2^53 - 1. */
export function assertGrams(grams: number): void {
  if (!Number.isSafeInteger(grams) || grams < 0)
    throw new ShareError('bad-grams', `${grams} is not a whole number of grams`);
}

/** Room for `count` sources, to be filled in by who asks before anyone else sees it. */
export const blankVector = (count: number): ShareVector => ({
  keys: new Float64Array(count),
  grams: new Float64Array(count),
});

export const emptyVector: ShareVector = blankVector(0);

/**
 * A vector of (source, grams) pairs in any order; pairs of one source are added up, zero grams drop out.
 * Throws `bad-source`, `bad-grams` or `total-too-large`.
 */
export function vectorOf(entries: Iterable<readonly [SourceKey, number]>): ShareVector {
  const gramsBySource = new Map<SourceKey, number>();
  let sum = 0;
  for (const [key, grams] of entries) {
    assertSource(key);
    assertGrams(grams);
    sum += grams;
    assertTotal(sum);
    if (grams > 0) gramsBySource.set(key, (gramsBySource.get(key) ?? 0) + grams);
  }
  const keys = Float64Array.from(gramsBySource.keys()).sort();
  return { keys, grams: keys.map((key) => gramsBySource.get(key)!) };
}

/** Σ of the grams. */
export function total(v: ShareVector): number {
  let sum = 0;
  for (let i = 0; i < v.grams.length; i++) sum += v.grams[i]!;
  return sum;
}

/** Throws `total-too-large` for more grams than a vector holds. */
export function assertTotal(grams: number): void {
  if (grams > Number.MAX_SAFE_INTEGER)
    throw new ShareError('total-too-large', 'a vector holds at most 2^53 - 1 grams');
}

/** Adds source by source. Throws `total-too-large` beyond 2^53 - 1 grams. */
export function merge(a: ShareVector, b: ShareVector): ShareVector {
  if (a.keys.length === 0) return b;
  if (b.keys.length === 0) return a;
  assertTotal(total(a) + total(b));
  const { keys, grams } = blankVector(a.keys.length + b.keys.length);
  let i = 0;
  let j = 0;
  let n = 0;
  while (i < a.keys.length || j < b.keys.length) {
    const left = a.keys[i] ?? Number.POSITIVE_INFINITY;
    const right = b.keys[j] ?? Number.POSITIVE_INFINITY;
    keys[n] = Math.min(left, right);
    grams[n] = (left <= right ? a.grams[i++]! : 0) + (right <= left ? b.grams[j++]! : 0);
    n++;
  }
  return { keys: keys.slice(0, n), grams: grams.slice(0, n) };
}

/** Adds many, in pairs of pairs, so that 500 inputs cost nine passes and not 500. */
export function mergeAll(vectors: readonly ShareVector[]): ShareVector {
  let round = vectors;
  while (round.length > 1) {
    const next: ShareVector[] = [];
    for (let i = 0; i < round.length; i += 2) next.push(merge(round[i]!, round[i + 1] ?? emptyVector));
    round = next;
  }
  return round[0] ?? emptyVector;
}

/**
 * Returns to a lot the very grams that were taken from it (void, unseal): r := r + q.
 * Only what a draw on this lot gave, or a part of it, may be given back; that is the caller's to know.
 */
export const giveBack = (v: ShareVector, taken: ShareVector): ShareVector => merge(v, taken);

/** What was taken when `left` is left of `whole`: whole − left, source by source. Throws `bad-grams` where `left` has more. */
export function takeAway(whole: ShareVector, left: ShareVector): ShareVector {
  const gramsLeft = new Map<SourceKey, number>();
  for (let i = 0; i < left.keys.length; i++) gramsLeft.set(left.keys[i]!, left.grams[i]!);
  return vectorOf(
    Array.from(whole.keys, (key, i) => [key, whole.grams[i]! - (gramsLeft.get(key) ?? 0)] as const),
  );
}

/** Grams by class of source: every summary is this sum and never a second rounding. */
export function groupGrams(v: ShareVector, classOf: (key: SourceKey) => string): Map<string, number> {
  const groups = new Map<string, number>();
  for (let i = 0; i < v.keys.length; i++) {
    const name = classOf(v.keys[i]!);
    groups.set(name, (groups.get(name) ?? 0) + v.grams[i]!);
  }
  return groups;
}
