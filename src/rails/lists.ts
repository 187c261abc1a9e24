import { unprocessable } from '../kernel/errors.ts';
import type { Attempt, Outcome } from './rail.ts';

/**
 * What the two rails of paper have in common: a list goes out, and days later somebody tells what became of its
 * lines. What cannot be believed waits in a queue with its reason, and changes nothing.
 */
export type Sent = Pick<Attempt, 'reference' | 'amount'>;

/** One line of what was told. `line` as an editor counts them, from 1. */
export type Told = { line: number; reference: string; amount: number; outcome: Outcome };

export type Queued = {
  line: number;
  reference?: string;
  code: string;
  reason: string;
  /** What the line said, where it could be read. */
  told?: Pick<Told, 'amount' | 'outcome'>;
};

export type Reconciled = {
  /** What is new, in the order of the lines. */
  news: { reference: string; outcome: Outcome }[];
  /** Lines that told again what was known. */
  repeated: number;
  /** References of the list that no line spoke of, and nothing is known of. */
  missing: string[];
  queue: Queued[];
};

const REASONS = {
  unknown_reference:
    'No line of this list bears the reference: compare it with the list, or find whose it is.',
  amount_differs: 'The amount is not the one that was sent: ask for the line to be corrected.',
  duplicate_line: 'The reference stands here a second time with the same result: the first line was taken.',
  contradicting_lines: 'The reference stands here with two results: ask which of them is true.',
  contradicts_earlier: 'It was told otherwise before: ask which of the two is true.',
  returned_before_paid: 'It came back, and was never told to be paid: enter the result of the list first.',
} as const;

/**
 * Holds what was told against what was sent and what is known already. Fails no line for another one's sake.
 * @param known the last outcome recorded of each reference
 */
export const reconcile = (
  sent: readonly Sent[],
  known: ReadonlyMap<string, Outcome>,
  told: readonly Told[],
): Reconciled => {
  const amounts = new Map(sent.map((line) => [line.reference, line.amount]));
  const results = new Map<string, Set<string>>();
  for (const { reference, outcome } of told)
    results.set(reference, (results.get(reference) ?? new Set()).add(outcome.kind));
  const done: Reconciled = { news: [], repeated: 0, missing: [], queue: [] };
  const taken = new Set<string>();
  for (const { line, reference, amount, outcome } of told) {
    const code = ((): keyof typeof REASONS | 'repeated' | undefined => {
      if (!amounts.has(reference)) return 'unknown_reference';
      if (results.get(reference)!.size > 1) return 'contradicting_lines';
      if (amounts.get(reference) !== amount) return 'amount_differs';
      if (taken.has(reference)) return 'duplicate_line';
      const before = known.get(reference)?.kind;
      if (before === outcome.kind) return 'repeated';
      if (outcome.kind === 'returned')
        return before === 'paid'
          ? undefined
          : before === undefined
            ? 'returned_before_paid'
            : 'contradicts_earlier';
      return before === undefined || before === 'unknown' || before === 'accepted'
        ? undefined
        : 'contradicts_earlier';
    })();
    if (code !== undefined && code !== 'repeated') {
      done.queue.push({ line, reference, code, reason: REASONS[code], told: { amount, outcome } });
      continue;
    }
    taken.add(reference);
    if (code === 'repeated') done.repeated++;
    else done.news.push({ reference, outcome });
  }
  done.missing = sent
    .map(({ reference }) => reference)
    .filter((reference) => !results.has(reference) && !known.has(reference));
  return done;
};

/** Fen as yuan with two decimals, without a currency sign: 8230 is `82.30`. */
export const yuanText = (fen: number): string =>
  `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;

/** Fen of yuan below 10^13 with at most two decimals; undefined for anything else, a thousands separator too. */
export const fenOf = (yuan: string): number | undefined => {
  const match = /^([0-9]{1,13})(?:\.([0-9]{1,2}))?$/.exec(yuan.trim());
  return match === null ? undefined : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
};

/** The sum of the list in fen. @throws 422 for an empty list, and where a reference stands twice. */
export const totalOf = (attempts: readonly Attempt[]): number => {
  if (attempts.length === 0)
    throw unprocessable('list_empty', '/lines', 'Put at least one payment on the list.');
  const seen = new Set<string>();
  for (const [i, { reference }] of attempts.entries()) {
    if (seen.has(reference))
      throw unprocessable(
        'reference_twice',
        `/lines/${i}/reference`,
        'Give each line a reference of its own; this one stands on the list already.',
      );
    seen.add(reference);
  }
  return attempts.reduce((sum, { amount }) => sum + amount, 0);
};
