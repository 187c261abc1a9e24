import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Cluster, prepareCluster, startCluster } from './support/cluster.ts';

type Running = Cluster & { stop(): Promise<void> };

/**
 * `npm test`: one PostgreSQL for all files, each test clones a template database. Ends with
 * `N passed, N failed` alone on a line. `--containers` takes a PostgreSQL from testcontainers instead of the
 * embedded one; other arguments are handed to tap.
 */
const args = process.argv.slice(2).filter((arg) => arg !== '--containers');

/** A PostgreSQL 18 in a container, initialised as docker-compose.yml does it. */
const containerCluster = async (): Promise<Running> => {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer('postgres:18')
    .withEnvironment({ POSTGRES_INITDB_ARGS: '--data-checksums --encoding=UTF8 --locale=C' })
    .start();
  const stop = async (): Promise<void> => void (await container.stop());
  try {
    return { ...(await prepareCluster(container.getConnectionUri())), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const inContainer = process.argv.includes('--containers');
const cluster = await (inContainer ? containerCluster() : startCluster()).catch((error: Error) => {
  if (!inContainer) throw error;
  const hint = /container runtime strategy/.test(error.message)
    ? 'No Docker engine answers: start one, or name it in DOCKER_HOST.'
    : 'The Docker engine answered, but gave no PostgreSQL to test on.';
  console.error(`${hint} npm test needs no container.\n${error.message}`);
  process.exit(1);
});
const { stop, ...urls } = cluster;
// As npm does, so that `node test/run.ts` finds the same tap and the same Node.
const PATH = `${path.resolve(import.meta.dirname, '../node_modules/.bin')}${path.delimiter}${process.env.PATH}`;
const tap = spawn('tap', ['--reporter=tap', ...args], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, PATH, TEST_CLUSTER: JSON.stringify(urls) },
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
