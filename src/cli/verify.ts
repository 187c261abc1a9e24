import { readFile } from 'node:fs/promises';
import os from 'node:os';
import type pg from 'pg';
import { factTypes } from '../catalogue.ts';
import type { Config } from '../config.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { databaseSource, type Held, type Verified, verifyEntries } from '../ledger/check.ts';
import { rootOf, unpackFrontier } from '../ledger/merkle.ts';
import { type NoteKey, parseKey } from '../ledger/note.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { OnVerified } from '../ledger/run.ts';
import { LedgerFault } from '../ledger/verify.ts';
import { connectTo, openCommandDatabase, readKeyring } from './database.ts';
import { answer, count, type ExitCode, type Io, Misuse, progressOf } from './io.ts';
import { fileSource, type Sized, urlSource } from './sources.ts';

type OnUnknown = (type: string, n: number) => void;

export type VerifyOptions = {
  url?: string;
  file?: string;
  database?: string;
  /** A file with a checkpoint kept from before. */
  checkpoint?: string;
  /** Verifier keys of witnesses that must have cosigned. */
  witness?: string[];
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
  try {
    const verified = await verifyWhich(options, config, io, (type, n) =>
      unknown.set(type, (unknown.get(type) ?? 0) + n),
    );
    const entriesPerSecond = Math.round((1_000 * verified.size) / Math.max(1, performance.now() - since));
    await answer(
      io,
      options.json,
      { ok: true, ...verified, notUnderstood: Object.fromEntries(unknown), entriesPerSecond },
      report(verified, unknown, entriesPerSecond),
    );
    return 0;
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
  verified: Verified,
  unknown: ReadonlyMap<string, number>,
  entriesPerSecond: number,
): string[] => {
  const lines = [
    `good: ${count(verified.size)} entries, ${count(entriesPerSecond)} a second`,
    `head  ${verified.leafHash}`,
    `root  ${verified.root}`,
  ];
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

const witnessKey = (text: string): NoteKey => {
  try {
    return parseKey(sha256, text);
  } catch {
    throw new Misuse(`--witness takes a verifier key, name+id+base64, not ${text}`);
  }
};

const verifyWhich = async (
  { url, file, database, checkpoint, witness = [], workers = os.availableParallelism() }: VerifyOptions,
  config: Config,
  io: Io,
  onUnknown: OnUnknown,
): Promise<Verified> => {
  const held: Held = {
    kept: await readKept(checkpoint),
    witnesses: witness.map(witnessKey),
    // One core does it all best by itself.
    workers: workers > 1 ? workers : 0,
  };
  if (database !== undefined) {
    const opened = await openCommandDatabase(config, database);
    const { client, close } = await connectTo(opened.url, opened.schema);
    try {
      const keyring = await readKeyring(config.privateKeyFile);
      return await verifySnapshot(client, keyring, io, onUnknown, held);
    } finally {
      await close();
    }
  }
  const fallback = `http://127.0.0.1:${config.port}`;
  return verifySized(
    file === undefined ? urlSource(io, url ?? config.url ?? fallback) : await fileSource(file),
    io,
    onUnknown,
    held,
  );
};

const verifySized = async (source: Sized, io: Io, onUnknown: OnUnknown, held: Held): Promise<Verified> => {
  const progress = progressOf(io, 'entries');
  let done = 0;
  try {
    const onVerified: OnVerified = (batch, types) => {
      for (const [type, n] of types) if (!factTypes.has(type)) onUnknown(type, n);
      done += batch.length;
      progress.update(done, source.total());
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
  onUnknown: OnUnknown,
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
  const verified = await verifySized({ ...source, total: () => head.size }, io, onUnknown, held);
  if (head.beyond > 0)
    throw new LedgerFault(verified.size, 'wrong-head', 'there are entries beyond the head');
  if (toHex(rootOf(sha256, unpackFrontier(head.frontier))) !== verified.root)
    throw new LedgerFault(verified.size - 1, 'wrong-head', 'the head keeps another Merkle tree');
  await client.query('COMMIT');
  return verified;
};
