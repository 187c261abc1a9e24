import { journal } from '../db/table.ts';

/** Counters without a gap between them. What is missing lies before `from`. */
export type CounterRun = {
  from: number;
  to: number;
  /** The weigh-in that bears `from`: its fact and its lot. */
  seq: number;
  lotId: string;
  /** When the gap before it was first seen, in milliseconds. */
  since: number;
  /** Whether that gap was marked upon the weigh-in. */
  marked: boolean;
};

/** The counters signed with one key of a device, as far as they arrived. Written by the follower. */
export type DeviceLine = {
  deviceId: string;
  /** The key's number among those the device had, from 0. */
  deviceKey: number;
  /** The highest counter seen. */
  counter: number;
  runs: CounterRun[];
  /** When the gap that waited longest is marked, in milliseconds; null when none waits. */
  due: number | null;
  closed: boolean;
};
export const deviceLines = journal<DeviceLine>('device_lines', {
  deviceId: 'uuid',
  deviceKey: 'int2',
  counter: 'int8',
  runs: 'json',
  due: 'int8',
  closed: 'boolean',
});
