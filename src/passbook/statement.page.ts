import { VOCABULARY } from '../http/vocabulary.ts';
import { escaped } from '../kernel/html.ts';
import type { Language } from '../web/texts.ts';
import { page, row, textsOf } from './page.ts';
import { moneyText } from './receipt-text.ts';
import type { OwnStatement } from './statements.queries.ts';
import type { StatementPayload } from './statements.ts';
import { say } from './texts.ts';

const STATES = { valid: 'stands', revoked: 'isRevoked', expired: 'isExpired' } as const;

/** What was issued, each with a way to read and to revoke it, and a form to issue another. */
export const statementsSection = (
  language: Language,
  statements: readonly Omit<OwnStatement, 'payload' | 'seq'>[],
  /** `YYYY-MM`: the last twelve months are proposed. */
  { from, to }: { from: string; to: string },
): string => {
  const t = textsOf(language);
  const lang = `<input type="hidden" name="lang" value="${language}">`;
  const items = statements.map(({ id, lender, state, expiresAt }) => {
    const revoke =
      state === 'valid'
        ? `<form method="post" action="/passbook/revoke">${lang}<input type="hidden" name="statement" value="${escaped(id)}"><button class="quiet">${t('revoke')}</button></form>`
        : '';
    return `<article><h3>${escaped(lender)}</h3><p>${t(STATES[state])} · ${t('until')} ${escaped(expiresAt.slice(0, 10))}</p>
<p class="screen"><a href="/passbook/statement?lang=${language}&amp;id=${escaped(id)}">${t('readStatement')}</a></p>${revoke}</article>`;
  });
  return `<section class="screen"><h2>${t('statements')}</h2><p>${t('statementIntro')}</p>${items.join('')}
<details><summary>${t('newStatement')}</summary><form method="post" action="/passbook/statement">${lang}
<label>${t('lender')}<input name="lender" maxlength="120" required autocomplete="off"></label>
<label>${t('from')}<input name="from" value="${from}" maxlength="7" required></label>
<label>${t('to')}<input name="to" value="${to}" maxlength="7" required></label>
<p><small>${t('consent')}</small></p><button>${t('agree')}</button></form></details></section>`;
};

/** A statement to print and to hand over: what is signed in words, then what is signed as it is. */
export const statementHtml = (
  language: Language,
  { payload, state, issuedAt, expiresAt }: OwnStatement,
  jws: string,
): string => {
  const t = textsOf(language);
  const said = JSON.parse(payload) as StatementPayload;
  const money = (amount: number): string => escaped(moneyText({ amount, currency: said.currency }, language));
  const wayName = (way: string): string =>
    escaped((VOCABULARY.payoutRail as Record<string, Record<Language, string>>)[way]?.[language] ?? way);
  const months = said.months.map(
    ({ month, paid }) => `<tr><td>${escaped(month)}</td><td>${money(paid)}</td></tr>`,
  );
  return page(
    language,
    '/passbook',
    say(language, 'statement'),
    `<h1>${t('statement')}</h1><dl>${row(t('person'), escaped(said.person))}${row(t('lender'), escaped(said.lender))}
${row(t('issued'), escaped(issuedAt.slice(0, 10)))}${row(t('until'), escaped(expiresAt.slice(0, 10)))}${row(t('state'), t(STATES[state]))}
${row(t('issuer'), escaped(said.iss))}${row(t('code'), escaped(said.code))}</dl>
<section class="box"><h2>${t('paidInPeriod')}</h2><p class="big">${money(said.paid)}</p>
<dl>${said.ways.map(({ way, paid }) => row(wayName(way), money(paid))).join('')}${said.overpaid === 0 ? '' : row(t('overpaid'), money(said.overpaid))}</dl></section>
<table><thead><tr><th>${t('month')}</th><th>${t('paid')}</th></tr></thead><tbody>${months.join('')}</tbody></table>
<p>${t('statementMeans')}</p><p><small>${t('howToCheck')} /v1/income-statements/${escaped(said.code)}</small></p>
<h2>${t('signedText')}</h2><p><small>${escaped(jws)}</small></p>`,
  );
};
