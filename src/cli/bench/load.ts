import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { LoadResult, LoadTask } from './load.child.ts';
import { type Sample, toSample } from './rounds.ts';

/** A process of its own that sends requests; it lives until it is closed. */
export type LoadGenerator = {
  /** Throws when an answer was not the expected one. `count` is weigh-ins where these were posted, else answers. */
  run(task: LoadTask): Promise<Sample>;
  close(): Promise<void>;
};

export const openLoadGenerator = (): LoadGenerator => {
  const child: ChildProcess = fork(path.join(import.meta.dirname, 'load.child.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');
  return {
    run: async (task) => {
      child.send(task);
      const [result] = (await Promise.race([
        once(child, 'message'),
        gone.then(() => [{ error: 'the load generator ended' }]),
      ])) as [LoadResult];
      if ('error' in result) throw new Error(result.error);
      return toSample(result.latencies, result.elapsedMs, result.count);
    },
    close: async () => {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
};
