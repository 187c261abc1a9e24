import { toHex } from '../kernel/hash.ts';
import type { Expected } from '../ledger/bundle-verify.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import { KeyHistory, type SignedSize, signsAt } from '../ledger/key-history.ts';
import {
  formatKey,
  NoteFault,
  type NoteKey,
  type Primitives,
  parseKey,
  parseNote,
  verifyNote,
} from '../ledger/note.ts';
import { type FaultKind, LedgerFault, Verifier } from '../ledger/verify.ts';
import { portable } from './primitives.ts';

/** A checkpoint remembered from elsewhere: what is checked must continue it, if it is of that log. `root` is hex. */
export type Remembered = { size: number; root: string; origin?: string };

export type ExportVerdict =
  | {
      verdict: 'valid';
      size: number;
      root: string;
      leafHash: string;
      origin: string;
      /** The log's key that signed the checkpoint at the end; null where the export ends without a signature. */
      key: string | null;
      witnesses: { name: string; key: string; at: number }[];
      /** Entries by type. */
      types: Record<string, number>;
      /** Sizes of the remembered checkpoints that it continues. */
      continues: number[];
    }
  /** The first entry that is wrong, what kind of fault it is, and in English what. */
  | { verdict: 'invalid'; seq: number; kind: FaultKind; detail: string };

const LONGEST_LINE = 1 << 20;
const NEWLINE = 0x0a;

/** What ends an export: a signed note over all entries before it, or the bare head. */
type Ending = { checkpoint: string; keyCheckpoints?: unknown } | { head: { size: number; leafHash: string } };

/**
 * Checks a whole log from an export (`blue-cycle export`), fed piece by piece as it is read: every entry's bytes, the chain, the
 * tree, and the checkpoint at the end. Memory stays flat. Nothing is thrown: after the first fault the rest is passed over.
 */
export class ExportCheck {
  private readonly verifier: Verifier;
  private readonly primitives: Primitives;
  private readonly expected: Expected;
  private readonly remembered: readonly Remembered[];
  private readonly types = new Map<string, number>();
  private readonly continues: number[] = [];
  private rest: Uint8Array = new Uint8Array(0);
  private readonly keys: KeyHistory;
  /** Roots at the facts about keys, by how many entries they are over: each stands under a checkpoint of its own. */
  private readonly roots = new Map<number, string>();
  private ending: Ending | undefined;
  private fault: LedgerFault | undefined;

  constructor(
    expected: Expected & { remembered?: readonly Remembered[] } = {},
    primitives: Primitives = portable,
  ) {
    this.primitives = primitives;
    this.expected = expected;
    this.remembered = expected.remembered ?? [];
    this.verifier = new Verifier(primitives.hash);
    this.keys = new KeyHistory(primitives.hash, primitives.verify);
  }

  /** How many entries were found good so far. */
  get size(): number {
    return this.verifier.size;
  }

  /** Whether a fault was found; the rest of the file need not be read. */
  get failed(): boolean {
    return this.fault !== undefined;
  }

  push(chunk: Uint8Array): void {
    this.attempt(() => {
      let bytes = chunk;
      if (this.rest.length > 0) {
        bytes = new Uint8Array(this.rest.length + chunk.length);
        bytes.set(this.rest);
        bytes.set(chunk, this.rest.length);
      }
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        this.line(bytes.subarray(start, end));
        start = end + 1;
      }
      this.rest = bytes.slice(start);
      if (this.rest.length > LONGEST_LINE) throw this.wrong('too-long', 'the line has no end');
    });
  }

  finish(): ExportVerdict {
    const end = this.attempt(() => this.checkEnd());
    if (this.fault !== undefined || end === undefined) {
      const { seq, kind, message } = this.fault!;
      return { verdict: 'invalid', seq, kind, detail: message };
    }
    const { size, leaf: leafHash, origin } = this.verifier;
    return {
      verdict: 'valid',
      size,
      root: this.verifier.root(),
      leafHash,
      origin,
      ...end,
      types: Object.fromEntries([...this.types].sort()),
      continues: this.continues,
    };
  }

  private line(bytes: Uint8Array): void {
    if (this.ending !== undefined) throw this.wrong('wrong-head', 'lines follow after the line that ends it');
    const ending = endingOf(bytes);
    if (ending !== undefined) {
      this.ending = ending;
      return;
    }
    const entry = this.verifier.feed(bytes);
    this.types.set(entry.type, (this.types.get(entry.type) ?? 0) + 1);
    if (this.keys.see(entry)) this.roots.set(this.size, this.verifier.root());
    for (const { size, root, origin = entry.origin } of this.remembered) {
      if (size !== this.size || origin !== entry.origin) continue;
      if (this.verifier.root() !== root)
        throw new LedgerFault(
          size - 1,
          'wrong-checkpoint',
          `its first ${size} entries are not those remembered`,
        );
      this.continues.push(size);
    }
  }

  private checkEnd(): { key: string | null; witnesses: { name: string; key: string; at: number }[] } {
    if (this.rest.length > 0) throw this.wrong('not-json', 'the last line is cut off');
    if (this.ending === undefined) throw this.wrong('cut-off', 'the line that ends an export is missing');
    if ('head' in this.ending) {
      this.verifier.expectHead(this.ending.head);
      return { key: null, witnesses: [] };
    }
    const { checkpoint, keyCheckpoints } = this.ending;
    this.roots.set(this.size, this.verifier.root());
    const held = Array.isArray(keyCheckpoints)
      ? keyCheckpoints.map((note) => this.checkNote(String(note)))
      : [];
    return this.checkLast(checkpoint, held);
  }

  /** The last note is over just these entries, signed by a key that follows from entry 0 as the other notes show. */
  private checkLast(source: string, held: readonly SignedSize[]) {
    const signed = this.checkNote(source);
    const { size, by, found } = signed;
    const last = Math.max(0, this.size - 1);
    if (size < this.size)
      throw new LedgerFault(last, 'wrong-checkpoint', 'these are not the entries it was signed for');
    this.keys.judge([...held, signed]);
    const { witnesses = [], logKeys, leastWitnesses = 0 } = this.expected;
    const keys = by.filter((key) => signsAt(key, size)).map(({ key }) => formatKey(key));
    const key = keys.find((each) => logKeys?.includes(each) ?? true);
    if (key === undefined)
      throw new LedgerFault(last, 'wrong-signature', 'the checkpoint is not signed by the log’s key');
    const cosigned = found.flatMap(({ key: { name }, at }) =>
      at === null ? [] : [{ name, key: witnesses.find((each) => each.startsWith(`${name}+`))!, at }],
    );
    if (cosigned.length < leastWitnesses)
      throw new LedgerFault(last, 'wrong-signature', 'too few known witnesses cosigned');
    return { key, witnesses: cosigned };
  }

  /** A note over what the log begins with, up to its end or a fact about keys, and who signed it. */
  private checkNote(source: string): SignedSize & { found: ReturnType<typeof verifyNote> } {
    const note = parseNote(source);
    const { origin, size, root } = parseCheckpoint(note.text);
    const last = Math.max(0, Math.min(size, this.size) - 1);
    if (origin !== this.verifier.origin)
      throw new LedgerFault(last, 'wrong-checkpoint', `the checkpoint is of ${origin}`);
    if (size > this.size) throw this.wrong('cut-off', `the checkpoint is over ${size} entries`);
    if (toHex(root) !== this.roots.get(size))
      throw new LedgerFault(last, 'wrong-checkpoint', 'these are not the entries it was signed for');
    const { hash, verify } = this.primitives;
    const known = (this.expected.witnesses ?? []).map((key): NoteKey => parseKey(hash, key));
    let found: ReturnType<typeof verifyNote> = [];
    try {
      found = verifyNote(note, [...this.keys.keys.map(({ key }) => key), ...known], verify);
    } catch (error) {
      if (!(error instanceof NoteFault)) throw error;
    }
    const by = this.keys.keys.filter((named) => found.some(({ key }) => key === named.key));
    return { size, by, found };
  }

  private wrong(kind: FaultKind, message: string): LedgerFault {
    return new LedgerFault(this.size, kind, message);
  }

  private attempt<T>(step: () => T): T | undefined {
    if (this.fault !== undefined) return undefined;
    try {
      return step();
    } catch (error) {
      this.fault =
        error instanceof LedgerFault
          ? error
          : this.wrong(
              error instanceof NoteFault ? 'wrong-checkpoint' : 'not-json',
              (error as Error).message,
            );
      return undefined;
    }
  }
}

const decoder = new TextDecoder();
const STARTS = ['{"head":', '{"checkpoint":'];

/** An entry never begins with these names, since its first member is `actor`. */
const endingOf = (line: Uint8Array): Ending | undefined => {
  const start = decoder.decode(line.subarray(0, 16));
  if (!STARTS.some((each) => start.startsWith(each))) return undefined;
  try {
    const ending = JSON.parse(decoder.decode(line)) as {
      checkpoint?: unknown;
      head?: { size: unknown; leafHash: unknown };
    };
    const { head, checkpoint } = ending;
    if (typeof checkpoint === 'string') return ending as Ending;
    const isHead = Number.isSafeInteger(head?.size) && typeof head?.leafHash === 'string';
    return isHead ? (ending as Ending) : undefined;
  } catch {
    return undefined;
  }
};
