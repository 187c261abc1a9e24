import { table } from '../db/table.ts';
import type { LotUse } from '../lots/lots.ts';

export type RunOutput = { lotId: string; material: string; form: string; grams: number };
export type RunLoss = { kind: string; grams: number };

/** A step of processing at a site: lots that went in, lots and losses that came out. */
export type ProcessRun = {
  id: string;
  seq: number;
  lastSeq: number;
  organisationId: string;
  siteId: string;
  step: string;
  lineClean: boolean;
  inputs: LotUse[];
  outputs: RunOutput[];
  losses: RunLoss[];
  marks: string[];
  state: 'completed' | 'voided';
};
export const processRuns = table<ProcessRun>('process_runs', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  step: 'text',
  lineClean: 'boolean',
  inputs: 'json',
  outputs: 'json',
  losses: 'json',
  marks: 'json',
  state: 'text',
});
