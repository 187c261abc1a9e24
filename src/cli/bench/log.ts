import { fill, recorder } from './fill.ts';
import { listen } from './http.ts';
import type { LoadGenerator } from './load.ts';
import type { Place } from './place.ts';
import { closedLoop, type Effort, interleave, ratioOf } from './rounds.ts';
import { type Row, row } from './rows.ts';

const NAME = 'The transparency log';
const CALLERS = 64;
const SLOWED = 0.85;
const PROOF_LIMIT_MS = 5;
/** Entries whose proofs are asked for, spread over the ledger. */
const PROOFS = 997;

/** The door while checkpoints are signed, and while they are not, round by round. */
const measureSigning = async (
  place: Place,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row> => {
  const { publisher } = place.deps;
  const record = recorder(place);
  const busy = (ms: number) => closedLoop(CALLERS, ms, record);
  const measured = await interleave(
    effort,
    [
      { name: 'with' as const, run: busy },
      {
        name: 'without' as const,
        run: async (ms: number) => {
          await publisher.stop();
          const sample = await busy(ms);
          await publisher.start();
          return sample;
        },
      },
    ],
    progress,
  );
  const ratio = ratioOf(measured.with, measured.without);
  return row(NAME, 'the door with tree and checkpoints ÷ without', {
    callers: CALLERS,
    ours: measured.with.perSecond,
    baseline: measured.without.perSecond,
    ratio,
    goal: `≥ ${SLOWED} ×`,
    met: ratio >= SLOWED,
  });
};

/** Proofs of entries all over the ledger, over HTTP, at this size. */
const measureProofs = async (
  place: Place,
  generator: LoadGenerator,
  port: number,
  ms: number,
): Promise<Row> => {
  const { rows } = await place.deps.pool.query<{ size: number }>('SELECT size FROM head');
  const { size } = rows[0]!;
  await place.deps.publisher.covering(size, 10_000);
  const paths = Array.from(
    { length: PROOFS },
    (_, i) => `/v1/ledger/entries/${Math.floor(((i + 0.5) * size) / PROOFS)}/proof`,
  );
  const ask = { kind: 'get', paths } as const;
  await generator.run({ port, token: place.secret, connections: 1, ms: ms / 4, ask });
  const sample = await generator.run({ port, token: place.secret, connections: 1, ms, ask });
  return row(NAME, `a proof at ${size} entries`, {
    callers: 1,
    ours: sample.perSecond,
    p50Ms: sample.p50Ms,
    p99Ms: sample.p99Ms,
    goal: `p99 < ${PROOF_LIMIT_MS} ms`,
    met: sample.p99Ms < PROOF_LIMIT_MS,
  });
};

/** Proofs as the ledger grows through `sizes`, then what signing costs the door. */
export const measureLog = async (
  place: Place,
  generator: LoadGenerator,
  sizes: readonly number[],
  ms: number,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row[]> => {
  const port = await listen(place.app);
  const rows: Row[] = [];
  let recorded = 0;
  for (const size of sizes) {
    progress(`${size} entries`);
    recorded += (await fill(place, size - recorded)).recorded;
    await place.settle();
    rows.push(await measureProofs(place, generator, port, ms));
  }
  rows.push(await measureSigning(place, effort, progress));
  return rows;
};
