import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { durabilityFaults } from '../db/durability.ts';
import { pendingMigrations } from '../db/migrate.ts';
import { mayChangeLedger } from '../db/roles.ts';
import type { Entry } from '../ledger/entry.ts';
import { type Queryable, readEntry, readHead } from '../ledger/store.ts';
import {
  type CommandDatabase,
  connectTo,
  NoDatabaseYet,
  openCommandDatabase,
  readKeyring,
} from './database.ts';
import { claimBooks } from './doctor.claims.ts';
import { type Check, logKeys } from './doctor.keys.ts';
import { checkWechat } from './doctor.wechat.ts';
import { answer, count, type ExitCode, type Io } from './io.ts';

const NODE_MAJOR = 24;
const [WARN_FREE_BYTES, FAIL_FREE_BYTES] = [5e9, 5e8];
const [WARN_CLOCK_MS, FAIL_CLOCK_MS] = [1_000, 60_000];
const BEHIND = 1_000;

const NOTES = [
  'Backup: the database (pg_basebackup, or pg_dump of the schema with tools of the same major version) and, apart from it, the private key file and the ledger key file. Without the private key file no sealed part can ever be opened again.',
  'Restore: put database and key files back, then run verify and replay before the server takes writes; compare the size with the last export or checkpoint held outside, for what is missing at the end a restored database cannot know.',
];

/** `blue-cycle doctor`: looks whether everything a server needs is in order, a line each, and says what to do. */
export const runDoctor = async (
  options: { database?: string; json?: boolean },
  io: Io,
): Promise<ExitCode> => {
  const checks = [checkNode()];
  const config = checkConfig(io, checks);
  if (config !== undefined) {
    checks.push(await checkDisk(config), await checkKeyFile(config.privateKeyFile, 'private key'));
    checks.push(await checkWechat(config));
    await checkDatabase(options.database, config, checks);
  }
  const ok = checks.every(({ state }) => state !== 'fail');
  const lines = checks.map(({ check, state, text }) => `${state.padEnd(4)}  ${check.padEnd(13)}  ${text}`);
  await answer(io, options.json, { ok, checks, notes: NOTES }, [...lines, '', ...NOTES]);
  return ok ? 0 : 1;
};

const checkNode = (): Check => {
  const good = Number.parseInt(process.versions.node, 10) >= NODE_MAJOR;
  const text = `${process.version}${good ? '' : `; start with npm start or npx blue-cycle, which bring Node ${NODE_MAJOR}`}`;
  return { check: 'node', state: good ? 'ok' : 'fail', text };
};

const checkConfig = (io: Io, checks: Check[]): Config | undefined => {
  try {
    const config = readConfig(io.env);
    const where =
      config.databaseUrl === undefined
        ? `embedded PostgreSQL in ${path.resolve(config.dataDir)}`
        : 'DATABASE_URL';
    checks.push({
      check: 'configuration',
      state: 'ok',
      text: `${config.ledgerOrigin} in the schema ${config.databaseSchema}, ${where}`,
    });
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    checks.push(...error.faults.map((text) => ({ check: 'configuration', state: 'fail' as const, text })));
    return undefined;
  }
};

/** The nearest directory that is there: before the first start the data directory is not. */
const checkDisk = async ({ dataDir }: Config): Promise<Check> => {
  let directory = path.resolve(dataDir);
  while (!existsSync(directory)) directory = path.dirname(directory);
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const text = `${(free / 1e9).toFixed(1)} GB free in ${directory}`;
  if (free >= WARN_FREE_BYTES) return { check: 'disk', state: 'ok', text };
  return {
    check: 'disk',
    state: free < FAIL_FREE_BYTES ? 'fail' : 'warn',
    text: `${text}; make room: a full disk stops all writing`,
  };
};

const checkKeyFile = async (file: string, check: string): Promise<Check> => {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined)
    return {
      check,
      state: 'warn',
      text: `${file} is not there; the first start makes it. If there was one, restore it before you start`,
    };
  if ((found.mode & 0o077) === 0) return { check, state: 'ok', text: `${file}, readable by its owner alone` };
  const mode = (found.mode & 0o777).toString(8);
  return { check, state: 'fail', text: `${file} has mode ${mode}: others may read it; chmod 600 ${file}` };
};

const checkDatabase = async (url: string | undefined, config: Config, checks: Check[]): Promise<void> => {
  const failed = (error: unknown) =>
    checks.push({
      check: 'database',
      state: error instanceof NoDatabaseYet ? 'warn' : 'fail',
      text: (error as Error).message,
    });
  let database: CommandDatabase;
  try {
    database = await openCommandDatabase(config, url);
  } catch (error) {
    failed(error);
    return;
  }
  try {
    const { client, close } = await connectTo(database.url, database.schema);
    try {
      for (const look of [
        version,
        durability,
        migrations,
        privileges,
        clock,
        ledger,
        privateKey,
        logKeys,
        claimBooks,
      ])
        checks.push(await look({ client, db: client as unknown as Queryable, database, config }));
    } finally {
      await close();
    }
  } catch (error) {
    failed(error);
  } finally {
    await database.close();
  }
};

type Looked = { client: pg.PoolClient; db: Queryable; database: CommandDatabase; config: Config };

const version = async ({ client }: Looked): Promise<Check> => {
  const { rows } = await client.query<{ n: string }>("SELECT current_setting('server_version_num') AS n");
  const major = Math.floor(Number(rows[0]!.n) / 10_000);
  const text = `PostgreSQL ${major}`;
  if (major >= 15 && major <= 18) return { check: 'database', state: 'ok', text };
  return {
    check: 'database',
    state: major < 15 ? 'fail' : 'warn',
    text: `${text}; 15 to 18 are known to work`,
  };
};

const durability = async ({ db }: Looked): Promise<Check> => {
  const faults = await durabilityFaults(db);
  const text = faults.join(' ') || 'fsync, full_page_writes and synchronous_commit are on';
  return { check: 'durability', state: faults.length === 0 ? 'ok' : 'fail', text };
};

const migrations = async ({ db, database }: Looked): Promise<Check> => {
  const pending = await pendingMigrations(db, database.schema);
  if (pending.length === 0) return { check: 'migrations', state: 'ok', text: 'none pending' };
  return { check: 'migrations', state: 'warn', text: `pending: ${pending.join(', ')}; run migrate` };
};

const privileges = async ({ client, db, database }: Looked): Promise<Check> => {
  const role = database.apiRole ?? null;
  const { rows } = await client.query<{ name: string; super: boolean }>(
    'SELECT rolname AS name, rolsuper AS super FROM pg_roles WHERE rolname = coalesce($1::name, current_user)',
    [role],
  );
  const api = rows[0];
  if (api === undefined)
    return { check: 'privileges', state: 'fail', text: `there is no role ${role}; run migrate` };
  if (!(await mayChangeLedger(db, api.name)))
    return {
      check: 'privileges',
      state: 'ok',
      text: `${api.name} cannot change the ledger: by privileges and by triggers`,
    };
  const advice =
    'give the API a role of its own in DATABASE_URL and keep the owner for migrate (DATABASE_OWNER_URL)';
  const who = api.super ? `${api.name} is a superuser` : `${api.name} has rights on the ledger's tables`;
  return { check: 'privileges', state: 'warn', text: `${who}, so only triggers protect it; ${advice}` };
};

const clock = async ({ client }: Looked): Promise<Check> => {
  const before = Date.now();
  const { rows } = await client.query<{ at: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8 AS at',
  );
  const apart = Math.round(Math.abs(rows[0]!.at - (before + Date.now()) / 2));
  const text = `${apart} ms apart from the database's`;
  if (apart < WARN_CLOCK_MS) return { check: 'clock', state: 'ok', text };
  return {
    check: 'clock',
    state: apart < FAIL_CLOCK_MS ? 'warn' : 'fail',
    text: `${text}; let both follow a time server (beyond 60 s nothing is written)`,
  };
};

const ledger = async ({ client, db, config }: Looked): Promise<Check> => {
  const head = await readHead(db);
  if (head.size === 0)
    return { check: 'ledger', state: 'ok', text: 'empty; the first start founds the programme' };
  const last = await readEntry(db, head.size - 1);
  if (last === undefined || last.leaf.toString('hex') !== head.leafHash)
    return {
      check: 'ledger',
      state: 'fail',
      text: `the head of ${head.size} entries does not fit the last entry; run verify`,
    };
  const { origin } = JSON.parse(last.bytes.toString('utf8')) as Entry;
  if (origin !== config.ledgerOrigin)
    return {
      check: 'ledger',
      state: 'fail',
      text: `it belongs to ${origin}; set LEDGER_ORIGIN=${origin}, or name another database`,
    };
  const { rows } = await client.query<{ seq: number | null }>('SELECT min(seq) AS seq FROM followers');
  const behind = head.size - (rows[0]!.seq ?? 0);
  const text = `${count(head.size)} entries, followed up to ${count(head.size - behind)}`;
  if (behind <= BEHIND) return { check: 'ledger', state: 'ok', text };
  return {
    check: 'ledger',
    state: 'warn',
    text: `${text}: start the server, and look at its log if it does not catch up`,
  };
};

/** Another private key than the one the database was written with would open nothing. */
const privateKey = async ({ client, config }: Looked): Promise<Check> => {
  const check = 'openings';
  const keyring = await readKeyring(config.privateKeyFile);
  const { rows } = await client.query<{ key: Buffer; sealed: Buffer }>(
    `SELECT p.wrapped_key AS key, o.sealed FROM person_openings o JOIN people p ON p.id = o.person_id
     WHERE p.wrapped_key IS NOT NULL ORDER BY o.seq DESC LIMIT 1`,
  );
  const one = rows[0];
  if (one === undefined) return { check, state: 'ok', text: 'no person’s opening is kept yet' };
  if (keyring === undefined)
    return {
      check,
      state: 'fail',
      text: `people’s openings are kept, but ${config.privateKeyFile} is not there; restore it from the backup`,
    };
  try {
    keyring.decryptFor(one.key, one.sealed);
    return { check, state: 'ok', text: 'the private key file fits' };
  } catch {
    return {
      check,
      state: 'fail',
      text: `${config.privateKeyFile} is not the key these openings were made with; restore the right one`,
    };
  }
};
