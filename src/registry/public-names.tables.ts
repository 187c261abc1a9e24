import { table } from '../db/table.ts';

/** The name of a legal person, published with its consent. */
export type PublicName = { organisationId: string; name: string; seq: number; lastSeq: number };
export const publicNames = table<PublicName>('public_names', 'organisationId', {
  organisationId: 'uuid',
  name: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});
