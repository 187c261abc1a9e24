import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from './access.ts';

/** A row of something an organisation recorded; `siteId` is null where it happened at no site. */
export type AtSite = { id: string; seq: number; organisationId: string; siteId: string | null };

const rowsOf = (db: Reader, table: string) =>
  db.withTables<Record<string, AtSite>>().selectFrom(table).selectAll();

/** One row of the table; undefined when there is none, or it is another's. */
export const findAtSite = async <Row extends AtSite>(
  db: Reader,
  table: string,
  caller: Caller,
  id: string,
): Promise<Row | undefined> => {
  const row = await rowsOf(db, table).where('id', '=', id).executeTakeFirst();
  return row !== undefined && maySee(caller, row.organisationId, row.siteId) ? (row as Row) : undefined;
};

/** Rows the caller may see, in the order recorded; one more than `limit`. */
export const listAtSites = async <Row extends AtSite>(
  db: Reader,
  table: string,
  caller: Caller,
  filter: { siteId?: string | undefined },
  after: number,
  limit: number,
): Promise<Row[]> => {
  let query = rowsOf(db, table).where('seq', '>', after);
  if (filter.siteId !== undefined) query = query.where('siteId', '=', filter.siteId);
  if (!maySee(caller, '', null)) query = query.where('organisationId', '=', caller.organisationId);
  if (caller.siteIds !== null) query = query.where('siteId', 'in', [...caller.siteIds]);
  const rows = await query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
  return rows as Row[];
};
