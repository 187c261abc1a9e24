import { table } from '../db/table.ts';

export type PersonIdentity = { identityHash: string; personId: string | null };
/**
 * Who an identity number belongs to, by its keyed hash in hex; this is how the same person is met twice without
 * a race. `personId` is null only inside a turn that gives the number up.
 */
export const personIdentities = table<PersonIdentity>(
  'person_identities',
  'identityHash',
  { identityHash: 'text', personId: 'uuid' },
  false,
);
