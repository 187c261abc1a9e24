import { journal, table } from '../db/table.ts';

export const STATEMENT_STATES = [
  'requested',
  'in-review',
  'issued',
  'refused',
  'suspended',
  'revoked',
  'superseded',
  'withdrawn',
] as const;
export type StatementState = (typeof STATEMENT_STATES)[number];

/** States that use up grams: in them nobody else may claim the same. */
export const STANDING_STATES: readonly StatementState[] = ['requested', 'in-review', 'issued', 'suspended'];

export type Approval = { organisationId: string; keyId: string; holder: string; for: 'issue' | 'reinstate' };

/** What may be said of grams of one sale under one scheme, and how far that has come. */
export type Statement = {
  id: string;
  seq: number;
  lastSeq: number;
  batchId: string;
  saleId: string;
  sellerId: string;
  /** Whose grams they are: the buyer of the sale. */
  holderId: string;
  scheme: string;
  schemeVersion: number;
  schemeSeq: number;
  exclusionGroup: 'content' | 'offset' | 'none';
  /** Grams stated. */
  grams: number;
  /** Grams of the sale that were held when it was asked for: the stated ones are so much of these. */
  ofGrams: number;
  custodyModel: string;
  state: StatementState;
  /** Why it is suspended, refused or revoked. */
  reason: string | null;
  /** Under which anyone may ask for it; null before it is issued. */
  code: string | null;
  /** Milliseconds. */
  issuedAt: number | null;
  validUntil: number | null;
  organisationIds: string[];
  /** Of those who agreed so far to what is asked for now. */
  approvals: Approval[];
  replaces: string | null;
  replacedBy: string | null;
};
export const statements = table<Statement>('statements', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  batchId: 'uuid',
  saleId: 'uuid',
  sellerId: 'uuid',
  holderId: 'uuid',
  scheme: 'text',
  schemeVersion: 'int4',
  schemeSeq: 'int8',
  exclusionGroup: 'text',
  grams: 'int8',
  ofGrams: 'int8',
  custodyModel: 'text',
  state: 'text',
  reason: 'text',
  code: 'text',
  issuedAt: 'int8',
  validUntil: 'int8',
  organisationIds: 'json',
  approvals: 'json',
  replaces: 'uuid',
  replacedBy: 'uuid',
});

/** The state of a statement after the fact `seq`. */
export type StatementStateRow = { statementId: string; seq: number; state: string; grams: number };
export const statementStates = journal<StatementStateRow>('statement_states', {
  statementId: 'uuid',
  seq: 'int8',
  state: 'text',
  grams: 'int8',
});

/** Of the grams of one sale, those that claims use up. */
export type ClaimAccount = {
  /** The sale. */
  id: string;
  /** By scheme: any number of them may speak of the same grams. */
  content: Record<string, number>;
  /** Of all offset schemes together: none shares its grams. */
  offsets: number;
  lastSeq: number;
};
export const claimAccounts = table<ClaimAccount>('claim_accounts', 'id', {
  id: 'uuid',
  content: 'json',
  offsets: 'int8',
  lastSeq: 'int8',
});

export type StatementCheck = { statementId: string; seq: number };
export const statementChecks = journal<StatementCheck>(
  'statement_checks',
  { statementId: 'uuid', seq: 'int8' },
  false,
);
