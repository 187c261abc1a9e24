import { table } from '../db/table.ts';
import type { IncomeKind } from '../kernel/vocabulary.ts';
import type { Rates } from './taxes.ts';

/** Under which buyers of record issue the invoice of a sale themselves (反向开票), and what they withhold then. */
export type ReverseInvoicing = Rates & {
  /** Buyers of record with the number under which they are registered as recyclers. */
  issuers: { organisationId: string; registration: string }[];
  kinds: IncomeKind[];
  /** Minor units without VAT that may be invoiced to one seller within twelve calendar months. */
  limit: number;
};

export type TaxRule = {
  id: string;
  version: number;
  source: string;
  /** Milliseconds since 1970. */
  startsAt: number;
  currency: string;
  reverseInvoicing: ReverseInvoicing | null;
  /** Withheld at a flat rate of income of a kind, where no invoice is issued for it. */
  flat: { kind: IncomeKind; basisPoints: number }[];
  seq: number;
  lastSeq: number;
};
export const taxRules = table<TaxRule>('tax_rules', 'id', {
  id: 'uuid',
  version: 'int4',
  source: 'text',
  startsAt: 'int8',
  currency: 'text',
  reverseInvoicing: 'json',
  flat: 'json',
  seq: 'int8',
  lastSeq: 'int8',
});

/** One row, under the nil id: which rule starts when, in the order of the ledger. */
export type TaxSchedule = {
  id: string;
  starts: { ruleId: string; startsAt: number }[];
  lastSeq: number;
};
export const taxSchedules = table<TaxSchedule>('tax_schedules', 'id', {
  id: 'uuid',
  starts: 'json',
  lastSeq: 'int8',
});

/** Whether a seller agrees that a buyer issues the invoices; whose account it is, its id does not tell. */
export type InvoicingConsent = {
  /** `<account> <buyer>` */
  id: string;
  accountId: string;
  buyerId: string;
  /** Null once the person was erased. */
  personId: string | null;
  given: boolean;
  lastSeq: number;
};
export const invoicingConsents = table<InvoicingConsent>('invoicing_consents', 'id', {
  id: 'text',
  accountId: 'uuid',
  buyerId: 'uuid',
  personId: 'uuid',
  given: 'boolean',
  lastSeq: 'int8',
});
export const consentKey = (accountId: string, buyerId: string): string => `${accountId} ${buyerId}`;

/** What a seller was paid by a buyer in a calendar month for reverse invoices, and what was withheld of it. */
export type TaxMonth = {
  /** `<account> <buyer> <month>` */
  id: string;
  accountId: string;
  buyerId: string;
  month: string;
  gross: number;
  vat: number;
  incomeTax: number;
  lastSeq: number;
};
export const taxMonths = table<TaxMonth>('tax_months', 'id', {
  id: 'text',
  accountId: 'uuid',
  buyerId: 'uuid',
  month: 'text',
  gross: 'int8',
  vat: 'int8',
  incomeTax: 'int8',
  lastSeq: 'int8',
});
export const monthKey = (accountId: string, buyerId: string, month: string): string =>
  `${accountId} ${buyerId} ${month}`;

/**
 * How a sale is taxed, from its first fen on: under an invoice that its buyer issues, or at flat rates. Released: what was
 * withheld for an invoice went back to the seller, and none will be issued.
 */
export const TAX_WAYS = ['reverse', 'flat', 'released'] as const;
export type TaxWay = (typeof TAX_WAYS)[number];

/** Income of one account from one weigh-in or distribution of which tax was withheld; minor units. */
export type TaxedSale = {
  /** `<subject> <account>` */
  id: string;
  /** The lot of a weigh-in, or a distribution. */
  subjectId: string;
  accountId: string;
  buyerId: string;
  ruleId: string;
  /** In which it was first owed. */
  month: string;
  /** Under reverse invoices, as it stands now, and of this what stands on invoices. */
  gross: number;
  vat: number;
  incomeTax: number;
  invoicedGross: number;
  invoicedVat: number;
  invoicedIncomeTax: number;
  /** The last invoice it stands on. */
  invoice: string | null;
  /** Withheld at a flat rate. */
  flat: number;
  way: TaxWay;
  seq: number;
  lastSeq: number;
};
export const taxedSales = table<TaxedSale>('taxed_sales', 'id', {
  id: 'text',
  subjectId: 'uuid',
  accountId: 'uuid',
  buyerId: 'uuid',
  ruleId: 'uuid',
  month: 'text',
  gross: 'int8',
  vat: 'int8',
  incomeTax: 'int8',
  invoicedGross: 'int8',
  invoicedVat: 'int8',
  invoicedIncomeTax: 'int8',
  invoice: 'text',
  flat: 'int8',
  way: 'text',
  seq: 'int8',
  lastSeq: 'int8',
});
export const saleKey = (subjectId: string, accountId: string): string => `${subjectId} ${accountId}`;
