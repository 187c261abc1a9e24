import { type ExpressionBuilder, sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Declaration } from './declarations.tables.ts';
import { stateAt } from './pollutants.ts';

export type Filter = { siteId?: string | undefined; state?: string | undefined };
type Tables = { pollutantDeclarations: Declaration };

const seen = (caller: Caller, row: Declaration): boolean =>
  maySee(caller, row.organisationId, null) || maySee(caller, row.siteOrganisationId, row.siteId);

/** With its state at `now`; undefined when there is none, or it is another's. */
export const findDeclaration = async (db: Reader, caller: Caller, id: string, now: number) => {
  const row = await db
    .withTables<Tables>()
    .selectFrom('pollutantDeclarations')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row !== undefined && seen(caller, row) ? { ...row, state: stateAt(row, now) } : undefined;
};

/** Declared by the caller's organisation, or asked of a site of its own. */
const mine = (caller: Caller) => (eb: ExpressionBuilder<Tables, 'pollutantDeclarations'>) => {
  const asked = [eb('siteOrganisationId', '=', caller.organisationId)];
  if (caller.siteIds !== null) asked.push(eb('siteId', 'in', [...caller.siteIds]));
  return eb.or([eb('organisationId', '=', caller.organisationId), eb.and(asked)]);
};

/** `stateAt` in SQL: the state at a moment, so that it can be searched and counted. */
const stateSql = (now: number) => {
  const at = sql`${new Date(now).toISOString()}::timestamptz`;
  return sql<string>`CASE
    WHEN state = 'declared' AND ${at} >= answer_due_at::timestamptz THEN 'unanswered'
    WHEN state = 'accepted' AND ${at} >= greatest(wanted_until::timestamptz, eta::timestamptz) THEN 'not-collected'
    ELSE state END`;
};

const matching = (db: Reader, caller: Caller, { siteId, state }: Filter, now: number) => {
  let query = db.withTables<Tables>().selectFrom('pollutantDeclarations');
  if (!maySee(caller, '', null)) query = query.where(mine(caller));
  if (siteId !== undefined) query = query.where('siteId', '=', siteId);
  if (state !== undefined) query = query.where(stateSql(now), '=', state);
  return query;
};

/** In the order declared, with their states at `now`; one more than `limit`. */
export const listDeclarations = async (
  db: Reader,
  caller: Caller,
  filter: Filter,
  now: number,
  after: number,
  limit: number,
) => {
  const rows = await matching(db, caller, filter, now)
    .selectAll()
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
  return rows.map((row) => ({ ...row, state: stateAt(row, now) }));
};

/** How many are in each state at `now`. */
export const countDeclarations = (
  db: Reader,
  caller: Caller,
  filter: Filter,
  now: number,
): Promise<{ state: string; count: number }[]> =>
  matching(db, caller, filter, now)
    .select([stateSql(now).as('state'), sql<number>`count(*)::int4`.as('count')])
    .groupBy(sql`1`)
    .execute();
