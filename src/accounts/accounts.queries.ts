import { type SqlBool, sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Queryable } from '../ledger/store.ts';
import type { Posting } from '../lots/lots.tables.ts';
import type { Account } from './accounts.tables.ts';

type Tables = { accounts: Account; postings: Posting };
const accountsIn = (db: Reader) => db.withTables<Tables>();

export const findAccount = (db: Reader, id: string): Promise<Account | undefined> =>
  accountsIn(db).selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirst();

export const findAccounts = (db: Reader, ids: readonly string[]): Promise<Account[]> =>
  accountsIn(db)
    .selectFrom('accounts')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute();

export type AccountFilter = { kind?: string | undefined; siteId?: string | undefined };

/** In the order they were opened; one more than `limit`. Several of one fact come together: see `seqOf`. */
export const listAccounts = (db: Reader, filter: AccountFilter, after: number, limit: number) =>
  accountsIn(db)
    .selectFrom((eb) =>
      eb
        .selectFrom('accounts')
        .selectAll()
        .select(sql<number>`row_number() OVER (ORDER BY seq, id) - 1`.as('place'))
        .as('a'),
    )
    .selectAll()
    .where('place', '>', after)
    .$if(filter.kind !== undefined, (q) => q.where('kind', '=', filter.kind as Account['kind']))
    .$if(filter.siteId !== undefined, (q) => q.where('siteId', '=', filter.siteId as string))
    .orderBy('place')
    .limit(limit + 1)
    .execute();

/** The postings of an account, the newest first; one more than `limit`. */
export const postingsOf = (db: Reader, account: string, before: number, limit: number): Promise<Posting[]> =>
  accountsIn(db)
    .selectFrom('postings')
    .selectAll()
    .where('account', '=', account)
    .where(sql<SqlBool>`seq < ${before}`)
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute();

export type TrialBalance = { currency: string; debit: number; credit: number };

/**
 * The balances after entry `asOfSeq`, summed on either side, by currency: one probe of an index for each account.
 * `asOfSeq` undefined: after the last. null: it lies beyond the end of the ledger.
 */
export const trialBalance = async (
  pool: Queryable,
  asOfSeq: number | undefined,
): Promise<{ asOfSeq: number; items: TrialBalance[] } | null> => {
  const { rows } = await pool.query<TrialBalance & { head: number; currency: string | null }>(
    `WITH h AS (SELECT size - 1 AS last FROM head), at AS (SELECT coalesce($1::int8, last) AS seq FROM h),
     standing AS (
       SELECT a.currency, p.after AS balance FROM at, accounts a
       CROSS JOIN LATERAL (
         SELECT after FROM postings WHERE account = a.id AND seq <= at.seq ORDER BY seq DESC LIMIT 1) p
       WHERE a.seq <= at.seq)
     SELECT h.last AS head, s.currency, coalesce(s.debit, 0)::int8 AS debit, coalesce(s.credit, 0)::int8 AS credit
     FROM h LEFT JOIN (
       SELECT currency, sum(balance) FILTER (WHERE balance > 0) AS debit,
         -sum(balance) FILTER (WHERE balance < 0) AS credit FROM standing GROUP BY currency) s ON true
     ORDER BY s.currency`,
    [asOfSeq ?? null],
  );
  const head = rows[0]!.head;
  if (asOfSeq !== undefined && asOfSeq > head) return null;
  return {
    asOfSeq: asOfSeq ?? head,
    items: rows.flatMap(({ currency, debit, credit }) =>
      currency === null ? [] : [{ currency, debit, credit }],
    ),
  };
};
