import { table } from '../db/table.ts';
import type { PayoutHold, PayoutRail, PayoutState } from '../kernel/vocabulary.ts';
import type { Step } from '../rails/rail.ts';

/** Where a person is paid; `seq` is the fact that says so, in whose person part the account stands. */
export type Payee = {
  personId: string;
  rail: PayoutRail | null;
  /** Keyed hash of the account, in hex; null where there is none, as for cash. */
  accountHash: string | null;
  /** Whether the real name is known. */
  named: boolean;
  /** Milliseconds; null while the first account stands. */
  changedAt: number | null;
  /** Whether the person agrees that what was overpaid is taken off payouts. */
  netting: boolean;
  seq: number | null;
  lastSeq: number;
};
export const payees = table<Payee>('payees', 'personId', {
  personId: 'uuid',
  rail: 'text',
  accountHash: 'text',
  named: 'boolean',
  changedAt: 'int8',
  netting: 'boolean',
  seq: 'int8',
  lastSeq: 'int8',
});

/** The last proposal of whom to pay in a person's place; who that is stands in the fact `seq`. */
export type Heir = {
  personId: string;
  rail: PayoutRail;
  accountHash: string | null;
  maker: By;
  state: 'proposed' | 'approved' | 'rejected';
  /** The proposal that was approved last, whatever was proposed since. */
  paidSeq: number | null;
  seq: number;
  lastSeq: number;
};
export const heirs = table<Heir>('payout_heirs', 'personId', {
  personId: 'uuid',
  rail: 'text',
  accountHash: 'text',
  maker: 'json',
  state: 'text',
  paidSeq: 'int8',
  seq: 'int8',
  lastSeq: 'int8',
});

/** Minor units that were owed on the account after entry `asOfSeq`, long ago, and were not paid since. */
export type Unclaimed = {
  accountId: string;
  currency: string;
  amount: number;
  asOfSeq: number;
  state: 'unclaimed' | 'claimed';
  seq: number;
  lastSeq: number;
};
export const unclaimed = table<Unclaimed>('payout_unclaimed', 'accountId', {
  accountId: 'uuid',
  currency: 'text',
  amount: 'int8',
  asOfSeq: 'int8',
  state: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

/** Who made or approved something. */
export type By = { keyId: string; organisationId: string; holder: string };

/** Whom a run pays: everyone with a payee on the rail who is owed at least so much, of these sites and people. */
export type RunRule = {
  version: number;
  minimum: number;
  maximum: number;
  siteId?: string | undefined;
  collectorIds?: string[] | undefined;
};

export type PayoutRun = {
  id: string;
  rail: PayoutRail;
  currency: string;
  /** What was owed after this entry is paid. */
  asOfSeq: number;
  rule: RunRule;
  /** How many are paid by it, minor units in all, and a hash over the ordered list. */
  count: number;
  total: number;
  listHash: string;
  maker: By;
  approval: By | null;
  state: 'drafting' | 'drafted' | 'approved' | 'submitted' | 'rejected';
  /** Of the orders that were made in the end. */
  draftedCount: number | null;
  draftedTotal: number | null;
  draftedHash: string | null;
  seq: number;
  lastSeq: number;
};
export const payoutRuns = table<PayoutRun>('payout_runs', 'id', {
  id: 'uuid',
  rail: 'text',
  currency: 'text',
  asOfSeq: 'int8',
  rule: 'json',
  count: 'int8',
  total: 'int8',
  listHash: 'text',
  maker: 'json',
  approval: 'json',
  state: 'text',
  draftedCount: 'int8',
  draftedTotal: 'int8',
  draftedHash: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

export type PayoutOrder = {
  id: string;
  runId: string | null;
  /** Null once the person was erased. */
  personId: string | null;
  siteId: string | null;
  rail: PayoutRail;
  currency: string;
  /** Minor units that are sent. */
  amount: number;
  /** Minor units kept back for what was overpaid; with `amount`, what is set aside of what is owed. */
  netted: number;
  payableId: string;
  overpaidId: string;
  /** The fact that says where the person is paid. */
  payeeSeq: number;
  state: PayoutState;
  holds: PayoutHold[];
  /** Needs an approval of its own; that of its run does not count. */
  alone: boolean;
  /** May be sent once approved, whatever its run. */
  ready: boolean;
  maker: By;
  approval: By | null;
  /** Of the attempt, once there is one. */
  reference: string | null;
  seq: number;
  lastSeq: number;
};
export const payoutOrders = table<PayoutOrder>('payout_orders', 'id', {
  id: 'uuid',
  runId: 'uuid',
  personId: 'uuid',
  siteId: 'uuid',
  rail: 'text',
  currency: 'text',
  amount: 'int8',
  netted: 'int8',
  payableId: 'uuid',
  overpaidId: 'uuid',
  payeeSeq: 'int8',
  state: 'text',
  holds: 'json',
  alone: 'boolean',
  ready: 'boolean',
  maker: 'json',
  approval: 'json',
  reference: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

/** What was done under one reference of a rail. */
export type PayoutAttempt = {
  reference: string;
  orderId: string;
  steps: Step[];
  /** Opens the page on which the payee confirms. */
  confirmation: string | null;
  seq: number;
  lastSeq: number;
};
export const payoutAttempts = table<PayoutAttempt>('payout_attempts', 'reference', {
  reference: 'text',
  orderId: 'uuid',
  steps: 'json',
  confirmation: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});
