import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { prepareCluster, startCluster } from './support/cluster.ts';

/**
 * `npm test`: one PostgreSQL for all files, each test clones a template database. Ends with
 * `N passed, N failed` alone on a line. `--containers` takes a PostgreSQL from testcontainers instead of the
 * embedded one; other arguments are handed to tap.
 */
const args = process.argv.slice(2).filter((arg) => arg !== '--containers');

const containerCluster = async () => {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer('postgres:18').start();
  return {
    ...(await prepareCluster(container.getConnectionUri())),
    stop: async () => void (await container.stop()),
  };
};

const cluster = process.argv.includes('--containers') ? await containerCluster() : await startCluster();
const { stop, ...urls } = cluster;
const tap = spawn('tap', ['--reporter=tap', ...args], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, TEST_CLUSTER: JSON.stringify(urls) },
});
const counts = { passed: 0, failed: 0, skipped: 0 };
for await (const line of createInterface({ input: tap.stdout })) {
  const point = /^\s*(ok|not ok) \d+ (.*)/.exec(line);
  // Lines that end a subtest repeat its points; only single assertions are counted.
  const endsSubtest = point !== null && / # time=/.test(point[2]!);
  if (point !== null && !endsSubtest) {
    if (/# SKIP/i.test(point[2]!)) counts.skipped++;
    else if (point[1] === 'ok') counts.passed++;
    else counts.failed++;
  }
  if (point === null || point[1] === 'not ok' || endsSubtest || /# SKIP/i.test(line)) console.log(line);
}
const code = tap.exitCode ?? (await new Promise<number>((done) => tap.on('exit', (exit) => done(exit ?? 1))));
await stop();
if (code !== 0 && counts.failed === 0) counts.failed = 1;
const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed === 0 ? 0 : 1;
