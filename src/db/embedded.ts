import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePlace, type EmbeddedLog, type Place } from './embedded.place.ts';

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

/** One writer at a time per data directory; the message says who has it and what to do. */
export class DataDirectoryInUse extends Error {
  constructor(directory: string, holder: string) {
    super(
      `The database in ${directory} is in use by ${holder}: stop that one first, or give this one another BLUE_CYCLE_DATA_DIR.`,
    );
    this.name = 'DataDirectoryInUse';
  }
}

/** PostgreSQL ended before it was ready; `lines` are its own words. */
class StartFailure extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(`PostgreSQL did not start. It said: ${lines.slice(-5).join(' | ') || 'nothing'}`);
    this.lines = lines;
  }

  said(pattern: RegExp): boolean {
    return this.lines.some((line) => pattern.test(line));
  }
}

// Nothing of our own environment goes to PostgreSQL: there are secrets in it. Messages are read, so no locale.
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin:/usr/sbin:/sbin' };
// Which process answers for a postmaster stands on its command line: unlike a file it cannot outlive it.
const OWNER_SETTING = 'blue_cycle.owner_pid';

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

function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

type Running = { parent: number; command: string };

/** A living process's parent and command line; undefined when there is none, or only its corpse. */
function look(pid: number): Running | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (process.platform !== 'linux') {
    const ps = spawnSync('ps', ['-ww', '-o', 'stat=,ppid=,command=', '-p', String(pid)], {
      encoding: 'utf8',
    });
    const [, parent, command] = /^\s*[^Z\s]\S*\s+(\d+)\s+(.*)$/m.exec(ps.stdout ?? '') ?? [];
    return command === undefined ? undefined : { parent: Number(parent), command: `${command} ` };
  }
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name, in brackets, may itself hold spaces and brackets.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    return {
      parent: Number(parent),
      command: fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
    };
  } catch {
    return undefined;
  }
}

const serves = (running: Running, directory: string) => running.command.includes(` -D ${directory} `);

function ownerOf(running: Running): number | undefined {
  const [, owner] = new RegExp(`${OWNER_SETTING}=(\\d+)`).exec(running.command) ?? [];
  return owner === undefined ? undefined : Number(owner);
}

type Launched = { child: ChildProcess; port: number; exited: Promise<string> };

/** Tries again where waiting or another port helps: sessions of a killed postmaster take a moment to notice. */
async function launchStubbornly(place: Place, port: number | undefined, log: EmbeddedLog): Promise<Launched> {
  const until = performance.now() + 20_000;
  for (;;) {
    try {
      return await launch(place, port ?? (await freePort()), log);
    } catch (error) {
      if (!(error instanceof StartFailure)) throw error;
      if (error.said(/lock file ".*" already exists/)) {
        throw new DataDirectoryInUse(place.directory, 'another process that started at the same moment');
      }
      const passing = error.said(/pre-existing shared memory block/) || error.said(/Address already in use/);
      if (!passing || performance.now() > until) throw error;
      await sleep(100);
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}

/** On the command line, where neither postgresql.conf nor ALTER SYSTEM can take durability away. */
function settings(port: number): Record<string, string | number> {
  return {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '',
    // Statements and details hold names, phone numbers and places; they stay out of the log.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    [OWNER_SETTING]: process.pid,
  };
}

/** Resolves when PostgreSQL accepts connections, after crash recovery however long that takes. */
async function launch(place: Place, port: number, log: EmbeddedLog): Promise<Launched> {
  const flags = Object.entries(settings(port)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // Its own session: Ctrl-C in a terminal must reach us only, or the database goes before the last request is done.
  const child = spawn(place.binaries.postgres, ['-D', place.directory, ...flags], {
    ...place.user,
    cwd: '/',
    env: ENVIRONMENT,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(signal === null ? `exit status ${code}` : `ended by ${signal}`),
    );
  });
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (lines.length < 50) lines.push(line);
      passOn(line, child.pid, log);
      if (line.includes('database system is ready to accept connections')) resolve();
    });
    void exited.then((how) => reject(new StartFailure([...lines, how])));
  });
  return { child, port, exited };
}

function passOn(line: string, pid: number | undefined, log: EmbeddedLog): void {
  const [, severity, text] = /^([A-Z]+\d?): {2}(.*)$/.exec(line) ?? [undefined, 'LOG', line];
  // An ERROR is told to the session that asked, whose code decides what it means.
  const level = { WARNING: 'warn', FATAL: 'warn', PANIC: 'error' } as const;
  // Said to each connection when we stop it ourselves.
  const ordinary = /administrator command|shutting down/.test(text ?? '');
  log[ordinary ? 'debug' : (level[severity as keyof typeof level] ?? 'debug')](
    { postgres: pid },
    text ?? line,
  );
}

async function shutDown(child: ChildProcess, exited: Promise<string>, log: EmbeddedLog): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 10_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (signal !== 'SIGINT') log.warn({ pid: child.pid }, `PostgreSQL does not stop; sending ${signal}`);
    child.kill(signal);
    const patience = new AbortController();
    const late = sleep(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([exited, late]);
    patience.abort();
  }
  await exited;
}
