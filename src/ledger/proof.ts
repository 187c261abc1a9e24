import type { Hash } from '../kernel/hash.ts';
import { nodeHash } from './merkle.ts';

/**
 * Proofs of the Merkle tree of RFC 6962 §2.1.1 and §2.1.2 (verified as in RFC 9162 §2.1.3.2 and §2.1.4.2). A proof is
 * first named: a list of ranges of leaves whose roots it consists of. Whoever holds the tree hashes them.
 */
export type Range = { readonly from: number; readonly to: number };

/** What is wrong with a proof, in words a reader can use. */
export class ProofFault extends Error {
  override name = 'ProofFault';
}

const largestPowerBelow = (n: number): number => {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
};

/** The ranges whose roots prove that leaf `index` is in the tree of `size` leaves; the one nearest to the leaf first. */
export const inclusionRanges = (index: number, size: number): Range[] => {
  if (!isCount(index) || !isCount(size) || index >= size)
    throw new RangeError(`there is no leaf ${index} in a tree of ${size}`);
  const ranges: Range[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    if (index < middle) {
      ranges.push({ from: middle, to });
      to = middle;
    } else {
      ranges.push({ from, to: middle });
      from = middle;
    }
  }
  return ranges.reverse();
};

/** The ranges whose roots prove that the tree of `size` leaves begins with the tree of the first `old` ones. */
export const consistencyRanges = (old: number, size: number): Range[] => {
  if (!isCount(old) || !isCount(size) || old > size)
    throw new RangeError(`a tree of ${size} leaves does not begin with one of ${old}`);
  if (old === 0 || old === size) return [];
  const ranges: Range[] = [];
  let [from, to] = [0, size];
  while (old < to) {
    const middle = from + largestPowerBelow(to - from);
    if (old <= middle) {
      ranges.push({ from: middle, to });
      to = middle;
    } else {
      ranges.push({ from, to: middle });
      from = middle;
    }
  }
  // The old tree itself is known to the reader, unless it is only a part of what was walked down to.
  if (from > 0) ranges.push({ from, to });
  return ranges.reverse();
};

/** The perfect subtrees, largest first, that a range within a tree splits into; its root is hashed from theirs. */
export const subtreesOf = ({ from, to }: Range): { level: number; index: number }[] => {
  const subtrees: { level: number; index: number }[] = [];
  for (let at = from; at < to; ) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level++;
    subtrees.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return subtrees;
};

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/** The root that an inclusion proof leads to. Throws ProofFault when it is too short or too long for the place. */
export const rootFromInclusion = (
  hash: Hash,
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array => {
  if (!isCount(index) || !isCount(size) || index >= size)
    throw new ProofFault(`there is no entry ${index} in a log of ${size}`);
  let [node, last, root] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) throw new ProofFault('the proof is too long');
    if (node % 2 === 1 || node === last) {
      root = nodeHash(hash, sibling, root);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else root = nodeHash(hash, root, sibling);
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) throw new ProofFault('the proof is too short');
  return root;
};

/** Throws ProofFault unless the proof leads from the leaf to the root. */
export const verifyInclusion = (
  hash: Hash,
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): void => {
  if (!same(rootFromInclusion(hash, index, size, leaf, proof), root))
    throw new ProofFault(`the proof of entry ${index} does not lead to the root of the checkpoint`);
};

/** Throws ProofFault unless the proof shows that the tree of `size` and `root` begins with that of `old` and `oldRoot`. */
export const verifyConsistency = (
  hash: Hash,
  old: number,
  size: number,
  oldRoot: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): void => {
  if (!isCount(old) || !isCount(size) || old > size)
    throw new ProofFault(`a log of ${size} entries does not begin with one of ${old}`);
  if (old === size) {
    if (proof.length > 0) throw new ProofFault('the proof is too long');
    if (!same(oldRoot, root)) throw new ProofFault('two roots for one size');
    return;
  }
  if (old === 0) throw new ProofFault('nothing is proved of the empty log');
  // RFC 9162 §2.1.4.2, 3: the root of a perfect old tree is not repeated in the proof.
  const path = isPowerOfTwo(old) ? [oldRoot, ...proof] : proof;
  if (path.length === 0) throw new ProofFault('the proof is too short');
  let [node, last] = [old - 1, size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let [left, right] = [path[0]!, path[0]!];
  for (const sibling of path.slice(1)) {
    if (last === 0) throw new ProofFault('the proof is too long');
    if (node % 2 === 1 || node === last) {
      left = nodeHash(hash, sibling, left);
      right = nodeHash(hash, sibling, right);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else right = nodeHash(hash, right, sibling);
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) throw new ProofFault('the proof is too short');
  if (!same(left, oldRoot)) throw new ProofFault(`the log of ${old} entries had another root`);
  if (!same(right, root)) throw new ProofFault('the proof does not lead to the root');
};

const half = (n: number): number => Math.floor(n / 2);

const isPowerOfTwo = (n: number): boolean => {
  let k = 1;
  while (k < n) k *= 2;
  return k === n;
};

export const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
