import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Product } from './products.tables.ts';

const productRows = (db: Reader) => db.withTables<{ products: Product }>().selectFrom('products').selectAll();

/** undefined when there is none, or it is another's. */
export const findProduct = async (db: Reader, caller: Caller, id: string): Promise<Product | undefined> => {
  const product = await productRows(db).where('id', '=', id).executeTakeFirst();
  return product !== undefined && maySee(caller, product.organisationId, null) ? product : undefined;
};

/** Products the caller may see, in the order made; one more than `limit`. */
export const listProducts = async (
  db: Reader,
  caller: Caller,
  after: number,
  limit: number,
): Promise<Product[]> => {
  let query = productRows(db).where('seq', '>', after);
  if (!maySee(caller, '', null)) query = query.where('organisationId', '=', caller.organisationId);
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};
