/** The published verifier: bundles, exports, and whether a log continues what was seen of it. Asks nobody, throws nothing. */
import { fromHex } from '../kernel/hash.ts';
import { type BundleVerdict, type Expected, verifyBundle as verifyWith } from '../ledger/bundle-verify.ts';
import type { Primitives } from '../ledger/note.ts';
import { verifyConsistency } from '../ledger/proof.ts';
import type { Remembered } from './export-check.ts';
import { portable } from './primitives.ts';

export type {
  BundleVerdict,
  CheckedEntry,
  CheckedWitness,
  Expected,
} from '../ledger/bundle-verify.ts';
export type { Primitives } from '../ledger/note.ts';
export { ExportCheck, type ExportVerdict, type Remembered } from './export-check.ts';
export { portable } from './primitives.ts';

/** @param source the file: text, or its bytes @param expected what is known of the log from elsewhere */
export const verifyBundle = (
  source: string | Uint8Array,
  expected: Expected = {},
  primitives: Primitives = portable,
): BundleVerdict => verifyWith(source, primitives, expected);

/**
 * Whether the log of `now` begins with the log of `before`, by the proof that `GET /v1/ledger/consistency` gives (hex).
 * False for one that is smaller.
 */
export const continues = (
  before: Remembered,
  now: Remembered,
  proof: readonly string[],
  { hash }: Pick<Primitives, 'hash'> = portable,
): boolean => {
  try {
    const [old, root, ...path] = [before.root, now.root, ...proof].map(fromHex);
    verifyConsistency(hash, before.size, now.size, old!, root!, path);
    return true;
  } catch {
    return false;
  }
};
