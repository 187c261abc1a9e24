import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { LoadGenerator } from './load.ts';
import type { Place } from './place.ts';
import { freePort, peakMegabytes, startCommand } from './processes.ts';
import { notAvailable, type Row, row } from './rows.ts';

const NAME = 'Memory and disk';
const CONNECTIONS = 256;
const GIVE_UP_MS = 30_000;

/** Bytes of all tables and indexes for each weigh-in, follower's tables included. */
export const measureDisk = async (place: Place): Promise<Row> => {
  const { rows } = await place.deps.pool.query<{ bytes: number; weighIns: number }>(
    `SELECT (SELECT sum(pg_total_relation_size(oid))::int8 FROM pg_class
              WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r') AS bytes,
            (SELECT count(*) FROM lots WHERE kind = 'weigh-in') AS "weighIns"`,
  );
  const { bytes, weighIns } = rows[0]!;
  return row(NAME, 'bytes on disk a weigh-in', {
    ours: bytes / weighIns,
    unit: 'bytes',
    note: `over ${weighIns} weigh-ins`,
  });
};

/** Starts the API as an operator would, on a database that holds something, and loads it with 256 connections. */
export const measureApiProcess = async (
  place: Pick<Place, 'env' | 'secret' | 'siteId'>,
  generator: LoadGenerator,
  ms: number,
): Promise<{ rows: Row[]; acknowledged: number }> => {
  const port = await freePort();
  const start = performance.now();
  const child = startCommand(['serve'], { ...place.env, PORT: String(port), HOST: '127.0.0.1' });
  const ended = once(child, 'exit');
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null || performance.now() - start > GIVE_UP_MS)
        return { rows: [notAvailable(NAME, 'API process', '"serve" did not start')], acknowledged: 0 };
      await sleep(10);
    }
    const seconds = (performance.now() - start) / 1_000;
    const ask = { kind: 'post', siteId: place.siteId } as const;
    const sample = await generator.run({ port, token: place.secret, connections: CONNECTIONS, ms, ask });
    const peak = await peakMegabytes(child.pid!);
    const ready = row(NAME, 'from start to ready, on existing data', {
      ours: seconds,
      unit: 's',
      goal: '≤ 3 s',
      met: seconds <= 3,
    });
    const memory =
      peak === null
        ? notAvailable(NAME, 'API, most memory held', 'this system has no /proc')
        : row(NAME, 'API, most memory held', {
            callers: CONNECTIONS,
            ours: peak,
            unit: 'MB',
            goal: '< 300 MB',
            met: peak < 300,
          });
    return { rows: [ready, memory], acknowledged: sample.count };
  } finally {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(5_000).then(() => child.kill('SIGKILL'))]);
  }
};

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health/ready`).then(
    (answer) => answer.ok,
    () => false,
  );

/** How many weigh-ins a database holds, when no API of ours is open on it. */
export const countWeighIns = async (ownerUrl: string, schema: string): Promise<number> => {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: string }>(
      `SELECT count(*) AS n FROM ${pg.escapeIdentifier(schema)}.ids`,
    );
    return Number(rows[0]!.n);
  } finally {
    await client.end();
  }
};
