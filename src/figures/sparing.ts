import { Recent } from '../kernel/recent.ts';
import { unavailable } from '../ledger/record.ts';

/** What takes longer is given again, for so many times as long as it took: a figure costs a twentieth of its time at most. */
const LONG_MS = 1_000;
const TIMES = 20;
const MOST_KEPT = 256;
const MOST_WAITING = 64;

/**
 * Runs what anybody may ask for one at a time, and once for all who ask the same meanwhile: some figures read every weigh-in, and
 * whoever asks for many must not take the database from the scales. 503 `busy` when too many wait.
 */
export const sparing = <Value>(): ((key: string, run: () => Promise<Value>) => Promise<Value>) => {
  const kept = new Recent<string, { value: Value; until: number }>(MOST_KEPT);
  const running = new Map<string, Promise<Value>>();
  let last: Promise<unknown> = Promise.resolve();
  const timed = async (key: string, run: () => Promise<Value>): Promise<Value> => {
    const began = performance.now();
    const value = await run();
    const now = performance.now();
    if (now - began > LONG_MS) kept.set(key, { value, until: now + (now - began) * TIMES });
    return value;
  };
  return async (key, run) => {
    const known = kept.get(key);
    if (known !== undefined && known.until > performance.now()) return known.value;
    const same = running.get(key);
    if (same !== undefined) return same;
    if (running.size >= MOST_WAITING)
      throw unavailable('busy', 'Many figures are being counted; ask again in a few seconds.');
    const turn = last.then(() => timed(key, run)).finally(() => running.delete(key));
    last = turn.catch(() => undefined);
    running.set(key, turn);
    return turn;
  };
};
