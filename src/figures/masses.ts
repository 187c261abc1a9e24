import { PLACES } from '../lots/sources.tables.ts';
import { type Figure, PROGRAMME_SCOPE } from './figures.ts';

const MASSES: Pick<Figure, 'scope' | 'version'> = { version: 1, scope: PROGRAMME_SCOPE };
const NO_SHARE = { numerator: null, denominator: null };

/** What stands at the position: a row with `state` that is voided later stood until then. */
const STOOD = `seq <= $1 AND NOT (state = 'voided' AND last_seq <= $1)`;

/** Each step by its own, since the same gram goes through several: they are never added up. */
const STEPS = `
  SELECT 'collected ' || s.material AS of, 'grams' AS name, sum(coalesce(c.net_grams, s.grams))::int8 AS value
  FROM sources s LEFT JOIN (
    SELECT DISTINCT ON (lot_id) lot_id, net_grams FROM weigh_in_changes WHERE seq <= $1 ORDER BY lot_id, seq DESC) c
    ON c.lot_id = s.lot_id
  WHERE s.kind = 'weigh-in' AND s.key < ($1::int8 + 1) * ${PLACES} GROUP BY s.material
  UNION ALL
  SELECT 'processed ' || step, io, sum(grams)::int8 FROM (
    SELECT step, 'used' AS io, (SELECT sum(x.grams) FROM json_to_recordset(inputs) AS x(grams int8)) AS grams
    FROM process_runs WHERE ${STOOD}
    UNION ALL
    SELECT step, 'made', (SELECT sum(x.grams) FROM json_to_recordset(outputs) AS x(grams int8)) FROM process_runs WHERE ${STOOD}
    UNION ALL
    SELECT step, 'lost', (SELECT sum(x.grams) FROM json_to_recordset(losses) AS x(grams int8)) FROM process_runs WHERE ${STOOD}
  ) runs WHERE grams > 0 GROUP BY step, io
  UNION ALL
  SELECT 'sold ' || b.material, 'grams', sum(s.grams)::int8 FROM batch_sales s JOIN batches b ON b.id = s.batch_id
  WHERE s.seq <= $1 AND NOT (s.state = 'voided' AND s.last_seq <= $1) GROUP BY b.material
  UNION ALL
  SELECT way, 'grams', sum(grams)::int8 FROM disposals WHERE ${STOOD} GROUP BY way
  UNION ALL
  SELECT 'pollutant ' || material, kind || name, sum(value)::int8 FROM pollutant_postings
  CROSS JOIN LATERAL (VALUES ('Grams', grams), ('Millilitres', millilitres)) v(name, value)
  WHERE seq <= $1 AND kind IN ('received', 'treated', 'lost', 'voided') AND value > 0 GROUP BY material, kind, name
  ORDER BY of, name`;

export const massesByStep: Figure = {
  ...MASSES,
  name: 'masses-by-step',
  title: { en: 'Masses by step, pollutants apart', zh: '各环节质量（污染物另列）' },
  definition: {
    en: 'Grams by step, each by its own: the same gram goes through several, so they are never added up. Collected: gross less tare of weigh-ins by material, as corrected by then, without those voided by then. Processed: what runs not voided by then used, made and lost, by step. Sold: grams of sales not voided by then, also those returned. Left for good by way. Pollutants from vessels stand apart, in grams and millilitres as received; treated, lost and voided beside them.',
    zh: '各环节分别计克，同一克物料经过多个环节，各项不得相加。收集：称重毛重减皮重（按材料，按其时更正，不含其时已作废）；加工：未作废加工的投入、产出、损耗（按工序）；售出：未作废销售的克数，含其后退回；最终离开按去向。船舶污染物另列，以克与毫升计接收、处理、损失、作废。',
  },
  async read(db, asOfSeq) {
    const { rows } = await db.query<{ of: string; name: string; value: number }>(STEPS, [asOfSeq]);
    const items = new Map<string, Record<string, number>>();
    for (const { of, name, value } of rows) items.set(of, { ...items.get(of), [name]: value });
    return { ...NO_SHARE, counts: {}, items: [...items].map(([of, values]) => ({ of, values })) };
  },
};

export const losses: Figure = {
  ...MASSES,
  name: 'losses',
  title: { en: 'Grams lost', zh: '损耗' },
  definition: {
    en: 'Grams that facts by then counted as lost, by kind, less those that later facts by then took back: in processing, on the way, in counts of stock, by incidents and by decided cases. Pollutants are not among them.',
    zh: '截至该位置各事实记为损耗的克数（按类型），减去其后事实已收回的：加工、运输、盘点、事故与裁定案件；不含污染物。',
  },
  async read(db, asOfSeq) {
    const { rows } = await db.query<{ of: string; grams: number }>(
      `SELECT kind AS of, sum(grams)::int8 AS grams FROM loss_changes WHERE seq <= $1
       GROUP BY kind HAVING sum(grams) <> 0 ORDER BY kind`,
      [asOfSeq],
    );
    return {
      ...NO_SHARE,
      counts: { grams: rows.reduce((sum, { grams }) => sum + grams, 0) },
      items: rows.map(({ of, grams }) => ({ of, values: { grams } })),
    };
  },
};
