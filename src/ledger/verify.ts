import { canonicalJson } from '../kernel/canonical.ts';
import { type Hash, toHex } from '../kernel/hash.ts';
import { type Entry, GENESIS_PREV, leafHash, MAX_ENTRY_BYTES } from './entry.ts';
import { appendLeaf, type Frontier, rootOf } from './merkle.ts';
import { hasEscapes, scanEntry } from './scan.ts';

export type FaultKind =
  | 'not-json'
  | 'not-canonical'
  | 'too-long'
  | 'wrong-members'
  | 'wrong-seq'
  | 'wrong-origin'
  | 'broken-chain'
  | 'time-goes-back'
  | 'wrong-leaf'
  | 'wrong-seal'
  | 'wrong-head'
  | 'wrong-signature'
  | 'wrong-key'
  | 'wrong-checkpoint'
  | 'cut-off'
  | 'wrong-tile'
  | 'rewritten';

/** The first thing that is wrong with a ledger, and where. */
export class LedgerFault extends Error {
  override name = 'LedgerFault';
  readonly seq: number;
  readonly kind: FaultKind;
  constructor(seq: number, kind: FaultKind, message: string) {
    super(`entry ${seq}: ${message}`);
    this.seq = seq;
    this.kind = kind;
  }
}

const MEMBERS = ['actor', 'at', 'data', 'origin', 'prev', 'seq', 'type', 'v'].join();
export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Where a check stands: all that the next entry is held against. */
export type Standing = { size: number; leaf: string; at: string; origin: string; frontier: Frontier };

const nothing = (): Standing => ({ size: 0, leaf: GENESIS_PREV, at: '', origin: '', frontier: [] });

/**
 * Checks entries one after the other, from entry 0 or from where an earlier check stood: bytes are RFC 8785 of an entry,
 * positions have no gap, every `prev` is the leaf hash before, time never goes back. No I/O: feed it from a database, a file or a URL.
 */
export class Verifier {
  size: number;
  leaf: string;
  origin: string;
  protected at: string;
  protected readonly frontier: Frontier;
  protected readonly hash: Hash;
  /** Of which position on the frontier is kept. */
  private readonly from: number;

  constructor(hash: Hash, start: Standing = nothing(), from = 0) {
    this.hash = hash;
    this.size = start.size;
    this.leaf = start.leaf;
    this.at = start.at;
    this.origin = start.origin;
    this.frontier = [...start.frontier];
    this.from = from;
  }

  standing(): Standing {
    const { size, leaf, at, origin, frontier } = this;
    return { size, leaf, at, origin, frontier: [...frontier] };
  }

  /** Returns the entry. Throws the LedgerFault of the first rule that does not hold. */
  feed(bytes: Uint8Array, storedLeaf?: Uint8Array): Entry {
    const entry = this.check(bytes);
    const leaf = leafHash(this.hash, bytes);
    const hex = toHex(leaf);
    if (storedLeaf !== undefined && !sameBytes(storedLeaf, leaf))
      throw new LedgerFault(this.size, 'wrong-leaf', 'the stored leaf hash is not the hash of its bytes');
    appendLeaf(this.hash, this.frontier, this.size, leaf, this.from);
    this.leaf = hex;
    this.at = entry.at;
    this.origin = entry.origin;
    this.size++;
    return entry;
  }

  /** Ends the check against what the ledger says of itself. */
  expectHead(head: { size: number; leafHash?: string; at?: number; root?: string }): void {
    if (head.size !== this.size)
      throw new LedgerFault(
        this.size,
        'wrong-head',
        `the head names ${head.size} entries, ${this.size} were found`,
      );
    if (head.leafHash !== undefined && head.leafHash !== this.leaf)
      throw new LedgerFault(this.size - 1, 'wrong-head', 'the head names another last leaf hash');
    this.expectKept(head);
  }

  /** Time and tree, where the ledger says them too. */
  private expectKept(head: { at?: number; root?: string }): void {
    if (head.at !== undefined && this.size > 0 && new Date(head.at).toISOString() !== this.at)
      throw new LedgerFault(this.size - 1, 'wrong-head', 'the head names another time');
    if (head.root !== undefined && head.root !== this.root())
      throw new LedgerFault(this.size - 1, 'wrong-head', 'the head keeps another Merkle tree');
  }

  root(): string {
    return toHex(rootOf(this.hash, this.frontier));
  }

  private check(bytes: Uint8Array): Entry {
    const seq = this.size;
    if (bytes.length > MAX_ENTRY_BYTES) throw new LedgerFault(seq, 'too-long', `${bytes.length} bytes`);
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw new LedgerFault(seq, 'not-json', 'the bytes are not UTF-8 JSON');
    }
    const entry = (hasEscapes(bytes) ? undefined : scanEntry(text)) ?? this.parse(text);
    this.checkPlace(entry, seq);
    return entry;
  }

  /** An entry that the quick way did not recognise: canonical all the same, or the fault that it is not. */
  private parse(text: string): Entry {
    const seq = this.size;
    let entry: Entry;
    try {
      entry = JSON.parse(text) as Entry;
    } catch {
      throw new LedgerFault(seq, 'not-json', 'the bytes are not UTF-8 JSON');
    }
    let canonical: string;
    try {
      canonical = canonicalJson(entry);
    } catch {
      throw new LedgerFault(seq, 'not-canonical', 'the text is not well-formed');
    }
    if (canonical !== text) throw new LedgerFault(seq, 'not-canonical', 'the bytes are not in RFC 8785 form');
    if (typeof entry !== 'object' || entry === null || Object.keys(entry).join() !== MEMBERS || entry.v !== 1)
      throw new LedgerFault(seq, 'wrong-members', `an entry has exactly ${MEMBERS} and v 1`);
    return entry;
  }

  private checkPlace(entry: Entry, seq: number): void {
    if (entry.seq !== seq) throw new LedgerFault(seq, 'wrong-seq', `it calls itself ${entry.seq}`);
    if (entry.prev !== this.leaf)
      throw new LedgerFault(seq, 'broken-chain', 'its prev is not the leaf hash of the entry before');
    if (seq > 0 && entry.origin !== this.origin)
      throw new LedgerFault(seq, 'wrong-origin', `it belongs to ${entry.origin}, not ${this.origin}`);
    // Entries of one turn share their time, which was looked at with the first.
    if (seq > 0 && entry.at === this.at) return;
    if (typeof entry.at !== 'string' || !INSTANT.test(entry.at) || entry.at < this.at)
      throw new LedgerFault(
        seq,
        'time-goes-back',
        `it was recorded at ${entry.at}, the one before at ${this.at}`,
      );
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};
