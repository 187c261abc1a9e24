import { type RawBuilder, sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import { type Queryable, readHead } from '../ledger/store.ts';
import type { Site } from '../registry/registry.tables.ts';
import { recordedAt } from './periods.queries.ts';
import { firstAfter, type OpenItem } from './periods.ts';
import { alarmDays, CLASS_ENDS, olderThan } from './stock-ages.ts';

/** More than anybody reads. */
const MOST_ALARMS = 1_000;

/**
 * Lots that stand at the site, with the position since which their oldest gram does: where a lot came from elsewhere,
 * its arrival; where it was made there, the oldest of what it was made of. A dispatch that was voided moved nothing, nor
 * did a receipt: received anew at the same site, a lot is as old as its first arrival there.
 */
const aged = (siteId: string): RawBuilder<unknown> => sql`
  WITH RECURSIVE voided AS (
    SELECT unnest(ARRAY[seq, last_seq]) AS seq FROM shipments WHERE state = 'voided' AND from_site_id = ${siteId}
    UNION ALL SELECT void_seq FROM shipment_receipts WHERE site_id = ${siteId} AND void_seq IS NOT NULL
  ), moves (lot_id, seq) AS (
    SELECT p.lot_id, p.seq FROM lot_places p
    WHERE NOT EXISTS (SELECT FROM voided v WHERE v.seq = p.seq) AND NOT EXISTS (
      SELECT FROM lot_places q JOIN shipment_receipts r ON r.void_seq = q.seq AND r.site_id = ${siteId}
      WHERE q.lot_id = p.lot_id AND q.seq < p.seq AND q.site_id = ${siteId})
  ), back (root, made, since) AS (
    SELECT l.id, l.seq, (SELECT max(p.seq) FROM moves p WHERE p.lot_id = l.id)
    FROM lots l WHERE l.site_id = ${siteId} AND l.grams > 0
    UNION
    SELECT b.root, x.seq, (SELECT max(p.seq) FROM moves p WHERE p.lot_id = x.id AND p.seq < b.made)
    FROM back b
    JOIN lot_moves m ON m.seq = b.made AND m.direction = 'in'
    JOIN lots x ON x.id = m.lot_id
    WHERE b.since IS NULL
  ), aged AS (
    SELECT l.id, l.material, l.form, l.grams, min(coalesce(b.since, b.made)) AS since
    FROM back b JOIN lots l ON l.id = b.root GROUP BY l.id
  )`;

/** The first position recorded at or after each moment: what stands below it came in before. */
const positionsAt = async (pool: Queryable, moments: readonly number[]): Promise<number[]> => {
  const { size } = await readHead(pool);
  const found = new Map<number, number>();
  for (const moment of new Set(moments))
    found.set(moment, await firstAfter(size, async (seq) => (await recordedAt(pool, seq)) >= moment));
  return moments.map((moment) => found.get(moment)!);
};

export type AgeClass = { material: string; form: string; oldestFirst: number; grams: number; lots: number };

/** Grams at the site by kind and class of age at `at`; what came in after `at` is of the youngest. */
export const ageClasses = async (
  db: Reader,
  pool: Queryable,
  siteId: string,
  at: number,
): Promise<AgeClass[]> => {
  const bounds = await positionsAt(pool, CLASS_ENDS.map((days) => olderThan(at, days)).toReversed());
  const { rows } = await sql<AgeClass>`${aged(siteId)}
    SELECT material, form, width_bucket(since, ${bounds}::int8[]) AS oldest_first, sum(grams)::int8 AS grams,
      count(*)::int4 AS lots
    FROM aged GROUP BY material, form, oldest_first ORDER BY material, form, oldest_first`.execute(db);
  return rows;
};

export type StorageAlarm = {
  lotId: string;
  material: string;
  form: string;
  grams: number;
  /** The position since which its oldest gram stands there. */
  since: number;
  limitDays: number;
  lapsed: boolean;
};

/** Lots that stand there longer than the site's limits let them at `at`, or will soon; oldest first, at most a thousand. */
export const storageAlarms = async (
  db: Reader,
  pool: Queryable,
  site: Pick<Site, 'id' | 'storageLimits'>,
  at: number,
): Promise<StorageAlarm[]> => {
  const limits = site.storageLimits;
  if (limits.length === 0) return [];
  const alarms = await positionsAt(
    pool,
    limits.map((limit) => olderThan(at, alarmDays(limit))),
  );
  const lapses = await positionsAt(
    pool,
    limits.map(({ days }) => olderThan(at, days)),
  );
  const { rows } = await sql<StorageAlarm>`${aged(site.id)}, limits AS (
      SELECT * FROM unnest(${limits.map(({ material }) => material)}::text[], ${limits.map(({ days }) => days)}::int4[],
        ${alarms}::int8[], ${lapses}::int8[]) AS l (material, limit_days, alarm, lapse)
    )
    SELECT a.id AS lot_id, a.material, a.form, a.grams, a.since, l.limit_days, a.since < l.lapse AS lapsed
    FROM aged a JOIN limits l USING (material) WHERE a.since < l.alarm
    ORDER BY a.since, a.id LIMIT ${MOST_ALARMS}`.execute(db);
  return rows;
};

/** What keeps a period open of it: lots whose time had run out. */
export const lapsedItems = async (
  db: Reader,
  pool: Queryable,
  site: Pick<Site, 'id' | 'storageLimits'>,
  at: number,
): Promise<OpenItem[]> =>
  (await storageAlarms(db, pool, site, at))
    .filter(({ lapsed }) => lapsed)
    .map(({ lotId: id, grams, since: seq }) => ({ kind: 'storage-lapsed', id, grams, seq }));
