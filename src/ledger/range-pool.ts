import { Worker } from 'node:worker_threads';
import { unpooled } from '../kernel/hash.ts';
import type { SourceEntry, Tally } from './range.ts';
import type { CheckedRange } from './range-verifier.ts';
import type { Openings } from './store.ts';

/** Entries as they go to another thread: one piece of bytes, and where each ends. */
export type Packed = {
  bytes: Uint8Array;
  ends: Uint32Array;
  /** Stored leaf hashes, 32 bytes each; empty where none are stored. */
  leaves: Uint8Array;
  openings: readonly (Openings | undefined)[];
};

const LEAF_BYTES = 32;

/** Null where a source says of some entries what cannot be so, and of each something else. */
const pack = (from: number, entries: readonly SourceEntry[], opened: boolean): Packed | null => {
  let size = 0;
  const withLeaves = entries[0]?.leaf !== undefined;
  for (let i = 0; i < entries.length; i++) {
    const { bytes, leaf, seq = from + i } = entries[i]!;
    if (seq !== from + i || leaf?.length !== (withLeaves ? LEAF_BYTES : undefined)) return null;
    size += bytes.length;
  }
  const bytes = new Uint8Array(size);
  const leaves = new Uint8Array(withLeaves ? LEAF_BYTES * entries.length : 0);
  const ends = new Uint32Array(entries.length);
  let end = 0;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    bytes.set(entry.bytes, end);
    if (withLeaves) leaves.set(entry.leaf!, LEAF_BYTES * i);
    end += entry.bytes.length;
    ends[i] = end;
  }
  return { bytes, ends, leaves, openings: opened ? entries.map(({ openings }) => alone(openings)) : [] };
};

/** What is sent takes the whole buffer along that it was cut from. */
const alone = (openings: Openings | undefined): Openings | undefined =>
  openings && {
    main: openings.main && unpooled(openings.main),
    people: openings.people.map((person) => ({
      ...person,
      opening: person.opening && unpooled(person.opening),
    })),
  };

export const unpack = ({ bytes, ends, leaves, openings }: Packed): SourceEntry[] =>
  Array.from(ends, (end, i) => ({
    bytes: bytes.subarray(i === 0 ? 0 : ends[i - 1], end),
    ...(leaves.length === 0 ? {} : { leaf: leaves.subarray(LEAF_BYTES * i, LEAF_BYTES * (i + 1)) }),
    openings: openings[i],
  }));

type Found = (CheckedRange & Tally) | null;
type Waiting = { resolve(found: Found): void; reject(error: Error): void };

/** Threads that check ranges of entries, each its own, in the order they are given them. */
export class RangePool {
  private readonly workers: Worker[];
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor(count: number) {
    this.workers = Array.from({ length: count }, () => {
      const worker = new Worker(new URL('./range.worker.ts', import.meta.url), { execArgv: [] });
      worker.on('message', ({ id, found }: { id: number; found: Found }) => {
        this.waiting.get(id)?.resolve(found);
        this.waiting.delete(id);
      });
      worker.on('error', (error) => this.fail(error as Error));
      worker.on('exit', () => this.fail(new Error('a thread of the verifier ended')));
      return worker;
    });
  }

  /** As many ranges as keep every thread busy; whoever gives no more holds that many at once. */
  get depth(): number {
    return 2 * this.workers.length;
  }

  /** As `checkRange`, in another thread, of entries that should stand at `from`. */
  check(from: number, entries: readonly SourceEntry[], opened: boolean): Promise<Found> {
    const packed = pack(from, entries, opened);
    if (packed === null) return Promise.resolve(null);
    const id = this.next++;
    const found = new Promise<Found>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    // Whoever waits hears of it; until then nobody does.
    found.catch(() => undefined);
    const moved = [packed.bytes, packed.ends, packed.leaves].map(({ buffer }) => buffer as ArrayBuffer);
    this.workers[id % this.workers.length]!.postMessage({ id, opened, ...packed }, moved);
    return found;
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.removeAllListeners('exit');
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
