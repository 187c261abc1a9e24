import { canonicalJson } from '../kernel/canonical.ts';
import type { Entry } from './entry.ts';

/**
 * A receipt bundle: entries with all that proves them, as one JSON text in RFC 8785 form, so that it has one form only
 * and no byte that says nothing. It holds entry 0, which names the log and its first key; the facts that added or retired a
 * key; what was asked for; for a batch the facts its seal points back to, and for a statement all of its own facts and what
 * these point back to. All under one checkpoint.
 */
export type Bundle = {
  format: typeof BUNDLE_FORMAT;
  version: 1;
  /** Keys that signed the checkpoint, as C2SP verifier keys; each follows from entry 0. */
  log: { origin: string; keys: string[]; keyCheckpoints?: KeyCheckpoint[] };
  /** Keys of the witnesses that cosigned it. That they are given here does not make them known. */
  witnesses: string[];
  subject: Subject;
  /** In ascending order. */
  entries: BundledEntry[];
};

/**
 * What a fact that adds or retires a key stands under: the checkpoint whose last entry it is, signed by an older key, and
 * the proof (hashes in hex) that the bundle's checkpoint continues it. One for each such fact, in their order; absent
 * where there is none.
 */
export type KeyCheckpoint = { note: string; proof: string[] };

export type Subject = { kind: 'entry' | 'batch' | 'statement'; seq: number };

export type BundledEntry = {
  /** The exact bytes that were hashed, as text. */
  bytes: string;
  /** Place, inclusion proof and checkpoint (C2SP tlog-proof). */
  proof: string;
  /** What opens its seal, where whoever asked for the bundle may see it. */
  openings: BundledOpenings | null;
};

export type BundledOpening = { salt: string; bytes: string };
/** A person's part is null where it was erased, or is not for whoever asked. */
export type BundledOpenings = { main: BundledOpening; people: (BundledOpening | null)[] };

export const BUNDLE_FORMAT = 'blue-cycle/bundle';
export const formatBundle = (bundle: Bundle): string => canonicalJson(bundle);

/** Whether the entry is one of a statement's own. */
export const isOfStatement = ({ type }: Pick<Entry, 'type'>): boolean => type.startsWith('statement.');

/** A position that an entry names, and the id of the thing it names with it. */
export type Pointer = { seq: number; id: string };

/**
 * Back-pointers in the public part (ledger format 1, "Back-pointers"): `{ …Id, seq }` together, or `xId` beside `xSeq`.
 * Each names a thing, and the last fact that changed it.
 */
export const pointersOf = (data: Entry['data']): Pointer[] => {
  const found: Pointer[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const object = value as Record<string, unknown>;
    for (const [name, member] of Object.entries(object)) {
      walk(member);
      if (!/^seq$|Seq$/.test(name) || typeof member !== 'number') continue;
      const id = name === 'seq' ? ownId(object) : object[`${name.slice(0, -3)}Id`];
      if (typeof id === 'string') found.push({ seq: member, id });
    }
  };
  walk(data);
  return found;
};

/** The id in an object that says `seq` without a name before it. */
const ownId = (object: Record<string, unknown>): unknown =>
  Object.entries(object).find(([name]) => name === 'container' || name.endsWith('Id'))?.[1];

/**
 * Whether a fact concerns the thing: it names it anywhere, or names containers, since what lies in a container is moved with
 * it and not named.
 */
export const concerns = (data: Entry['data'], id: string): boolean =>
  holds(data, id) || namesContainers(data);

const holds = (value: unknown, text: string): boolean =>
  value === text ||
  (typeof value === 'object' && value !== null && Object.values(value).some((each) => holds(each, text)));

const namesContainers = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([name, each]) => /^containers?$/.test(name) || namesContainers(each));
