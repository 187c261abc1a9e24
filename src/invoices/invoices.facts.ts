import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { Day, Id, MAX_INTEGER, note } from '../kernel/values.ts';
import type { Fact, FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { MaybeSiteAndDay } from '../registry/site-and-day.ts';
import { monthKey, saleKey, type TaxedSale, taxedSales, taxMonths } from '../taxes/taxes.tables.ts';
import { invoicedMonthKey, invoicedMonths, type ReverseInvoice, reverseInvoices } from './invoices.tables.ts';

const NONE = 'none';
const Change = z.int().min(-MAX_INTEGER).max(MAX_INTEGER);
/** Twenty digits of a digital invoice; eight and a code before them of an older one. */
export const InvoiceNumber = z.string().regex(/^[0-9A-Z-]{8,32}$/, 'must be 8 to 32 digits or capitals');
export const Month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be year and month, such as 2026-11');
/** Weigh-ins on one invoice. */
export const MOST_SALES = 1_000;

const AMOUNTS = { gross: Change, vat: Change, incomeTax: Change };
const ON_INVOICE = {
  keyId: Id,
  number: InvoiceNumber,
  buyerId: Id,
  accountId: Id,
  date: Day,
  month: Month,
  ruleId: Id,
  /** The lots of weigh-ins, and distributions. */
  sales: z.array(Id).max(MOST_SALES),
  ...AMOUNTS,
  total: Change,
};
const Recorded = z.strictObject({ ...ON_INVOICE, kind: z.enum(['ordinary', 'special']) });
const Reddened = z.strictObject({
  ...ON_INVOICE,
  reddens: InvoiceNumber,
  /** All of the invoice is taken back; else only what turned out to be less. */
  whole: z.boolean(),
  reason: note(2_000),
});
/** What the person is told of it. */
const Seller = z.strictObject({ personId: Id, number: InvoiceNumber, ...AMOUNTS });

type OnInvoice = Pick<z.infer<typeof Recorded>, Exclude<keyof z.infer<typeof Recorded>, 'kind' | 'keyId'>> & {
  kind: ReverseInvoice['kind'];
  reddens: string | null;
};

const file = (
  world: World,
  { seq, people: [named] }: Pick<Fact, 'seq' | 'people'>,
  { sales, ...invoice }: OnInvoice,
): void => {
  world.put(reverseInvoices, {
    ...invoice,
    ...{ personId: named?.personId ?? null, sales: sales.length, seq, lastSeq: seq },
  });
  const { accountId, date, gross, vat } = invoice;
  const month = date.slice(0, 7);
  const id = invoicedMonthKey(accountId, month);
  const before = world.get(invoicedMonths, id)?.sales ?? 0;
  world.put(invoicedMonths, { id, accountId, month, sales: before + gross - vat, lastSeq: seq });
};

const changeSale = (
  world: World,
  seq: number,
  [subjectId, accountId]: [string, string],
  change: (sale: TaxedSale) => Partial<TaxedSale>,
): void => {
  const sale = world.get(taxedSales, saleKey(subjectId, accountId))!;
  world.put(taxedSales, { ...sale, ...change(sale), lastSeq: seq });
};

const asItStands = ({ gross, vat, incomeTax }: TaxedSale) => ({
  invoicedGross: gross,
  invoicedVat: vat,
  invoicedIncomeTax: incomeTax,
});

export const reverseInvoiceRecorded: FactType<MaybeSiteAndDay, z.infer<typeof Recorded>> = {
  type: 'reverse-invoice.recorded.v1',
  title: { en: 'Invoice issued by the buyer recorded', zh: '反向开票登记' },
  data: MaybeSiteAndDay,
  private: Recorded,
  person: Seller,
  grams: NONE,
  fen: 'None move; what was withheld of these sales stands on an invoice.',
  backPointers: [],
  apply(world, { seq, people, private: { keyId: _, ...invoice } }) {
    file(world, { seq, people }, { ...invoice, reddens: null });
    const { number, accountId, sales } = invoice;
    for (const subjectId of sales)
      changeSale(world, seq, [subjectId, accountId], (sale) => ({ ...asItStands(sale), invoice: number }));
  },
};

export const reverseInvoiceReddened: FactType<MaybeSiteAndDay, z.infer<typeof Reddened>> = {
  type: 'reverse-invoice.reddened.v1',
  title: { en: 'Red-letter invoice recorded', zh: '红字发票登记' },
  data: MaybeSiteAndDay,
  private: Reddened,
  person: Seller,
  grams: NONE,
  fen: 'None move: what was withheld too much went back with the correction; all of an invoice taken back may be invoiced anew.',
  backPointers: [],
  apply(world, { seq, people, private: { keyId: _, whole, reason: __, ...invoice } }) {
    file(world, { seq, people }, { ...invoice, kind: 'red' });
    const { accountId, sales } = invoice;
    for (const subjectId of sales)
      changeSale(world, seq, [subjectId, accountId], (sale) =>
        whole ? { invoicedGross: 0, invoicedVat: 0, invoicedIncomeTax: 0, invoice: null } : asItStands(sale),
      );
  },
};

const Released = z.strictObject({
  keyId: Id,
  accountId: Id,
  buyerId: Id,
  month: Month,
  sales: z.array(Id).max(MOST_SALES),
  ...AMOUNTS,
  reason: note(2_000),
  book: BookEntry.optional(),
});
export const invoicingReleased: FactType<MaybeSiteAndDay, z.infer<typeof Released>> = {
  type: 'reverse-invoice.tax-released.v1',
  title: { en: 'Tax withheld for invoices given back', zh: '代扣税款退还出售者' },
  data: MaybeSiteAndDay,
  private: Released,
  person: z.strictObject({ personId: Id }),
  grams: NONE,
  fen: 'What was withheld of these sales and stands on no invoice is owed to the seller; they are no sales under reverse invoices any more.',
  backPointers: [],
  apply(world, { seq, private: { accountId, buyerId, month, sales, gross, vat, incomeTax, book } }) {
    post(world, seq, book);
    for (const subjectId of sales)
      changeSale(world, seq, [subjectId, accountId], (sale) => ({
        gross: sale.invoicedGross,
        vat: sale.invoicedVat,
        incomeTax: sale.invoicedIncomeTax,
        way: 'released',
      }));
    const before = world.get(taxMonths, monthKey(accountId, buyerId, month))!;
    world.put(taxMonths, {
      ...before,
      gross: before.gross - gross,
      vat: before.vat - vat,
      incomeTax: before.incomeTax - incomeTax,
      lastSeq: seq,
    });
  },
};

export const invoiceFacts = [reverseInvoiceRecorded, reverseInvoiceReddened, invoicingReleased];
