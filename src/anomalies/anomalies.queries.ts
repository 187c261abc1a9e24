import { type ExpressionBuilder, sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { AnomalyRule, Hit } from './anomalies.tables.ts';

type Tables = { anomalyRules: AnomalyRule; anomalyHits: Hit };
const tables = (db: Reader) => db.withTables<Tables>();

export const setRules = async (db: Reader): Promise<Map<string, AnomalyRule>> => {
  const rows = await tables(db).selectFrom('anomalyRules').selectAll().execute();
  return new Map(rows.map((row) => [row.code, row]));
};

export type Tried = { hits: number; confirmed: number; refuted: number; open: number };

/** What became of the hits of each rule, all versions together. */
export const triedRules = async (db: Reader): Promise<Map<string, Tried>> => {
  const withOutcome = (outcome: Hit['outcome']) => (eb: ExpressionBuilder<Tables, 'anomalyHits'>) =>
    eb.fn.countAll<number>().filterWhere('outcome', '=', outcome).as(outcome);
  const rows = await tables(db)
    .selectFrom('anomalyHits')
    .select(['rule', sql<number>`count(*)`.as('hits')])
    .select(withOutcome('confirmed'))
    .select(withOutcome('refuted'))
    .select(withOutcome('open'))
    .groupBy('rule')
    .execute();
  return new Map(rows.map(({ rule, ...tried }) => [rule, tried as Tried]));
};

/** Hits the caller oversees or is concerned by, in ledger order; one more than `limit`. */
export const listHits = async (
  db: Reader,
  caller: Caller,
  filter: { rule?: string | undefined; siteId?: string | undefined; outcome?: Hit['outcome'] | undefined },
  after: number,
  limit: number,
): Promise<Hit[]> => {
  let query = tables(db).selectFrom('anomalyHits').selectAll().where('place', '>', after);
  if (filter.rule !== undefined) query = query.where('rule', '=', filter.rule);
  if (filter.siteId !== undefined) query = query.where('siteId', '=', filter.siteId);
  if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
  if (!maySee(caller, '', null)) query = query.where('organisationId', '=', caller.organisationId);
  if (caller.siteIds !== null) query = query.where('siteId', 'in', [...caller.siteIds]);
  return query
    .orderBy('place')
    .limit(limit + 1)
    .execute();
};
