import type { Hash } from '../kernel/hash.ts';
import { appendSubtree } from './merkle.ts';
import { subtreesOf } from './proof.ts';
import { INSTANT, Verifier } from './verify.ts';

/** Entries that follow each other, good by themselves; whether they continue a ledger is for `RangeVerifier.join`. */
export type CheckedRange = {
  count: number;
  first: { seq: number; prev: string; at: string; origin: string };
  last: { leaf: string; at: string };
  /** Roots of the perfect subtrees it splits into (`subtreesOf`). */
  nodes: Uint8Array[];
};

/** A verifier that also takes whole ranges, each checked by itself. */
export class RangeVerifier extends Verifier {
  /** Begins a range: its first entry is believed what it says of the one before it. */
  static within(hash: Hash, { seq: size, prev: leaf, at, origin }: CheckedRange['first']): RangeVerifier {
    return new RangeVerifier(hash, { size, leaf, at, origin, frontier: [] }, size);
  }

  /** Takes a range over that was checked by itself; false, with nothing taken, unless it continues what came before. */
  join({ count, first, last, nodes }: CheckedRange): boolean {
    const continues = first.seq === this.size && first.prev === this.leaf && first.origin === this.origin;
    const isLater = first.at === this.at || (INSTANT.test(first.at) && first.at > this.at);
    // Entry 0 follows nothing that could be believed.
    if (this.size === 0 || !continues || !isLater) return false;
    for (const [i, { level }] of subtreesOf({ from: this.size, to: this.size + count }).entries()) {
      appendSubtree(this.hash, this.frontier, this.size, level, nodes[i]!);
      this.size += 2 ** level;
    }
    this.leaf = last.leaf;
    this.at = last.at;
    return true;
  }
}
