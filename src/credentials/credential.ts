import type { Stated } from '../statements/stated.ts';
import type { StatementState } from '../statements/statements.tables.ts';
import { LIST_BITS } from './bitstring.ts';
import { addressOf, issuerOf } from './did.ts';

/** What the file of a statement says it is. */
export const STATEMENT_FORMAT = 'blue-cycle/statement';

export const CREDENTIALS_V2 = 'https://www.w3.org/ns/credentials/v2';

/** What may be said of a statement in a list; each is a list of its own (Bitstring Status List v1.0 §2.2). */
export const PURPOSES = ['revocation', 'suspension'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Which lists have the statement's bit set in this state. */
export const isSet = (purpose: Purpose, state: StatementState): boolean =>
  purpose === 'suspension'
    ? state === 'suspended'
    : state === 'revoked' || state === 'withdrawn' || state === 'superseded';

export const NAMESPACE = 'urn:blue-cycle:credential#';
const SUBJECT_TERMS = [
  ...['code', 'statementId', 'batchId', 'scheme', 'schemeVersion', 'custodyModel'],
  ...['grams', 'ofGrams', 'ledger', 'ledgerSeq'],
];
/** Names mean something to a reader of JSON-LD without anything to fetch beside the W3C's own context. */
const CONTEXT = [
  CREDENTIALS_V2,
  Object.fromEntries(
    ['StatementCredential', 'StatedGrams', ...SUBJECT_TERMS].map((term) => [term, `${NAMESPACE}${term}`]),
  ),
];

/** A list's number: of each 131,072 positions of the ledger one for revocation, even, and one for suspension, odd. */
export const listNumber = (purpose: Purpose, ledgerSeq: number): number =>
  2 * Math.floor(ledgerSeq / LIST_BITS) + PURPOSES.indexOf(purpose);
export const listIndex = (ledgerSeq: number): number => ledgerSeq % LIST_BITS;
export const listUrl = (origin: string, n: number): string => `${addressOf(origin)}/v1/status-lists/${n}`;

const statusOf = (origin: string, ledgerSeq: number, purpose: Purpose) => {
  const list = listUrl(origin, listNumber(purpose, ledgerSeq));
  const index = `${listIndex(ledgerSeq)}`;
  return {
    id: `${list}#${index}`,
    type: 'BitstringStatusListEntry',
    statusPurpose: purpose,
    statusListIndex: index,
    statusListCredential: list,
  };
};

const instantOf = (milliseconds: number): string => new Date(milliseconds).toISOString();

/**
 * The statement as a Verifiable Credential (W3C VC Data Model 2.0): what its public facts say, and nothing else, so that whoever
 * has the facts can write it again byte by byte. Its place in the status lists is the position of the fact that made the statement,
 * which everybody may read in the ledger, and which no two statements share. Nobody's name or number is in it.
 *
 * @param origin the log's name @param stated a statement that was issued
 */
export const credentialOf = (origin: string, stated: Stated) => {
  const { code, issuedAt, validUntil, madeSeq } = stated;
  const { id: statementId, batchId, scheme, schemeVersion, custodyModel, grams, ofGrams } = stated;
  const address = addressOf(origin);
  return {
    '@context': CONTEXT,
    id: `${address}/v1/statements/${code}/credential`,
    type: ['VerifiableCredential', 'StatementCredential'],
    issuer: issuerOf(origin),
    validFrom: issuedAt!,
    validUntil: instantOf(validUntil!),
    credentialStatus: PURPOSES.map((purpose) => statusOf(origin, madeSeq, purpose)),
    credentialSubject: {
      id: `${address}/v1/verify/${code}`,
      type: 'StatedGrams',
      ...{ code, statementId, batchId, scheme, schemeVersion, custodyModel, grams, ofGrams },
      ledger: origin,
      ledgerSeq: madeSeq,
    },
  };
};

/** A status list as a credential; it says how things stood when it was made, and is asked for again after `ttl` milliseconds. */
export const statusListOf = (origin: string, n: number, encodedList: string, at: string) => {
  const id = listUrl(origin, n);
  return {
    '@context': [CREDENTIALS_V2],
    id,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer: issuerOf(origin),
    validFrom: at,
    credentialSubject: {
      id: `${id}#list`,
      type: 'BitstringStatusList',
      statusPurpose: PURPOSES[n % 2]!,
      encodedList,
      ttl: 60_000,
    },
  };
};
