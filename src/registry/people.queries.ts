import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import type { PersonRow } from '../ledger/tables.ts';
import { maySee } from './access.ts';
import type { Collector } from './registry.tables.ts';

type Tables = { collectors: Collector; people: PersonRow };

/** A collector with what is sealed of them; both sealed members are null for somebody erased. */
export type SealedCollector = Collector & { wrappedKey: Buffer | null; sealed: Buffer | null };

const sealedCollectors = (db: Reader) =>
  db
    .withTables<Tables>()
    .selectFrom('collectors as c')
    .leftJoin('people as p', 'p.id', 'c.id')
    .selectAll('c')
    .select(['p.wrappedKey', 'p.sealed']);

export const findCollector = (db: Reader, id: string): Promise<SealedCollector | undefined> =>
  sealedCollectors(db).where('c.id', '=', id).executeTakeFirst();

/**
 * Registered people the caller may see, in the order they were registered; one more than `limit`. Whoever was only
 * named in a weigh-in is not among them.
 */
export const listCollectors = (
  db: Reader,
  caller: Caller,
  after: number,
  limit: number,
): Promise<SealedCollector[]> => {
  let query = sealedCollectors(db).where('c.seq', '>', after).where('c.state', '!=', 'unresolved');
  if (!maySee(caller, '', null))
    query = query
      .where('c.organisationId', '=', caller.organisationId)
      .where('c.state', 'in', ['active', 'closed']);
  if (caller.siteIds !== null) query = query.where('c.siteId', 'in', [...caller.siteIds]);
  return query
    .orderBy('c.seq')
    .limit(limit + 1)
    .execute();
};

/** Of these people, those the caller may no longer see: restricted ones are there for the operator alone. */
export const hiddenPeople = async (
  db: Reader,
  caller: Caller,
  ids: readonly string[],
): Promise<ReadonlySet<string>> => {
  if (ids.length === 0 || caller.role === 'operator') return new Set();
  const rows = await db
    .withTables<Tables>()
    .selectFrom('collectors')
    .select('id')
    .where('id', 'in', [...ids])
    .where('state', 'in', ['restricted', 'erased'])
    .execute();
  return new Set(rows.map((row) => row.id));
};
