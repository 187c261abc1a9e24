import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import type { Writable } from 'node:stream';
import { openBaseline } from './bench/baseline.ts';
import { type BigMoney, measureBigMoney } from './bench/big-money.ts';
import { startCounting } from './bench/counts.ts';
import { measureDoor } from './bench/door.ts';
import { fill } from './bench/fill.ts';
import { measureHttp } from './bench/http.ts';
import { type LoadGenerator, openLoadGenerator } from './bench/load.ts';
import { measureLog } from './bench/log.ts';
import { countWeighIns, measureApiProcess, measureDisk } from './bench/memory.ts';
import { measureMoney } from './bench/money.ts';
import { measurePages } from './bench/pages.ts';
import { type Cluster, openCluster, openPlace } from './bench/place.ts';
import { measureProvenance, type Sizes } from './bench/provenance.ts';
import type { Effort } from './bench/rounds.ts';
import { type Row, toTable } from './bench/rows.ts';
import { measureTrade } from './bench/trade.ts';
import { measureVerify } from './bench/verifying.ts';
import { measureWholeVerify } from './bench/whole.ts';

export const MEASUREMENTS = [
  'door',
  'http',
  'verify',
  'memory',
  'provenance',
  'trade',
  'log',
  'money',
  'big-money',
  'pages',
] as const;
type Measurement = (typeof MEASUREMENTS)[number];
/** An hour and more: only when it is asked for. */
const USUAL = MEASUREMENTS.filter((name) => name !== 'big-money');

export type BenchOptions = {
  /** Less of everything: under a minute. */
  quick?: boolean;
  /** Where the JSON goes; `bench-results.json` unless said. */
  out?: string;
  /** The JSON on stdout instead of the table. */
  json?: boolean;
  /** Measurements, with commas between; all but `big-money` unless said. */
  only?: string;
  /** Milliseconds of one round and how many, for tests. */
  effort?: Effort;
};

export type BenchIo = { stdout: Writable; stderr: Writable; isTTY: boolean };

/** What `--out` holds. `faults` says which facts were lost, doubled or do not verify; rates never make one. */
export type BenchResults = {
  version: 1;
  quick: boolean;
  node: string;
  cpus: { count: number; model: string };
  loadAverageBefore: number;
  loadAverageAfter: number;
  seconds: number;
  rows: Row[];
  faults: string[];
};

type Scale = {
  door: Effort;
  http: Effort;
  verify: Effort;
  verifyEntries: number;
  sizes: Sizes;
  /** Entries at which proofs are measured. */
  proofsAt: number[];
  /** Entries of which a whole verify is measured, and how long filling the log may take. */
  whole: { entries: number; budgetMs: number };
  loadMs: number;
  bigMoney: BigMoney;
  /** Weigh-ins behind the batch whose page is asked for. */
  pages: number;
};

const FULL: Scale = {
  door: { rounds: 7, roundMs: 2_000 },
  http: { rounds: 5, roundMs: 2_000 },
  verify: { rounds: 5, roundMs: 1_000 },
  verifyEntries: 50_000,
  sizes: { small: 10_000, large: 1_000_000, budgetMs: 300_000 },
  proofsAt: [1_000, 10_000, 100_000, 1_000_000],
  whole: { entries: 1_000_000, budgetMs: 900_000 },
  loadMs: 10_000,
  bigMoney: { weighIns: 1_000_000, people: 100_000 },
  pages: 10_000,
};

const QUICK: Scale = {
  door: { rounds: 3, roundMs: 300 },
  http: { rounds: 2, roundMs: 250 },
  verify: { rounds: 3, roundMs: 100 },
  verifyEntries: 2_000,
  sizes: { small: 10_000, large: 100_000, budgetMs: 15_000 },
  proofsAt: [1_000, 10_000],
  whole: { entries: 20_000, budgetMs: 15_000 },
  loadMs: 2_000,
  bigMoney: { weighIns: 20_000, people: 2_000 },
  pages: 1_000,
};

/**
 * `blue-cycle bench`: measures this machine against itself, on a PostgreSQL of its own in a temporary directory.
 * A table goes to stdout, JSON to `out`, progress to stderr. Exit code 1 only when facts were lost or doubled or
 * the ledger does not verify, never for a rate; 2 when `only` names what there is not.
 */
export const runBench = async (options: BenchOptions, io: BenchIo): Promise<number> => {
  const wanted = new Set((options.only ?? USUAL.join()).split(',').map((name) => name.trim()));
  const unknown = [...wanted].find((name) => !(MEASUREMENTS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    io.stderr.write(
      `There is no measurement "${unknown}"; --only takes ${MEASUREMENTS.join(', ')}, with commas between.\n`,
    );
    return 2;
  }
  const scale = { ...(options.quick ? QUICK : FULL) };
  if (options.effort !== undefined)
    Object.assign(scale, { door: options.effort, http: options.effort, verify: options.effort });
  const [before] = os.loadavg();
  const start = performance.now();
  const cluster = await openCluster();
  const generator = openLoadGenerator();
  const { rows, faults } = await measure(
    wanted as Set<Measurement>,
    scale,
    cluster,
    generator,
    progressOn(io),
  ).finally(async () => {
    await generator.close();
    await cluster.stop();
  });
  const [cpu] = os.cpus();
  const results: BenchResults = {
    version: 1,
    quick: options.quick ?? false,
    node: process.version,
    cpus: { count: os.cpus().length, model: cpu?.model ?? 'unknown' },
    loadAverageBefore: before!,
    loadAverageAfter: os.loadavg()[0]!,
    seconds: Math.round((performance.now() - start) / 1_000),
    rows,
    faults,
  };
  const text = `${JSON.stringify(results, null, 2)}\n`;
  await writeFile(options.out ?? 'bench-results.json', text);
  io.stdout.write(options.json ? text : toTable(rows));
  for (const fault of faults) io.stderr.write(`wrong: ${fault}\n`);
  return faults.length === 0 ? 0 : 1;
};

const measure = async (
  wanted: Set<Measurement>,
  scale: Scale,
  cluster: Cluster,
  generator: LoadGenerator,
  progress: (text: string) => void,
): Promise<{ rows: Row[]; faults: string[] }> => {
  const rows: Row[] = [];
  const faults: string[] = [];
  if (['door', 'http', 'verify', 'memory'].some((name) => wanted.has(name as Measurement))) {
    const place = await openPlace(cluster, 'bench_ledger', 'station');
    try {
      const baseline = await openBaseline(place);
      const counts = await startCounting(place);
      const saying = (what: string) => (text: string) => progress(`${what}: ${text}`);
      try {
        if (wanted.has('door'))
          rows.push(...(await measureDoor(place, baseline, counts, scale.door, saying('door'))));
        if (wanted.has('http'))
          rows.push(...(await measureHttp(place, baseline, counts, generator, scale.http, saying('http'))));
      } finally {
        await baseline.close();
      }
      if (counts.acknowledged < scale.verifyEntries && (wanted.has('verify') || wanted.has('memory'))) {
        await fill(place, scale.verifyEntries);
        counts.acknowledged += scale.verifyEntries;
        await place.settle();
      }
      if (wanted.has('verify'))
        rows.push(await measureVerify(place, scale.verify, scale.verifyEntries, saying('verify')));
      if (wanted.has('memory')) rows.push(await measureDisk(place));
      progress('counting and verifying');
      faults.push(...(await counts.faults()));
    } finally {
      await place.close();
    }
    if (wanted.has('memory')) {
      progress('memory: the API in a process of its own');
      const before = await countWeighIns(place.ownerUrl, place.env.DATABASE_SCHEMA!);
      const api = await measureApiProcess(place, generator, scale.loadMs);
      const grown = (await countWeighIns(place.ownerUrl, place.env.DATABASE_SCHEMA!)) - before;
      if (grown !== api.acknowledged)
        faults.push(`${api.acknowledged} weigh-ins were acknowledged, ids grew by ${grown}`);
      rows.push(...api.rows);
    }
  }
  if (wanted.has('provenance')) {
    const place = await openPlace(cluster, 'bench_provenance', 'recycler');
    try {
      rows.push(
        ...(await measureProvenance(place, generator, scale.sizes, scale.loadMs, (text) =>
          progress(`provenance: ${text}`),
        )),
      );
    } finally {
      await place.close();
    }
  }
  if (wanted.has('trade')) {
    const place = await openPlace(cluster, 'bench_trade', 'station');
    try {
      rows.push(
        ...(await measureTrade(place, scale.loadMs, scale.door, (text) => progress(`trade: ${text}`))),
      );
    } finally {
      await place.close();
    }
  }
  if (wanted.has('log') || wanted.has('verify')) {
    const place = await openPlace(cluster, 'bench_log', 'station');
    const { proofsAt, loadMs, door, whole } = scale;
    try {
      if (wanted.has('log'))
        rows.push(
          ...(await measureLog(place, generator, proofsAt, loadMs, door, (text) => progress(`log: ${text}`))),
        );
      if (wanted.has('verify'))
        rows.push(
          ...(await measureWholeVerify(place, whole.entries, whole.budgetMs, (text) =>
            progress(`verify: ${text}`),
          )),
        );
    } finally {
      await place.close();
    }
  }
  if (wanted.has('money')) {
    const place = await openPlace(cluster, 'bench_money_ledger', 'station');
    try {
      rows.push(...(await measureMoney(place, generator, scale.http, (text) => progress(`money: ${text}`))));
    } finally {
      await place.close();
    }
  }
  if (wanted.has('pages')) {
    const place = await openPlace(cluster, 'bench_pages', 'recycler');
    try {
      const { loadMs, pages } = scale;
      rows.push(
        ...(await measurePages(place, generator, pages, loadMs, (text) => progress(`pages: ${text}`))),
      );
    } finally {
      await place.close();
    }
  }
  if (wanted.has('big-money')) {
    const place = await openPlace(cluster, 'bench_big_money', 'recycler');
    try {
      rows.push(
        ...(await measureBigMoney(place, generator, scale.bigMoney, (text) =>
          progress(`big money: ${text}`),
        )),
      );
    } finally {
      await place.close();
    }
  }
  return { rows, faults };
};

/** One line that changes on a terminal; elsewhere a line whenever the measurement changes. */
const progressOn = ({ stderr, isTTY }: BenchIo): ((text: string) => void) => {
  let last = '';
  return (text) => {
    const subject = text.split(':')[0]!;
    if (isTTY) stderr.write(`\r\u001b[K${text}`);
    else if (subject !== last) stderr.write(`${subject}\n`);
    last = subject;
  };
};
