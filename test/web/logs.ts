import { canonicalBytes } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { GENESIS_PREV, leafHash } from '../../src/ledger/entry.ts';
import { NoteSigner } from '../../src/ledger/log-key.ts';
import { appendLeaf, type Frontier, rootOf } from '../../src/ledger/merkle.ts';
import { formatKey } from '../../src/ledger/note.ts';

const START = Date.UTC(2026, 10, 24);

/** A signed export of `size` entries that look like weigh-ins, as the command writes it, and its lines. */
export const exportOf = (size: number): { lines: string[]; key: string; root: string } => {
  const signer = new NoteSigner('example.com/log', Buffer.alloc(32, 9));
  const key = formatKey(signer.key);
  const frontier: Frontier = [];
  const lines: string[] = [];
  let prev = GENESIS_PREV;
  for (let seq = 0; seq < size; seq++) {
    const data =
      seq === 0
        ? { logKey: key }
        : {
            cell: [57, 242],
            form: 'bottle',
            grossGrams: 10_000 + seq,
            material: 'pet',
            sealed: prev,
            tareGrams: 0,
          };
    const type = seq === 0 ? 'programme.founded.v1' : 'collection.recorded.v1';
    const at = new Date(START + seq).toISOString();
    const actor = '00000000-0000-0000-0000-000000000000';
    const bytes = canonicalBytes({ v: 1, origin: signer.key.name, seq, at, type, actor, prev, data });
    const leaf = leafHash(sha256, bytes);
    appendLeaf(sha256, frontier, seq, leaf);
    prev = toHex(leaf);
    lines.push(bytes.toString('utf8'));
  }
  const root = rootOf(sha256, frontier);
  lines.push(
    JSON.stringify({ checkpoint: signer.note(formatCheckpoint({ origin: signer.key.name, size, root })) }),
  );
  return { lines, key, root: toHex(root) };
};

export const textOf = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`);
