import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Container } from '../lots/containers.tables.ts';
import type { Lot } from '../lots/lots.tables.ts';
import { maySee } from '../registry/access.ts';

const tables = (db: Reader) => db.withTables<{ containers: Container; lots: Lot }>();

export const viewOf = ({ lots: lotCount, ...container }: Container) => ({
  ...container,
  kind: container.kind as 'bag',
  lotCount,
  state:
    container.state !== 'closed' && container.siteId === null ? ('travelling' as const) : container.state,
});

/** With its lots in the order they were made; undefined when there is none, or it is another's. */
export const findContainer = async (db: Reader, caller: Caller, id: string) => {
  const row = await tables(db).selectFrom('containers').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined || !maySee(caller, row.organisationId, row.siteId)) return undefined;
  const lots = await tables(db)
    .selectFrom('lots')
    .select(['id as lotId', 'grams'])
    .where('containerId', '=', id)
    .orderBy('seq')
    .orderBy('place')
    .execute();
  return { ...viewOf(row), lots };
};

/** Containers the caller may see, in the order registered; one more than `limit`. */
export const listContainers = async (
  db: Reader,
  caller: Caller,
  filter: { siteId?: string | undefined; tag?: string | undefined },
  after: number,
  limit: number,
): Promise<Container[]> => {
  let query = tables(db).selectFrom('containers').selectAll().where('seq', '>', after);
  if (!maySee(caller, '', null)) query = query.where('organisationId', '=', caller.organisationId);
  if (caller.siteIds !== null) query = query.where('siteId', 'in', [...caller.siteIds]);
  if (filter.siteId !== undefined) query = query.where('siteId', '=', filter.siteId);
  if (filter.tag !== undefined) query = query.where('tag', '=', filter.tag);
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};
