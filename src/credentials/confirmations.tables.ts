import { table } from '../db/table.ts';
import type { EnrolledKey } from './confirmation.ts';

/** Under which name on the web a certification body signs, and with which keys when its document was last looked at. */
export type DidEnrolment = {
  /** The organisation. */
  id: string;
  did: string;
  documentSha256: string;
  keys: EnrolledKey[];
  /** RFC 3339. */
  lookedAt: string;
  enrolmentId: string;
  seq: number;
  lastSeq: number;
};
export const didEnrolments = table<DidEnrolment>('did_enrolments', 'id', {
  id: 'uuid',
  did: 'text',
  documentSha256: 'text',
  keys: 'json',
  lookedAt: 'text',
  enrolmentId: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
});

/** A DID or a public key, and the one organisation that it was enrolled for. */
export type DidHolder = { id: string; organisationId: string; lastSeq: number };
export const didHolders = table<DidHolder>('did_holders', 'id', {
  id: 'text',
  organisationId: 'uuid',
  lastSeq: 'int8',
});

export type StatementConfirmation = {
  /** Of statement and organisation. */
  id: string;
  confirmationId: string;
  statementId: string;
  organisationId: string;
  did: string;
  kid: string;
  /** As the body signed it. */
  jwt: string;
  related: boolean;
  grams: number;
  /** Milliseconds; null where the body gave no end. */
  validUntil: number | null;
  seq: number;
  lastSeq: number;
};
export const statementConfirmations = table<StatementConfirmation>('statement_confirmations', 'id', {
  id: 'text',
  confirmationId: 'uuid',
  statementId: 'uuid',
  organisationId: 'uuid',
  did: 'text',
  kid: 'text',
  jwt: 'text',
  related: 'boolean',
  grams: 'int8',
  validUntil: 'int8',
  seq: 'int8',
  lastSeq: 'int8',
});

export const confirmationKey = (statementId: string, organisationId: string): string =>
  `${statementId} ${organisationId}`;
