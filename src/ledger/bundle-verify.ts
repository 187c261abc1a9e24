import { canonicalJson } from '../kernel/canonical.ts';
import { fromHex, type Hash, toHex } from '../kernel/hash.ts';
import { type Bundle, type BundledEntry, concerns, isOfStatement, pointersOf } from './bundle.ts';
import { checkKeys } from './bundle-keys.ts';
import { type BundleReason, Rejected, readBundle, tried } from './bundle-read.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { type Entry, GENESIS_PREV, leafHash } from './entry.ts';
import { isAboutKeys } from './key-history.ts';
import { type Primitives, parseNote } from './note.ts';
import { verifyInclusion } from './proof.ts';
import { SALT_BYTES } from './sealing.ts';
import { parseTlogProof } from './tlog-proof.ts';

/** What whoever checks knows from elsewhere. Without it a bundle proves only that it agrees with itself. */
export type Expected = {
  /** Verifier keys of the log: one of them must have signed the checkpoint. */
  logKeys?: readonly string[];
  /** Verifier keys of witnesses. */
  witnesses?: readonly string[];
  /** How many of these must have cosigned; 0 unless said. */
  leastWitnesses?: number;
};

/** An entry that was checked; `opened` is the private part, and `people` each person's, null where it is not shown. */
export type CheckedEntry = {
  seq: number;
  type: string;
  at: string;
  actor: string;
  leafHash: string;
  data: Entry['data'];
  opened: Record<string, unknown> | null;
  people: (Record<string, unknown> | null)[];
};

export type CheckedWitness = {
  name: string;
  key: string;
  /** When it cosigned, in milliseconds since 1970. */
  at: number;
  /** Whether it is one of those that were expected. */
  known: boolean;
};

export type BundleVerdict =
  | {
      verdict: 'valid';
      reasons: [];
      origin: string;
      /** Keys that signed the checkpoint. */
      keys: string[];
      /** Whether a key of the log was known from elsewhere; else compare it by hand. */
      keyKnown: boolean;
      size: number;
      root: string;
      checkpoint: string;
      witnesses: CheckedWitness[];
      subject: Bundle['subject'];
      entries: CheckedEntry[];
    }
  | { verdict: 'invalid'; reasons: BundleReason[] };

/**
 * Checks a bundle without asking anyone: form, bytes and places of entries, inclusion under the checkpoint, who signed it and
 * how that key follows from entry 0, openings, back-pointers. Never throws: what is wrong is a reason with a code.
 *
 * @param source the file: text, or its bytes
 */
export const verifyBundle = (
  source: string | Uint8Array,
  primitives: Primitives,
  expected: Expected = {},
): BundleVerdict => {
  try {
    return check(readBundle(source), primitives, expected);
  } catch (error) {
    if (error instanceof Rejected) return { verdict: 'invalid', reasons: [error.reason] };
    // Such as a stack that is too deep for what was sent.
    return { verdict: 'invalid', reasons: [{ code: 'not-a-bundle', at: '' }] };
  }
};

type Found = { entry: Entry; leaf: Uint8Array; note: string; checked: CheckedEntry };

const check = (bundle: Bundle, primitives: Primitives, expected: Expected): BundleVerdict => {
  const found = bundle.entries.map((item, i) => checkEntry(item, `/entries/${i}`, primitives.hash));
  const note = found[0]!.note;
  const checkpoint = tried('wrong-checkpoint', '/entries/0/proof', () =>
    parseCheckpoint(parseNote(note).text),
  );
  const reasons: BundleReason[] = [];
  const attempt = <T>(step: () => T): T | undefined => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      reasons.push(error.reason);
      return undefined;
    }
  };
  for (const [i, one] of found.entries())
    attempt(() =>
      checkPlace(one, bundle.entries[i]!, `/entries/${i}`, { note, checkpoint, hash: primitives.hash }),
    );
  attempt(() => checkOrder(found));
  attempt(() => checkSubject(bundle, found));
  const signed = attempt(() =>
    checkKeys(
      bundle,
      found.map(({ entry }) => entry),
      { note, ...checkpoint },
      primitives,
    ),
  );
  if (checkpoint.origin !== bundle.log.origin) reasons.push({ code: 'wrong-origin', at: '/log/origin' });
  const keyKnown = bundle.log.keys.some((key) => expected.logKeys?.includes(key));
  if (expected.logKeys !== undefined && !keyKnown) reasons.push({ code: 'unknown-log', at: '/log/keys' });
  const witnesses = bundle.witnesses.map((key) => ({
    key,
    known: expected.witnesses?.includes(key) === true,
  }));
  if (witnesses.filter(({ known }) => known).length < (expected.leastWitnesses ?? 0))
    reasons.push({ code: 'too-few-witnesses', at: '/witnesses' });
  if (reasons.length > 0 || signed === undefined) return { verdict: 'invalid', reasons };
  return {
    verdict: 'valid',
    reasons: [],
    origin: checkpoint.origin,
    keys: bundle.log.keys,
    keyKnown,
    size: checkpoint.size,
    root: toHex(checkpoint.root),
    checkpoint: note,
    witnesses: witnesses.map((witness, i) => ({ ...witness, ...signed[i]! })),
    subject: bundle.subject,
    entries: found.map(({ checked }) => checked),
  };
};

const MEMBERS = ['actor', 'at', 'data', 'origin', 'prev', 'seq', 'type', 'v'].join();
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HEX = /^[0-9a-f]{64}$/;
const encoder = new TextEncoder();

/** An entry by itself: its bytes, its members, what opens it. */
const checkEntry = (item: BundledEntry, at: string, hash: Hash): Found => {
  const entry = tried('entry-not-canonical', `${at}/bytes`, () => {
    const value = JSON.parse(item.bytes) as Entry;
    if (canonicalJson(value) !== item.bytes) throw new Rejected('entry-not-canonical', `${at}/bytes`);
    return value;
  });
  if (!isEntry(entry)) throw new Rejected('entry-wrong-members', `${at}/bytes`);
  const leaf = leafHash(hash, encoder.encode(item.bytes));
  const { note } = tried('wrong-proof-form', `${at}/proof`, () => parseTlogProof(item.proof));
  const { seq, type, at: time, actor, data } = entry;
  const { opened, people } = checkOpenings(item, entry, `${at}/openings`, hash);
  const checked = { seq, type, at: time, actor, leafHash: toHex(leaf), data, opened, people };
  return { entry, leaf, note, checked };
};

/** Ledger format 1, "Entry". */
const isEntry = (entry: Entry): boolean =>
  typeof entry === 'object' &&
  entry !== null &&
  Object.keys(entry).join() === MEMBERS &&
  entry.v === 1 &&
  Number.isSafeInteger(entry.seq) &&
  entry.seq >= 0 &&
  [entry.origin, entry.type, entry.actor, entry.prev, entry.at].every(
    (member) => typeof member === 'string',
  ) &&
  INSTANT.test(entry.at) &&
  HEX.test(entry.prev) &&
  typeof entry.data === 'object' &&
  entry.data !== null &&
  !Array.isArray(entry.data);

/** Ledger format 1, "What is open and what is sealed": a seal is SHA-256(salt ‖ bytes). */
const checkOpenings = (
  { openings }: BundledEntry,
  { data }: Entry,
  at: string,
  hash: Hash,
): Pick<CheckedEntry, 'opened' | 'people'> => {
  if (openings === null) return { opened: null, people: [] };
  const open = ({ salt, bytes }: { salt: string; bytes: string }, expected: unknown, place: string) => {
    const body = encoder.encode(bytes);
    const sealed = new Uint8Array(SALT_BYTES + body.length);
    sealed.set(tried('wrong-opening', place, () => fromHex(salt)));
    sealed.set(body, SALT_BYTES);
    if (toHex(hash(sealed)) !== expected) throw new Rejected('wrong-opening', place);
    return tried('wrong-opening', place, () => JSON.parse(bytes) as Record<string, unknown>);
  };
  const opened = open(openings.main, data.sealed, `${at}/main`);
  const seals = Array.isArray(opened.personSeals) ? opened.personSeals : [];
  if (openings.people.length !== seals.length) throw new Rejected('wrong-opening', `${at}/people`);
  const people = openings.people.map((part, i) => part && open(part, seals[i], `${at}/people/${i}`));
  return { opened, people };
};

type Under = { note: string; checkpoint: Checkpoint; hash: Hash };

/** An entry's place in the log: under the one checkpoint of the bundle, proved to be in. */
const checkPlace = (
  { entry, leaf, note: own }: Found,
  { proof }: BundledEntry,
  at: string,
  { note, checkpoint, hash }: Under,
): void => {
  if (own !== note) throw new Rejected('checkpoints-differ', `${at}/proof`);
  if (entry.origin !== checkpoint.origin) throw new Rejected('wrong-origin', `${at}/bytes`);
  const { index, proof: path } = parseTlogProof(proof);
  if (index !== entry.seq) throw new Rejected('wrong-place', `${at}/proof`);
  tried('wrong-proof', `${at}/proof`, () =>
    verifyInclusion(hash, index, checkpoint.size, leaf, path, checkpoint.root),
  );
};

/** Ascending, entry 0 first; neighbours chained, and time never going back. */
const checkOrder = (found: readonly Found[]): void => {
  const { entry: first } = found[0]!;
  if (first.seq !== 0 || first.prev !== GENESIS_PREV) throw new Rejected('no-founding', '/entries/0');
  for (const [i, { entry }] of found.entries()) {
    const before = found[i - 1];
    if (before === undefined) continue;
    if (entry.seq <= before.entry.seq) throw new Rejected('wrong-order', `/entries/${i}`);
    if (entry.seq === before.entry.seq + 1 && entry.prev !== toHex(before.leaf))
      throw new Rejected('broken-chain', `/entries/${i}`);
    if (entry.at < before.entry.at) throw new Rejected('time-goes-back', `/entries/${i}`);
  }
};

/** Just the entries it is about: none missing, none that nobody asked for. */
const checkSubject = ({ subject }: Bundle, found: readonly Found[]): void => {
  const bySeq = new Map(found.map((one) => [one.entry.seq, one.entry]));
  const entry = bySeq.get(subject.seq);
  const { kind } = subject;
  const fits =
    entry && (kind === 'batch' ? entry.type === 'batch.sealed.v1' : kind === 'entry' || isOfStatement(entry));
  if (!fits) throw new Rejected('subject-missing', '/subject');
  const wanted = new Set([0, subject.seq]);
  const follow = (from: Entry): void => {
    for (const { seq, id } of pointersOf(from.data)) {
      const named = bySeq.get(seq);
      if (named === undefined || seq >= from.seq) throw new Rejected('pointer-missing', `/subject`);
      if (!concerns(named.data, id)) throw new Rejected('pointer-wrong', '/subject');
      wanted.add(seq);
      if (kind === 'statement' && isOfStatement(named)) follow(named);
    }
  };
  if (kind !== 'entry') follow(entry);
  for (const [i, { entry: one }] of found.entries())
    if (!wanted.has(one.seq) && !isAboutKeys(one)) throw new Rejected('not-asked-for', `/entries/${i}`);
};
