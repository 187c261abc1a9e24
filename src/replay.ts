import type pg from 'pg';
import pgModule from 'pg';
import { observeFacts } from './anomalies/observe.ts';
import { factTypes } from './catalogue.ts';
import { migrate } from './db/migrate.ts';
import { createPool } from './db/pool.ts';
import { insertSql, selectSql, toArrays } from './db/table.ts';
import { sha256, toHex } from './kernel/hash.ts';
import { systemRandom } from './kernel/system.ts';
import type { Keyring } from './ledger/private-store.ts';
import { createReplay, type ReplayWriter } from './ledger/replay.ts';
import { type Queryable, readFacts, readHead } from './ledger/store.ts';
import type { AnyJournal, AnyTable, Changes } from './ledger/world.ts';
import { projectFacts } from './provenance/project.ts';
import { ErasedPeople } from './registry/people.facts.ts';
import { TABLES } from './tables.ts';

const BATCH = 1_000;
const NAMED_DIFFERENCES = 3;

type Row = Record<string, unknown>;
/** A row that is not the same on both sides; null where it is missing. */
export type Difference = { key: Row; live: Row | null; replayed: Row | null };
export type ComparedTable = { table: string; rows: number; differences: number; first: Difference[] };
export type Replayed = {
  /** Entries replayed, and how many of them the provenance follower had read. */
  size: number;
  followed: number;
  tables: ComparedTable[];
  notUnderstood: Record<string, number>;
};

const id = pgModule.escapeIdentifier;

/**
 * Rebuilds every derived table from entries and openings in an empty scratch schema of the same database, and
 * compares them with the live ones row for row, as of one moment (ledger format 1, "Promises", 5). The scratch
 * schema is gone afterwards, and nothing live is written.
 *
 * @param url connects as a role that may read the schema and create another
 * @throws {ReplayFault} for a fact that cannot be applied
 */
export const replayAndCompare = async (
  options: { url: string; schema: string; keyring: Keyring },
  progress: (done: number, size: number) => void = () => undefined,
): Promise<Replayed> => {
  const { url, schema } = options;
  const scratch = `${schema.slice(0, 36)}_replay_${toHex(systemRandom(6))}`;
  const pool = createPool({ url, schema, max: 1, onError: () => undefined, name: 'replay' });
  try {
    await migrate({ ownerUrl: url, schema: scratch, apiRole: decodeURIComponent(new URL(url).username) });
    const client = await pool.connect();
    try {
      await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0');
      // One snapshot of what is live; what is written here is seen as well, and rolled back.
      await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      const erased = new ErasedPeople();
      const rebuilt = await rebuild(client, { ...options, scratch }, erased, progress);
      const tables: ComparedTable[] = [];
      for (const table of TABLES)
        if (table.replayed) tables.push(await compare(client, table.name, erased, schema, scratch));
      return { ...rebuilt, tables };
    } finally {
      await client.query('ROLLBACK').catch(() => undefined);
      client.release(true);
    }
  } finally {
    await pool.query(`DROP SCHEMA IF EXISTS ${id(scratch)} CASCADE`).catch(() => undefined);
    await pool.end();
  }
};

const rebuild = async (
  client: pg.PoolClient,
  { schema, scratch, keyring }: { schema: string; scratch: string; keyring: Keyring },
  erased: ErasedPeople,
  progress: (done: number, size: number) => void,
) => {
  const see = (name: string) => client.query(`SET LOCAL search_path = ${id(name)}`);
  const db = client as unknown as Queryable;
  const { size } = await readHead(db);
  const { rows } = await client.query<{ name: string; seq: number }>('SELECT name, seq FROM followers');
  const readBy = (name: string): number => rows.find((row) => row.name === name)?.seq ?? 0;
  const [followed, observed] = [readBy('provenance'), readBy('anomalies')];
  const replay = createReplay(writerTo(client), factTypes);
  for (let done = 0; done < size; ) {
    await see(schema);
    const facts = await readFacts(db, sha256, keyring, done, BATCH);
    if (facts.length === 0) throw new Error(`entry ${done} is missing: run verify`);
    await see(scratch);
    for (const fact of facts) erased.see(fact);
    await replay.apply(facts);
    await projectFacts(client, facts.slice(0, Math.max(0, followed - done)));
    await observeFacts(client, facts.slice(0, Math.max(0, observed - done)));
    done += facts.length;
    progress(done, size);
  }
  await see(schema);
  return { size, followed, notUnderstood: Object.fromEntries(replay.notUnderstood) };
};

const writerTo = (client: pg.PoolClient): ReplayWriter => ({
  load: async (table, ids) => (await client.query<Row>(selectSql(table), [[...ids]])).rows,
  save: async ({ inserted, updated, added }: Changes) => {
    for (const [table, rows] of [...inserted, ...updated]) await put(client, table, rows, upsert(table));
    for (const [journal, rows] of added) await put(client, journal, rows, '');
  },
});

const put = async (
  client: pg.PoolClient,
  into: AnyTable | AnyJournal,
  rows: readonly object[],
  onConflict: string,
) => {
  if (into.replayed) await client.query(`${insertSql(into, 1)}${onConflict}`, toArrays(into, rows));
};

/** The door knows which rows are new; a replay, which decides nothing, need not. */
const upsert = ({ columns, key }: AnyTable): string => {
  const target = columns.find((c) => c.field === key)!.column;
  return ` ON CONFLICT (${target}) DO UPDATE SET ${columns.map((c) => `${c.column} = excluded.${c.column}`).join(', ')}`;
};

/** Compares two tables of one name by primary key, whole rows at a time; the order of members in JSON does not count. */
const compare = async (
  client: pg.PoolClient,
  table: string,
  erased: ErasedPeople,
  schema: string,
  scratch: string,
): Promise<ComparedTable> => {
  const [live, rebuilt] = [`${id(schema)}.${id(table)}`, `${id(scratch)}.${id(table)}`];
  const key = await primaryKey(client, rebuilt);
  await client.query(`ANALYZE ${rebuilt}`);
  await client.query(
    `DECLARE differences NO SCROLL CURSOR FOR
     SELECT to_jsonb(l) AS live, to_jsonb(r) AS replayed
     FROM ${live} l FULL JOIN ${rebuilt} r ON ${key.map((c) => `l.${id(c)} = r.${id(c)}`).join(' AND ')}
     WHERE to_jsonb(l) IS DISTINCT FROM to_jsonb(r)`,
  );
  const compared: ComparedTable = { table, rows: 0, differences: 0, first: [] };
  const differs = (difference: Difference): void => {
    compared.differences++;
    if (compared.first.length < NAMED_DIFFERENCES) compared.first.push(difference);
  };
  let ignored = 0;
  for (;;) {
    const { rows } = await client.query<Omit<Difference, 'key'>>('FETCH 1000 FROM differences');
    if (rows.length === 0) break;
    for (const row of rows) {
      if (row.live !== null && row.replayed === null && erased.explains(table, row.live)) ignored++;
      else differs({ key: keyOf(row, key), ...row });
    }
  }
  for (const lastSeq of erased.unanswered(table))
    differs({ key: { last_seq: lastSeq }, live: null, replayed: { state: 'erased', last_seq: lastSeq } });
  await client.query('CLOSE differences');
  const { rows } = await client.query<{ n: number }>(`SELECT count(*) AS n FROM ${live}`);
  compared.rows = rows[0]!.n - ignored;
  return compared;
};

const keyOf = ({ live, replayed }: Omit<Difference, 'key'>, key: readonly string[]): Row =>
  Object.fromEntries(key.map((column) => [column, (live ?? replayed)![column]]));

const primaryKey = async (client: pg.PoolClient, table: string): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(
    `SELECT a.attname::text AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
     WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY a.attnum`,
    [table],
  );
  if (rows.length === 0) throw new Error(`${table} has no primary key`);
  return rows.map(({ name }) => name);
};
