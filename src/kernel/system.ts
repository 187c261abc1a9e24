import { randomBytes, randomFillSync } from 'node:crypto';
import { uuidV7 } from './ids.ts';
import type { Clock, Random } from './time.ts';

/** The one place where time and chance are taken from the machine; everything else is handed them. */
export const systemClock: Clock = () => Date.now();

export const systemRandom: Random = (bytes) => randomBytes(bytes);

const pool = Buffer.allocUnsafe(10 * 512);
let used = pool.length;

/** Version 7 UUIDs; randomness is drawn for 512 at once, since a turn may make a thousand. */
export const newUuidV7 = (now: number): string => {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 10;
  return uuidV7(now, pool.subarray(used - 10, used));
};
