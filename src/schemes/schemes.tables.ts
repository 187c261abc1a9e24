import { journal, table } from '../db/table.ts';
import type { SchemeRules } from './rules.ts';

/** A scheme as it is in force. */
export type Scheme = {
  code: string;
  version: number;
  /** Who set its rules; nobody else may set others. */
  organisationId: string;
  /** The fact that published this version. */
  seq: number;
  lastSeq: number;
  rules: SchemeRules;
};
export const schemes = table<Scheme>('schemes', 'code', {
  code: 'text',
  version: 'int4',
  organisationId: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  rules: 'json',
});

export type SchemeVersion = Omit<Scheme, 'lastSeq'>;
export const schemeVersions = journal<SchemeVersion>('scheme_versions', {
  code: 'text',
  version: 'int4',
  organisationId: 'uuid',
  seq: 'int8',
  rules: 'json',
});
