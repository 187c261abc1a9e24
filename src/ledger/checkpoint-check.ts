import { sha256, toHex } from '../kernel/hash.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import type { Entry } from './entry.ts';
import { verifyEd25519 } from './log-key.ts';
import { type Note, NoteFault, type NoteKey, parseKey, parseNote, verifyNote } from './note.ts';
import { LedgerFault, type Verifier } from './verify.ts';

/**
 * Holds a ledger against checkpoints while it is read: each must be signed by the key that the ledger names, and be
 * over what it begins with. Faults: `wrong-signature`, `wrong-checkpoint`, and `cut-off` when it is over more than there is.
 */
export class CheckpointCheck {
  private readonly roots = new Map<number, string>();
  private readonly notes: readonly string[];
  private readonly sizes: ReadonlySet<number>;
  private readonly witnesses: readonly NoteKey[];
  /** By name: when a witness cosigned, in milliseconds since 1970. */
  readonly cosigned = new Map<string, number>();
  private key: NoteKey | null = null;
  private origin = '';

  /** @param notes those known before the first entry is read @param witnesses who must have cosigned one of them */
  constructor(notes: readonly string[], witnesses: readonly NoteKey[] = []) {
    this.notes = notes;
    this.witnesses = witnesses;
    this.sizes = new Set(notes.map((note) => read(note).checkpoint.size));
  }

  /** Told of each entry, when the verifier has taken it. */
  see(entry: Entry, verifier: Verifier): void {
    if (entry.seq === 0) {
      const { logKey } = entry.data as { logKey?: string | null };
      this.origin = entry.origin;
      this.key = logKey == null ? null : parseKey(sha256, logKey);
    }
    this.passed(verifier);
  }

  /** A root that was known before the first entry that is read. */
  recall(size: number, root: string): void {
    this.roots.set(size, root);
  }

  /** Roots at the sizes of its checkpoints, as the ledger has them. */
  known(sizes: readonly number[]): { size: number; root: string }[] {
    return sizes.filter((size) => size > 0).map((size) => ({ size, root: this.roots.get(size)! }));
  }

  /** Told where the verifier stands, at least wherever `cutAfter` says. */
  passed(verifier: Verifier): void {
    if (this.sizes.has(verifier.size)) this.roots.set(verifier.size, verifier.root());
  }

  /** The first size after `size` at which the root must be known; infinite when there is none. */
  cutAfter(size: number): number {
    return Math.min(...[...this.sizes].filter((cut) => cut > size));
  }

  /** Checks all notes, those that came last too. Returns their sizes, in ascending order. */
  finish(late: readonly string[], verifier: Verifier): number[] {
    this.roots.set(verifier.size, verifier.root());
    const notes = [...new Set([...this.notes, ...late])];
    const sizes = notes.map((note) => this.check(note, verifier.size)).sort((a, b) => a - b);
    for (const { name } of this.witnesses)
      if (!this.cosigned.has(name))
        throw new LedgerFault(
          Math.max(0, (sizes.at(-1) ?? verifier.size) - 1),
          'wrong-signature',
          `no checkpoint is cosigned by ${name}`,
        );
    return sizes;
  }

  private check(source: string, size: number): number {
    const { note, checkpoint } = read(source);
    const at = Math.max(0, Math.min(checkpoint.size, size) - 1);
    if (checkpoint.origin !== this.origin)
      throw new LedgerFault(at, 'wrong-checkpoint', `the checkpoint is of ${checkpoint.origin}`);
    this.checkSignature(note, at);
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
    return checkpoint.size;
  }

  private checkSignature(note: Note, at: number): void {
    let signed = false;
    try {
      const keys = [...(this.key === null ? [] : [this.key]), ...this.witnesses];
      for (const { key, at: time } of verifyNote(note, keys, verifyEd25519))
        if (time === null) signed = key === this.key;
        else this.cosigned.set(key.name, time);
    } catch (error) {
      if (!(error instanceof NoteFault)) throw error;
    }
    if (!signed)
      throw new LedgerFault(at, 'wrong-signature', 'the checkpoint is not signed by the key in entry 0');
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
