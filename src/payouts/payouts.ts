import type pg from 'pg';
import type { Clock } from '../kernel/time.ts';
import type { PayoutRail } from '../kernel/vocabulary.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import { listOperations } from './lists.operations.ts';
import { PAPER_LIMITS } from './lists.queries.ts';
import { type OrderLimits, type OrderOperations, orderOperations } from './orders.operations.ts';
import { runOperations } from './runs.operations.ts';
import { unclaimedOperations } from './unclaimed.ts';
import { PayoutWorker, type Rails } from './worker.ts';

export type Payouts = {
  worker: PayoutWorker;
  /** Those that answer while one waits; one that is not here cannot be paid on. */
  rails: Rails;
  orders: OrderOperations;
  runs: ReturnType<typeof runOperations>;
  lists: ReturnType<typeof listOperations>;
  /** What one order may pay on a rail; undefined where the rail is not set up. */
  limitsOf(rail: PayoutRail): OrderLimits | undefined;
  /** Minor units a run may pay in all. */
  runMaximum: number;
};

export type PayoutOptions = {
  pool: pg.Pool;
  keyring: Keyring;
  door: Door;
  clock: Clock;
  newId: () => string;
  programme: { operatorId: string; timeZone: string };
  config: { payoutOrderMaximum: number; payoutRunMaximum: number };
  onError: (error: Error) => void;
};

/** The payouts of one process; nothing is driven before the worker starts. */
export const openPayouts = ({ programme, config, ...options }: PayoutOptions): Payouts => {
  const rails: Rails = new Map();
  const limitsOf = (rail: PayoutRail): OrderLimits | undefined => {
    const limits = rail === 'wechat' ? rails.get(rail)?.limits : PAPER_LIMITS[rail];
    return limits && { ...limits, maximum: Math.min(limits.maximum, config.payoutOrderMaximum) };
  };
  const orders = orderOperations(options.keyring, programme);
  const runs = runOperations(programme);
  const unclaimed = unclaimedOperations(programme);
  const worker = new PayoutWorker({ ...options, rails, orders, runs, unclaimed, limitsOf });
  const lists = listOperations(programme);
  return { worker, rails, orders, runs, lists, limitsOf, runMaximum: config.payoutRunMaximum };
};
