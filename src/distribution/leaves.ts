import type pg from 'pg';
import type { Queryable } from '../ledger/store.ts';
import { type Leaf, treeOf } from './plan.ts';

/** Leaves credited by one fact. */
export const LEAVES_A_PART = 500;

/** Tables that remember, by position, what is being worked out. */
export type PendingTable = 'distribution_pending' | 'fund_pending';

/**
 * The leaves as they were worked out first, by whichever process; undefined when what `seq` asks for is done already. Kept
 * until all is written: who is known may change meanwhile, and what was committed to may not.
 * @param make works them out; asked once, under a lock
 */
export const keptLeaves = async (
  pool: pg.Pool,
  pending: PendingTable,
  seq: number,
  make: (db: Queryable) => Promise<Leaf[]>,
): Promise<Leaf[] | undefined> => {
  const client = await pool.connect();
  try {
    // All that it is worked out from is read as of one moment.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const { rows } = await client.query<{ planned: boolean }>(
      `SELECT planned FROM ${pending} WHERE seq = $1 FOR UPDATE`,
      [seq],
    );
    if (rows[0]?.planned === false) {
      await keepLeaves(client, seq, await make(client as unknown as Queryable));
      await client.query(`UPDATE ${pending} SET planned = true WHERE seq = $1`, [seq]);
    }
    await client.query('COMMIT');
    if (rows.length === 0) return undefined;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
  const { rows } = await pool.query<Leaf>(
    'SELECT account_id AS "accountId", kind, amount FROM distribution_leaves WHERE receipt_seq = $1 ORDER BY place',
    [seq],
  );
  return rows;
};

const keepLeaves = async (client: pg.PoolClient, seq: number, leaves: readonly Leaf[]): Promise<void> => {
  await client.query(
    `INSERT INTO distribution_leaves
     SELECT $1, place - 1, account_id, kind, amount
     FROM unnest($2::uuid[], $3::text[], $4::int8[]) WITH ORDINALITY AS l(account_id, kind, amount, place)`,
    [seq, leaves.map((l) => l.accountId), leaves.map((l) => l.kind), leaves.map((l) => l.amount)],
  );
};

/** Forgets the leaves of what is written whole. */
export const forgetLeaves = async (pool: pg.Pool, pending: PendingTable, seq: number): Promise<void> => {
  await pool.query('DELETE FROM distribution_leaves WHERE receipt_seq = $1', [seq]);
  await pool.query(`DELETE FROM ${pending} WHERE seq = $1`, [seq]);
};

/**
 * The kept leaves lie in a table that no replay rebuilds. So before anybody is credited they are held against what the
 * ledger committed to. Throws where they lead to another root: then nothing is written, and it is said at every try.
 */
export const assertCommitted = (
  leaves: readonly Leaf[],
  { splitSalt, root }: { splitSalt: string; root: string },
): void => {
  if (Buffer.from(treeOf(splitSalt, leaves).root).toString('hex') !== root)
    throw new Error(`the kept leaves do not lead to the root ${root} that the ledger committed to`);
};
