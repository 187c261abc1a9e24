import { sha256 } from '../kernel/hash.ts';
import type { CheckpointCheck, KnownRoots } from './checkpoint-check.ts';
import { type SourceEntry, type Tally, tallyEntry } from './range.ts';
import { RangePool } from './range-pool.ts';
import type { RangeVerifier } from './range-verifier.ts';
import { LedgerFault, type Standing } from './verify.ts';

/** Where a check stands, and the roots it knows of checkpoints up to there: what a later one may go on from. */
export type Reached = { standing: Standing; roots: KnownRoots };

/** Told of each batch that was found good, how many entries of each type it held, and where the check stands then. */
export type OnVerified = (
  batch: readonly SourceEntry[],
  types: ReadonlyMap<string, number>,
  reached: () => Reached,
) => void | Promise<void>;

export type Threads = {
  /** Threads that check entries beside this one; none unless said. */
  workers?: number;
  /** Entries after which the threads are started: a short ledger is read before they are there. */
  workersAfter?: number;
  /** Threads that run already, used instead of new ones; they go on running. */
  pool?: RangePool;
};

const WORKERS_AFTER = 10_000;

type Batch = readonly SourceEntry[];
type InFlight = { batch: Batch; found: ReturnType<RangePool['check']> };

/**
 * Takes batches through the verifier, in order. With threads each batch is checked by itself, several at once, and
 * joined to what came before; a batch that does not pass so is checked again here, one entry after the other. So the
 * fault that is named never depends on the threads, and no more batches are held than keep them busy.
 */
export class Run {
  private readonly verifier: RangeVerifier;
  private readonly checkpoints: CheckpointCheck;
  private readonly opened: boolean;
  private readonly onVerified: OnVerified;
  private readonly threads: Threads;
  private readonly inFlight: InFlight[] = [];
  /** Entries given to the threads or checked. */
  private taken: number;
  openings = 0;
  erased = 0;

  constructor(
    verifier: RangeVerifier,
    checkpoints: CheckpointCheck,
    opened: boolean,
    onVerified: OnVerified = () => undefined,
    threads: Threads = {},
  ) {
    this.verifier = verifier;
    this.checkpoints = checkpoints;
    this.opened = opened;
    this.onVerified = onVerified;
    this.threads = threads;
    this.taken = verifier.size;
  }

  reached(): Reached {
    return { standing: this.verifier.standing(), roots: this.checkpoints.known() };
  }

  async all(batches: AsyncIterable<Batch>): Promise<void> {
    const { workers = 0, workersAfter = WORKERS_AFTER, pool } = this.threads;
    const threaded = pool !== undefined || workers > 0;
    // Entry 0 follows nothing, so it is always checked here.
    const startAt = this.taken + Math.max(1, workersAfter);
    let own: RangePool | undefined;
    const ready = (): RangePool => {
      if (pool !== undefined) return pool;
      own ??= new RangePool(workers);
      return own;
    };
    try {
      for await (const batch of this.readable(batches)) {
        for (const part of this.cut(batch)) {
          if (threaded && this.taken >= startAt) await this.hand(part, ready());
          else await this.checkHere(part);
        }
      }
      await this.land(0);
    } finally {
      await own?.close();
    }
  }

  /** The batches; where reading fails, what was read before is judged first. */
  private async *readable(batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
    try {
      yield* batches;
    } catch (error) {
      await this.land(0);
      throw error;
    }
  }

  /** A range ends where a checkpoint does: its root must be known there. */
  private *cut(batch: Batch): Generator<Batch> {
    for (let at = 0; at < batch.length; ) {
      const length = Math.min(batch.length - at, this.checkpoints.cutAfter(this.taken) - this.taken);
      yield length === batch.length ? batch : batch.slice(at, at + length);
      at += length;
    }
  }

  private async hand(batch: Batch, pool: RangePool): Promise<void> {
    this.inFlight.push({ batch, found: pool.check(this.taken, batch, this.opened) });
    this.taken += batch.length;
    await this.land(pool.depth - 1);
  }

  /** Joins the oldest ranges until no more than `most` are left. */
  private async land(most: number): Promise<void> {
    while (this.inFlight.length > most) {
      const { batch, found } = this.inFlight.shift()!;
      const range = await found;
      if (range !== null && this.verifier.join(range)) {
        this.checkpoints.passed(this.verifier);
        await this.count(batch, range);
      } else await this.checkHere(batch, false);
    }
  }

  private async checkHere(batch: Batch, isNew = true): Promise<void> {
    const tally: Tally = { types: new Map(), openings: 0, erased: 0 };
    for (const { bytes, seq = this.verifier.size, leaf, openings } of batch) {
      if (seq !== this.verifier.size)
        throw new LedgerFault(this.verifier.size, 'wrong-seq', `entry ${seq} stands in its place`);
      const entry = this.verifier.feed(bytes, leaf);
      this.checkpoints.see(entry, this.verifier);
      tallyEntry(sha256, tally, entry, openings, this.opened);
    }
    if (isNew) this.taken += batch.length;
    await this.count(batch, tally);
  }

  private async count(batch: Batch, { types, openings, erased }: Tally): Promise<void> {
    this.openings += openings;
    this.erased += erased;
    await this.onVerified(batch, types, () => this.reached());
  }
}
