import { csvCell as cell, csvText } from '../kernel/csv.ts';
import { yuanText } from '../rails/lists.ts';
import type { ReverseInvoice } from './invoices.tables.ts';

/** As `yuanText`, of negative amounts too. */
const yuan = (fen: number): string => (fen < 0 ? `-${yuanText(0 - fen)}` : yuanText(fen));

/** Columns of the export for the tax office, one line an invoice, in the words of its forms; amounts in yuan. */
export const COLUMNS = [
  ...(['序号', '购买方税号或备案号', '出售者姓名', '证件类型', '证件号码'] as const),
  ...(['发票号码', '发票种类', '对应蓝字发票号码', '开票日期', '销售所属月份', '称重及返利笔数'] as const),
  ...(['价税合计', '不含税销售额', '增值税额', '预缴个人所得税', '连续12个月累计销售额'] as const),
] as const;

const KINDS = { ordinary: '普通发票', special: '增值税专用发票', red: '红字发票' } as const;
const IDENTITIES = { 'cn-id': '居民身份证', passport: '护照', other: '其他' } as const;

export type Seller = {
  name: string;
  identity?: { kind: keyof typeof IDENTITIES; number: string } | undefined;
};

/** Digits that are no amount: sixteen and more would lose their last ones. */
const digits = (text: string): string => (text === '' ? '' : `\t${text}`);

/**
 * The invoices of a month for the tax office: UTF-8 with a byte order mark, lines ended by CR LF. Of somebody erased name
 * and number are empty.
 * @param sellerOf by person; undefined where nothing is kept
 * @param registrationOf of the buyer in the rule the invoice followed
 */
export const invoicesCsv = (
  invoices: readonly ReverseInvoice[],
  sellerOf: (personId: string) => Seller | undefined,
  registrationOf: (invoice: ReverseInvoice) => string,
): string => {
  const rows = invoices.map((invoice, i) => {
    const seller = invoice.personId === null ? undefined : sellerOf(invoice.personId);
    const { gross, vat, incomeTax, total } = invoice;
    return [
      ...[String(i + 1), cell(registrationOf(invoice)), cell(seller?.name ?? '')],
      ...[seller?.identity === undefined ? '' : IDENTITIES[seller.identity.kind]],
      ...[digits(cell(seller?.identity?.number ?? '')), digits(invoice.number), KINDS[invoice.kind]],
      ...[digits(invoice.reddens ?? ''), invoice.date, invoice.month, String(invoice.sales)],
      ...[gross, gross - vat, vat, incomeTax, total].map(yuan),
    ];
  });
  return csvText([[...COLUMNS], ...rows]);
};
