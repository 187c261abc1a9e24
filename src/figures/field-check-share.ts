import { BLOCK } from '../anomalies/anomalies.tables.ts';
import { PLACES } from '../lots/sources.tables.ts';
import { type Figure, PROGRAMME_SCOPE } from './figures.ts';

/**
 * The loop of 智联查 told in one number: of how many weigh-ins somebody had to look at. Two probes and a range of one
 * block of entries, whatever the size of the ledger.
 */
export const fieldCheckShare: Figure = {
  name: 'field-check-share',
  version: 1,
  title: { en: 'Share of weigh-ins that needed a field check', zh: '需现场核查的称重占比' },
  definition: {
    en: 'Weigh-ins that an anomaly rule or a person marked, each once, of all weigh-ins recorded, those voided since among them. Marks that a weigh-in comes with are not counted.',
    zh: '被异常规则或人工标记的称重（每次称重计一次）占全部已登记称重的比例，含其后作废的；称重自带的标记不计。',
  },
  scope: PROGRAMME_SCOPE,
  async read(db, asOfSeq) {
    const block = Math.floor(asOfSeq / BLOCK);
    const { rows } = await db.query<{ numerator: number; denominator: number }>(
      `SELECT
         (SELECT coalesce((SELECT number FROM field_checks WHERE seq <= $1 ORDER BY seq DESC, number DESC LIMIT 1), 0)) AS numerator,
         (SELECT coalesce((SELECT before FROM weigh_in_blocks WHERE block = $2), 0)) +
         (SELECT count(*) FROM sources WHERE kind = 'weigh-in'
            AND key >= $2 * ${BLOCK * PLACES}::int8 AND key < ($1 + 1) * ${PLACES}) AS denominator`,
      [asOfSeq, block],
    );
    return { ...rows[0]!, counts: {} };
  },
};
