import { table } from '../db/table.ts';

export const RELATION_KINDS = [
  'ownership',
  'common-owner',
  'management',
  'family',
  'contract',
  'none',
] as const;

/** What two organisations are to one another; `none` where it ended. */
export type Relation = {
  /** Of the pair. */
  id: string;
  relationId: string;
  oneId: string;
  otherId: string;
  kind: (typeof RELATION_KINDS)[number];
  seq: number;
  lastSeq: number;
};
export const relations = table<Relation>('relations', 'id', {
  id: 'text',
  relationId: 'uuid',
  oneId: 'uuid',
  otherId: 'uuid',
  kind: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});

/** The same whichever of the two is named first. */
export const pairOf = (a: string, b: string): string => [a, b].sort().join(' ');
