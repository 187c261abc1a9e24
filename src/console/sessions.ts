import { timingSafeEqual } from 'node:crypto';
import type { Reader } from '../db/reader.ts';
import { DomainError } from '../kernel/errors.ts';
import type { Clock, Random } from '../kernel/time.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Queryable } from '../ledger/store.ts';
import type { Tries } from '../passbook/tries.ts';
import { findById, findCaller } from '../registry/registry.queries.ts';

/** How long a session stays open after the last look, and at most in all, milliseconds. */
export const IDLE_MS = 1_800_000;
export const LONGEST_MS = 43_200_000;

/** Roles with something to decide or to look after here. */
export const CONSOLE_ROLES: readonly Caller['role'][] = [
  'operator',
  'certifier',
  'auditor',
  'regulator',
  'payer',
];

export type SessionDeps = {
  db: Reader;
  pool: Queryable;
  keyring: Keyring;
  clock: Clock;
  random: Random;
  tries: Tries;
};

/** Somebody signed in. `form` stands in each of the session's forms, and in no other session's. */
export type Session = { caller: Caller; form: string };

/**
 * Opens a session with an API key and returns its token, shown nowhere else; neither is kept as it is. 403 `wrong_key`,
 * 403 `no_console` for a role with nothing to do here, 429 `too_many_tries`.
 * @param address from where it is asked
 */
export const openSession = async (deps: SessionDeps, secret: string, address: string): Promise<string> => {
  const { db, pool, keyring, clock, tries } = deps;
  tries.take(address);
  const now = clock();
  const caller = await findCaller(db, secret, now);
  if (caller === null) throw new DomainError('forbidden', 'wrong_key', 'No valid key reads like this.');
  tries.giveBack(address);
  if (!CONSOLE_ROLES.includes(caller.role))
    throw new DomainError('forbidden', 'no_console', `The console has nothing for a ${caller.role}.`);
  const token = Buffer.from(deps.random(32)).toString('base64url');
  await pool.query('DELETE FROM console_sessions WHERE expires_at <= $1', [now]);
  await pool.query(
    'INSERT INTO console_sessions (token_hash, key_id, key_seq, opened_at, expires_at) VALUES ($1, $2, $3, $4, $5)',
    [keyring.bearerHash('console', token), caller.keyId, caller.keySeq, now, now + IDLE_MS],
  );
  return token;
};

/**
 * Who is signed in with this token; the session is good for another half hour. null when there is none, it was closed
 * or left alone too long, or its key was revoked or rotated, or has expired: that is looked up each time.
 */
export const findSession = async (
  { db, pool, keyring, clock }: SessionDeps,
  token: string,
): Promise<Session | null> => {
  const now = clock();
  const hash = keyring.bearerHash('console', token);
  const { rows } = await pool.query<{ keyId: string; keySeq: number }>(
    `UPDATE console_sessions SET expires_at = least($2::int8 + $3::int8, opened_at + $4::int8)
     WHERE token_hash = $1 AND expires_at > $2 RETURNING key_id AS "keyId", key_seq AS "keySeq"`,
    [hash, now, IDLE_MS, LONGEST_MS],
  );
  if (rows[0] === undefined) return null;
  const { keyId, keySeq } = rows[0];
  const key = await findById(db, 'apiKeys', keyId);
  const isGood = key?.state === 'active' && key.lastSeq === keySeq;
  if (!isGood || (key.expiresAt !== null && key.expiresAt <= now)) {
    await closeSession({ pool, keyring }, token);
    return null;
  }
  const { organisationId, role, siteIds, holder } = key;
  const form = keyring.bearerHash('console-form', token);
  return { caller: { keyId, keySeq, organisationId, role, siteIds, holder }, form };
};

/** Whether a form is one of this session's. */
export const isFormOf = ({ form }: Session, given: string): boolean => {
  const [ours, theirs] = [Buffer.from(form), Buffer.from(given)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
};

export const closeSession = async (
  { pool, keyring }: Pick<SessionDeps, 'pool' | 'keyring'>,
  token: string,
): Promise<void> => {
  await pool.query('DELETE FROM console_sessions WHERE token_hash = $1', [
    keyring.bearerHash('console', token),
  ]);
};
