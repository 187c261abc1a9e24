import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import { instant } from '../kernel/time.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Case } from './cases.tables.ts';
import type { Dispute } from './disputes.tables.ts';

export type ListedCase = Case & { collectionId: string | null; about: string | null };

/** Cases the caller oversees or is concerned by, in the order they were opened; one more than `limit`. */
export const listCases = async (
  db: Reader,
  caller: Caller,
  filter: {
    state?: Case['state'] | undefined;
    kind?: Case['kind'] | undefined;
    /** Whether the day by which it must be decided has passed at `now`, in milliseconds. */
    overdue?: 'true' | 'false' | undefined;
    now: number;
  },
  after: number,
  limit: number,
): Promise<ListedCase[]> => {
  let query = db
    .withTables<{ cases: Case; disputes: Dispute }>()
    .selectFrom('cases')
    .leftJoin('disputes', 'disputes.caseId', 'cases.id')
    .selectAll('cases')
    .select(['disputes.collectionId', 'disputes.about'])
    .where('cases.seq', '>', after);
  if (filter.state !== undefined) query = query.where('cases.state', '=', filter.state);
  if (filter.kind !== undefined) query = query.where('cases.kind', '=', filter.kind);
  if (filter.overdue !== undefined)
    query = query.where(sql<boolean>`${isOverdue(filter.now)} = ${filter.overdue === 'true'}`);
  if (!maySee(caller, '', null))
    query = query.where(sql<boolean>`organisation_ids::jsonb ? ${caller.organisationId}`);
  if (caller.siteIds !== null)
    query = query.where(sql<boolean>`site_ids::jsonb ?| ${[...caller.siteIds]}::text[]`);
  return query
    .orderBy('cases.seq')
    .limit(limit + 1)
    .execute();
};

const isOverdue = (now: number) =>
  sql<boolean>`(cases.state NOT IN ('decided', 'withdrawn') AND coalesce(cases.due_at < ${now}, false))`;

/** A case as it is read at `now`, in milliseconds. */
export const caseView = ({ collectionId, about, dueAt = null, ...row }: ListedCase, now: number) => ({
  ...row,
  dueAt: dueAt === null ? null : instant(dueAt),
  overdue: row.state !== 'decided' && row.state !== 'withdrawn' && dueAt !== null && dueAt < now,
  dispute: collectionId === null || about === null ? null : { collectionId, about },
});
