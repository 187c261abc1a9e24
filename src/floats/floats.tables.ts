import { journal, table } from '../db/table.ts';

/** A count of the cash, and what is short of it that no payment told later explains. Minor units. */
export type CashCount = { countId: string; seq: number; countedAt: number; short: number };

/** The float (备用金) of a site in one currency; its id is its account's. */
export type CashFloat = {
  id: string;
  siteId: string;
  organisationId: string;
  currency: string;
  /** Minor units one person may be paid in cash on one day; null: no limit. */
  personDayCap: number | null;
  /** The last counts, the oldest first. */
  counts: CashCount[];
  seq: number;
  lastSeq: number;
};
export const cashFloats = table<CashFloat>('cash_floats', 'id', {
  id: 'uuid',
  siteId: 'uuid',
  organisationId: 'uuid',
  currency: 'text',
  personDayCap: 'int8',
  counts: 'json',
  seq: 'int8',
  lastSeq: 'int8',
});

/** What one person was paid in cash on a day. The id follows from the person under a key outside the database. */
export type CashDay = {
  id: string;
  floatId: string;
  day: string;
  paid: number;
  over: boolean;
  lastSeq: number;
};
export const cashDays = table<CashDay>('cash_days', 'id', {
  id: 'uuid',
  floatId: 'uuid',
  day: 'text',
  paid: 'int8',
  over: 'boolean',
  lastSeq: 'int8',
});

export type MovementKind = 'payment' | 'top-up' | 'withdrawal' | 'count';

/** The cash book of a float: `at` is when it moved, in milliseconds; `delta` minor units, in is positive. */
export type CashMovement = { floatId: string; seq: number; at: number; delta: number; kind: MovementKind };
export const cashMovements = journal<CashMovement>('cash_movements', {
  floatId: 'uuid',
  seq: 'int8',
  at: 'int8',
  delta: 'int8',
  kind: 'text',
});
