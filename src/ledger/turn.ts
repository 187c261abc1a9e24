import { insertSql, toArrays, updateSql } from '../db/table.ts';
import { type Hash, sha256, toHex } from '../kernel/hash.ts';
import type { Random } from '../kernel/time.ts';
import { type Entry, entryText, MAX_ENTRY_BYTES } from './entry.ts';
import type { AnyDraft, AnyFact } from './fact.ts';
import { appendLeaf, type Frontier, packFrontier } from './merkle.ts';
import type { Keyring } from './private-store.ts';
import { SALT_BYTES, seal } from './sealing.ts';
import { people as peopleTable, personOpenings } from './tables.ts';
import type { AnyJournal, AnyTable, Changes, World } from './world.ts';

/** The end of the ledger as a writer left it. `leaf` is 32 bytes. */
export type WriterHead = { size: number; leaf: Uint8Array; frontier: Frontier; at: number };

export type Receipt = { seq: number; leafHash: string };

/** What became of a write. `replayed`: it had been accepted before, and this is its answer. */
export type Recorded<Answer> = { answer: Answer; receipt: Receipt; status: number; replayed: boolean };

export type Prepared = { bytes: Buffer; opening: Uint8Array; leaf: Uint8Array };

/** The entries of one turn, growing. */
export class TurnEntries {
  readonly bytes: Buffer[] = [];
  readonly leaves: Uint8Array[] = [];
  readonly openings: Uint8Array[] = [];
  readonly facts: AnyFact[] = [];
  /** Answers of this turn by position, for a repeat within it. */
  readonly made = new Map<number, Recorded<object>>();
  readonly old: WriterHead;
  readonly at: number;
  private leaf: Uint8Array;
  private leafHex: string;
  private readonly time: string;
  private readonly frontier: Frontier;
  private readonly origin: string;
  private readonly hash: Hash;

  constructor(old: WriterHead, at: number, origin: string, hash: Hash = sha256) {
    this.old = old;
    this.at = at;
    this.leaf = old.leaf;
    this.leafHex = toHex(old.leaf);
    this.time = new Date(at).toISOString();
    this.frontier = [...old.frontier];
    this.origin = origin;
    this.hash = hash;
  }

  get size(): number {
    return this.old.size + this.bytes.length;
  }

  /** The fact a draft becomes at the next position; nothing is added yet. */
  next(draft: AnyDraft, actor: string): AnyFact {
    return {
      seq: this.size,
      at: this.at,
      type: draft.type.type,
      actor,
      data: draft.data,
      private: draft.private ?? {},
      people: (draft.people ?? []).map(({ personId, part }) => ({ personId, part })),
    };
  }

  /** Seals the private parts of the next fact and makes its entry; nothing is added yet. */
  prepare(fact: AnyFact, draft: AnyDraft, world: World, keyring: Keyring, random: Random): Prepared {
    const { seq, actor } = fact;
    const parts = (draft.people ?? []).map((person, part) => {
      const { seal: personSeal, opening } = seal(this.hash, person.salt ?? random(SALT_BYTES), person.part);
      const key = world.get(peopleTable, person.personId)?.wrappedKey;
      if (key == null) throw new Error(`person ${person.personId} has no key`);
      world.add(personOpenings, {
        seq,
        part,
        personId: person.personId,
        sealed: keyring.encryptFor(key, opening),
      });
      return personSeal;
    });
    let data = draft.data as Record<string, unknown>;
    let opening: Uint8Array = new Uint8Array(0);
    if (draft.private !== undefined || parts.length > 0) {
      const main = parts.length > 0 ? { ...draft.private, personSeals: parts } : draft.private;
      const sealed = seal(this.hash, random(SALT_BYTES), main);
      opening = sealed.opening;
      data = { ...data, sealed: sealed.seal };
    }
    const entry: Entry = {
      v: 1,
      origin: this.origin,
      seq,
      at: this.time,
      type: draft.type.type,
      actor,
      prev: this.leafHex,
      data,
    };
    // With the byte that marks a leaf in front, so that it is hashed where it lies.
    const marked = Buffer.from(`\0${entryText(entry)}`);
    const bytes = marked.subarray(1);
    if (bytes.length > MAX_ENTRY_BYTES) throw new EntryTooLong(bytes.length);
    return { bytes, opening, leaf: this.hash(marked) };
  }

  /** Adds the entry. Returns its leaf hash in hex. */
  append({ bytes, opening, leaf }: Prepared, fact: AnyFact): string {
    this.facts.push(fact);
    appendLeaf(this.hash, this.frontier, this.size, leaf);
    this.bytes.push(bytes);
    this.leaves.push(leaf);
    this.openings.push(opening);
    this.leaf = leaf;
    this.leafHex = toHex(leaf);
    return this.leafHex;
  }

  newHead(): WriterHead {
    return { size: this.size, leaf: this.leaf, frontier: this.frontier, at: this.at };
  }
}

export class EntryTooLong extends Error {
  readonly bytes: number;
  constructor(bytes: number) {
    super(`an entry of ${bytes} bytes`);
    this.bytes = bytes;
  }
}

export type Statement = { name: string; text: string; values: unknown[]; expectUpdated: number };

/**
 * All that a turn writes as one SQL statement: the append first (it locks the head, so two writers never wait
 * for each other crosswise), then each table's new and changed rows.
 */
export const turnStatement = (entries: TurnEntries, changes: Changes, clock: number): Statement => {
  const head = entries.newHead();
  const inserts = [...changes.inserted, ...changes.added];
  const updates = [...changes.updated];
  const opened = entries.openings.some((opening) => opening.length > 0);
  const values: unknown[] = [
    entries.old.size,
    entries.old.leaf,
    head.size,
    head.leaf,
    packFrontier(head.frontier),
    clock,
    head.at,
    ends(entries.bytes),
    Buffer.concat(entries.leaves),
    Buffer.concat(entries.bytes),
    ...(opened ? [ends(entries.openings), Buffer.concat(entries.openings)] : []),
  ];
  for (const [table, rows] of [...inserts, ...updates]) values.push(...toArrays(table, rows));
  const tables = {
    opened,
    inserts: inserts.map(([table]) => table),
    updates: updates.map(([table]) => table),
  };
  const expectUpdated = updates.reduce((sum, [, rows]) => sum + rows.length, 0);
  return { ...statementFor(tables), values, expectUpdated };
};

type Touched = { opened: boolean; inserts: (AnyTable | AnyJournal)[]; updates: AnyTable[] };

/** Statements by the tables they touch: PostgreSQL parses each once a connection. */
const statements = new Map<string, { name: string; text: string }>();

const statementFor = (touched: Touched): { name: string; text: string } => {
  const { opened, inserts, updates } = touched;
  const shape = `${opened} +${inserts.map((t) => t.name)} ~${updates.map((t) => t.name)}`;
  let statement = statements.get(shape);
  if (statement === undefined) {
    statement = { name: shortName(shape), text: statementText(touched) };
    statements.set(shape, statement);
  }
  return statement;
};

const statementText = ({ opened, inserts, updates }: Touched): string => {
  const parts = ['appended AS (SELECT ledger_append($1,$2,$3,$4,$5,$6,$7,$8::int4[],$9,$10) AS size)'];
  if (opened)
    parts.push('w0 AS (INSERT INTO opening_chunks (first_seq, ends, bytes) VALUES ($1, $11::int4[], $12))');
  let parameter = opened ? 13 : 11;
  for (const table of inserts) {
    parts.push(`w${parts.length} AS (${insertSql(table, parameter)})`);
    parameter += table.columns.length;
  }
  const counts = ['0'];
  for (const table of updates) {
    counts.push(`(SELECT count(*)::int4 FROM w${parts.length})`);
    parts.push(`w${parts.length} AS (${updateSql(table, parameter)} RETURNING 1)`);
    parameter += table.columns.length;
  }
  return `WITH ${parts.join(', ')} SELECT appended.size, ${counts.join(' + ')} AS updated FROM appended`;
};

/** PostgreSQL cuts statement names at 63 bytes. */
const shortName = (shape: string): string => toHex(sha256(Buffer.from(shape))).slice(0, 32);

/** Where each part ends, as PostgreSQL's array text. */
const ends = (parts: readonly Uint8Array[]): string => {
  let end = 0;
  const all = parts.map((part) => {
    end += part.length;
    return end;
  });
  return `{${all.join()}}`;
};
