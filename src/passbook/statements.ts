import { unprocessable } from '../kernel/errors.ts';
import type { PassbookAccount } from './passbook.schema.ts';

/** Months one statement covers at most, and days it stands at most; 90 unless said. */
export const MOST_MONTHS = 36;
export const MOST_DAYS = 180;
export const STATEMENT_DAYS = 90;

/** What is signed; its bytes are RFC 8785. Money in minor units, times in seconds since 1970 as RFC 7519 has them. */
export type StatementPayload = {
  iss: string;
  iat: number;
  exp: number;
  /** Asks the public check whether it still stands. */
  code: string;
  person: string;
  lender: string;
  currency: string;
  /** Money that was paid, less what came back; goods and what is still owed are not in it. */
  months: { month: string; paid: number }[];
  paid: number;
  ways: { way: string; paid: number }[];
  /** Of all that was ever paid, what turned out not to be owed. */
  overpaid: number;
  asOfSeq: number;
};

const monthAfter = (month: string): string => {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
};

/** `from` … `to`, both included. 422 `wrong_period` for none, for too many, and for what has not begun by `today`. */
export const monthsBetween = (from: string, to: string, today: string): string[] => {
  if (to < from) throw unprocessable('wrong_period', '/to', 'must not lie before from');
  if (to > today.slice(0, 7)) throw unprocessable('wrong_period', '/to', 'must not lie in the future');
  const months: string[] = [];
  for (let month = from; month <= to; month = monthAfter(month)) {
    if (months.length === MOST_MONTHS)
      throw unprocessable('wrong_period', '/from', `must be at most ${MOST_MONTHS} months before to`);
    months.push(month);
  }
  return months;
};

type Line = PassbookAccount['money'][number];

/** What a line adds to the money somebody was paid: a bonus or an inheritance is owed by it, and goods are no money. */
const paidBy = ({ kind, amount, rail }: Line): number => {
  if (kind === 'bonus' || kind === 'inherited' || rail === 'goods') return 0;
  return kind === 'returned' ? -amount : amount;
};

/** Paid money of these months, month by month and by the way it was paid. */
export const paidIn = (
  money: readonly Line[],
  months: readonly string[],
): Pick<StatementPayload, 'months' | 'paid' | 'ways'> => {
  const inside = money.filter(({ day }) => months.includes(day.slice(0, 7)));
  const sum = (lines: readonly Line[]): number => lines.reduce((all, line) => all + paidBy(line), 0);
  const wayOf = ({ kind, rail }: Line): string => (kind === 'scale' ? 'cash' : (rail ?? kind));
  const ways = [...new Set(inside.filter((line) => paidBy(line) !== 0).map(wayOf))].sort();
  return {
    months: months.map((month) => ({ month, paid: sum(inside.filter(({ day }) => day.startsWith(month))) })),
    paid: sum(inside),
    ways: ways.map((way) => ({ way, paid: sum(inside.filter((line) => wayOf(line) === way)) })),
  };
};
