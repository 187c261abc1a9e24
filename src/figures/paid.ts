import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import { type Figure, PROGRAMME_SCOPE } from './figures.ts';

const PAID: Pick<Figure, 'scope' | 'version'> = { version: 1, scope: PROGRAMME_SCOPE };

/**
 * Only months that are over as of the position: so no two positions tell what one person was paid between them. Quartiles by
 * nearest rank, so that each is an amount somebody was paid and nothing is rounded.
 */
export const paidPerPersonMonth: Figure = {
  ...PAID,
  name: 'paid-per-person-month',
  title: { en: 'Paid per paid person and month', zh: '每名获付人员每月实付金额' },
  definition: {
    en: 'Of each month that is over and each currency: over the known people who were paid anything in it, at the scale in cash or goods, in cash later, or confirmed by a rail, less what came back; what they were paid in minor units. Lower quartile, median and upper quartile are the amounts at rank ⌈n/4⌉, ⌈n/2⌉ and ⌈3n/4⌉ in ascending order. A month with fewer than five people is not shown.',
    zh: '每个已结束的月份、每种货币：在该月获付（过秤时现金或实物、其后现金、经支付渠道确认）的已知人员，扣除退回款项后的实付金额（分）；下四分位、中位、上四分位为升序第 ⌈n/4⌉、⌈n/2⌉、⌈3n/4⌉ 位的金额。不足五人的月份不显示。',
  },
  async read(db, asOfSeq, { at, timeZone }) {
    const { rows } = await db.query<{
      month: string;
      currency: string;
      people: number;
      lowerQuartile: number;
      median: number;
      upperQuartile: number;
    }>(
      `WITH paid AS (
         SELECT p.account_id, a.currency, to_char(to_timestamp(p.at / 1000.0) AT TIME ZONE $2, 'YYYY-MM') AS month,
           sum(p.sent)::int8 AS sent
         FROM payments p JOIN accounts a ON a.id = p.account_id
         WHERE p.seq <= $1 AND a.kind = 'payable' GROUP BY 1, 2, 3)
       SELECT month, currency, count(*)::int8 AS people,
         percentile_disc(0.25) WITHIN GROUP (ORDER BY sent) AS "lowerQuartile",
         percentile_disc(0.5) WITHIN GROUP (ORDER BY sent) AS median,
         percentile_disc(0.75) WITHIN GROUP (ORDER BY sent) AS "upperQuartile"
       FROM paid WHERE sent > 0 AND month < to_char(to_timestamp($3::int8 / 1000.0) AT TIME ZONE $2, 'YYYY-MM')
       GROUP BY month, currency HAVING count(*) >= ${FEWEST_PEOPLE} ORDER BY month, currency`,
      [asOfSeq, timeZone, at],
    );
    const items = rows.map(({ month, currency, ...values }) => ({ of: `${month} ${currency}`, values }));
    return { numerator: null, denominator: null, counts: {}, items };
  },
};

export const personsPaid: Figure = {
  ...PAID,
  name: 'persons-paid',
  title: { en: 'People who were paid', zh: '获付人数' },
  definition: {
    en: 'Known people who were paid anything by then, less what came back, by currency: at the scale, in cash later, or confirmed by a rail. Each once. Not shown for fewer than five.',
    zh: '截至该位置获付（过秤时、其后现金或经渠道确认，扣除退回）的已知人数，按货币，每人计一次；不足五人不显示。',
  },
  async read(db, asOfSeq) {
    const { rows } = await db.query<{ currency: string; people: number }>(
      `SELECT currency, count(*)::int8 AS people FROM (
         SELECT a.currency, p.account_id FROM payments p JOIN accounts a ON a.id = p.account_id
         WHERE p.seq <= $1 AND a.kind = 'payable' GROUP BY 1, 2 HAVING sum(p.sent) > 0) q
       GROUP BY currency HAVING count(*) >= ${FEWEST_PEOPLE} ORDER BY currency`,
      [asOfSeq],
    );
    const items = rows.map(({ currency, people }) => ({ of: currency, values: { people } }));
    return { numerator: null, denominator: null, counts: {}, items };
  },
};

/** The newest shown, of each batch. */
const MOST_BATCHES = 1_000;

export const paidPerBatch: Figure = {
  ...PAID,
  name: 'paid-per-batch',
  title: { en: 'Paid to the people behind each batch', zh: '每批次背后人员的实付金额' },
  definition: {
    en: 'Of each batch with a published proof of payment, as the newest of them says: what was paid of what the batch earned its people in minor units, to how many known people. The newest 1,000 batches. A batch without a proof, which takes five people, is not counted.',
    zh: '每个已发布付款证明的批次，以最新证明为准：该批次应得中已付的金额（分）及已知人数；最多列最近 1000 个批次。未发布证明（须满五人）的批次不计。',
  },
  async read(db, asOfSeq) {
    const { rows } = await db.query<{ code: string; currency: string; paid: number; people: number }>(
      `SELECT b.code, p.currency, p.paid, p.people FROM (
         SELECT DISTINCT ON (batch_id, currency) * FROM payment_proofs WHERE seq <= $1
         ORDER BY batch_id, currency, seq DESC) p
       JOIN batches b ON b.id = p.batch_id ORDER BY p.seq DESC LIMIT $2`,
      [asOfSeq, MOST_BATCHES],
    );
    const items = rows.map(({ code, currency, ...values }) => ({ of: `${code} ${currency}`, values }));
    return { numerator: null, denominator: null, counts: { batches: rows.length }, items };
  },
};
