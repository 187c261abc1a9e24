import { parse } from 'csv-parse/sync';
import { DomainError, unprocessable } from '../kernel/errors.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import {
  fenOf,
  type Queued,
  type Reconciled,
  reconcile,
  type Sent,
  type Told,
  totalOf,
  yuanText,
} from './lists.ts';
import { type Attempt, checkAttempt, type Limits, type Outcome } from './rail.ts';

/**
 * Bank batches (代发): a file goes to the bank, which tells line by line on the next day what it paid, and days later
 * what came back (退票). Taking the file is not paying it.
 */
export const BANK_LIMITS: Limits = {
  minimum: 1,
  // What a line may be is agreed with the bank; ten million yuan is where a unit was mistaken.
  maximum: 1_000_000_000,
  nameFrom: 1,
  queryWindow: Number.POSITIVE_INFINITY,
  reference: /^[0-9A-Za-z]{1,32}$/,
  referenceIs: '1 to 32 letters and digits',
  purposeLength: 32,
};

/**
 * Names of columns and words for results: each bank has its own, so they are data. The last line of both files holds
 * the word for the total, then how many lines there are, and the sum in the column of the amounts.
 */
export type BankFormat = {
  sent: { line: string; reference: string; name: string; account: string; amount: string; purpose: string };
  told: { reference: string; amount: string; result: string; reason: string };
  total: string;
  results: Readonly<Record<string, 'paid' | 'failed' | 'returned'>>;
};

export const BANK_FORMAT: BankFormat = {
  sent: {
    ...{ line: '序号', reference: '业务参考号', name: '收款人户名' },
    ...{ account: '收款账号', amount: '金额', purpose: '用途' },
  },
  told: { reference: '业务参考号', amount: '金额', result: '状态', reason: '原因' },
  total: '合计',
  results: { 成功: 'paid', 失败: 'failed', 退票: 'returned' },
};

export type BankFile = {
  /** UTF-8 with a byte order mark, lines ended by CR LF. */
  bytes: Buffer;
  /** SHA-256 of the bytes, hex: what was approved is what is sent. */
  sha256: string;
  lines: number;
  /** Fen. */
  total: number;
};

const BOM = '\ufeff';

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * The file for the bank: a head, a line for each attempt with its number from 1, and a line with count and total.
 * Equal attempts give equal bytes. @throws 422 with the line and what to write instead.
 */
export const bankFile = (attempts: readonly Attempt[], format: BankFormat = BANK_FORMAT): BankFile => {
  const total = totalOf(attempts);
  const rows = attempts.map((attempt, i) => {
    checkLine(attempt, i);
    const { reference, payee, amount, purpose } = attempt;
    return [String(i + 1), reference, payee.name!.trim(), payee.account, yuanText(amount), purpose];
  });
  const { sent } = format;
  const head = [sent.line, sent.reference, sent.name, sent.account, sent.amount, sent.purpose];
  const end = [format.total, String(rows.length), '', '', yuanText(total), ''];
  const text = [head, ...rows, end].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
  const bytes = Buffer.from(BOM + text);
  return { bytes, sha256: toHex(sha256(bytes)), lines: rows.length, total };
};

/** The rail's own rules, told of the line they were broken on; and none of what a spreadsheet takes for a formula. */
const checkLine = (attempt: Attempt, i: number): void => {
  const at = (field: string): string => `/lines/${i}/${field}`;
  try {
    checkAttempt(attempt, BANK_LIMITS);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const [first] = error.errors;
    throw unprocessable(error.code, `/lines/${i}${first?.pointer ?? ''}`, error.message);
  }
  if (!/^[0-9]{8,32}$/.test(attempt.payee.account))
    throw unprocessable(
      'account_form',
      at('payee/account'),
      'Write the account number in 8 to 32 digits, without spaces.',
    );
  for (const [field, text] of [
    ['payee/name', attempt.payee.name!.trim()],
    ['purpose', attempt.purpose],
  ] as const)
    if (/^[=+\-@]|\p{Cc}/u.test(text) || !text.isWellFormed())
      throw unprocessable(
        'cell_form',
        at(field),
        'Write text without control characters that does not begin with =, +, - or @: a spreadsheet would take it for a formula.',
      );
};

export type BankNews = Reconciled & { lines: number };

/**
 * What the bank told of a file's lines: results of the next day, or what came back later. Lines that do not fit wait
 * in the queue. A file whose own total is wrong or missing was cut or changed: of it nothing is taken.
 * @param sent the lines of the file that went out
 * @param known the last outcome recorded of each reference
 * @throws 422 when it is no such file at all
 */
export const bankNews = (
  bytes: Uint8Array,
  sent: readonly Sent[],
  known: ReadonlyMap<string, Outcome>,
  format: BankFormat = BANK_FORMAT,
): BankNews => {
  const { head, rows } = readCsv(bytes);
  const column = (name: string): number => {
    const index = head.indexOf(name);
    if (index >= 0) return index;
    throw unprocessable('column_missing', '/file', `Name a column "${name}" in the first line of the file.`);
  };
  const at = {
    reference: column(format.told.reference),
    amount: column(format.told.amount),
    result: column(format.told.result),
    reason: column(format.told.reason),
  };
  const end = rows.at(-1);
  const body = end?.cells[0]?.trim() === format.total ? rows.slice(0, -1) : rows;
  const told: Told[] = [];
  const queue: Queued[] = [];
  let sum = 0;
  for (const { line, cells } of body) {
    const amount = fenOf(cells[at.amount] ?? '');
    const result = format.results[(cells[at.result] ?? '').trim()];
    const reference = (cells[at.reference] ?? '').trim();
    sum += amount ?? 0;
    if (amount === undefined || result === undefined || reference === '') {
      queue.push({
        line,
        code: 'unreadable_line',
        reason: `Write a reference, an amount in yuan such as 216.04, and one of ${Object.keys(format.results).join(', ')}.`,
      });
      continue;
    }
    const outcome: Outcome =
      result === 'paid'
        ? { kind: 'paid', amount }
        : { kind: result, code: reasonCode(cells[at.reason]), amount };
    told.push({ line, reference, amount, outcome });
  }
  const count = Number(end?.cells[1]);
  const total = fenOf(end?.cells[at.amount] ?? '');
  if (body === rows || count !== body.length || total !== sum) {
    const said = body === rows ? 'has no last line with the total' : 'does not add up to its last line';
    const whole: Queued = {
      line: end?.line ?? 1,
      code: 'total_differs',
      reason: `The file ${said}: it holds ${body.length} lines and ${yuanText(sum)} yuan. Nothing of it was taken; ask the bank for the whole file.`,
    };
    const missing = sent.map(({ reference }) => reference).filter((reference) => !known.has(reference));
    return { news: [], repeated: 0, missing, queue: [whole], lines: body.length };
  }
  const done = reconcile(sent, known, told);
  const both = [...queue, ...done.queue].sort((a, b) => a.line - b.line);
  return { ...done, queue: both, lines: body.length };
};

/** A bank's reason is a sentence and may hold a name: only what is known is kept, as a code. */
const reasonCode = (reason: string | undefined): string => {
  const found = REASON_CODES.find(([pattern]) => pattern.test(reason ?? ''));
  return found?.[1] ?? 'other_reason';
};

const REASON_CODES: readonly (readonly [RegExp, string])[] = [
  [/户名|姓名|name/i, 'name_not_correct'],
  [/冻结|frozen/i, 'account_frozen'],
  [/销户|不存在|账号|closed|account/i, 'account_not_exist'],
  [/限额|limit/i, 'quota_exceeded'],
  [/余额|balance/i, 'not_enough'],
];

type Row = { line: number; cells: string[] };

const readCsv = (bytes: Uint8Array): { head: string[]; rows: Row[] } => {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unprocessable(
      'not_utf8',
      '/file',
      'Save the file as CSV UTF-8; this one is in another encoding, such as GBK.',
    );
  }
  try {
    const options = { info: true, relax_column_count: true, skip_empty_lines: true } as const;
    const records = parse(text, options) as unknown as { record: string[]; info: { lines: number } }[];
    const [first, ...rest] = records.map(({ record, info }) => ({ line: info.lines, cells: record }));
    return { head: (first?.cells ?? []).map((name) => name.trim()), rows: rest };
  } catch {
    throw unprocessable(
      'not_csv',
      '/file',
      'Write rows of CSV; a quote in this file is opened and never closed.',
    );
  }
};
