import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MAIN = path.resolve(import.meta.dirname, '../../main.ts');

/** What `npm start` and the image give Node: a heap that stays small rather than one that grows while it may. */
const HEAP = ['--max-semi-space-size=8', '--max-old-space-size=512'];

/** A command of ours in a process of its own, its output thrown away. */
export const startCommand = (args: readonly string[], env: Record<string, string>): ChildProcess =>
  spawn(process.execPath, [...HEAP, MAIN, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: 'ignore',
  });

/** The most memory it ever held, in MB of 10^6 bytes; null where /proc does not tell. */
export const peakMegabytes = async (pid: number): Promise<number | null> => {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return null;
  const kibibytes = /VmHWM:\s+(\d+) kB/.exec(await readFile(file, 'utf8').catch(() => ''))?.[1];
  return kibibytes === undefined ? null : (Number(kibibytes) * 1_024) / 1e6;
};

/** Waits for the end of a command and returns its exit code and the most memory it held. */
export const runCommand = async (
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number; peak: number | null }> => {
  const child = startCommand(args, env);
  let peak: number | null = null;
  const ended = once(child, 'exit');
  while (child.exitCode === null && child.signalCode === null) {
    peak = (await peakMegabytes(child.pid!)) ?? peak;
    await Promise.race([ended, sleep(20)]);
  }
  return { code: child.exitCode ?? 1, peak };
};

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};
