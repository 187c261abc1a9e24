import type pg from 'pg';
import { DomainError } from '../kernel/errors.ts';
import { keyedUuid } from '../kernel/ids.ts';
import type { Clock } from '../kernel/time.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import { Follower } from '../provenance/follower.ts';
import { PROGRAMME } from '../registry/access.ts';
import { recheckClaim } from './recheck.ts';

const AT_ONCE = 100;
/** Recalled in part, carried over, frozen: no claim needs more in a row. */
const MOST_STEPS = 4;
/** Reservations fall by time: looked for so often, at most. */
const LOOK_MS = 5_000;

type Touched = { id: string; lastSeq: number };

/**
 * Claims of these sales that do not stand as they should: their statement was ended, replaced, suspended or reinstated,
 * their product voided, their reservation has fallen, or another register lists the grams. What is in products comes
 * first, so that a claim which is carried over finds room.
 * @param sales null for all
 */
export const outOfStep = async (
  pool: pg.Pool,
  sales: readonly string[] | null,
  now: number,
): Promise<Touched[]> => {
  const { rows } = await pool.query<Touched>(
    `WITH open AS (
       SELECT c.* FROM claims c
       WHERE c.state IN ('reserved', 'issued', 'transferred', 'frozen', 'retired')
         AND ($1::uuid[] IS NULL OR c.sale_id = ANY($1) OR (c.state = 'reserved' AND c.reserved_until <= $2))),
     seen AS (
       SELECT c.id, c.last_seq, c.seq, c.state, c.sale_id,
         bool_or(s.state NOT IN ('issued', 'suspended')) AS gone, bool_or(s.state = 'suspended') AS suspended,
         (c.state = 'reserved' AND c.reserved_until <= $2) AS lapsed,
         EXISTS (SELECT FROM products p WHERE p.id = c.product_id AND p.state = 'voided') AS voided
       FROM open c CROSS JOIN LATERAL json_array_elements_text(c.statement_ids) x
       JOIN statements s ON s.id = x::uuid
       GROUP BY c.id, c.last_seq, c.seq, c.state, c.sale_id, c.reserved_until, c.product_id),
     doubted AS (
       SELECT v.*, v.suspended OR (b.elsewhere > 0 AND a.offsets + coalesce(
         (SELECT max(value::int8) FROM json_each_text(a.content)), 0) > t.grams - t.returned_grams) AS doubt
       FROM seen v JOIN gram_books b ON b.id = v.sale_id JOIN batch_sales t ON t.id = v.sale_id
       LEFT JOIN claim_accounts a ON a.id = v.sale_id)
     SELECT id, last_seq AS "lastSeq" FROM doubted
     WHERE gone OR lapsed OR voided OR (doubt AND state IN ('reserved', 'issued', 'transferred'))
       OR (NOT doubt AND state = 'frozen')
     ORDER BY (state = 'retired') DESC, seq LIMIT ${AT_ONCE}`,
    [sales, now],
  );
  return rows;
};

/** Sales that facts say something of. */
const salesOf = async (pool: pg.Pool, facts: readonly AnyFact[]): Promise<string[]> => {
  const named = (field: string): string[] => facts.flatMap(({ data }) => (data[field] as string) ?? []);
  const { rows } = await pool.query<{ id: string }>(
    `SELECT sale_id AS id FROM statements WHERE id = ANY($1) OR sale_id = ANY($4)
     UNION SELECT sale_id FROM claims WHERE product_id = ANY($2) OR id = ANY($5)
     UNION SELECT sale_id FROM outside_listings WHERE id = ANY($3)`,
    ['statementId', 'productId', 'listingId', 'saleId', 'claimId'].map(named),
  );
  return rows.map(({ id }) => id);
};

const CONCERNS = /^(statement|claim|outside-listing|product\.voided|batch\.returned|batch\.entry-voided)\b/;

export type ClaimFollowerOptions = {
  pool: pg.Pool;
  keyring: Keyring;
  door: Door;
  clock: Clock;
  onError: (error: Error) => void;
};

/**
 * Brings claims to where their statements stand: frozen while one is suspended, recalled when it ends, carried over when
 * another takes its place (domain, rule 2). The door refuses meanwhile, so nothing moves in between.
 */
export const claimFollower = ({ pool, keyring, door, clock, onError }: ClaimFollowerOptions): Follower => {
  /** Sales to look at; null for all, as at a start: what was touched before is not known any more. */
  let touched: Set<string> | null = null;
  let lookedAt = 0;

  /** Until it stands as it should: one that is in part recalled is carried over before the next is looked at. */
  const mend = async ({ id, lastSeq }: Touched): Promise<void> => {
    for (let step = 1; step <= MOST_STEPS; step++) {
      const name = `claim ${id} ${lastSeq} ${step}`;
      const key = { id: keyedUuid(keyring.idempotency, name), fingerprint: keyring.fingerprint(name) };
      try {
        await door.record(recheckClaim, { claimId: id }, PROGRAMME, key);
      } catch (error) {
        if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
        return;
      }
    }
  };

  return new Follower({
    name: 'claims',
    pool,
    keyring,
    onError,
    concerns: (type) => CONCERNS.test(type),
    project: async (_client, facts) => {
      if (touched !== null) for (const id of await salesOf(pool, facts)) touched.add(id);
    },
    after: async () => {
      const now = clock();
      const due = now - lookedAt >= LOOK_MS;
      if (touched !== null && touched.size === 0 && !due) return;
      const sales = touched === null ? null : [...touched];
      const found = await outOfStep(pool, sales, now);
      for (const one of found) await mend(one);
      if (found.length > 0) return;
      lookedAt = now;
      if (sales === null) touched = new Set();
      else for (const id of sales) touched?.delete(id);
    },
  });
};
