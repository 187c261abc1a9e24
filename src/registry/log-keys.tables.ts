import { table } from '../db/table.ts';

/** A key that signs the log's checkpoints; `key` is its verifier key (C2SP signed-note), `id` the id in it. */
export type LogKey = { id: string; key: string; seq: number; retiredSeq: number | null };
export const logKeys = table<LogKey>('log_keys', 'id', {
  id: 'text',
  key: 'text',
  seq: 'int8',
  retiredSeq: 'int8',
});
