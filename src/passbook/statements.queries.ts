import { sha256, toHex } from '../kernel/hash.ts';
import { instant } from '../kernel/time.ts';
import { readNamedKeys } from '../ledger/key-files.ts';
import { verifyEd25519 } from '../ledger/log-key.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { verifyJws } from './jws.ts';
import type { IncomeStatement } from './passbook.tables.ts';
import type { StatementPayload } from './statements.ts';

type Reader = { pool: Queryable; keyring: Keyring };

export const STATEMENT_STATES = ['valid', 'revoked', 'expired'] as const;
export type StatementState = (typeof STATEMENT_STATES)[number];

const FIELDS = `s.id, s.code_hash AS "codeHash", s.sha256, s.expires_at AS "expiresAt", s.revoked_at AS "revokedAt",
  s.seq, s.last_seq AS "lastSeq"`;

/** Restricted and erased people are gone for lenders too (domain, rule 8): their statements count as revoked. */
const GONE = `NOT EXISTS (SELECT FROM person_openings o JOIN collectors c ON c.id = o.person_id
  WHERE o.seq = s.seq AND c.state NOT IN ('restricted', 'erased'))`;

type Row = IncomeStatement & { gone: boolean };

export const stateAt = ({ revokedAt, expiresAt, gone }: Row, now: number): StatementState => {
  if (revokedAt !== null || gone) return 'revoked';
  return expiresAt <= now ? 'expired' : 'valid';
};

/** The statement of this code, with nothing that names anybody. */
export const statementOfCode = async ({ pool, keyring }: Reader, code: string): Promise<Row | undefined> => {
  const { rows } = await pool.query<Row>(
    `SELECT ${FIELDS}, ${GONE} AS gone FROM income_statements s WHERE s.code_hash = $1`,
    [keyring.bearerHash('statement', code)],
  );
  return rows[0];
};

/** Whose statement it is; undefined for none, and once the person was erased. */
export const personOf = async ({ pool }: Pick<Reader, 'pool'>, id: string): Promise<string | undefined> => {
  const { rows } = await pool.query<{ person_id: string | null }>(
    'SELECT o.person_id FROM income_statements s JOIN person_openings o ON o.seq = s.seq WHERE s.id = $1',
    [id],
  );
  return rows[0]?.person_id ?? undefined;
};

export type OwnStatement = {
  id: string;
  lender: string;
  state: StatementState;
  issuedAt: string;
  expiresAt: string;
  payload: string;
  seq: number;
};

/** A person's statements, the newest first. */
export const statementsOf = async (
  { pool, keyring }: Reader,
  personId: string,
  now: number,
): Promise<OwnStatement[]> => {
  const { rows } = await pool.query<Row>(
    `SELECT ${FIELDS}, false AS gone FROM income_statements s
     JOIN person_openings p ON p.seq = s.seq AND p.person_id = $1 ORDER BY s.seq DESC LIMIT 100`,
    [personId],
  );
  const facts = await readFactsAt(
    pool,
    sha256,
    keyring,
    rows.map(({ seq }) => seq),
  );
  return rows.flatMap((row) => {
    const { fact } = facts.get(row.seq)!;
    const part = fact.people[0]?.part as { lender: string; payload: string } | undefined;
    if (part === undefined) return [];
    const { id, expiresAt, seq } = row;
    const times = { issuedAt: instant(fact.at), expiresAt: instant(expiresAt) };
    return [{ id, lender: part.lender, state: stateAt(row, now), ...times, payload: part.payload, seq }];
  });
};

export type Verdict =
  | { verdict: 'tampered' | 'unknown'; statement: null }
  | { verdict: StatementState; statement: StatementPayload };

/**
 * What is to be said of a signed statement: `tampered` where no key of the log signed exactly this, `unknown` where the
 * ledger has no such statement, else how it stands.
 */
export const verdictOf = async (reader: Reader, jws: string, now: number): Promise<Verdict> => {
  const keys = (await readNamedKeys(reader.pool)).map(({ key }) => key);
  const signed = verifyJws(jws.trim(), keys, verifyEd25519);
  if (signed === undefined) return { verdict: 'tampered', statement: null };
  const statement = JSON.parse(signed.payload) as StatementPayload;
  const row = await statementOfCode(reader, statement.code);
  if (row === undefined || row.sha256 !== toHex(sha256(Buffer.from(signed.payload))))
    return { verdict: 'unknown', statement: null };
  return { verdict: stateAt(row, now), statement };
};
