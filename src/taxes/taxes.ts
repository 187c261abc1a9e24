import { inProportion } from '../kernel/money.ts';

/** What is due on what a seller is paid in a calendar month under reverse invoices; rates in basis points. */
export type Rates = {
  vatBasisPoints: number;
  /** Minor units without VAT: sales of a month up to and with this bear none. */
  vatFreeUpTo: number;
  incomeTaxBasisPoints: number;
};

/** Minor units. */
export type Tax = { vat: number; incomeTax: number };
/** What was sold, VAT included, and withheld of it; minor units. */
export type Sales = Tax & { gross: number };

const WHOLE = 10_000;

/**
 * The tax on all of a month's sales. A price includes its VAT: sales = gross / (1 + rate), VAT = gross − sales, income tax
 * = sales × rate; each is rounded half up to a fen, once. Sales of the month up to the limit bear no VAT, and then all of
 * the gross is sales; beyond it all of the month bears VAT, not only what goes beyond.
 */
export const taxOn = (gross: number, { vatBasisPoints, vatFreeUpTo, incomeTaxBasisPoints }: Rates): Tax => {
  // Compared exactly: gross / (1 + rate) > limit.
  const beyond = BigInt(gross) * BigInt(WHOLE) > BigInt(vatFreeUpTo) * BigInt(WHOLE + vatBasisPoints);
  const sales = beyond ? inProportion(gross, WHOLE, WHOLE + vatBasisPoints) : gross;
  return { vat: gross - sales, incomeTax: inProportion(sales, incomeTaxBasisPoints, WHOLE) };
};

const within = (amount: number, most: number): number => Math.max(0, Math.min(amount, most));

/**
 * What is withheld of a further sale: what the month then owes, less what was withheld already. So a month's sum is exact,
 * whatever it is made of. Never more than the sale itself: what is missing is taken from later sales of the month.
 */
export const withhold = (rates: Rates, month: Sales, gross: number): Tax => {
  const due = taxOn(month.gross + gross, rates);
  const vat = within(due.vat - month.vat, gross);
  return { vat, incomeTax: within(due.incomeTax - month.incomeTax, gross - vat) };
};

/** What stays withheld of a sale that turned out to be less: in proportion, so that one of nothing gives back all. */
export const lessened = ({ gross, vat, incomeTax }: Sales, to: number): Sales => ({
  gross: to,
  vat: to === 0 ? 0 : inProportion(vat, to, gross),
  incomeTax: to === 0 ? 0 : inProportion(incomeTax, to, gross),
});

/** A part of income of one kind taxed at a flat rate, each part rounded half up by itself. */
export const flatTax = (amount: number, basisPoints: number): number =>
  inProportion(amount, basisPoints, WHOLE);

/** The calendar month (`YYYY-MM`) so many months later, or earlier. */
export const monthAfter = (month: string, by: number): string => {
  const [year, of] = month.split('-').map(Number) as [number, number];
  const at = year * 12 + of - 1 + by;
  return `${String(Math.floor(at / 12)).padStart(4, '0')}-${String((at % 12) + 1).padStart(2, '0')}`;
};

/** The `count` calendar months that end with this one, the first first. */
export const monthsUpTo = (month: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => monthAfter(month, i + 1 - count));
