import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Hash } from '../kernel/hash.ts';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { askWitness, type KnownWitness, withSignature } from './cosigning.ts';
import { ForkFound, keepOutside, keptOutside } from './kept.ts';
import { type KeyFiles, keyFileOf, readNamedKeys } from './key-files.ts';
import { isSignedOver, type NamedKey, signsAt } from './key-history.ts';
import { signNote, verifyEd25519 } from './log-key.ts';
import { appendLeaf, type Frontier, rootOf, unpackFrontier } from './merkle.ts';
import { type NoteKey, type NoteSignature, parseNote } from './note.ts';
import { same } from './proof.ts';
import type { Queryable } from './store.ts';
import { growTree, Tree } from './tree.ts';

/** At most one checkpoint in so long, and within it of news (ledger format, "Tree, checkpoint, tiles, proofs"). */
const INTERVAL_MS = 1_000;
/** Chunks whose leaves are read at once. */
const CHUNKS_A_STEP = 1_000;

export type Published = Checkpoint & { note: string };

export type PublisherOptions = {
  pool: pg.Pool;
  /** The log's name. */
  origin: string;
  /** The log's private keys, as far as they are here. */
  keys: KeyFiles;
  hash: Hash;
  /** Where the last checkpoint given out is kept, outside the database. */
  file: string;
  /** Who is asked to cosign. */
  witnesses: readonly KnownWitness[];
  /** The database no longer continues what was signed: nothing more is signed. */
  onFork: (fork: ForkFound) => void;
  onError: (error: Error) => void;
};

/** How far a checkpoint has come: signed, kept outside the database, given out. */
export type Moment = 'signing' | 'signed' | 'kept' | 'published';

export { ForkFound } from './kept.ts';

/**
 * Signs what is committed: a checkpoint within a second of news, kept outside the database before anyone sees it. A
 * database that stands behind the kept one, or disagrees with it, is not signed for: a restored copy would be a fork.
 *
 * A fact about the log's keys is the last entry of a checkpoint of its own, which an older key signs and which is kept
 * for ever: it is how anyone comes from the key in entry 0 to the keys of today.
 */
export class Publisher {
  private readonly options: PublisherOptions;
  /** The log's tree; whoever proves something of this log asks this one, which remembers. */
  readonly tree: Tree;
  private readonly witnesses: KnownWitness[];
  /** What was signed last, or found at the start: each next checkpoint continues it. */
  private size = 0;
  private frontier: Frontier = [];
  /** The last this process gave out. */
  private latest: Published | null = null;
  private stopped = false;
  private loop: Promise<void> | undefined;
  private rouse: (() => void) | undefined;
  /** How many entries each witness is known to have cosigned, and whether it is being asked. */
  private readonly cosigned = new Map<KnownWitness, number>();
  private readonly asking = new Set<KnownWitness>();
  private asked: Promise<unknown> = Promise.resolve();
  private waiters: { size: number; done: () => void }[] = [];
  private last = 0;
  /** Told of each step of each checkpoint: where a test ends the process. */
  onMoment: ((moment: Moment, size: number) => void) | undefined;

  constructor(options: PublisherOptions) {
    this.options = options;
    this.tree = new Tree(options.pool, options.hash);
    this.witnesses = [...options.witnesses];
  }

  /** Compares the database with the checkpoint kept outside, then signs. Throws ForkFound when they do not agree. */
  async start(): Promise<void> {
    this.stopped = false;
    const { pool, file } = this.options;
    const named = await readNamedKeys(pool);
    const kept = await keptOutside(pool, this.tree, file, named);
    this.size = kept?.size ?? 0;
    this.frontier = await this.tree.frontier(this.size);
    // The process may have ended before it gave out what it had kept.
    if (kept !== null && aboutKeys(named).includes(kept.size - 1))
      await this.keepForEver(kept.size - 1, kept.note);
    await this.publish();
    this.loop = this.run();
  }

  /** Has one more witness asked, from the next checkpoint on. */
  addWitness(witness: KnownWitness): void {
    this.witnesses.push(witness);
  }

  /** Keys of the witnesses that are asked. */
  witnessKeys(): NoteKey[] {
    return this.witnesses.map(({ key }) => key);
  }

  /** Something was committed. */
  wake(): void {
    this.rouse?.();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.loop;
    await this.asked;
  }

  /** The last checkpoint given out by any process; null before there is one. */
  current(): Promise<Published | null> {
    return readCheckpoint(this.options.pool);
  }

  /** The last checkpoint of this process, where it is over at least `size` entries. */
  latestOver(size: number): Published | null {
    return this.latest !== null && this.latest.size >= size ? this.latest : null;
  }

  /** A checkpoint over at least `size` entries, waiting for one as long as one may take; null when none came. */
  async covering(size: number, ms = 2 * INTERVAL_MS): Promise<Published | null> {
    const latest = this.latestOver(size);
    if (latest !== null) return latest;
    const found = await this.current();
    if (found !== null && found.size >= size) return found;
    const timeout = new AbortController();
    let done = (): void => undefined;
    const signed = new Promise<void>((resolve) => {
      done = resolve;
      this.waiters.push({ size, done });
    });
    this.wake();
    await Promise.race([signed, sleep(ms, undefined, { signal: timeout.signal }).catch(() => undefined)]);
    timeout.abort();
    this.waiters = this.waiters.filter((w) => w.done !== done);
    const later = await this.current();
    return later !== null && later.size >= size ? later : null;
  }

  /** Waits until the witness has cosigned at least `size` entries, up to `ms`; returns whether it has. */
  async cosignedBy(key: NoteKey, size: number, ms = 10 * INTERVAL_MS): Promise<boolean> {
    const end = performance.now() + ms;
    for (;;) {
      const found = await this.current();
      const signed = found !== null && parseNote(found.note).signatures.some((s) => s.id === key.id);
      if (signed && found.size >= size) return true;
      if (performance.now() > end) return false;
      await sleep(INTERVAL_MS / 10);
    }
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const due = this.last + INTERVAL_MS - performance.now();
      if (due > 0) await this.pause(due, false);
      if (this.stopped) return;
      try {
        const news = await this.publish();
        if (news) continue;
      } catch (error) {
        if (error instanceof ForkFound) return this.options.onFork(error);
        this.options.onError(error as Error);
      }
      await this.pause(INTERVAL_MS, true);
    }
  }

  private async pause(ms: number, mayBeRoused: boolean): Promise<void> {
    const timeout = new AbortController();
    this.rouse = () => {
      if (mayBeRoused || this.stopped) timeout.abort();
    };
    await sleep(ms, undefined, { signal: timeout.signal }).catch(() => undefined);
    this.rouse = undefined;
  }

  /** Signs the head, or the first fact about keys before it, when it is news. Returns whether it was. */
  private async publish(): Promise<boolean> {
    const { pool, hash, file, origin } = this.options;
    while ((await growTree(pool, hash)) > 0 && !this.stopped);
    const { rows } = await pool.query<{ size: number; frontier: Buffer }>('SELECT size, frontier FROM head');
    const head = rows[0]!;
    if (head.size < this.size)
      throw new ForkFound(`The database holds ${head.size} entries; ${this.size} were signed for.`);
    if (head.size === 0 || (head.size === this.size && this.last > 0)) return false;
    const named = await readNamedKeys(pool);
    const about = aboutKeys(named).find((seq) => seq >= this.size && seq < head.size);
    const size = about === undefined ? head.size : about + 1;
    const frontier = await this.continued(size);
    const root = rootOf(hash, frontier);
    if (size === head.size && !same(root, rootOf(hash, unpackFrontier(head.frontier))))
      throw new ForkFound(`The ${size} entries do not continue the ${this.size} that were signed for.`);
    this.onMoment?.('signing', size);
    const note = await this.sign(formatCheckpoint({ origin, size, root }), size, named);
    this.onMoment?.('signed', size);
    await keepOutside(file, note);
    this.onMoment?.('kept', size);
    if (about !== undefined) await this.keepForEver(about, note);
    await pool.query(
      `WITH new AS (INSERT INTO checkpoints VALUES ($1, $2) ON CONFLICT DO NOTHING)
       DELETE FROM checkpoints WHERE size < $1`,
      [size, note],
    );
    this.onMoment?.('published', size);
    this.size = size;
    this.frontier = frontier;
    this.latest = { origin, size, root, note };
    this.last = performance.now();
    for (const waiter of this.waiters) if (size >= waiter.size) waiter.done();
    this.asked = Promise.all(this.witnesses.map((witness) => this.ask(witness, size, note)));
    return true;
  }

  /** The checkpoint as a note by all keys that may sign it and are here. Throws when there is none that must. */
  private async sign(text: string, size: number, named: readonly NamedKey[]): Promise<string> {
    const seq = size - 1;
    const may = named.filter((key) => signsAt(key, size));
    const here = await this.options.keys.signersOf(may);
    const retired = named.find(({ retiredSeq }) => retiredSeq === seq);
    const isElder = (key: NamedKey): boolean =>
      retired === undefined ? seq === 0 || key.seq < seq : key.seq <= retired.seq;
    if (here.some((key) => isElder(key.named)))
      return signNote(
        text,
        here.map(({ signer }) => signer),
      );
    // Another process, which has the older key, may have signed what stands under it.
    const elders = may.filter(isElder).map(({ key }) => key);
    const { rows } = await this.options.pool.query<{ note: string }>(
      'SELECT note FROM key_checkpoints WHERE seq = $1',
      [seq],
    );
    if (rows[0] !== undefined && isSignedOver(rows[0].note, text, elders, verifyEd25519)) return rows[0].note;
    const files = elders.map((key) => keyFileOf(this.options.keys.file, key)).join(' or ');
    throw new Error(
      `Nothing is signed: no private key of the log is here that may sign entry ${seq}; put back ${files}`,
    );
  }

  private async keepForEver(seq: number, note: string): Promise<void> {
    await this.options.pool.query('INSERT INTO key_checkpoints VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      seq,
      note,
    ]);
  }

  /** Has a witness cosign what was just published. One that is still busy is asked with the next. */
  private async ask(witness: KnownWitness, size: number, note: string): Promise<void> {
    if (this.asking.has(witness)) return;
    this.asking.add(witness);
    try {
      const old = this.cosigned.get(witness) ?? 0;
      const signature = await askWitness(witness, note, old, (from) => this.tree.consistency(from, size));
      this.cosigned.set(witness, size);
      await this.addCosignature(size, signature);
    } catch (error) {
      this.cosigned.delete(witness);
      this.options.onError(error as Error);
    } finally {
      this.asking.delete(witness);
    }
  }

  /** Adds it to the published note, unless a newer one stands there. */
  private async addCosignature(size: number, signature: NoteSignature): Promise<void> {
    const client = await this.options.pool.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ note: string }>(
        'SELECT note FROM checkpoints WHERE size = $1 FOR UPDATE',
        [size],
      );
      if (rows[0] !== undefined) {
        const note = withSignature(rows[0].note, signature);
        await client.query('UPDATE checkpoints SET note = $2 WHERE size = $1', [size, note]);
        if (this.latest?.size === size) this.latest = { ...this.latest, note };
      }
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** The frontier after `size` entries, from the one that was signed and the leaves since. */
  private async continued(size: number): Promise<Frontier> {
    const frontier = [...this.frontier];
    for (let at = this.size; at < size; ) {
      const { rows } = await this.options.pool.query<{ first_seq: number; leaves: Buffer }>(
        `SELECT first_seq, leaves FROM chunks WHERE first_seq < $2 AND first_seq >=
           (SELECT max(first_seq) FROM chunks WHERE first_seq <= $1) ORDER BY first_seq LIMIT $3`,
        [at, size, CHUNKS_A_STEP],
      );
      const before = at;
      for (const { first_seq, leaves } of rows)
        for (let seq = first_seq; seq < first_seq + leaves.length / 32; seq++)
          if (seq === at && at < size) {
            const place = 32 * (seq - first_seq);
            appendLeaf(this.options.hash, frontier, at++, leaves.subarray(place, place + 32));
          }
      if (at === before) throw new ForkFound(`Entry ${at} is missing.`);
    }
    return frontier;
  }
}

/** Positions of the facts about keys, in order; entry 0 is none of them. */
const aboutKeys = (named: readonly NamedKey[]): number[] =>
  named
    .flatMap(({ seq, retiredSeq }) => [seq, retiredSeq ?? 0])
    .filter((seq) => seq > 0)
    .sort((a, b) => a - b);

/** The last checkpoint that was given out. */
export const readCheckpoint = async (db: Queryable): Promise<Published | null> => {
  const { rows } = await db.query<{ note: string }>(
    'SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1',
  );
  if (rows[0] === undefined) return null;
  const { note } = rows[0];
  return { ...parseCheckpoint(parseNote(note).text), note };
};
