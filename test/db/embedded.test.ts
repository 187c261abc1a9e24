import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import t, { type Test } from 'tap';
import {
  DataDirectoryInUse,
  type EmbeddedLog,
  type EmbeddedPostgres,
  startEmbedded,
} from '../../src/db/embedded.ts';

type Line = { level: string; text: string; fields: object };

function recorder(): { log: EmbeddedLog; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, text: string) => {
    lines.push({ level, text, fields });
  };
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

/** A session whose end is no accident: tests kill the server under it. */
async function connect(superuserUrl: string): Promise<pg.Client> {
  const client = new pg.Client(superuserUrl);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function ask<Row extends object>(superuserUrl: string, sql: string): Promise<Row[]> {
  const client = await connect(superuserUrl);
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

const insert = (url: string, grams: number) =>
  ask(url, `CREATE TABLE IF NOT EXISTS weighed (grams int8); INSERT INTO weighed VALUES (${grams})`);

async function gramsIn(url: string): Promise<string[]> {
  const rows = await ask<{ grams: string }>(url, 'SELECT grams FROM weighed ORDER BY grams');
  return rows.map((row) => row.grams);
}

/** Whether a server answers; a process id would also be there for a corpse that nobody has collected yet. */
async function answers(superuserUrl: string): Promise<boolean> {
  try {
    await ask(superuserUrl, 'SELECT 1');
    return true;
  } catch (error) {
    // 57P03: it is shutting down, and still there.
    const { code } = error as { code?: string };
    if (code === '57P03' || code === '57P01') return true;
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return false;
    throw error;
  }
}

/** Our own and not the test runner's, whose removal would not wait for PostgreSQL to end. */
const freshDirectory = (): string => {
  const directory = fs.mkdtempSync(path.join(tmpdir(), 'blue-cycle-embedded-'));
  fs.chmodSync(directory, 0o711);
  return directory;
};

/** A fresh data directory, and a way to start on it that stops and removes everything with the test. */
function dataDirectory(t: Test, dataDir = freshDirectory()) {
  const { log, lines } = recorder();
  const started = new Set<EmbeddedPostgres>();
  t.teardown(async () => {
    for (const postgres of started) await postgres.stop();
    for (const directory of [...[...started].map((postgres) => postgres.directory), dataDir])
      fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  const start = async (port?: number) => {
    const postgres = await startEmbedded({ dataDir, log, ...(port === undefined ? {} : { port }) });
    started.add(postgres);
    return postgres;
  };
  return { dataDir, start, lines };
}

/** Another node process that starts PostgreSQL on the directory and stays until it is killed or told to exit. */
async function startElsewhere(
  dataDir: string,
): Promise<{ owner: ChildProcess; superuserUrl: string; pid: number }> {
  const program = `
    import { startEmbedded } from ${JSON.stringify(new URL('../../src/db/embedded.ts', import.meta.url).href)};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const { superuserUrl, pid } = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, log });
    console.log(JSON.stringify({ superuserUrl, pid }));
    process.stdin.once('data', () => process.exit(3));`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: owner.stdout }), 'line');
  return { owner, ...(JSON.parse(String(line)) as { superuserUrl: string; pid: number }) };
}

async function killHard(owner: ChildProcess): Promise<void> {
  const gone = once(owner, 'exit');
  owner.kill('SIGKILL');
  await gone;
}

t.test(
  'a first start makes a durable, checksummed UTF-8 cluster that only this machine reaches',
  async (t) => {
    const { dataDir, start, lines } = dataDirectory(t);
    const postgres = await start();
    const names = ['data_checksums', 'fsync', 'synchronous_commit', 'full_page_writes', 'server_encoding'];
    const [row] = await ask<Record<string, string>>(
      postgres.superuserUrl,
      `SELECT ${[
        ...names,
        'listen_addresses',
        'unix_socket_directories',
        'max_connections',
        'max_wal_size',
        'TimeZone',
      ]
        .map((name) => `current_setting('${name}') AS ${name}`)
        .join(', ')}, datcollate, datctype FROM pg_database WHERE datname = 'postgres'`,
    );
    t.same(row, {
      data_checksums: 'on',
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      server_encoding: 'UTF8',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '100',
      max_wal_size: '2GB',
      timezone: 'UTC',
      datcollate: 'C',
      datctype: 'C',
    });

    const wrong = new URL(postgres.superuserUrl);
    wrong.password = 'guess';
    await t.rejects(connect(wrong.href), { code: '28P01' }, 'a wrong password is refused');
    const kept = fs.readdirSync(dataDir).filter((name) => name !== 'postgres');
    t.same(kept, ['postgres-superuser-password'], 'nothing of the making is left');
    t.equal(fs.statSync(path.join(dataDir, 'postgres-superuser-password')).mode & 0o777, 0o600);
    t.notMatch(
      JSON.stringify(lines),
      new URL(postgres.superuserUrl).password,
      'the password is not in the log',
    );
  },
);

t.test('neither statements nor row values reach the log, whatever the session does wrong', async (t) => {
  const { start, lines } = dataDirectory(t);
  const { superuserUrl } = await start();
  await ask(superuserUrl, 'CREATE TABLE people (phone text PRIMARY KEY)');
  await ask(superuserUrl, "INSERT INTO people VALUES ('13800000000')");
  await t.rejects(ask(superuserUrl, "INSERT INTO people VALUES ('13800000000')"), { code: '23505' });
  t.ok(lines.some((line) => line.level === 'debug' && /duplicate key/.test(line.text)));
  t.notMatch(JSON.stringify(lines), /13800000000/);
});

t.test(
  'a second start finds the rows of the first, in well under a second, on the port it is given',
  async (t) => {
    const { start } = dataDirectory(t);
    const first = await start();
    await insert(first.superuserUrl, 1200);
    await first.stop();
    await first.stop();
    t.match(await first.exited, 'exit status 0');
    t.notOk(await answers(first.superuserUrl));

    const from = performance.now();
    const port = Number(new URL(first.superuserUrl).port);
    const second = await start(port);
    t.ok(performance.now() - from < 1000, `took ${Math.round(performance.now() - from)} ms`);
    t.equal(second.superuserUrl, first.superuserUrl);
    t.same(await gramsIn(second.superuserUrl), ['1200']);
  },
);

t.test(
  'what was committed before PostgreSQL was killed is there after, though a session was still busy',
  async (t) => {
    const { start, lines } = dataDirectory(t);
    const first = await start();
    await insert(first.superuserUrl, 700);
    // A session in a tight loop does not notice that its postmaster died, and holds the shared memory.
    const busy = await connect(first.superuserUrl);
    const loop = busy.query(`DO $$ DECLARE until timestamptz := clock_timestamp() + interval '1.5 s';
    BEGIN WHILE clock_timestamp() < until LOOP END LOOP; INSERT INTO weighed VALUES (800); END $$`);
    const acknowledged = loop.then(
      () => ['800'],
      () => [],
    );
    await ask(first.superuserUrl, 'SELECT 1');
    process.kill(first.pid, 'SIGKILL');
    await sleep(100);

    const second = await start();
    t.equal(await first.exited, 'ended by SIGKILL');
    t.same(await gramsIn(second.superuserUrl), ['700', ...(await acknowledged)]);
    t.ok(
      lines.some((line) => /pre-existing shared memory/.test(line.text)),
      'it waited for the busy session',
    );
    t.ok(
      lines.some((line) => /automatic recovery in progress/.test(line.text)),
      'it recovered from its log',
    );
  },
);

t.test(
  'after its owner was killed, the PostgreSQL left behind is stopped and its rows are there',
  async (t) => {
    const { dataDir, start, lines } = dataDirectory(t);
    const orphaned = await startElsewhere(dataDir);
    await insert(orphaned.superuserUrl, 350);
    const open = await connect(orphaned.superuserUrl);
    await killHard(orphaned.owner);
    t.ok(await answers(orphaned.superuserUrl), 'PostgreSQL outlives its owner');

    const next = await start();
    t.not(next.pid, orphaned.pid);
    t.notOk(await answers(orphaned.superuserUrl));
    t.same(await gramsIn(next.superuserUrl), ['350']);
    t.ok(
      lines.some(
        (line) => line.level === 'warn' && line.text.includes(`process ${orphaned.owner.pid} left behind`),
      ),
    );
    await t.rejects(open.query('SELECT 1'), 'the old session is over');
  },
);

t.test(
  'a number in the lock file that belongs to another program by now does not stop a start',
  async (t) => {
    const { start } = dataDirectory(t);
    const first = await start();
    await insert(first.superuserUrl, 90);
    const owner = fs.statSync(first.directory);
    const lockFile = path.join(first.directory, 'postmaster.pid');
    const [, ...rest] = fs.readFileSync(lockFile, 'utf8').split('\n');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;

    const stranger = spawn('/bin/sleep', ['60'], {
      cwd: '/',
      uid: owner.uid,
      gid: owner.gid,
      stdio: 'ignore',
    });
    t.teardown(() => stranger.kill());
    await once(stranger, 'spawn');
    fs.writeFileSync(lockFile, [stranger.pid, ...rest].join('\n'));
    const second = await start();
    t.same(await gramsIn(second.superuserUrl), ['90']);
    t.equal(stranger.exitCode ?? stranger.signalCode, null, 'the other program was left alone');
  },
);

t.test('a second start on a directory in use is refused by a sentence, and the first goes on', async (t) => {
  const { dataDir, start } = dataDirectory(t);
  const first = await start();
  await t.rejects(start(), {
    name: 'DataDirectoryInUse',
    message: `The database in ${first.directory} is in use by process ${process.pid}: stop that one first, or give this one another BLUE_CYCLE_DATA_DIR.`,
  });
  t.same(await ask(first.superuserUrl, 'SELECT 1 AS one'), [{ one: 1 }]);
  await first.stop();

  const elsewhere = await startElsewhere(dataDir);
  await t.rejects(start(), { message: `in use by process ${elsewhere.owner.pid}` });
  t.same(await ask(elsewhere.superuserUrl, 'SELECT 1 AS one'), [{ one: 1 }]);
  await killHard(elsewhere.owner);
  await start();
});

t.test('of two first starts at the same moment one wins and one is refused', async (t) => {
  const { dataDir, start } = dataDirectory(t);
  const results = await Promise.allSettled([start(), start()]);
  t.same(results.map((result) => result.status).sort(), ['fulfilled', 'rejected']);
  for (const result of results) {
    if (result.status === 'rejected')
      t.ok(result.reason instanceof DataDirectoryInUse, String(result.reason));
    else t.same(await ask(result.value.superuserUrl, 'SELECT 1 AS one'), [{ one: 1 }]);
  }
  t.same(
    fs.readdirSync(dataDir).filter((name) => name.startsWith('postgres.new')),
    [],
  );
});

t.test('an owner that exits without stopping takes PostgreSQL with it', async (t) => {
  const { dataDir, start } = dataDirectory(t);
  const { owner, superuserUrl } = await startElsewhere(dataDir);
  await insert(superuserUrl, 10);
  const gone = once(owner, 'exit');
  owner.stdin?.write('exit\n');
  t.same(await gone, [3, null]);
  for (let tries = 0; tries < 100 && (await answers(superuserUrl)); tries += 1) await sleep(50);
  t.notOk(await answers(superuserUrl));
  t.same(await gramsIn((await start()).superuserUrl), ['10']);
});

t.test(
  'a cluster without its password or of another version is named, never replaced by an empty one',
  async (t) => {
    const { dataDir, start } = dataDirectory(t);
    const first = await start();
    if (path.dirname(first.directory) !== fs.realpathSync(dataDir))
      return t.pass('the cluster lies elsewhere');
    await first.stop();
    const passwordFile = path.join(dataDir, 'postgres-superuser-password');
    const password = fs.readFileSync(passwordFile);
    fs.rmSync(passwordFile);
    await t.rejects(start(), { message: /password is missing: put it back/ });
    fs.writeFileSync(passwordFile, password);

    const versionFile = path.join(first.directory, 'PG_VERSION');
    fs.writeFileSync(versionFile, '17\n');
    await t.rejects(start(), { message: /was made by PostgreSQL 17/ });
    fs.writeFileSync(versionFile, '18\n');
    await start();
  },
);

const root = process.getuid?.() === 0;
t.test(
  'under root a data directory that others cannot enter is said, and its rows are found again',
  {
    skip: root ? false : 'needs root',
  },
  async (t) => {
    const closed = fs.mkdtempSync(path.join(tmpdir(), 'blue-cycle-closed-'));
    const { start, lines } = dataDirectory(t, path.join(closed, 'data'));
    t.teardown(() => fs.rmSync(closed, { recursive: true }));
    const first = await start();
    t.notMatch(first.directory, closed);
    t.ok(
      lines.some(
        (line) => line.level === 'warn' && line.text.includes(`the database lies in ${first.directory}`),
      ),
    );
    await insert(first.superuserUrl, 44);
    await first.stop();

    // Opened since: the rows stay where they are, and are not forgotten for an empty cluster.
    fs.chmodSync(closed, 0o755);
    const second = await start();
    t.equal(second.directory, first.directory);
    t.same(await gramsIn(second.superuserUrl), ['44']);
  },
);
