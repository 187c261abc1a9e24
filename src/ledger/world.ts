import type { Journal, Table } from '../db/table.ts';
import { unpooled } from '../kernel/hash.ts';

// biome-ignore lint/suspicious/noExplicitAny: tables of every row type share one registry
export type AnyTable = Table<any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyJournal = Journal<any>;

/** Rows of a table, by key. */
export type Wanted = readonly [table: AnyTable, ids: readonly string[]];

/** Thrown by a rule that reads a row nobody loaded yet: the door loads it and asks the rule again. */
export class Missing extends Error {
  readonly wanted: readonly Wanted[];
  constructor(wanted: readonly Wanted[]) {
    super(`${wanted.map(([table]) => table.name).join(', ')} not loaded`);
    this.wanted = wanted;
  }
}

type Rows = Map<string, unknown>;

/** The rows of one table: as loaded (null: there is none), as the turn left them so far, as the command in hand does. */
type Layers = { table: AnyTable; loaded: Rows; turn: Rows; command: Rows };

/** What a turn writes: each touched row once with its final value, and what is only added. */
export type Changes = {
  inserted: Map<AnyTable, object[]>;
  updated: Map<AnyTable, object[]>;
  added: Map<AnyJournal, object[]>;
  effects: { text: string; values: unknown[] }[];
};

/**
 * The rows a turn's rules see: what was loaded, with the changes of the turn so far on top, and on top of
 * these the changes of the command in hand, which are kept or dropped as one.
 *
 * Loaded rows stay from turn to turn. They are exact for as long as the head is the one we left: whoever
 * else writes moves the head, the append is refused, and the world is emptied.
 */
export class World {
  private readonly tables = new Map<AnyTable, Layers>();
  /** Those the turn changed, in the order of their first change; and those the command in hand does. */
  private turnTables: Layers[] = [];
  private commandTables: Layers[] = [];
  private turnAdded: [AnyJournal, object][] = [];
  private commandAdded: [AnyJournal, object][] = [];
  private turnEffects: Changes['effects'] = [];
  private commandEffects: Changes['effects'] = [];

  /** The row, or undefined when there is none. Throws Missing when it was not looked for yet. */
  get<Row>(table: Table<Row>, id: string): Row | undefined {
    const row = this.find(table, id);
    if (row === undefined) throw new Missing([[table as AnyTable, [id]]]);
    return (row ?? undefined) as Row | undefined;
  }

  /** Asks for many rows at once, so that they take one round. */
  need<Row>(table: Table<Row>, ids: readonly string[]): void {
    this.needAll([[table as AnyTable, ids]]);
  }

  /** As `need`, of several tables: a rule that knows beforehand what it reads asks once. */
  needAll(wanted: readonly Wanted[]): void {
    const absent = wanted.flatMap(([table, ids]): Wanted[] => {
      const unknown = ids.filter((id) => this.find(table, id) === undefined);
      return unknown.length === 0 ? [] : [[table, unknown]];
    });
    if (absent.length > 0) throw new Missing(absent);
  }

  has<Row>(table: Table<Row>, id: string): boolean {
    return this.find(table, id) !== undefined;
  }

  put<Row>(table: Table<Row>, row: Row): void {
    const layers = this.layersOf(table as AnyTable);
    if (layers.command.size === 0) this.commandTables.push(layers);
    layers.command.set(String(row[table.key]), row);
  }

  add<Row extends object>(journal: Journal<Row>, row: Row): void {
    this.commandAdded.push([journal as AnyJournal, row]);
  }

  /** A change that is not a row of its own, such as deleting a person's openings. Runs in the turn's transaction. */
  effect(text: string, values: unknown[]): void {
    this.commandEffects.push({ text, values });
  }

  /** Ends the command in hand: its changes become the turn's. */
  keep(): void {
    for (const layers of this.commandTables) {
      if (layers.turn.size === 0) this.turnTables.push(layers);
      for (const [id, row] of layers.command) layers.turn.set(id, row);
    }
    this.turnAdded.push(...this.commandAdded);
    this.turnEffects.push(...this.commandEffects);
    this.drop();
  }

  /** Forgets the changes of the command in hand. */
  drop(): void {
    for (const layers of this.commandTables) layers.command.clear();
    if (this.commandTables.length > 0) this.commandTables = [];
    if (this.commandAdded.length > 0) this.commandAdded = [];
    if (this.commandEffects.length > 0) this.commandEffects = [];
  }

  load(table: AnyTable, ids: readonly string[], rows: readonly object[]): void {
    const into = this.layersOf(table).loaded;
    for (const id of ids) into.set(id, null);
    for (const row of rows) into.set(String((row as Record<string, unknown>)[table.key]), standingAlone(row));
  }

  changes(): Changes {
    const changes: Changes = {
      inserted: new Map(),
      updated: new Map(),
      added: new Map(),
      effects: this.turnEffects,
    };
    for (const { table, loaded, turn } of this.turnTables) {
      for (const [id, row] of turn) {
        const known = loaded.get(id);
        const isNew = known === null || known === undefined;
        const list = isNew ? changes.inserted : changes.updated;
        if (!list.has(table)) list.set(table, []);
        list.get(table)!.push(row as object);
      }
    }
    for (const [journal, row] of this.turnAdded) {
      if (!changes.added.has(journal)) changes.added.set(journal, []);
      changes.added.get(journal)!.push(row);
    }
    return changes;
  }

  /** The turn is committed: what it wrote is now what is loaded. */
  settle(maxRows: number): void {
    for (const { loaded, turn } of this.turnTables) {
      for (const [id, row] of turn) loaded.set(id, row);
      if (loaded.size > maxRows) loaded.clear();
    }
    this.abandon();
  }

  /** Forgets the turn, keeps what is loaded. */
  abandon(): void {
    this.drop();
    for (const layers of this.turnTables) layers.turn = new Map();
    this.turnTables = [];
    this.turnAdded = [];
    this.turnEffects = [];
  }

  /** The head is no longer the one we left: nothing loaded may be believed. */
  empty(): void {
    this.abandon();
    this.tables.clear();
  }

  /** null: known to be absent. undefined: not known. */
  private find(table: Table<never> | AnyTable, id: string): unknown {
    const layers = this.tables.get(table as AnyTable);
    if (layers === undefined) return undefined;
    const { command, turn, loaded } = layers;
    return (command.size === 0 ? undefined : command.get(id)) ?? turn.get(id) ?? loaded.get(id);
  }

  private layersOf(table: AnyTable): Layers {
    let layers = this.tables.get(table);
    if (layers === undefined) {
      layers = { table, loaded: new Map(), turn: new Map(), command: new Map() };
      this.tables.set(table, layers);
    }
    return layers;
  }
}

/** Rows are kept for long: see `unpooled`. */
const standingAlone = (row: object): object => {
  const fields = row as Record<string, unknown>;
  for (const [field, value] of Object.entries(fields))
    if (Buffer.isBuffer(value)) fields[field] = unpooled(value);
  return row;
};
