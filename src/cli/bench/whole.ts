import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fill } from './fill.ts';
import type { Place } from './place.ts';
import { runCommand } from './processes.ts';
import { median } from './rounds.ts';
import { notAvailable, type Row, row } from './rows.ts';

const NAME = 'Verify, the whole path';
const ROUNDS = 3;
/** A log of a tenth shows whether memory grows with the log. */
const PART = 10;
/** Threads that check, and what they should do: against one SHA-256 an entry, and against one core. */
const ONE_CORE = 0.25;
const TWO_WORKERS = 1.4;
const FLAT = 1.5;

type Run = { perSecond: number; peak: number | null };

/** One SHA-256 an entry over the lines of an export; only the hashing is timed. */
const hashRate = async (file: string, entries: number): Promise<number> => {
  let ms = 0;
  let done = 0;
  let batch: Buffer[] = [];
  const pass = (): void => {
    const start = performance.now();
    for (const bytes of batch) hash('sha256', bytes, 'buffer');
    ms += performance.now() - start;
    done += batch.length;
    batch = [];
  };
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (done + batch.length === entries) break;
    batch.push(Buffer.from(line));
    if (batch.length === 1_000) pass();
  }
  pass();
  return (1_000 * done) / ms;
};

/** The first entries of an export, with the bare head over them as its end. */
const cutExport = async (file: string, part: string, entries: number): Promise<void> => {
  const out = await open(part, 'w');
  let seq = 0;
  let bytes = '';
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (seq === entries) break;
    bytes = line;
    await out.appendFile(`${line}\n`);
    seq++;
  }
  const leaf = hash('sha256', Buffer.concat([Buffer.of(0), Buffer.from(bytes)]), 'hex');
  await out.appendFile(`${JSON.stringify({ head: { size: seq, leafHash: leaf } })}\n`);
  await out.close();
};

/**
 * `verify --file` in a process of its own over an export of so many weigh-ins, or as many as `budgetMs` allowed: from
 * its first byte read to its tree, by one core and by two workers, each beside one SHA-256 an entry, with the most memory it held.
 */
export const measureWholeVerify = async (
  place: Place,
  entries: number,
  budgetMs: number,
  progress: (text: string) => void,
): Promise<Row[]> => {
  const { rows } = await place.deps.pool.query<{ size: number }>('SELECT size FROM head');
  progress('filling');
  await fill(place, Math.max(0, entries - rows[0]!.size), (n) => progress(`filling: ${n}`), budgetMs);
  const { rows: now } = await place.deps.pool.query<{ size: number }>('SELECT size FROM head');
  const { size } = now[0]!;
  await place.deps.publisher.covering(size, 60_000);
  const directory = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-bench-verify-'));
  const [file, part] = ['whole.ndjson', 'part.ndjson'].map((name) => path.join(directory, name)) as [
    string,
    string,
  ];
  try {
    progress('exporting');
    const env = { ...place.env, DATABASE_URL: place.ownerUrl };
    const { code } = await runCommand(['export', '--database', place.ownerUrl, '--out', file], env);
    if (code !== 0) return [notAvailable(NAME, 'an export', `"export" ended with ${code}`)];
    await cutExport(file, part, Math.floor(size / PART));
    const verify = async (of: string, workers: number, count: number): Promise<Run> => {
      const start = performance.now();
      const run = await runCommand(['verify', '--file', of, '--workers', String(workers), '--json'], env);
      if (run.code !== 0) throw new Error(`verify of ${of} ended with ${run.code}`);
      return { perSecond: (1_000 * count) / (performance.now() - start), peak: run.peak };
    };
    const rounds: { hash: number; one: Run; two: Run }[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      progress(`round ${round} of ${ROUNDS}`);
      rounds.push({
        hash: await hashRate(file, size),
        one: await verify(file, 1, size),
        two: await verify(file, 2, size),
      });
    }
    const small = [await verify(part, 1, size / PART), await verify(part, 2, size / PART)] as const;
    return rowsOf(rounds, small, size);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const rowsOf = (
  rounds: readonly { hash: number; one: Run; two: Run }[],
  small: readonly [Run, Run],
  size: number,
): Row[] => {
  const of = (pick: (round: (typeof rounds)[number]) => number): number => median(rounds.map(pick));
  const against = (ratio: number, least: number) => ({
    ratio,
    goal: `≥ ${least} ×`,
    met: ratio >= least,
  });
  const memory = (what: string, peaks: (number | null)[], before: number | null): Row => {
    if (before === null || peaks.some((peak) => peak === null))
      return notAvailable(NAME, what, 'this system has no /proc');
    const most = Math.max(...(peaks as number[]));
    const ratio = most / before;
    return row(NAME, what, {
      ours: most,
      unit: 'MB',
      baseline: before,
      ratio,
      goal: `≤ ${FLAT} × at a tenth`,
      met: ratio <= FLAT,
    });
  };
  return [
    row(NAME, `${size} entries on one core, against one SHA-256 an entry`, {
      ours: of(({ one }) => one.perSecond),
      baseline: of((round) => round.hash),
      ...against(
        of((round) => round.one.perSecond / round.hash),
        ONE_CORE,
      ),
      note: 'from the start of its process',
    }),
    row(NAME, 'with two workers, against one core', {
      ours: of(({ two }) => two.perSecond),
      baseline: of(({ one }) => one.perSecond),
      ...against(
        of(({ one, two }) => two.perSecond / one.perSecond),
        TWO_WORKERS,
      ),
    }),
    memory(
      'one core, most memory held',
      rounds.map(({ one }) => one.peak),
      small[0].peak,
    ),
    memory(
      'two workers, most memory held',
      rounds.map(({ two }) => two.peak),
      small[1].peak,
    ),
  ];
};
