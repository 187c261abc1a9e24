import { escaped } from '../kernel/html.ts';
import { type Say, type sitePage, wordsIn } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import { codeForm, definition, kilograms, nameOf, percent, tableOf, timeText } from './public.ts';
import type { StatementData } from './statement.data.ts';
import { WORDS } from './statement.words.ts';

type T = Say<keyof typeof WORDS>;
type Page = Parameters<typeof sitePage>[0];
export type Titles = ReadonlyMap<string, Readonly<Record<Language, string>>>;

/** Says that there is nothing to show, and why; nothing else of the code. */
export const noStatementPage = (
  language: Language,
  code: string,
  what: 'unknown' | 'tampered' | 'test',
): Page => {
  const t = wordsIn(WORDS, language);
  return {
    ...{ language, path: `/s/${encodeURIComponent(code)}`, hidden: true },
    title: WORDS[`${what}Title`][language],
    main: `<section class="box verdict bad"><h1 class="big">${t(`${what}Title`)}</h1><p>${t(what)}</p></section>${codeForm(language)}`,
  };
};

const isWord = (name: string): name is keyof typeof WORDS => Object.hasOwn(WORDS, name);

const statedSection = (
  data: StatementData,
  language: Language,
  t: T,
  time: (ms: number) => string,
): string => {
  const { checked, scheme, batch, usedGrams, holder, approvers } = data;
  const { grams, ofGrams, custodyModel, exclusionGroup, approvedBy, issuedAt, validUntil, replacedBy } =
    checked.statement;
  const kg = (n: number): string => kilograms(n, language);
  const share = percent(Number((BigInt(grams) * 10_000n) / BigInt(ofGrams)));
  const { name, issues, says } = scheme.rules;
  const approved =
    approvedBy.length === 0
      ? t('approvedNone')
      : [
          t('approvedText', { n: approvedBy.length }),
          ...approvers.map((approver) => t('of', { name: approver })),
        ].join('<br>');
  return `<h2>${t('says')}</h2><p>${escaped(says[language])}</p><dl>
${definition(t('grams'), t('mass', { grams: kg(grams), share, of: kg(ofGrams) }))}
${definition(t('batch'), `<a href="/p/${encodeURIComponent(batch.code)}?lang=${language}">${escaped(batch.code)}</a>`)}
${definition(t('material'), `${nameOf('material', batch.material, language)} · ${nameOf('form', batch.form, language)}`)}
${definition(t('scheme'), t('schemeVersion', { name: name[language], version: scheme.version }))}
${definition(t('issues'), isWord(issues) ? t(issues) : escaped(issues))}
${definition(t('custody'), nameOf('custodyModel', custodyModel, language))}
${definition(t('group'), isWord(exclusionGroup) ? t(exclusionGroup) : escaped(exclusionGroup))}
${definition(t('used'), t('usedText', { used: kg(usedGrams), left: kg(grams - usedGrams) }))}
${definition(t('holder'), holder === null ? t('holderUnnamed') : escaped(holder))}
${definition(t('approved'), approved)}
${issuedAt === null ? '' : definition(t('issued'), time(Date.parse(issuedAt)))}
${validUntil === null ? '' : definition(t('until'), time(validUntil))}
${replacedBy === null ? '' : definition(t('replacedBy'), `<a href="/s/${encodeURIComponent(replacedBy)}?lang=${language}">${escaped(replacedBy)}</a>`)}
</dl>`;
};

/** What a fact says beside its title, from its public part. */
const detailOf = (data: Readonly<Record<string, unknown>>, language: Language, t: T): string => {
  const { cause, state, eligibleGrams, next } = data as {
    cause?: unknown;
    state?: unknown;
    eligibleGrams?: unknown;
    next?: { code?: unknown };
  };
  if (cause === 'by-hand') return t('by-hand');
  if (cause === 'eligible-below')
    return t('eligible-below', { grams: kilograms(Number(eligibleGrams ?? 0), language) });
  if (state === 'revoked') return t('revokedFact');
  if (state === 'refused' || state === 'withdrawn') return t(state);
  return typeof next?.code === 'string' ? `→ ${escaped(next.code)}` : '';
};

const historySection = (
  { facts }: StatementData,
  language: Language,
  t: T,
  titles: Titles,
  time: (ms: number) => string,
): string => {
  const rows = facts.map(({ seq, at, type, data }) => {
    const title = escaped(titles.get(type)?.[language] ?? type);
    const detail = detailOf(data as Record<string, unknown>, language, t);
    return [
      `<a href="/verify?lang=${language}#${seq}">${seq}</a>`,
      time(Date.parse(at)),
      detail === '' ? title : `${title}<br><small>${detail}</small>`,
    ];
  });
  return `<h2>${t('history')}</h2><p>${t('historyLead')}</p>${tableOf(t('history'), [t('entry'), t('when'), t('what')], rows)}`;
};

const certificatesSection = ({ certificates }: StatementData, t: T, day: (ms: number) => string): string => {
  if (certificates.length === 0) return `<h2>${t('certificates')}</h2><p>${t('noCertificates')}</p>`;
  const items = certificates.map((one) => {
    const approval =
      one.approvalNumber === null ? '' : ` (${t('approvalNumber', { number: one.approvalNumber })})`;
    const state = one.state === 'in-force' ? t('in-force') : t(`certificate${one.state}`);
    const ended = one.endedOn === null ? '' : ` (${escaped(one.endedOn)})`;
    return `<dl class="box">${definition(t('body'), `${escaped(one.body)}${approval}`)}${definition(t('number'), escaped(one.number))}${definition(t('scope'), escaped(one.scope))}${definition(t('from'), `${escaped(one.validFrom)} – ${escaped(one.validUntil)}`)}${definition(t('checked'), `${day(Date.parse(one.checkedAt))}: ${state}${ended}`)}</dl>`;
  });
  return `<h2>${t('certificates')}</h2><p>${t('certificatesLead')}</p>${items.join('\n')}`;
};

/** @param host where this site is reached, as the print says */
export const statementPage = (
  language: Language,
  data: StatementData,
  { titles, timeZone, host }: { titles: Titles; timeZone: string; host: string },
): Page => {
  const t = wordsIn(WORDS, language);
  const time = (ms: number): string => escaped(timeText(ms, timeZone));
  const day = (ms: number): string => time(ms).slice(0, 10);
  const { code, verdict, signature, checkedAt, reasons, statement } = data.checked;
  const at = timeText(Date.parse(checkedAt), timeZone);
  const ended =
    verdict === 'revoked' && statement.state !== 'revoked'
      ? `<p>${statement.state === 'refused' || statement.state === 'withdrawn' ? t(statement.state) : escaped(statement.state)}</p>`
      : '';
  const waiting = reasons.includes('latest-fact-not-signed-yet') ? `<p>${t('waiting')}</p>` : '';
  const massBalance =
    statement.custodyModel === 'mass-balance' ? `<li><strong>${t('mass_balance')}</strong></li>` : '';
  const main = `<h1>${t('title', { code })}</h1>
<section class="box verdict ${verdict === 'valid' ? 'good' : 'bad'}" data-verdict="${verdict}"><p class="big">${verdict === 'valid' ? '✓' : '✗'} ${t(verdict as 'valid')}</p>${ended}<p>${t('found', { at, size: signature.size })}</p>${waiting}</section>
${statedSection(data, language, t, time)}
${historySection(data, language, t, titles, time)}
${certificatesSection(data, t, day)}
<h2>${t('limits')}</h2><ul>${massBalance}<li>${t('limit1')}</li><li>${t('limit2')}</li><li>${t('limit3')}</li></ul>
<h2>${t('check')}</h2><ul class="screen"><li><a href="/p/${encodeURIComponent(code)}?lang=${language}">${t('checkBatch')}</a></li><li><a href="/verify?lang=${language}#${statement.seq}">${t('checkFact')}</a></li><li><a href="/v1/verify/${encodeURIComponent(code)}">${t('checkJson')}</a></li></ul>
<p>${t('clone')}</p><dl>${definition(t('log'), escaped(signature.origin))}${definition(t('key'), `<code>${escaped(signature.key)}</code>`)}</dl>
<footer><p>${t('printed', { host, code, at })}</p></footer>`;
  return {
    ...{ language, path: `/s/${encodeURIComponent(code)}`, place: 'register', main },
    title: wordsIn(WORDS, language)('title', { code }),
  };
};
