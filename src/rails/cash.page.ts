import { sha256 } from '../kernel/hash.ts';
import { escaped } from '../kernel/html.ts';
import { type CashList, checkCashList } from './cash.ts';
import { yuanText } from './lists.ts';

// A line is 14 mm high, so that a thumb fits; a line is never cut by the end of a page, and each page has the head.
const STYLE = `@page{size:A4;margin:14mm 12mm}
body{font:14px/1.4 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif;color:#000;background:#fff;max-width:190mm;margin:0 auto;padding:1rem}
h1{font-size:18px;margin:0 0 .25rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem;margin:0 0 .75rem}dt{font-weight:600}dd{margin:0}
table{width:100%;border-collapse:collapse}th,td{border:1px solid #000;padding:.2rem .4rem;text-align:left}
thead{display:table-header-group}tr{break-inside:avoid}tbody td{height:14mm}
td.amount,th.amount{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.sign{width:42mm}
small{overflow-wrap:anywhere}.hands{display:flex;gap:2rem;margin-top:12mm;break-inside:avoid}.hands span{flex:1;border-top:1px solid #000;padding-top:.25rem}
@media print{body{padding:0}}`;

/** What the page may load: its own style, named by its hash, and nothing else. */
export const CASH_POLICY = `default-src 'none'; style-src 'sha256-${Buffer.from(
  sha256(Buffer.from(STYLE)),
).toString('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

/** The list to print and to sign, Chinese and English beside each other. @throws 422 as `checkCashList`. */
export const cashPage = (list: CashList): string => {
  const total = checkCashList(list);
  const rows = list.lines.map(
    ({ reference, payee, amount, purpose }, i) => `<tr><td>${i + 1}</td>
<td>${escaped(payee.name!.trim())}<br><small>${escaped(payee.account)}</small></td>
<td>${escaped(purpose)}<br><small>${escaped(reference)}</small></td>
<td class="amount">${yuanText(amount)}</td><td class="sign"></td><td></td></tr>`,
  );
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(list.number)}</title><style>${STYLE}</style></head><body>
<h1>现金发放签收单 <span lang="en">Cash list for signature</span></h1>
<dl><dt>编号 No.</dt><dd>${escaped(list.number)}</dd>
<dt>站点 Station</dt><dd>${escaped(list.site)}</dd>
<dt>日期 Date</dt><dd>${escaped(list.day)}</dd></dl>
<p>请核对金额后签名或按手印。<span lang="en">Check the amount, then sign or press your thumb.</span></p>
<table><thead><tr><th>序号<br>No.</th><th>姓名 / 卡号<br>Name / card</th><th>事由 / 参考号<br>For / reference</th>
<th class="amount">金额（元）<br>Yuan</th><th>签名或手印<br>Signature or thumb</th><th>时间<br>Time</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>
<p>共 ${list.lines.length} 人次，合计 <strong>${yuanText(total)}</strong> 元。<span lang="en">${list.lines.length} lines, ${yuanText(total)} yuan in all.</span></p>
<p class="hands"><span>发放人 Paid out by</span><span>见证人 Witness</span></p>
</body></html>
`;
};
