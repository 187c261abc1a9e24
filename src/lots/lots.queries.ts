import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Container } from './containers.tables.ts';
import type { Lot } from './lots.tables.ts';
import { PLACES } from './sources.tables.ts';

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
 * What stood at the site after entry `asOfSeq`: lots that stand there and were not moved since, and lots whose
 * first move since left it; of each the last posting up to then. Claimable grams are the provenance follower's: it
 * must have read the entry. null when the entry is not written yet.
 */
export const inventoryAsOf = async (
  db: Reader,
  siteId: string,
  asOfSeq: number,
): Promise<{ asOfSeq: number; items: InventoryItem[] } | null> => {
  const notMovedSince = sql`NOT EXISTS (SELECT FROM lot_places p WHERE p.lot_id = l.id AND p.seq > ${asOfSeq})`;
  const { rows } = await sql<Row>`
    WITH stood AS (
      SELECT l.* FROM lots l WHERE l.site_id = ${siteId} AND l.grams > 0 AND l.seq <= ${asOfSeq} AND ${notMovedSince}
      UNION ALL
      SELECT l.* FROM lots l WHERE l.site_id = ${siteId} AND l.grams = 0 AND l.seq <= ${asOfSeq} AND ${notMovedSince}
      UNION ALL
      SELECT l.* FROM lot_places m JOIN lots l ON l.id = m.lot_id
      WHERE m.site_id = ${siteId} AND m.seq > ${asOfSeq} AND l.seq <= ${asOfSeq} AND NOT EXISTS (
        SELECT FROM lot_places p WHERE p.lot_id = m.lot_id AND p.seq > ${asOfSeq} AND p.seq < m.seq)
    ), items AS (
      SELECT s.material, s.form, s.origin_class, sum(b.after)::int8 AS grams,
        sum(coalesce(v.claimable_grams, o.claimable_grams, 0))::int8 AS claimable_grams, count(*)::int8 AS lots
      FROM stood s CROSS JOIN LATERAL (
        SELECT after FROM postings WHERE account = s.id AND seq <= ${asOfSeq} ORDER BY seq DESC LIMIT 1) b
      LEFT JOIN LATERAL (
        SELECT claimable_grams FROM lot_vectors WHERE lot_id = s.id AND seq <= ${asOfSeq} ORDER BY seq DESC LIMIT 1) v ON true
      LEFT JOIN sources o ON o.key = s.seq * ${sql.lit(PLACES)} + s.place
      WHERE b.after > 0 GROUP BY s.material, s.form, s.origin_class
    )
    SELECT i.* FROM head h LEFT JOIN items i ON true
    WHERE h.size > ${asOfSeq} ORDER BY i.material, i.form, i.origin_class`.execute(db);
  if (rows.length === 0) return null;
  // A row without lots says only that the entry is written: nothing was in stock.
  return { asOfSeq, items: rows.flatMap((item) => (item.lots === null ? [] : [item as InventoryItem])) };
};
