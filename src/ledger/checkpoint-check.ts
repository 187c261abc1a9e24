import { sha256, toHex } from '../kernel/hash.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import type { Entry } from './entry.ts';
import { KeyHistory, type NamedKey, type SignedSize } from './key-history.ts';
import { verifyEd25519 } from './log-key.ts';
import { type Note, NoteFault, type NoteKey, parseNote, verifyNote } from './note.ts';
import { LedgerFault, type Verifier } from './verify.ts';

/** Roots of a ledger that was verified: over how many entries, and the hash in hex. */
export type KnownRoots = readonly { size: number; root: string }[];

/**
 * Holds a ledger against checkpoints while it is read: each must be over what it begins with, and be signed by a key
 * that the ledger named and that might sign at that size. Faults: `wrong-signature`, `wrong-key`, `wrong-checkpoint`,
 * and `cut-off` when it is over more than there is.
 */
export class CheckpointCheck {
  private readonly roots = new Map<number, string>();
  private readonly notes: readonly string[];
  private readonly sizes: ReadonlySet<number>;
  private readonly witnesses: readonly NoteKey[];
  /** By name: when a witness cosigned, in milliseconds since 1970. */
  readonly cosigned = new Map<string, number>();
  private readonly history = new KeyHistory(sha256, verifyEd25519);
  private origin = '';

  /** @param notes those known before the first entry is read @param witnesses who must have cosigned one of them */
  constructor(notes: readonly string[], witnesses: readonly NoteKey[] = []) {
    this.notes = notes;
    this.witnesses = witnesses;
    this.sizes = new Set(notes.map((note) => read(note).checkpoint.size));
  }

  /** Told of each entry, when the verifier has taken it. */
  see(entry: Entry, verifier: Verifier): void {
    if (entry.seq === 0) this.origin = entry.origin;
    // What is said of keys stands under a checkpoint of its own, which may be shown only in the end.
    if (this.history.see(entry)) this.keepRoot(verifier);
    this.passed(verifier);
  }

  /** A root that was known before the first entry that is read. */
  recall(size: number, root: string): void {
    this.roots.set(size, root);
  }

  /** Roots that were met at checkpoints and at facts about keys, by how many entries they are over. */
  known(): KnownRoots {
    return [...this.roots].map(([size, root]) => ({ size, root })).sort((a, b) => a.size - b.size);
  }

  /** Told where the verifier stands, at least wherever `cutAfter` says. */
  passed(verifier: Verifier): void {
    if (this.sizes.has(verifier.size)) this.keepRoot(verifier);
  }

  /** The first size after `size` at which the root must be known; infinite when there is none. */
  cutAfter(size: number): number {
    return Math.min(...[...this.sizes].filter((cut) => cut > size));
  }

  /** Checks all notes, those that came last too. Returns their sizes, in ascending order. */
  finish(late: readonly string[], verifier: Verifier): number[] {
    this.keepRoot(verifier);
    const notes = [...new Set([...this.notes, ...late])];
    const held = notes.map((note) => this.check(note, verifier.size));
    this.history.judge(held);
    const sizes = [...new Set(held.map(({ size }) => size))].sort((a, b) => a - b);
    for (const { name } of this.witnesses)
      if (!this.cosigned.has(name))
        throw new LedgerFault(
          Math.max(0, (sizes.at(-1) ?? verifier.size) - 1),
          'wrong-signature',
          `no checkpoint is cosigned by ${name}`,
        );
    return sizes;
  }

  private keepRoot(verifier: Verifier): void {
    this.roots.set(verifier.size, verifier.root());
  }

  private check(source: string, size: number): SignedSize {
    const { note, checkpoint } = read(source);
    const at = Math.max(0, Math.min(checkpoint.size, size) - 1);
    if (checkpoint.origin !== this.origin)
      throw new LedgerFault(at, 'wrong-checkpoint', `the checkpoint is of ${checkpoint.origin}`);
    const by = this.signersOf(note);
    if (by.length === 0) this.history.judge([{ size: checkpoint.size, by }]);
    if (checkpoint.size > size)
      throw new LedgerFault(
        size,
        'cut-off',
        `a checkpoint over ${checkpoint.size} entries was given out, ${size} are left`,
      );
    const root = this.roots.get(checkpoint.size);
    if (checkpoint.size > 0 && root !== toHex(checkpoint.root))
      throw new LedgerFault(
        at,
        'wrong-checkpoint',
        `the first ${checkpoint.size} entries are not those the checkpoint was signed for`,
      );
    return { size: checkpoint.size, by };
  }

  /** Those of the ledger's keys that signed the note; none when a signature by a known key does not fit. */
  private signersOf(note: Note): NamedKey[] {
    try {
      const keys = this.history.keys.map(({ key }) => key);
      const found = verifyNote(note, [...keys, ...this.witnesses], verifyEd25519);
      for (const { key, at: time } of found) if (time !== null) this.cosigned.set(key.name, time);
      return this.history.keys.filter((named) => found.some(({ key }) => key === named.key));
    } catch (error) {
      if (!(error instanceof NoteFault)) throw error;
      return [];
    }
  }
}

/** Throws `wrong-checkpoint` for what is no checkpoint. */
const read = (source: string): { note: Note; checkpoint: Checkpoint } => {
  try {
    const note = parseNote(source);
    return { note, checkpoint: parseCheckpoint(note.text) };
  } catch (error) {
    if (!(error instanceof NoteFault)) throw error;
    throw new LedgerFault(0, 'wrong-checkpoint', error.message);
  }
};
