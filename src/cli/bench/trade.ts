import { setTimeout as sleep } from 'node:timers/promises';
import { draw, vectorOf } from '../../provenance/shares.ts';
import { recorder } from './fill.ts';
import type { Place } from './place.ts';
import { closedLoop, type Effort, interleave, median, quantile, ratioOf } from './rounds.ts';
import { type Row, row } from './rows.ts';
import { weighIn } from './weigh-in.ts';

const NAME = 'The real trade';
const SOURCES = [10_000, 100_000, 1_000_000];
const DRAWS = 5;
const UPLOADS = 3;
const UPLOAD = 1_000;
const UPLOAD_LIMIT_S = 2;
const LAG_LIMIT_MS = 1_000;
const CALLERS = 64;
const SLOWED = 0.9;

const timed = async (work: () => unknown): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

/** One draw of a third from a vector over so many sources, in this thread. */
const measureDraws = async (): Promise<Row[]> => {
  const rows: Row[] = [];
  for (const sources of SOURCES) {
    const vector = vectorOf(
      Array.from({ length: sources }, (_, i) => [i * 128, 10_000 + (i % 977)] as const),
    );
    const third = Math.floor((sources * 10_000) / 3);
    const times: number[] = [];
    for (let i = 0; i < DRAWS; i++) times.push(await timed(() => draw(vector, third)));
    rows.push(row(NAME, `a draw over ${sources} sources`, { ours: median(times), unit: 'ms' }));
  }
  return rows;
};

/** A month of a station's offline weigh-ins, sent in uploads of a thousand, one after the other. */
const measureMonth = async (place: Place): Promise<Row> => {
  const uploads = Array.from({ length: UPLOADS }, () =>
    Array.from({ length: UPLOAD }, () => weighIn(place.siteId)),
  );
  const ms = await timed(async () => {
    for (const upload of uploads) await place.post('/v1/collections/batch', upload);
  });
  const seconds = ms / 1_000;
  return row(NAME, `${UPLOADS * UPLOAD} offline weigh-ins in uploads of ${UPLOAD}`, {
    ours: seconds,
    unit: 's',
    goal: `< ${UPLOAD_LIMIT_S} s`,
    met: seconds < UPLOAD_LIMIT_S,
  });
};

/** How long after a fact the follower has read it, while the door is as busy as 64 callers make it. */
const measureLag = async (place: Place, ms: number): Promise<Row> => {
  const record = recorder(place);
  const lags: number[] = [];
  let busy = true;
  const watch = async (): Promise<void> => {
    while (busy) {
      const seq = await record();
      lags.push(await timed(() => place.deps.follower.reaches(seq, 10_000)));
      await sleep(20);
    }
  };
  const watching = watch();
  const sample = await closedLoop(CALLERS, ms, record);
  busy = false;
  await watching;
  await place.settle();
  const sorted = lags.sort((a, b) => a - b);
  const p99 = quantile(sorted, 0.99);
  return row(NAME, 'the follower’s lag behind a busy door', {
    callers: CALLERS,
    ours: sample.perSecond,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: p99,
    goal: `p99 < ${LAG_LIMIT_MS} ms`,
    met: p99 < LAG_LIMIT_MS,
  });
};

/** The door with its follower and without, round by round; what it left to read is read between rounds. */
const measureFollowerCost = async (
  place: Place,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row> => {
  const { follower } = place.deps;
  const record = recorder(place);
  const busy = async (ms: number) => closedLoop(CALLERS, ms, record);
  const variants = [
    { name: 'with' as const, run: busy },
    {
      name: 'without' as const,
      run: async (ms: number) => {
        await follower.stop();
        const sample = await busy(ms);
        await follower.start();
        return sample;
      },
    },
  ].map(({ name, run }) => ({
    name,
    run: async (ms: number) => {
      const sample = await run(ms);
      await place.settle();
      return sample;
    },
  }));
  const measured = await interleave(effort, variants, progress);
  const ratio = ratioOf(measured.with, measured.without);
  return row(NAME, 'the door with the follower ÷ without', {
    callers: CALLERS,
    ours: measured.with.perSecond,
    baseline: measured.without.perSecond,
    ratio,
    goal: `≥ ${SLOWED} ×`,
    met: ratio >= SLOWED,
  });
};

/** Draws, a month of uploads, the follower's lag and what it costs the door. */
export const measureTrade = async (
  place: Place,
  ms: number,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row[]> => {
  progress('draws');
  const rows = await measureDraws();
  progress('a month of uploads');
  rows.push(await measureMonth(place));
  await place.settle();
  progress('the follower behind a busy door');
  rows.push(await measureLag(place, ms));
  rows.push(await measureFollowerCost(place, effort, progress));
  return rows;
};
