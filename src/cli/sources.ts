import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerSource } from '../ledger/check.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import { parseNote } from '../ledger/note.ts';
import type { SourceEntry } from '../ledger/range.ts';
import { LedgerFault } from '../ledger/verify.ts';
import { Failed, type Io, Misuse } from './io.ts';

const PAGE = 1_000;
const LONGEST_LINE = 1 << 20;
const ATTEMPTS = 5;

export type Sized = LedgerSource & { /** How far it goes, as far as that is known. */ total(): number };

type Page = {
  head: { size: number; leafHash: string };
  items: { seq: number; leafHash: string; bytes: string }[];
};

/** A server's ledger through `GET /v1/ledger/entries`, as far as it went when the first page was asked for. */
export const urlSource = (io: Io, base: string): Sized & { note(): string | undefined } => {
  let head: Page['head'] | undefined;
  let notes: Promise<string[]> | undefined;
  let note: string | undefined;
  async function* batches(): AsyncGenerator<SourceEntry[]> {
    for (let from = 0; head === undefined || from < head.size; ) {
      const page = await readPage(io, base, from);
      head ??= page.head;
      const { size } = head;
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
    notes: () => {
      notes ??= readNote(io, base).then((found) => {
        note = found;
        return found === undefined ? [] : [found];
      });
      return notes;
    },
    note: () => note,
    total: () => head?.size ?? 0,
    opened: false,
  };
};

/** The server's checkpoint; undefined when it has none yet. */
const readNote = async (io: Io, base: string): Promise<string | undefined> => {
  const url = resolveUrl(base, 'log/checkpoint');
  try {
    const response = await io.fetch(url, { signal: AbortSignal.timeout(30_000) });
    return response.ok ? await response.text() : undefined;
  } catch (error) {
    throw new Failed(unreachable(url, error));
  }
};

const readPage = async (io: Io, base: string, from: number): Promise<Page> => {
  const url = resolveUrl(base, `v1/ledger/entries?fromSeq=${from}&limit=${PAGE}`);
  for (let attempt = 1; ; attempt++) {
    const problem = await readOnce(io, url);
    if (typeof problem !== 'string') return problem;
    if (attempt === ATTEMPTS) throw new Failed(problem);
    await sleep(200 * 2 ** attempt);
  }
};

/** The page, or a sentence when asking again may help. */
const readOnce = async (io: Io, url: URL): Promise<Page | string> => {
  let response: Response;
  try {
    response = await io.fetch(url, { signal: AbortSignal.timeout(30_000) });
  } catch (error) {
    return unreachable(url, error);
  }
  if (response.status === 429 || response.status >= 500)
    return `${url.origin} answers ${response.status}; try again later.`;
  const page = (await response.json().catch(() => undefined)) as Partial<Page> | undefined;
  if (response.ok && Array.isArray(page?.items) && Number.isSafeInteger(page.head?.size)) return page as Page;
  throw new Failed(
    `${url.origin} answers ${response.status} and no page of a ledger: is it the address of a Blue Cycle server?`,
  );
};

export const unreachable = (url: URL, error: unknown): string => {
  const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
  return `No server answers at ${url.origin} (${cause}): start it with npm start, or name another by --url or BLUE_CYCLE_URL.`;
};

/** A path below the base, whatever the base ends in. */
export const resolveUrl = (base: string, path: string): URL => {
  if (!/^https?:$/.test(URL.parse(base)?.protocol ?? ''))
    throw new Misuse(`${base} is not the address of a server, such as http://127.0.0.1:3000`);
  return new URL(path, base.endsWith('/') ? base : `${base}/`);
};

/** What ends an export: the signed note over all entries before it, or where nothing was signed the bare head. */
type Ending = { size?: number; leafHash?: string; note?: string };

/** An export: an entry a line, its ending last. Lines are cut at `\n` alone, since anything else is part of an entry. */
export const fileSource = async (file: string): Promise<Sized> => {
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw new Misuse(`there is no file ${file}`);
  let ending: Ending | undefined;
  let read = 0;
  async function* batches(): AsyncGenerator<SourceEntry[]> {
    for await (const lines of linesOf(file)) {
      if (ending !== undefined)
        throw new LedgerFault(read, 'wrong-head', 'lines follow after the line with the head');
      const last = lines.at(-1);
      ending = last && endingOf(last);
      const entries = ending === undefined ? lines : lines.slice(0, -1);
      read += entries.length;
      yield entries.map((bytes) => ({ bytes }));
    }
  }
  return {
    batches: batches(),
    head: () => {
      if (ending === undefined)
        throw new LedgerFault(read, 'wrong-head', 'the export ends without the line with its head');
      const { note, size = read, leafHash } = ending;
      // A note is over exactly the entries before it.
      const signed = note === undefined ? size : parseCheckpoint(parseNote(note).text).size;
      return { size: signed, ...(leafHash === undefined ? {} : { leafHash }) };
    },
    notes: async () => (ending?.note === undefined ? [] : [ending.note]),
    total: () => read,
    opened: false,
  };
};

/** Complete lines, many at once; an entry is never an object that begins with `head` or `checkpoint`. */
async function* linesOf(file: string): AsyncGenerator<Buffer[]> {
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

const ENDINGS = [Buffer.from('{"head":'), Buffer.from('{"checkpoint":')];

const endingOf = (line: Buffer): Ending | undefined => {
  if (!ENDINGS.some((start) => line.subarray(0, start.length).equals(start))) return undefined;
  try {
    const { head, checkpoint: note } = JSON.parse(line.toString('utf8')) as {
      head?: { size: number; leafHash: string };
      checkpoint?: string;
    };
    if (typeof note === 'string') return isNote(note) ? { note } : undefined;
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
