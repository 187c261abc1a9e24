import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { assertVisible } from '../accounts/accounts.routes.ts';
import { idOfAccount } from '../accounts/book.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { monthIn } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import type { Caller } from '../ledger/fact.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import { type TaxDeps, taxRuleAt } from '../taxes/tax-rules.routes.ts';
import type { TaxRule } from '../taxes/taxes.tables.ts';
import { invoicesCsv } from './csv.ts';
import { InvoiceNumber, Month } from './invoices.facts.ts';
import { INVOICERS, invoiceOperations } from './invoices.operations.ts';
import {
  invoicesIn,
  listDue,
  monthSums,
  openSales,
  salesOn,
  sellerSums,
  sellersOf,
  shortOf,
} from './invoices.queries.ts';
import * as schema from './invoices.schema.ts';
import type { ReverseInvoice } from './invoices.tables.ts';

const tag = 'taxes';
const URL = '/v1/reverse-invoices';
const READERS = [...INVOICERS, 'auditor'] as const;
const NumberParams = z.object({ number: InvoiceNumber });
const MonthParams = z.object({ month: Month });
const COLLECTOR = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a003';

export type InvoiceDeps = TaxDeps & { pool: Queryable };

const fen = (amount: number) => ({ amount, currency: 'CNY' });

/** Invoices as the caller may see them: whose they are only where that person is not hidden. */
const viewer = async (deps: InvoiceDeps, caller: Caller, rows: readonly { personId: string | null }[]) => {
  const ids = rows.flatMap(({ personId }) => personId ?? []);
  const hidden = await hiddenPeople(deps.db, caller, ids);
  return (personId: string | null): string | null =>
    personId === null || hidden.has(personId) ? null : personId;
};

const toView = (
  { accountId: _, personId, ruleId: __, lastSeq: ___, ...invoice }: ReverseInvoice,
  see: (personId: string | null) => string | null,
): z.input<typeof schema.InvoiceView> => ({ ...invoice, collectorId: see(personId) });

export const invoiceRoutes = (app: FastifyInstance, deps: InvoiceDeps): void => {
  const operations = invoiceOperations(deps.keyring, deps.programme);
  const { operatorId } = deps.programme;
  const own = { tag, method: 'POST', access: INVOICERS, status: 201 } as const;
  const openOf = (body: { collectorId: string; buyerId?: string | undefined; month: string }) =>
    openSales(deps.pool, {
      accountId: operations.accountOf(body.collectorId),
      buyerId: body.buyerId ?? operatorId,
      month: body.month,
    });
  route(app, {
    ...own,
    url: URL,
    operationId: 'recordReverseInvoice',
    summary: {
      en: 'Record an invoice the buyer issued for a seller, and which weigh-ins it covers',
      zh: '登记反向开票发票及其对应的称重',
    },
    body: schema.InvoiceRequest,
    response: schema.InvoiceAnswer,
    errors: {
      409: 'No consent, beyond the limit of 12 months, another amount, nothing left to invoice, or the number is taken',
      422: 'An unknown collector, or a date that cannot be',
    },
    example: {
      collectorId: COLLECTOR,
      number: '24332000000012345678',
      date: '2026-11-30',
      kind: 'ordinary',
      month: '2026-11',
      amount: fen(182_350),
    },
    handler: async ({ body, ...from }) => {
      const sales = body.lotIds ?? (await openOf(body));
      return write(deps, operations.record, { ...body, sales }, from);
    },
  });
  route(app, {
    ...own,
    url: `${URL}/:number/red-letters`,
    operationId: 'reddenReverseInvoice',
    summary: {
      en: 'Record a red-letter invoice: of what turned out to be less, or of the whole',
      zh: '登记红字发票',
    },
    params: NumberParams,
    body: schema.RedRequest,
    response: schema.InvoiceAnswer,
    errors: { 409: 'Nothing turned out to be less, or the number is taken' },
    example: { number: '24332000000012345679', date: '2026-12-02', reason: '复核更正净重' },
    handler: async ({ params, body, ...from }) => {
      const sales = await salesOn(deps.pool, params.number);
      const input = { ...body, sales, reddens: params.number };
      return write(deps, operations.redden, input, from, params.number);
    },
  });
  route(app, {
    ...own,
    url: `${URL}/releases`,
    operationId: 'releaseWithheldTax',
    summary: {
      en: 'Give a seller back what was withheld for invoices that cannot be issued',
      zh: '无法开票时退还代扣税款',
    },
    body: schema.ReleaseRequest,
    response: schema.ReleaseAnswer,
    errors: { 409: 'Nothing of the month stands without an invoice', 422: 'An unknown collector' },
    example: { collectorId: COLLECTOR, month: '2026-11', reason: '累计销售额超过 500 万元' },
    handler: async ({ body, ...from }) =>
      write(deps, operations.release, { ...body, sales: await openOf(body) }, from),
  });
  readingRoutes(app, deps);
  monthRoutes(app, deps);
};

const readingRoutes = (app: FastifyInstance, deps: InvoiceDeps): void => {
  const get = { tag, method: 'GET', access: READERS } as const;
  route(app, {
    ...get,
    url: URL,
    operationId: 'listReverseInvoices',
    summary: { en: 'List invoices that buyers issued for sellers', zh: '列出反向开票发票' },
    query: PageQuery.extend({ collectorId: Id.optional() }),
    response: pageOf(schema.InvoiceView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await invoicesIn(deps.db)
        .where('seq', '>', after)
        .$if(query.collectorId !== undefined, (q) => q.where('personId', '=', query.collectorId!))
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      const see = await viewer(deps, caller, rows);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => toView(row, see),
        http,
      );
    },
  });
  route(app, {
    ...get,
    url: `${URL}/due`,
    operationId: 'listReverseInvoicesDue',
    summary: { en: 'What of the sales stands on no invoice, by seller and month', zh: '列出待开票销售' },
    query: PageQuery.extend({ month: Month.optional() }),
    response: pageOf(schema.DueView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listDue(deps.pool, query.month, after, limit);
      const see = await viewer(deps, caller, rows);
      return toPage(
        rows,
        limit,
        (row) => row.place,
        ({ place: _, personId, ...row }) => ({ ...row, collectorId: see(personId) }),
        http,
      );
    },
  });
  route(app, {
    ...get,
    url: `${URL}/:number`,
    operationId: 'getReverseInvoice',
    summary: { en: 'Read one invoice and what it covers', zh: '读取反向开票发票' },
    params: NumberParams,
    response: schema.InvoiceDetail,
    handler: async ({ params, caller }) => {
      const row = await invoicesIn(deps.db).where('number', '=', params.number).executeTakeFirst();
      if (row === undefined) throw notFound('invoice');
      const facts = await readFactsAt(deps.pool, sha256, deps.keyring, [row.seq]);
      const lotIds = facts.get(row.seq)!.fact.private.sales as string[];
      return { ...toView(row, await viewer(deps, caller, [row])), lotIds };
    },
  });
  route(app, {
    ...get,
    url: '/v1/collectors/:id/taxes',
    operationId: 'getSellerTaxes',
    access: ['operator', 'station', 'payer', 'auditor'],
    summary: {
      en: 'What a seller earned under reverse invoices, what was withheld, and how far the limit is',
      zh: '出售者反向开票与已缴税款情况',
    },
    params: z.object({ id: Id }),
    response: schema.SellerTaxes,
    handler: async ({ params: { id }, caller }) => {
      await assertVisible(deps, caller, id);
      const { currency, timeZone } = deps.programme;
      const now = deps.clock();
      const accountId = idOfAccount(deps.keyring, { kind: 'payable', currency, of: { personId: id } });
      const [{ months, total, consents }, rule, invoices] = await Promise.all([
        sellerSums(deps.pool, accountId, monthIn(timeZone, now)),
        taxRuleAt(deps.db, now),
        invoicesIn(deps.db).where('accountId', '=', accountId).orderBy('seq', 'desc').limit(100).execute(),
      ]);
      const limit = rule?.reverseInvoicing?.limit;
      return {
        ...{ collectorId: id, consents, total, left: limit === undefined ? null : limit - total },
        months: months.map((month) => ({ ...month, net: month.gross - month.vat - month.incomeTax })),
        invoices: invoices.map((row) => toView(row, () => id)),
      };
    },
  });
};

const monthRoutes = (app: FastifyInstance, deps: InvoiceDeps): void => {
  const get = { tag, method: 'GET', params: MonthParams } as const;
  route(app, {
    ...get,
    url: `${URL}/months/:month`,
    operationId: 'getReverseInvoiceMonth',
    access: READERS,
    summary: { en: 'What is to be declared for a month', zh: '月度代办税费汇总' },
    response: schema.MonthView,
    handler: async ({ params: { month } }) => {
      const rule = await taxRuleAt(deps.db, deps.clock());
      const [sums, short] = await Promise.all([monthSums(deps.pool, month), shortOf(deps.pool, month, rule)]);
      return { month, ...sums, short };
    },
  });
  route(app, {
    ...get,
    url: `${URL}/months/:month/export`,
    operationId: 'exportReverseInvoiceMonth',
    access: INVOICERS,
    summary: { en: 'The invoices of a month for the tax office, as CSV', zh: '导出月度代办税费明细' },
    response: z.string(),
    produces: 'text/csv',
    handler: async ({ params: { month }, reply }) => {
      const rows = await invoicesIn(deps.db)
        .where('date', '>=', `${month}-01`)
        .where('date', '<=', `${month}-31`)
        .orderBy('date')
        .orderBy('seq')
        .execute();
      const sellers = await sellersOf(
        deps.pool,
        deps.keyring,
        rows.flatMap(({ personId }) => personId ?? []),
      );
      const rules = await deps.db
        .withTables<{ taxRules: TaxRule }>()
        .selectFrom('taxRules')
        .selectAll()
        .execute();
      const registrationOf = ({ ruleId, buyerId }: ReverseInvoice): string =>
        rules
          .find(({ id }) => id === ruleId)
          ?.reverseInvoicing?.issuers.find(({ organisationId }) => organisationId === buyerId)
          ?.registration ?? '';
      void reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="reverse-invoices-${month}.csv"`)
        .header('cache-control', 'no-store');
      return invoicesCsv(rows, (id) => sellers.get(id), registrationOf);
    },
  });
};
