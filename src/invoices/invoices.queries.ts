import type { Reader } from '../db/reader.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Queryable } from '../ledger/store.ts';
import { openParticulars } from '../registry/people.particulars.ts';
import type { TaxRule } from '../taxes/taxes.tables.ts';
import { monthsUpTo, type Sales, taxOn } from '../taxes/taxes.ts';
import type { Seller } from './csv.ts';
import { MOST_SALES } from './invoices.facts.ts';
import type { ReverseInvoice } from './invoices.tables.ts';
import { LIMIT_MONTHS } from './invoices.ts';

export const invoicesIn = (db: Reader) =>
  db.withTables<{ reverseInvoices: ReverseInvoice }>().selectFrom('reverseInvoices').selectAll();

/** Subjects of a seller's sales of a month that stand on no invoice, the oldest first. */
export const openSales = async (
  pool: Queryable,
  { accountId, buyerId, month }: { accountId: string; buyerId: string; month: string },
): Promise<string[]> => {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT subject_id AS id FROM taxed_sales
     WHERE account_id = $1 AND month = $2 AND buyer_id = $3 AND way = 'reverse' AND gross > invoiced_gross
     ORDER BY seq, subject_id LIMIT ${MOST_SALES}`,
    [accountId, month, buyerId],
  );
  return rows.map(({ id }) => id);
};

/** Subjects that stand on an invoice, and on no later one. */
export const salesOn = async (pool: Queryable, number: string): Promise<string[]> => {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT subject_id AS id FROM taxed_sales WHERE invoice = $1 ORDER BY seq, subject_id LIMIT ${MOST_SALES}`,
    [number],
  );
  return rows.map(({ id }) => id);
};

export type Due = Sales & {
  personId: string | null;
  buyerId: string;
  month: string;
  sales: number;
  consent: boolean;
  place: number;
};

/** What of each seller's sales up to a month stands on no invoice; one more than `limit`. */
export const listDue = async (
  pool: Queryable,
  month: string | undefined,
  after: number,
  limit: number,
): Promise<Due[]> => {
  const { rows } = await pool.query<Due>(
    `SELECT * FROM (
       SELECT d.*, c.person_id AS "personId", coalesce(c.given, false) AS consent,
         row_number() OVER (ORDER BY d.month, d."buyerId", d.account_id) - 1 AS place
       FROM (
         SELECT account_id, buyer_id AS "buyerId", month, count(*)::int4 AS sales,
           sum(gross - invoiced_gross)::int8 AS gross, sum(vat - invoiced_vat)::int8 AS vat,
           sum(income_tax - invoiced_income_tax)::int8 AS "incomeTax"
         FROM taxed_sales WHERE way = 'reverse' AND gross > invoiced_gross AND ($1::text IS NULL OR month = $1)
         GROUP BY 1, 2, 3) d
       LEFT JOIN invoicing_consents c ON c.id = d.account_id || ' ' || d."buyerId") r
     WHERE place > $2 ORDER BY place LIMIT $3`,
    [month ?? null, after, limit + 1],
  );
  return rows.map((row) => ({ ...row, place: Number(row.place) }));
};

/** The invoices dated in a month by buyer, and what of its sales stands on none. */
export const monthSums = async (pool: Queryable, month: string) => {
  const { rows: items } = await pool.query<
    Sales & { buyerId: string; sellers: number; invoices: number; redInvoices: number }
  >(
    `SELECT buyer_id AS "buyerId", count(DISTINCT account_id)::int4 AS sellers,
       (count(*) FILTER (WHERE kind <> 'red'))::int4 AS invoices,
       (count(*) FILTER (WHERE kind = 'red'))::int4 AS "redInvoices",
       sum(gross)::int8 AS gross, sum(vat)::int8 AS vat, sum(income_tax)::int8 AS "incomeTax"
     FROM reverse_invoices WHERE date >= $1 || '-01' AND date <= $1 || '-31' GROUP BY 1 ORDER BY 1`,
    [month],
  );
  const { rows: open } = await pool.query<Sales & { sales: number }>(
    `SELECT count(*)::int4 AS sales, coalesce(sum(gross - invoiced_gross), 0)::int8 AS gross,
       coalesce(sum(vat - invoiced_vat), 0)::int8 AS vat,
       coalesce(sum(income_tax - invoiced_income_tax), 0)::int8 AS "incomeTax"
     FROM taxed_sales WHERE way = 'reverse' AND month = $1 AND gross > invoiced_gross`,
    [month],
  );
  return { items, notInvoiced: open[0]! };
};

/** Of a month's sales, what is due by the rule and was not withheld. */
export const shortOf = async (pool: Queryable, month: string, rule: TaxRule | undefined) => {
  const short = { sellers: 0, vat: 0, incomeTax: 0 };
  if (rule?.reverseInvoicing == null) return short;
  const { rows } = await pool.query<Sales>(
    'SELECT gross, vat, income_tax AS "incomeTax" FROM tax_months WHERE month = $1',
    [month],
  );
  for (const { gross, vat, incomeTax } of rows) {
    const due = taxOn(gross, rule.reverseInvoicing);
    const missing = { vat: Math.max(0, due.vat - vat), incomeTax: Math.max(0, due.incomeTax - incomeTax) };
    if (missing.vat + missing.incomeTax === 0) continue;
    short.sellers++;
    short.vat += missing.vat;
    short.incomeTax += missing.incomeTax;
  }
  return short;
};

/** What a seller earned under reverse invoices by month, and what is invoiced within the twelve that end with this one. */
export const sellerSums = async (pool: Queryable, accountId: string, month: string) => {
  const { rows: months } = await pool.query<Sales & { month: string; buyerId: string }>(
    `SELECT month, buyer_id AS "buyerId", gross, vat, income_tax AS "incomeTax" FROM tax_months
     WHERE account_id = $1 AND month > $2 ORDER BY month DESC, buyer_id`,
    [accountId, monthsUpTo(month, 25)[0]],
  );
  const { rows: total } = await pool.query<{ sales: number }>(
    `SELECT coalesce(sum(sales), 0)::int8 AS sales FROM invoiced_months
     WHERE account_id = $1 AND month = ANY($2::text[])`,
    [accountId, monthsUpTo(month, LIMIT_MONTHS)],
  );
  const { rows: consents } = await pool.query<{ buyerId: string; given: boolean }>(
    'SELECT buyer_id AS "buyerId", given FROM invoicing_consents WHERE account_id = $1 ORDER BY buyer_id',
    [accountId],
  );
  return { months, total: total[0]!.sales, consents };
};

/** Names and numbers of these people, as kept under each person's own key; nobody erased is among them. */
export const sellersOf = async (
  pool: Queryable,
  keyring: Keyring,
  personIds: readonly string[],
): Promise<Map<string, Seller>> => {
  const { rows } = await pool.query<{ id: string; wrappedKey: Buffer | null; sealed: Buffer | null }>(
    'SELECT id, wrapped_key AS "wrappedKey", sealed FROM people WHERE id = ANY($1::uuid[])',
    [[...new Set(personIds)]],
  );
  return new Map(
    rows.flatMap((row): [string, Seller][] => {
      const known = openParticulars(keyring, row);
      return known === null ? [] : [[row.id, known]];
    }),
  );
};
