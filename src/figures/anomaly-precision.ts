import { type Figure, PROGRAMME_SCOPE } from './figures.ts';

/**
 * All rules together: a figure for each rule, read before and after one fact, would tell which rule a mark that shows
 * only `review` came from. Those entitled see each rule's own at GET /v1/anomaly-rules.
 */
export const anomalyPrecision: Figure = {
  name: 'anomaly-precision',
  version: 1,
  title: { en: 'How often an anomaly rule was right', zh: '异常规则命中准确率' },
  definition: {
    en: 'Hits confirmed, of hits confirmed or refuted. Confirmed: the weigh-in was corrected or voided while its mark was open, or the case was decided as a loss. Refuted: two people who do not profit cleared the mark, or the case was decided otherwise.',
    zh: '属实命中占已有结论命中的比例。属实：标记未消除时称重被更正或作废，或案件裁定为损失；误报：标记经两名无利害关系人消除，或案件作其他裁定。',
  },
  scope: PROGRAMME_SCOPE,
  async read(db, asOfSeq) {
    const { rows } = await db.query<{ hits: number; confirmed: number; refuted: number }>(
      `SELECT count(*) AS hits,
         count(*) FILTER (WHERE outcome = 'confirmed' AND outcome_seq <= $1) AS confirmed,
         count(*) FILTER (WHERE outcome = 'refuted' AND outcome_seq <= $1) AS refuted
       FROM anomaly_hits WHERE seq <= $1`,
      [asOfSeq],
    );
    const { hits, confirmed, refuted } = rows[0]!;
    const decided = confirmed + refuted;
    return { numerator: confirmed, denominator: decided, counts: { hits, refuted, open: hits - decided } };
  },
};
