import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type pg from 'pg';
import type { Config } from '../config.ts';
import { toHex } from '../kernel/hash.ts';
import { databaseSource, signedSource, type Verified, verifyEntries } from '../ledger/check.ts';
import type { SourceEntry } from '../ledger/range.ts';
import { SALT_BYTES } from '../ledger/sealing.ts';
import { type Openings, openingBody } from '../ledger/store.ts';
import { LedgerFault } from '../ledger/verify.ts';
import { connectTo, openCommandDatabase, readKeyring } from './database.ts';
import { answer, count, type ExitCode, Failed, type Io, Misuse, progressOf } from './io.ts';
import type { Sized } from './sized.ts';
import { serverSource } from './sources.ts';

export type ExportOptions = {
  out: string;
  openings?: string;
  url?: string;
  database?: string;
  json?: boolean;
};

/**
 * `blue-cycle export`: one entry a line, the exact bytes, and last the signed checkpoint over just these (the bare head
 * where nothing is signed); with `openings` a second file of what
 * opens their private parts, one part a line. What is written is verified on the way, and a file stands under its
 * name only when it is whole.
 */
export const runExport = async (options: ExportOptions, config: Config, io: Io): Promise<ExitCode> => {
  const { out, openings, database } = options;
  const url = options.url ?? (database === undefined && openings === undefined ? config.url : undefined);
  if (url !== undefined && openings !== undefined)
    throw new Misuse('--openings needs the database: a server shows openings one by one, to those entitled');
  if (out === openings) throw new Misuse('--out and --openings must name two files');
  const files = [
    await create(out, 0o644),
    ...(openings === undefined ? [] : [await create(openings, 0o600)]),
  ];
  try {
    const { size, leafHash, note, keyNotes } =
      url === undefined ? await fromDatabase(options, config, io, files) : await fromServer(io, url, files);
    const ending = note === undefined ? { head: { size, leafHash } } : endingWith(note, keyNotes);
    await files[0]!.write(`${JSON.stringify(ending)}\n`);
    for (const file of files) await file.keep();
    await answer(io, options.json, { ok: true, size, leafHash, files: files.map((f) => f.path) }, [
      `wrote ${count(size)} entries to ${out}${openings === undefined ? '' : `, and what opens them to ${openings}`}`,
    ]);
    return 0;
  } catch (error) {
    if (!(error instanceof LedgerFault)) throw error;
    await answer(io, options.json, { ok: false, seq: error.seq, kind: error.kind, reason: error.message }, [
      `nothing was written: the ledger is not good (${error.kind}), ${error.message}`,
    ]);
    return 1;
  } finally {
    for (const file of files) await file.discard();
  }
};

type Exported = Verified & { note?: string; keyNotes?: readonly string[] };

/** The checkpoint, and where the log has had more than one key those that each fact about keys stands under. */
const endingWith = (checkpoint: string, keyCheckpoints: readonly string[] = []): object => ({
  checkpoint,
  ...(keyCheckpoints.length === 0 ? {} : { keyCheckpoints }),
});

/** As far as the server's checkpoint goes, or its head where nothing is signed. */
const fromServer = async (io: Io, url: string, files: OutFile[]): Promise<Exported> => {
  const source = await serverSource(io, url);
  const { note, keyNotes } = source;
  return { ...(await writeFrom(source, io, files)), ...(note === undefined ? {} : { note, keyNotes }) };
};

const fromDatabase = async (
  options: ExportOptions,
  config: Config,
  io: Io,
  files: OutFile[],
): Promise<Exported> => {
  const keyring = options.openings === undefined ? undefined : await readKeyring(config.privateKeyFile);
  if (options.openings !== undefined && keyring === undefined)
    throw new Failed(
      `There is no private key file ${config.privateKeyFile}; without it nothing can be opened.`,
    );
  const database = await openCommandDatabase(config, options.database);
  try {
    const { client, close } = await connectTo(database.url, database.schema);
    try {
      await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const db = client as unknown as pg.Pool;
      const signed = await signedSource(db, keyring);
      const source = signed ?? (await databaseSource(db, keyring));
      const verified = await writeFrom({ ...source, total: () => source.head().size }, io, files);
      return { ...verified, ...(signed === null ? {} : { note: signed.note, keyNotes: signed.keyNotes }) };
    } finally {
      await close();
    }
  } finally {
    await database.close();
  }
};

const writeFrom = async (source: Sized, io: Io, [entries, openings]: OutFile[]): Promise<Verified> => {
  const progress = progressOf(io, 'entries');
  const newline = Buffer.from('\n');
  let done = 0;
  try {
    return await verifyEntries(source, async (batch) => {
      await entries!.write(Buffer.concat(batch.flatMap(({ bytes }) => [bytes, newline])));
      await openings?.write(batch.map((entry, i) => openingLines(entry, done + i)).join(''));
      done += batch.length;
      progress.update(done, source.total());
    });
  } finally {
    progress.stop();
  }
};

/** The main part, then each person's part that was not erased. */
const openingLines = ({ openings }: SourceEntry, seq: number): string => {
  if (openings?.main == null) return '';
  const line = (part: object, opening: Uint8Array): string =>
    `${JSON.stringify({ seq, ...part, salt: toHex(opening.subarray(0, SALT_BYTES)), bytes: openingBody(opening) })}\n`;
  return line({ part: 'main' }, openings.main) + openings.people.map((p) => personLine(p, line)).join('');
};

const personLine = (
  { part, personId, opening }: Openings['people'][number],
  line: (part: object, opening: Uint8Array) => string,
): string => (opening === null ? '' : line({ part, personId }, opening));

type OutFile = {
  path: string;
  write(data: string | Uint8Array): Promise<void>;
  keep(): Promise<void>;
  discard(): Promise<void>;
};

/** Written under another name beside its own, which it takes when it is whole and on the disk. */
const create = async (path: string, mode: number): Promise<OutFile> => {
  const draft = `${path}.${process.pid}.part`;
  let file: FileHandle | undefined;
  try {
    file = await open(draft, 'wx', mode);
  } catch (error) {
    throw new Misuse(`cannot write ${path}: ${(error as Error).message}`);
  }
  return {
    path,
    write: async (data) => {
      await file!.appendFile(data);
    },
    keep: async () => {
      await file!.sync();
      await file!.close();
      file = undefined;
      await rename(draft, path);
    },
    discard: async () => {
      if (file === undefined) return;
      await file.close();
      await rm(draft, { force: true });
    },
  };
};
