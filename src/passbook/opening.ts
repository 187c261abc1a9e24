import { notFound } from '../kernel/errors.ts';
import type { Random } from '../kernel/time.ts';
import { bearerOf, type CardReader } from '../registry/cards.queries.ts';
import type { Bearer } from '../registry/cards.ts';
import type { Tries } from './tries.ts';

/** How long a passbook stays open, milliseconds. */
export const PASS_MS = 900_000;

/** An open passbook: whose it is, and the card that opened it; null where a link did. */
export type Pass = { tokenHash: string; personId: string; card: Bearer | null; expiresAt: number };
export type OpeningDeps = CardReader & { random: Random; tries: Tries };
export type Key = { card: { number: string; pin: string } } | { link: string };

/** Uses a link up. 404 for one that never was, was used, or has expired: the three look the same. */
const takeLink = async ({ pool, keyring, clock }: OpeningDeps, token: string): Promise<string> => {
  const { rows } = await pool.query<{ person_id: string }>(
    `UPDATE passbook_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2
     RETURNING person_id`,
    [keyring.bearerHash('passbook-link', token), clock()],
  );
  if (rows[0] === undefined) throw notFound('link');
  return rows[0].person_id;
};

const stillSpeaks = async ({ pool }: OpeningDeps, personId: string): Promise<boolean> => {
  const { rows } = await pool.query(
    "SELECT FROM collectors WHERE id = $1 AND state NOT IN ('restricted', 'erased')",
    [personId],
  );
  return rows.length > 0;
};

/**
 * Opens a passbook for a quarter of an hour and returns its token, shown nowhere else. 403 `wrong_card_or_pin`, 409
 * `card_locked`, 404 for a link, 429 `too_many_tries`.
 * @param address from where it is asked
 */
export const openPassbook = async (
  deps: OpeningDeps,
  key: Key,
  address: string,
): Promise<{ token: string; expiresAt: number }> => {
  const { pool, keyring, clock, tries } = deps;
  tries.take(address);
  const bearer = 'card' in key ? await bearerOf(deps, key.card) : null;
  const personId = bearer?.personId ?? (await takeLink(deps, (key as { link: string }).link));
  if (!(await stillSpeaks(deps, personId))) throw notFound('passbook');
  tries.giveBack(address);
  const token = Buffer.from(deps.random(24)).toString('base64url');
  const expiresAt = clock() + PASS_MS;
  await pool.query('DELETE FROM passbook_passes WHERE expires_at <= $1', [clock()]);
  await pool.query(
    'INSERT INTO passbook_passes (token_hash, person_id, card_hash, expires_at) VALUES ($1, $2, $3, $4)',
    [keyring.bearerHash('passbook', token), personId, bearer?.cardHash ?? null, expiresAt],
  );
  return { token, expiresAt };
};

/**
 * The open passbook of this token. 404 when there is none, it was closed, its quarter of an hour is over, its card was
 * replaced or blocked, or its person is gone.
 */
export const findPass = async ({ pool, keyring, clock }: CardReader, token: string): Promise<Pass> => {
  const { rows } = await pool.query<{ personId: string; cardHash: string | null; expiresAt: number }>(
    `SELECT p.person_id AS "personId", p.card_hash AS "cardHash", p.expires_at AS "expiresAt" FROM passbook_passes p
     JOIN collectors c ON c.id = p.person_id AND c.state NOT IN ('restricted', 'erased')
     WHERE p.token_hash = $1 AND p.expires_at > $2 AND (p.card_hash IS NULL OR EXISTS (
       SELECT FROM cards k WHERE k.card_hash = p.card_hash AND k.state = 'active'))`,
    [keyring.bearerHash('passbook', token), clock()],
  );
  const [row] = rows;
  if (row === undefined) throw notFound('passbook');
  const { personId, cardHash, expiresAt } = row;
  const card = cardHash === null ? null : { personId, cardHash };
  return { tokenHash: keyring.bearerHash('passbook', token), personId, card, expiresAt };
};

export const closePass = async ({ pool, keyring }: CardReader, token: string): Promise<void> => {
  await pool.query('DELETE FROM passbook_passes WHERE token_hash = $1', [
    keyring.bearerHash('passbook', token),
  ]);
};
