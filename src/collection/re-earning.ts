import { accounts } from '../accounts/accounts.tables.ts';
import type { AccountIds, AccountRef, BookEntry } from '../accounts/book.ts';
import { idOfAccount, openBook } from '../accounts/book.ts';
import { owedIncome, withoutWaiting } from '../accounts/income.ts';
import { conflict } from '../kernel/errors.ts';
import { splitByWeight } from '../kernel/split.ts';
import type { AccountKind } from '../kernel/vocabulary.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { collectors } from '../registry/registry.tables.ts';
import { priceIn } from '../tariffs/pricing.ts';
import { tariffs } from '../tariffs/tariffs.tables.ts';
import { bookTax, saleOf, type TaxChange, taxOf, withholdAnew } from '../taxes/withholding.ts';
import { amountsOf, type Earned, incomeOf, type Pricing, spend, waitingOf } from './earning.ts';
import { namedWeighIns, type ProvisionalEarning, provisionalEarnings } from './earnings.tables.ts';

/**
 * Read before the door: what each account was credited after the weigh-in, in minor units, and the last fact that changed
 * the account then. What was earned last is unpaid first.
 */
export type EarnedSince = Record<string, { lastSeq: number; credited: number }>;

/** What a weigh-in earned by now. */
export type EarningNow = { earning: { amount: number; currency: string } | null; earned: Earned[] };

type Changed = {
  earning?: { amount: number; currency: string };
  earned: Earned[];
  tax?: TaxChange[];
  book?: BookEntry;
};

/**
 * The price a corrected weigh-in earns by. A slip binds whatever the origin; without one the same tariff is asked again.
 */
const pricingNow = (
  world: World,
  { data, private: more }: AnyFact,
  originClass: string,
): Pricing | undefined => {
  const pricing = more.pricing as Pricing | undefined;
  if (pricing?.source !== 'tariff' || originClass === data.originClass) return pricing;
  const { siteId, material, form, day } = data;
  const of = { siteId, material, form, originClass, day, counted: more.count !== undefined };
  const row = priceIn(world.get(tariffs, pricing.tariffId!)!, of);
  const { base: _, premium: __, income: ___, ...same } = pricing;
  if (row === undefined) return same;
  return {
    ...same,
    base: row.base,
    ...(row.originPremium === undefined ? {} : { premium: row.originPremium }),
    ...incomeOf(row),
  };
};

/**
 * Counter-postings of a correction (domain, "Corrections": pay, always). More is owed at once. Less is taken off what is
 * still unpaid of this very weigh-in; what was paid of it stands as overpaid, an error of the station and no debt: it is
 * netted against later payouts only with consent. 409 `balance_moved` when an account moved since it was read.
 */
export const earnAnew = (
  world: World,
  ids: AccountIds,
  original: AnyFact,
  now: EarningNow,
  to: { payGrams: number; count: number | undefined; originClass: string } | 'nothing',
  since: EarnedSince,
): Changed => {
  const before = original.private.pricing as Pricing | undefined;
  if (before === undefined || now.earned.length === 0) {
    const kept = to === 'nothing' || now.earning === null ? {} : { earning: now.earning };
    return { ...kept, earned: now.earned };
  }
  const stands = standing(world, ids, original, now.earned);
  const pricing = to === 'nothing' ? before : pricingNow(world, original, to.originClass)!;
  const total = totalOf(world, original, stands, pricing, to);
  const { currency } = before;
  const book = openBook(world, ids);
  const shares = stands.map(({ share }) => share);
  const bases = splitByWeight(total.base, shares);
  const premiums = splitByWeight(total.premium, shares);
  const waiting = splitByWeight(total.waits, shares);
  const account = (kind: AccountRef['kind'], accountId: string): AccountRef => ({
    kind,
    currency,
    of: { accountId },
  });
  const taxes: TaxChange[] = [];
  const earned = stands.map((was, i): Earned => {
    const is = { base: bases[i]!, premium: premiums[i]!, waits: was.suspense === true ? 0 : waiting[i]! };
    const owed = account(was.suspense === true ? 'suspense' : 'payable', was.accountId);
    const provisional = account('provisional', was.provisionalId);
    const overpaid = account('overpaid', was.overpaidId);
    const sale = saleOf(world, original.data.lotId, was.accountId);
    const tax = sale && withholdAnew(world, sale, owedIncome(pricing, is));
    if (tax !== undefined) taxes.push(tax);
    bookTax(book, currency, tax);
    const taxBefore = sale === undefined ? 0 : sale.vat + sale.incomeTax + sale.flat;
    const owedBefore = was.base + was.premium - was.waits - taxBefore;
    const owedChange = is.base + is.premium - is.waits - (taxBefore + taxOf(tax)) - owedBefore;
    const waitsChange = is.waits - was.waits;
    // Of what was decided after the earning was recorded last, less was credited by the tax on it.
    const raisedBefore = Math.max(0, was.raised - Math.max(0, taxBefore - (was.tax ?? 0)));
    let over = was.overpaid;
    const owedAtFirst = book.standing(owed).balance;
    /** Gives to an account, or takes from it what is there; the rest was paid already. */
    const change = (ref: AccountRef, by: number, there: () => number): void => {
      if (by >= 0) {
        // What turned out not to be owed and now is again was paid already.
        const again = Math.min(by, over, Math.max(0, book.standing(overpaid).balance));
        over -= again;
        book.credit(overpaid, again);
        book.credit(ref, by - again);
        return;
      }
      const taken = Math.min(-by, Math.max(0, there()));
      book.debit(ref, taken);
      book.debit(overpaid, -by - taken);
      over += -by - taken;
    };
    change(provisional, waitsChange, () => -book.standing(provisional).balance);
    change(owed, owedChange, () => {
      const credited = unmoved(world, was.accountId, since);
      const { balance, held } = book.standing(owed);
      // Its own corrections are no later earnings.
      return Math.min(-balance - held - (credited - raisedBefore), owedBefore - was.settled);
    });
    const raised = raisedBefore + Math.max(0, owedAtFirst - book.standing(owed).balance);
    const { tax: _, ...stays } = was;
    const withheld = taxBefore + taxOf(tax);
    return { ...stays, ...is, overpaid: over, raised, ...(withheld === 0 ? {} : { tax: withheld }) };
  });
  const sums = sumsOf(stands);
  spend(book, before, { base: total.base - sums.base, premium: total.premium - sums.premium });
  const entry = book.close();
  return {
    ...(to === 'nothing' ? {} : { earning: { amount: total.base + total.premium, currency } }),
    earned,
    ...(taxes.length === 0 ? {} : { tax: taxes }),
    ...(entry === undefined ? {} : { book: entry }),
  };
};

/**
 * What each party earned once all that came later is taken in: a decision about what waited, a naming of whoever brought
 * it, the registration of somebody who was named and not known.
 */
export const standing = (
  world: World,
  ids: AccountIds,
  { data, private: more, people }: AnyFact,
  earned: readonly Earned[],
): Earned[] => {
  const state: ProvisionalEarning['state'] = world.get(provisionalEarnings, data.lotId)?.state ?? 'open';
  const named = world.get(namedWeighIns, data.lotId);
  const currency = (more.pricing as Pricing | undefined)?.currency ?? '';
  return earned.map(({ suspense, ...recorded }) => {
    const part = decided(recorded, state);
    if (suspense === undefined) return part;
    // It came to the account later than what was earned there meanwhile, and is no later earning for that.
    const raised = part.raised + part.base + part.premium - part.settled;
    if (named !== undefined) {
      const { accountId, provisionalId, overpaidId } = named;
      return { ...part, raised, accountId, provisionalId, overpaidId };
    }
    const idOf = (kind: AccountKind, personId: string): string =>
      idOfAccount(ids, { kind, currency, of: { personId } });
    const person = people.find((p) => p !== null && idOf('overpaid', p.personId) === part.overpaidId);
    const known = person == null ? undefined : world.get(collectors, person.personId)?.state;
    if (known === undefined || known === 'unresolved') return { ...part, suspense };
    return { ...part, raised, accountId: idOf('payable', person!.personId) };
  });
};

/** What a decision about what waited made of it. */
export const decided = (part: Omit<Earned, 'suspense'>, state: ProvisionalEarning['state']): Earned => {
  if (state === 'open') return part;
  if (state === 'refused') return { ...part, ...withoutWaiting(part, part.waits), waits: 0 };
  return { ...part, waits: 0, raised: part.raised + part.waits };
};

const sumsOf = (earned: readonly Earned[]) => ({
  base: earned.reduce((sum, { base }) => sum + base, 0),
  premium: earned.reduce((sum, { premium }) => sum + premium, 0),
});

const totalOf = (
  world: World,
  { data }: AnyFact,
  earned: readonly Earned[],
  pricing: Pricing,
  to: { payGrams: number; count: number | undefined } | 'nothing',
): { base: number; premium: number; waits: number } => {
  if (to === 'nothing') return { base: 0, premium: 0, waits: 0 };
  const amounts = pricing.source === 'settlement' ? sumsOf(earned) : amountsOf(pricing, to);
  const state = world.get(provisionalEarnings, data.lotId)?.state;
  if (state === 'refused') return { ...withoutWaiting(amounts, waitingOf(amounts, data.marks)), waits: 0 };
  return { ...amounts, waits: state === 'open' ? waitingOf(amounts, data.marks) : 0 };
};

/** What the account was credited since the weigh-in, where nothing moved it since that was read. */
const unmoved = (world: World, accountId: string, since: EarnedSince): number => {
  const lastSeq = world.get(accounts, accountId)?.lastSeq;
  const read = since[accountId];
  if (lastSeq !== undefined && read?.lastSeq !== lastSeq)
    throw conflict('balance_moved', 'What is owed changed while this was being prepared; send it again.');
  return read?.credited ?? 0;
};
