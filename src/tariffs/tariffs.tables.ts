import { table } from '../db/table.ts';
import type { TariffPrice } from './tariffs.schema.ts';

export type Tariff = {
  id: string;
  source: string;
  /** Milliseconds since 1970. */
  startsAt: number;
  buyerId: string | null;
  prices: TariffPrice[];
  seq: number;
  lastSeq: number;
};
export const tariffs = table<Tariff>('tariffs', 'id', {
  id: 'uuid',
  source: 'text',
  startsAt: 'int8',
  buyerId: 'uuid',
  prices: 'json',
  seq: 'int8',
  lastSeq: 'int8',
});

/** Which tariff starts when, in the order of the ledger: one row, so that a rule finds the one in force. */
export type TariffSchedule = {
  id: string;
  starts: { tariffId: string; startsAt: number }[];
  lastSeq: number;
};
export const tariffSchedules = table<TariffSchedule>('tariff_schedules', 'id', {
  id: 'uuid',
  starts: 'json',
  lastSeq: 'int8',
});
