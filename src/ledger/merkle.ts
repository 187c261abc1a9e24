import type { Hash } from '../kernel/hash.ts';

/**
 * The Merkle tree of RFC 6962 §2.1, kept as its frontier: the roots of the perfect subtrees that a log of
 * `size` leaves splits into, largest first, one for each bit set in `size`. Appending and the root need
 * nothing else.
 */
export type Frontier = Uint8Array[];

/** Of two subtrees side by side: SHA-256(0x01 ‖ left ‖ right). */
export const nodeHash = (hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array => {
  const input = Buffer.allocUnsafe(65);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 33);
  return hash(input);
};

/**
 * Adds the leaf at position `size`, in place. With `from` the frontier is that of the leaves from there on alone: the
 * roots of the perfect subtrees that lie wholly among them, as `subtreesOf` names them.
 */
export const appendLeaf = (
  hash: Hash,
  frontier: Frontier,
  size: number,
  leaf: Uint8Array,
  from = 0,
): void => {
  let node = leaf;
  // Each trailing 1 of the old size is a perfect subtree as large as what we carry: join them.
  for (let n = size, width = 2; n % 2 === 1 && size + 1 - width >= from; n = Math.floor(n / 2), width *= 2)
    node = nodeHash(hash, frontier.pop()!, node);
  frontier.push(node);
};

/** Adds the root of the next 2^`level` leaves, of which `size` is a multiple, in place. */
export const appendSubtree = (
  hash: Hash,
  frontier: Frontier,
  size: number,
  level: number,
  root: Uint8Array,
): void => {
  let node = root;
  for (let n = size / 2 ** level; n % 2 === 1; n = Math.floor(n / 2))
    node = nodeHash(hash, frontier.pop()!, node);
  frontier.push(node);
};

/** The root of the tree; of the empty tree SHA-256 of nothing (RFC 6962 §2.1). */
export const rootOf = (hash: Hash, frontier: Frontier): Uint8Array => {
  if (frontier.length === 0) return hash(new Uint8Array(0));
  let node = frontier.at(-1)!;
  for (let i = frontier.length - 2; i >= 0; i--) node = nodeHash(hash, frontier[i]!, node);
  return node;
};

/** The root of whole subtrees that stand side by side. */
export const rootOfAll = (hash: Hash, hashes: readonly Uint8Array[]): Uint8Array => {
  const frontier: Frontier = [];
  for (const [i, leaf] of hashes.entries()) appendLeaf(hash, frontier, i, leaf);
  return rootOf(hash, frontier);
};

export const packFrontier = (frontier: Frontier): Buffer => Buffer.concat(frontier);

export const unpackFrontier = (bytes: Uint8Array): Frontier => {
  const frontier: Frontier = [];
  for (let i = 0; i < bytes.length; i += 32) frontier.push(bytes.subarray(i, i + 32));
  return frontier;
};
