import { table } from '../db/table.ts';

/** A link that opens a person's passbook once. */
export type PassbookLink = {
  /** Keyed hash of the token, hex. */
  tokenHash: string;
  personId: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  usedAt: number | null;
};
export const passbookLinks = table<PassbookLink>(
  'passbook_links',
  'tokenHash',
  { tokenHash: 'text', personId: 'uuid', expiresAt: 'int8', usedAt: 'int8' },
  false,
);
