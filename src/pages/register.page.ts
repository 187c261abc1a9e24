import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import { escaped } from '../kernel/html.ts';
import type { Batch } from '../resale/resale.tables.ts';
import type { SchemeVersion } from '../schemes/schemes.tables.ts';
import type { Statement } from '../statements/statements.tables.ts';
import { type sitePage, type Words, wordsIn } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import { codeForm, kilograms, nameOf, timeText } from './public.ts';

const ROWS_A_PAGE = 30;

const WORDS = {
  title: { en: 'Public register', zh: '公开登记' },
  lead: {
    en: 'Every statement that was issued, whatever became of it: also those that were suspended, revoked or replaced. Nobody is named here. Each page holds the statement against the signed log; this list is what the tables say.',
    zh: '列出所有出具过的声明，包括已暂停、撤销或被替代的。此处不显示任何名称。各声明页会与已签名账本核对；本列表为数据表所载。',
  },
  list: { en: 'Statements, the newest first', zh: '声明（最新在前）' },
  empty: { en: 'There is no such statement.', zh: '没有此类声明。' },
  issued: { en: 'Issued', zh: '出具' },
  until: { en: 'valid until {day}', zh: '有效期至 {day}' },
  batch: { en: 'batch {code}', zh: '批次 {code}' },
  all: { en: 'All', zh: '全部' },
  issuedState: { en: 'valid', zh: '有效' },
  expired: { en: 'expired', zh: '已过期' },
  suspended: { en: 'suspended', zh: '已暂停' },
  revoked: { en: 'revoked', zh: '已撤销' },
  superseded: { en: 'replaced', zh: '已被替代' },
  withdrawn: { en: 'withdrawn', zh: '已撤回' },
  older: { en: 'Older ones', zh: '更早的' },
  newest: { en: 'To the newest', zh: '回到最新' },
  claims: { en: 'Claims on these grams, retired or not', zh: '这些克数的权益登记（含已注销）' },
  outside: { en: 'Certificates of outside bodies', zh: '外部机构的证书' },
  forPrograms: { en: 'For programs', zh: '供程序使用' },
} as const satisfies Words<string>;

const SHOWN_STATES = ['valid', 'expired', 'suspended', 'revoked', 'superseded', 'withdrawn'] as const;
export type ShownState = (typeof SHOWN_STATES)[number];
export const isShownState = (text: unknown): text is ShownState =>
  (SHOWN_STATES as readonly unknown[]).includes(text);

type Row = Pick<
  Statement,
  'seq' | 'code' | 'grams' | 'custodyModel' | 'issuedAt' | 'validUntil' | 'scheme' | 'schemeVersion'
> & { shown: ShownState; batchCode: string; material: string; form: string };

/** Statements under a code before the position `before`, the newest first; one more than fits on a page. */
export const registerRows = async (
  db: Reader,
  { state, before, now }: { state: ShownState | undefined; before: number; now: number },
): Promise<Row[]> => {
  const { rows } = await sql<Row>`
    SELECT * FROM (
      SELECT s.seq, s.code, s.grams, s.custody_model AS "custodyModel", s.issued_at AS "issuedAt",
        s.valid_until AS "validUntil", s.scheme, s.scheme_version AS "schemeVersion", b.code AS "batchCode",
        b.material, b.form, CASE WHEN s.state <> 'issued' THEN s.state
          WHEN s.valid_until <= ${now} THEN 'expired' ELSE 'valid' END AS shown
      FROM statements s JOIN batches b ON b.id = s.batch_id WHERE s.code IS NOT NULL AND s.seq < ${before}
    ) r WHERE ${state ?? null}::text IS NULL OR shown = ${state ?? null}
    ORDER BY seq DESC LIMIT ${ROWS_A_PAGE + 1}`.execute(db);
  return rows;
};

type Tables = { batches: Batch; schemeVersions: SchemeVersion };

/** The names of the schemes these statements were asked for under, by code and version. */
export const schemeNames = async (db: Reader, rows: readonly Row[]): Promise<Map<string, SchemeVersion>> => {
  const found = await db
    .withTables<Tables>()
    .selectFrom('schemeVersions')
    .selectAll()
    .where('code', 'in', ['', ...new Set(rows.map(({ scheme }) => scheme))])
    .execute();
  return new Map(found.map((one) => [`${one.code} ${one.version}`, one]));
};

export const registerPage = (
  language: Language,
  found: readonly Row[],
  schemes: ReadonlyMap<string, SchemeVersion>,
  {
    state,
    before,
    timeZone,
  }: { state: ShownState | undefined; before: number | undefined; timeZone: string },
): Parameters<typeof sitePage>[0] => {
  const t = wordsIn(WORDS, language);
  const stateName = (one: ShownState): string => t(one === 'valid' ? 'issuedState' : one);
  const day = (ms: number): string => timeText(ms, timeZone).slice(0, 10);
  const link = (more: Record<string, string | undefined>, label: string, here = false): string => {
    const query = new URLSearchParams({ lang: language });
    for (const [name, value] of Object.entries(more)) if (value !== undefined) query.set(name, value);
    return `<a href="/register?${escaped(query.toString())}"${here ? ' aria-current="true"' : ''}>${label}</a>`;
  };
  const shown = found.slice(0, ROWS_A_PAGE);
  const rows = shown.map((row) => {
    const { code, grams, issuedAt, validUntil, scheme, schemeVersion } = row;
    const name = schemes.get(`${scheme} ${schemeVersion}`)?.rules.name[language] ?? scheme;
    const until = validUntil === null ? '' : `, ${t('until', { day: day(validUntil) })}`;
    const from = issuedAt === null ? '' : `${t('issued')} ${escaped(day(issuedAt))}`;
    return `<section class="box"><h3><a href="/s/${encodeURIComponent(code ?? '')}?lang=${language}"><code>${escaped(code ?? '')}</code></a> · ${stateName(row.shown)}</h3>
<p>${kilograms(grams, language)} · ${escaped(name)}</p>
<p><small>${nameOf('material', row.material, language)} · ${nameOf('form', row.form, language)} · ${nameOf('custodyModel', row.custodyModel, language)} · ${t('batch', { code: row.batchCode })}<br>${from}${until}</small></p></section>`;
  });
  const states = [
    link({}, t('all'), state === undefined),
    ...SHOWN_STATES.map((one) => link({ state: one }, stateName(one), one === state)),
  ];
  const last = shown.at(-1);
  const pages = [
    before === undefined ? '' : link({ state }, t('newest')),
    found.length > ROWS_A_PAGE && last !== undefined
      ? link({ state, before: String(last.seq) }, t('older'))
      : '',
  ].filter((text) => text !== '');
  const list = rows.length === 0 ? `<p>${t('empty')}</p>` : `<h2>${t('list')}</h2>${rows.join('\n')}`;
  const path = new URLSearchParams({
    ...(state === undefined ? {} : { state }),
    ...(before === undefined ? {} : { before: String(before) }),
  }).toString();
  return {
    ...{ language, path: path === '' ? '/register' : `/register?${path}`, place: 'register' },
    title: WORDS.title[language],
    main: `<h1>${t('title')}</h1><p>${t('lead')}</p>${codeForm(language)}
<p>${states.join(' · ')}</p>${list}<p>${pages.join(' · ')}</p>
<h2>${t('forPrograms')}</h2><ul><li><a href="/v1/register">${t('claims')}</a></li><li><a href="/v1/certificates/external">${t('outside')}</a></li></ul>`,
  };
};
