import type { TaxedSale } from '../taxes/taxes.tables.ts';
import { monthAfter, monthsUpTo, type Sales } from '../taxes/taxes.ts';

/** The limit counts this many calendar months in a row. */
export const LIMIT_MONTHS = 12;

/** What of a sale stands on no invoice; negative where it turned out to be less than was invoiced. Minor units. */
export const uninvoiced = (sale: TaxedSale): Sales => ({
  gross: sale.gross - sale.invoicedGross,
  vat: sale.vat - sale.invoicedVat,
  incomeTax: sale.incomeTax - sale.invoicedIncomeTax,
});

/** All of a sale that stands on an invoice, to be taken back. */
export const takenBack = (sale: TaxedSale): Sales => ({
  gross: 0 - sale.invoicedGross,
  vat: 0 - sale.invoicedVat,
  incomeTax: 0 - sale.invoicedIncomeTax,
});

export const sumOf = (parts: readonly Sales[]): Sales => ({
  gross: parts.reduce((sum, { gross }) => sum + gross, 0),
  vat: parts.reduce((sum, { vat }) => sum + vat, 0),
  incomeTax: parts.reduce((sum, { incomeTax }) => sum + incomeTax, 0),
});

/** Every month that lies within twelve of this one, before it or after, in order. */
export const monthsAround = (month: string): string[] =>
  monthsUpTo(monthAfter(month, LIMIT_MONTHS - 1), 2 * LIMIT_MONTHS - 1);

export type Window = { from: string; to: string; sales: number };

/**
 * What is invoiced to a seller in each twelve months in a row that hold the month, the one that ends with it first.
 * @param of what is invoiced in a month, without VAT
 */
export const windowsOf = (month: string, of: (month: string) => number): Window[] => {
  const months = monthsAround(month);
  return Array.from({ length: LIMIT_MONTHS }, (_, i) => {
    const twelve = months.slice(i, i + LIMIT_MONTHS);
    return { from: twelve[0]!, to: twelve.at(-1)!, sales: twelve.reduce((sum, m) => sum + of(m), 0) };
  });
};
