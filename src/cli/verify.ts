import { readFile } from 'node:fs/promises';
import os from 'node:os';
import type pg from 'pg';
import { factTypes } from '../catalogue.ts';
import { AttestationCheck } from '../collection/attestation-check.ts';
import type { Config } from '../config.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { systemClock } from '../kernel/system.ts';
import { databaseSource, type Held, type Verified, verifyEntries } from '../ledger/check.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import { rootOf, unpackFrontier } from '../ledger/merkle.ts';
import { type NoteKey, parseKey, parseNote } from '../ledger/note.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { entryOf, type SourceEntry } from '../ledger/range.ts';
import type { OnVerified } from '../ledger/run.ts';
import { LedgerFault } from '../ledger/verify.ts';
import { attestationLines, demandOf } from './attestations.ts';
import { CodeCheck, codeLines, readCodes } from './codes.ts';
import { connectTo, openCommandDatabase, readKeyring } from './database.ts';
import { answer, count, type ExitCode, Failed, type Io, Misuse, progressOf, write } from './io.ts';
import { withOpenings } from './openings.ts';
import type { Sized } from './sized.ts';
import { fileSource, serverSource } from './sources.ts';
import { FileTrail, trailLines } from './trail.ts';
import { type Kept, readState, StateKeeper } from './verify-state.ts';

export type VerifyOptions = {
  url?: string;
  file?: string;
  database?: string;
  /** A file with a checkpoint kept from before. */
  checkpoint?: string;
  /** Verifier keys of witnesses that must have cosigned. */
  witness?: string[];
  /** What opens the private parts of an export. */
  openings?: string;
  /** Kinds of site whose weigh-ins must be signed, with commas between; true for every site. */
  requireAttestations?: string | true;
  /** From which position on. */
  attestedSince?: number;
  /** A batch's code or id, or a lot's id, whose way is walked back through the export. */
  batch?: string;
  /** A file of statements' codes, of which the verified ledger says whether they hold. */
  codes?: string;
  /** A file that keeps what was verified; the next run goes on from there. */
  state?: string;
  /** Threads that check; as many as the machine has unless said. */
  workers?: number;
  json?: boolean;
};

/**
 * `blue-cycle verify`: recomputes everything a server, an export or a database says of its ledger. Exit code 1
 * names the first position that is wrong, its kind and why.
 */
export const runVerify = async (options: VerifyOptions, config: Config, io: Io): Promise<ExitCode> => {
  const since = performance.now();
  const unknown = new Map<string, number>();
  const demand = demandOf(options);
  const check = new AttestationCheck(demand);
  const { batch } = options;
  const way = batch === undefined ? undefined : new FileTrail(options.file, batch);
  const codes = options.codes === undefined ? undefined : await readCodes(options.codes);
  const codeCheck = codes && new CodeCheck();
  const watch: Watch = (batch, types, opened) => {
    for (const [type, n] of types) if (!factTypes.has(type)) unknown.set(type, (unknown.get(type) ?? 0) + n);
    for (const found of batch) {
      if (opened) check.feed(entryOf(found), found.openings);
      way?.see(found);
      codeCheck?.see(found);
    }
  };
  try {
    const verified = await verifyWhich(options, config, io, watch);
    const trail = await way?.walk();
    const { reached: _, ...counts } = verified;
    const entriesPerSecond = Math.round(
      (1_000 * (verified.size - verified.from)) / Math.max(1, performance.now() - since),
    );
    if (demand !== undefined && verified.openings === 0)
      throw new Failed('Nothing could be opened, so nobody can say what was signed: is the key file there?');
    const attestations = verified.openings > 0 ? check.finish() : undefined;
    const [first] = [...(attestations?.faults ?? []), ...(trail?.faults ?? [])];
    const answers = codeCheck?.verdicts(codes!, systemClock());
    const held = answers?.every(({ verdict }) => verdict === 'valid') ?? true;
    const lines = [
      ...(attestations === undefined ? [] : attestationLines(attestations)),
      ...(trail === undefined ? [] : trailLines(trail)),
    ];
    await answer(
      io,
      options.json,
      {
        ...(first === undefined ? { ok: held } : { ok: false, ...first }),
        ...counts,
        notUnderstood: Object.fromEntries(unknown),
        entriesPerSecond,
        ...(attestations === undefined ? {} : { attestations }),
        ...(trail === undefined ? {} : { trail }),
        ...(answers === undefined ? {} : { codes: answers }),
      },
      answers === undefined ? [...report(verified, unknown, entriesPerSecond), ...lines] : codeLines(answers),
    );
    return first === undefined && held ? 0 : 1;
  } catch (error) {
    if (!(error instanceof LedgerFault)) throw error;
    const { seq, kind } = error;
    const reason = error.message.replace(/^entry \d+: /, '');
    await answer(io, options.json, { ok: false, seq, kind, reason }, [
      `BAD at entry ${seq} (${kind}): ${reason}`,
    ]);
    return 1;
  }
};

const report = (
  verified: Verified & { from: number },
  unknown: ReadonlyMap<string, number>,
  entriesPerSecond: number,
): string[] => {
  const lines = [
    `good: ${count(verified.size)} entries, ${count(entriesPerSecond)} a second`,
    `head  ${verified.leafHash}`,
    `root  ${verified.root}`,
  ];
  if (verified.from > 0)
    lines.push(`the first ${count(verified.from)} were verified before, and are the same still`);
  for (const size of verified.checkpoints)
    lines.push(`held against a checkpoint over ${count(size)} entries, signed by the log's key`);
  for (const { name, at } of verified.cosigned)
    lines.push(`cosigned by ${name} at ${new Date(at).toISOString()}`);
  if (verified.openings > 0)
    lines.push(
      `${count(verified.openings)} openings fit their seals, ${count(verified.erased)} are no longer there`,
    );
  for (const [type, n] of unknown)
    lines.push(`not understood: ${count(n)} entries of type ${type}; their hashes are good`);
  return lines;
};

/** Throws Misuse when there is no such file. */
const readKept = async (file: string | undefined): Promise<string[]> => {
  if (file === undefined) return [];
  try {
    return [await readFile(file, 'utf8')];
  } catch {
    throw new Misuse(`there is no file ${file}; fetch one with: curl URL/log/checkpoint`);
  }
};

/** Told of every batch that was found good, and of each type in it how many; `opened` where its private parts are there. */
type Watch = (batch: readonly SourceEntry[], types: ReadonlyMap<string, number>, opened: boolean) => void;

const witnessKey = (text: string): NoteKey => {
  try {
    return parseKey(sha256, text);
  } catch {
    throw new Misuse(`--witness takes a verifier key, name+id+base64, not ${text}`);
  }
};

const verifyWhich = async (
  options: VerifyOptions,
  config: Config,
  io: Io,
  watch: Watch,
): Promise<Verified & { from: number }> => {
  const { url, file, database, witness = [], workers = os.availableParallelism() } = options;
  const kept = await readKept(options.checkpoint);
  const start = options.state === undefined ? undefined : await readStart(options.state, kept, io);
  const held: Held = {
    kept,
    witnesses: witness.map(witnessKey),
    // One core does it all best by itself.
    workers: workers > 1 ? workers : 0,
    ...(start === undefined ? {} : { start }),
  };
  if (database !== undefined) {
    const opened = await openCommandDatabase(config, database);
    const { client, close } = await connectTo(opened.url, opened.schema);
    try {
      const keyring = await readKeyring(config.privateKeyFile);
      return { ...(await verifySnapshot(client, keyring, io, watch, held)), from: 0 };
    } finally {
      await close();
    }
  }
  const fallback = `http://127.0.0.1:${config.port}`;
  const standing = start?.standing;
  const ledger =
    file === undefined
      ? await serverSource(io, url ?? config.url ?? fallback, standing)
      : await fileSource(file, standing);
  const source = options.openings === undefined ? ledger : await withOpenings(ledger, options.openings);
  const keeper = options.state === undefined ? undefined : new StateKeeper(options.state, start);
  try {
    const verified = await verifySized(source, io, watch, held, keeper);
    await keeper?.save(verified.reached);
    return { ...verified, from: standing?.size ?? 0 };
  } catch (error) {
    if (error instanceof LedgerFault) await keeper?.giveBack();
    throw error;
  }
};

/** Where an earlier run ended; undefined where there was none, or a kept checkpoint can only be judged from the beginning. */
const readStart = async (file: string, kept: readonly string[], io: Io): Promise<Kept | undefined> => {
  const start = await readState(file);
  const isKnown = ({ size }: { size: number }): boolean =>
    size >= start!.standing.size || start!.roots.some((known) => known.size === size);
  if (start === undefined || sizesOf(kept).every(isKnown)) return start;
  await write(io.stderr, 'The checkpoint is older than what was verified; reading from the beginning.\n');
  return undefined;
};

/** Sizes of what are checkpoints; what is none is for the check to say. */
const sizesOf = (notes: readonly string[]): { size: number }[] =>
  notes.flatMap((note) => {
    try {
      return [parseCheckpoint(parseNote(note).text)];
    } catch {
      return [];
    }
  });

const verifySized = async (
  source: Sized,
  io: Io,
  watch: Watch,
  held: Held,
  keeper?: StateKeeper,
): Promise<Verified> => {
  const progress = progressOf(io, 'entries');
  let done = held.start?.standing.size ?? 0;
  try {
    const onVerified: OnVerified = async (batch, types, reached) => {
      watch(batch, types, source.opened);
      done += batch.length;
      progress.update(done, source.total());
      await keeper?.passed(batch, types, reached);
    };
    return await verifyEntries(source, onVerified, held);
  } finally {
    progress.stop();
  }
};

/** A database as of one moment, so that nothing may lie beyond its head either. */
const verifySnapshot = async (
  client: pg.PoolClient,
  keyring: Keyring | undefined,
  io: Io,
  watch: Watch,
  held: Held,
): Promise<Verified> => {
  const db = client as unknown as pg.Pool;
  await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
  type Row = { size: number; frontier: Buffer; beyond: number };
  const { rows } = await client.query<Row>(
    'SELECT size, frontier, (SELECT count(*) FROM chunks WHERE first_seq + cardinality(ends) > head.size) AS beyond FROM head',
  );
  const head = rows[0]!;
  const source = await databaseSource(db, keyring);
  const verified = await verifySized({ ...source, total: () => head.size }, io, watch, held);
  if (head.beyond > 0)
    throw new LedgerFault(verified.size, 'wrong-head', 'there are entries beyond the head');
  if (toHex(rootOf(sha256, unpackFrontier(head.frontier))) !== verified.root)
    throw new LedgerFault(verified.size - 1, 'wrong-head', 'the head keeps another Merkle tree');
  await client.query('COMMIT');
  return verified;
};
