import { journal } from '../db/table.ts';

/** What a scale said of a known mass. */
export type CheckWeight = {
  id: string;
  deviceId: string;
  seq: number;
  day: string;
  nominalGrams: number;
  readGrams: number;
  toleranceGrams: number;
  passed: boolean;
};
export const checkWeights = journal<CheckWeight>('check_weights', {
  id: 'uuid',
  deviceId: 'uuid',
  seq: 'int8',
  day: 'text',
  nominalGrams: 'int8',
  readGrams: 'int8',
  toleranceGrams: 'int8',
  passed: 'boolean',
});
