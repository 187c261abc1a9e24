import { VOCABULARY } from '../http/vocabulary.ts';
import { escaped } from '../kernel/html.ts';
import type { Bilingual } from '../ledger/fact.ts';
import { sitePage, wordsIn } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import { COLUMNS, type Pack } from './pack.ts';

const WORDS = {
  title: { en: 'Reconciliation pack', zh: '审计对账资料' },
  of: {
    en: '{body}: {site}, {first} to {last}; entries {from} to {until} of the ledger',
    zh: '{body}：{site}，{first} 至 {last}；账本条目 {from} 至 {until}',
  },
  how: {
    en: 'Grams. Opening and closing come from the balances of stock, the changes between from what each fact did to each lot; the difference must be 0. By the day of recording.',
    zh: '单位：克。期初与期末取自库存余额，期间变动取自每笔事实对每批物料的记账，差额须为 0。按入账日计。',
  },
  stock: { en: 'Stock', zh: '库存' },
  kind: { en: 'Material, form', zh: '材料、形态' },
  opening: { en: 'Opening', zh: '期初' },
  in: { en: 'In', zh: '进' },
  made: { en: 'Made', zh: '产出' },
  used: { en: 'Used', zh: '投入' },
  out: { en: 'Out', zh: '出' },
  losses: { en: 'Losses', zh: '损耗' },
  counts: { en: 'Counts', zh: '盘点' },
  corrected: { en: 'Corrected', zh: '更正' },
  closing: { en: 'Closing', zh: '期末' },
  difference: { en: 'Difference', zh: '差额' },
  processing: { en: 'Lost in processing', zh: '加工损耗' },
  unexplained: {
    en: 'Used and not made, less these: {grams} g',
    zh: '投入减产出再减以上各项：{grams} 克',
  },
  flows: { en: 'By kind of fact', zh: '按事实类型' },
  facts: { en: 'Facts', zh: '笔数' },
  grams: { en: 'Grams', zh: '克' },
  loads: { en: 'Loads received', zh: '到货' },
  booked: { en: 'Booked', zh: '账面' },
  measured: { en: 'Weighed', zh: '实称' },
  surplus: { en: 'Surplus', zh: '溢余' },
  stocktakes: { en: 'Counts of stock', zh: '盘点记录' },
  weighIns: { en: 'Weigh-ins drawn', zh: '抽中的称重' },
  gross: { en: 'Gross', zh: '毛重' },
  tare: { en: 'Tare', zh: '皮重' },
  marks: { en: 'Marks', zh: '标记' },
  subject: { en: 'About', zh: '对象' },
  evidence: { en: 'Evidence (SHA-256)', zh: '证据（SHA-256）' },
  closed: { en: 'closed', zh: '不可见' },
  cases: { en: 'Cases', zh: '案件' },
  state: { en: 'State', zh: '状态' },
  none: { en: 'None.', zh: '无。' },
} as const;
type Word = keyof typeof WORDS;

/** What a code is called; a code without a name stands as it is. */
const nameOf = (list: Readonly<Record<string, Bilingual>>, code: string, language: Language): string =>
  Object.hasOwn(list, code) ? list[code]![language] : code;

/** Grams, or a text; hashes and ids break anywhere, words do not. */
const cellOf = (value: string | number | null): string => {
  if (typeof value === 'number') return `<td class="number">${value}</td>`;
  const text = value === null ? '–' : escaped(value);
  return `<td>${text.replace(/[0-9a-f-]{36,}/g, '<code>$&</code>')}</td>`;
};

/** A page to print: what the CSV holds, for people. */
export const packPage = (
  pack: Pack,
  language: Language,
  path: string,
  titleOf: (type: string) => Bilingual | undefined,
): string => {
  const say = wordsIn(WORDS, language);
  const table = (title: Word, heads: readonly Word[], rows: (string | number | null)[][]): string => {
    if (rows.length === 0) return `<h2>${say(title)}</h2><p>${say('none')}</p>`;
    const head = heads.map((name, i) => {
      const isNumber = rows.some((row) => typeof row[i] === 'number');
      return `<th scope="col"${isNumber ? ' class="number"' : ''}>${say(name)}</th>`;
    });
    const body = rows.map((cells) => `<tr>${cells.map(cellOf).join('')}</tr>`);
    return `<h2>${say(title)}</h2><div class="scroll" tabindex="0" role="region" aria-label="${say(title)}"><table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
  };
  const { site, body, firstDay: first, lastDay: last } = pack;
  const kind = ({ material, form }: { material: string; form: string }) =>
    [nameOf(VOCABULARY.material, material, language), nameOf(VOCABULARY.form, form, language)].join(', ');
  const shown = { body, site: site.name, first, last, from: pack.fromSeq, until: pack.untilSeq - 1 };
  const main = [
    `<h1>${say('title')}</h1><p>${say('of', shown)}</p><p>${say('how')}</p>`,
    table(
      'stock',
      ['kind', 'opening', ...COLUMNS, 'closing', 'difference'],
      pack.stock.map((line) => [
        ...[kind(line), line.opening],
        ...COLUMNS.map((column) => line[column]),
        ...[line.closing, line.difference],
      ]),
    ),
    table(
      'processing',
      ['kind', 'grams'],
      pack.processLosses.map((loss) => [nameOf(VOCABULARY.lossKind, loss.kind, language), loss.grams]),
    ),
    `<p>${say('unexplained', { grams: pack.processDifference })}</p>`,
    table(
      'flows',
      ['flows', 'kind', 'grams', 'facts'],
      pack.flows.map((flow) => [
        ...[titleOf(flow.type)?.[language] ?? flow.type, kind(flow), flow.grams, flow.facts],
      ]),
    ),
    table(
      'loads',
      ['loads', 'booked', 'measured', 'losses', 'surplus'],
      pack.loads.map((load) => [
        ...[`${load.shipmentId} (${load.seq})`, load.bookedGrams],
        ...[load.measuredGrams, load.lossGrams, load.surplusGrams],
      ]),
    ),
    table(
      'stocktakes',
      ['stocktakes', 'kind', 'booked', 'measured'],
      pack.counts.map((item) => [
        ...[`${item.countId} (${item.seq})`, kind(item), item.bookedGrams, item.countedGrams],
      ]),
    ),
    table(
      'weighIns',
      ['weighIns', 'kind', 'gross', 'tare', 'marks', 'evidence'],
      pack.weighIns.map((weighed) => [
        ...[`${weighed.seq} ${weighed.day} ${weighed.leafHash}`, kind(weighed), weighed.grossGrams],
        ...[
          weighed.tareGrams,
          weighed.marks.map((code) => nameOf(VOCABULARY.mark, code, language)).join(', '),
        ],
        weighed.evidence.map((hash) => hash ?? WORDS.closed[language]).join(' '),
      ]),
    ),
    table(
      'marks',
      ['marks', 'subject', 'state'],
      pack.marks.map((mark) => [
        `${nameOf(VOCABULARY.mark, mark.code, language)} (${mark.seq})`,
        `${mark.subjectKind} ${mark.subjectId}`,
        mark.state,
      ]),
    ),
    table(
      'cases',
      ['cases', 'grams', 'losses', 'state'],
      pack.cases.map((one) => [
        `${nameOf(VOCABULARY.caseKind, one.kind, language)} ${one.id} (${one.seq})`,
        one.grams,
        one.lossGrams,
        one.state,
      ]),
    ),
  ].join('\n');
  return sitePage({ language, path, title: WORDS.title[language], main, wide: true, hidden: true });
};
