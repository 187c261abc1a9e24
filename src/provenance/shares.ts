import type { Contains, MaterialForm } from './contains.ts';
import { draw } from './share-draw.ts';
import {
  assertGrams,
  blankVector,
  merge,
  mergeAll,
  ShareError,
  type ShareVector,
  type SourceKey,
  total,
} from './share-vector.ts';

export { type Contains, containsV1, type MaterialForm } from './contains.ts';
export { type Draw, draw } from './share-draw.ts';
export {
  emptyVector,
  giveBack,
  groupGrams,
  merge,
  mergeAll,
  ShareError,
  type ShareFault,
  type ShareVector,
  type SourceKey,
  sourceKey,
  sourcePlace,
  sourceSeq,
  takeAway,
  total,
  vectorOf,
} from './share-vector.ts';
export { decodeVector, encodeVector } from './vector-codec.ts';

export type RunOutput = MaterialForm & { readonly grams: number };

export type RunDraws = {
  /** In the order of the outputs; `estimatedGrams` came from sources that cannot contain the output. */
  readonly outputs: readonly { readonly vector: ShareVector; readonly estimatedGrams: number }[];
  /** In the order of the losses. */
  readonly losses: readonly ShareVector[];
};

/**
 * The shares of a run (rule shares.v1): its inputs are merged, then its outputs and after them its losses are
 * drawn in the order written. An output draws first on the sources that can contain it, what is missing on
 * the rest; a loss draws on everything left.
 * `sourceOf` tells what a source was when it came in; it is asked once for every source.
 * Throws `run-out-of-balance` unless inputs = outputs + losses to the gram, and what merge and draw throw.
 */
export function runDraws(
  inputs: readonly ShareVector[],
  outputs: readonly RunOutput[],
  losses: readonly { readonly grams: number }[],
  sourceOf: (key: SourceKey) => MaterialForm,
  contains: Contains,
): RunDraws {
  let left = poolOf(mergeAll(inputs), sourceOf);
  assertBalance(total(left.vector), [...outputs, ...losses]);
  const outputDraws = outputs.map((output) => {
    const { fit, unfit } = divide(left, (kind) => contains(kind, output));
    const fromFit = draw(fit, Math.min(output.grams, total(fit)));
    const estimatedGrams = output.grams - total(fromFit.taken);
    const fromUnfit = draw(unfit, estimatedGrams);
    left = shrunk(left, merge(fromFit.rest, fromUnfit.rest));
    return { vector: merge(fromFit.taken, fromUnfit.taken), estimatedGrams };
  });
  let rest = left.vector;
  const lossDraws = losses.map((loss) => {
    const drawn = draw(rest, loss.grams);
    rest = drawn.rest;
    return drawn.taken;
  });
  return { outputs: outputDraws, losses: lossDraws };
}

function assertBalance(inputGrams: number, parts: readonly { readonly grams: number }[]): void {
  let sum = 0;
  for (const { grams } of parts) {
    assertGrams(grams);
    sum += grams;
  }
  if (sum !== inputGrams)
    throw new ShareError('run-out-of-balance', `${inputGrams} g went in, ${sum} g are accounted for`);
}

/** What is left in a run. `kinds` runs beside the vector's arrays and points into `list`: kinds are few. */
type Pool = {
  readonly vector: ShareVector;
  readonly kinds: Uint32Array;
  readonly list: readonly MaterialForm[];
};

function poolOf(vector: ShareVector, sourceOf: (key: SourceKey) => MaterialForm): Pool {
  const list: MaterialForm[] = [];
  const numbers = new Map<string, Map<string, number>>();
  const kinds = new Uint32Array(vector.keys.length);
  for (let k = 0; k < kinds.length; k++) {
    const kind = sourceOf(vector.keys[k]!);
    const ofMaterial = numbers.get(kind.material) ?? new Map<string, number>();
    if (ofMaterial.size === 0) numbers.set(kind.material, ofMaterial);
    let number = ofMaterial.get(kind.form);
    if (number === undefined) {
      number = list.push(kind) - 1;
      ofMaterial.set(kind.form, number);
    }
    kinds[k] = number;
  }
  return { vector, kinds, list };
}

/** The sources that fit and those that do not, each in the order of the pool. */
function divide(
  pool: Pool,
  isFit: (kind: MaterialForm) => boolean,
): { fit: ShareVector; unfit: ShareVector } {
  const { keys, grams } = pool.vector;
  const fits = pool.list.map(isFit);
  let fitCount = 0;
  for (let k = 0; k < keys.length; k++) if (fits[pool.kinds[k]!]) fitCount++;
  const fit = blankVector(fitCount);
  const unfit = blankVector(keys.length - fitCount);
  let f = 0;
  for (let k = 0; k < keys.length; k++) {
    const [side, at] = fits[pool.kinds[k]!] ? [fit, f++] : [unfit, k - f];
    side.keys[at] = keys[k]!;
    side.grams[at] = grams[k]!;
  }
  return { fit, unfit };
}

/** The pool with what a draw left of its vector: the same sources or fewer, in the same order. */
function shrunk(pool: Pool, vector: ShareVector): Pool {
  const kinds = new Uint32Array(vector.keys.length);
  let from = 0;
  for (let k = 0; k < kinds.length; k++) {
    while (pool.vector.keys[from] !== vector.keys[k]) from++;
    kinds[k] = pool.kinds[from++]!;
  }
  return { vector, kinds, list: pool.list };
}
