import type { Hash } from '../kernel/hash.ts';
import type { Entry } from './entry.ts';
import { checkOpenings } from './openings.ts';
import { type CheckedRange, RangeVerifier } from './range-verifier.ts';
import type { Openings } from './store.ts';
import { LedgerFault } from './verify.ts';

/** An entry as a source gives it: always its bytes, and whatever else the source says of it. */
export type SourceEntry = {
  bytes: Uint8Array;
  seq?: number;
  leaf?: Uint8Array;
  openings?: Openings | undefined;
};

/** The entry of bytes that were found good. */
export const entryOf = ({ bytes }: SourceEntry): Entry => JSON.parse(textOf(bytes)) as Entry;

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** What else is told of entries that were found good. */
export type Tally = {
  /** Entries by type. */
  types: Map<string, number>;
  openings: number;
  erased: number;
};

export const tallyEntry = (
  hash: Hash,
  tally: Tally,
  entry: Entry,
  found: Openings | undefined,
  opened: boolean,
): void => {
  tally.types.set(entry.type, (tally.types.get(entry.type) ?? 0) + 1);
  if (!opened) return;
  const checked = checkOpenings(hash, entry, found);
  tally.openings += checked.opened;
  tally.erased += checked.erased;
};

/** Facts that say who signs: a checkpoint is judged by them, so they are read where checkpoints are. */
export const namesKeys = (type: string): boolean => type.startsWith('log-key.');

/**
 * Checks entries by themselves, wherever they stand. Null when any of them is not good, or is one that the reader of
 * checkpoints must see: then they are for whoever knows what came before, who names the fault.
 */
export const checkRange = (
  hash: Hash,
  entries: readonly SourceEntry[],
  opened: boolean,
): (CheckedRange & Tally) | null => {
  const first = firstOf(entries[0]);
  if (first === null) return null;
  const verifier = RangeVerifier.within(hash, first);
  const tally: Tally = { types: new Map(), openings: 0, erased: 0 };
  try {
    for (const { bytes, seq = verifier.size, leaf, openings } of entries) {
      if (seq !== verifier.size) return null;
      const entry = verifier.feed(bytes, leaf);
      if (namesKeys(entry.type)) return null;
      tallyEntry(hash, tally, entry, openings, opened);
    }
  } catch (error) {
    if (error instanceof LedgerFault) return null;
    throw error;
  }
  const { leaf, at, frontier } = verifier.standing();
  const nodes = frontier.map((node) => Uint8Array.from(node));
  return { count: entries.length, first, last: { leaf, at }, nodes, ...tally };
};

const firstOf = (entry: SourceEntry | undefined): CheckedRange['first'] | null => {
  if (entry === undefined) return null;
  try {
    const { seq, prev, at, origin } = entryOf(entry);
    const isEntry =
      Number.isSafeInteger(seq) && [prev, at, origin].every((member) => typeof member === 'string');
    return isEntry ? { seq, prev, at, origin } : null;
  } catch {
    return null;
  }
};
