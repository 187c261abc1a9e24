import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Case } from './cases.tables.ts';

/** Cases the caller oversees or is concerned by, in the order they were opened; one more than `limit`. */
export const listCases = async (
  db: Reader,
  caller: Caller,
  filter: { state?: Case['state'] | undefined },
  after: number,
  limit: number,
): Promise<Case[]> => {
  let query = db.withTables<{ cases: Case }>().selectFrom('cases').selectAll().where('seq', '>', after);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (!maySee(caller, '', null))
    query = query.where(sql<boolean>`organisation_ids::jsonb ? ${caller.organisationId}`);
  if (caller.siteIds !== null)
    query = query.where(sql<boolean>`site_ids::jsonb ?| ${[...caller.siteIds]}::text[]`);
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};
