import { sha256, toHex } from '../kernel/hash.ts';
import { CheckpointCheck } from './checkpoint-check.ts';
import type { Entry } from './entry.ts';
import { readKeyCheckpoints } from './key-files.ts';
import { rootOf, unpackFrontier } from './merkle.ts';
import type { NoteKey } from './note.ts';
import type { Keyring } from './private-store.ts';
import { readCheckpoint } from './publisher.ts';
import type { SourceEntry } from './range.ts';
import { RangeVerifier } from './range-verifier.ts';
import { type OnVerified, type Reached, Run, type Threads } from './run.ts';
import { sinceThen } from './standing.ts';
import { type Openings, type Queryable, readEntries, readOpenings } from './store.ts';
import { findWrongTile } from './tree.ts';
import { LedgerFault } from './verify.ts';

export type Verified = {
  size: number;
  leafHash: string;
  root: string;
  openings: number;
  erased: number;
  /** Sizes of the checkpoints it was held against, each signed by the log's key. */
  checkpoints: number[];
  /** Witnesses asked for, and when each cosigned one of them, in milliseconds since 1970. */
  cosigned: { name: string; at: number }[];
  /** Where the check ended. */
  reached: Reached;
};

/** Where entries come from: a database, a server or a file. */
export type LedgerSource = {
  /** Entries from 0 on, in order. */
  batches: AsyncIterable<readonly SourceEntry[]>;
  /** What the ledger says of itself; asked when all batches were read. */
  head(): { size: number; leafHash?: string; at?: number; root?: string };
  /** Checkpoints the source gives, over what was read or less; asked before and after the batches. */
  notes(): Promise<readonly string[]>;
  /** Whether the private parts are there and can be opened. */
  opened: boolean;
  /** What else the source keeps, checked once its entries were found good. */
  finish?(): Promise<void>;
  /** A fault in the words of the source. */
  explain?(fault: LedgerFault): LedgerFault;
};

/** What a ledger is held against beside itself, and how. */
export type Held = Threads & {
  /** Checkpoints kept from before, which the ledger must continue. */
  kept?: readonly string[];
  /** Witnesses that must have cosigned one. */
  witnesses?: readonly NoteKey[];
  /** Where an earlier check ended; the source begins there too. */
  start?: Reached & {
    /** Entries up to there that say who signs. */
    keyEntries: readonly string[];
  };
};

const STEP = 2_000;

/**
 * Recomputes everything a source says of its ledger: bytes, positions, leaf hashes, chain, head, and where it can
 * be opened that every opening fits its seal. Throws the LedgerFault of the first position where it does not, the same
 * one whatever the number of threads.
 */
export const verifyEntries = async (
  source: LedgerSource,
  onVerified?: OnVerified,
  held: Held = {},
): Promise<Verified> => {
  const { start } = held;
  try {
    return await verifyFrom(source, onVerified, held);
  } catch (error) {
    if (!(error instanceof LedgerFault)) throw error;
    const explained = source.explain?.(error) ?? error;
    throw start === undefined ? explained : sinceThen(explained, start.standing);
  }
};

const verifyFrom = async (
  source: LedgerSource,
  onVerified: OnVerified | undefined,
  { kept = [], witnesses, start, ...threads }: Held,
): Promise<Verified> => {
  const verifier = new RangeVerifier(sha256, start?.standing);
  const checkpoints = new CheckpointCheck([...kept, ...(await source.notes())], witnesses);
  for (const { size, root } of start?.roots ?? []) checkpoints.recall(size, root);
  for (const text of start?.keyEntries ?? []) checkpoints.see(JSON.parse(text) as Entry, verifier);
  const run = new Run(verifier, checkpoints, source.opened, onVerified, threads);
  await run.all(source.batches);
  verifier.expectHead(source.head());
  const sizes = checkpoints.finish(await source.notes(), verifier);
  await source.finish?.();
  const reached = run.reached();
  return {
    size: verifier.size,
    leafHash: verifier.leaf,
    root: verifier.root(),
    openings: run.openings,
    erased: run.erased,
    checkpoints: sizes,
    cosigned: [...checkpoints.cosigned].map(([name, at]) => ({ name, at })),
    reached,
  };
};

/** A database's ledger as far as its head goes now; with the keyring also its openings. */
export const databaseSource = async (db: Queryable, keyring: Keyring | undefined): Promise<LedgerSource> => {
  const { surplus, frontier, ...head } = await readWholeHead(db);
  if (surplus > 0) throw new LedgerFault(head.size, 'wrong-head', 'there are entries beyond the head');
  const signed = await readCheckpoint(db);
  const aboutKeys = await readKeyCheckpoints(db, head.size);
  return {
    batches: databaseBatches(db, keyring, head.size),
    head: () => ({ ...head, root: toHex(rootOf(sha256, unpackFrontier(frontier))) }),
    notes: async () => [...aboutKeys.map(({ note }) => note), ...(signed === null ? [] : [signed.note])],
    opened: keyring !== undefined,
    finish: async () => {
      const wrong = await findWrongTile(db, sha256);
      if (wrong === null) return;
      const first = wrong.index * 256 ** (wrong.level + 1);
      throw new LedgerFault(
        first,
        'wrong-tile',
        `tile ${wrong.level}/${wrong.index} is not over its entries`,
      );
    },
  };
};

/** A database's ledger as far as its last checkpoint goes; null when nothing is signed yet. */
export const signedSource = async (
  db: Queryable,
  keyring: Keyring | undefined,
): Promise<(LedgerSource & { note: string; keyNotes: string[]; size: number }) | null> => {
  const signed = await readCheckpoint(db);
  if (signed === null) return null;
  const { note, size } = signed;
  const keyNotes = (await readKeyCheckpoints(db, size)).map((about) => about.note);
  return {
    batches: databaseBatches(db, keyring, size),
    head: () => ({ size }),
    notes: async () => [...keyNotes, note],
    opened: keyring !== undefined,
    note,
    keyNotes,
    size,
  };
};

/** The head with its tree, and how many chunks lie beyond it, as of one moment. */
const readWholeHead = async (db: Queryable) => {
  type Row = { size: number; leaf_hash: Buffer; at: number; frontier: Buffer; surplus: number };
  const { rows } = await db.query<Row>(
    `SELECT size, leaf_hash, at, frontier,
       (SELECT count(*)::int4 FROM chunks WHERE first_seq + cardinality(ends) > head.size) AS surplus FROM head`,
  );
  const { leaf_hash, ...head } = rows[0]!;
  return { ...head, leafHash: toHex(leaf_hash) };
};

async function* databaseBatches(db: Queryable, keyring: Keyring | undefined, size: number) {
  for (let from = 0; from < size; ) {
    const entries = (await readEntries(db, from, STEP)).filter((e) => e.seq < size);
    if (entries.length === 0) return;
    const to = entries.at(-1)!.seq + 1;
    const found = keyring && (await openingsOf(db, keyring, from, to));
    yield entries.map((entry) => ({ ...entry, openings: found?.get(entry.seq) }));
    from = to;
  }
}

/** Throws the LedgerFault of the first position whose openings cannot be decrypted. */
const openingsOf = async (
  db: Queryable,
  keyring: Keyring,
  from: number,
  to: number,
): Promise<Map<number, Openings>> => {
  try {
    return await readOpenings(db, keyring, from, to);
  } catch (error) {
    if (!isUndecipherable(error)) throw error;
    if (to - from === 1)
      throw new LedgerFault(
        from,
        'wrong-seal',
        'a person’s opening cannot be decrypted: it was changed, or the key is another',
      );
    const middle = Math.floor((from + to) / 2);
    const left = await openingsOf(db, keyring, from, middle);
    return new Map([...left, ...(await openingsOf(db, keyring, middle, to))]);
  }
};

const isUndecipherable = (error: unknown): boolean =>
  error instanceof Error && /authenticate data|authentication tag|initialization vector/i.test(error.message);

/** As `verifyEntries`, of a database. `progress` is told how many entries were found good. */
export const verifyDatabase = async (
  db: Queryable,
  keyring: Keyring | undefined,
  progress: (size: number) => void = () => undefined,
): Promise<Verified> => {
  let size = 0;
  return verifyEntries(await databaseSource(db, keyring), (batch) => {
    size += batch.length;
    progress(size);
  });
};
