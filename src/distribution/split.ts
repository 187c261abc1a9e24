import { z } from 'zod';
import { inProportion } from '../kernel/money.ts';
import { splitByWeight } from '../kernel/split.ts';
import { Currency, MAX_INTEGER } from '../kernel/values.ts';

/** Every share names its base (domain, rule 6). */
export const BASES = ['margin-after-costs', 'received-without-vat', 'premium-over-reference'] as const;
export type Base = (typeof BASES)[number];
/** Minor units by base. */
export type Bases = Partial<Record<Base, number>>;
export const BasesShape = z.partialRecord(z.enum(BASES), z.int().min(0).max(MAX_INTEGER));

export const RECIPIENTS = ['collectors', 'fund', 'operator'] as const;
const BasisPoints = z.int().min(0).max(10_000);

export const Share = z.strictObject({
  to: z.enum(RECIPIENTS),
  basisPoints: BasisPoints.min(1),
  base: z.enum(BASES),
});
export type Share = z.infer<typeof Share>;

export const HoldBack = z.strictObject({
  basisPoints: BasisPoints.meta({
    description: 'Of what fund and operator get: a return never takes from collectors.',
  }),
  days: z.int().min(0).max(3_650).meta({ description: 'Released so many days after the last receipt.' }),
});
export type HoldBack = z.infer<typeof HoldBack>;

export const Reference = z.strictObject({
  amount: z.int().min(0).max(MAX_INTEGER),
  currency: Currency,
  perGrams: z.int().min(1).max(1_000_000_000),
});
export type Reference = z.infer<typeof Reference>;

export type Rule = {
  shares: readonly Share[];
  holdBack: HoldBack;
  vatBasisPoints: number | null;
  reference: Reference | null;
};

/** What stands of a batch in one currency after some fact, in minor units. */
export type Money = {
  costs: number;
  sales: readonly { total: number; grams: number; received: number; credited: number }[];
};

/** What is the seller's to keep of a sale: never more than the buyer owes of it after credit notes. */
const kept = ({ total, received, credited }: Money['sales'][number]): number =>
  Math.max(0, Math.min(received, total - credited));

/** The part of a sum that `part` of `whole` makes, rounded down. */
const portion = (amount: number, part: number, whole: number): number =>
  whole === 0 ? 0 : Number((BigInt(amount) * BigInt(part)) / BigInt(whole));

/** A base as it stands: the running total, which is never split itself. */
export const standingBase = (base: Base, money: Money, rule: Rule, currency: string): number => {
  const received = money.sales.reduce((sum, sale) => sum + kept(sale), 0);
  if (base === 'margin-after-costs') return Math.max(0, received - money.costs);
  if (base === 'received-without-vat') return portion(received, 10_000, 10_000 + (rule.vatBasisPoints ?? 0));
  const { reference } = rule;
  if (reference === null || reference.currency !== currency) return 0;
  return money.sales.reduce((sum, sale) => {
    const atReference = inProportion(reference.amount, sale.grams, reference.perGrams);
    return sum + portion(kept(sale), Math.max(0, sale.total - atReference), sale.total);
  }, 0);
};

const basesOf = (rule: Rule): Base[] => BASES.filter((base) => rule.shares.some((s) => s.base === base));

/** What stands before and after a fact, and what was shared out by then. */
export type Change = { before: Money; after: Money; shared: Bases; currency: string };

/**
 * What a receipt adds to each base of the rule: beyond what it was before, and beyond what was shared out already. So a
 * cost booked late takes nothing back, and the next receipt makes up for it first.
 */
export const additions = (rule: Rule, { before, after, shared, currency }: Change): Bases =>
  Object.fromEntries(
    basesOf(rule).map((base) => {
      const from = shared[base] ?? standingBase(base, before, rule, currency);
      return [base, Math.max(0, standingBase(base, after, rule, currency) - from)];
    }),
  );

/** What a return or a void takes off each base that was shared out already. */
export const reductions = (rule: Rule, { before, after, shared, currency }: Change): Bases =>
  Object.fromEntries(
    basesOf(rule).map((base) => {
      const now = standingBase(base, after, rule, currency);
      const beyond = (shared[base] ?? 0) - now;
      return [base, Math.max(0, Math.min(beyond, standingBase(base, before, rule, currency) - now))];
    }),
  );

/** What is shared out of the additions by recipient, in minor units, with what is held back of it. */
export type Parts = {
  collectors: number;
  fund: number;
  operator: number;
  heldFund: number;
  heldOperator: number;
};

/** Each base's addition by largest remainder over its shares; what no share names stays with the seller. */
export const partsOf = (rule: Rule, added: Bases): Parts => {
  const parts = { collectors: 0, fund: 0, operator: 0 };
  for (const base of basesOf(rule)) {
    const shares = rule.shares.filter((share) => share.base === base);
    const points = shares.map(({ basisPoints }) => basisPoints);
    const rest = 10_000 - points.reduce((sum, p) => sum + p, 0);
    const amounts = splitByWeight(added[base] ?? 0, [...points, rest]);
    for (const [i, { to }] of shares.entries()) parts[to] += amounts[i]!;
  }
  const held = (amount: number): number => portion(amount, rule.holdBack.basisPoints, 10_000);
  return { ...parts, heldFund: held(parts.fund), heldOperator: held(parts.operator) };
};

/** What was shared out and is to be covered: from what is held back, the operator's first, then from the operator. */
export const coverOf = (
  rule: Rule,
  taken: Bases,
  { heldFund, heldOperator }: { heldFund: number; heldOperator: number },
): { total: number; heldOperator: number; heldFund: number; operator: number } => {
  const { collectors, fund, operator } = partsOf(rule, taken);
  const total = collectors + fund + operator;
  const fromOperatorsHeld = Math.min(total, heldOperator);
  const fromFundsHeld = Math.min(total - fromOperatorsHeld, heldFund);
  const rest = total - fromOperatorsHeld - fromFundsHeld;
  return { total, heldOperator: fromOperatorsHeld, heldFund: fromFundsHeld, operator: rest };
};
