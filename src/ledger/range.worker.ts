import { parentPort } from 'node:worker_threads';
import { sha256 } from '../kernel/hash.ts';
import { checkRange } from './range.ts';
import { type Packed, unpack } from './range-pool.ts';

/** Answers each range with what was found, in the order they came. */
parentPort!.on('message', ({ id, opened, ...packed }: Packed & { id: number; opened: boolean }) => {
  parentPort!.postMessage({ id, found: checkRange(sha256, unpack(packed), opened) });
});
