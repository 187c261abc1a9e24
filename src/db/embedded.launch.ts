import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedLog, Place } from './embedded.place.ts';
import { OWNER_SETTING } from './embedded.processes.ts';

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
export const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin:/usr/sbin:/sbin' };

export type Launched = { child: ChildProcess; port: number; exited: Promise<string> };

/** Tries again where waiting or another port helps: sessions of a killed postmaster take a moment to notice. */
export async function launchStubbornly(
  place: Place,
  port: number | undefined,
  log: EmbeddedLog,
): Promise<Launched> {
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

/** Asks it to stop, then insists; resolves when the process is gone. */
export async function shutDown(
  child: ChildProcess,
  exited: Promise<string>,
  log: EmbeddedLog,
): Promise<void> {
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
