import type { Queryable } from '../ledger/store.ts';
import { PLACES } from '../lots/sources.tables.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import type { AsOf } from './figures.ts';

/** Grams of one step at one site; `of` is a material, a step of processing, a way out, or null. */
export type SiteMass = {
  step: 'collected' | 'received' | 'used' | 'made' | 'sealed' | 'left' | 'sent';
  of: string | null;
  grams: number;
};

export type SiteFigures = {
  masses: SiteMass[];
  /** In processing, on the way here, by incidents. */
  losses: { where: 'processing' | 'transport' | 'incident'; kind: string | null; grams: number }[];
  stock: { material: string; form: string; grams: number; claimableGrams: number }[];
  /** From vessels: never part of the masses above. */
  pollutants: { material: string; kind: string; grams: number; millilitres: number }[];
  cases: { opened: number; decided: number; withdrawn: number };
  /** Known people who brought something in months that are over, rounded down to fives; null for fewer. */
  people: number | null;
};

const STANDS = `seq <= $2 AND NOT (state = 'voided' AND last_seq <= $2)`;

/**
 * Steps that this site took. Loads count here with what the scale said, else with what was booked; those that never
 * arrived do not.
 */
const MASSES = `
  SELECT 'collected' AS step, s.material AS of, sum(coalesce(c.net_grams, s.grams))::int8 AS grams
  FROM sources s LEFT JOIN (
    SELECT DISTINCT ON (lot_id) lot_id, net_grams FROM weigh_in_changes WHERE seq <= $2 ORDER BY lot_id, seq DESC) c
    ON c.lot_id = s.lot_id
  WHERE s.site_id = $1 AND s.kind = 'weigh-in' AND s.key < ($2::int8 + 1) * ${PLACES} GROUP BY s.material
  UNION ALL
  SELECT 'received', NULL, sum(coalesce(measured_grams, arrived_grams))::int8 FROM shipments
  WHERE arrived_site_id = $1 AND receipt_seq <= $2 HAVING count(*) > 0
  UNION ALL
  SELECT r.io, r.step, sum(r.grams)::int8 FROM (
    SELECT 'used' AS io, step, (SELECT sum(x.grams) FROM json_to_recordset(inputs) AS x(grams int8)) AS grams
    FROM process_runs WHERE site_id = $1 AND ${STANDS}
    UNION ALL
    SELECT 'made', step, (SELECT sum(x.grams) FROM json_to_recordset(outputs) AS x(grams int8))
    FROM process_runs WHERE site_id = $1 AND ${STANDS}
  ) r GROUP BY r.io, r.step
  UNION ALL
  SELECT 'sealed', material, sum(grams)::int8 FROM batches
  WHERE site_id = $1 AND seq <= $2 AND NOT (state = 'unsealed' AND last_seq <= $2) GROUP BY material
  UNION ALL
  SELECT 'left', way, sum(grams)::int8 FROM disposals WHERE site_id = $1 AND ${STANDS} GROUP BY way
  UNION ALL
  SELECT 'sent', NULL, sum(booked_grams)::int8 FROM shipments
  WHERE from_site_id = $1 AND ${STANDS} HAVING count(*) > 0`;

const LOSSES = `
  SELECT 'processing' AS "where", l.kind, sum(l.grams)::int8 AS grams FROM process_runs
  CROSS JOIN LATERAL json_to_recordset(losses) AS l(kind text, grams int8)
  WHERE site_id = $1 AND ${STANDS} GROUP BY l.kind
  UNION ALL
  SELECT 'transport', NULL, sum(loss_grams)::int8 FROM shipments
  WHERE arrived_site_id = $1 AND receipt_seq <= $2 HAVING sum(loss_grams) > 0
  UNION ALL
  SELECT 'incident', kind, sum(grams)::int8 FROM incidents WHERE site_id = $1 AND ${STANDS} GROUP BY kind
  ORDER BY 1, 2`;

/** What one site did, as far as facts up to `asOfSeq` say; nothing of it is grouped by people. */
export const siteFigures = async (
  db: Queryable,
  siteId: string,
  asOfSeq: number,
  { at, timeZone }: AsOf,
): Promise<SiteFigures> => {
  const ask = async <Row extends object>(text: string, more: unknown[] = []): Promise<Row[]> =>
    (await db.query<Row>(text, [siteId, asOfSeq, ...more])).rows;
  const masses = await ask<SiteMass>(MASSES);
  const losses = await ask<SiteFigures['losses'][number]>(LOSSES);
  const stock = await ask<SiteFigures['stock'][number]>(
    `SELECT a.material, a.form, sum(p.grams)::int8 AS grams, sum(p.claimable_grams)::int8 AS "claimableGrams"
     FROM stock_accounts a CROSS JOIN LATERAL (
       SELECT grams, claimable_grams FROM stock_postings WHERE account_id = a.id AND seq <= $2 ORDER BY seq DESC LIMIT 1) p
     WHERE a.site_id = $1 GROUP BY 1, 2 HAVING sum(p.grams) > 0 ORDER BY 1, 2`,
  );
  const pollutants = await ask<SiteFigures['pollutants'][number]>(
    `SELECT material, kind, sum(grams)::int8 AS grams, sum(millilitres)::int8 AS millilitres FROM pollutant_postings
     WHERE site_id = $1 AND seq <= $2 GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const [cases] = await ask<SiteFigures['cases']>(
    `SELECT count(*)::int8 AS opened, count(*) FILTER (WHERE state = 'decided' AND last_seq <= $2)::int8 AS decided,
       count(*) FILTER (WHERE state = 'withdrawn' AND last_seq <= $2)::int8 AS withdrawn
     FROM cases WHERE seq <= $2 AND site_ids::jsonb ? $1::text`,
  );
  const [came] = await ask<{ people: number }>(
    `SELECT count(DISTINCT p.person_id)::int8 / ${FEWEST_PEOPLE} * ${FEWEST_PEOPLE} AS people
     FROM source_parties p JOIN sources s ON s.key = p.key
     WHERE s.site_id = $1 AND s.kind = 'weigh-in' AND s.key < ($2::int8 + 1) * ${PLACES}
       AND left(s.day, 7) < to_char(to_timestamp($3::int8 / 1000.0) AT TIME ZONE $4, 'YYYY-MM')`,
    [at, timeZone],
  );
  return {
    masses,
    losses,
    stock,
    pollutants,
    cases: cases!,
    people: came!.people === 0 ? null : came!.people,
  };
};
