import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';

// Which process answers for a postmaster stands on its command line: unlike a file it cannot outlive it.
export const OWNER_SETTING = 'blue_cycle.owner_pid';

/** Whether some process has this number, a corpse or another user's included. */
export function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export type Running = { parent: number; command: string };

/** A living process's parent and command line; undefined when there is none, or only its corpse. */
export function look(pid: number): Running | undefined {
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

/** Whether it is a PostgreSQL of this cluster. */
export const serves = (running: Running, directory: string) => running.command.includes(` -D ${directory} `);

/** The process that started it, as its command line says; undefined of one that was started by hand. */
export function ownerOf(running: Running): number | undefined {
  const [, owner] = new RegExp(`${OWNER_SETTING}=(\\d+)`).exec(running.command) ?? [];
  return owner === undefined ? undefined : Number(owner);
}
