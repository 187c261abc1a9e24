import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Container } from './containers.tables.ts';
import type { Lot } from './lots.tables.ts';

/** undefined when there is none, or it is another's. */
export const findLot = async (db: Reader, caller: Caller, id: string): Promise<Lot | undefined> => {
  const lot = await db
    .withTables<{ lots: Lot }>()
    .selectFrom('lots')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return lot !== undefined && maySee(caller, lot.organisationId, lot.siteId) ? lot : undefined;
};

/** The container a lot lies in; null when it lies in none. */
export const containerOf = async (db: Reader, { containerId }: Lot) => {
  if (containerId === null) return null;
  const { fillingId } = await db
    .withTables<{ containers: Container }>()
    .selectFrom('containers')
    .select('fillingId')
    .where('id', '=', containerId)
    .executeTakeFirstOrThrow();
  return { containerId, fillingId };
};

export type InventoryItem = {
  material: string;
  form: string;
  originClass: string | null;
  grams: number;
  /** Of these, what could be claimed. */
  claimableGrams: number;
  lots: number;
};
type Row = { [F in keyof InventoryItem]: InventoryItem[F] | null };

/**
 * What stood at the site after entry `asOfSeq`: of each kind the last balance up to then. The provenance follower
 * keeps them: it must have read the entry. null when the entry is not written yet.
 */
export const inventoryAsOf = async (
  db: Reader,
  siteId: string,
  asOfSeq: number,
): Promise<{ asOfSeq: number; items: InventoryItem[] } | null> => {
  const { rows } = await sql<Row>`
    SELECT i.* FROM head h LEFT JOIN (
      SELECT a.material, a.form, a.origin_class, p.grams, p.claimable_grams, p.lots
      FROM stock_accounts a CROSS JOIN LATERAL (
        SELECT grams, claimable_grams, lots FROM stock_postings
        WHERE account_id = a.id AND seq <= ${asOfSeq} ORDER BY seq DESC LIMIT 1) p
      WHERE a.site_id = ${siteId} AND p.lots > 0) i ON true
    WHERE h.size > ${asOfSeq} ORDER BY i.material, i.form, i.origin_class`.execute(db);
  if (rows.length === 0) return null;
  // A row without lots says only that the entry is written: nothing was in stock.
  return { asOfSeq, items: rows.flatMap((item) => (item.lots === null ? [] : [item as InventoryItem])) };
};
