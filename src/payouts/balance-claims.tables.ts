import { table } from '../db/table.ts';
import type { By } from './payouts.tables.ts';

/** The last proposal of where the balance of somebody who was erased goes; to whom, the fact `seq` says. */
export type BalanceClaim = {
  accountId: string;
  /** Of the one who claims it. */
  toAccountId: string;
  currency: string;
  maker: By;
  state: 'proposed' | 'approved' | 'rejected';
  /** Milliseconds. */
  proposedAt: number;
  /** Minor units that went over; null until it is approved. */
  amount: number | null;
  seq: number;
  lastSeq: number;
};
export const balanceClaims = table<BalanceClaim>('balance_claims', 'accountId', {
  accountId: 'uuid',
  toAccountId: 'uuid',
  currency: 'text',
  maker: 'json',
  state: 'text',
  proposedAt: 'int8',
  amount: 'int8',
  seq: 'int8',
  lastSeq: 'int8',
});
