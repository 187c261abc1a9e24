import { asBuffer } from '../db/copy.ts';
import { insertSteps, type Step, updateStep } from '../db/pipeline.ts';
import { type Hash, sha256, toHex } from '../kernel/hash.ts';
import type { Random } from '../kernel/time.ts';
import { type Entry, MAX_ENTRY_BYTES, markedEntry } from './entry.ts';
import type { AnyDraft, AnyFact } from './fact.ts';
import { appendLeaf, type Frontier, packFrontier } from './merkle.ts';
import type { Keyring } from './private-store.ts';
import { SALT_BYTES, seal } from './sealing.ts';
import { people as peopleTable, personOpenings } from './tables.ts';
import type { Changes, World } from './world.ts';

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
    const marked = markedEntry(entry);
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

/** A turn's statements, and how many rows those at `updates` must touch together. */
export type TurnSteps = { steps: Step[]; updates: number[]; expectUpdated: number };

/**
 * All that a turn writes, to be sent at once: the append first (it locks the head, so two writers never wait for each
 * other crosswise), then each table's new and changed rows.
 *
 * Every statement is named, and so planned once (see `keepPlans`).
 */
export const turnSteps = (entries: TurnEntries, changes: Changes, clock: number): TurnSteps => {
  const head = entries.newHead();
  const size = String(entries.old.size);
  const append = [
    size,
    asBuffer(entries.old.leaf),
    String(head.size),
    asBuffer(head.leaf),
    packFrontier(head.frontier),
    String(clock),
    String(head.at),
    ends(entries.bytes),
    Buffer.concat(entries.leaves),
    Buffer.concat(entries.bytes),
  ];
  const steps: Step[] = [{ name: 'append', text: APPEND, values: append }];
  if (entries.openings.some((opening) => opening.length > 0))
    steps.push({
      name: 'openings',
      text: ADD_OPENINGS,
      values: [size, ends(entries.openings), Buffer.concat(entries.openings)],
    });
  for (const [table, rows] of changes.inserted) steps.push(...insertSteps(table, rows));
  for (const [journal, rows] of changes.added) steps.push(...insertSteps(journal, rows));
  const updates: number[] = [];
  let expectUpdated = 0;
  for (const [table, rows] of changes.updated) {
    updates.push(steps.push(updateStep(table, rows)) - 1);
    expectUpdated += rows.length;
  }
  return { steps, updates, expectUpdated };
};

const APPEND = 'SELECT ledger_append($1,$2,$3,$4,$5,$6,$7,$8::int4[],$9,$10)';
const ADD_OPENINGS = 'INSERT INTO opening_chunks (first_seq, ends, bytes) VALUES ($1, $2::int4[], $3)';

/** Where each part ends, as PostgreSQL's array text. */
const ends = (parts: readonly Uint8Array[]): string => {
  let end = 0;
  const all = parts.map((part) => {
    end += part.length;
    return end;
  });
  return `{${all.join()}}`;
};
