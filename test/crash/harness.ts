import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { startEmbedded } from '../../src/db/embedded.ts';
import { createPool } from '../../src/db/pool.ts';
import { systemRandom } from '../../src/kernel/system.ts';
import { verifyDatabase } from '../../src/ledger/check.ts';
import { Keyring } from '../../src/ledger/private-store.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
const SECRET = `bck_crash_${randomUUID()}`;

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

/** The API in a process of its own, with its own PostgreSQL; dies and comes back on the same port. */
export class Api {
  readonly dataDir: string;
  readonly port: number;
  /** What is started the next time, and what its environment has beside the rest. */
  argv: readonly string[] = [MAIN, 'serve'];
  env: Record<string, string> = {};
  /** Exits nobody asked for, with their last words. */
  readonly deaths: string[] = [];
  private child: ChildProcess | undefined;
  private expected = false;
  private words = '';

  private constructor(dataDir: string, port: number) {
    this.dataDir = dataDir;
    this.port = port;
  }

  static async start(): Promise<Api> {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-crash-'));
    await chmod(dataDir, 0o711);
    const api = new Api(dataDir, await freePort());
    try {
      await api.spawn();
    } catch (error) {
      // Nobody else knows of it yet, and a process that is left keeps the test from ending.
      await api.kill('SIGKILL');
      await api.killPostgres();
      throw error;
    }
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the process and waits until it is ready. */
  async spawn(): Promise<void> {
    this.expected = false;
    this.words = '';
    const child = spawn(process.execPath, this.argv, {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        PORT: String(this.port),
        BLUE_CYCLE_DATA_DIR: this.dataDir,
        BOOTSTRAP_API_KEY: SECRET,
        LOG_LEVEL: 'error',
        ...this.env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    child.stderr!.on('data', (text: Buffer) => {
      this.words = (this.words + text.toString('utf8')).slice(-2_000);
    });
    child.on('exit', (code, signal) => {
      if (!this.expected) this.deaths.push(`${code ?? signal}: ${this.words}`);
      if (this.child === child) this.child = undefined;
    });
    // With a database that must be made first, on a machine that others keep busy.
    await this.ready(180_000);
  }

  get alive(): boolean {
    return this.child !== undefined;
  }

  /** Status of the readiness check, 0 where nobody answers. */
  async readiness(): Promise<number> {
    try {
      const { status } = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
      return status;
    } catch {
      return 0;
    }
  }

  /** Milliseconds until it was ready. Throws when it is not within `ms`, or when the process is gone. */
  async ready(ms: number): Promise<number> {
    const start = performance.now();
    while (performance.now() - start < ms) {
      if ((await this.readiness()) === 200) return performance.now() - start;
      if (!this.alive) throw new Error(`the API ended while it was waited for: ${this.deaths.at(-1)}`);
      await sleep(50);
    }
    throw new Error(`the API was not ready within ${ms} ms: ${this.words}`);
  }

  /** Waits until it ended by itself, which is then no death that nobody asked for. */
  async gone(ms: number): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.expected = true;
    await once(child, 'exit', { signal: AbortSignal.timeout(ms) });
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.expected = true;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Kills the postmaster; its children notice and follow. */
  async killPostgres(): Promise<boolean> {
    try {
      const [pid] = (await readFile(path.join(this.dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split(
        '\n',
      );
      process.kill(Number(pid), 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  }

  async call(
    method: string,
    url: string,
    body?: unknown,
    secret = SECRET,
    signal?: AbortSignal,
  ): Promise<Reply> {
    const response = await fetch(this.url + url, {
      method,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ?? AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: JSON.parse(text),
      retryAfter: response.headers.get('retry-after'),
    };
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
export type Reply = { status: number; body: any; retryAfter: string | null };

/** A station with one site; its key. */
export const station = async (api: Api): Promise<{ siteId: string; secret: string }> => {
  const must = async (url: string, body: object): Promise<Reply['body']> => {
    const reply = await api.call('POST', url, body);
    if (reply.status !== 201) throw new Error(`${url}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  const { id: organisationId } = await must('/v1/organisations', { name: '大陈站', kind: 'station' });
  const location = { latE7: 286_600_000, lonE7: 1_214_400_000 };
  const { id: siteId } = await must('/v1/sites', { organisationId, kind: 'station', name: '一号', location });
  const { secret } = await must('/v1/api-keys', { organisationId, role: 'station', holder: '秤' });
  return { siteId, secret };
};

export type Receipt = { seq: number; leafHash: string };
type Item = { id: string; grossGrams: number };

/** Those who weigh in: each repeats under the same ids until it is told, now and then hanging up in between. */
export class Writers {
  readonly accepted = new Map<string, { receipt: Receipt; grams: number }>();
  /** Answers that are neither an acceptance nor "ask again", counted. */
  readonly surprises = new Map<string, number>();
  /** Two different receipts for one id. */
  readonly contradictions: string[] = [];
  attempts = 0;
  aborted = 0;
  told503 = 0;
  running = true;
  private readonly api: Api;
  private readonly siteId: string;
  private readonly secret: string;
  private readonly random: () => number;

  constructor(api: Api, at: { siteId: string; secret: string }, random: () => number) {
    this.api = api;
    this.siteId = at.siteId;
    this.secret = at.secret;
    this.random = random;
  }

  async write(): Promise<void> {
    while (this.running) {
      const size = this.random() < 0.5 ? 1 : 2 + Math.floor(this.random() * 8);
      const items = Array.from({ length: size }, () => ({
        id: randomUUID(),
        siteId: this.siteId,
        material: 'pet',
        form: 'bottle',
        originClass: 'sea-recovered',
        grossGrams: 1 + Math.floor(this.random() * 100_000),
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: new Date().toISOString(),
      }));
      await this.insist(items);
    }
  }

  /** Repeats until all are acknowledged; gives up, loudly, after a minute. */
  private async insist(items: Item[]): Promise<void> {
    const patience = performance.now() + 60_000;
    let left = items;
    while (left.length > 0) {
      if (performance.now() > patience) return this.surprise('not acknowledged within 60 s');
      left = await this.attempt(left);
      if (left.length > 0) await sleep(20 + this.random() * 80);
    }
    // A repeat of what was acknowledged must get the same answer.
    if (this.random() < 0.1) await this.attempt(items);
  }

  private async attempt(items: Item[]): Promise<Item[]> {
    this.attempts++;
    const hangUp = new AbortController();
    const timer = this.random() < 0.03 ? setTimeout(() => hangUp.abort(), this.random() * 30) : undefined;
    try {
      return items.length === 1
        ? await this.one(items[0]!, hangUp.signal)
        : await this.many(items, hangUp.signal);
    } catch {
      if (hangUp.signal.aborted) this.aborted++;
      return items;
    } finally {
      clearTimeout(timer);
    }
  }

  private async one(item: Item, signal: AbortSignal): Promise<Item[]> {
    const reply = await this.api.call('POST', '/v1/collections', item, this.secret, signal);
    return this.settle(item, reply.status, reply.body, reply.retryAfter) ? [] : [item];
  }

  private async many(items: Item[], signal: AbortSignal): Promise<Item[]> {
    const reply = await this.api.call('POST', '/v1/collections/batch', items, this.secret, signal);
    if (reply.status !== 200) {
      this.settle(items[0]!, reply.status, reply.body, reply.retryAfter);
      return items;
    }
    const answers = reply.body.items as { status: number; receipt?: Receipt; error?: { code: string } }[];
    return items.filter(
      (item, i) => !this.settle(item, answers[i]!.status, answers[i]!.error ?? answers[i]!, '-'),
    );
  }

  private settle(
    item: Item,
    status: number,
    body: { receipt?: Receipt; code?: string },
    retryAfter: string | null,
  ): boolean {
    if (status === 201) {
      const { receipt } = body;
      const before = this.accepted.get(item.id);
      if (before !== undefined && before.receipt.leafHash !== receipt!.leafHash)
        this.contradictions.push(item.id);
      this.accepted.set(item.id, { receipt: receipt!, grams: item.grossGrams });
      return true;
    }
    if (status !== 503) this.surprise(`${status} ${body.code}`);
    else if (retryAfter === null) this.surprise('503 without Retry-After');
    else this.told503++;
    return false;
  }

  private surprise(what: string): void {
    this.surprises.set(what, (this.surprises.get(what) ?? 0) + 1);
  }
}

export type Found = {
  size: number;
  entries: Map<number, string>;
  ids: Map<string, number>;
  lots: number;
  grams: number;
};

/** Opens the database the API left and reads it whole; throws the first fault of the ledger. */
export const inspect = async (api: Api): Promise<Found> => {
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const postgres = await startEmbedded({ dataDir: api.dataDir, log });
  const url = Object.assign(new URL(postgres.superuserUrl), { pathname: '/blue_cycle' }).toString();
  const pool = createPool({ url, schema: 'blue_cycle', max: 2, onError: () => undefined, name: 'inspect' });
  try {
    const key = Buffer.from((await readFile(path.join(api.dataDir, 'private-key'), 'utf8')).trim(), 'hex');
    const { size } = await verifyDatabase(pool as pg.Pool, new Keyring(key, systemRandom));
    const entries = new Map<number, string>();
    const { rows: chunks } = await pool.query<{ first_seq: number; leaves: Buffer }>(
      'SELECT first_seq, leaves FROM chunks',
    );
    for (const { first_seq, leaves } of chunks)
      for (let i = 0; 32 * i < leaves.length; i++)
        entries.set(first_seq + i, leaves.subarray(32 * i, 32 * i + 32).toString('hex'));
    const { rows: ids } = await pool.query<{ id: string; seq: number }>('SELECT id, seq FROM ids');
    const { rows: lots } = await pool.query<{ n: number; grams: number }>(
      'SELECT count(*)::int4 AS n, coalesce(sum(grams), 0)::int8 AS grams FROM lots',
    );
    return {
      size,
      entries,
      ids: new Map(ids.map((r) => [r.id, r.seq])),
      lots: lots[0]!.n,
      grams: lots[0]!.grams,
    };
  } finally {
    await pool.end();
    await postgres.stop();
  }
};
