import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '../kernel/hash.ts';
import {
  BUNDLE_FORMAT,
  type BundledEntry,
  type BundledOpening,
  type BundledOpenings,
  formatBundle,
  isOfStatement,
  type KeyCheckpoint,
  pointersOf,
  type Subject,
} from './bundle.ts';
import type { Entry } from './entry.ts';
import type { Caller } from './fact.ts';
import { readKeyCheckpoints, readNamedKeys } from './key-files.ts';
import { type NamedKey, signsAt } from './key-history.ts';
import { formatKey, formatNote, type NoteKey, parseNote } from './note.ts';
import type { Keyring } from './private-store.ts';
import type { Published, Publisher } from './publisher.ts';
import { SALT_BYTES } from './sealing.ts';
import {
  type Openings,
  openingBody,
  type Queryable,
  readEntriesAt,
  readEntry,
  readOpeningsAt,
  type StoredEntry,
} from './store.ts';
import { formatTlogProof } from './tlog-proof.ts';
import type { Tree } from './tree.ts';

/** Of these entries, the positions of those the caller may open. What somebody is let see for a time is written down. */
export type MayOpen = (caller: Caller, entries: readonly Entry[]) => Promise<ReadonlySet<number>>;

export type BundlingDeps = {
  pool: Queryable;
  keyring: Keyring;
  publisher: Publisher;
  tree: Tree;
  mayOpen: MayOpen;
  /** Of these people, those the caller may no longer see. */
  hiddenPeople: (caller: Caller, ids: readonly string[]) => Promise<ReadonlySet<string>>;
};

/**
 * Makes the bundle of an entry, or of a batch by the position of its seal: its text. With a caller, private parts are opened
 * as `GET /v1/ledger/entries/{seq}/opening` would. undefined when there is no such entry; null while no checkpoint is
 * over it, which is waited for.
 */
export const makeBundle = async (
  deps: BundlingDeps,
  subject: Subject,
  caller: Caller | null,
): Promise<string | null | undefined> => {
  const asked = await readEntry(deps.pool, subject.seq);
  if (asked === undefined) return undefined;
  const checkpoint = await cosignedOver(deps.publisher, subject.seq + 1);
  if (checkpoint === null) return null;
  const pointed = await pointedAt(deps.pool, subject, entryOf(asked));
  const named = await readNamedKeys(deps.pool);
  const keyFacts = named.flatMap(({ seq, retiredSeq }) => [seq, retiredSeq ?? 0]);
  const wanted = new Set([0, ...keyFacts, ...pointed, subject.seq]);
  const seqs = [...wanted].filter((seq) => seq < checkpoint.size).sort((a, b) => a - b);
  const signing = named.filter((key) => signsAt(key, checkpoint.size)).map(({ key }) => key);
  const { note, keys, witnesses } = signedByKnown(checkpoint, signing, deps.publisher.witnessKeys());
  const stored = await readEntriesAt(deps.pool, seqs);
  const proofs = await deps.tree.inclusions(seqs, checkpoint.size);
  const keyCheckpoints = await vouchersOf(deps, named, checkpoint.size);
  const openings = caller === null ? null : await openedFor(deps, caller, stored);
  const entries = stored.map(({ seq, bytes }, i): BundledEntry => {
    const proof = formatTlogProof({ index: seq, proof: proofs[i]!, note });
    return { bytes: bytes.toString('utf8'), proof, openings: openings?.get(seq) ?? null };
  });
  return formatBundle({
    format: BUNDLE_FORMAT,
    version: 1,
    log: { origin: checkpoint.origin, keys, ...(keyCheckpoints.length === 0 ? {} : { keyCheckpoints }) },
    witnesses,
    subject,
    entries,
  });
};

/** Positions that the subject points back to, and for a statement those that its earlier facts do. */
const pointedAt = async (pool: Queryable, { kind }: Subject, from: Entry): Promise<Set<number>> => {
  const found = new Set<number>();
  let next = kind === 'entry' ? [] : [from];
  while (next.length > 0) {
    const seqs = next.flatMap(({ data }) => pointersOf(data).map(({ seq }) => seq));
    const fresh = [...new Set(seqs)].filter((seq) => !found.has(seq)).sort((a, b) => a - b);
    for (const seq of fresh) found.add(seq);
    next = kind === 'statement' ? (await readEntriesAt(pool, fresh)).map(entryOf).filter(isOfStatement) : [];
  }
  return found;
};

/** Two checkpoints may come before the one waited for, where a key was added or retired. */
const COVERING_MS = 4_000;
const COSIGNING_MS = 1_000;
const STEP_MS = 100;

/**
 * A checkpoint over so many entries, with a witness's signature where one is asked and answers in a second: a bundle is kept, and
 * what it lacks it lacks for ever. Null when no checkpoint came.
 */
const cosignedOver = async (publisher: Publisher, size: number): Promise<Published | null> => {
  const first = await publisher.covering(size, COVERING_MS);
  const witnesses = publisher.witnessKeys();
  if (first === null || witnesses.length === 0) return first;
  let found = first;
  for (const end = performance.now() + COSIGNING_MS; performance.now() < end; await sleep(STEP_MS)) {
    if (parseNote(found.note).signatures.some(({ id }) => witnesses.some((key) => key.id === id)))
      return found;
    found = (await publisher.current()) ?? found;
  }
  return found;
};

const entryOf = ({ bytes }: StoredEntry): Entry => JSON.parse(bytes.toString('utf8')) as Entry;

/** The note with those signatures alone whose keys the bundle can name, and these keys. */
const signedByKnown = (
  { note: source }: Pick<Published, 'note'>,
  log: readonly NoteKey[],
  witnesses: readonly NoteKey[],
) => {
  const { text, signatures } = parseNote(source);
  const known = signatures.flatMap((signature) => {
    const { name, id } = signature;
    const key = [...log, ...witnesses].find((each) => each.name === name && each.id === id);
    return key === undefined ? [] : [{ signature, key }];
  });
  const named = (keys: readonly NoteKey[]) =>
    known.filter(({ key }) => keys.includes(key)).map(({ key }) => formatKey(key));
  return {
    note: formatNote({ text, signatures: known.map(({ signature }) => signature) }),
    keys: named(log),
    witnesses: named(witnesses),
  };
};

/** The checkpoints that the facts about keys stand under, each with the proof that one over `size` entries continues it. */
const vouchersOf = async (
  { pool, tree }: BundlingDeps,
  named: readonly NamedKey[],
  size: number,
): Promise<KeyCheckpoint[]> => {
  // The first key needs no voucher, and most logs have no other.
  if (named.length === 1) return [];
  const keys = named.map(({ key }) => key);
  const kept = await readKeyCheckpoints(pool, size);
  return Promise.all(
    kept.map(async ({ seq, note }) => {
      const proof = await tree.consistency(seq + 1, size);
      return { note: signedByKnown({ note }, keys, []).note, proof: proof.map(toHex) };
    }),
  );
};

/** What the caller may see of their private parts, by position. */
const openedFor = async (
  { pool, keyring, mayOpen, hiddenPeople }: BundlingDeps,
  caller: Caller,
  stored: readonly StoredEntry[],
): Promise<Map<number, BundledOpenings>> => {
  const seqs = [...(await mayOpen(caller, stored.map(entryOf)))];
  const found = seqs.length === 0 ? new Map<number, Openings>() : await readOpeningsAt(pool, keyring, seqs);
  const ids = [...found.values()].flatMap(({ people }) => people.flatMap(({ personId }) => personId ?? []));
  const hidden = await hiddenPeople(caller, [...new Set(ids)]);
  const shown = new Map<number, BundledOpenings>();
  for (const seq of seqs) {
    const { main, people } = found.get(seq) ?? { main: null, people: [] };
    if (main === null) continue;
    const parts = people.map(({ personId, opening }) =>
      opening === null || personId === null || hidden.has(personId) ? null : opened(opening),
    );
    shown.set(seq, { main: opened(main), people: parts });
  }
  return shown;
};

const opened = (opening: Buffer): BundledOpening => ({
  salt: toHex(opening.subarray(0, SALT_BYTES)),
  bytes: openingBody(opening),
});
