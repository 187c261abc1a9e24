import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedLog, EmbeddedPostgres } from './embedded.ts';

const LONGEST_WAIT_MS = 1_000;

/**
 * Keeps an embedded PostgreSQL running until `stop`: when it dies it is started again, as often as it takes.
 * `restart` must start it on the same port, so that pools find it again.
 */
export const supervise = (
  first: EmbeddedPostgres,
  restart: () => Promise<EmbeddedPostgres>,
  log: EmbeddedLog,
): { stop(): Promise<void>; current(): EmbeddedPostgres } => {
  let current = first;
  let stopping = false;
  const watch = async (): Promise<void> => {
    while (!stopping) {
      const how = await current.exited;
      if (stopping) return;
      log.error({ how }, 'PostgreSQL is gone; starting it again');
      await again();
    }
  };
  const again = async (): Promise<void> => {
    for (let wait = 50; !stopping; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        current = await restart();
        return;
      } catch (error) {
        log.error({ err: error }, 'PostgreSQL does not start');
        await sleep(wait);
      }
    }
  };
  const watching = watch();
  return {
    current: () => current,
    stop: async () => {
      stopping = true;
      await current.stop();
      // A restart under way is waited for, or its PostgreSQL would outlive us.
      await watching;
      await current.stop();
    },
  };
};
