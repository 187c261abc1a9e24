import { BLOCK } from '../anomalies/anomalies.tables.ts';
import { PLACES } from '../lots/sources.tables.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import { type Figure, PROGRAMME_SCOPE } from './figures.ts';

const COUNTED: Pick<Figure, 'scope' | 'version'> = { version: 1, scope: PROGRAMME_SCOPE };
const NO_SHARE = { numerator: null, denominator: null };

/** 人次. The count of weigh-ins is one probe and a range of one block of entries; voids are few. */
export const deliveries: Figure = {
  ...COUNTED,
  name: 'deliveries',
  title: { en: 'Deliveries', zh: '交售人次' },
  definition: {
    en: 'Weigh-ins recorded by then, less those voided by then: one weigh-in is one delivery, however many brought it. Beside it receptions of pollutants from vessels, less those voided; they are no part of it.',
    zh: '截至该位置登记的称重次数减去其时已作废的；一次称重计一人次，不论几人共同交售。另列船舶污染物接收次数（减作废），不计入人次。',
  },
  async read(db, asOfSeq) {
    const { rows } = await db.query<Record<'weighIns' | 'voided' | 'receptions', number>>(
      `SELECT
         (SELECT coalesce((SELECT before FROM weigh_in_blocks WHERE block = $2), 0)) +
         (SELECT count(*) FROM sources WHERE kind = 'weigh-in'
            AND key >= $2 * ${BLOCK * PLACES}::int8 AND key < ($1 + 1) * ${PLACES}) AS "weighIns",
         (SELECT count(*) FROM weigh_in_changes WHERE voided AND seq <= $1) AS voided,
         (SELECT count(DISTINCT seq) FROM pollutant_postings WHERE kind = 'received' AND seq <= $1) -
         (SELECT count(DISTINCT seq) FROM pollutant_postings WHERE kind = 'voided' AND seq <= $1) AS receptions`,
      [asOfSeq, Math.floor(asOfSeq / BLOCK)],
    );
    const { weighIns, voided, receptions } = rows[0]!;
    return { ...NO_SHARE, counts: { deliveries: weighIns - voided, weighIns, voided, receptions } };
  },
};

/**
 * Only months that are over, and in fives: one more weigh-in never tells whether it was somebody new, nor does an erasure tell in
 * which months somebody came.
 */
export const people: Figure = {
  ...COUNTED,
  name: 'people',
  title: { en: 'People who brought something', zh: '参与人数' },
  definition: {
    en: 'Known people who brought a weigh-in in a month that is over by then, each once, rounded down to a multiple of five; by month, and in all under “all”. Fewer than five are not shown. Somebody erased since is not counted any more.',
    zh: '在已结束月份交售过的已知人员，每人计一次，向下取整至五的倍数；分月列示，合计列于 all。不足五人不显示。其后已抹除者不再计入。',
  },
  async read(db, asOfSeq, { at, timeZone }) {
    const { rows } = await db.query<{ of: string; people: number }>(
      `WITH came AS (
         SELECT DISTINCT left(s.day, 7) AS month, p.person_id FROM source_parties p JOIN sources s ON s.key = p.key
         WHERE s.kind = 'weigh-in' AND s.key < ($1::int8 + 1) * ${PLACES}
           AND left(s.day, 7) < to_char(to_timestamp($2::int8 / 1000.0) AT TIME ZONE $3, 'YYYY-MM'))
       SELECT coalesce(month, 'all') AS of, count(DISTINCT person_id)::int8 / ${FEWEST_PEOPLE} * ${FEWEST_PEOPLE} AS people
       FROM came GROUP BY GROUPING SETS ((month), ())
       HAVING count(DISTINCT person_id) >= ${FEWEST_PEOPLE} ORDER BY month NULLS FIRST`,
      [asOfSeq, at, timeZone],
    );
    return {
      ...NO_SHARE,
      counts: {},
      items: rows.map(({ of, people: n }) => ({ of, values: { people: n } })),
    };
  },
};

/** As `paidPerPersonMonth`: only months that are over, so that no two positions tell what one person was paid between them. */
export const incomePaid: Figure = {
  ...COUNTED,
  name: 'income-paid',
  title: { en: 'Income paid', zh: '实付收入' },
  definition: {
    en: 'Of each month that is over and each currency: all that known people were paid in it, less what came back, in minor units, and how many they were. A month with fewer than five people is not shown.',
    zh: '每个已结束的月份、每种货币：该月付给已知人员的总额（分，扣除退回）及人数；不足五人的月份不显示。',
  },
  async read(db, asOfSeq, { at, timeZone }) {
    const { rows } = await db.query<{ month: string; currency: string; paid: number; people: number }>(
      `WITH paid AS (
         SELECT p.account_id, a.currency, to_char(to_timestamp(p.at / 1000.0) AT TIME ZONE $2, 'YYYY-MM') AS month,
           sum(p.sent)::int8 AS sent
         FROM payments p JOIN accounts a ON a.id = p.account_id
         WHERE p.seq <= $1 AND a.kind = 'payable' GROUP BY 1, 2, 3)
       SELECT month, currency, sum(sent)::int8 AS paid, count(*)::int8 AS people FROM paid
       WHERE sent > 0 AND month < to_char(to_timestamp($3::int8 / 1000.0) AT TIME ZONE $2, 'YYYY-MM')
       GROUP BY month, currency HAVING count(*) >= ${FEWEST_PEOPLE} ORDER BY month, currency`,
      [asOfSeq, timeZone, at],
    );
    const items = rows.map(({ month, currency, ...values }) => ({ of: `${month} ${currency}`, values }));
    return { ...NO_SHARE, counts: {}, items };
  },
};

export const caseCounts: Figure = {
  ...COUNTED,
  name: 'cases',
  title: { en: 'Cases', zh: '案件' },
  definition: {
    en: 'Cases opened by then, by kind; of these, decided and withdrawn by then; the rest is open. Disputes are a kind of case.',
    zh: '截至该位置立案的案件（按类型），其中已裁定、已撤回；其余为未结。争议亦为一类案件。',
  },
  async read(db, asOfSeq) {
    const { rows } = await db.query<Record<'opened' | 'decided' | 'withdrawn', number> & { of: string }>(
      `SELECT kind AS of, count(*)::int8 AS opened,
         count(*) FILTER (WHERE state = 'decided' AND last_seq <= $1)::int8 AS decided,
         count(*) FILTER (WHERE state = 'withdrawn' AND last_seq <= $1)::int8 AS withdrawn
       FROM cases WHERE seq <= $1 GROUP BY kind ORDER BY kind`,
      [asOfSeq],
    );
    return byGroup(rows, ['opened', 'decided', 'withdrawn']);
  },
};

/** What is disputed and how it ended is sealed with the person: outcomes are told of months that are over, never of fewer than five. */
export const disputeCounts: Figure = {
  ...COUNTED,
  name: 'disputes',
  title: { en: 'Disputes', zh: '争议' },
  definition: {
    en: 'Weigh-ins disputed by then, and those of them answered by then. How they ended by month that is over, in the programme’s time zone; a month with fewer than five answers is not shown.',
    zh: '截至该位置被提出争议的称重次数及其中已答复的；结果按已结束的月份列示，不足五件答复的月份不显示。',
  },
  async read(db, asOfSeq, { at, timeZone }) {
    const counts = await db.query<{ disputed: number; answered: number }>(
      `SELECT count(*)::int8 AS disputed, count(*) FILTER (WHERE answered_seq <= $1)::int8 AS answered
       FROM disputes WHERE seq <= $1`,
      [asOfSeq],
    );
    const { rows } = await db.query<{ of: string; upheld: number; rejected: number }>(
      `SELECT to_char(to_timestamp(answered_at / 1000.0) AT TIME ZONE $3, 'YYYY-MM') AS of,
         count(*) FILTER (WHERE outcome = 'upheld')::int8 AS upheld,
         count(*) FILTER (WHERE outcome = 'rejected')::int8 AS rejected
       FROM disputes WHERE answered_seq <= $1 AND to_char(to_timestamp(answered_at / 1000.0) AT TIME ZONE $3, 'YYYY-MM')
         < to_char(to_timestamp($2::int8 / 1000.0) AT TIME ZONE $3, 'YYYY-MM')
       GROUP BY 1 HAVING count(*) >= ${FEWEST_PEOPLE} ORDER BY 1`,
      [asOfSeq, at, timeZone],
    );
    const items = rows.map(({ of, ...values }) => ({ of, values }));
    return { ...NO_SHARE, counts: counts.rows[0]!, items };
  },
};

export const statementCounts: Figure = {
  ...COUNTED,
  name: 'statements',
  title: { en: 'Statements about batches', zh: '批次声明' },
  definition: {
    en: 'Statements by the state they were in at the position, and the grams they state.',
    zh: '截至该位置处于各状态的批次声明数及其克数。',
  },
  async read(db, asOfSeq) {
    const { rows } = await db.query<{ of: string; statements: number; grams: number }>(
      `SELECT state AS of, count(*)::int8 AS statements, sum(grams)::int8 AS grams FROM (
         SELECT DISTINCT ON (statement_id) state, grams FROM statement_states WHERE seq <= $1
         ORDER BY statement_id, seq DESC) s GROUP BY state ORDER BY state`,
      [asOfSeq],
    );
    return byGroup(rows, ['statements']);
  },
};

/** That there are audits, and what they found that is open: nothing else about them is public. */
export const auditCounts: Figure = {
  ...COUNTED,
  name: 'audits',
  title: { en: 'Audits, and findings that are open', zh: '审计数与未结审计发现数' },
  definition: {
    en: 'Audits opened by then, and findings recorded and neither closed nor withdrawn by then.',
    zh: '截至该位置立项的审计数，及已登记而其时未关闭、未撤销的审计发现数。',
  },
  async read(db, asOfSeq) {
    const { rows } = await db.query<{ audits: number; openFindings: number }>(
      `SELECT (SELECT count(*) FROM audits WHERE seq <= $1) AS audits,
         (SELECT count(*) FROM audit_findings WHERE seq <= $1 AND (closed_seq IS NULL OR closed_seq > $1)) AS "openFindings"`,
      [asOfSeq],
    );
    return { ...NO_SHARE, counts: rows[0]! };
  },
};

const byGroup = <Name extends string>(
  rows: readonly ({ of: string } & Record<Name, number>)[],
  names: readonly Name[],
) => ({
  ...NO_SHARE,
  counts: Object.fromEntries(names.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)])),
  items: rows.map(({ of, ...values }) => ({ of, values: values as unknown as Record<string, number> })),
});
