import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { Config } from '../config.ts';
import { choosePlace } from '../db/embedded.place.ts';
import { DataDirectoryInUse, type EmbeddedLog, startEmbedded } from '../db/embedded.ts';
import { createPool } from '../db/pool.ts';
import { systemRandom } from '../kernel/system.ts';
import { Keyring } from '../ledger/private-store.ts';
import { Failed, Misuse } from './io.ts';

/** A database a command looks into, beside the server that may be running on it. */
export type CommandDatabase = {
  /** Connects as whoever may see the most: the owner, or the embedded cluster's superuser. */
  url: string;
  schema: string;
  /** The role the API connects as, when that is another one than the URL's. */
  apiRole: string | undefined;
  embedded: boolean;
  close(): Promise<void>;
};

/** The embedded database was never made; a server makes it at its first start. */
export class NoDatabaseYet extends Failed {
  override name = 'NoDatabaseYet';
}

const nothing = (): void => undefined;
const quiet: EmbeddedLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The named database, else that of the configuration. The embedded one is started only where nobody runs it. */
export const openCommandDatabase = async (
  config: Config,
  url: string | undefined,
): Promise<CommandDatabase> => {
  const { databaseSchema: schema } = config;
  const outside = { schema, embedded: false, close: async () => undefined };
  if (url !== undefined) {
    if (!/^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new Misuse('--database wants postgresql://USER:PASSWORD@HOST:5432/DATABASE');
    return { ...outside, url, apiRole: undefined };
  }
  if (config.databaseUrl !== undefined) {
    const apiUrl = config.databaseUrl.reveal();
    const apiRole = decodeURIComponent(new URL(apiUrl).username);
    return { ...outside, url: config.databaseOwnerUrl?.reveal() ?? apiUrl, apiRole };
  }
  const { superuserUrl, close } = await openEmbedded(config.dataDir);
  const inSchema = Object.assign(new URL(superuserUrl), { pathname: `/${schema}` }).toString();
  return { url: inSchema, schema, apiRole: `${schema}_api`, embedded: true, close };
};

type Opened = { superuserUrl: string; close(): Promise<void> };

const openEmbedded = async (dataDir: string): Promise<Opened> => {
  const absent = new NoDatabaseYet(
    `There is no database in ${path.resolve(dataDir)} yet: start the server once, or set DATABASE_URL or BLUE_CYCLE_DATA_DIR.`,
  );
  if (!existsSync(path.join(dataDir, 'postgres-superuser-password'))) throw absent;
  const { directory, password } = await choosePlace(dataDir, quiet);
  if (!existsSync(path.join(directory, 'PG_VERSION'))) throw absent;
  const running = await attach(directory, password);
  if (running !== undefined) return running;
  try {
    const embedded = await startEmbedded({ dataDir, log: quiet });
    return { superuserUrl: embedded.superuserUrl, close: embedded.stop };
  } catch (error) {
    // A server was started in between.
    const started = error instanceof DataDirectoryInUse ? await attach(directory, password) : undefined;
    if (started === undefined) throw error;
    return started;
  }
};

/** The PostgreSQL that a running server keeps on this directory, if it answers. */
const attach = async (directory: string, password: string): Promise<Opened | undefined> => {
  try {
    const port = Number(readFileSync(path.join(directory, 'postmaster.pid'), 'utf8').split('\n')[3]);
    const superuserUrl = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
    const client = new pg.Client({ connectionString: superuserUrl, connectionTimeoutMillis: 2_000 });
    client.on('error', nothing);
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    await client.end();
    return rows[0]!.data_directory === directory ? { superuserUrl, close: async () => undefined } : undefined;
  } catch {
    return undefined;
  }
};

/** One connection that sees only the schema and may take its time. */
export const connectTo = async (
  url: string,
  schema: string,
): Promise<{ client: pg.PoolClient; close(): Promise<void> }> => {
  const pool = createPool({ url, schema, max: 1, onError: nothing, name: 'command' });
  let client: pg.PoolClient | undefined;
  const close = async () => {
    client?.release(true);
    client = undefined;
    await pool.end();
  };
  try {
    client = await pool.connect();
    await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0');
    const { rows } = await client.query<{ there: boolean }>(
      "SELECT to_regclass('head') IS NOT NULL AS there",
    );
    if (rows[0]!.there) return { client, close };
  } catch (error) {
    await close();
    throw new Failed(`The database cannot be reached: ${messageOf(error)}`);
  }
  await close();
  throw new Failed(
    `There is no ledger in the schema ${schema} of this database: is DATABASE_SCHEMA right? Else run migrate.`,
  );
};

/** Several addresses of one host fail together, with no message of their own. */
export const messageOf = (error: unknown): string => {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message || String((first as { code?: unknown }).code) : String(first);
};

/** The keys of the private store, or undefined where the file is not there; it is never made here. */
export const readKeyring = async (file: string): Promise<Keyring | undefined> => {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Failed(`The private key file ${file} cannot be read: ${(error as Error).message}`);
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Failed(`${file} must hold 64 lower-case hex digits`);
  return new Keyring(Buffer.from(text, 'hex'), systemRandom);
};
