import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import { dayIn } from '../kernel/time.ts';
import type { Entry } from '../ledger/entry.ts';
import { type Queryable, readEntry, readHead } from '../ledger/store.ts';
import { firstAfter, monthOf, type OpenItem, WASTE } from './periods.ts';

/** More than anybody reads; beyond it a period is as open as before. */
const MOST_ITEMS = 1_000;

/** When an entry was recorded, milliseconds since 1970. */
export const recordedAt = async (db: Queryable, seq: number): Promise<number> => {
  const stored = await readEntry(db, seq);
  return Date.parse((JSON.parse(stored!.bytes.toString('utf8')) as Entry).at);
};

/** The first position recorded after the month, in the time zone. */
export const endOfMonth = async (db: Queryable, timeZone: string, month: string): Promise<number> => {
  const { size } = await readHead(db);
  return firstAfter(size, async (seq) => monthOf(dayIn(timeZone, await recordedAt(db, seq))) > month);
};

/**
 * What is open now at the site and began before the position `before`, oldest first: residue and sludge in stock,
 * cases about the site that nobody decided, loads and pollutants sent or awaited of which grams still travel, lots on hold.
 */
export const openItems = async (db: Reader, siteId: string, before: number): Promise<OpenItem[]> => {
  const { rows } = await sql<OpenItem>`
    SELECT * FROM (
      SELECT 'waste-in-stock' AS kind, id, grams, seq FROM lots
      WHERE site_id = ${siteId} AND grams > 0 AND material = ANY(${[...WASTE]}::text[])
      UNION ALL
      SELECT 'open-case', id, grams, seq FROM cases
      WHERE state NOT IN ('decided', 'withdrawn') AND site_ids::jsonb ? ${siteId}
      UNION ALL
      SELECT 'load-on-the-way', s.id, sum(l.grams)::int8, s.seq
      FROM lots l JOIN shipments s ON s.id = l.shipment_id
      WHERE l.shipment_id IS NOT NULL AND l.grams > 0 AND (s.from_site_id = ${siteId} OR s.to_site_id = ${siteId})
      GROUP BY s.id, s.seq
      UNION ALL
      SELECT 'pollutants-on-the-way', id, (SELECT sum((i->>'grams')::int8)::int8 FROM json_array_elements(items) i), seq
      FROM pollutant_transfers WHERE state = 'on-the-way' AND (site_id = ${siteId} OR to_site_id = ${siteId})
      UNION ALL
      SELECT 'lot-on-hold', l.id, l.grams, c.seq FROM lots l JOIN cases c ON c.id = l.held_by
      WHERE l.site_id = ${siteId} AND l.grams > 0
    ) open WHERE seq < ${before} ORDER BY seq, kind, id LIMIT ${MOST_ITEMS}`.execute(db);
  return rows;
};
