import type { Read } from '../figures/figures.routes.ts';
import { VOCABULARY } from '../http/vocabulary.ts';
import { escaped } from '../kernel/html.ts';
import { moneyText } from '../passbook/receipt-text.ts';
import { type Say, type sitePage, type Words, wordsIn } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import { definition, grouped, inThousands, kilograms, percent, tableOf } from './public.ts';

const WORDS = {
  title: { en: 'Transparency', zh: '公开数据' },
  lead: {
    en: 'Every number below was counted as of entry {seq} of the ledger, recorded {at}. Anybody can have it counted again as of that entry or any other, or count it from the public log.',
    zh: '以下数字截至账本第 {seq} 条（记录于 {at}）。任何人都可按此条或任一条重新计算，或由公开账本自行统计。',
  },
  again: { en: 'As of entry', zh: '截至账本条目' },
  count: { en: 'Count again', zh: '重新计算' },
  latest: { en: 'The latest', zh: '最新' },
  wrong: {
    en: '“{asked}” is no entry of this ledger. Entries are whole numbers from 0 to {last}.',
    zh: '“{asked}” 不是本账本的条目。条目为 0 至 {last} 的整数。',
  },
  csv: { en: 'CSV: {name}, version {version}', zh: 'CSV：{name}，第 {version} 版' },
  exactly: { en: 'What exactly it says', zh: '确切口径' },
  scope: { en: 'Scope', zh: '范围' },
  nothing: { en: 'Nothing to show yet.', zh: '暂无数据。' },
  shown: { en: 'The first {n} of {all}; the CSV has all.', zh: '仅列前 {n} 项，共 {all} 项；CSV 含全部。' },
  group: { en: 'Of', zh: '对象' },
  share: { en: '{part} of {whole}: {percent}', zh: '{whole} 中的 {part}：{percent}' },
  log: { en: 'The latest checkpoint, and who cosigned it', zh: '最新检查点及共同签名方' },
  logLead: {
    en: 'The log’s key signs how many entries there are and one hash over all of them. Each witness signs it too, and only one history.',
    zh: '账本密钥对条目数及全部条目的单一哈希签名；每个见证方亦签名，且只认一个历史。',
  },
  name: { en: 'Name', zh: '名称' },
  size: { en: 'Entries', zh: '条目数' },
  root: { en: 'Root', zh: '根' },
  signed: { en: 'Signed by', zh: '签名' },
  cosigned: { en: 'Cosigned by', zh: '共同签名' },
  nobody: {
    en: 'Nobody: no witness of this log has signed this checkpoint. Whoever keeps a copy of it is one.',
    zh: '无：尚无见证方为此检查点签名。凡保存其副本者即为见证。',
  },
  unsigned: { en: 'Nothing is signed yet.', zh: '尚无签名。' },
  note: { en: 'The checkpoint as it was signed', zh: '检查点原文' },
  list: { en: 'All figures for programs (JSON)', zh: '供程序使用的全部数字（JSON）' },
} as const satisfies Words<string>;
type T = Say<keyof typeof WORDS>;

/** What values of figures are called. */
const VALUES: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  grams: { en: 'Mass', zh: '质量' },
  used: { en: 'Used', zh: '投入' },
  made: { en: 'Made', zh: '产出' },
  lost: { en: 'Lost', zh: '损耗' },
  receivedGrams: { en: 'Received', zh: '接收质量' },
  receivedMillilitres: { en: 'Received, volume', zh: '接收体积' },
  treatedGrams: { en: 'Treated', zh: '处理质量' },
  treatedMillilitres: { en: 'Treated, volume', zh: '处理体积' },
  lostGrams: { en: 'Lost', zh: '损失质量' },
  lostMillilitres: { en: 'Lost, volume', zh: '损失体积' },
  voidedGrams: { en: 'Voided', zh: '作废质量' },
  voidedMillilitres: { en: 'Voided, volume', zh: '作废体积' },
  people: { en: 'People', zh: '人数' },
  paid: { en: 'Paid', zh: '已付' },
  lowerQuartile: { en: 'Lower quartile', zh: '下四分位' },
  median: { en: 'Median', zh: '中位' },
  upperQuartile: { en: 'Upper quartile', zh: '上四分位' },
  opened: { en: 'Opened', zh: '立案' },
  decided: { en: 'Decided', zh: '已裁定' },
  withdrawn: { en: 'Withdrawn', zh: '已撤回' },
  disputed: { en: 'Disputed', zh: '提出' },
  answered: { en: 'Answered', zh: '已答复' },
  upheld: { en: 'Upheld', zh: '成立' },
  rejected: { en: 'Rejected', zh: '不成立' },
  statements: { en: 'Statements', zh: '声明数' },
  deliveries: { en: 'Deliveries', zh: '人次' },
  weighIns: { en: 'Weigh-ins', zh: '称重次数' },
  voided: { en: 'Voided', zh: '已作废' },
  receptions: { en: 'Receptions from vessels', zh: '船舶污染物接收次数' },
  audits: { en: 'Audits', zh: '审计数' },
  openFindings: { en: 'Open findings', zh: '未结发现' },
  factorSet: { en: 'Version of the factors', zh: '因子集版本' },
  dryGrams: { en: 'Output, dry', zh: '产出（干重）' },
  avoidedGrams: { en: 'Avoided, CO2e', zh: '避免的 CO2e' },
  collectionGrams: { en: 'Collection and transport, CO2e', zh: '收集与运输 CO2e' },
  estimateGrams: { en: 'Estimate, CO2e', zh: '估算 CO2e' },
  hits: { en: 'Found', zh: '命中' },
  refuted: { en: 'Refuted', zh: '误报' },
  open: { en: 'Open', zh: '未结' },
  batches: { en: 'Batches', zh: '批次数' },
};

/** Words that name a group of a figure and stand in no vocabulary. */
const GROUPS: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  collected: { en: 'Collected', zh: '收集' },
  processed: { en: 'Processed:', zh: '加工：' },
  sold: { en: 'Sold', zh: '售出' },
  pollutant: { en: 'Pollutant:', zh: '污染物：' },
  all: { en: 'All months', zh: '全部月份' },
  requested: { en: 'Asked for', zh: '已申请' },
  'in-review': { en: 'In review', zh: '审核中' },
  issued: { en: 'Issued', zh: '已出具' },
  refused: { en: 'Refused', zh: '已拒绝' },
  suspended: { en: 'Suspended', zh: '已暂停' },
  revoked: { en: 'Revoked', zh: '已撤销' },
  superseded: { en: 'Replaced', zh: '已被替代' },
  withdrawn: { en: 'Withdrawn', zh: '已撤回' },
};

/** In which vocabularies a word of a group may stand, the first that has it. */
const KINDS = ['material', 'step', 'exitWay', 'lossKind', 'caseKind'] as const;

/** Losses and cases are told by kinds of their own: `fire` is both a loss and an incident. */
const groupName = (of: string, language: Language): string =>
  of
    .split(' ')
    .map((word) => {
      const kinds: readonly Readonly<Record<string, Readonly<Record<Language, string>>>>[] = [
        GROUPS,
        ...KINDS.map((kind) => VOCABULARY[kind]),
      ];
      return escaped(kinds.find((names) => Object.hasOwn(names, word))?.[word]?.[language] ?? word);
    })
    .join(' ');

const MONEY = new Set(['paid', 'lowerQuartile', 'median', 'upperQuartile']);
const MASS = new Set(['grams', 'used', 'made', 'lost']);

const valueText = (value: string, n: number, of: string, language: Language): string => {
  const currency = /(?:^| )([A-Z]{3})$/.exec(of)?.[1];
  if (MONEY.has(value) && currency !== undefined)
    return escaped(moneyText({ amount: n, currency }, language));
  if (MASS.has(value) || value.endsWith('Grams')) return kilograms(n, language);
  if (value.endsWith('Millilitres')) return `${inThousands(n)} L`;
  return grouped(n);
};

const valueName = (value: string, language: Language): string =>
  escaped(Object.hasOwn(VALUES, value) ? VALUES[value]![language] : value);

/** Groups of one figure that the page lists. */
const MOST_GROUPS = 60;
/** Columns that a phone still shows; figures with more list their values one below the other. */
const MOST_COLUMNS = 3;

const itemsTable = (title: string, items: Read['items'], language: Language, t: T): string => {
  const names = [...new Set(items.flatMap(({ values }) => Object.keys(values)))];
  const shown = items.slice(0, MOST_GROUPS);
  const more =
    shown.length < items.length
      ? `<p><small>${t('shown', { n: shown.length, all: items.length })}</small></p>`
      : '';
  const cell = (of: string, name: string, n: number | undefined): string =>
    n === undefined ? '' : valueText(name, n, of, language);
  if (names.length <= MOST_COLUMNS)
    return `${tableOf(
      title,
      [t('group'), ...names.map((name) => valueName(name, language))],
      shown.map(({ of, values }) => [
        groupName(of, language),
        ...names.map((name) => cell(of, name, values[name])),
      ]),
      names.map((_, i) => i + 1),
    )}${more}`;
  const rows = shown.map(({ of, values }) => [
    groupName(of, language),
    Object.entries(values)
      .map(([name, n]) => `${valueName(name, language)} ${cell(of, name, n)}`)
      .join('<br>'),
  ]);
  return `${tableOf(title, [t('group'), ''], rows, [1])}${more}`.replace(
    '<th scope="col" class="number"></th>',
    '<td></td>',
  );
};

const figureSection = (figure: Read, language: Language, t: T): string => {
  const { name, version, asOfSeq, numerator, denominator, basisPoints, counts, items } = figure;
  const title = escaped(figure.title[language]);
  const share =
    numerator === null || denominator === null
      ? ''
      : `<p>${t('share', { part: grouped(numerator), whole: grouped(denominator), percent: basisPoints === null ? '–' : percent(basisPoints) })}</p>`;
  const counted = Object.entries(counts).map(([value, n]) =>
    definition(valueName(value, language), valueText(value, n, '', language)),
  );
  const list = items.length === 0 ? '' : itemsTable(title, items, language, t);
  const numbers = `${share}${counted.length === 0 ? '' : `<dl>${counted.join('')}</dl>`}${list}`;
  return `<section id="${escaped(name)}"><h2>${title}</h2>${numbers === '' ? `<p>${t('nothing')}</p>` : numbers}
<details><summary>${t('exactly')}</summary><p>${escaped(figure.definition[language])}</p><p>${t('scope')}: ${escaped(figure.scope[language])}</p></details>
<p><a href="/v1/figures/${encodeURIComponent(name)}/file?asOfSeq=${asOfSeq}">${t('csv', { name, version })}</a></p></section>`;
};

/** A checkpoint, and the names and keys of those whose signatures under it fit. */
export type CheckpointShown = {
  origin: string;
  size: number;
  root: string;
  note: string;
  signed: string[];
  cosigned: { key: string; at: string | null }[];
};

const logSection = (log: CheckpointShown | null, t: T): string => {
  if (log === null) return `<h2>${t('log')}</h2><p>${t('unsigned')}</p>`;
  const cosigned = log.cosigned.map(
    ({ key, at }) => `<code>${escaped(key)}</code>${at === null ? '' : `<br><small>${escaped(at)}</small>`}`,
  );
  return `<section id="checkpoint"><h2>${t('log')}</h2><p>${t('logLead')}</p><dl>
${definition(t('name'), escaped(log.origin))}${definition(t('size'), grouped(log.size))}${definition(t('root'), `<code>${escaped(log.root)}</code>`)}
${definition(t('signed'), log.signed.map((key) => `<code>${escaped(key)}</code>`).join('<br>'))}
${definition(t('cosigned'), cosigned.length === 0 ? t('nobody') : cosigned.join('<br>'))}</dl>
<details><summary>${t('note')}</summary><pre>${escaped(log.note)}</pre></details></section>`;
};

/** The figures in the order they are told; others follow. */
const ORDER = [
  ...[
    'masses-by-step',
    'losses',
    'deliveries',
    'people',
    'income-paid',
    'persons-paid',
    'paid-per-person-month',
  ],
  ...[
    'paid-per-batch',
    'cases',
    'disputes',
    'field-check-share',
    'anomaly-precision',
    'statements',
    'audits',
  ],
];
const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

/** @param asked what was asked for and is no entry; undefined where it is one */
export const transparencyPage = (
  language: Language,
  figures: readonly Read[],
  log: CheckpointShown | null,
  { asOfSeq, at, fixed, asked }: { asOfSeq: number; at: string; fixed: boolean; asked?: string | undefined },
): Parameters<typeof sitePage>[0] => {
  const t = wordsIn(WORDS, language);
  const wrong =
    asked === undefined
      ? ''
      : `<p class="alarm" role="alert">${t('wrong', { asked: asked.slice(0, 40), last: asOfSeq })}</p>`;
  const sections = figures
    .toSorted((a, b) => rank(a.name) - rank(b.name))
    .map((figure) => figureSection(figure, language, t));
  return {
    ...{
      language,
      path: fixed ? `/transparency?asOfSeq=${asOfSeq}` : '/transparency',
      place: 'transparency',
    },
    title: WORDS.title[language],
    main: `<h1>${t('title')}</h1>${wrong}<p>${t('lead', { seq: asOfSeq, at })}</p>
<form method="get" action="/transparency"><input type="hidden" name="lang" value="${language}"><label>${t('again')}<input name="asOfSeq" inputmode="numeric" pattern="[0-9]{1,15}" value="${asOfSeq}" required></label><button>${t('count')}</button> <a href="/transparency?lang=${language}">${t('latest')}</a></form>
${sections.join('\n')}
${logSection(log, t)}
<footer><p><a href="/v1/figures">${t('list')}</a></p></footer>`,
  };
};
