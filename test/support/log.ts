import { randomUUID } from 'node:crypto';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { GENESIS_PREV, leafHash } from '../../src/ledger/entry.ts';
import { NoteSigner } from '../../src/ledger/log-key.ts';
import { appendLeaf, type Frontier, rootOf } from '../../src/ledger/merkle.ts';
import { formatKey } from '../../src/ledger/note.ts';

export const ORIGIN = 'example.com/log';
export const signer = new NoteSigner(ORIGIN, Buffer.alloc(32, 9));

/** What a made-up entry may say other than the ordinary. */
export type Twist = (entry: Record<string, unknown>, seq: number) => Record<string, unknown>;

/** A ledger made up for a test: entries in their bytes, and what may be asked of it. */
export type MadeLog = {
  entries: Buffer[];
  leaves: Uint8Array[];
  /** The signed note over the first `size` entries. */
  noteAt(size: number): string;
};

/** So many entries, chained; `twist` changes one before it is hashed, so that all that follows fits it. */
export const makeLog = (count: number, twist: Twist = (entry) => entry): MadeLog => {
  const entries: Buffer[] = [];
  const leaves: Uint8Array[] = [];
  let prev = GENESIS_PREV;
  for (let seq = 0; seq < count; seq++) {
    const entry = {
      v: 1,
      origin: ORIGIN,
      seq,
      at: new Date(1_780_000_000_000 + 7 * Math.floor(seq / 3)).toISOString(),
      type: seq === 0 ? 'programme.founded.v1' : 'collection.recorded.v1',
      actor: '00000000-0000-0000-0000-000000000000',
      prev,
      data:
        seq === 0
          ? { logKey: formatKey(signer.key) }
          : { grams: seq, note: seq % 5 === 0 ? '一"袋' : '瓶', sealed: randomUUID() },
    };
    const bytes = Buffer.from(canonicalJson(twist(entry, seq)));
    const leaf = leafHash(sha256, bytes);
    entries.push(bytes);
    leaves.push(leaf);
    prev = toHex(leaf);
  }
  return { entries, leaves, noteAt: (size) => noteOver(leaves.slice(0, size)) };
};

/** The signed note over these leaves. */
export const noteOver = (leaves: readonly Uint8Array[]): string => {
  const frontier: Frontier = [];
  for (const [i, leaf] of leaves.entries()) appendLeaf(sha256, frontier, i, leaf);
  const root = rootOf(sha256, frontier);
  return signer.note(formatCheckpoint({ origin: ORIGIN, size: leaves.length, root }));
};

/** An export as `blue-cycle export` writes it. */
export const exportOf = (entries: readonly Uint8Array[], note: string): Buffer =>
  Buffer.concat([
    ...entries.flatMap((bytes) => [bytes, Buffer.from('\n')]),
    Buffer.from(`${JSON.stringify({ checkpoint: note })}\n`),
  ]);
