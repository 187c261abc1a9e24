import type { IncomeKind } from '../kernel/vocabulary.ts';

/** Parts of an income, each of its kind; minor units. */
export type Income = readonly { kind: IncomeKind; amount: number }[];

/** What the parts of an earning are to whoever earns it, where nothing else is said. */
export const INCOME = { base: 'purchase', premium: 'price-supplement' } as const;

type Kinds = { base: IncomeKind; premium: IncomeKind };
type Parts = { base: number; premium: number };

/** Base and premium less what of them waits, or was refused: the premium first. */
export const withoutWaiting = ({ base, premium }: Parts, waits: number): Parts => ({
  base: base - Math.max(0, waits - premium),
  premium: Math.max(0, premium - waits),
});

/** What is owed of an earning, less what of it waits, by kind. */
export const owedIncome = (
  { income = INCOME }: { income?: Kinds | undefined },
  { waits, ...parts }: Parts & { waits: number },
): Income => {
  const { base, premium } = withoutWaiting(parts, waits);
  return [
    { kind: income.base, amount: base },
    { kind: income.premium, amount: premium },
  ];
};
