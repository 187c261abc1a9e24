import { table } from '../db/table.ts';
import type { By } from './payouts.tables.ts';

export const PAPER_RAILS = ['bank', 'cash'] as const;
export type PaperRail = (typeof PAPER_RAILS)[number];

/** Orders that went out together on paper: a bank's file, or a list to be signed. */
export type PayoutList = {
  id: string;
  rail: PaperRail;
  currency: string;
  /** As printed; a bank's statement names it for the sum of the file. */
  number: string;
  runId: string | null;
  siteId: string | null;
  /** The day it is paid out, `YYYY-MM-DD`. */
  day: string;
  /** In the order of its lines. */
  orders: string[];
  count: number;
  /** Minor units. */
  total: number;
  fileSha256: string | null;
  /** Milliseconds. */
  madeAt: number;
  maker: By;
  seq: number;
  lastSeq: number;
};
export const payoutLists = table<PayoutList>('payout_lists', 'id', {
  id: 'uuid',
  rail: 'text',
  currency: 'text',
  number: 'text',
  runId: 'uuid',
  siteId: 'uuid',
  day: 'text',
  orders: 'json',
  count: 'int4',
  total: 'int8',
  fileSha256: 'text',
  madeAt: 'int8',
  maker: 'json',
  seq: 'int8',
  lastSeq: 'int8',
});
