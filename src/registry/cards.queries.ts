import type { Reader } from '../db/reader.ts';
import { conflict } from '../kernel/errors.ts';
import type { Clock } from '../kernel/time.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Queryable } from '../ledger/store.ts';
import type { Card } from './cards.tables.ts';
import { type Bearer, LOCK_MS, MOST_TRIES, wrongCard } from './cards.ts';

export type CardReader = { db: Reader; pool: Queryable; keyring: Keyring; clock: Clock };

const cardsOf = (db: Reader) => db.withTables<{ cards: Card }>().selectFrom('cards').selectAll();

export const findCard = (db: Reader, personId: string): Promise<Card | undefined> =>
  cardsOf(db).where('personId', '=', personId).executeTakeFirst();

/** Until when a card is locked, in milliseconds; null when it is not. */
export const lockedUntil = async (pool: Queryable, cardHash: string, now: number): Promise<number | null> => {
  const { rows } = await pool.query<{ last_at: number }>(
    'SELECT last_at FROM card_tries WHERE card_hash = $1 AND tries >= $2 AND last_at > $3',
    [cardHash, MOST_TRIES, now - LOCK_MS],
  );
  return rows[0] === undefined ? null : rows[0].last_at + LOCK_MS;
};

/** Takes a try before the PIN is looked at, so that many at once get no more than one after the other. False: locked. */
const takeTry = async (pool: Queryable, cardHash: string, now: number): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `INSERT INTO card_tries AS t (card_hash, tries, last_at) VALUES ($1, 1, $2)
     ON CONFLICT (card_hash) DO UPDATE
     SET tries = CASE WHEN t.tries >= $3 THEN 1 ELSE t.tries + 1 END, last_at = $2
     WHERE t.tries < $3 OR t.last_at <= $4`,
    [cardHash, now, MOST_TRIES, now - LOCK_MS],
  );
  return rowCount === 1;
};

/**
 * The person behind an active card, and, where a PIN is given, behind its PIN. 403 `wrong_card_or_pin`; 409
 * `card_locked` for an hour after five wrong PINs. Tries are counted outside the ledger.
 */
export const bearerOf = async (
  { db, pool, keyring, clock }: CardReader,
  { number, pin }: { number: string; pin?: string | undefined },
): Promise<Bearer> => {
  const cardHash = keyring.bearerHash('card', number);
  const card = await cardsOf(db)
    .where('cardHash', '=', cardHash)
    .where('state', '=', 'active')
    .executeTakeFirst();
  if (pin !== undefined) {
    if (card !== undefined && !(await takeTry(pool, cardHash, clock())))
      throw conflict('card_locked', 'Too many wrong PINs; the card is locked for an hour.', {
        lockedUntil: new Date((await lockedUntil(pool, cardHash, clock())) ?? clock()).toISOString(),
      });
    if (!(await keyring.pinFits(pin, card?.pin ?? null))) throw wrongCard();
    await pool.query('UPDATE card_tries SET tries = 0 WHERE card_hash = $1', [cardHash]);
  }
  if (card === undefined) throw wrongCard();
  return { personId: card.personId, cardHash };
};
