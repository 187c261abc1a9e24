import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import type { Test } from 'tap';
import { run } from '../../src/cli/program.ts';
import type { TestApp } from './app.ts';

export type Ran = { code: number; out: string; err: string };

/** Runs one command line in this process, with the environment it would see. */
export const command = async (env: Record<string, string>, ...argv: string[]): Promise<Ran> => {
  const into = (texts: string[]) =>
    new Writable({
      write(chunk, _encoding, done) {
        texts.push(String(chunk));
        done();
      },
    });
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(argv, { stdout: into(out), stderr: into(err), isTTY: false, env, fetch });
  return { code, out: out.join(''), err: err.join('') };
};

/** A directory for the test, removed after it. */
export const directory = async (t: Test): Promise<string> => {
  const made = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-cli-'));
  await chmod(made, 0o711);
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
};

/** The environment a command would see beside the running app. */
export const environmentOf = ({ urls, deps }: TestApp): Record<string, string> => ({
  DATABASE_URL: urls.apiUrl,
  DATABASE_OWNER_URL: urls.ownerUrl,
  BLUE_CYCLE_DATA_DIR: deps.config.dataDir,
});
