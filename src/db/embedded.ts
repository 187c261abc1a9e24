import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataDirectoryInUse, ENVIRONMENT, launchStubbornly, shutDown } from './embedded.launch.ts';
import { choosePlace, type EmbeddedLog, type Place } from './embedded.place.ts';
import { isTaken, look, ownerOf, sendSignal, serves } from './embedded.processes.ts';

export { DataDirectoryInUse } from './embedded.launch.ts';
export type { EmbeddedLog } from './embedded.place.ts';

export type EmbeddedPostgres = {
  /** `postgresql://postgres:…@127.0.0.1:PORT/postgres`; holds the password. */
  superuserUrl: string;
  /** The postmaster's process id. */
  pid: number;
  /** Where the cluster lies; under root this may be outside the data directory. */
  directory: string;
  /** Resolves when PostgreSQL is gone, with a sentence how; whoever did not call `stop` may start it again. */
  exited: Promise<string>;
  /** Ends all sessions, writes a checkpoint, resolves when the process is gone. May be called repeatedly. */
  stop(): Promise<void>;
};

/**
 * Starts the PostgreSQL that comes with the package on the cluster in `dataDir`, making it at the first start.
 * It listens on 127.0.0.1 only, on `port` or a free one. What a killed predecessor left, a stale lock file or a
 * postmaster without its owner, is cleared away first; acknowledged transactions survive either kill.
 * The caller stops it; no signal handler is installed. On `process.exit` it is told to stop, unwaited.
 * @throws {DataDirectoryInUse} when another living process has started it on the same directory.
 * @throws {Error} with a sentence for the operator when it cannot be started here.
 */
export async function startEmbedded(options: {
  dataDir: string;
  log: EmbeddedLog;
  port?: number;
}): Promise<EmbeddedPostgres> {
  const { log } = options;
  const place = await choosePlace(options.dataDir, log);
  await initialise(place, log);
  await clearTheWay(place.directory, log);
  const { child, port, exited } = await launchStubbornly(place, options.port, log);
  log.info({ directory: place.directory, port, pid: child.pid }, 'PostgreSQL is ready');

  const tellToStop = () => child.kill('SIGINT');
  process.once('exit', tellToStop);
  void exited.then(() => process.removeListener('exit', tellToStop));

  let stopping: Promise<void> | undefined;
  return {
    superuserUrl: `postgresql://postgres:${place.password}@127.0.0.1:${port}/postgres`,
    pid: child.pid!,
    directory: place.directory,
    exited,
    stop: () => {
      stopping ??= shutDown(child, exited, log);
      return stopping;
    },
  };
}

/** Makes the cluster beside its place and moves it there whole, so that a half-made one is never taken for one. */
async function initialise(place: Place, log: EmbeddedLog): Promise<void> {
  const { directory, user } = place;
  if (fs.existsSync(path.join(directory, 'PG_VERSION'))) return;
  removeAbandonedDrafts(directory);
  const draft = `${directory}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
  const passwordFile = `${draft}.password`;
  log.info({ directory }, 'making the database, which takes a few seconds');
  try {
    fs.mkdirSync(draft, { mode: 0o700 });
    fs.writeFileSync(passwordFile, `${place.password}\n`, { mode: 0o600 });
    if (user !== undefined) for (const made of [draft, passwordFile]) fs.chownSync(made, user.uid, user.gid);
    await runInitdb(place, draft, passwordFile);
    fs.renameSync(draft, directory);
    const parent = fs.openSync(path.dirname(directory), 'r');
    fs.fsyncSync(parent);
    fs.closeSync(parent);
  } catch (error) {
    // Another first start was quicker: its cluster is as good, and who may run it is decided below.
    if (!fs.existsSync(path.join(directory, 'PG_VERSION'))) throw error;
  } finally {
    fs.rmSync(passwordFile, { force: true });
    fs.rmSync(draft, { recursive: true, force: true });
  }
}

async function runInitdb(place: Place, draft: string, passwordFile: string): Promise<void> {
  const how = [
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
    '--no-instructions',
  ];
  const child = spawn(
    place.binaries.initdb,
    [`--pgdata=${draft}`, '--username=postgres', `--pwfile=${passwordFile}`, ...how],
    { ...place.user, cwd: '/', env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0)
    throw new Error(`The database could not be made. initdb said: ${said.trim() || `exit ${code}`}`);
}

/** What an `initialise` that was killed left behind; those of living processes stay. */
function removeAbandonedDrafts(directory: string): void {
  const prefix = `${path.basename(directory)}.new-`;
  for (const name of fs.readdirSync(path.dirname(directory))) {
    if (!name.startsWith(prefix)) continue;
    const draft = path.join(path.dirname(directory), name);
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    // In a container a process often gets the number its predecessor had.
    const madeByUs = () =>
      (fs.statSync(draft, { throwIfNoEntry: false })?.birthtimeMs ?? 0) >= performance.timeOrigin;
    if (pid === process.pid ? madeByUs() : look(pid) !== undefined) continue;
    fs.rmSync(draft, { recursive: true, force: true });
  }
}

/** Deals with the process named in `postmaster.pid`, when there is one. */
async function clearTheWay(directory: string, log: EmbeddedLog): Promise<void> {
  const lockFile = path.join(directory, 'postmaster.pid');
  if (!fs.existsSync(lockFile)) return;
  const [first, ...rest] = fs.readFileSync(lockFile, 'utf8').split('\n');
  const pid = Math.abs(Number.parseInt(first ?? '', 10));
  const running = look(pid);
  if (running === undefined || !serves(running, directory)) {
    log.info({ directory }, 'PostgreSQL was not stopped properly last time; it will recover');
    // Where the number is taken, by another program or a corpse nobody collects, PostgreSQL would not start. It
    // passes over its parent's number, and still looks whether sessions of the dead one hold the shared memory
    // named further down, which it could not if the file were removed.
    if (isTaken(pid)) fs.writeFileSync(lockFile, [process.pid, ...rest].join('\n'));
    return;
  }
  const owner = ownerOf(running);
  if (owner === undefined)
    throw new DataDirectoryInUse(directory, `a PostgreSQL started by hand (process ${pid})`);
  if (owner === running.parent) throw new DataDirectoryInUse(directory, `process ${owner}`);
  log.warn(
    { directory, pid },
    `stopping the PostgreSQL that process ${owner} left behind when it was killed`,
  );
  await stopOrphan(pid, directory);
}

async function stopOrphan(pid: number, directory: string): Promise<void> {
  // SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one, after which it recovers from its log.
  for (const [signal, patienceMs] of [
    ['SIGINT', 60_000],
    ['SIGQUIT', 15_000],
  ] as const) {
    const until = performance.now() + patienceMs;
    sendSignal(pid, signal);
    while (performance.now() < until) {
      const running = look(pid);
      if (running === undefined || !serves(running, directory)) return;
      await sleep(25);
    }
  }
  throw new Error(`PostgreSQL (process ${pid}) in ${directory} does not stop: end it, then start again.`);
}
