import { escaped } from '../kernel/html.ts';
import { instant } from '../kernel/time.ts';
import { sitePage } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import type { BatchData } from './batch.data.ts';
import type { Named } from './batch.queries.ts';
import {
  kg,
  named,
  originSection,
  peopleSection,
  percent,
  placesSection,
  type Saying,
  sayingIn,
  timelineSection,
  waySection,
} from './batch.sections.ts';
import { VERDICT_WORDS, type WORDS } from './batch.words.ts';

/** What was found of a statement of the batch. */
export type StatementShown = {
  code: string;
  verdict: keyof typeof VERDICT_WORDS;
  name: Readonly<Record<Language, string>>;
  says: Readonly<Record<Language, string>>;
  grams: number;
  checkedAt: string;
};

export type BatchPage = {
  language: Language;
  found: Named;
  data: BatchData;
  statements: readonly StatementShown[];
  /** The log's name, and the key that entry 0 names; null while it cannot be read. */
  log: { origin: string; key: string } | null;
  /** Where this page was asked for, as people type it. */
  host: string;
  titles: ReadonlyMap<string, Readonly<Record<Language, string>>>;
};

const p = (text: string): string => `<p>${text}</p>`;

/** A page that says one thing and nothing else: no such code, or one that cannot be believed. */
export const plainPage = (
  language: Language,
  path: string,
  what: 'unknown' | 'tampered' | 'test',
): string => {
  const { say } = sayingIn(language);
  const [title, text] = (
    {
      unknown: ['unknownTitle', 'unknown'],
      tampered: ['tamperedTitle', 'tampered'],
      test: ['testTitle', 'testSays'],
    } as const satisfies Record<string, [keyof typeof WORDS, keyof typeof WORDS]>
  )[what];
  const main = `<h1>${say(title)}</h1><p class="box verdict bad">${say(text)}</p>`;
  return sitePage({ language, path, title: say(title), main, place: 'verify', hidden: true });
};

/** The page of a batch, of a product of it, or of what was stated of it: the verdict first, then the way. */
export const batchPage = (page: BatchPage): string => {
  const { language, found, data, titles } = page;
  const saying = sayingIn(language);
  const { say } = saying;
  const { batch, product, statement } = found;
  const title =
    statement !== null
      ? say('statementTitle', { code: statement })
      : say(product === null ? 'batchTitle' : 'productTitle', { code: batch.code });
  const material = named(language, 'material', batch.material);
  const form = named(language, 'form', batch.form);
  const main = [
    `<h1>${title}</h1>`,
    `<p><strong>${say('summary', { grams: kg(batch.grams), material, form })}</strong></p>`,
    verdictBox(page, saying),
    product === null ? '' : productBox(saying, product),
    statementsSection(page, saying),
    storyOf(saying, data, titles),
    provesSection(page, saying),
    cloneSection(page, saying),
    `<p><small>${say('asOf', { at: instant(data.at) })}</small></p>`,
  ].join('\n');
  const path = `/p/${found.code}`;
  return sitePage({ language, path, title, main, place: 'verify', scripts: ['/verify/product.js'] });
};

const stories = new WeakMap<BatchData, Map<Language, string>>();

/** What is told of a batch: as long as what was read of it is kept, it is written once in each language. */
const storyOf = (saying: Saying, data: BatchData, titles: BatchPage['titles']): string => {
  const kept = stories.get(data) ?? new Map<Language, string>();
  stories.set(data, kept);
  const story =
    kept.get(saying.language) ??
    [
      originSection(saying, data),
      waySection(saying, data),
      timelineSection(saying, data, titles),
      placesSection(saying, data),
      peopleSection(saying, data),
    ].join('\n');
  kept.set(saying.language, story);
  return story;
};

/** How anybody walks the way back from the public log alone. */
const command = (code: string, host: string): string =>
  escaped(
    `npx blue-cycle export --url ${host} --out log.ndjson; npx blue-cycle verify --file log.ndjson --batch ${code}`,
  );

/** Filled by the script; without one it says what was not checked, and how to. */
const verdictBox = ({ found: { batch }, host }: BatchPage, { say }: Saying): string =>
  `<section id="verdict" class="box verdict" role="status" data-code="${escaped(batch.code)}" data-grams="${batch.grams}" data-material="${escaped(batch.material)}" data-form="${escaped(batch.form)}">
<h2>${say('notChecked')}</h2><noscript><p>${say('noScript')}</p><pre>${command(batch.code, host)}</pre></noscript></section>`;

const productBox = ({ say }: Saying, product: NonNullable<Named['product']>): string => {
  const { unitMassGrams: unit, contentGrams: content, units } = product;
  return p(say('product', { unit, content, units, percent: percent(content, unit) }));
};

const statementsSection = ({ language, statements, found }: BatchPage, { say }: Saying): string => {
  const lines = statements.map(({ code, verdict, name, says, grams, checkedAt }) => {
    const isGood = verdict === 'valid';
    const said = say('statementSays', {
      name: name[language],
      grams: kg(grams),
      verdict: VERDICT_WORDS[verdict][language],
      at: checkedAt,
    });
    return `<li><p${isGood ? '' : ' class="alarm"'}>${said} <a href="/s/${code}?lang=${language}">${code}</a></p><p>${escaped(says[language])}</p></li>`;
  });
  const heading = say(found.statement === null ? 'statements' : 'says');
  return `<section><h2>${heading}</h2>${lines.length === 0 ? p(say('noStatements')) : `<ul>${lines.join('')}</ul>`}</section>`;
};

const provesSection = ({ found: { batch }, host }: BatchPage, { say }: Saying): string =>
  `<section class="box"><h2>${say('provesHeading')}</h2><ul><li>${say('proves1')}</li><li>${say('proves2')}</li></ul>
<h2>${say('provesNotHeading')}</h2><ul><li>${say('provesNot1')}</li><li>${say('provesNot2')} <code>${command(batch.code, host)}</code></li><li>${say('provesNot3')}</li></ul></section>`;

const cloneSection = ({ found, log, host, language }: BatchPage, { say }: Saying): string => {
  const [, short = ''] = log?.key.split('+') ?? [];
  const names =
    log === null
      ? ''
      : `<dl><dt>${say('logName')}</dt><dd><code>${escaped(log.origin)}</code></dd><dt>${say('shortName')}</dt><dd><code>${escaped(short)}</code></dd></dl>`;
  const qr = `/p/${encodeURIComponent(found.code)}/qr`;
  return `<section class="box" id="log"><h2>${say('cloneHeading')}</h2><p>${say('clone', { host })}</p>${names}
<div id="log-state" role="status"></div>
<p>${say('secondOpinion')} <a href="/v1/batches/${found.batch.code}/bundle">${say('bundle')}</a>, <a href="/verify?lang=${language}#${found.batch.code}">/verify</a>, <code>blue-cycle-verifier</code></p>
<p>${say('qr')}: <a href="${qr}.svg">SVG</a>, <a href="${qr}.png">PNG</a>. ${say('qrSays')}</p></section>`;
};
