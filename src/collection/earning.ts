import { z } from 'zod';
import {
  type AccountIds,
  type AccountRef,
  type Book,
  BookEntry,
  type Owner,
  openBook,
} from '../accounts/book.ts';
import { INCOME, owedIncome } from '../accounts/income.ts';
import { CashPart, payCash } from '../floats/cash.ts';
import { unprocessable } from '../kernel/errors.ts';
import { splitByWeight } from '../kernel/split.ts';
import { Id, MAX_INTEGER, Money } from '../kernel/values.ts';
import { INCOME_KINDS, ORIGIN_MARKS } from '../kernel/vocabulary.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { Price } from '../tariffs/price.ts';
import { type Priced, priceIn, sameUnit, tariffInForce } from '../tariffs/pricing.ts';
import type { TariffPrice } from '../tariffs/tariffs.schema.ts';
import { type Tariff, tariffs } from '../tariffs/tariffs.tables.ts';
import { bookTax, needTaxes, TaxChange, taxOf, withholdOf } from '../taxes/withholding.ts';
import type { CollectionRequest } from './collection.schema.ts';
import { priced } from './collection.ts';

/** The price on the slip binds for so long (domain, rule 4). */
export const QUOTE_BINDS_MS = 30 * 24 * 3_600_000;
/** Within so long somebody else than the station decides whether the premium is owed. */
export const DECIDE_WITHIN_MS = 14 * 24 * 3_600_000;

const Fen = z.int().min(0).max(MAX_INTEGER);

/** By which prices a weigh-in earns, and whose purchase it is. */
export const Pricing = z.strictObject({
  source: z.enum(['quote', 'tariff', 'settlement']),
  tariffId: Id.optional(),
  /** The buyer of record. */
  buyerId: Id,
  currency: z.string(),
  base: Price.optional(),
  premium: Price.optional(),
  /** What each part is to whoever earns it. Left out: the purchase, and a price supplement. */
  income: z.strictObject({ base: z.enum(INCOME_KINDS), premium: z.enum(INCOME_KINDS) }).optional(),
});
export type Pricing = z.infer<typeof Pricing>;

/** What one party of a weigh-in earned, in minor units; `waits` is the part that is owed provisionally. */
export const Earned = z.strictObject({
  accountId: Id,
  /** The account is one of suspense: nobody known brought it. */
  suspense: z.literal(true).optional(),
  provisionalId: Id,
  overpaidId: Id,
  share: z.int().min(1),
  base: Fen,
  premium: Fen,
  waits: Fen,
  /** Given at the scale, in cash or goods; of all that was paid, what turned out not to be owed. */
  settled: Fen,
  overpaid: Fen,
  /** What corrections credited to the account later. */
  raised: Fen,
  /** Withheld of it by then; left out where nothing is. */
  tax: Fen.optional(),
});
export type Earned = z.infer<typeof Earned>;

/** One who brought it: null where nobody known is named, or the one named was erased. */
export type Party = { personId: string | null; share: number; registered: boolean };

/** What of it stands in the weigh-in's private part. */
export const EARNING_PART = {
  earning: Money.optional(),
  pricing: Pricing.optional(),
  earned: z.array(Earned).optional(),
  /** What is withheld, by account. */
  tax: z.array(TaxChange).optional(),
  cash: CashPart.optional(),
  book: BookEntry.optional(),
};
export type EarningPart = {
  earning: { amount: number; currency: string };
  pricing: Pricing;
  earned: Earned[];
  tax?: TaxChange[];
  cash?: CashPart;
  book?: BookEntry;
};

/** What a price says its parts are; nothing where they are what they usually are. */
export const incomeOf = ({ income }: Pick<TariffPrice, 'income'>): Pick<Pricing, 'income'> => {
  const { base = INCOME.base, originPremium: premium = INCOME.premium } = income ?? {};
  return base === INCOME.base && premium === INCOME.premium ? {} : { income: { base, premium } };
};

type Weighed = { payGrams: number; count: number | undefined };

/** A price's base and premium for what was weighed, in minor units. */
export const amountsOf = (
  { base, premium }: Pick<Pricing, 'base' | 'premium'>,
  { payGrams, count }: Weighed,
): { base: number; premium: number } => {
  // The sum is rounded once, so that a slip that shows the whole price and one that shows both parts agree.
  if (base === undefined) return { base: 0, premium: 0 };
  const alone = priced(base, payGrams, count);
  if (premium === undefined) return { base: alone, premium: 0 };
  const whole = priced({ ...base, amount: base.amount + premium.amount }, payGrams, count);
  return { base: alone, premium: whole - alone };
};

/**
 * The price a weigh-in earns by: what the slip shows, where it is not older than 30 days when the bag is weighed
 * (domain, rule 4); else what the tariff in force says; else what the slip showed all the same. undefined: no price is
 * known, and nothing is owed.
 */
const pricingOf = (
  world: World,
  { quote, collectedAt, settlement }: CollectionRequest,
  of: Priced & { at: number; operatorId: string },
): Pricing | undefined => {
  const collected = Date.parse(collectedAt);
  const binds = quote !== undefined && collected - Date.parse(quote.at ?? collectedAt) <= QUOTE_BINDS_MS;
  const tariff = tariffInForce(world, of.at);
  const found = tariff && priceIn(tariff, of);
  if (quote !== undefined && (binds || found === undefined)) {
    const named = quote.tariffId === undefined ? tariff : world.get(tariffs, quote.tariffId);
    return quoted(quote.price, named, of);
  }
  if (tariff !== undefined && found !== undefined)
    return {
      source: 'tariff',
      tariffId: tariff.id,
      buyerId: tariff.buyerId ?? of.operatorId,
      currency: found.base.currency,
      base: found.base,
      ...(found.originPremium === undefined ? {} : { premium: found.originPremium }),
      ...incomeOf(found),
    };
  if (settlement === undefined) return undefined;
  return { source: 'settlement', buyerId: of.operatorId, currency: settlement.paid.currency };
};

/** A slip shows one price; which part of it is the premium, the tariff it was made by tells. */
const quoted = (price: Price, tariff: Tariff | undefined, of: Priced & { operatorId: string }): Pricing => {
  const row = tariff && priceIn(tariff, of);
  const fits = row !== undefined && sameUnit(row.base, price);
  const premium = fits ? Math.min(row.originPremium?.amount ?? 0, price.amount) : 0;
  return {
    source: 'quote',
    ...(fits ? { tariffId: tariff!.id } : {}),
    buyerId: (fits ? tariff!.buyerId : null) ?? of.operatorId,
    currency: price.currency,
    base: { ...price, amount: price.amount - premium },
    ...(premium === 0 ? {} : { premium: { ...price, amount: premium } }),
    ...(fits ? incomeOf(row) : {}),
  };
};

/** What waits for a decision: the premium while its origin is doubted, all of it where it may have been told twice. */
export const waitingOf = (
  { base, premium }: { base: number; premium: number },
  marks: readonly string[],
): number => {
  if (marks.includes('possible-duplicate')) return base + premium;
  return marks.some((mark) => ORIGIN_MARKS.includes(mark)) ? premium : 0;
};

/** The accounts of a weigh-in's party. Money of people nobody registered waits in suspense (domain, rule 3). */
export const accountsOf = (
  { personId, registered }: Pick<Party, 'personId' | 'registered'>,
  { collectionId, siteId, currency }: { collectionId: string; siteId: string; currency: string },
) => {
  const of: Owner = personId === null ? { collectionId } : { personId };
  const account = (kind: AccountRef['kind'], owner: Owner = of): AccountRef => ({
    kind,
    currency,
    of: owner,
  });
  return {
    owed: account(registered ? 'payable' : 'suspense'),
    provisional: account('provisional'),
    overpaid: account('overpaid', personId === null ? { siteId } : of),
  };
};

/**
 * What a weigh-in earns whom, and its double entry: the base is owed at once, always; the premium provisionally while
 * an origin mark is open; what was given at the scale is taken off in the same fact (domain, rules 3 and 4).
 * 422 `currency_mix` for a settlement in another currency than the price.
 */
export const earn = (
  world: World,
  ids: AccountIds,
  input: CollectionRequest,
  of: Priced & Weighed & { at: number; operatorId: string; collectionId: string; now: number; month: string },
  parties: readonly Party[],
  marks: readonly string[],
): EarningPart | undefined => {
  const pricing = pricingOf(world, input, of);
  if (pricing === undefined) return undefined;
  const { currency } = pricing;
  const paid = input.settlement?.paid;
  if (paid !== undefined && paid.currency !== currency)
    throw unprocessable('currency_mix', '/settlement/paid/currency', `must be ${currency}, as the price is`);
  if (paid !== undefined && paid.amount < 0)
    throw unprocessable('negative_payment', '/settlement/paid/amount', 'must not be negative');
  const total = pricing.source === 'settlement' ? { base: paid!.amount, premium: 0 } : amountsOf(pricing, of);
  if (!Number.isSafeInteger(total.base + total.premium))
    throw unprocessable('beyond_limit', '/quote/price', 'makes an earning beyond 2^53 − 1 minor units');
  const shares = parties.map(({ share }) => share);
  const [bases, premiums, settled] = [total.base, total.premium, paid?.amount ?? 0].map((amount) =>
    splitByWeight(amount, shares),
  ) as [number[], number[], number[]];
  const accounts = parties.map((party) => accountsOf(party, { ...of, currency }));
  const buyer = spentBy(pricing);
  const owing = { buyerId: pricing.buyerId, currency, now: of.now, month: of.month };
  const book = openBook(world, ids, [buyer.base, ...accounts.map(({ owed }) => owed)]);
  const known = accounts.flatMap(({ owed }, i) => (parties[i]!.registered ? [book.idOf(owed)] : []));
  needTaxes(world, owing, known);
  const taxes: TaxChange[] = [];
  const earned = parties.map((party, i) => {
    const refs = accounts[i]!;
    const amounts = { base: bases[i]!, premium: premiums[i]! };
    // Money in suspense waits already.
    const waits = party.registered ? waitingOf(amounts, marks) : 0;
    const accountId = book.idOf(refs.owed);
    // Whose money waits in suspense agreed to nothing yet.
    const tax = party.registered
      ? withholdOf(world, owing, accountId, owedIncome(pricing, { ...amounts, waits }))
      : undefined;
    if (tax !== undefined) taxes.push(tax);
    bookTax(book, currency, tax);
    book.credit(refs.owed, amounts.base + amounts.premium - waits - taxOf(tax));
    book.credit(refs.provisional, waits);
    const over = settle(book, refs, settled[i]!);
    return {
      accountId,
      ...(party.registered ? {} : { suspense: true as const }),
      provisionalId: book.idOf(refs.provisional),
      overpaidId: book.idOf(refs.overpaid),
      share: party.share,
      ...amounts,
      waits,
      settled: settled[i]!,
      overpaid: over,
      raised: 0,
      ...(tax === undefined ? {} : { tax: taxOf(tax) }),
    };
  });
  book.debit(buyer.base, total.base);
  book.debit(buyer.premium, total.premium);
  const cash = handOut(world, ids, book, input, of, parties, settled);
  const entry = book.close();
  return {
    earning: { amount: total.base + total.premium, currency },
    pricing,
    earned,
    ...(taxes.length === 0 ? {} : { tax: taxes }),
    ...(cash === undefined ? {} : { cash }),
    ...(entry === undefined ? {} : { book: entry }),
  };
};

/** What was given at the scale leaves the station: cash its float, goods its store. */
const handOut = (
  world: World,
  ids: AccountIds,
  book: Book,
  { settlement }: CollectionRequest,
  { siteId, day, at }: Priced & { at: number },
  parties: readonly Party[],
  settled: readonly number[],
): CashPart | undefined => {
  if (settlement === undefined) return undefined;
  const { amount, currency } = settlement.paid;
  if (settlement.kind === 'goods') {
    book.credit({ kind: 'goods', currency, of: { siteId } }, amount);
    return undefined;
  }
  const paid = parties.map(({ personId }, i) => ({ personId, amount: settled[i]! }));
  return payCash(world, ids, book, { siteId, currency, paidAt: at, day, paid });
};

/** Takes what was given at the scale off what this weigh-in is owed; what goes beyond it was overpaid, and is returned. */
const settle = (book: Book, refs: ReturnType<typeof accountsOf>, paid: number): number => {
  if (paid === 0) return 0;
  let left = paid;
  for (const ref of [refs.owed, refs.provisional]) {
    const { balance, held } = book.standing(ref);
    const taken = Math.min(left, Math.max(0, -balance - held));
    book.debit(ref, taken);
    left -= taken;
  }
  book.debit(refs.overpaid, left);
  return left;
};

/** The other side: what the buyer of record spends on material, and on its origin. Negative amounts take it back. */
export const spend = (
  book: Book,
  pricing: Pick<Pricing, 'buyerId' | 'currency'>,
  { base, premium }: { base: number; premium: number },
): void => {
  const spent = spentBy(pricing);
  book.debit(spent.base, base);
  book.debit(spent.premium, premium);
};

const spentBy = ({
  buyerId,
  currency,
}: Pick<Pricing, 'buyerId' | 'currency'>): { base: AccountRef; premium: AccountRef } => {
  const of = { organisationId: buyerId };
  return { base: { kind: 'purchases', currency, of }, premium: { kind: 'premiums', currency, of } };
};

/** The price its slip showed, or the tariff said: base and premium together. */
export const priceOf = ({ private: more }: AnyFact): Price | undefined => {
  const { base, premium } = (more.pricing ?? {}) as Partial<Pricing>;
  return base && { ...base, amount: base.amount + (premium?.amount ?? 0) };
};
