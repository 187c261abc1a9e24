import { Writable } from 'node:stream';
import { run } from '../../src/cli/program.ts';

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
