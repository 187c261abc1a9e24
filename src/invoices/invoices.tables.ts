import { table } from '../db/table.ts';

/** An invoice that a buyer issued for a seller, or a red-letter one against it; never changed. Minor units. */
export type ReverseInvoice = {
  number: string;
  kind: 'ordinary' | 'special' | 'red';
  /** Of a red-letter one: the number of the invoice it takes back from. */
  reddens: string | null;
  buyerId: string;
  accountId: string;
  /** Null once the person was erased. */
  personId: string | null;
  /** `YYYY-MM-DD`. */
  date: string;
  /** Of the sales, `YYYY-MM`. */
  month: string;
  ruleId: string;
  /** How many weigh-ins and distributions it covers. */
  sales: number;
  /** VAT included; negative on a red-letter invoice, as are the next two. */
  gross: number;
  vat: number;
  incomeTax: number;
  /** Without VAT, of this seller in the twelve calendar months that end with that of the date. */
  total: number;
  seq: number;
  lastSeq: number;
};
export const reverseInvoices = table<ReverseInvoice>('reverse_invoices', 'number', {
  number: 'text',
  kind: 'text',
  reddens: 'text',
  buyerId: 'uuid',
  accountId: 'uuid',
  personId: 'uuid',
  date: 'text',
  month: 'text',
  ruleId: 'uuid',
  sales: 'int4',
  gross: 'int8',
  vat: 'int8',
  incomeTax: 'int8',
  total: 'int8',
  seq: 'int8',
  lastSeq: 'int8',
});

/** What stands on a seller's invoices dated in a month, without VAT; minor units. */
export type InvoicedMonth = {
  /** `<account> <month>` */
  id: string;
  accountId: string;
  month: string;
  sales: number;
  lastSeq: number;
};
export const invoicedMonths = table<InvoicedMonth>('invoiced_months', 'id', {
  id: 'text',
  accountId: 'uuid',
  month: 'text',
  sales: 'int8',
  lastSeq: 'int8',
});
export const invoicedMonthKey = (accountId: string, month: string): string => `${accountId} ${month}`;
