import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Batch } from './resale.tables.ts';

const batchRows = (db: Reader) => db.withTables<{ batches: Batch }>().selectFrom('batches').selectAll();

/** undefined when there is none, or it is another's. */
export const findBatch = async (db: Reader, caller: Caller, id: string): Promise<Batch | undefined> => {
  const batch = await batchRows(db).where('id', '=', id).executeTakeFirst();
  return batch !== undefined && maySee(caller, batch.organisationId, batch.siteId) ? batch : undefined;
};

/** Batches the caller may see, in the order sealed; one more than `limit`. */
export const listBatches = async (
  db: Reader,
  caller: Caller,
  after: number,
  limit: number,
): Promise<Batch[]> => {
  let query = batchRows(db).where('seq', '>', after);
  if (!maySee(caller, '', null)) query = query.where('organisationId', '=', caller.organisationId);
  if (caller.siteIds !== null) query = query.where('siteId', 'in', [...caller.siteIds]);
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};
