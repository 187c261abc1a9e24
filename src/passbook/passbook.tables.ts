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

/** A signed statement of what somebody was paid; whose it is stands in the person's part of the fact `seq`. */
export type IncomeStatement = {
  id: string;
  /** Keyed hash of its code, hex. */
  codeHash: string;
  /** Of the signed payload. */
  sha256: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  revokedAt: number | null;
  seq: number;
  lastSeq: number;
};
export const incomeStatements = table<IncomeStatement>('income_statements', 'id', {
  id: 'uuid',
  codeHash: 'text',
  sha256: 'text',
  expiresAt: 'int8',
  revokedAt: 'int8',
  seq: 'int8',
  lastSeq: 'int8',
});
