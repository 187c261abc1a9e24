import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { PostingKind } from './pollutants.tables.ts';

export type StockItem = {
  material: string;
  grams: number;
  millilitres: number;
  oldestDay: string | null;
  storeUntil: string | null;
  flows: Record<PostingKind, number>;
};
type Row = Omit<StockItem, 'flows'> & Record<PostingKind, number>;

/**
 * A site's stock of each pollutant after entry `asOfSeq` (the head unless said), with how it came about: the sums of
 * what was received, arrived, became of a treatment, was sent, treated and lost, and of receptions taken back. What came first leaves first, so the
 * oldest and the earliest end of storage are those of what came last, up to what is left. null beyond the head.
 */
export const stockAsOf = async (
  db: Reader,
  siteId: string,
  asOfSeq: number | undefined,
): Promise<{ asOfSeq: number; items: StockItem[] } | null> => {
  const { rows } = await sql<Row & { asOfSeq: number; material: string | null }>`
    WITH h AS (SELECT coalesce(${asOfSeq ?? null}::int8, size - 1) AS as_of_seq, size FROM head),
    p AS (SELECT * FROM pollutant_postings, h WHERE site_id = ${siteId} AND seq <= as_of_seq),
    sums AS (
      SELECT material, max(out_grams) AS gone,
        max(in_grams) - max(out_grams) AS grams,
        max(in_millilitres) - max(out_millilitres) AS millilitres,
        coalesce(sum(grams) FILTER (WHERE kind = 'received'), 0)::int8 AS received,
        coalesce(sum(grams) FILTER (WHERE kind = 'arrived'), 0)::int8 AS arrived,
        coalesce(sum(grams) FILTER (WHERE kind = 'residue'), 0)::int8 AS residue,
        coalesce(sum(grams) FILTER (WHERE kind = 'sent'), 0)::int8 AS sent,
        coalesce(sum(grams) FILTER (WHERE kind = 'treated'), 0)::int8 AS treated,
        coalesce(sum(grams) FILTER (WHERE kind = 'lost'), 0)::int8 AS lost,
        coalesce(sum(grams) FILTER (WHERE kind = 'voided'), 0)::int8 AS voided
      FROM p GROUP BY material),
    come AS (
      SELECT material, day, store_until, sum(grams) OVER (PARTITION BY material ORDER BY seq) AS so_far
      FROM p WHERE kind IN ('received', 'arrived', 'residue')
        AND NOT EXISTS (SELECT FROM p v WHERE v.reverses = p.seq AND v.material = p.material)),
    ages AS (
      SELECT material, min(day) AS oldest_day, min(come.store_until) AS store_until
      FROM come JOIN sums USING (material) WHERE so_far > gone - voided GROUP BY material)
    SELECT h.as_of_seq, sums.*, oldest_day, store_until
    FROM h LEFT JOIN sums ON true LEFT JOIN ages USING (material)
    WHERE as_of_seq < size ORDER BY material`.execute(db);
  if (rows.length === 0) return null;
  const items = rows.flatMap((row) => {
    const { material, grams, millilitres, oldestDay, storeUntil } = row;
    const { received, arrived, residue, sent, treated, lost, voided } = row;
    const flows = { received, arrived, residue, sent, treated, lost, voided };
    return material === null ? [] : [{ material, grams, millilitres, oldestDay, storeUntil, flows }];
  });
  return { asOfSeq: rows[0]!.asOfSeq, items };
};
