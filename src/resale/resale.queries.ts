import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { mayReach, maySee } from '../registry/access.ts';
import type { Batch } from './resale.tables.ts';
import type { BatchEntry, Sale } from './sales.tables.ts';

type Tables = { batches: Batch; batchSales: Sale; batchEntries: BatchEntry };

const tables = (db: Reader) => db.withTables<Tables>();
const batchRows = (db: Reader) => tables(db).selectFrom('batches').selectAll();

/** Whether the organisation bought of the batch of this row, or has it reserved at `now`. */
const isBuyer = (organisationId: string, now: number) => sql<boolean>`(
  (reserved_for = ${organisationId} AND reserved_until > ${now})
  OR EXISTS (SELECT FROM batch_sales s WHERE s.batch_id = batches.id AND s.buyer_id = ${organisationId} AND s.state = 'sold'))`;

/** Whether the caller's organisation bought of a batch or has it reserved at `now`, in ms; the batch by id or lot. */
export const isBuyerOf = async (
  db: Reader,
  caller: Caller,
  of: { batchId: string } | { lotId: string },
  now: number,
): Promise<boolean> => {
  const rows = tables(db).selectFrom('batches').select('id').where(isBuyer(caller.organisationId, now));
  const one = 'batchId' in of ? rows.where('id', '=', of.batchId) : rows.where('lotId', '=', of.lotId);
  return (await one.executeTakeFirst()) !== undefined;
};

/** undefined when there is none, or it is another's and the caller bought nothing of it. */
export const findBatch = async (
  db: Reader,
  caller: Caller,
  id: string,
  now: number,
): Promise<Batch | undefined> => {
  const batch = await batchRows(db).where('id', '=', id).executeTakeFirst();
  if (batch === undefined || maySee(caller, batch.organisationId, batch.siteId)) return batch;
  return (await isBuyerOf(db, caller, { batchId: id }, now)) ? batch : undefined;
};

/** The position of a batch's seal, which is public, by id or code. */
export const findSeal = async (db: Reader, idOrCode: string): Promise<number | undefined> => {
  const column = idOrCode.includes('-') ? 'id' : 'code';
  const found = await tables(db)
    .selectFrom('batches')
    .select('seq')
    .where(column, '=', idOrCode)
    .executeTakeFirst();
  return found?.seq;
};

/** Batches the caller may see, in the order sealed; one more than `limit`. */
export const listBatches = async (
  db: Reader,
  caller: Caller,
  after: number,
  limit: number,
  now: number,
): Promise<Batch[]> => {
  let query = batchRows(db).where('seq', '>', after);
  const { organisationId, siteIds } = caller;
  const seesAll = maySee(caller, '', null);
  if (!seesAll || siteIds !== null)
    query = query.where((eb) => {
      const own = [
        ...(seesAll ? [] : [eb('organisationId', '=', organisationId)]),
        ...(siteIds === null ? [] : [eb('siteId', 'in', [...siteIds])]),
      ];
      return eb.or([eb.and(own), isBuyer(organisationId, now)]);
    });
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};

/** Whether the caller sees the whole trade of a batch, or as a buyer its own part. */
export const seesTrade = (caller: Caller, batch: Batch): boolean =>
  maySee(caller, batch.organisationId, batch.siteId);

/** Prices and payments are for the two who trade, the operator and the auditor. */
export const seesMoney = (caller: Caller, batch: Batch): boolean =>
  caller.role === 'auditor' || mayReach(caller, batch.organisationId, batch.siteId);

/** At most so many sales are shown with their batch. */
const MOST_SALES = 1_000;

/** Sales of the batch the caller may see, in the order sold. */
export const salesOf = (db: Reader, caller: Caller, batch: Batch): Promise<Sale[]> => {
  const all = tables(db).selectFrom('batchSales').selectAll().where('batchId', '=', batch.id);
  const mine = seesTrade(caller, batch)
    ? all
    : all.where('buyerId', '=', caller.organisationId).where('state', '=', 'sold');
  return mine.orderBy('seq').limit(MOST_SALES).execute();
};

/** One entry as it was made; whether it is of a batch of the caller's, the rule asks. */
export const findEntry = (db: Reader, seq: number): Promise<BatchEntry | undefined> =>
  tables(db).selectFrom('batchEntries').selectAll().where('seq', '=', seq).executeTakeFirst();

/** Costs, deliveries, payments and returns the caller may see, in ledger order; one more than `limit`. */
export const entriesOf = (
  db: Reader,
  caller: Caller,
  batch: Batch,
  after: number,
  limit: number,
): Promise<BatchEntry[]> => {
  let query = tables(db)
    .selectFrom('batchEntries')
    .selectAll()
    .where('batchId', '=', batch.id)
    .where('seq', '>', after);
  if (!seesTrade(caller, batch))
    query = query.where(
      sql<boolean>`sale_id IN (SELECT id FROM batch_sales WHERE buyer_id = ${caller.organisationId} AND state = 'sold')`,
    );
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};
