import type { FastifyReply, FastifyRequest } from 'fastify';
import { toProblem } from '../http/problem.ts';
import { VOCABULARY } from '../http/vocabulary.ts';
import { escaped } from '../kernel/html.ts';
import { Recent } from '../kernel/recent.ts';
import type { Clock } from '../kernel/time.ts';
import { languageAsked, pageHeaders, sitePage, type Words, wordsIn } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';

const WORDS = {
  failed: { en: 'This page could not be made', zh: '无法显示此页' },
  again: {
    en: 'Look again in a moment. Nothing was changed.',
    zh: '请稍后再看。没有任何内容被更改。',
  },
  back: { en: 'To the first page', zh: '返回首页' },
  code: { en: 'Code', zh: '编码' },
  codeHint: {
    en: 'As it stands on the goods or on the statement; blanks, dashes and small letters do not matter.',
    zh: '按商品或声明上的编码输入；空格、连字符和大小写均可。',
  },
  look: { en: 'Look it up', zh: '查询' },
} as const satisfies Words<string>;

/** A whole number with its thousands apart: `1,234,567`. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** Thousandths as a decimal, thousands apart, without trailing zeros: −1,234,500 is `-1,234.5`. */
export const inThousands = (n: number): string => {
  const size = Math.abs(n);
  const rest = String(size % 1_000)
    .padStart(3, '0')
    .replace(/0+$/, '');
  return `${n < 0 ? '-' : ''}${grouped(Math.floor(size / 1_000))}${rest === '' ? '' : `.${rest}`}`;
};

export const kilograms = (grams: number, language: Language): string =>
  `${inThousands(grams)}\u00a0${language === 'zh' ? '千克' : 'kg'}`;

/** Basis points as percent: 3,725 is `37.25 %`. */
export const percent = (basisPoints: number): string =>
  `${Math.floor(basisPoints / 100)}.${String(basisPoints % 100).padStart(2, '0')} %`;

/** What a code is called; as it is where nobody named it. Escaped. */
export const nameOf = (kind: keyof typeof VOCABULARY, code: string, language: Language): string => {
  const names: Record<string, Record<Language, string>> = VOCABULARY[kind];
  return escaped(Object.hasOwn(names, code) ? names[code]![language] : code);
};

export const definition = (name: string, value: string): string => `<dt>${name}</dt><dd>${value}</dd>`;

/** Day and minute of a time in the programme's zone: `2026-11-24 14:30`. */
export const timeText = (ms: number, timeZone: string): string =>
  new Intl.DateTimeFormat('sv-SE', {
    ...{ timeZone, year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit' },
  }).format(ms);

/** The form in which somebody types a code; it works without scripts. */
export const codeForm = (language: Language, value = ''): string => {
  const t = wordsIn(WORDS, language);
  return `<form method="get" action="/find"><input type="hidden" name="lang" value="${language}">
<label>${t('code')}<input name="code" value="${escaped(value)}" maxlength="60" autocomplete="off" autocapitalize="characters" spellcheck="false" required aria-describedby="code-hint"></label>
<p><small id="code-hint">${t('codeHint')}</small></p><button>${t('look')}</button></form>`;
};

/** A table that scrolls by itself where a phone is narrower; cells are markup, `number` columns are right-aligned. */
export const tableOf = (
  label: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = [],
): string => {
  const is = (i: number): string => (numbers.includes(i) ? ' class="number"' : '');
  const body = rows.map(
    (cells) =>
      `<tr>${cells.map((cell, i) => (i === 0 ? `<th scope="row">${cell}</th>` : `<td${is(i)}>${cell}</td>`)).join('')}</tr>`,
  );
  return `<div class="scroll" role="region" tabindex="0" aria-label="${label}"><table aria-label="${label}"><thead><tr>${heads
    .map((head, i) => `<th scope="col"${is(i)}>${head}</th>`)
    .join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
};

/** Sends a page of this site, one that may be asked for again. */
export const sendPage = (
  reply: FastifyReply,
  page: Parameters<typeof sitePage>[0],
  status = 200,
): FastifyReply => pageHeaders(reply).status(status).send(sitePage(page));

/** What somebody sees of these pages where one could not be made. */
export const failedPage = (error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const { status, detail } = toProblem(error, request.id);
  const language = languageAsked(request);
  const t = wordsIn(WORDS, language);
  if (status === 500) request.log.error({ err: error }, 'a page failed');
  if (status === 503) void reply.header('retry-after', '1');
  return sendPage(
    reply,
    {
      ...{ language, path: '/', title: t('failed'), hidden: true },
      main: `<h1>${t('failed')}</h1><p>${t('again')}</p><p><small>${escaped(status === 500 ? '' : detail)}</small></p><p><a href="/?lang=${language}">${t('back')}</a></p>`,
    },
    status,
  );
};

/**
 * What was read is shown to everybody who asks for the same within so many milliseconds, and read once by those who ask
 * at the same time: these pages are open to all. What failed is read again.
 */
export const sharedFor = <Value>(clock: Clock, ms: number, most = 100) => {
  const kept = new Recent<string, { until: number; value: Promise<Value> }>(most);
  return (key: string, read: () => Promise<Value>): Promise<Value> => {
    const now = clock();
    const found = kept.get(key);
    if (found !== undefined && now < found.until) return found.value;
    const value = read();
    const one = { until: now + ms, value };
    kept.set(key, one);
    value.catch(() => {
      one.until = 0;
    });
    return value;
  };
};
