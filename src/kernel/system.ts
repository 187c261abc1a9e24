import { randomBytes, randomFillSync } from 'node:crypto';
import { uuidV7 } from './ids.ts';
import type { Clock, Random } from './time.ts';

/** The one place where time and chance are taken from the machine; everything else is handed them. */
export const systemClock: Clock = () => Date.now();

const DRAWN_AT_ONCE = 8_192;
let drawn = Buffer.alloc(0);
let given = 0;

/** Random bytes, each given out once; small draws come from a larger one, since each draw has a price. */
export const systemRandom: Random = (bytes) => {
  if (bytes > 256) return randomBytes(bytes);
  if (given + bytes > drawn.length) {
    drawn = randomBytes(DRAWN_AT_ONCE);
    given = 0;
  }
  given += bytes;
  return drawn.subarray(given - bytes, given);
};

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
