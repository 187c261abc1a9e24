import { same, subtreesOf } from './proof.ts';
import { LedgerFault, type Standing } from './verify.ts';

/**
 * Holds a ledger against what was verified of it before: `found` is the frontier of its first `start.size` entries as
 * they are now. Throws the LedgerFault `rewritten`, at the first entry of the first subtree that is another.
 */
export const expectFrontier = (start: Standing, found: readonly Uint8Array[]): void => {
  for (const [i, { level, index }] of subtreesOf({ from: 0, to: start.size }).entries()) {
    if (same(found[i]!, start.frontier[i]!)) continue;
    const first = index * 2 ** level;
    const last = first + 2 ** level - 1;
    throw new LedgerFault(
      first,
      'rewritten',
      `of the ${start.size} entries that were verified before, one from ${first} to ${last} is another now`,
    );
  }
};

/** The fault of a ledger of `size` entries of which more were verified before. */
export const shorter = (start: Standing, size: number): LedgerFault =>
  new LedgerFault(size, 'cut-off', `${start.size} entries were verified before, ${size} are left`);

/** What a fault of a check that went on from `start` says: its first entry follows what was verified, or that changed. */
export const sinceThen = (fault: LedgerFault, start: Standing): LedgerFault =>
  fault.kind === 'broken-chain' && fault.seq === start.size
    ? new LedgerFault(
        start.size - 1,
        'rewritten',
        `entry ${start.size} does not continue the ${start.size} entries that were verified before`,
      )
    : fault;
