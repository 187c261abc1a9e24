import { existsSync } from 'node:fs';
import path from 'node:path';
import { fill } from './fill.ts';
import { listen } from './http.ts';
import type { LoadGenerator } from './load.ts';
import type { Place } from './place.ts';
import { runCommand } from './processes.ts';
import type { Sample } from './rounds.ts';
import { notAvailable, type Row, row } from './rows.ts';

const NAME = 'Provenance of a batch, by size of the ledger';
const SCHEME = 'traceability-statement';
const [RUNS, LOTS] = [20, 500];
const LIMIT_MS = 20;
/** Positions an inventory is read at, spread over the ledger. */
const POSITIONS = 997;
const GROWTH = 1.3;

/** Entries the summary is read at, and how long growing from one to the other may take. */
export type Sizes = { small: number; large: number; budgetMs: number };

/** A batch over 10,000 weigh-ins: twenty runs that join five hundred lots each. */
const makeBatch = async (place: Place, progress: (text: string) => void): Promise<string> => {
  const { siteId } = place;
  const { lots: recorded } = await fill(place, RUNS * LOTS);
  const outputs: string[] = [];
  for (let i = 0; i < RUNS; i++) {
    progress(`run ${i + 1} of ${RUNS}`);
    const lots = recorded.slice(i * LOTS, (i + 1) * LOTS);
    const run = await place.post('/v1/process-runs', {
      siteId,
      step: 'consolidate',
      inputs: lots.map(({ id: lotId }) => ({ lotId })),
      outputs: [{ material: 'pet', form: 'bottle', grams: lots.reduce((sum, lot) => sum + lot.grams, 0) }],
      losses: [],
      lineClean: true,
    });
    outputs.push((run.outputs as { lotId: string }[])[0]!.lotId);
  }
  const batch = await place.post('/v1/batches', { siteId, inputs: outputs.map((lotId) => ({ lotId })) });
  await place.settle();
  return batch.id as string;
};

/** Reads the same batch's summary while the ledger is small, and again when others have made it large. */
export const measureProvenance = async (
  place: Place,
  generator: LoadGenerator,
  sizes: Sizes,
  ms: number,
  progress: (text: string) => void,
): Promise<Row[]> => {
  const route = { method: 'GET' as const, url: '/v1/batches/:id/provenance' };
  if (!place.app.hasRoute(route))
    return [notAvailable(NAME, `${route.method} ${route.url}`, 'no such route yet')];
  const id = await makeBatch(place, progress);
  const port = await listen(place.app);
  const readPaths = async (...paths: string[]): Promise<Sample> => {
    const ask = { kind: 'get', paths } as const;
    await generator.run({ port, token: place.secret, connections: 1, ms: ms / 4, ask });
    return generator.run({ port, token: place.secret, connections: 1, ms, ask });
  };
  const read = () => readPaths(`/v1/batches/${id}/provenance`);
  const eligibility = `/v1/batches/${id}/eligibility?scheme=${await publishScheme(place)}`;
  const small = await read();
  const judgedSmall = await readPaths(eligibility);
  const smallExport = await exportPeak(place);
  const { recorded } = await fill(
    place,
    sizes.large - sizes.small,
    (done) => progress(`${done} of ${sizes.large} entries`),
    sizes.budgetMs,
  );
  const reached = sizes.small + recorded;
  progress('the follower reads');
  await place.settle();
  const large = await read();
  const judgedLarge = await readPaths(eligibility);
  const positions = Array.from({ length: POSITIONS }, (_, i) =>
    Math.floor(((i + 0.5) * reached) / POSITIONS),
  );
  const inventory = await readPaths(
    ...positions.map((seq) => `/v1/sites/${place.siteId}/inventory?asOfSeq=${seq}`),
  );
  const plain = (what: string, { perSecond, p50Ms, p99Ms }: Sample): Row =>
    row(NAME, what, { callers: 1, ours: perSecond, p50Ms, p99Ms });
  const line = (what: string, sample: Sample, met: boolean, goal: string): Row => ({
    ...plain(what, sample),
    goal,
    met,
  });
  const grown = large.p50Ms / small.p50Ms;
  const within = grown <= GROWTH;
  const comparison = {
    callers: 1,
    unit: 'ms' as const,
    ours: large.p50Ms,
    baseline: small.p50Ms,
    ratio: grown,
    goal: `≤ ${GROWTH} ×`,
    met: within,
    note: 'medians; the p99 of each stand above',
  };
  return [
    line(`at ${sizes.small} entries`, small, small.p99Ms < LIMIT_MS, `p99 < ${LIMIT_MS} ms`),
    line(`at ${reached} entries`, large, large.p99Ms < LIMIT_MS, `p99 < ${LIMIT_MS} ms`),
    row(NAME, 'large ÷ small', comparison),
    line(
      `inventory as of any position, at ${reached} entries`,
      inventory,
      inventory.p99Ms < LIMIT_MS,
      `p99 < ${LIMIT_MS} ms`,
    ),
    plain(`eligibility under a scheme, at ${sizes.small} entries`, judgedSmall),
    plain(`eligibility under a scheme, at ${reached} entries`, judgedLarge),
    exportRow(smallExport, await exportPeak(place), sizes.small, reached),
  ];
};

/** The programme's own scheme, published as an operator would. */
const publishScheme = async ({ app, env }: Place): Promise<string> => {
  const code = SCHEME;
  const headers = { authorization: `Bearer ${env.BOOTSTRAP_API_KEY}` };
  const answer = await app.inject({ method: 'PUT', url: `/v1/schemes/${code}`, headers, payload: {} });
  if (answer.statusCode >= 300) throw new Error(`the scheme was answered ${answer.body}`);
  return code;
};

const exportPeak = async (place: Place): Promise<number | null> => {
  if (!existsSync(path.resolve(import.meta.dirname, '../export.ts'))) return null;
  const out = path.join(place.env.BLUE_CYCLE_DATA_DIR!, 'export.ndjson');
  const { code, peak } = await runCommand(['export', '--out', out], place.env);
  return code === 0 ? peak : null;
};

const exportRow = (small: number | null, large: number | null, from: number, to: number): Row => {
  const name = 'Memory and disk';
  const what = `export, most memory held, ${to} ÷ ${from} entries`;
  if (small === null || large === null) return notAvailable(name, what, '"export" did not run here');
  const ratio = large / small;
  return row(name, what, {
    ours: large,
    baseline: small,
    unit: 'MB',
    ratio,
    goal: '≤ 1.5 ×',
    met: ratio <= 1.5,
  });
};
