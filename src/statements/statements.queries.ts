import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Product } from '../resale/products.tables.ts';
import type { Sale } from '../resale/sales.tables.ts';
import type { Scheme, SchemeVersion } from '../schemes/schemes.tables.ts';
import { judgeLots } from './eligibility.queries.ts';
import type { Prepared } from './statements.operations.ts';
import type { Statement } from './statements.tables.ts';

type Tables = {
  batchSales: Sale;
  products: Product;
  schemes: Scheme;
  schemeVersions: SchemeVersion;
  statements: Statement;
};
const tables = (db: Reader) => db.withTables<Tables>();

/** The scheme in force; undefined when there is none. */
export const findScheme = (db: Reader, code: string): Promise<Scheme | undefined> =>
  tables(db).selectFrom('schemes').selectAll().where('code', '=', code).executeTakeFirst();

/** The one sale a request can mean; undefined where it cannot be told, and then the door says why. */
export const findSale = async (
  db: Reader,
  of: { batchId: string; saleId?: string | undefined; buyerId?: string | undefined },
): Promise<Sale | undefined> => {
  let query = tables(db)
    .selectFrom('batchSales')
    .selectAll()
    .where('batchId', '=', of.batchId)
    .where('state', '=', 'sold');
  if (of.saleId !== undefined) query = query.where('id', '=', of.saleId);
  if (of.buyerId !== undefined) query = query.where('buyerId', '=', of.buyerId);
  const found = await query.limit(2).execute();
  return found.length === 1 ? found[0] : undefined;
};

/** The lots that hold what is left of a sale: the buyer's, and those of products made of it. */
export const lotsOf = async (db: Reader, sale: Sale): Promise<string[]> => {
  const made = await tables(db)
    .selectFrom('products')
    .select('lotId')
    .where('saleId', '=', sale.id)
    .orderBy('seq')
    .execute();
  return [sale.lotId, ...made.map(({ lotId }) => lotId)];
};

/**
 * What a scheme accepts of the grams held of a sale, read in one snapshot; null while provenance is behind the sale or a
 * lot of it.
 */
export const judgeSale = async (
  db: Reader,
  scheme: Pick<Scheme, 'code' | 'seq' | 'rules'>,
  sale: Sale,
): Promise<NonNullable<Prepared> | null> => {
  const judged = await judgeLots(db, scheme, await lotsOf(db, sale));
  if (judged === null || sale.lastSeq > judged.asOfSeq) return null;
  return { saleId: sale.id, saleSeq: sale.lastSeq, schemeSeq: scheme.seq, ...judged };
};

/** undefined when there is none, or it is of others. */
export const findStatement = async (
  db: Reader,
  caller: Caller,
  id: string,
): Promise<Statement | undefined> => {
  const found = await tables(db).selectFrom('statements').selectAll().where('id', '=', id).executeTakeFirst();
  if (found === undefined) return undefined;
  const sees = [found.holderId, found.sellerId].some((owner) => maySee(caller, owner, null));
  return sees ? found : undefined;
};

/** Statements the caller may see, in the order asked for; one more than `limit`. */
export const listStatements = (
  db: Reader,
  caller: Caller,
  of: { state?: string | undefined; batchId?: string | undefined },
  after: number,
  limit: number,
): Promise<Statement[]> => {
  let query = tables(db).selectFrom('statements').selectAll().where('seq', '>', after);
  if (!maySee(caller, '', null))
    query = query.where((eb) =>
      eb.or([eb('holderId', '=', caller.organisationId), eb('sellerId', '=', caller.organisationId)]),
    );
  if (of.state !== undefined) query = query.where('state', '=', of.state as Statement['state']);
  if (of.batchId !== undefined) query = query.where('batchId', '=', of.batchId);
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};

export const findStatementByCode = (db: Reader, code: string): Promise<Statement | undefined> =>
  tables(db).selectFrom('statements').selectAll().where('code', '=', code).executeTakeFirst();

/** The rules a statement was asked for under. */
export const rulesOf = async (db: Reader, { scheme, schemeVersion }: Statement): Promise<SchemeVersion> =>
  tables(db)
    .selectFrom('schemeVersions')
    .selectAll()
    .where('code', '=', scheme)
    .where('version', '=', schemeVersion)
    .executeTakeFirstOrThrow();

/** Standing statements whose grams something was said of since they were last held against them. */
export const touchedStatements = async (db: Reader, limit: number): Promise<Statement[]> => {
  const { rows } = await sql<{ id: string }>`
    SELECT s.id FROM statements s
    JOIN batch_sales b ON b.id = s.sale_id
    LEFT JOIN statement_checks c ON c.statement_id = s.id
    WHERE s.state IN ('requested', 'in-review', 'issued', 'suspended')
      AND (b.last_seq > coalesce(c.seq, 0) OR EXISTS (
        SELECT FROM lot_vectors v WHERE v.seq > coalesce(c.seq, 0) AND v.lot_id IN (
          SELECT b.lot_id UNION ALL SELECT p.lot_id FROM products p WHERE p.sale_id = b.id)))
    ORDER BY s.seq LIMIT ${limit}`.execute(db);
  if (rows.length === 0) return [];
  return tables(db)
    .selectFrom('statements')
    .selectAll()
    .where(
      'id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('seq')
    .execute();
};
