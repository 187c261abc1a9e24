import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { type Logger, pino } from 'pino';
import { anomalyFollower } from './anomalies/follower.ts';
import { claimFollower } from './claims/claim-follower.ts';
import { Decider, decides } from './collection/deciding.follower.ts';
import type { Config } from './config.ts';
import { startEmbedded } from './db/embedded.ts';
import { migrate } from './db/migrate.ts';
import { createPool } from './db/pool.ts';
import { createReader, type Reader } from './db/reader.ts';
import { ensureRoles, mayChangeLedger } from './db/roles.ts';
import { supervise } from './db/supervise.ts';
import { distributionFollower } from './distribution/follower.ts';
import { fundGiftsSettled } from './fund/settle.ts';
import { sha256, toHex } from './kernel/hash.ts';
import { newUuidV7, systemClock, systemRandom } from './kernel/system.ts';
import type { Clock } from './kernel/time.ts';
import { KeyFiles, readNamedKeys } from './ledger/key-files.ts';
import { NoteSigner } from './ledger/log-key.ts';
import { formatKey, parseKey } from './ledger/note.ts';
import { Keyring } from './ledger/private-store.ts';
import { ForkFound, Publisher, type PublisherOptions } from './ledger/publisher.ts';
import { Door } from './ledger/record.ts';
import { readEntry, readHead } from './ledger/store.ts';
import { openPayouts, type Payouts } from './payouts/payouts.ts';
import { Follower } from './provenance/follower.ts';
import { openWechat } from './rails/wechat.setup.ts';
import { authoriseInDoor, PROGRAMME } from './registry/access.ts';
import { foundProgramme, issueApiKey } from './registry/registry.operations.ts';
import { findProgramme } from './registry/registry.queries.ts';
import type { Programme } from './registry/registry.tables.ts';
import { statementFollower } from './statements/follower.ts';

export type Deps = {
  config: Config;
  logger: Logger;
  clock: Clock;
  newId: () => string;
  pool: pg.Pool;
  db: Reader;
  door: Door;
  keyring: Keyring;
  follower: Follower;
  /** Follows with the anomaly rules, and writes what they find. */
  anomalies: Follower;
  /** Follows the money of batches, and shares it out. */
  distributions: Follower;
  /** Holds statements against what is known of their grams. */
  statements: Follower;
  /** Brings claims to where their statements stand. */
  claims: Follower;
  /** Drives payout runs and orders, over the rails that are set up. */
  payouts: Payouts;
  publisher: Publisher;
  /** The private keys that sign the log's checkpoints, as far as they are here. */
  logKeys: KeyFiles;
  programme: Programme;
  appendOnly: 'privileges-and-triggers' | 'triggers-only';
  /** The operator's first key, when this start founded the programme. */
  firstKey: string | undefined;
  databaseUrl: string;
  close(): Promise<void>;
};

type Database = { apiUrl: string; ownerUrl: string; apiRole: string; stop(): Promise<void> };

const userOf = (url: string): string => decodeURIComponent(new URL(url).username);

/**
 * The configured database, else the embedded one, which is started again on the same port whenever it dies, so that
 * the pools find it again. With DATABASE_URL alone its role also migrates, where something is pending.
 */
export const openDatabase = async (config: Config, logger: Logger): Promise<Database> => {
  if (config.databaseUrl !== undefined) {
    const apiUrl = config.databaseUrl.reveal();
    const ownerUrl = config.databaseOwnerUrl?.reveal() ?? apiUrl;
    return { apiUrl, ownerUrl, apiRole: userOf(apiUrl), stop: async () => undefined };
  }
  const { dataDir, databaseSchema: schema } = config;
  const embedded = await startEmbedded({ dataDir, log: logger });
  const port = Number(new URL(embedded.superuserUrl).port);
  const supervised = supervise(embedded, () => startEmbedded({ dataDir, log: logger, port }), logger);
  try {
    return { ...(await ensureRoles(embedded.superuserUrl, schema, schema)), stop: supervised.stop };
  } catch (error) {
    await supervised.stop();
    throw error;
  }
};

/**
 * 32 random bytes in hex, made at first start and readable by its owner alone. A ledger that has entries has a key
 * somewhere: then none is made.
 */
const readSecretFile = async (file: string, mayMake: boolean, setting: string): Promise<Buffer> => {
  await mkdir(path.dirname(file), { recursive: true });
  if (!mayMake && !existsSync(file))
    throw new Error(
      `${file} is missing, and the ledger has entries: put the key it was founded with back (${setting}).`,
    );
  try {
    await writeFile(file, `${toHex(systemRandom(32))}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const text = (await readFile(file, 'utf8')).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${file} must hold 64 lower-case hex digits`);
  return Buffer.from(text, 'hex');
};

/** An error of the database for the log: as thrown, it carries the connection, and rows and parameters of statements. */
const withoutValues = ({ name, message, stack, ...more }: Error & { code?: string }): object => ({
  type: name,
  message,
  code: more.code,
  stack,
});

/** The same warning is said again only after so long. */
const REPEAT_MS = 10_000;

/** Code and message of a lost connection (the error itself carries its client and all settings), not every time. */
const connectionWarnings = (logger: Logger, closing: () => boolean) => {
  const said = new Map<string, number>();
  return ({ message, code }: Error & { code?: string }): void => {
    const now = performance.now();
    if (closing() || now - (said.get(message) ?? -REPEAT_MS) < REPEAT_MS) return;
    said.set(message, now);
    logger.warn({ code }, `database connection: ${message}`);
  };
};

/** Opens everything a process needs. What was opened is closed again when a later step fails. */
export const buildDeps = async (config: Config, clock: Clock = systemClock): Promise<Deps> => {
  const logger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }));
  const database = await openDatabase(config, logger);
  const pools: pg.Pool[] = [];
  let closing = false;
  try {
    const { databaseSchema: schema } = config;
    await migrate({ ownerUrl: database.ownerUrl, schema, apiRole: database.apiRole });
    const onError = connectionWarnings(logger, () => closing);
    const open = (name: string, max: number, keepPlans = false) =>
      createPool({ url: database.apiUrl, schema, max, onError, name, keepPlans });
    const writer = open('writer', 1, true);
    const pool = open('reader', 4);
    pools.push(writer, pool);
    const isNew = (await readHead(pool)).size === 0;
    const keyring = new Keyring(
      await readSecretFile(config.privateKeyFile, isNew, 'PRIVATE_KEY_FILE'),
      systemRandom,
    );
    const logKeys = new KeyFiles(config.ledgerKeyFile);
    const door = new Door({
      pool: writer,
      origin: config.ledgerOrigin,
      keyring,
      clock,
      random: systemRandom,
      newId: newUuidV7,
      authorise: authoriseInDoor,
      onError: (error) => logger.error({ err: withoutValues(error) }, 'turn'),
    });
    const db = createReader(pool);
    const newId = () => newUuidV7(clock());
    const firstKey = await found({ config, pool, door, keyring, newId, logKeys });
    const programme = (await findProgramme(db))!;
    const appendOnly = (await mayChangeLedger(pool)) ? 'triggers-only' : 'privileges-and-triggers';
    const follower = new Follower({ pool, keyring, onError });
    door.listeners.push((facts) => follower.offer(facts));
    await follower.start();
    const anomalies = anomalyFollower({ pool, keyring, door, onError });
    door.listeners.push((facts) => anomalies.offer(facts));
    await anomalies.start();
    const also = fundGiftsSettled({ pool, keyring, door, programme });
    const distributions = distributionFollower({ pool, keyring, door, clock, programme, onError, also });
    door.listeners.push((facts) => distributions.offer(facts));
    await distributions.start();
    const statements = statementFollower({
      ...{ pool, db, keyring, door, clock, programme, onError },
      provenance: follower,
    });
    door.listeners.push((facts) => statements.offer(facts));
    await statements.start();
    const claims = claimFollower({ pool, keyring, door, clock, onError });
    door.listeners.push((facts) => claims.offer(facts));
    await claims.start();
    const payouts = openPayouts({ pool, keyring, door, clock, newId, programme, config, onError });
    door.listeners.push((facts) => payouts.worker.offer(facts));
    if (config.wechat !== undefined)
      payouts.rails.set(
        'wechat',
        await openWechat(config.wechat, { now: clock, random: systemRandom, fetch }),
      );
    payouts.worker.start();
    const decider = new Decider({ pool, db, keyring, door, clock, programme, reads: follower, onError });
    const deciding = new Follower({
      name: 'deciding',
      pool,
      keyring,
      onError,
      concerns: decides,
      project: async (_client, facts) => decider.observe(facts),
      after: () => decider.act(),
    });
    door.listeners.push((facts) => deciding.offer(facts));
    await deciding.start();
    const publisher = await openPublisher({ pool, keys: logKeys, config, door, logger, onError });
    return {
      config,
      logger,
      clock,
      newId,
      pool,
      db,
      door,
      keyring,
      follower,
      anomalies,
      distributions,
      statements,
      claims,
      payouts,
      publisher,
      logKeys,
      programme,
      appendOnly,
      firstKey,
      databaseUrl: database.apiUrl,
      close: async () => {
        closing = true;
        try {
          await payouts.worker.stop();
          await door.stop();
          await follower.stop();
          await anomalies.stop();
          await deciding.stop();
          await distributions.stop();
          await statements.stop();
          await claims.stop();
          await publisher.stop();
          await Promise.all(pools.map((p) => p.end()));
        } finally {
          await database.stop();
        }
      },
    };
  } catch (error) {
    await Promise.all(pools.map((p) => p.end().catch(() => undefined)));
    await database.stop();
    throw error;
  }
};

const shipped = async (file: string): Promise<string> =>
  toHex(sha256(await readFile(path.resolve(import.meta.dirname, '../openapi', file))));

/**
 * Starts signing. When the database does not continue the checkpoint kept outside it, nothing is signed and nothing is
 * written: it may be an old copy, and going on with it would be a fork.
 */
const openPublisher = async (
  deps: { config: Config; door: Door; logger: Logger } & Omit<
    PublisherOptions,
    'hash' | 'file' | 'onFork' | 'witnesses' | 'origin'
  >,
): Promise<Publisher> => {
  const { pool, keys, onError, config, door, logger } = deps;
  const onFork = ({ message }: ForkFound): void => {
    door.readOnly = message;
    logger.error(`read-only: ${message}`);
  };
  const file = `${config.ledgerKeyFile}.checkpoint`;
  const witnesses = config.ledgerWitnesses.map(({ key, url }) => ({ key: parseKey(sha256, key), url }));
  const origin = config.ledgerOrigin;
  const publisher = new Publisher({ pool, origin, keys, hash: sha256, file, witnesses, onFork, onError });
  door.listeners.push(() => publisher.wake());
  try {
    await publisher.start();
  } catch (error) {
    if (!(error instanceof ForkFound)) throw error;
    onFork(error);
  }
  return publisher;
};

/** Throws when the database holds another log, or none of the keys it signs with is here. */
const confirmLog = async (pool: pg.Pool, config: Config, logKeys: KeyFiles): Promise<void> => {
  const first = await readEntry(pool, 0);
  const { origin } = JSON.parse(first!.bytes.toString('utf8')) as { origin: string };
  if (origin !== config.ledgerOrigin)
    throw new Error(
      `This database holds the log ${origin}; set LEDGER_ORIGIN=${origin}, or name another database.`,
    );
  const named = (await readNamedKeys(pool)).filter(({ retiredSeq }) => retiredSeq === null);
  if ((await logKeys.signersOf(named)).length > 0) return;
  const { file } = logKeys;
  const keys = named.map(({ key }) => formatKey(key)).join(' or ');
  throw new Error(
    existsSync(file)
      ? `${file} holds another key than the log signs with, ${keys}: put that back (LEDGER_KEY_FILE), or a later key beside it.`
      : `${file} is missing, and the ledger has entries: put back the key it was founded with (LEDGER_KEY_FILE), or a later key beside it.`,
  );
};

/** Writes entry 0 and the operator's first key when the ledger is empty; refuses another log's database or key. */
const found = async (deps: {
  config: Config;
  pool: pg.Pool;
  door: Door;
  keyring: Keyring;
  newId: () => string;
  logKeys: KeyFiles;
}): Promise<string | undefined> => {
  const { config, pool, door, keyring, newId, logKeys } = deps;
  const { size } = await readHead(pool);
  if (size > 0) {
    await confirmLog(pool, config, logKeys);
    return undefined;
  }
  const seed = await readSecretFile(config.ledgerKeyFile, true, 'LEDGER_KEY_FILE');
  const logKey = formatKey(new NoteSigner(config.ledgerOrigin, seed).key);
  const key = (name: string) => ({ id: newId(), fingerprint: keyring.fingerprint(name) });
  const operatorId = newId();
  await door.record(
    foundProgramme,
    {
      operatorId,
      operatorName: 'Operator',
      currency: 'CNY',
      timeZone: 'Asia/Shanghai',
      formatSha256: await shipped('ledger-format-1.md'),
      containsSha256: await shipped('contains-1.json'),
      logKey,
    },
    PROGRAMME,
    key('found'),
  );
  const secret =
    config.bootstrapApiKey?.reveal() ?? `bck_${Buffer.from(systemRandom(32)).toString('base64url')}`;
  await door.record(
    issueApiKey,
    { organisationId: operatorId, role: 'operator', holder: 'bootstrap', secret },
    PROGRAMME,
    key('bootstrap'),
  );
  return config.bootstrapApiKey === undefined ? secret : undefined;
};
