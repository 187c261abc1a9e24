import { unprocessable } from '../kernel/errors.ts';
import { type Queued, type Reconciled, reconcile, type Told, totalOf } from './lists.ts';
import { type Attempt, checkAttempt, type Limits, type Outcome } from './rail.ts';

/**
 * Cash against a signature: for people without a phone or a bank account. A list is printed, each payee signs or
 * presses a thumb beside the amount, and what was signed is typed in by whoever keeps the list.
 */
export const CASH_LIMITS: Limits = {
  minimum: 1,
  // Of one line; what a person may get in cash in a day is the programme's rule, not the list's.
  maximum: 10_000_000,
  nameFrom: 1,
  queryWindow: Number.POSITIVE_INFINITY,
  reference: /^[0-9A-Za-z]{1,32}$/,
  referenceIs: '1 to 32 letters and digits',
  purposeLength: 32,
};

export type CashList = {
  number: string;
  site: string;
  /** The day it is paid out, `YYYY-MM-DD`. */
  day: string;
  lines: readonly Attempt[];
};

/** The sum of the list in fen. @throws 422 with the line and what to write instead. */
export const checkCashList = (list: CashList): number => {
  for (const attempt of list.lines) checkAttempt(attempt, CASH_LIMITS);
  return totalOf(list.lines);
};

/** What the keeper of the list typed in of one line. */
export type CashEntry = {
  reference: string;
  /** Fen that changed hands. */
  amount: number;
  /** `nobody`: the payee did not come, and the money went back into the float. */
  signed: 'signature' | 'thumb' | 'representative' | 'nobody';
  /** Who signed, as the registry knows them: the payee, or for `representative` somebody else. */
  signedBy?: string;
  /** Whom it was owed to, as the registry knows them. */
  owedTo: string;
  /** Who handed the money over. */
  paidBy: string;
  /** Milliseconds. */
  signedAt: number;
};

const WRONG = {
  signed_before_list: 'The time is before the list was made: write when it was signed.',
  signed_in_future: 'The time is still to come: write when it was signed.',
  signer_missing: 'Write who signed.',
  signer_is_not_payee: 'Somebody else signed: write `representative`, and who it was.',
  representative_is_payee: 'The payee signed: write `signature` or `thumb`.',
  payer_signed: 'Who hands the money over cannot sign for it: have another person pay, or sign.',
} as const;

const wrongWith = (entry: CashEntry, madeAt: number, now: number): keyof typeof WRONG | undefined => {
  if (entry.signed === 'nobody') return undefined;
  if (entry.signedAt < madeAt) return 'signed_before_list';
  if (entry.signedAt > now) return 'signed_in_future';
  if (entry.signedBy === undefined) return 'signer_missing';
  const self = entry.signedBy === entry.owedTo;
  if (entry.signed === 'representative' && self) return 'representative_is_payee';
  if (entry.signed !== 'representative' && !self) return 'signer_is_not_payee';
  if (entry.signedBy === entry.paidBy) return 'payer_signed';
  return undefined;
};

/**
 * What was signed, held against the list. Entries are counted from 1. A line nobody signed is `closed`; a line nobody
 * spoke of is missing.
 * @param madeAt when the list was made, and `now`, in milliseconds
 */
export const cashNews = (
  entries: readonly CashEntry[],
  list: CashList,
  known: ReadonlyMap<string, Outcome>,
  madeAt: number,
  now: number,
): Reconciled => {
  if (madeAt > now)
    throw unprocessable('list_not_made_yet', '/madeAt', 'Write when the list was made, not a time to come.');
  const told: Told[] = [];
  const queue: Queued[] = [];
  for (const [i, entry] of entries.entries()) {
    const code = wrongWith(entry, madeAt, now);
    const { reference, amount } = entry;
    if (code !== undefined) {
      queue.push({ line: i + 1, reference, code, reason: WRONG[code] });
      continue;
    }
    const outcome: Outcome =
      entry.signed === 'nobody'
        ? { kind: 'closed', code: 'not_collected', amount }
        : { kind: 'paid', amount, at: new Date(entry.signedAt).toISOString() };
    told.push({ line: i + 1, reference, amount, outcome });
  }
  const done = reconcile(list.lines, known, told);
  const spoken = new Set(queue.map(({ reference }) => reference));
  return {
    ...done,
    missing: done.missing.filter((reference) => !spoken.has(reference)),
    queue: [...queue, ...done.queue].sort((a, b) => a.line - b.line),
  };
};
