import { canonicalBytes } from '../kernel/canonical.ts';
import type { Hash } from '../kernel/hash.ts';

/** Ledger format 1, "Entry": a JSON object with exactly these members. */
export type Entry = {
  v: 1;
  origin: string;
  seq: number;
  at: string;
  type: string;
  actor: string;
  prev: string;
  data: Record<string, unknown>;
};

/** A bundle writes an entry's length in 16 bits (C2SP tlog-tiles). */
export const MAX_ENTRY_BYTES = 65_535;

export const GENESIS_PREV = '0'.repeat(64);

/**
 * The RFC 8785 bytes of an entry, behind the byte 0x00 that marks a leaf, so that they are hashed where they lie.
 * Throws a TypeError where `data` is not JSON.
 */
export const markedEntry = (entry: Entry): Buffer => {
  const marked = canonicalBytes(entry, 1);
  marked[0] = 0;
  return marked;
};

const BEFORE_TYPE = ',"type":"';
const AFTER_TYPE = '","v":1}';

/** The type of an entry in its stored bytes, not parsed: in sorted order only `v` comes after it. */
export const typeOf = (bytes: Buffer): string =>
  bytes.toString(
    'utf8',
    bytes.lastIndexOf(BEFORE_TYPE) + BEFORE_TYPE.length,
    bytes.length - AFTER_TYPE.length,
  );

/** SHA-256(0x00 ‖ bytes): the leaf of RFC 6962 §2.1, and the next entry's `prev`. */
export const leafHash = (hash: Hash, bytes: Uint8Array): Uint8Array => {
  const input = Buffer.allocUnsafe(bytes.length + 1);
  input[0] = 0;
  input.set(bytes, 1);
  return hash(input);
};
