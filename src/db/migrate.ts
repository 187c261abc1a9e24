import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';

/** Tables the API's role may only read: they change through the functions of 0001_ledger.sql alone. */
export const READ_ONLY_TABLES = ['head', 'chunks', 'kysely_migration', 'kysely_migration_lock'];

const DIRECTORY = path.resolve(import.meta.dirname, '../../migrations');

/**
 * Brings the schema up to date and grants the API's role the least it needs. Each migration is one SQL file;
 * two processes at once are serialised by Kysely's lock.
 *
 * @param ownerUrl connects as the role that owns the schema
 * @param apiRole the role the API connects as; when it is the owner itself only triggers protect the ledger
 */
export const migrate = async (options: {
  ownerUrl: string;
  schema: string;
  apiRole: string;
}): Promise<void> => {
  const { schema, apiRole } = options;
  const pool = new pg.Pool({
    connectionString: options.ownerUrl,
    max: 2,
    options: `-c search_path=${schema}`,
  });
  pool.on('error', () => undefined);
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const applied = await appliedMigrations(pool, schema);
    const migrations = await readMigrations(schema);
    if (Object.keys(migrations).some((name) => !applied.has(name)))
      await bringUpToDate(db, schema, migrations);
    await grant(pool, schema, apiRole);
  } finally {
    await db.destroy();
    // Kysely ends only a pool it used; an idle connection would keep the process for another ten seconds.
    if (!pool.ending) await pool.end();
  }
};

/** Names of the migrations that have run; none where the schema is not there yet. */
const appliedMigrations = async (pool: Pick<pg.Pool, 'query'>, schema: string): Promise<Set<string>> => {
  const { rows } = await pool.query<{ name: string | null }>('SELECT to_regclass($1)::text AS name', [
    `${pg.escapeIdentifier(schema)}.kysely_migration`,
  ]);
  if (rows[0]!.name === null) return new Set();
  const { rows: applied } = await pool.query<{ name: string }>('SELECT name FROM kysely_migration');
  return new Set(applied.map((row) => row.name));
};

/** Names of the migrations that have not run in the schema yet, in order. */
export const pendingMigrations = async (db: Pick<pg.Pool, 'query'>, schema: string): Promise<string[]> => {
  const applied = await appliedMigrations(db, schema);
  return Object.keys(await readMigrations(schema)).filter((name) => !applied.has(name));
};

const bringUpToDate = async (
  db: Kysely<unknown>,
  schema: string,
  migrations: Record<string, Migration>,
): Promise<void> => {
  await sql`create schema if not exists ${sql.id(schema)}`.execute(db);
  const migrator = new Migrator({
    db,
    migrationTableSchema: schema,
    provider: { getMigrations: async () => migrations },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
};

const readMigrations = async (schema: string): Promise<Record<string, Migration>> => {
  const files = (await readdir(DIRECTORY)).filter((file) => file.endsWith('.sql')).sort();
  const migrations: Record<string, Migration> = {};
  for (const file of files) {
    const text = (await readFile(path.join(DIRECTORY, file), 'utf8')).replaceAll('@schema@', `"${schema}"`);
    migrations[file.replace(/\.sql$/, '')] = { up: async (db) => void (await sql.raw(text).execute(db)) };
  }
  return migrations;
};

const grant = async (pool: pg.Pool, schema: string, apiRole: string): Promise<void> => {
  const { rows } = await pool.query<{ owner: string; tables: string[] }>(
    `SELECT current_user AS owner, array_agg(tablename::text) AS tables FROM pg_tables WHERE schemaname = $1`,
    [schema],
  );
  if (rows[0]!.owner === apiRole) return;
  const id = pg.escapeIdentifier;
  const role = id(apiRole);
  const writable = rows[0]!.tables.filter((name) => !READ_ONLY_TABLES.includes(name));
  const all = rows[0]!.tables.map((name) => `${id(schema)}.${id(name)}`).join(', ');
  await pool.query(
    `REVOKE ALL ON SCHEMA ${id(schema)} FROM PUBLIC;
     GRANT USAGE ON SCHEMA ${id(schema)} TO ${role};
     REVOKE ALL ON ALL TABLES IN SCHEMA ${id(schema)} FROM ${role};
     GRANT SELECT ON ${all} TO ${role};
     GRANT INSERT, UPDATE, DELETE ON ${writable.map((name) => `${id(schema)}.${id(name)}`).join(', ')} TO ${role};
     GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${id(schema)} TO ${role};`,
  );
};
