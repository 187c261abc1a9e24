import type { Hash } from '../kernel/hash.ts';
import { ProofFault, same } from './proof.ts';

/**
 * The Merkle-sum tree of ledger format 1 ("What is open and what is sealed"): leaf = SHA-256(0x10 ‖ uint64 amount ‖
 * SHA-256(leaf salt ‖ id)), node = SHA-256(0x11 ‖ left hash ‖ uint64 left sum ‖ right hash ‖ uint64 right sum), in the
 * shape of RFC 6962, leaves in ascending order of their id hash. The leaf salt is HMAC-SHA-256(split salt, id). The root
 * commits to every amount, and to their sum: nobody can be left out or shown another amount.
 */
export type SumNode = { readonly hash: Uint8Array; readonly sum: number };
/** Whose leaf it is (36 lower-case ASCII characters), and its amount in minor units. */
export type SumLeaf = { readonly id: string; readonly amount: number };
/** What its owner is given: the way from the leaf to the root, the nearest sibling first. */
export type SumProof = {
  readonly index: number;
  readonly count: number;
  readonly leafSalt: Uint8Array;
  readonly path: readonly SumNode[];
};
/** What is public of a split. */
export type SumRoot = { readonly root: Uint8Array; readonly total: number; readonly count: number };

export type SumTree = SumRoot & {
  /** The proof of the leaf with this id; undefined when there is none. */
  proofOf(id: string): SumProof | undefined;
};

const BLOCK = 64;
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** HMAC-SHA-256(split salt, id), RFC 2104, by the hash handed in: a verifier outside Node brings its own. */
export const leafSaltOf = (hash: Hash, splitSalt: Uint8Array, id: string): Uint8Array => {
  if (splitSalt.length !== 32) throw new RangeError(`a split salt is 32 bytes, not ${splitSalt.length}`);
  const pad = (by: number): Uint8Array => {
    const block = new Uint8Array(BLOCK).fill(by);
    for (let i = 0; i < splitSalt.length; i++) block[i]! ^= splitSalt[i]!;
    return block;
  };
  return hash(joined(pad(0x5c), hash(joined(pad(0x36), ascii(id)))));
};

/** SHA-256(leaf salt ‖ id): what orders the leaves and names nobody. */
export const idHashOf = (hash: Hash, leafSalt: Uint8Array, id: string): Uint8Array =>
  hash(joined(leafSalt, ascii(id)));

const assertSum = (sum: number): number => {
  if (!Number.isSafeInteger(sum) || sum < 0)
    throw new RangeError(`${sum} is not a whole amount from 0 to 2^53 − 1`);
  return sum;
};

export const leafHashOf = (hash: Hash, amount: number, idHash: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(41);
  bytes[0] = 0x10;
  new DataView(bytes.buffer).setBigUint64(1, BigInt(assertSum(amount)));
  bytes.set(idHash, 9);
  return hash(bytes);
};

const nodeOf = (hash: Hash, left: SumNode, right: SumNode): SumNode => {
  const bytes = new Uint8Array(81);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x11;
  bytes.set(left.hash, 1);
  view.setBigUint64(33, BigInt(assertSum(left.sum)));
  bytes.set(right.hash, 41);
  view.setBigUint64(73, BigInt(assertSum(right.sum)));
  return { hash: hash(bytes), sum: assertSum(left.sum + right.sum) };
};

const byBytes = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
};

/**
 * The tree over the leaves, in any order. Throws RangeError for an amount that is none, a sum beyond 2^53 − 1, a salt
 * that is not 32 bytes, or two leaves of one id.
 */
export const sumTree = (hash: Hash, splitSalt: Uint8Array, leaves: Iterable<SumLeaf>): SumTree => {
  const places = new Map<string, number>();
  const hashed = Array.from(leaves, ({ id, amount }) => {
    const idHash = idHashOf(hash, leafSaltOf(hash, splitSalt, id), id);
    return { id, idHash, node: { hash: leafHashOf(hash, amount, idHash), sum: amount } };
  }).sort((a, b) => byBytes(a.idHash, b.idHash));
  for (const [place, { id }] of hashed.entries()) {
    if (places.has(id)) throw new RangeError(`two leaves of ${id}`);
    places.set(id, place);
  }
  // Pairs of neighbours, the odd last one carried up: the shape of RFC 6962, which splits at powers of two.
  const levels: SumNode[][] = [hashed.map(({ node }) => node)];
  while (levels.at(-1)!.length > 1) {
    const below = levels.at(-1)!;
    const level: SumNode[] = [];
    for (let i = 0; i < below.length; i += 2)
      level.push(i + 1 < below.length ? nodeOf(hash, below[i]!, below[i + 1]!) : below[i]!);
    levels.push(level);
  }
  const top = levels.at(-1)![0] ?? { hash: hash(new Uint8Array(0)), sum: 0 };
  return {
    root: top.hash,
    total: top.sum,
    count: hashed.length,
    proofOf: (id) => {
      const index = places.get(id);
      if (index === undefined) return undefined;
      const path = levels.flatMap((level, height) => {
        const sibling = level[Math.floor(index / 2 ** height) ^ 1];
        return sibling === undefined ? [] : [sibling];
      });
      return { index, count: hashed.length, leafSalt: leafSaltOf(hash, splitSalt, id), path };
    },
  };
};

/**
 * Throws ProofFault unless the proof shows that the leaf's amount is part of what the root commits to. Every sum on the
 * way is checked: a negative or overflowing one could hide what somebody else is owed.
 */
export const checkSumProof = (hash: Hash, { id, amount }: SumLeaf, proof: SumProof, of: SumRoot): void => {
  const { index, count, leafSalt, path } = proof;
  if (count !== of.count || !Number.isSafeInteger(index) || index < 0 || index >= count)
    throw new ProofFault(`there is no leaf ${index} among ${of.count}`);
  let node: SumNode;
  try {
    node = { hash: leafHashOf(hash, amount, idHashOf(hash, leafSalt, id)), sum: amount };
    let [place, last] = [index, count - 1];
    let used = 0;
    for (; last > 0; place = Math.floor(place / 2), last = Math.floor(last / 2)) {
      if (place === last && place % 2 === 0) continue;
      const sibling = path[used++];
      if (sibling === undefined) throw new ProofFault('the proof is too short');
      node = place % 2 === 1 ? nodeOf(hash, sibling, node) : nodeOf(hash, node, sibling);
    }
    if (used < path.length) throw new ProofFault('the proof is too long');
  } catch (error) {
    if (error instanceof RangeError) throw new ProofFault(error.message);
    throw error;
  }
  if (node.sum !== of.total)
    throw new ProofFault(`the proof leads to a total of ${node.sum}, not ${of.total}`);
  if (!same(node.hash, of.root)) throw new ProofFault('the proof does not lead to the root');
};
