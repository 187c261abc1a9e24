import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { formatUuid } from '../../kernel/ids.ts';
import type { ImportMap } from './map.ts';
import { bindRows, type RowReader, type WeighInBody } from './rows.ts';
import type { Reading } from './units.ts';

/** The namespace (RFC 9562, section 5.5) of ids that follow from a file and a line. */
const namespace = '1275ae6c-5a2c-4160-a831-67367bb02e6e';
const largestUpload = 500;
const uploadsInFlight = 2;
const longestLine = 1_048_576;
const mostLinesOfARow = 100;
const triesOfAFault = 3;

/** Something the caller has to put right before any row can be sent: the file, the map or the key. */
export class ImportMisuse extends Error {}

export type Outcome = {
  /** Of the row's first line in the file; the header is on line 1. */
  line: number;
  id?: string;
  outcome: 'accepted' | 'replayed' | 'refused';
  seq?: number;
  marks?: unknown[];
  reason?: string;
};

export type ImportResult = {
  sha256: string;
  accepted: number;
  replayed: number;
  refused: number;
  /** Set when the server could not be reached or would not have the key; running again continues. */
  stopped?: { reason: string; misuse: boolean; afterLine: number };
};

export type ImportDeps = {
  fetch: typeof fetch;
  /** Resolves after so many milliseconds. */
  sleep: (ms: number) => Promise<void>;
  /** Within [0, 1): spreads retries. */
  random: () => number;
};

export type BoundRows = RowReader;
/** What rows become, where they are no weigh-ins. */
export type ImportTarget = {
  path: string;
  bind(header: readonly string[]): Reading<BoundRows>;
  /** Follows from the row itself, whichever file it stands in. */
  idOf(body: WeighInBody): string;
};

export type ImportJob = {
  file: string;
  map: ImportMap;
  /** Weigh-ins unless said. */
  target?: ImportTarget;
  url: string;
  apiKey: string;
  /** How long an upload waits in all for a server that is busy or away before the import stops. */
  giveUpAfterMs: number;
  /** Told in the order the answers come; awaited, so that a slow reader slows the import down. */
  onOutcomes: (outcomes: Outcome[]) => Promise<void>;
  onProgress?: (bytesDone: number) => void;
  onWait?: (reason: string, ms: number) => void;
};

type Item = { line: number; body: WeighInBody & { id: string } };
type Answer =
  | { kind: 'items'; items: z.infer<typeof answerSchema>['items'] }
  | { kind: 'again'; reason: string; afterMs?: number }
  | { kind: 'halve'; reason: string }
  | { kind: 'stop'; reason: string };

const problemSchema = z.looseObject({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
  errors: z
    .array(
      z.looseObject({
        pointer: z.string().optional(),
        reason: z.string().optional(),
        detail: z.string().optional(),
      }),
    )
    .optional(),
});
const answerSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      index: z.int(),
      status: z.int(),
      replayed: z.boolean().optional(),
      marks: z.array(z.json()).optional(),
      receipt: z.looseObject({ seq: z.int() }).optional(),
      error: problemSchema.optional(),
    }),
  ),
});

/**
 * Posts every row of a CSV file as a weigh-in, in uploads of up to 500 with two in flight, and tells for each
 * whether it was accepted, had been before (replayed) or is refused and why. Keeps no state: the id of a row
 * follows from the file's hash and the row's line, so that after a break the same command sends the same
 * writes and nothing is recorded twice.
 * Reads the file twice, once for its hash, and holds a few uploads in memory, never the file.
 * Throws ImportMisuse before anything is sent when the file is not text in the map's encoding, or its header
 * does not fit the map.
 */
export async function importWeighIns(deps: ImportDeps, job: ImportJob): Promise<ImportResult> {
  const sha256 = await hashFile(job.file, job.map.encoding);
  const result: ImportResult = { sha256, accepted: 0, replayed: 0, refused: 0 };
  const settle = async (outcomes: Outcome[]) => {
    for (const { outcome } of outcomes) result[outcome] += 1;
    if (outcomes.length > 0) await job.onOutcomes(outcomes);
  };
  const stop = (reason: string, misuse: boolean, afterLine: number) => {
    result.stopped ??= { reason, misuse, afterLine };
    result.stopped.afterLine = Math.min(result.stopped.afterLine, afterLine);
  };
  const upload = uploader(deps, job, settle, stop, () => result.stopped !== undefined);

  const read = { bytes: 0 };
  let readRow: RowReader | undefined;
  let items: Item[] = [];
  let refusals: Outcome[] = [];
  const inFlight = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  const flush = async () => {
    await settle(refusals);
    refusals = [];
    if (items.length === 0) return;
    const bytes = read.bytes;
    const sent = upload(items)
      .then(() => job.onProgress?.(bytes))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => inFlight.delete(sent));
    inFlight.add(sent);
    items = [];
    if (inFlight.size >= uploadsInFlight) await Promise.race(inFlight);
    if (failure) throw failure.error;
  };

  try {
    for await (const row of readRows(job, read)) {
      if (readRow === undefined) {
        if ('reason' in row) throw new ImportMisuse(`line ${row.line}: ${row.reason}`);
        const bound = job.target?.bind(row.cells) ?? bindRows(job.map, row.cells);
        if (!bound.ok) throw new ImportMisuse(bound.reason);
        readRow = bound.value;
        continue;
      }
      const reading = 'reason' in row ? { reasons: [row.reason] } : readRow(row.cells);
      const id = uuidV5(namespace, `${sha256}:${row.line}`);
      if ('reasons' in reading) {
        refusals.push({ line: row.line, id, outcome: 'refused', reason: reading.reasons.join('; ') });
      } else {
        const own = job.target?.idOf(reading.body) ?? id;
        items.push({ line: row.line, body: { id: own, ...reading.body } });
      }
      if (items.length + refusals.length >= largestUpload) await flush();
      if (result.stopped) break;
    }
    if (result.stopped) await settle(refusals);
    else await flush();
  } finally {
    await Promise.all(inFlight);
  }
  if (failure) throw failure.error;
  if (readRow === undefined) throw new ImportMisuse(`${job.file} is empty`);
  return result;
}

/** The name-based id of RFC 9562, section 5.5. */
export function uuidV5(space: string, name: string): string {
  const spaceBytes = Buffer.from(space.replaceAll('-', ''), 'hex');
  return formatUuid(createHash('sha1').update(spaceBytes).update(name).digest(), 5);
}

async function hashFile(file: string, encoding: string): Promise<string> {
  const hash = createHash('sha256');
  const decoder = new TextDecoder(encoding, { fatal: true });
  let lineBytes = 0;
  try {
    for await (const data of createReadStream(file)) {
      const chunk = data as Buffer;
      hash.update(chunk);
      decoder.decode(chunk, { stream: true });
      const lastEnd = chunk.lastIndexOf(0x0a);
      lineBytes = lastEnd < 0 ? lineBytes + chunk.length : chunk.length - lastEnd - 1;
      if (lineBytes > longestLine) break;
    }
    decoder.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new ImportMisuse(
        `${file} is not ${encoding} text; name its "encoding" in the map, such as gb18030`,
      );
    }
    throw new ImportMisuse(`cannot read ${file}: ${(error as Error).message}`);
  }
  if (lineBytes > longestLine) throw new ImportMisuse(`${file} has a line of over 1 MiB; is it a CSV file?`);
  return hash.digest('hex');
}

type Row = { line: number; cells: string[] } | { line: number; reason: string };
type Line = { number: number; text: string; end: string };

/**
 * Rows with the number of their first line. Lines are counted here and only quoting is left to csv-parse: its
 * own count drifts on quoted CRLFs, and after a stray quote it would swallow rows that are whole.
 */
async function* readRows(job: ImportJob, read: { bytes: number }): AsyncGenerator<Row> {
  const source = readLines(job, read);
  const ahead: Line[] = [];
  const next = async () => ahead.shift() ?? ((await source.next()).value as Line | undefined);
  let width = 0;
  try {
    for (let first = await next(); first !== undefined; first = await next()) {
      if (first.text.trim() === '') continue;
      const lines = [first];
      let attempt = splitCells(first.text, job.map.delimiter);
      while ('open' in attempt && lines.length < mostLinesOfARow) {
        const more = await next();
        if (more === undefined) break;
        lines.push(more);
        attempt = splitCells(lines.map(({ text, end }) => text + end).join(''), job.map.delimiter);
      }
      const whole = 'cells' in attempt && (width === 0 || attempt.cells.length === width);
      // A row over several lines that makes no sense is one bad line, and the lines after it stand by themselves.
      if (lines.length > 1 && !whole) {
        ahead.unshift(...lines.slice(1));
        yield { line: first.number, reason: 'a quote is opened and never closed' };
      } else if ('cells' in attempt) {
        width ||= attempt.cells.length;
        if (attempt.cells.some((cell) => cell.trim() !== ''))
          yield { line: first.number, cells: attempt.cells };
      } else {
        yield {
          line: first.number,
          reason: 'open' in attempt ? 'a quote is opened and never closed' : attempt.reason,
        };
      }
    }
  } finally {
    await source.return(undefined);
  }
}

function splitCells(
  text: string,
  delimiter: string,
): { cells: string[] } | { open: true } | { reason: string } {
  if (!text.includes('"')) return { cells: text.split(delimiter) };
  const options = { delimiter, relax_column_count: true, record_delimiter: ['\r\n', '\n'] };
  for (const relax of [false, true]) {
    try {
      return { cells: parse(text, { ...options, relax_quotes: relax })[0] ?? [''] };
    } catch (error) {
      const { code, message } = error as CsvError;
      if (code === 'CSV_QUOTE_NOT_CLOSED') return { open: true };
      // A quote inside an unquoted cell, such as 5" pipe, is a character like any other.
      if (code !== 'INVALID_OPENING_QUOTE') return { reason: `not a row of CSV: ${message}` };
    }
  }
  return { reason: 'not a row of CSV' };
}

async function* readLines(job: ImportJob, read: { bytes: number }): AsyncGenerator<Line> {
  const decoder = new TextDecoder(job.map.encoding);
  let rest = '';
  let number = 0;
  for await (const chunk of createReadStream(job.file)) {
    read.bytes += (chunk as Buffer).length;
    const text = rest + decoder.decode(chunk as Buffer, { stream: true });
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      const end = at > from && text[at - 1] === '\r' ? '\r\n' : '\n';
      number += 1;
      yield { number, text: text.slice(from, at + 1 - end.length), end };
      from = at + 1;
    }
    rest = text.slice(from);
  }
  rest += decoder.decode();
  if (rest !== '') yield { number: number + 1, text: rest.replace(/\r$/, ''), end: '' };
}

/** Sends items until each has an answer, with the same ids however often; stops the import where it cannot. */
function uploader(
  deps: ImportDeps,
  job: ImportJob,
  settle: (outcomes: Outcome[]) => Promise<void>,
  stop: (reason: string, misuse: boolean, afterLine: number) => void,
  isStopped: () => boolean,
): (items: Item[]) => Promise<void> {
  return async function upload(items) {
    let waiting = items;
    let waitedMs = 0;
    let backoffMs = 500;
    for (let attempt = 1; waiting.length > 0; attempt += 1) {
      if (isStopped()) return stop('', false, waiting[0]!.line - 1);
      const answer = await post(deps.fetch, job, waiting);
      if (answer.kind === 'stop') return stop(answer.reason, true, waiting[0]!.line - 1);
      if (answer.kind === 'halve') {
        const [only, ...others] = waiting as [Item, ...Item[]];
        if (others.length === 0) return settle([refusal(only, answer.reason)]);
        const half = Math.ceil(waiting.length / 2);
        await upload(waiting.slice(0, half));
        return upload(waiting.slice(half));
      }
      let reason = answer.kind === 'again' ? answer.reason : '';
      if (answer.kind === 'items') {
        const left = new Set(waiting);
        const outcomes: Outcome[] = [];
        for (const each of answer.items) {
          const item = waiting[each.index];
          if (item === undefined || !left.has(item)) continue;
          // Another 5xx may be a passing fault or this very row's: it is worth a few more tries, not all of them.
          if (each.status === 429 || each.status === 503 || (each.status >= 500 && attempt < triesOfAFault)) {
            reason = `status ${each.status} for line ${item.line}`;
            continue;
          }
          left.delete(item);
          outcomes.push(outcomeOf(item, each));
        }
        await settle(outcomes);
        if (left.size === 0) return;
        if (left.size < waiting.length) [waitedMs, backoffMs] = [0, 500];
        waiting = [...left];
        reason ||= `${left.size} rows were left without an answer`;
      }
      const ms = (answer.kind === 'again' && answer.afterMs) || backoffMs * (0.5 + deps.random() / 2);
      waitedMs += ms;
      if (waitedMs > job.giveUpAfterMs) return stop(`gave up: ${reason}`, false, waiting[0]!.line - 1);
      backoffMs = Math.min(backoffMs * 2, 15_000);
      job.onWait?.(reason, ms);
      await deps.sleep(ms);
    }
  };
}

async function post(send: typeof fetch, job: ImportJob, items: Item[]): Promise<Answer> {
  let status: number;
  let headers: Headers;
  let text: string;
  try {
    const response = await send(
      new URL(job.target?.path ?? 'v1/collections/batch', job.url.replace(/\/*$/, '/')),
      {
        method: 'POST',
        headers: { authorization: `Bearer ${job.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(items.map(({ body }) => body)),
        signal: AbortSignal.timeout(60_000),
      },
    );
    ({ status, headers } = response);
    text = await response.text();
  } catch (error) {
    // Whether the rows landed is unknown; sent again with the same ids they are answered as replayed.
    const { cause, message } = error as Error;
    return {
      kind: 'again',
      reason: `no answer (${cause instanceof Error ? cause.message || cause.name : message})`,
    };
  }
  const json = parseJson(text);
  if (status === 200) {
    const answer = answerSchema.safeParse(json);
    if (answer.success) return { kind: 'items', items: answer.data.items };
    return {
      kind: 'stop',
      reason: `${job.url} does not answer as contracted: ${z.prettifyError(answer.error)}`,
    };
  }
  const reason = problemText(status, json);
  if (status === 408 || status === 429 || status >= 500) {
    return { kind: 'again', reason, ...retryAfter(headers) };
  }
  if ([400, 409, 413, 422].includes(status)) return { kind: 'halve', reason };
  return { kind: 'stop', reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Retry-After` in seconds or as a date beside the answer's own (RFC 9110, section 10.2.3), at most five minutes. */
function retryAfter(headers: Headers): { afterMs?: number } {
  const value = headers.get('retry-after');
  if (value === null) return {};
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - Date.parse(headers.get('date') ?? value);
  return ms > 0 ? { afterMs: Math.min(ms, 300_000) } : {};
}

function outcomeOf(item: Item, answer: z.infer<typeof answerSchema>['items'][number]): Outcome {
  if (answer.status >= 300) return refusal(item, problemText(answer.status, answer.error));
  return {
    line: item.line,
    id: item.body.id,
    outcome: answer.replayed === true ? 'replayed' : 'accepted',
    ...(answer.receipt && { seq: answer.receipt.seq }),
    ...(answer.marks?.length && { marks: answer.marks }),
  };
}

function refusal(item: Item, reason: string): Outcome {
  return { line: item.line, id: item.body.id, outcome: 'refused', reason };
}

function problemText(status: number, problem: unknown): string {
  const { data } = problemSchema.safeParse(problem);
  const about = data?.detail ?? data?.title;
  const errors =
    data?.errors?.map((each) => `${each.pointer ?? ''} ${each.reason ?? each.detail ?? ''}`.trim()) ?? [];
  return [[status, data?.code].filter(Boolean).join(' '), about, ...errors].filter(Boolean).join(': ');
}
