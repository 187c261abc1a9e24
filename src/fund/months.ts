import { FEWEST_PEOPLE } from '../provenance/summary.ts';

/** One inflow: the month it came in, `YYYY-MM`, the sale it stems from, minor units. */
export type Inflow = { month: string; sale: string; amount: number };
export type MonthSum = { from: string; to: string; sales: number; amount: number };

/** A sum over fewer sales would tell what a buyer paid (contract, `GET /v1/fund`). */
const FEWEST_SALES = FEWEST_PEOPLE;

/**
 * Sums by month that no two questions can take apart: only months that are over count, and as many follow one another in
 * one sum as hold five sales together. So a sum never changes once it is shown, and the difference of two answers is a
 * sum over five sales again. What comes after the last sum is not shown.
 * @param inflows in the order of the ledger
 * @param month the month that is not over, `YYYY-MM`
 */
export const shownMonths = (
  inflows: readonly Inflow[],
  month: string,
): { sums: MonthSum[]; notShown: number } => {
  const sums: MonthSum[] = [];
  let open: Inflow[] = [];
  let notShown = 0;
  for (const [i, inflow] of inflows.entries()) {
    if (inflow.month >= month) {
      notShown += inflow.amount;
      continue;
    }
    open.push(inflow);
    const next = inflows[i + 1]?.month;
    const isLastOfMonth = next !== inflow.month;
    const sales = new Set(open.map(({ sale }) => sale)).size;
    if (!isLastOfMonth || sales < FEWEST_SALES) continue;
    const amount = open.reduce((sum, { amount }) => sum + amount, 0);
    sums.push({ from: open[0]!.month, to: inflow.month, sales, amount });
    open = [];
  }
  return { sums, notShown: notShown + open.reduce((sum, { amount }) => sum + amount, 0) };
};
