import type pg from 'pg';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { type Entry, leafHash } from '../../src/ledger/entry.ts';
import { appendLeaf, type Frontier, packFrontier } from '../../src/ledger/merkle.ts';
import { type Queryable, readEntries, type StoredEntry } from '../../src/ledger/store.ts';

/** How a superuser gets past every trigger of the ledger. */
export const disarmLedger = async (db: pg.Client): Promise<void> => {
  await db.query('ALTER TABLE chunks DISABLE TRIGGER ALL; ALTER TABLE head DISABLE TRIGGER ALL');
};

/**
 * Replaces everything from entry `from` on, as whoever holds all rights on the database can: bytes, leaves, chain, tree
 * and head fit again. `change` gives each entry its new members, or null to leave it out. Returns how many entries say
 * something else than before.
 */
export const rewriteFrom = async (
  db: pg.Client,
  ledger: Queryable,
  from: number,
  change: (entry: Entry) => Entry | null,
): Promise<number> => {
  const before = await readEntries(ledger, 0, 100_000);
  const frontier: Frontier = [];
  const after: StoredEntry[] = [];
  for (const stored of before) {
    const entry = JSON.parse(stored.bytes.toString('utf8')) as Entry;
    const wanted = stored.seq < from ? entry : change(entry);
    if (wanted === null) continue;
    const seq = after.length;
    const prev = seq === 0 ? entry.prev : toHex(after[seq - 1]!.leaf);
    const bytes = stored.seq < from ? stored.bytes : Buffer.from(canonicalJson({ ...wanted, seq, prev }));
    const leaf = Buffer.from(leafHash(sha256, bytes));
    appendLeaf(sha256, frontier, seq, leaf);
    after.push({ seq, bytes, leaf });
  }
  await db.query('DELETE FROM chunks');
  for (const { seq, bytes, leaf } of after)
    await db.query('INSERT INTO chunks VALUES ($1, $2, $3, $4)', [seq, [bytes.length], leaf, bytes]);
  const last = after.at(-1)!;
  await db.query('UPDATE head SET size = $1, leaf_hash = $2, frontier = $3, at = $4', [
    after.length,
    last.leaf,
    packFrontier(frontier),
    Date.parse((JSON.parse(last.bytes.toString('utf8')) as Entry).at),
  ]);
  // What the database kept of signatures goes too, and the tree above the leaves grows again.
  await db.query(
    "DELETE FROM checkpoints; DELETE FROM tree_tiles; DELETE FROM followers WHERE name = 'tree'",
  );
  return before.filter(({ seq, leaf }) => after[seq] === undefined || !after[seq].leaf.equals(leaf)).length;
};

/** Cuts the ledger to its first entries, with all that lies in tables of the ledger beyond. */
export const cutTo = async (db: pg.Client, ledger: Queryable, size: number): Promise<number> => {
  const changed = await rewriteFrom(db, ledger, size, () => null);
  for (const [table, column] of [
    ['opening_chunks', 'first_seq'],
    ['person_openings', 'seq'],
    ['ids', 'seq'],
  ] as const)
    await db.query(`DELETE FROM ${table} WHERE ${column} >= $1`, [size]);
  return changed;
};

/** Moves the openings behind a removed entry up with it. */
export const removeOpenings = async (db: pg.Client, seq: number): Promise<void> => {
  for (const [table, column] of [
    ['opening_chunks', 'first_seq'],
    ['person_openings', 'seq'],
  ] as const) {
    await db.query(`DELETE FROM ${table} WHERE ${column} = $1`, [seq]);
    await db.query(`UPDATE ${table} SET ${column} = -${column} WHERE ${column} > $1`, [seq]);
    await db.query(`UPDATE ${table} SET ${column} = -${column} - 1 WHERE ${column} < 0`);
  }
};
