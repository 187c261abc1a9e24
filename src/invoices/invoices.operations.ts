import { type AccountIds, type AccountRef, idOfAccount, openBook } from '../accounts/book.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { NIL } from '../kernel/ids.ts';
import { dayIn } from '../kernel/time.ts';
import { type AnyFact, type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { expectState } from '../registry/people.operations.ts';
import { type Collector, collectors } from '../registry/registry.tables.ts';
import { inForce } from '../tariffs/pricing.ts';
import {
  consentKey,
  invoicingConsents,
  monthKey,
  type ReverseInvoicing,
  saleKey,
  type TaxedSale,
  taxedSales,
  taxMonths,
  taxRules,
  taxSchedules,
} from '../taxes/taxes.tables.ts';
import { type Sales, taxOn } from '../taxes/taxes.ts';
import { invoicingReleased, reverseInvoiceRecorded, reverseInvoiceReddened } from './invoices.facts.ts';
import type { InvoiceRequest, RedRequest, ReleaseRequest } from './invoices.schema.ts';
import { invoicedMonthKey, invoicedMonths, reverseInvoices } from './invoices.tables.ts';
import { monthsAround, sumOf, takenBack, uninvoiced, windowsOf } from './invoices.ts';

export type InvoiceAnswer = {
  number: string;
  collectorId: string | null;
  sales: number;
  gross: number;
  vat: number;
  incomeTax: number;
  total: number;
};
/** `sales` are the subjects of sales, read before the door; inside, each is looked at again. */
type Prepared = { sales: readonly string[] };

type Programme = { operatorId: string; timeZone: string; currency: string };

/** Who keeps the invoices. */
export const INVOICERS = ['operator', 'payer'] as const;

const RELEASE = 'what was withheld goes back with POST /v1/reverse-invoices/releases';

/** What may be invoiced by the rule in force. @throws 409 `no_issuer` */
const invoicingBy = (world: World, buyerId: string, now: number): { ruleId: string } & ReverseInvoicing => {
  const found = inForce(world.get(taxSchedules, NIL)?.starts ?? [], now);
  const rule = found && world.get(taxRules, found.ruleId);
  const invoicing = rule?.reverseInvoicing;
  if (invoicing?.issuers.some(({ organisationId }) => organisationId === buyerId) !== true)
    throw conflict(
      'no_issuer',
      `The tax rule in force does not let this buyer issue invoices for sellers; ${RELEASE}.`,
    );
  return { ruleId: rule!.id, ...invoicing };
};

const numberIsFree = (world: World, number: string): void => {
  const known = world.get(reverseInvoices, number);
  if (known !== undefined)
    throw conflict('number_taken', 'An invoice with this number is recorded already.', { seq: known.seq });
};

const salesAt = (world: World, accountId: string, named: readonly string[]): TaxedSale[] => {
  const subjects = [...new Set(named)];
  world.need(
    taxedSales,
    subjects.map((subject) => saleKey(subject, accountId)),
  );
  return subjects.flatMap((subject) => world.get(taxedSales, saleKey(subject, accountId)) ?? []);
};

/**
 * What the seller was invoiced within twelve months, this included. A date may lie before later invoices, so every twelve
 * months in a row that hold it are looked at. @throws 409 `invoice_limit`
 */
const totalWithin = (world: World, accountId: string, date: string, sales: number, limit: number): number => {
  const month = date.slice(0, 7);
  const key = (m: string): string => invoicedMonthKey(accountId, m);
  world.need(invoicedMonths, monthsAround(month).map(key));
  const windows = windowsOf(month, (m) => world.get(invoicedMonths, key(m))?.sales ?? 0);
  const most = windows.reduce((a, b) => (b.sales > a.sales ? b : a));
  if (sales > 0 && most.sales + sales > limit)
    throw conflict(
      'invoice_limit',
      `Within 12 months a seller is invoiced at most ${limit} minor units without VAT. Beyond it the seller registers a business and invoices by itself, or asks the tax office for an invoice; ${RELEASE}.`,
      { limit, from: most.from, to: most.to, invoiced: most.sales, left: limit - most.sales },
    );
  return windows[0]!.sales + sales;
};

const dateIsPossible = (date: string, month: string, today: string): void => {
  if (date > today) throw unprocessable('in_future', '/date', 'must not lie in the future');
  if (date.slice(0, 7) < month)
    throw unprocessable('before_sales', '/date', 'must not lie before the month of the sales');
};

/**
 * Invoices that a buyer issues for natural persons who sell to it (反向开票, 国家税务总局公告2024年第5号). They are issued on
 * the platform of the tax office; here stands which weigh-ins they cover.
 * @param ids names accounts
 */
export const invoiceOperations = (ids: AccountIds, programme: Programme) => {
  const { currency } = programme;
  const accountOf = (personId: string): string =>
    idOfAccount(ids, { kind: 'payable', currency, of: { personId } });
  const dataOf = (collector: Collector | undefined, { now }: DecideContext) => ({
    ...(collector?.siteId == null ? {} : { siteId: collector.siteId }),
    day: dayIn(programme.timeZone, now),
  });
  const sellerOf = (world: World, collectorId: string): Collector => {
    const collector = world.get(collectors, collectorId);
    if (collector === undefined)
      throw unprocessable('unknown_collector', '/collectorId', 'no such collector; read GET /v1/collectors');
    expectState(collector, 'active', 'closed', 'restricted');
    return collector;
  };
  const answer = ({ private: more, people: [named] }: AnyFact): InvoiceAnswer => ({
    ...{ number: more.number, collectorId: named?.personId ?? null, sales: more.sales.length },
    ...{ gross: more.gross, vat: more.vat, incomeTax: more.incomeTax, total: more.total },
  });
  const open = (world: World, accountId: string, subjects: readonly string[], month: string): TaxedSale[] =>
    salesAt(world, accountId, subjects).filter(
      (sale) => sale.way === 'reverse' && sale.month === month && uninvoiced(sale).gross > 0,
    );

  const record: Operation<InvoiceRequest & Prepared, InvoiceAnswer> = {
    name: 'reverse-invoice.record',
    roles: INVOICERS,
    status: 201,
    decide(world, input, context) {
      const { collectorId, buyerId = programme.operatorId, number, kind, date, month, amount } = input;
      const collector = sellerOf(world, collectorId);
      const accountId = accountOf(collectorId);
      dateIsPossible(date, month, dayIn(programme.timeZone, context.now));
      const { ruleId, limit, ...rates } = invoicingBy(world, buyerId, context.now);
      numberIsFree(world, number);
      if (world.get(invoicingConsents, consentKey(accountId, buyerId))?.given !== true)
        throw conflict(
          'no_consent',
          `The seller does not agree that this buyer issues invoices: record the consent with POST /v1/collectors/{id}/invoicing-consent, else ${RELEASE}.`,
        );
      const sales = open(world, accountId, input.sales, month).filter((sale) => sale.buyerId === buyerId);
      if (sales.length === 0 || sales.length < new Set(input.lotIds).size)
        throw conflict('nothing_to_invoice', 'Of these sales nothing stands without an invoice.', {
          open: sales.length,
        });
      const sums = sumOf(sales.map(uninvoiced));
      if (amount.amount !== sums.gross || amount.currency !== currency)
        throw conflict('amount_differs', 'The invoice does not show what these sales come to.', {
          ...{ ...sums, currency, sales: sales.length },
        });
      if (kind === 'special' && taxOn(sums.gross, { ...rates, vatFreeUpTo: 0 }).vat > 0 && sums.vat === 0)
        throw conflict(
          'free_of_vat',
          'No VAT was withheld of these sales, which a special invoice must show: issue an ordinary one.',
        );
      const total = totalWithin(world, accountId, date, sums.gross - sums.vat, limit);
      return draft({
        type: reverseInvoiceRecorded,
        data: dataOf(collector, context),
        private: {
          ...{ keyId: context.caller.keyId, number, kind, buyerId, accountId, date, month, ruleId },
          ...{ sales: sales.map(({ subjectId }) => subjectId), ...sums, total },
        },
        people: [{ personId: collectorId, part: { personId: collectorId, number, ...sums } }],
      });
    },
    answer,
  };

  const redden: Operation<RedRequest & Prepared & { reddens: string }, InvoiceAnswer> = {
    name: 'reverse-invoice.redden',
    roles: INVOICERS,
    status: 201,
    decide(world, { reddens, number, date, reason, whole = false, sales: subjects }, context) {
      const invoice = world.get(reverseInvoices, reddens);
      if (invoice === undefined || invoice.kind === 'red') throw notFound('invoice');
      numberIsFree(world, number);
      const { accountId, buyerId, month, ruleId, personId } = invoice;
      dateIsPossible(date, invoice.date.slice(0, 7), dayIn(programme.timeZone, context.now));
      const on = salesAt(world, accountId, subjects).filter((sale) => sale.invoice === reddens);
      if (whole && on.length < invoice.sales)
        throw conflict(
          'invoiced_again',
          'Some of its sales stand on a later invoice, or were taken back: take that one back first.',
          { left: on.length, of: invoice.sales },
        );
      const sales = whole ? on : on.filter((sale) => uninvoiced(sale).gross < 0);
      if (sales.length === 0)
        throw conflict(
          'nothing_to_take_back',
          'None of its sales turned out to be less: correct or void the weigh-in first, or take back the whole.',
        );
      const sums: Sales = sumOf(sales.map(whole ? takenBack : uninvoiced));
      const total = totalWithin(world, accountId, date, sums.gross - sums.vat, Number.POSITIVE_INFINITY);
      const collector = personId === null ? undefined : world.get(collectors, personId);
      const known = collector !== undefined && collector.state !== 'erased' ? personId : null;
      return draft({
        type: reverseInvoiceReddened,
        data: dataOf(collector, context),
        private: {
          ...{ keyId: context.caller.keyId, number, reddens, whole, reason },
          ...{ buyerId, accountId, date, month, ruleId },
          ...{ sales: sales.map(({ subjectId }) => subjectId), ...sums, total },
        },
        people: known === null ? [] : [{ personId: known, part: { personId: known, number, ...sums } }],
      });
    },
    answer,
  };

  const release: Operation<
    ReleaseRequest & Prepared,
    { collectorId: string | null; sales: number; vat: number; incomeTax: number }
  > = {
    name: 'reverse-invoice.release',
    roles: INVOICERS,
    status: 201,
    decide(world, { collectorId, buyerId = programme.operatorId, month, reason, sales: subjects }, context) {
      const collector = sellerOf(world, collectorId);
      const accountId = accountOf(collectorId);
      const sales = open(world, accountId, subjects, month).filter((sale) => sale.buyerId === buyerId);
      if (sales.length === 0)
        throw conflict('nothing_to_release', 'Of this month nothing stands without an invoice.');
      const sums = sumOf(sales.map(uninvoiced));
      world.get(taxMonths, monthKey(accountId, buyerId, month));
      const book = openBook(world, ids);
      const of = { organisationId: buyerId };
      const owed: AccountRef = { kind: 'payable', currency, of: { personId: collectorId } };
      book.debit({ kind: 'vat-payable', currency, of }, sums.vat);
      book.debit({ kind: 'tax-withheld', currency, of }, sums.incomeTax);
      book.credit(owed, sums.vat + sums.incomeTax);
      const entry = book.close();
      return draft({
        type: invoicingReleased,
        data: dataOf(collector, context),
        private: {
          ...{ keyId: context.caller.keyId, accountId, buyerId, month, reason },
          ...{ sales: sales.map(({ subjectId }) => subjectId), ...sums },
          ...(entry === undefined ? {} : { book: entry }),
        },
        people: [{ personId: collectorId, part: { personId: collectorId } }],
      });
    },
    answer: ({ private: { sales, vat, incomeTax }, people: [named] }) => ({
      collectorId: named?.personId ?? null,
      ...{ sales: sales.length, vat, incomeTax },
    }),
  };

  return { record, redden, release, accountOf };
};
