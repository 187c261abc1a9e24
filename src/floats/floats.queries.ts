import { type SqlBool, sql } from 'kysely';
import type { Account } from '../accounts/accounts.tables.ts';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { MovedSince } from './floats.operations.ts';
import type { CashDay, CashFloat, CashMovement } from './floats.tables.ts';

type Tables = { cashFloats: CashFloat; cashDays: CashDay; cashMovements: CashMovement; accounts: Account };
const floatsIn = (db: Reader) => db.withTables<Tables>();

const withBalance = (db: Reader) =>
  floatsIn(db)
    .selectFrom('cashFloats')
    .innerJoin('accounts', 'accounts.id', 'cashFloats.id')
    .selectAll('cashFloats')
    .select('accounts.balance');
export type FloatRow = CashFloat & { balance: number };

const seesAll = (caller: Caller): boolean => caller.role === 'payer' || maySee(caller, '', null);

/** A float as its site, the cashier or who checks may see it; undefined when there is none, or it is another's. */
export const findFloat = async (db: Reader, caller: Caller, id: string): Promise<FloatRow | undefined> => {
  const float = await withBalance(db).where('cashFloats.id', '=', id).executeTakeFirst();
  if (float === undefined) return undefined;
  return seesAll(caller) || maySee(caller, float.organisationId, float.siteId) ? float : undefined;
};

/** In the order they were opened; one more than `limit`. */
export const listFloats = async (
  db: Reader,
  caller: Caller,
  after: number,
  limit: number,
): Promise<FloatRow[]> => {
  let query = withBalance(db).where('cashFloats.seq', '>', after);
  if (!seesAll(caller)) query = query.where('cashFloats.organisationId', '=', caller.organisationId);
  if (caller.siteIds !== null) query = query.where('cashFloats.siteId', 'in', [...caller.siteIds]);
  return query
    .orderBy('cashFloats.seq')
    .limit(limit + 1)
    .execute();
};

/** The last days on which somebody was paid beyond the cap. */
export const daysOverCap = (db: Reader, floatId: string): Promise<Pick<CashDay, 'day' | 'paid'>[]> =>
  floatsIn(db)
    .selectFrom('cashDays')
    .select(['day', 'paid'])
    .where('floatId', '=', floatId)
    .where('over', '=', true)
    .orderBy('day', 'desc')
    .orderBy('lastSeq', 'desc')
    .limit(30)
    .execute();

/** The cash book, the newest told first; one more than `limit`. */
export const movementsOf = (
  db: Reader,
  floatId: string,
  before: number,
  limit: number,
): Promise<CashMovement[]> =>
  floatsIn(db)
    .selectFrom('cashMovements')
    .selectAll()
    .where('floatId', '=', floatId)
    .where(sql<SqlBool>`seq < ${before}`)
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute();

/** What moved after a moment in milliseconds, in minor units; null where the float has no account. */
export const movedSince = async (db: Reader, floatId: string, at: number): Promise<MovedSince | null> => {
  const row = await floatsIn(db)
    .selectFrom('accounts')
    .select(['lastSeq'])
    .select((eb) =>
      eb
        .selectFrom('cashMovements')
        .select(sql<number>`coalesce(sum(delta), 0)::int8`.as('delta'))
        .where('floatId', '=', floatId)
        .where('at', '>', at)
        .as('delta'),
    )
    .where('id', '=', floatId)
    .executeTakeFirst();
  return row === undefined ? null : { lastSeq: row.lastSeq, delta: row.delta ?? 0 };
};
