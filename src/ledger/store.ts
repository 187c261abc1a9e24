import type pg from 'pg';
import { type Hash, toHex } from '../kernel/hash.ts';
import { type Entry, typeOf } from './entry.ts';
import type { AnyFact } from './fact.ts';
import type { Keyring } from './private-store.ts';
import { openSeal, SALT_BYTES } from './sealing.ts';

export type Queryable = Pick<pg.Pool, 'query'>;
export type Head = { size: number; leafHash: string; at: number };

/** An entry with the bytes that were hashed, as they lie in the ledger. */
export type StoredEntry = { seq: number; bytes: Buffer; leaf: Buffer };

export const readHead = async (db: Queryable): Promise<Head> => {
  const { rows } = await db.query<{ size: number; leaf_hash: Buffer; at: number }>(
    'SELECT size, leaf_hash, at FROM head',
  );
  return { size: rows[0]!.size, leafHash: toHex(rows[0]!.leaf_hash), at: rows[0]!.at };
};

type ChunkRow = { first_seq: number; ends: number[]; leaves: Buffer; bytes: Buffer };

/** Entries from `from` on, in order: whole chunks, at least one when there is one, until `limit` is reached. */
export const readEntries = async (db: Queryable, from: number, limit: number): Promise<StoredEntry[]> => {
  const { rows } = await db.query<ChunkRow>(
    `SELECT first_seq, ends, leaves, bytes FROM chunks
     WHERE first_seq >= coalesce((SELECT max(first_seq) FROM chunks WHERE first_seq <= $1), 0) AND first_seq < $1 + $2
     ORDER BY first_seq LIMIT $2`,
    [from, limit],
  );
  return rows
    .flatMap(entriesOf)
    .filter(({ seq }) => seq >= from)
    .slice(0, limit);
};

const entriesOf = (chunk: ChunkRow): StoredEntry[] =>
  chunk.ends.map((end, i) => ({
    seq: chunk.first_seq + i,
    bytes: chunk.bytes.subarray(i === 0 ? 0 : chunk.ends[i - 1], end),
    leaf: chunk.leaves.subarray(32 * i, 32 * i + 32),
  }));

const FIND = 'SELECT first_seq, ends FROM chunks WHERE first_seq <= $1 ORDER BY first_seq DESC LIMIT 1';

export const readEntry = async (db: Queryable, seq: number): Promise<StoredEntry | undefined> => {
  const { rows } = await db.query<{ bytes: Buffer; leaf: Buffer }>({
    name: 'entry',
    text: `WITH c AS (${FIND})
     SELECT substring(chunks.leaves FROM (32 * ($1::int8 - c.first_seq) + 1)::int4 FOR 32) AS leaf,
            substring(chunks.bytes FROM (CASE WHEN $1 = c.first_seq THEN 0 ELSE c.ends[$1 - c.first_seq] END) + 1
              FOR c.ends[$1 - c.first_seq + 1] - CASE WHEN $1 = c.first_seq THEN 0 ELSE c.ends[$1 - c.first_seq] END) AS bytes
     FROM c JOIN chunks USING (first_seq) WHERE $1 - c.first_seq < cardinality(c.ends)`,
    values: [seq],
  });
  return rows[0] === undefined ? undefined : { seq, ...rows[0] };
};

/** What opens the private parts of entries: the main part, and each person's part that was not erased. */
export type Openings = {
  main: Buffer | null;
  people: { part: number; personId: string | null; opening: Buffer | null }[];
};

type OpeningRow = { first_seq: number; ends: number[]; bytes: Buffer };
type PersonRow = {
  seq: number;
  part: number;
  person_id: string | null;
  sealed: Buffer | null;
  wrapped_key: Buffer | null;
};

const PERSONS = `SELECT o.seq, o.part, o.person_id, o.sealed, p.wrapped_key
  FROM person_openings o LEFT JOIN people p ON p.id = o.person_id`;

/** Openings of entries `from` … `to − 1`, by position. */
export const readOpenings = async (
  db: Queryable,
  keyring: Keyring,
  from: number,
  to: number,
): Promise<Map<number, Openings>> => {
  const chunks = await db.query<OpeningRow>(
    `SELECT first_seq, ends, bytes FROM opening_chunks
     WHERE first_seq >= coalesce((SELECT max(first_seq) FROM opening_chunks WHERE first_seq <= $1), 0) AND first_seq < $2`,
    [from, to],
  );
  const persons = await db.query<PersonRow>(
    `${PERSONS} WHERE o.seq >= $1 AND o.seq < $2 ORDER BY o.seq, o.part`,
    [from, to],
  );
  return joinOpenings(chunks.rows, persons.rows, keyring);
};

const joinOpenings = (
  chunks: readonly OpeningRow[],
  persons: readonly PersonRow[],
  keyring: Keyring,
): Map<number, Openings> => {
  const found = new Map<number, Openings>();
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.ends.length; i++) {
      const main = chunk.bytes.subarray(i === 0 ? 0 : chunk.ends[i - 1], chunk.ends[i]);
      if (main.length > 0) found.set(chunk.first_seq + i, { main, people: [] });
    }
  }
  for (const row of persons) {
    const { wrapped_key, sealed } = row;
    const opening = wrapped_key === null || sealed === null ? null : keyring.decryptFor(wrapped_key, sealed);
    found.get(row.seq)?.people.push({ part: row.part, personId: row.person_id, opening });
  }
  return found;
};

/** Joins an entry with its openings. Throws when an opening does not fit its seal. */
export const toFact = (hash: Hash, entry: Entry, openings: Openings | undefined): AnyFact => {
  const { sealed, ...data } = entry.data as { sealed?: string };
  const { personSeals = [], ...rest } = openMain(hash, entry, sealed, openings);
  const people = (personSeals as string[]).map((expected, part) => {
    const person = openings?.people.find((p) => p.part === part);
    if (person?.opening == null || person.personId === null) return null;
    const opened = openSeal(hash, expected, person.opening);
    if (opened === null)
      throw new Error(`entry ${entry.seq}: the opening of part ${part} does not fit its seal`);
    return { personId: person.personId, part: opened };
  });
  return {
    seq: entry.seq,
    at: Date.parse(entry.at),
    type: entry.type,
    actor: entry.actor,
    data,
    private: rest,
    people,
  };
};

const openMain = (
  hash: Hash,
  entry: Entry,
  sealed: string | undefined,
  openings: Openings | undefined,
): Record<string, unknown> => {
  if (sealed === undefined) return {};
  if (openings?.main == null) throw new Error(`entry ${entry.seq}: its opening is missing`);
  const opened = openSeal(hash, sealed, openings.main);
  if (opened === null) throw new Error(`entry ${entry.seq}: its opening does not fit its seal`);
  return opened;
};

/** Facts `from` … `to − 1` with their private parts. */
export const readFacts = async (
  db: Queryable,
  hash: Hash,
  keyring: Keyring,
  from: number,
  limit: number,
): Promise<AnyFact[]> => {
  const entries = await readEntries(db, from, limit);
  if (entries.length === 0) return [];
  const openings = await readOpenings(db, keyring, from, entries.at(-1)!.seq + 1);
  return entries.map((e) => toFact(hash, JSON.parse(e.bytes.toString('utf8')) as Entry, openings.get(e.seq)));
};

/**
 * Of the entries `from` … the facts of a type that concerns somebody, with their private parts; the others are neither
 * parsed nor opened. `read` counts all of them.
 */
export const readConcerned = async (
  db: Queryable,
  hash: Hash,
  keyring: Keyring,
  from: number,
  limit: number,
  concerns: (type: string) => boolean,
): Promise<{ read: number; facts: AnyFact[] }> => {
  const entries = await readEntries(db, from, limit);
  const seqs = entries.filter(({ bytes }) => concerns(typeOf(bytes))).map(({ seq }) => seq);
  if (seqs.length === 0) return { read: entries.length, facts: [] };
  const openings = await readOpeningsAt(db, keyring, seqs);
  const facts = seqs.map((seq) => {
    const { bytes } = entries[seq - from]!;
    return toFact(hash, JSON.parse(bytes.toString('utf8')) as Entry, openings.get(seq));
  });
  return { read: entries.length, facts };
};

const covering = (table: string): string =>
  `SELECT * FROM ${table} WHERE first_seq IN
     (SELECT (SELECT max(first_seq) FROM ${table} WHERE first_seq <= s) FROM unnest($1::int8[]) AS s)`;

/** Entries at these positions, in order: one query, however many. */
export const readEntriesAt = async (db: Queryable, seqs: readonly number[]): Promise<StoredEntry[]> => {
  const { rows } = await db.query<ChunkRow>(`${covering('chunks')} ORDER BY first_seq`, [seqs]);
  const wanted = new Set(seqs);
  return rows.flatMap(entriesOf).filter(({ seq }) => wanted.has(seq));
};

/** Openings of the entries at these positions, by position: two queries, however many. */
export const readOpeningsAt = async (
  db: Queryable,
  keyring: Keyring,
  seqs: readonly number[],
): Promise<Map<number, Openings>> => {
  const mains = await db.query<OpeningRow>(covering('opening_chunks'), [seqs]);
  const persons = await db.query<PersonRow>(
    `${PERSONS} WHERE o.seq = ANY($1::int8[]) ORDER BY o.seq, o.part`,
    [seqs],
  );
  return joinOpenings(mains.rows, persons.rows, keyring);
};

/** Facts at these positions with their leaf hashes in hex, by position: three queries, however many. */
export const readFactsAt = async (
  db: Queryable,
  hash: Hash,
  keyring: Keyring,
  seqs: readonly number[],
): Promise<Map<number, { fact: AnyFact; leafHash: string }>> => {
  const found = new Map<number, { fact: AnyFact; leafHash: string }>();
  if (seqs.length === 0) return found;
  const entries = await readEntriesAt(db, seqs);
  const openings = await readOpeningsAt(db, keyring, seqs);
  for (const { seq, bytes, leaf } of entries) {
    const fact = toFact(hash, JSON.parse(bytes.toString('utf8')) as Entry, openings.get(seq));
    found.set(seq, { fact, leafHash: toHex(leaf) });
  }
  return found;
};

/** The private bytes of an opening, without its salt. */
export const openingBody = (opening: Uint8Array): string =>
  Buffer.from(opening.subarray(SALT_BYTES)).toString('utf8');
