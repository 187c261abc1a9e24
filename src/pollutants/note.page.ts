import { sha256 } from '../kernel/hash.ts';
import { escaped } from '../kernel/html.ts';
import type { ReceivedItem } from './stock.ts';

export type Note = {
  number: string;
  receptionId: string;
  receivedAt: string;
  site: { id: string; name: string };
  vessel: { name: string | null; number: string | null };
  items: ReceivedItem[];
  marks: string[];
  voided: boolean;
  seq: number;
  leafHash: string;
};
type Names = Readonly<Record<string, { en: string; zh: string } | undefined>>;

const STYLE = `@page{size:A5 landscape;margin:12mm}
body{font:14px/1.5 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif;color:#000;background:#fff;max-width:190mm;margin:0 auto;padding:1rem}
h1{font-size:18px;margin:0 0 .5rem}.number{font-size:20px;font-weight:700}
table{width:100%;border-collapse:collapse;margin:.75rem 0}th,td{border:1px solid #000;padding:.25rem .5rem;text-align:left}
td.amount,th.amount{text-align:right;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem;margin:0}dt{font-weight:600}dd{margin:0}
.sign{display:flex;gap:2rem;margin-top:2rem}.sign span{flex:1;border-top:1px solid #000;padding-top:.25rem}
small{overflow-wrap:anywhere}@media print{body{padding:0}}`;

/** What the page may load: its own style, named by its hash, and nothing else. */
export const NOTE_POLICY = `default-src 'none'; style-src 'sha256-${Buffer.from(
  sha256(Buffer.from(STYLE)),
).toString('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

/** Thousandths as a decimal without trailing zeros: 1,200,500 is `1200.5`. */
export const thousandths = (n: number): string => {
  const rest = String(n % 1_000)
    .padStart(3, '0')
    .replace(/0+$/, '');
  return `${Math.floor(n / 1_000)}${rest === '' ? '' : `.${rest}`}`;
};

const said = (n: number | undefined, from: string | undefined, unit: string): string => {
  if (n === undefined) return '–';
  const how = from === 'computed' ? ' <small>（换算 computed）</small>' : '';
  return `${thousandths(n)} ${unit}${how}`;
};

const row = (item: ReceivedItem, names: Names): string => {
  const name = names[item.material];
  const count = item.count === undefined ? '' : `，${item.count} 件 pcs`;
  const density =
    item.density === undefined ? '' : `<br><small>密度 density ${item.density.gramsPerLitre} g/L</small>`;
  return `<tr><td>${escaped(name?.zh ?? item.material)} ${escaped(name?.en ?? '')}${count}${density}</td>
<td class="amount">${said(item.millilitres, item.millilitresFrom, 'L')}</td>
<td class="amount">${said(item.grams, item.gramsFrom, 'kg')}</td></tr>`;
};

/** The note to print, in both languages; litres and kilograms, and which of them was computed. */
export const notePage = (note: Note, names: Names): string => {
  const vessel = [note.vessel.name, note.vessel.number].filter((t) => t !== null).join(' · ') || '–';
  const number = escaped(note.number);
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${number}</title><style>${STYLE}</style></head><body>
<h1>船舶污染物接收单 <span lang="en">Ship waste reception note</span></h1>
<p class="number">${number}${note.voided ? ' 作废 VOID' : ''}</p>
<dl><dt>接收单位 Received by</dt><dd>${escaped(note.site.name)}</dd>
<dt>船舶 Vessel</dt><dd>${escaped(vessel)}</dd>
<dt>接收时间 Received at</dt><dd>${escaped(note.receivedAt)}</dd></dl>
<table><thead><tr><th>种类 Kind</th><th class="amount">体积 Volume</th><th class="amount">质量 Mass</th></tr></thead>
<tbody>${note.items.map((item) => row(item, names)).join('\n')}</tbody></table>
<p class="sign"><span>接收人 Receiver</span><span>船方 For the vessel</span></p>
<p><small>账本 Ledger ${note.seq} · ${note.leafHash}</small></p>
</body></html>
`;
};
