import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type BoundRows, ImportMisuse, type ImportTarget, uuidV5 } from './import.ts';
import type { ImportMap } from './map.ts';
import { timeReader } from './rows.ts';
import { quoted, type Reading, toInteger } from './units.ts';

/** The namespace of ids that follow from a statement's own numbers. */
const NAMESPACE = '5f6d1f0e-3c1b-4c55-9a53-0d4c1a3c7f21';
/** Yuan are told with two decimals: a third one is a mistake, not a rounding. */
const FEN_PER_YUAN = { numerator: 100n, denominator: 1n };

const Column = z.strictObject({ column: z.string().min(1) });

/** What the columns of a statement mean. */
const StatementMap = z.strictObject({
  source: z.enum(['bank', 'rail']),
  rail: z.enum(['wechat', 'bank']),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .default('CNY'),
  /** A WHATWG label, such as gb18030 for files a Chinese Excel wrote. */
  encoding: z.string().default('utf-8'),
  delimiter: z.string().length(1).default(','),
  columns: z.strictObject({
    /** The line's own number; without it a line is told by what it says, and whole days must be imported. */
    serial: Column.optional(),
    day: Column.extend({
      formats: z.array(z.string()).min(1),
      timeZone: z.string().default('Asia/Shanghai'),
    }),
    /** Yuan; either one column, negative for what left, or two. */
    amount: Column.optional(),
    /** Beside an amount that has no sign: the word that says it left. */
    direction: Column.extend({ out: z.string().min(1) }).optional(),
    out: Column.optional(),
    in: Column.optional(),
    /** `pattern`: its first group in the cell is the reference, where it stands among other words. */
    reference: Column.extend({ pattern: z.string().optional() }).optional(),
    /** Text of a cell → what became of it; other text is `other`. */
    kind: Column.extend({
      values: z.record(z.string(), z.enum(['paid', 'returned', 'failed', 'other'])),
    }).optional(),
  }),
});
type StatementMap = z.infer<typeof StatementMap>;

/** Reads a map for statements. @throws ImportMisuse that says what to write instead */
export const readStatementMap = (source: unknown): StatementMap => {
  const parsed = StatementMap.safeParse(source);
  if (!parsed.success)
    throw new ImportMisuse(parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  const { amount, out, in: into, reference } = parsed.data.columns;
  if ((amount === undefined) !== (out !== undefined && into !== undefined))
    throw new ImportMisuse('columns: name either amount, or both out and in');
  if (reference?.pattern !== undefined)
    try {
      new RegExp(reference.pattern, 'u');
    } catch {
      throw new ImportMisuse(
        `columns.reference.pattern: ${quoted(reference.pattern)} is no regular expression`,
      );
    }
  return parsed.data;
};

const fenOf = (text: string): Reading<number> =>
  toInteger(text === '' ? '0' : text, { factor: FEN_PER_YUAN, signed: true, whole: true });

/** Binds the map to the header of a file: a row becomes a line of the statement, or every reason why it cannot. */
const bind = (map: StatementMap, header: readonly string[]): Reading<BoundRows> => {
  const names = header.map((name) => name.replace('\ufeff', '').trim());
  const { columns } = map;
  const missing = Object.values(columns).flatMap((one) =>
    one === undefined || names.includes(one.column) ? [] : [quoted(one.column)],
  );
  if (missing.length > 0)
    return { ok: false, reason: `the file has no column ${missing.join(', ')}; it has ${names.join(', ')}` };
  const times = timeReader(columns.day.formats, columns.day.timeZone);
  if (!times.ok) return times;
  const pattern =
    columns.reference?.pattern === undefined ? undefined : new RegExp(columns.reference.pattern, 'u');
  /** How often the same words stood there before, for lines without a number. */
  const seen = new Map<string, number>();
  const read: BoundRows = (cells) => {
    // WeChat Pay puts a backquote before each cell, so that no spreadsheet takes it for a number.
    const cell = (one: { column: string } | undefined): string =>
      one === undefined ? '' : (cells[names.indexOf(one.column)] ?? '').trim().replace(/^`/, '');
    const faults: string[] = [];
    const taken = <T>(field: string, reading: Reading<T>): T | undefined => {
      if (reading.ok) return reading.value;
      faults.push(`${field}: ${reading.reason}`);
      return undefined;
    };
    if (cells.length !== names.length)
      return { reasons: [`${cells.length} cells where the header has ${names.length}`] };
    const time = taken('day', times.value(cell(columns.day)));
    const out = columns.out === undefined ? 0 : (taken('out', fenOf(cell(columns.out))) ?? 0);
    const into = columns.in === undefined ? 0 : (taken('in', fenOf(cell(columns.in))) ?? 0);
    const one = columns.amount === undefined ? 0 : (taken('amount', fenOf(cell(columns.amount))) ?? 0);
    const isOut = columns.direction !== undefined && cell(columns.direction) === columns.direction.out;
    const amount = into - Math.abs(out) + (isOut ? -Math.abs(one) : one);
    const said = cell(columns.reference);
    const reference = pattern === undefined ? said : (pattern.exec(said)?.[1] ?? '');
    const kind =
      columns.kind === undefined
        ? reference === '' || amount >= 0
          ? 'other'
          : 'paid'
        : (columns.kind.values[cell(columns.kind)] ?? 'other');
    if (faults.length > 0) return { reasons: faults };
    return {
      body: {
        ...{ source: map.source, rail: map.rail, serial: serialOf(cells, cell(columns.serial), seen) },
        ...{ day: String(time).slice(0, 10), kind, amount: { amount, currency: map.currency } },
        ...(reference === '' ? {} : { reference }),
      },
    };
  };
  return { ok: true, value: read };
};

const serialOf = (cells: readonly string[], serial: string, seen: Map<string, number>): string => {
  if (serial !== '') return serial;
  const hash = createHash('sha256').update(JSON.stringify(cells)).digest('hex').slice(0, 32);
  const times = (seen.get(hash) ?? 0) + 1;
  seen.set(hash, times);
  return `${hash}-${times}`;
};

/** Lines of statements: each bears an id that follows from its own number, so that it is one whichever file brings it. */
export const statementTarget = (map: StatementMap): { map: ImportMap; target: ImportTarget } => ({
  map: { encoding: map.encoding, delimiter: map.delimiter, defaults: {}, columns: [] },
  target: {
    path: 'v1/statement-lines/batch',
    bind: (header) => bind(map, header),
    idOf: ({ serial }) => uuidV5(NAMESPACE, `${map.source} ${map.rail} ${map.currency} ${String(serial)}`),
  },
});
