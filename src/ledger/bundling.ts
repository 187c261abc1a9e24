import { type Hash, toHex } from '../kernel/hash.ts';
import {
  BUNDLE_FORMAT,
  type BundledEntry,
  type BundledOpening,
  type BundledOpenings,
  formatBundle,
  pointersOf,
  type Subject,
} from './bundle.ts';
import type { Entry } from './entry.ts';
import type { Caller } from './fact.ts';
import { formatKey, formatNote, parseNote } from './note.ts';
import type { Keyring } from './private-store.ts';
import type { Published, Publisher } from './publisher.ts';
import { SALT_BYTES } from './sealing.ts';
import {
  type Openings,
  openingBody,
  type Queryable,
  readEntry,
  readOpenings,
  type StoredEntry,
} from './store.ts';
import { formatTlogProof } from './tlog-proof.ts';
import type { Tree } from './tree.ts';

export type BundlingDeps = {
  pool: Queryable;
  keyring: Keyring;
  publisher: Publisher;
  tree: Tree;
  hash: Hash;
  /** Positions of the facts that added or retired a key of the log, below `size`. */
  keyFacts?: (size: number) => Promise<readonly number[]>;
  /** Of the people of openings, those the caller may not see; null where the caller may open nothing of the entry. */
  hiddenFrom: (
    caller: Caller,
    actor: string,
    people: readonly string[],
  ) => Promise<ReadonlySet<string> | null>;
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
  const checkpoint = await deps.publisher.covering(subject.seq + 1);
  if (checkpoint === null) return null;
  const pointers = subject.kind === 'batch' ? pointersOf(entryOf(asked).data) : [];
  const keyFacts = (await deps.keyFacts?.(checkpoint.size)) ?? [];
  const seqs = [...new Set([0, ...keyFacts, ...pointers.map(({ seq }) => seq), subject.seq])];
  const { note, keys, witnesses } = signedByKnown(deps.publisher, checkpoint);
  const entries: BundledEntry[] = [];
  for (const seq of seqs.sort((a, b) => a - b)) {
    const stored = seq === subject.seq ? asked : (await readEntry(deps.pool, seq))!;
    const proof = formatTlogProof({
      index: seq,
      proof: await deps.tree.inclusion(seq, checkpoint.size),
      note,
    });
    const openings = caller && (await openingsFor(deps, caller, stored));
    entries.push({ bytes: stored.bytes.toString('utf8'), proof, openings });
  }
  return formatBundle({
    format: BUNDLE_FORMAT,
    version: 1,
    log: { origin: checkpoint.origin, keys },
    witnesses,
    subject,
    entries,
  });
};

const entryOf = ({ bytes }: StoredEntry): Entry => JSON.parse(bytes.toString('utf8')) as Entry;

/** The note with those signatures alone whose keys the bundle can name, and these keys. */
const signedByKnown = (publisher: Publisher, { note: source }: Published) => {
  const { text, signatures } = parseNote(source);
  const { log, witnesses } = publisher.knownKeys();
  const known = signatures.flatMap((signature) => {
    const { name, id } = signature;
    const key = [...log, ...witnesses].find((each) => each.name === name && each.id === id);
    return key === undefined ? [] : [{ signature, key }];
  });
  const named = (keys: typeof log) =>
    known.filter(({ key }) => keys.includes(key)).map(({ key }) => formatKey(key));
  return {
    note: formatNote({ text, signatures: known.map(({ signature }) => signature) }),
    keys: named(log),
    witnesses: named(witnesses),
  };
};

const openingsFor = async (
  deps: BundlingDeps,
  caller: Caller,
  stored: StoredEntry,
): Promise<BundledOpenings | null> => {
  const { seq } = stored;
  const found: Openings | undefined = (await readOpenings(deps.pool, deps.keyring, seq, seq + 1)).get(seq);
  if (found?.main == null) return null;
  const ids = found.people.flatMap(({ personId }) => personId ?? []);
  const hidden = await deps.hiddenFrom(caller, entryOf(stored).actor, ids);
  if (hidden === null) return null;
  const people = found.people.map(({ personId, opening }) =>
    opening === null || personId === null || hidden.has(personId) ? null : opened(opening),
  );
  return { main: opened(found.main), people };
};

const opened = (opening: Buffer): BundledOpening => ({
  salt: toHex(opening.subarray(0, SALT_BYTES)),
  bytes: openingBody(opening),
});
