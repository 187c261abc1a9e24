import { journal, table } from '../db/table.ts';

export type IdRow = { id: string; fingerprint: Buffer; seq: number; owner: string };
/** Every accepted write by its key. */
export const ids = table<IdRow>(
  'ids',
  'id',
  { id: 'uuid', fingerprint: 'bytea', seq: 'int8', owner: 'uuid' },
  false,
);

export type PersonRow = {
  id: string;
  wrappedKey: Buffer | null;
  sealed: Buffer | null;
  identityHash: Buffer | null;
};
/** A person's own key, and their name, phone, account under it. */
export const people = table<PersonRow>(
  'people',
  'id',
  { id: 'uuid', wrappedKey: 'bytea', sealed: 'bytea', identityHash: 'bytea' },
  false,
);

export type PersonOpening = { seq: number; part: number; personId: string; sealed: Buffer };
export const personOpenings = journal<PersonOpening>(
  'person_openings',
  { seq: 'int8', part: 'int2', personId: 'uuid', sealed: 'bytea' },
  false,
);
