import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import t from 'tap';
import { startCounting } from '../../src/cli/bench/counts.ts';
import { fill } from '../../src/cli/bench/fill.ts';
import { openCluster, openPlace } from '../../src/cli/bench/place.ts';
import { median, quantile } from '../../src/cli/bench/rounds.ts';
import { type BenchResults, runBench } from '../../src/cli/bench.ts';

const collect = (): Writable & { text: string } => {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      stream.text += chunk.toString('utf8');
      done();
    },
  }) as Writable & { text: string };
  stream.text = '';
  return stream;
};

t.test('a median and a quantile are of the values measured', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
  t.equal(quantile([1, 2, 3, 4], 0.5), 2);
  t.equal(
    quantile(
      Array.from({ length: 100 }, (_, i) => i + 1),
      0.99,
    ),
    99,
  );
});

t.test('an unknown measurement is refused with those there are, before anything is started', async (t) => {
  const [stdout, stderr] = [collect(), collect()];
  t.equal(await runBench({ only: 'doors' }, { stdout, stderr, isTTY: false }), 2);
  t.match(stderr.text, /"doors".*door, http/);
});

t.test(
  'door and HTTP are measured, every weigh-in is counted, and the results have their shape',
  async (t) => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-bench-test-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const out = path.join(directory, 'results.json');
    const [stdout, stderr] = [collect(), collect()];
    const effort = { rounds: 1, roundMs: 15 };
    const code = await runBench(
      { quick: true, only: 'door,http', out, effort },
      { stdout, stderr, isTTY: false },
    );
    t.equal(code, 0, stderr.text);
    const results = JSON.parse(await readFile(out, 'utf8')) as BenchResults;
    t.match(results, { version: 1, quick: true, faults: [], seconds: Number });
    t.same(
      results.rows.filter((r) => r.goal !== null).map((r) => [r.callers, r.goal]),
      [
        [1, '≥ 1 ×'],
        [64, '≥ 3.5 ×'],
        [256, '≥ 4 ×'],
        [64, '≥ 1.2 ×'],
        [256, '≥ 1.5 ×'],
        [64, '≥ 0.4 ×'],
        [256, '≥ 0.6 ×'],
        [4, '≥ 5 ×'],
      ],
    );
    for (const row of results.rows) {
      t.ok(row.ours! > 0 && row.baseline! > 0 && row.ratio! > 0, `${row.what} has its rates`);
      t.ok(row.p50Ms! <= row.p99Ms!, `${row.what} has its latencies`);
    }
    t.match(stdout.text, /weigh-ins +64 /);
  },
);

t.test('a weigh-in that was acknowledged and is not there is a fault', async (t) => {
  const cluster = await openCluster();
  const place = await openPlace(cluster, 'bench_faults', 'station');
  t.teardown(async () => {
    await place.close();
    await cluster.stop();
  });
  const counts = await startCounting(place);
  await fill(place, 20);
  counts.acknowledged += 20;
  t.same(await counts.faults(), []);
  counts.acknowledged++;
  t.match(await counts.faults(), [
    /21 weigh-ins were acknowledged, head grew by 20/,
    /ids/,
    /lots/,
    /postings/,
  ]);
});
