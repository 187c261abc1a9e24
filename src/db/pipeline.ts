import type pg from 'pg';
import {
  type AnyColumns,
  copySql,
  insertOneSql,
  type Table,
  toArrays,
  toCopy,
  toValues,
  updateSql,
} from './table.ts';

/**
 * One statement of a pipeline with its parameters as text or bytes. A named one is prepared once a connection. `copy`
 * is what a `COPY … FROM STDIN (FORMAT binary)` reads.
 */
export type Step = { name?: string; text: string; values: readonly Value[]; copy?: Buffer };
export type Value = string | Buffer | null;

/** So few rows are cheaper each by a statement of its own than by a COPY, which is dear to start. */
const FEWEST_TO_COPY = 3;

/** Adds rows to a table, by whatever is cheapest for so many. */
export const insertSteps = (t: AnyColumns, rows: readonly object[]): Step[] => {
  if (rows.length >= FEWEST_TO_COPY)
    return [{ name: `copy ${t.name}`, text: copySql(t), values: [], copy: toCopy(t, rows) }];
  const [name, text] = [`insert ${t.name}`, insertOneSql(t)];
  return rows.map((row) => ({ name, text, values: toValues(t, row) }));
};

/** Writes changed rows of a table, found by their key. */
export const updateStep = (t: Table<never>, rows: readonly object[]): Step => ({
  name: `update ${t.name}`,
  text: updateSql(t),
  values: toArrays(t, rows),
});

/**
 * Sends all steps at once, in order, and answers how many rows each touched: one round trip, however many. Outside a
 * transaction they are one of their own: all of it lands or nothing. Rejects with the first error; then no later step
 * was run.
 */
export const pipeline = (client: pg.ClientBase, steps: readonly Step[]): Promise<number[]> =>
  new Promise((resolve, reject) => {
    client.query(new Pipeline(steps, resolve, reject));
  });

/** What a pipeline needs of the driver's connection: the messages of PostgreSQL's extended query protocol. */
type Wire = {
  stream: { cork(): void; uncork(): void };
  parse(statement: { text: string; name: string }): void;
  bind(portal: { statement: string; values: readonly Value[] }): void;
  execute(portal: object): void;
  close(what: { type: 'S'; name: string }): void;
  sync(): void;
  sendCopyFromChunk(bytes: Buffer): void;
  endCopyFrom(): void;
};

/** Names each connection knows to be prepared. */
const prepared = new WeakMap<object, Set<string>>();

/** Driven by the driver's client, which takes whatever has these methods for a query. */
class Pipeline {
  private readonly steps: readonly Step[];
  private readonly resolve: (counts: number[]) => void;
  private readonly reject: (error: Error) => void;
  private readonly counts: number[] = [];
  private readonly parsed: string[] = [];
  private known: Set<string> = new Set();

  constructor(steps: readonly Step[], resolve: (counts: number[]) => void, reject: (error: Error) => void) {
    this.steps = steps;
    this.resolve = resolve;
    this.reject = reject;
  }

  submit(connection: unknown): void {
    const wire = connection as Wire;
    this.known = prepared.get(wire) ?? new Set();
    prepared.set(wire, this.known);
    wire.stream.cork();
    try {
      for (const step of this.steps) this.send(wire, step);
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
  }

  private send(wire: Wire, { name = '', text, values, copy }: Step): void {
    if (name === '' || !(this.known.has(name) || this.parsed.includes(name))) {
      // Whether the name was prepared by a pipeline that failed is not known; closing what is not there is no error.
      if (name !== '') wire.close({ type: 'S', name });
      wire.parse({ text, name });
      if (name !== '') this.parsed.push(name);
    }
    wire.bind({ statement: name, values });
    wire.execute({});
    if (copy !== undefined) {
      wire.sendCopyFromChunk(copy);
      wire.endCopyFrom();
    }
  }

  handleCommandComplete({ text }: { text: string }): void {
    // "UPDATE 3", "INSERT 0 3", "COPY 3"; 0 where a command counts nothing.
    this.counts.push(Number(/\d+$/.exec(text)?.[0] ?? 0));
  }

  /** From the server, which skips the rest, or because the connection is gone. */
  handleError(error: Error): void {
    this.reject(error);
  }

  handleReadyForQuery(): void {
    for (const name of this.parsed) this.known.add(name);
    this.resolve(this.counts);
  }

  // Rows are not asked for, and what a COPY reads was sent along.
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(): void {}
}
