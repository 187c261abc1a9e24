import { VOCABULARY } from '../http/vocabulary.ts';
import { sha256 } from '../kernel/hash.ts';
import { escaped } from '../kernel/html.ts';
import { DISPUTE_ABOUT } from '../kernel/vocabulary.ts';
import { thousandths } from '../pollutants/note.page.ts';
import type { Language } from '../web/texts.ts';
import type { BagView, Month, PassbookAccount, PassbookView } from './passbook.schema.ts';
import { moneyText } from './receipt-text.ts';
import { say, type TextName } from './texts.ts';

// Usable at 360 px. In print all is one narrow column, so that a slip printer of 58 or 80 mm takes it as it is.
const STYLE = `:root{color-scheme:light;--line:#c9d3da;--soft:#f3f7f9;--blue:#0b5c86;--bad:#b00020}
*{box-sizing:border-box}
body{font:17px/1.5 system-ui,"PingFang SC","Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif;color:#16242c;background:#fff;margin:0}
main,header{max-width:34rem;margin:0 auto;padding:0 .9rem}main{padding-bottom:3rem}
header{display:flex;justify-content:space-between;align-items:baseline;padding-top:.8rem;gap:1rem}
a{color:var(--blue)}h1{font-size:1.4rem;line-height:1.25;margin:.8rem 0 .4rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:1.4rem 0 .3rem}h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
p{margin:.4rem 0;overflow-wrap:anywhere}.brand{font-weight:700}
.big{font-size:1.9rem;font-weight:700;line-height:1.2;margin:0}
.box,article{border:1px solid var(--line);border-radius:.6rem;padding:.7rem .8rem;margin:.7rem 0;background:#fff}
.box{background:var(--soft)}.said{border-left:.4rem solid var(--blue)}.alarm{border-left:.4rem solid var(--bad)}
dl{display:grid;grid-template-columns:minmax(0,max-content) minmax(52%,1fr);gap:.05rem .7rem;margin:.4rem 0}dt{color:#465b66}dd{margin:0;text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
dd.text{text-align:left}
table{width:100%;border-collapse:collapse;margin:.3rem 0}th,td{padding:.25rem .2rem;border-bottom:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}th:first-child,td:first-child{text-align:left;white-space:nowrap}
td{overflow-wrap:anywhere}.wide{text-align:left}
form{margin:.5rem 0}label{display:block;margin:.5rem 0}
input,select,textarea,button{font:inherit;width:100%;padding:.6rem;border:1px solid #5d7f91;border-radius:.4rem;background:#fff;color:inherit}
button{border-color:var(--blue);background:var(--blue);color:#fff;cursor:pointer;min-height:3rem}
button.quiet{background:#fff;color:var(--blue)}summary{cursor:pointer;color:var(--blue);padding:.5rem 0}
:is(button,a,input,select,textarea,summary):focus-visible{outline:3px solid #f0a500;outline-offset:2px}
small{color:#465b66;overflow-wrap:anywhere}footer{border-top:1px solid var(--line);margin-top:1.5rem;padding-top:.4rem;font-size:.9em}
@page{margin:2mm}
@media print{form,header a,details,nav,.screen{display:none}body{font-size:9pt;line-height:1.35;color:#000}main,header{max-width:76mm;padding:0}
h1{font-size:12pt}h2{font-size:10pt;margin:2mm 0 .5mm}h3{font-size:9pt}.big{font-size:14pt}.box,article{border:0;border-top:1px dashed #000;border-radius:0;background:#fff;padding:1mm 0;margin:1mm 0;break-inside:avoid}
dl{gap:0 2mm;margin:.5mm 0}dt,small{color:#000}th,td{padding:.3mm 0;border-bottom:1px dotted #000}small,footer{font-size:7.5pt}}
`;

/** What a page may load: its own style, named by its hash. What it may send: forms, to here. */
export const PASSBOOK_POLICY = `default-src 'none'; style-src 'sha256-${Buffer.from(
  sha256(Buffer.from(STYLE)),
).toString('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;

type Say = (name: TextName, values?: Readonly<Record<string, string | number>>) => string;

/** A whole page. `main` is markup already. */
export const page = (language: Language, path: string, title: string, main: string): string => {
  const other = language === 'en' ? 'zh' : 'en';
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>${escaped(title)} · Blue Cycle 蓝色循环</title><style>${STYLE}</style></head><body>
<header><span class="brand">Blue Cycle 蓝色循环</span><a href="${escaped(path)}?lang=${other}" lang="${other}">${say(language, 'other')}</a></header>
<main>
${main}
</main></body></html>
`;
};

export const textsOf =
  (language: Language): Say =>
  (name, values) =>
    escaped(say(language, name, values));

const notice = (t: Say, said: TextName | undefined, alarm: boolean): string =>
  said === undefined ? '' : `<p class="box said${alarm ? ' alarm' : ''}" role="status">${t(said)}</p>`;

type Said = { said?: TextName | undefined; alarm?: boolean };

/** The page to open a passbook with card and PIN. */
export const cardPage = (language: Language, { said, alarm = false }: Said = {}): string => {
  const t = textsOf(language);
  return page(
    language,
    '/passbook',
    say(language, 'title'),
    `<h1>${t('title')}</h1>${notice(t, said, alarm)}<p>${t('intro')}</p>
<form method="post" action="/passbook/open"><input type="hidden" name="lang" value="${language}">
<label>${t('cardNumber')}<input name="number" inputmode="numeric" autocomplete="off" maxlength="30" required></label>
<label>${t('pin')}<input name="pin" type="password" inputmode="numeric" autocomplete="off" maxlength="6" required></label>
<button>${t('open')}</button></form>`,
  );
};

/** What a link shows: opening it takes a button, since programs look at links before people do. */
export const linkPage = (language: Language, token: string): string => {
  const t = textsOf(language);
  return page(
    language,
    `/b/${encodeURIComponent(token)}`,
    say(language, 'title'),
    `<h1>${t('title')}</h1><p>${t('intro')}</p><p>${t('linkIntro')}</p>
<form method="post" action="/passbook/open"><input type="hidden" name="lang" value="${language}">
<input type="hidden" name="link" value="${escaped(token)}"><button>${t('open')}</button></form>`,
  );
};

const nameOf = (kind: keyof typeof VOCABULARY, code: string, language: Language): string =>
  escaped(
    (VOCABULARY[kind] as Record<string, { en: string; zh: string } | undefined>)[code]?.[language] ?? code,
  );

const UNIT = { zh: '千克', en: 'kg' } as const;
const kg = (grams: number, language: Language): string => `${thousandths(grams)} ${UNIT[language]}`;

export const row = (name: string, value: string): string => `<dt>${name}</dt><dd>${value}</dd>`;

const accountBox = (account: PassbookAccount, language: Language): string => {
  const t = textsOf(language);
  const { currency } = account;
  const money = (amount: number): string => escaped(moneyText({ amount, currency }, language));
  const some = (name: TextName, amount: number): string => (amount === 0 ? '' : row(t(name), money(amount)));
  return `<section class="box"><h2>${t('owed')}</h2><p class="big">${money(account.owed)}</p><dl>
${some('inPayment', account.inPayment)}${some('provisional', account.provisional)}${some('inSuspense', account.inSuspense)}${some('overpaid', account.overpaid)}${row(t('earnedInAll'), money(account.earned))}${row(t('paidInAll'), money(account.paid))}</dl></section>`;
};

const monthsTable = (months: readonly Month[], currency: string, language: Language): string => {
  const t = textsOf(language);
  const money = (amount: number): string => escaped(moneyText({ amount, currency }, language));
  const rows = months.map(
    ({ month, grams, earned, paid }) =>
      `<tr><td>${escaped(month)}</td><td>${kg(grams, language)}</td><td>${money(earned)}</td><td>${money(paid)}</td></tr>`,
  );
  return `<h2>${t('months')}</h2><table><thead><tr><th>${t('month')}</th><th>${t('lifetime')}</th><th>${t('earned')}</th><th>${t('paid')}</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
};

/** At most so many payments are listed on the page; all are in its JSON. */
const MOST_LINES = 50;

const moneyTable = ({ money, underWay, currency }: PassbookAccount, language: Language): string => {
  const t = textsOf(language);
  const amountOf = (amount: number): string => escaped(moneyText({ amount, currency }, language));
  const nameOfLine = ({ kind, rail, batchCode, tax }: PassbookAccount['money'][number]): string => {
    if (kind === 'bonus') {
      const withheld = tax === 0 ? '' : `<br><small>${t('withheld')}: ${amountOf(tax)}</small>`;
      return `${t('bonus', { code: batchCode ?? '' })}${withheld}`;
    }
    return kind === 'paid' ? nameOf('payoutRail', rail ?? '', language) : t(kind);
  };
  const open = underWay.map(
    ({ rail, state, amount }) =>
      `<tr><td>${t('underWay')}</td><td class="wide">${nameOf('payoutRail', rail, language)}: ${nameOf('payoutState', state, language)}</td><td>${amountOf(amount)}</td></tr>`,
  );
  const lines = money.slice(0, MOST_LINES).map((line) => {
    const sign = line.kind === 'returned' ? -line.amount : line.amount;
    return `<tr><td>${escaped(line.day)}</td><td class="wide">${nameOfLine(line)}</td><td>${amountOf(sign)}</td></tr>`;
  });
  const all = [...open, ...lines];
  return `<h2>${t('money')}</h2>${all.length === 0 ? `<p>${t('none')}</p>` : `<table><tbody>${all.join('')}</tbody></table>`}`;
};

const priceText = ({ price }: BagView, language: Language): string => {
  if (price === null) return say(language, 'noPrice');
  const { perGrams, perPiece = 1 } = price;
  const of = perGrams === undefined ? `${perPiece} ${say(language, 'piece')}` : kg(perGrams, language);
  return `${moneyText(price, language)} / ${of}`;
};

const earnedRows = (bag: BagView, language: Language): string => {
  const t = textsOf(language);
  const { earned, why } = bag;
  if (earned === null) return row(t('earned'), t('noPrice'));
  const { currency, base, premium, waits, settled, decision } = earned;
  const money = (amount: number): string => escaped(moneyText({ amount, currency }, language));
  const reasons = why.map((code) => nameOf('mark', code, language)).join('，');
  return [
    row(t('price'), escaped(priceText(bag, language))),
    row(t('base'), money(base)),
    premium === 0 ? '' : row(t('premium'), money(premium)),
    waits === 0
      ? ''
      : row(t('waits'), `${money(waits)}${reasons === '' ? '' : `<br><small>${reasons}</small>`}`),
    decision === 'refused' ? row('', t('refused')) : '',
    decision === 'undecided' ? row('', t('undecided')) : '',
    `<dt><strong>${t('earned')}</strong></dt><dd><strong>${money(base + premium - waits)}</strong></dd>`,
    settled === 0 ? '' : row(t('scale'), money(settled)),
  ].join('');
};

const standingOf = (bag: BagView, language: Language): string => {
  const t = textsOf(language);
  const { parties, state, change, confirmed, dispute } = bag;
  const said: string[] = [];
  if (parties > 1) said.push(t('shared', { n: parties }));
  if (change !== null) {
    const was = { gross: thousandths(change.grossGrams), pay: thousandths(change.payGrams) };
    said.push(
      `${t(state === 'voided' ? 'voided' : 'corrected', { day: change.day })}：${escaped(change.reason)}<br><small>${t('before', was)}</small>`,
    );
  }
  if (confirmed === 'yes') said.push(`✓ ${t('confirmed')}`);
  if (confirmed === 'other-values') said.push(t('otherValues'));
  if (dispute !== null) {
    const about = nameOf('disputeAbout', dispute.about, language);
    const reason = dispute.reason === null ? '' : `：${escaped(dispute.reason)}`;
    const open = t('disputed', { about, day: dispute.dueAt.slice(0, 10) });
    said.push(
      dispute.outcome === null ? open : `${t(dispute.outcome === 'upheld' ? 'upheld' : 'rejected')}${reason}`,
    );
  }
  return said.map((line) => `<p>${line}</p>`).join('');
};

const becameOf = ({ destinations: { leftGrams, batches } }: BagView, language: Language): string => {
  const t = textsOf(language);
  const rest = leftGrams === 0 ? [] : [`${kg(leftGrams, language)} ${t('left')}`];
  const sealed = batches.map(
    ({ code, grams, material, form }) =>
      `${kg(grams, language)} ${t('inBatch')} ${escaped(code)} (${nameOf('material', material, language)} ${nameOf('form', form, language)})`,
  );
  const all = [...sealed, ...rest];
  return all.length === 0 ? '' : `<p><small>${t('became')}：${all.join('；')}</small></p>`;
};

const voiceForms = (bag: BagView, language: Language): string => {
  if (!bag.open) return '';
  const t = textsOf(language);
  const hidden = `<input type="hidden" name="lang" value="${language}"><input type="hidden" name="bag" value="${escaped(`${bag.id} ${bag.seenSha256}`)}">`;
  const options = DISPUTE_ABOUT.map(
    (about) => `<option value="${about}">${nameOf('disputeAbout', about, language)}</option>`,
  );
  return `<form method="post" action="/passbook/confirm">${hidden}<button>${t('confirm')}</button></form>
<details><summary>${t('dispute')}</summary><form method="post" action="/passbook/dispute">${hidden}
<label>${t('about')}<select name="about">${options.join('')}</select></label>
<label>${t('claimed')}<input name="kilograms" inputmode="decimal" maxlength="15" autocomplete="off"></label>
<label>${t('note')}<textarea name="note" maxlength="2000" rows="3"></textarea></label><button class="quiet">${t('send')}</button></form></details>`;
};

const bagArticle = (bag: BagView, language: Language): string => {
  const t = textsOf(language);
  const kinds = bag.deductions.map(({ kind }) => nameOf('deductionKind', kind, language)).join('、');
  const deducted = `${kg(bag.deductionGrams, language)}${kinds === '' ? '' : `<br><small>${kinds}</small>`}`;
  return `<article><h3>${escaped(bag.day)} ${escaped(bag.site.name)}</h3>
<p>${nameOf('material', bag.material, language)} ${nameOf('form', bag.form, language)}</p>
<dl>${row(t('gross'), kg(bag.grossGrams, language))}${row(t('tare'), kg(bag.tareGrams, language))}${row(t('deducted'), deducted)}${row(t('paidFor'), kg(bag.payGrams, language))}${earnedRows(bag, language)}</dl>
${standingOf(bag, language)}${becameOf(bag, language)}<p><small>${t('receipt')} ${bag.receipt.seq}-${escaped(bag.receipt.leafHash.slice(0, 6))}</small></p>
${voiceForms(bag, language)}</article>`;
};

const openBox = (book: PassbookView, language: Language): string => {
  if (book.open === 0) return '';
  const t = textsOf(language);
  const shown = book.items.filter(({ open }) => open);
  const bags = shown.map(
    ({ id, seenSha256 }) => `<input type="hidden" name="bag" value="${escaped(`${id} ${seenSha256}`)}">`,
  );
  const all =
    shown.length < 2
      ? ''
      : `<form method="post" action="/passbook/confirm"><input type="hidden" name="lang" value="${language}">${bags.join('')}<button>${t('confirmAll')}</button></form>`;
  return `<div class="box said screen"><p>${t('waiting', { n: book.open })}</p>${all}</div>`;
};

/**
 * The passbook itself, in one language. `closesAt` is a time of day; `first` says whether it is the first page;
 * `statements` is markup, see `statementsSection`.
 */
export const passbookHtml = (
  language: Language,
  book: PassbookView,
  {
    closesAt,
    first,
    statements,
    said,
    alarm = false,
  }: { closesAt: string; first: boolean; statements: string } & Said,
): string => {
  const t = textsOf(language);
  const older =
    book.nextCursor === null
      ? ''
      : `<a href="/passbook?lang=${language}&amp;cursor=${encodeURIComponent(book.nextCursor)}">${t('later')}</a>`;
  const newest = first ? '' : `<a href="/passbook?lang=${language}">${t('first')}</a> `;
  const account = (each: PassbookAccount): string =>
    `${monthsTable(each.months, each.currency, language)}${moneyTable(each, language)}`;
  const bags = book.items.map((bag) => bagArticle(bag, language)).join('\n');
  return page(
    language,
    '/passbook',
    say(language, 'title'),
    `<h1>${t('title')} · ${escaped(book.name)}</h1>${notice(t, said, alarm)}
${book.accounts.map((each) => accountBox(each, language)).join('')}
<p>${t('lifetime')} <strong>${kg(book.lifetimeGrams, language)}</strong> · ${t('bagCount', { n: book.bags })}</p>
${openBox(book, language)}${first ? book.accounts.map(account).join('') : ''}
<h2>${t('bags')}</h2>${bags === '' ? `<p>${t('none')}</p>` : bags}
<nav>${newest}${older}</nav>
${first ? statements : ''}
<form method="post" action="/passbook/close"><input type="hidden" name="lang" value="${language}"><button class="quiet">${t('close')}</button></form>
<p class="screen"><small>${t('closes')} ${escaped(closesAt)}</small></p>
<footer><p>${t('footer')}</p></footer>`,
  );
};
