import { canonicalJson } from '../kernel/canonical.ts';
import { type NoteKey, parseKey } from '../ledger/note.ts';
import type { Stated } from '../statements/stated.ts';
import { statedBy } from '../statements/stated.ts';
import {
  type BundleVerdict,
  type Expected,
  type Primitives,
  portable,
  verifyBundle,
} from '../verifier/index.ts';
import { bitAt, expandList } from './bitstring.ts';
import {
  credentialOf,
  isSet,
  listIndex,
  listNumber,
  PURPOSES,
  STATEMENT_FORMAT,
  statusListOf,
} from './credential.ts';
import { issuerOf, kidOf } from './did.ts';
import { objectOf, readJwt, verifyJwt } from './jwt.ts';
import type { StatementReasonCode } from './statement-reasons.ts';

export { STATEMENT_FORMAT } from './credential.ts';
export { STATEMENT_REASONS } from './statement-reasons.ts';

export type StatementExpected = Expected & {
  /** When it is looked at, in milliseconds since 1970: what is out of date then is rejected. */
  now: number;
  /** The log's name, and the statement's code, where they are known from elsewhere. */
  origin?: string;
  code?: string;
};

export type StatementVerdict =
  | {
      verdict: 'valid';
      reasons: [];
      statement: Stated;
      /** Who signed the credential. */
      issuer: string;
      /** When the status lists were made: what was revoked later they do not know. */
      statusAsOf: string;
      /** What was found of the log. */
      log: Extract<BundleVerdict, { verdict: 'valid' }>;
    }
  | { verdict: 'invalid'; reasons: { code: string; at: string }[] };

class Fault extends Error {
  readonly reasons: { code: string; at: string }[];
  constructor(...reasons: { code: string; at: string }[]) {
    super(reasons[0]?.code);
    this.reasons = reasons;
  }
}
const fault = (code: StatementReasonCode, at: string): Fault => new Fault({ code, at });

type File = { bundle: object; credential: string; statusLists: string[] };

/** The file has one form and no byte that says nothing. */
const readFile = (source: string | Uint8Array): File => {
  try {
    const text = (
      typeof source === 'string' ? source : new TextDecoder('utf-8', { fatal: true }).decode(source)
    ).replace(/\n$/, '');
    const value = objectOf(text) as (File & { format: unknown; version: unknown }) | undefined;
    const { format, version, bundle, credential, statusLists, ...more } = value!;
    const well =
      format === STATEMENT_FORMAT &&
      version === 1 &&
      typeof bundle === 'object' &&
      [credential, ...statusLists].every((jwt) => typeof jwt === 'string') &&
      Array.isArray(statusLists) &&
      statusLists.length === PURPOSES.length &&
      Object.keys(more).length === 0 &&
      canonicalJson(value) === text;
    if (well) return { bundle, credential, statusLists };
  } catch {
    // Not text, not JSON, or of another shape: all one.
  }
  throw fault('not-a-statement', '');
};

/** The payload of a credential that a key of the log signed which signs still. */
const signedPayload = (
  text: string,
  at: string,
  origin: string,
  { active, named }: { active: readonly NoteKey[]; named: readonly NoteKey[] },
  { verify }: Primitives,
): Record<string, unknown> => {
  const what = at === '/credential' ? 'credential' : 'list';
  const jwt = readJwt(text);
  const payload = jwt && objectOf(jwt.payload);
  if (jwt === undefined || payload === undefined) throw fault(`${what}-form`, at);
  const known = active.map((key) => ({ kid: kidOf(origin, key), publicKey: key.publicKey }));
  const found = verifyJwt(jwt, known, verify);
  if (!('fault' in found)) return payload;
  if (found.fault === 'wrong-signature') throw fault(`${what}-signature`, at);
  if (found.fault !== 'unknown-key') throw fault(`${what}-form`, at);
  const isOld = named.some((key) => kidOf(origin, key) === jwt.header.kid);
  throw fault(what === 'credential' && isOld ? 'credential-old-key' : `${what}-unknown-key`, at);
};

/** Whether the statement's bit is set, and when the list was made. */
const bitIn = (payload: Record<string, unknown>, origin: string, madeSeq: number, i: number) => {
  const at = `/statusLists/${i}`;
  const { validFrom, credentialSubject } = payload;
  const { encodedList } = (credentialSubject ?? {}) as { encodedList?: unknown };
  if (typeof encodedList !== 'string' || typeof validFrom !== 'string') throw fault('list-form', at);
  const n = listNumber(PURPOSES[i]!, madeSeq);
  if (canonicalJson(payload) !== canonicalJson(statusListOf(origin, n, encodedList, validFrom)))
    throw fault('list-of-another', at);
  const bits = expandList(encodedList);
  if (bits === undefined) throw fault('list-form', at);
  return { bit: bitAt(bits, listIndex(madeSeq))!, madeAt: validFrom };
};

const ENDED: Partial<Record<Stated['state'], StatementReasonCode>> = {
  revoked: 'statement-revoked',
  withdrawn: 'statement-revoked',
  superseded: 'statement-superseded',
  suspended: 'statement-suspended',
};

/** Throws a Fault where the statement does not hold at the time, or lists and facts disagree. */
const checkStanding = (stated: Stated, bits: readonly boolean[], now: number): void => {
  const ended = ENDED[stated.state];
  if (ended !== undefined) throw fault(ended, '/bundle/subject');
  // Lists are made after the facts were read: what they know beside is newer.
  for (const [i, bit] of bits.entries())
    if (bit) throw fault(i === 0 ? 'statement-revoked' : 'statement-suspended', `/statusLists/${i}`);
  if (stated.state !== 'issued') throw fault('facts-differ', '/bundle/subject');
  if (now < Date.parse(stated.issuedAt!)) throw fault('statement-not-yet-valid', '/credential');
  if (now >= stated.validUntil!) throw fault('statement-expired', '/credential');
};

/**
 * Checks the bundle of a statement without asking anyone: the facts, their place in the log and who signed it (as any bundle);
 * that the credential says just what the facts do, signed with a key that the log names; that the status lists are the
 * log's own and agree; and that the statement holds at the time. Never throws: what is wrong is a reason with a code.
 *
 * @param source the file: text, or its bytes
 */
export const verifyStatement = (
  source: string | Uint8Array,
  expected: StatementExpected,
  primitives: Primitives = portable,
): StatementVerdict => {
  try {
    return check(readFile(source), expected, primitives);
  } catch (error) {
    const reasons = error instanceof Fault ? error.reasons : [{ code: 'not-a-statement', at: '' }];
    return { verdict: 'invalid', reasons };
  }
};

const check = (file: File, expected: StatementExpected, primitives: Primitives): StatementVerdict => {
  const log = verifyBundle(canonicalJson(file.bundle), expected, primitives);
  if (log.verdict === 'invalid')
    throw new Fault(...log.reasons.map(({ code, at }) => ({ code, at: `/bundle${at}` })));
  const { origin, entries } = log;
  if (expected.origin !== undefined && expected.origin !== origin)
    throw fault('unexpected-origin', '/bundle/log/origin');
  const named = entries.flatMap(({ data }) => (typeof data.logKey === 'string' ? [data.logKey] : []));
  const keysOf = (texts: readonly string[]) => texts.map((text) => parseKey(primitives.hash, text));
  const keys = { active: keysOf(log.keys), named: keysOf(named) };
  const said = signedPayload(file.credential, '/credential', origin, keys, primitives);
  if (said.issuer !== issuerOf(origin)) throw fault('credential-issuer', '/credential');
  const { statementId } = (said.credentialSubject ?? {}) as { statementId?: unknown };
  const stated = statedBy(
    `${statementId}`,
    entries.filter(({ type }) => type.startsWith('statement.')),
  );
  if (log.subject.kind !== 'statement' || stated?.code == null) throw fault('facts-differ', '/bundle');
  if (canonicalJson(said) !== canonicalJson(credentialOf(origin, stated)))
    throw fault('credential-differs', '/credential');
  if (expected.code !== undefined && expected.code !== stated.code)
    throw fault('unexpected-code', '/credential');
  const lists = file.statusLists.map((text, i) =>
    bitIn(signedPayload(text, `/statusLists/${i}`, origin, keys, primitives), origin, stated.madeSeq, i),
  );
  const bits = lists.map(({ bit }) => bit);
  for (const [i, purpose] of PURPOSES.entries())
    if (isSet(purpose, stated.state) && !bits[i]) throw fault('status-differs', `/statusLists/${i}`);
  checkStanding(stated, bits, expected.now);
  const statusAsOf = lists.map(({ madeAt }) => madeAt).sort()[0]!;
  return { verdict: 'valid', reasons: [], statement: stated, issuer: issuerOf(origin), statusAsOf, log };
};
