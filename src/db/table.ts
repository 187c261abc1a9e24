import { toHex } from '../kernel/hash.ts';
import { asBuffer, CopyWriter } from './copy.ts';

/**
 * A table as data: the door loads and saves its rows, set by set, without knowing what they mean.
 * `type` is the PostgreSQL type of a column; a list is kept as `json`.
 */
export type ColumnType = 'uuid' | 'int8' | 'int4' | 'int2' | 'text' | 'bytea' | 'json' | 'boolean';

export type Column = { field: string; column: string; type: ColumnType };

/** Rows that rules read and change, by one key. `replayed` tells whether the ledger alone rebuilds them. */
export type Table<Row> = {
  readonly name: string;
  readonly key: keyof Row & string;
  readonly columns: readonly Column[];
  readonly replayed: boolean;
};

/** Rows that are only ever added, and that no rule reads. */
export type Journal<Row> = {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly replayed: boolean;
  readonly journal: true;
  readonly row?: Row;
};

type Columns<Row> = { [F in keyof Row & string]-?: ColumnType };

export const table = <Row extends object>(
  name: string,
  key: keyof Row & string,
  columns: Columns<Row>,
  replayed = true,
): Table<Row> => ({ name, key, columns: describe(columns), replayed });

export const journal = <Row extends object>(
  name: string,
  columns: Columns<Row>,
  replayed = true,
): Journal<Row> => ({ name, columns: describe(columns), replayed, journal: true });

const describe = (columns: Record<string, ColumnType>): Column[] =>
  Object.entries(columns).map(([field, type]) => ({ field, type, column: snake(field) }));

const snake = (field: string): string => field.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** A statement's text follows from the table alone: it is written once. */
const once = <T extends object>(write: (t: T) => string): ((t: T) => string) => {
  const known = new WeakMap<T, string>();
  return (t) => {
    let text = known.get(t);
    if (text === undefined) {
      text = write(t);
      known.set(t, text);
    }
    return text;
  };
};

const list = (t: { columns: readonly Column[] }): string => t.columns.map((c) => c.column).join(', ');

/** Reads rows under their field names: `SELECT … WHERE key = ANY($1)`. */
export const selectSql = once((t: Table<never>): string => {
  const key = t.columns.find((c) => c.field === t.key)!;
  const fields = t.columns.map((c) => `${c.column} AS "${c.field}"`).join(', ');
  return `SELECT ${fields} FROM ${t.name} WHERE ${key.column} = ANY($1::${key.type}[])`;
});

/** `INSERT` of many rows, one array a column; parameters are numbered from `first`. */
export const insertSql = (t: { name: string; columns: readonly Column[] }, first: number): string =>
  `INSERT INTO ${t.name} (${list(t)}) SELECT * FROM unnest(${arrays(t.columns, first)})`;

/** What rows of a table or journal are written by. */
export type AnyColumns = { readonly name: string; readonly columns: readonly Column[] };

/** `INSERT` of one row, its columns the parameters. */
export const insertOneSql = once(
  (t: AnyColumns): string =>
    `INSERT INTO ${t.name} (${list(t)}) VALUES (${t.columns.map((c, i) => `$${i + 1}::${c.type}`).join(', ')})`,
);

/** One row as the parameters of `insertOneSql`. */
export const toValues = (t: AnyColumns, row: object): (string | Buffer | null)[] =>
  t.columns.map(({ field, type }) => {
    const value = (row as Record<string, unknown>)[field];
    if (value === null || value === undefined) return null;
    if (type === 'bytea') return asBuffer(value as Uint8Array);
    return type === 'json' ? JSON.stringify(value) : String(value);
  });

/** Takes many rows in PostgreSQL's binary form: a third less work for it than arrays, and half the bytes. */
export const copySql = once(
  (t: AnyColumns): string => `COPY ${t.name} (${list(t)}) FROM STDIN (FORMAT binary)`,
);

/** Rows as `copySql` takes them. Throws a RangeError where a number is not an integer its column holds. */
export const toCopy = (t: AnyColumns, rows: readonly object[]): Buffer => {
  const out = new CopyWriter();
  for (const row of rows) {
    out.int16(t.columns.length);
    for (let i = 0; i < t.columns.length; i++) {
      const { field, type } = t.columns[i]!;
      const value = (row as Record<string, unknown>)[field];
      if (value === null || value === undefined) out.int32(-1);
      else COPIERS[type](out, value);
    }
  }
  return out.end();
};

/** `UPDATE` of many rows by key, one array a column. */
export const updateSql = once((t: Table<never>): string => {
  const key = t.columns.find((c) => c.field === t.key)!.column;
  const set = t.columns.filter((c) => c.column !== key).map((c) => `${c.column} = u.${c.column}`);
  return `UPDATE ${t.name} t SET ${set.join(', ')} FROM unnest(${arrays(t.columns, 1)}) AS u(${list(t)}) WHERE t.${key} = u.${key}`;
});

const arrays = (columns: readonly Column[], first: number): string =>
  columns.map((c, i) => `$${first + i}::${c.type}[]`).join(', ');

/**
 * One array a column, as the statements above take them: written as PostgreSQL's own array text, since the driver
 * would look at every element's type anew.
 */
export const toArrays = (t: { columns: readonly Column[] }, rows: readonly object[]): string[] =>
  t.columns.map(({ field, type }) => {
    const write = WRITERS[type];
    let out = '{';
    for (let i = 0; i < rows.length; i++) {
      const value = (rows[i] as Record<string, unknown>)[field];
      out += `${i === 0 ? '' : ','}${value === null || value === undefined ? 'NULL' : write(value)}`;
    }
    return `${out}}`;
  });

const quoted = (text: string): string =>
  /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
const plain = (value: unknown): string => String(value);

const WRITERS: Record<ColumnType, (value: unknown) => string> = {
  uuid: plain,
  int8: plain,
  int4: plain,
  int2: plain,
  boolean: plain,
  text: (value) => quoted(String(value)),
  json: (value) => quoted(JSON.stringify(value)),
  bytea: (value) => `"\\\\x${toHex(value as Uint8Array)}"`,
};

const COPIERS: Record<ColumnType, (out: CopyWriter, value: unknown) => void> = {
  uuid: (out, value) => out.uuid(value as string),
  int8: (out, value) => out.fieldInt8(value as number),
  int4: (out, value) => out.fieldInt4(value as number),
  int2: (out, value) => out.fieldInt2(value as number),
  boolean: (out, value) => out.fieldBoolean(value as boolean),
  text: (out, value) => out.text(String(value)),
  json: (out, value) => out.text(JSON.stringify(value)),
  bytea: (out, value) => out.bytes(value as Uint8Array),
};
