import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { sha256 } from '../kernel/hash.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { readConcerned, readFacts } from '../ledger/store.ts';
import { projectFacts } from './project.ts';

const NAME = 'provenance';
const FACTS_A_STEP = 2_000;
/** Facts kept in memory for it; what goes beyond is read back. */
const MOST_OFFERED = 6_000;
/** How long facts may gather while the door is busy. */
const GATHER_MS = 250;
/** How long it sleeps when nobody wakes it: another process may have written. */
const IDLE_MS = 200;

/** How long a reader waits to see the last writes; beyond that it is answered as of an earlier position. */
const PATIENCE_MS = 1_000;

export type FollowerOptions = {
  pool: pg.Pool;
  keyring: Keyring;
  onError: (error: Error) => void;
  /** Whose position it keeps; the provenance follower's unless said. */
  name?: string;
  /** Which types of facts mean anything to it; all unless said. The others are passed over unread. */
  concerns?: (type: string) => boolean;
  /** Writes what the facts mean, in the step's transaction. Not called where none concerns it. */
  project?: (client: pg.PoolClient, facts: readonly AnyFact[]) => Promise<void>;
  /** Called after each step, outside its transaction; what it throws is reported, and it is called again. */
  after?: () => Promise<void>;
};

/**
 * Reads committed facts in order and keeps the tables of `0004_provenance.sql`. Each step moves its position and
 * writes its rows in one transaction, so that two processes, a restart and a second run write everything once.
 * No share is computed while the head is locked.
 */
export class Follower {
  /** How many entries it has read. */
  position = 0;
  private readonly options: FollowerOptions;
  private readonly name: string;
  private stopped = false;
  private loop: Promise<void> | undefined;
  private rouse: (() => void) | undefined;
  private hurry: (() => void) | undefined;
  private offered: AnyFact[] = [];
  /** The last fact this process is known to have committed. */
  private newest = -1;
  private waiters: { seq: number; done: () => void }[] = [];

  constructor(options: FollowerOptions) {
    this.options = options;
    this.name = options.name ?? NAME;
  }

  async start(): Promise<void> {
    await this.options.pool.query('INSERT INTO followers VALUES ($1, 0) ON CONFLICT DO NOTHING', [this.name]);
    this.stopped = false;
    this.loop = this.run();
  }

  wake(): void {
    this.rouse?.();
  }

  /** Facts just committed in this process, in order: they need not be read back. */
  offer(facts: readonly AnyFact[]): void {
    this.newest = facts.at(-1)!.seq;
    const next = this.offered.at(-1)?.seq;
    if (next !== undefined && next + 1 !== facts[0]!.seq) this.offered = [];
    if (this.offered.length < MOST_OFFERED) this.offered.push(...facts);
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    this.hurry?.();
    await this.loop;
  }

  /** Whether the entry was read, waiting for it up to `ms`. */
  async reaches(seq: number, ms = 1_000): Promise<boolean> {
    if (this.position > seq) return true;
    this.wake();
    this.hurry?.();
    let done = (): void => undefined;
    const reached = new Promise<void>((resolve) => {
      done = resolve;
      this.waiters.push({ seq, done });
    });
    const timeout = new AbortController();
    await Promise.race([reached, sleep(ms, undefined, { signal: timeout.signal }).catch(() => undefined)]);
    timeout.abort();
    this.waiters = this.waiters.filter((w) => w.done !== done);
    return this.position > seq;
  }

  /** Lets it read what this process committed so far, for as long as a reader likes to wait for a correction just made. */
  async catchUp(): Promise<void> {
    await this.reaches(this.newest, PATIENCE_MS);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      let read = 0;
      try {
        read = await this.step();
        await this.options.after?.();
      } catch (error) {
        this.options.onError(error as Error);
        await sleep(IDLE_MS);
      }
      if (read === 0 && !this.stopped) await this.idle();
      else if (read < FACTS_A_STEP && this.waiters.length === 0 && !this.stopped) await this.pause();
    }
  }

  /** Lets facts gather, so that a busy door is not followed fact by fact; whoever waits ends it. */
  private async pause(): Promise<void> {
    const timeout = new AbortController();
    this.hurry = () => timeout.abort();
    await sleep(GATHER_MS, undefined, { signal: timeout.signal }).catch(() => undefined);
    this.hurry = undefined;
  }

  private async idle(): Promise<void> {
    const timeout = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.rouse = resolve;
    });
    await Promise.race([woken, sleep(IDLE_MS, undefined, { signal: timeout.signal }).catch(() => undefined)]);
    timeout.abort();
    this.rouse = undefined;
  }

  /** Reads what is new, at most one step; returns how many facts. */
  private async step(): Promise<number> {
    const { pool, project = projectFacts } = this.options;
    const client = await pool.connect();
    try {
      // What it writes follows from the ledger: losing the last moments in a crash costs reading them again.
      await client.query('BEGIN; SET LOCAL synchronous_commit = off');
      const { rows } = await client.query<{ seq: number }>(
        'SELECT seq FROM followers WHERE name = $1 FOR UPDATE',
        [this.name],
      );
      const from = rows[0]!.seq;
      const { read, facts } = await this.factsFrom(client, from);
      if (facts.length > 0) await project(client, facts);
      if (read > 0)
        await client.query('UPDATE followers SET seq = $2 WHERE name = $1', [this.name, from + read]);
      await client.query('COMMIT');
      this.advance(from + read);
      return read;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** The next facts that concern it, and how many entries they are of. */
  private async factsFrom(
    client: pg.PoolClient,
    from: number,
  ): Promise<{ read: number; facts: readonly AnyFact[] }> {
    const { keyring, concerns } = this.options;
    const offered = this.takeOffered(from);
    if (offered !== undefined) {
      const facts = concerns === undefined ? offered : offered.filter(({ type }) => concerns(type));
      if (!(await namesErased(client, facts))) return { read: offered.length, facts };
    }
    const db = client as unknown as pg.Pool;
    if (concerns !== undefined) return readConcerned(db, sha256, keyring, from, FACTS_A_STEP, concerns);
    const facts = await readFacts(db, sha256, keyring, from, FACTS_A_STEP);
    return { read: facts.length, facts };
  }

  /** What was offered from this position on, at most one step; undefined when it has to be read. */
  private takeOffered(from: number): AnyFact[] | undefined {
    const first = this.offered.findIndex(({ seq }) => seq >= from);
    const start = first === -1 ? this.offered.length : first;
    if (this.offered[start]?.seq !== from) {
      this.offered.splice(0, start);
      return undefined;
    }
    return this.offered.splice(0, start + FACTS_A_STEP).slice(start);
  }

  private advance(position: number): void {
    this.position = position;
    for (const { seq, done } of this.waiters) if (position > seq) done();
  }
}

/** Whether somebody these facts name was erased since: then they are read back, without the name. */
const namesErased = async (client: pg.PoolClient, facts: readonly AnyFact[]): Promise<boolean> => {
  const ids = new Set(facts.flatMap(({ people }) => people.flatMap((p) => (p === null ? [] : [p.personId]))));
  if (ids.size === 0) return false;
  const { rows } = await client.query<{ erased: boolean }>({
    name: 'names erased',
    text: 'SELECT EXISTS (SELECT FROM people WHERE id = ANY($1::uuid[]) AND wrapped_key IS NULL) AS erased',
    values: [[...ids]],
  });
  return rows[0]!.erased;
};
