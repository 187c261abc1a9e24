import { unprocessable } from '../kernel/errors.ts';

/** How far a clock at a site may run ahead of ours. */
const AHEAD_MS = 10 * 60_000;

/** 422 `not_yet` for a time said of something done that still lies in the future. `now` in milliseconds. */
export const assertPast = (at: string | undefined, now: number, pointer: string): void => {
  if (at !== undefined && Date.parse(at) > now + AHEAD_MS)
    throw unprocessable('not_yet', pointer, 'must not lie in the future; record it once it was done');
};
