import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { SingleBar } from 'cli-progress';

/** What a command may touch of the process around it. */
export type Io = {
  stdout: Writable;
  stderr: Writable;
  /** Whether stderr is a terminal, and so shows progress. */
  isTTY: boolean;
  env: Readonly<Record<string, string | undefined>>;
  fetch: typeof fetch;
};

/** 0: done, and all is well. 1: something is wrong with what was looked at. 2: the command was used wrongly. */
export type ExitCode = 0 | 1 | 2;

/** Ends a command with exit code 2; the message says what to write instead. */
export class Misuse extends Error {
  override name = 'Misuse';
}

/** Ends a command with exit code 1; the message is a sentence for the operator. */
export class Failed extends Error {
  override name = 'Failed';
}

/** Writes, and waits where the reader is slow. */
export const write = async (stream: Writable, text: string | Uint8Array): Promise<void> => {
  if (!stream.write(text)) await once(stream, 'drain');
};

/** The result: one JSON object for machines, else lines for people. */
export const answer = (
  io: Io,
  json: boolean | undefined,
  object: object,
  lines: readonly string[],
): Promise<void> =>
  write(io.stdout, json ? `${JSON.stringify(object)}\n` : lines.map((line) => `${line}\n`).join(''));

export type Progress = { update(done: number, total: number): void; stop(): void };

/** A bar on stderr where that is a terminal; what takes less than a second shows none. */
export const progressOf = (io: Io, unit: string): Progress => {
  const since = performance.now();
  let bar: SingleBar | undefined;
  let first: { done: number; at: number } | undefined;
  return {
    update: (done, total) => {
      if (!io.isTTY || performance.now() - since < 1_000) return;
      if (bar === undefined) {
        const format = `{bar} {percentage}% | {value} of {total} ${unit} | {rate}/s | {eta_formatted}`;
        bar = new SingleBar({ stream: io.stderr as NodeJS.WriteStream, format, hideCursor: true });
        bar.start(total, done, { rate: '' });
      }
      bar.setTotal(total);
      first ??= { done, at: performance.now() };
      const seconds = (performance.now() - first.at) / 1_000;
      const rate = seconds === 0 ? '' : count(Math.round((done - first.done) / seconds));
      bar.update(done, { rate });
    },
    stop: () => bar?.stop(),
  };
};

/** `n` with commas between thousands. */
export const count = (n: number): string => n.toLocaleString('en-US');
