import type { Hash } from '../kernel/hash.ts';
import type { Entry } from './entry.ts';
import {
  ED25519,
  formatKey,
  NoteFault,
  type NoteKey,
  parseKey,
  parseNote,
  type VerifySignature,
  verifyNote,
} from './note.ts';
import { LedgerFault } from './verify.ts';

export const KEY_ADDED = 'log-key.added.v1';
export const KEY_RETIRED = 'log-key.retired.v1';

/** Whether an entry adds or retires a key. */
export const isAboutKeys = ({ type }: Pick<Entry, 'type'>): boolean =>
  type === KEY_ADDED || type === KEY_RETIRED;

/** A key that the ledger names: the fact that added it, and the one that retired it. */
export type NamedKey = { key: NoteKey; seq: number; retiredSeq: number | null };

/**
 * Whether the key may sign a checkpoint over `size` entries: those over the fact that added it, up to the one whose
 * last entry is the fact that retired it. So both facts stand under a checkpoint of the older key.
 */
export const signsAt = ({ seq, retiredSeq }: NamedKey, size: number): boolean =>
  size > seq && (retiredSeq === null || size <= retiredSeq + 1);

/** What is signed, as a C2SP signed note, by an older key and the new one, so that the ledger may name the new one. */
export const additionText = (key: NoteKey): string => `${KEY_ADDED}\n${formatKey(key)}\n`;

/** What is signed by a key itself or an older one, so that the ledger may retire it; its successor goes on. */
export const retirementText = (key: NoteKey, successor: NoteKey): string =>
  `${KEY_RETIRED}\n${formatKey(key)}\n${formatKey(successor)}\n`;

/** A verifier key of a log. Throws NoteFault for another kind. */
export const parseLogKey = (hash: Hash, text: string): NoteKey => {
  const key = parseKey(hash, text);
  if (key.algorithm !== ED25519) throw new NoteFault('a log signs with a plain Ed25519 key');
  return key;
};

/** Whether the note is over the text, and signed by one of the first keys, and by the last where it is given. */
export const isSignedOver = (
  source: string,
  text: string,
  by: readonly NoteKey[],
  verify: VerifySignature,
  also?: NoteKey,
): boolean => {
  try {
    const note = parseNote(source);
    if (note.text !== text) return false;
    const found = verifyNote(note, also === undefined ? by : [...by, also], verify).map(({ key }) => key);
    return by.some((key) => found.includes(key)) && (also === undefined || found.includes(also));
  } catch (error) {
    if (error instanceof NoteFault) return false;
    throw error;
  }
};

/** A checkpoint whose root was found good, and those of the ledger's keys that signed it. */
export type SignedSize = { size: number; by: readonly NamedKey[] };

/** The keys of a log, from entry 0 and the facts that add and retire them (ledger format 1, "Entry"). */
export class KeyHistory {
  readonly keys: NamedKey[] = [];
  private readonly hash: Hash;
  private readonly verify: VerifySignature;

  constructor(hash: Hash, verify: VerifySignature) {
    this.hash = hash;
    this.verify = verify;
  }

  /**
   * Told of each entry in order. Returns whether it says something of keys. Throws LedgerFault `wrong-key` when it
   * names one without the signature of one before it.
   */
  see(entry: Entry): boolean {
    const { seq, type, data } = entry;
    if (seq !== 0 && !isAboutKeys(entry)) return false;
    const said = data as { logKey?: string | null; successor?: string; note?: string };
    if (seq === 0) {
      if (said.logKey != null) this.keys.push({ key: this.read(seq, said.logKey), seq, retiredSeq: null });
      return false;
    }
    const key = this.read(seq, said.logKey);
    if (type === KEY_ADDED) this.add(seq, key, said.note);
    else this.retire(seq, key, this.read(seq, said.successor), said.note);
    return true;
  }

  /** The keys that may sign a checkpoint over so many entries. */
  at(size: number): NamedKey[] {
    return this.keys.filter((key) => signsAt(key, size));
  }

  /**
   * Whether all these checkpoints may stand: each is signed by a key that might, a later key only where an older one
   * signed for the fact that added it, and every retirement that was passed stands under its own checkpoint.
   * Throws LedgerFault `wrong-signature` or `wrong-key`.
   */
  judge(notes: readonly SignedSize[]): void {
    const trusted = this.trusted(notes);
    for (const { size, by } of notes)
      if (!by.some((key) => trusted.includes(key) && signsAt(key, size))) throw this.fault(size, by);
    for (const named of this.keys) {
      const { retiredSeq } = named;
      if (retiredSeq === null || !notes.some(({ size }) => size > retiredSeq)) continue;
      const stands = notes.some(
        ({ size, by }) =>
          size === retiredSeq + 1 &&
          by.some((key) => key.seq <= named.seq && trusted.includes(key) && signsAt(key, size)),
      );
      if (!stands)
        throw new LedgerFault(
          retiredSeq,
          'wrong-key',
          `it retires the log's key ${idOf(named.key)}, and no checkpoint over it is signed by that or an older key`,
        );
    }
  }

  /** The first key, and each later one whose fact an older one signed a checkpoint over. */
  private trusted(notes: readonly SignedSize[]): NamedKey[] {
    const trusted = this.keys.slice(0, 1);
    for (const named of this.keys.slice(1)) {
      const older = trusted.slice();
      const stands = ({ size, by }: SignedSize): boolean =>
        size > named.seq && by.some((key) => older.includes(key) && signsAt(key, size));
      if (notes.some(stands)) trusted.push(named);
    }
    return trusted;
  }

  private fault(size: number, by: readonly NamedKey[]): LedgerFault {
    const last = Math.max(0, size - 1);
    const [named] = by;
    if (named === undefined)
      return new LedgerFault(
        last,
        'wrong-signature',
        this.keys.length === 1
          ? 'the checkpoint is not signed by the key in entry 0'
          : 'the checkpoint is not signed by a key that the ledger names',
      );
    const id = idOf(named.key);
    if (signsAt(named, size))
      return new LedgerFault(
        named.seq,
        'wrong-key',
        `it adds the log's key ${id}, and no checkpoint over it is signed by an older key`,
      );
    return new LedgerFault(
      last,
      'wrong-signature',
      size > named.seq
        ? `the checkpoint over ${size} entries is signed by the key ${id}, which was retired by entry ${named.retiredSeq}`
        : `the checkpoint over ${size} entries is signed by the key ${id}, which entry ${named.seq} adds`,
    );
  }

  private read(seq: number, text: string | null | undefined): NoteKey {
    try {
      return parseLogKey(this.hash, text ?? '');
    } catch (error) {
      if (!(error instanceof NoteFault)) throw error;
      throw new LedgerFault(seq, 'wrong-key', error.message);
    }
  }

  private add(seq: number, key: NoteKey, note = ''): void {
    const older = this.keys.filter(({ retiredSeq }) => retiredSeq === null).map((named) => named.key);
    if (this.keys.some((named) => idOf(named.key) === idOf(key)))
      throw new LedgerFault(seq, 'wrong-key', `it adds the log's key ${idOf(key)} once more`);
    if (!isSignedOver(note, additionText(key), older, this.verify, key))
      throw new LedgerFault(
        seq,
        'wrong-key',
        `it adds the log's key ${idOf(key)} without the signature of an older key and its own`,
      );
    this.keys.push({ key, seq, retiredSeq: null });
  }

  private retire(seq: number, key: NoteKey, successor: NoteKey, note = ''): void {
    const active = this.keys.filter(({ retiredSeq }) => retiredSeq === null);
    const named = active.find((k) => idOf(k.key) === idOf(key));
    const after = active.find((k) => k !== named && idOf(k.key) === idOf(successor));
    if (named === undefined || after === undefined)
      throw new LedgerFault(seq, 'wrong-key', `it retires a key the log does not have, or its last one`);
    const elders = active.filter((k) => k.seq <= named.seq).map((k) => k.key);
    if (!isSignedOver(note, retirementText(named.key, after.key), elders, this.verify))
      throw new LedgerFault(
        seq,
        'wrong-key',
        `it retires the log's key ${idOf(key)} without the signature of that or an older key`,
      );
    named.retiredSeq = seq;
  }
}

/** A key's id as it is written in its name, in files and paths: 8 hex digits. */
export const idOf = ({ id }: NoteKey): string => id.toString(16).padStart(8, '0');
