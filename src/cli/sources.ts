import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { sha256 } from '../kernel/hash.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import { leafHash } from '../ledger/entry.ts';
import { appendLeaf, type Frontier } from '../ledger/merkle.ts';
import { parseNote } from '../ledger/note.ts';
import type { SourceEntry } from '../ledger/range.ts';
import { expectFrontier, shorter } from '../ledger/standing.ts';
import { LedgerFault, type Standing } from '../ledger/verify.ts';
import { Failed, type Io, Misuse } from './io.ts';
import type { Sized } from './sized.ts';
import { tileSource } from './tile-source.ts';
import { fetchPatiently, TileReader } from './tiles.ts';

const PAGE = 1_000;
const LONGEST_LINE = 1 << 20;

type Page = {
  head: { size: number; leafHash: string };
  items: { seq: number; leafHash: string; bytes: string }[];
};

/** A server's ledger, and what it signs it with. */
export type ServerSource = Sized & { note?: string; keyNotes: readonly string[] };

/**
 * A server's ledger: from the tiles of its log as far as its checkpoint goes, or where it signs nothing page by page, as
 * far as it went when the first was asked for. With `start` only what follows it.
 */
export const serverSource = async (io: Io, base: string, start?: Standing): Promise<ServerSource> => {
  const reader = new TileReader(io, resolveUrl(base, 'log/'));
  const note = await reader.checkpoint();
  if (note === undefined) return { ...pageSource(io, base, start), keyNotes: [] };
  const keyNotes = await readKeyNotes(io, base, sizeOf(note));
  return { ...tileSource(reader, [...keyNotes, note], start), note, keyNotes };
};

const pageSource = (io: Io, base: string, start?: Standing): Sized => {
  let head: Page['head'] | undefined;
  const first = start?.size ?? 0;
  async function* batches(): AsyncGenerator<SourceEntry[]> {
    for (let from = first; head === undefined || from < head.size; ) {
      const page = await readPage(io, base, from);
      head ??= page.head;
      const { size } = head;
      if (start !== undefined && size < start.size) throw shorter(start, size);
      const items = page.items.filter((item) => item.seq < size);
      if (items.length === 0) return;
      yield items.map(({ seq, bytes, leafHash }) => ({
        seq,
        bytes: Buffer.from(bytes),
        leaf: Buffer.from(leafHash, 'hex'),
      }));
      from += items.length;
    }
  }
  return {
    batches: batches(),
    head: () => head!,
    notes: async () => [],
    total: () => head?.size ?? 0,
    opened: false,
  };
};

/** The checkpoints that the facts about the log's keys stand under, over no more than so many entries. */
const readKeyNotes = (io: Io, base: string, size: number): Promise<string[]> => {
  type Key = { addedUnder?: string | null; retiredUnder?: string | null };
  return fetchPatiently(io, resolveUrl(base, 'v1/ledger/keys'), async (response) => {
    // A log of another make has no such page, and one key.
    const page = response.ok ? await response.json().catch(() => undefined) : undefined;
    const { items } = (page ?? {}) as { items?: Key[] };
    return (Array.isArray(items) ? items : [])
      .flatMap(({ addedUnder, retiredUnder }) => [addedUnder, retiredUnder])
      .filter((note) => typeof note === 'string')
      .filter((note) => isNote(note) && sizeOf(note) <= size);
  });
};

/** How many entries a checkpoint is over. */
const sizeOf = (note: string): number => parseCheckpoint(parseNote(note).text).size;

const readPage = (io: Io, base: string, from: number): Promise<Page> => {
  const url = resolveUrl(base, `v1/ledger/entries?fromSeq=${from}&limit=${PAGE}`);
  return fetchPatiently(io, url, async (response) => {
    const page = (await response.json().catch(() => undefined)) as Partial<Page> | undefined;
    if (response.ok && Array.isArray(page?.items) && Number.isSafeInteger(page.head?.size))
      return page as Page;
    throw new Failed(
      `${url.origin} answers ${response.status} and no page of a ledger: is it the address of a Blue Cycle server?`,
    );
  });
};

/** A path below the base, whatever the base ends in. */
export const resolveUrl = (base: string, path: string): URL => {
  if (!/^https?:$/.test(URL.parse(base)?.protocol ?? ''))
    throw new Misuse(`${base} is not the address of a server, such as http://127.0.0.1:3000`);
  return new URL(path, base.endsWith('/') ? base : `${base}/`);
};

/** What ends an export: the signed note over all entries before it, or where nothing was signed the bare head. */
type Ending = { size?: number; leafHash?: string; note?: string; keyNotes?: string[] };

/**
 * An export: an entry a line, its ending last. Lines are cut at `\n` alone, since anything else is part of an entry. With
 * `start` the entries before are only hashed, and their tree compared with the one that was kept.
 */
export const fileSource = async (file: string, start?: Standing): Promise<Sized> => {
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw new Misuse(`there is no file ${file}`);
  let ending: Ending | undefined;
  let read = 0;
  const before: Frontier = [];
  /** How many of these lie before the start; they are hashed. */
  const passOld = (entries: readonly Buffer[]): number => {
    const old = Math.max(0, Math.min(entries.length, (start?.size ?? 0) - read));
    for (const [i, bytes] of entries.slice(0, old).entries())
      appendLeaf(sha256, before, read + i, leafHash(sha256, bytes));
    if (start !== undefined && old > 0 && read + old === start.size) expectFrontier(start, before);
    return old;
  };
  async function* batches(): AsyncGenerator<SourceEntry[]> {
    for await (const lines of linesOf(file)) {
      if (ending !== undefined)
        throw new LedgerFault(read, 'wrong-head', 'lines follow after the line with the head');
      const last = lines.at(-1);
      ending = last && endingOf(last);
      const entries = ending === undefined ? lines : lines.slice(0, -1);
      const old = passOld(entries);
      read += entries.length;
      yield (old === 0 ? entries : entries.slice(old)).map((bytes) => ({ bytes }));
    }
    if (start !== undefined && read < start.size) throw shorter(start, read);
  }
  return {
    batches: batches(),
    head: () => {
      if (ending === undefined)
        throw new LedgerFault(read, 'wrong-head', 'the export ends without the line with its head');
      const { note, size = read, leafHash } = ending;
      // A note is over exactly the entries before it.
      const signed = note === undefined ? size : sizeOf(note);
      return { size: signed, ...(leafHash === undefined ? {} : { leafHash }) };
    },
    notes: async () => (ending?.note === undefined ? [] : [...(ending.keyNotes ?? []), ending.note]),
    total: () => read,
    opened: false,
  };
};

/** Complete lines, many at once; an entry is never an object that begins with `head` or `checkpoint`. */
export async function* linesOf(file: string): AsyncGenerator<Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  let before = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const text = Buffer.concat([rest, chunk as Buffer]);
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = text.indexOf(0x0a); end !== -1; end = text.indexOf(0x0a, start)) {
      const line = text.subarray(start, end);
      lines.push(line);
      start = end + 1;
      // The head ends a batch, so that whoever reads it sees what follows.
      if (endingOf(line) !== undefined) {
        before += lines.length;
        yield lines.splice(0);
      }
    }
    rest = text.subarray(start);
    before += lines.length;
    if (lines.length > 0) yield lines;
    if (rest.length > LONGEST_LINE) throw new LedgerFault(before, 'too-long', 'the line has no end');
  }
  if (rest.length > 0)
    throw new LedgerFault(before, 'not-json', 'the last line is cut off: it does not end in a line break');
}

const ACTOR = 'a'.charCodeAt(0);
const ENDINGS = [Buffer.from('{"head":'), Buffer.from('{"checkpoint":')];

const endingOf = (line: Buffer): Ending | undefined => {
  // An entry begins with its actor; a look at one byte spares the rest for each of them.
  if (line[2] === ACTOR || !ENDINGS.some((start) => line.subarray(0, start.length).equals(start)))
    return undefined;
  try {
    const {
      head,
      checkpoint: note,
      keyCheckpoints: keyNotes = [],
    } = JSON.parse(line.toString('utf8')) as {
      head?: { size: number; leafHash: string };
      checkpoint?: string;
      keyCheckpoints?: string[];
    };
    if (typeof note === 'string') return [note, ...keyNotes].every(isNote) ? { note, keyNotes } : undefined;
    return typeof head?.leafHash === 'string' && Number.isSafeInteger(head.size) ? head : undefined;
  } catch {
    return undefined;
  }
};

const isNote = (text: string): boolean => {
  try {
    parseCheckpoint(parseNote(text).text);
    return true;
  } catch {
    return false;
  }
};
