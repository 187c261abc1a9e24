import { z } from 'zod';
import type { Book } from '../accounts/book.ts';
import type { Income } from '../accounts/income.ts';
import { NIL } from '../kernel/ids.ts';
import { Id, MAX_INTEGER } from '../kernel/values.ts';
import type { IncomeKind } from '../kernel/vocabulary.ts';
import type { World } from '../ledger/world.ts';
import { inForce } from '../tariffs/pricing.ts';
import {
  consentKey,
  invoicingConsents,
  monthKey,
  saleKey,
  TAX_WAYS,
  type TaxedSale,
  type TaxMonth,
  type TaxRule,
  taxedSales,
  taxMonths,
  taxRules,
  taxSchedules,
} from './taxes.tables.ts';
import { flatTax, lessened, withhold } from './taxes.ts';

const Change = z.int().min(-MAX_INTEGER).max(MAX_INTEGER);

/**
 * What a fact withholds of one account's income or gives back of it, in minor units: changes, not sums. `gross` is what
 * goes on an invoice of the buyer, VAT included.
 */
export const TaxChange = z.strictObject({
  accountId: Id,
  buyerId: Id,
  ruleId: Id,
  /** `YYYY-MM` in the programme's time zone: in which it was first owed. */
  month: z.string(),
  way: z.enum(TAX_WAYS),
  gross: Change,
  vat: Change,
  incomeTax: Change,
  /** Income tax at flat rates. */
  flat: Change,
});
export type TaxChange = z.infer<typeof TaxChange>;

/** From whom, in which money, and when it is owed. */
export type Owing = { buyerId: string; currency: string; now: number; month: string };

export const taxOf = (change: TaxChange | undefined): number =>
  change === undefined ? 0 : change.vat + change.incomeTax + change.flat;

const ruleInForce = (world: World, now: number): TaxRule | undefined => {
  const found = inForce(world.get(taxSchedules, NIL)?.starts ?? [], now);
  return found && world.get(taxRules, found.ruleId);
};

/** Whether any tax was ever withheld: where none was, nothing needs to be looked for. */
const taxesExist = (world: World): boolean => world.get(taxSchedules, NIL) !== undefined;

const issues = ({ reverseInvoicing }: TaxRule, buyerId: string): boolean =>
  reverseInvoicing?.issuers.some(({ organisationId }) => organisationId === buyerId) === true;

const sumOf = (income: Income, counts: (kind: IncomeKind) => boolean): number =>
  income.reduce((sum, { kind, amount }) => sum + (counts(kind) ? amount : 0), 0);

/** What of an income goes on an invoice, and what is withheld of the rest. */
const partsOf = (rule: TaxRule, invoiced: boolean, income: Income): { gross: number; flat: number } => {
  const kinds = invoiced ? (rule.reverseInvoicing?.kinds ?? []) : [];
  const rest = income.filter(({ kind }) => !kinds.includes(kind));
  const rateOf = (kind: IncomeKind): number => rule.flat.find((f) => f.kind === kind)?.basisPoints ?? 0;
  return {
    gross: sumOf(income, (kind) => kinds.includes(kind)),
    flat: rest.reduce((sum, { kind, amount }) => sum + flatTax(amount, rateOf(kind)), 0),
  };
};

const emptyMonth = (accountId: string, buyerId: string, month: string): TaxMonth => ({
  ...{ id: monthKey(accountId, buyerId, month), accountId, buyerId, month },
  ...{ gross: 0, vat: 0, incomeTax: 0, lastSeq: 0 },
});

/** What is withheld of a further sale in its month; nothing of nothing. */
const withheldMore = (
  world: World,
  rule: TaxRule,
  { accountId, buyerId, month }: Pick<TaxedSale, 'accountId' | 'buyerId' | 'month'>,
  gross: number,
) => {
  if (gross === 0) return { gross, vat: 0, incomeTax: 0 };
  const stands = world.get(taxMonths, monthKey(accountId, buyerId, month));
  return {
    gross,
    ...withhold(rule.reverseInvoicing!, stands ?? emptyMonth(accountId, buyerId, month), gross),
  };
};

const nothing = ({ gross, vat, incomeTax, flat }: Omit<TaxChange, 'month'>): boolean =>
  gross === 0 && vat === 0 && incomeTax === 0 && flat === 0;

/** The accounts of which `withholdOf` is going to be asked: all is loaded at once. */
export const needTaxes = (world: World, owing: Owing, accountIds: readonly string[]): void => {
  const rule = ruleInForce(world, owing.now);
  if (rule === undefined || rule.currency !== owing.currency || !issues(rule, owing.buyerId)) return;
  world.needAll([
    [invoicingConsents, accountIds.map((id) => consentKey(id, owing.buyerId))],
    [taxMonths, accountIds.map((id) => monthKey(id, owing.buyerId, owing.month))],
  ]);
};

/**
 * What is withheld of an income that is owed from now on, by the rule in force: under an invoice of the buyer of record,
 * where it issues them and the seller agrees; else at flat rates. undefined: nothing.
 * @param known how the sale was taxed so far: then it is taxed that way further on
 */
export const withholdOf = (
  world: World,
  owing: Owing,
  accountId: string,
  income: Income,
  known?: TaxedSale,
): TaxChange | undefined => {
  const { buyerId, currency, now } = owing;
  const rule = known === undefined ? ruleInForce(world, now) : world.get(taxRules, known.ruleId);
  if (rule === undefined || rule.currency !== currency) return undefined;
  const agreed = (): boolean =>
    issues(rule, buyerId) && world.get(invoicingConsents, consentKey(accountId, buyerId))?.given === true;
  const way = known?.way ?? (agreed() ? 'reverse' : 'flat');
  const month = known?.month ?? owing.month;
  const { gross, flat } = partsOf(rule, way !== 'flat', income);
  const sale = withheldMore(world, rule, { accountId, buyerId, month }, way === 'reverse' ? gross : 0);
  const change = { accountId, buyerId, ruleId: rule.id, month, way, ...sale, flat };
  return nothing(change) ? undefined : change;
};

/** The sale as tax was withheld of it so far; undefined where none was. */
export const saleOf = (world: World, subjectId: string, accountId: string): TaxedSale | undefined =>
  taxesExist(world) ? world.get(taxedSales, saleKey(subjectId, accountId)) : undefined;

/**
 * What is withheld or given back once a sale turned out to be another: of less, in proportion; of more, what its month
 * owes then. What went back to the seller already is not withheld again.
 * @param income all of it that is owed now
 */
export const withholdAnew = (world: World, sale: TaxedSale, income: Income): TaxChange | undefined => {
  const { accountId, buyerId, ruleId, month, way } = sale;
  const rule = world.get(taxRules, ruleId)!;
  const { gross, flat } = partsOf(rule, way !== 'flat', income);
  const to = way === 'released' ? Math.min(sale.gross, gross) : gross;
  const less = (): { gross: number; vat: number; incomeTax: number } => {
    const { vat, incomeTax } = lessened(sale, to);
    return { gross: to - sale.gross, vat: vat - sale.vat, incomeTax: incomeTax - sale.incomeTax };
  };
  const moved = to < sale.gross ? less() : withheldMore(world, rule, sale, to - sale.gross);
  const change = { accountId, buyerId, ruleId, month, way, ...moved, flat: flat - sale.flat };
  return nothing(change) ? undefined : change;
};

/** Owes the tax to the tax office, for the buyer of record; negative amounts take it back. */
export const bookTax = (book: Book, currency: string, change: TaxChange | undefined): void => {
  if (change === undefined) return;
  const of = { organisationId: change.buyerId };
  book.credit({ kind: 'vat-payable', currency, of }, change.vat);
  book.credit({ kind: 'tax-withheld', currency, of }, change.incomeTax + change.flat);
};

/**
 * Puts what a fact says of tax into the tables.
 * @param isNew the subject is of this very fact: nothing is known of it yet
 */
export const applyTax = (
  world: World,
  seq: number,
  subjectId: string,
  changes: readonly TaxChange[] = [],
  isNew = false,
): void => {
  for (const { accountId, buyerId, ruleId, month, way, gross, vat, incomeTax, flat } of changes) {
    const id = saleKey(subjectId, accountId);
    const sale: TaxedSale = (isNew ? undefined : world.get(taxedSales, id)) ?? {
      ...{ id, subjectId, accountId, buyerId, ruleId, month, way, seq, lastSeq: seq },
      ...{ gross: 0, vat: 0, incomeTax: 0, flat: 0 },
      ...{ invoicedGross: 0, invoicedVat: 0, invoicedIncomeTax: 0, invoice: null },
    };
    world.put(taxedSales, {
      ...sale,
      ...{ way, lastSeq: seq },
      gross: sale.gross + gross,
      vat: sale.vat + vat,
      incomeTax: sale.incomeTax + incomeTax,
      flat: sale.flat + flat,
    });
    if (gross === 0 && vat === 0 && incomeTax === 0) continue;
    const key = monthKey(accountId, buyerId, month);
    const before = world.get(taxMonths, key) ?? emptyMonth(accountId, buyerId, month);
    world.put(taxMonths, {
      ...before,
      gross: before.gross + gross,
      vat: before.vat + vat,
      incomeTax: before.incomeTax + incomeTax,
      lastSeq: seq,
    });
  }
};
