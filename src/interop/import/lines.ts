import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type CsvError, parse } from 'csv-parse/sync';
import type { ImportMap } from './map.ts';

const longestLine = 1_048_576;
const mostLinesOfARow = 100;

/** Something the caller has to put right before any row can be sent: the file, the map or the key. */
export class ImportMisuse extends Error {}

/**
 * The hash of a file that is text in this encoding, in lines of at most 1 MiB.
 *
 * @returns SHA-256 in hex
 * @throws {ImportMisuse} where it is not, or cannot be read
 */
export async function hashFile(file: string, encoding: string): Promise<string> {
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

export type Row = { line: number; cells: string[] } | { line: number; reason: string };
type Line = { number: number; text: string; end: string };

/**
 * Rows with the number of their first line. Lines are counted here and only quoting is left to csv-parse: its
 * own count drifts on quoted CRLFs, and after a stray quote it would swallow rows that are whole.
 *
 * @param read is told how far into the file it has come
 */
export async function* readRows(
  file: string,
  { encoding, delimiter }: Pick<ImportMap, 'encoding' | 'delimiter'>,
  read: { bytes: number },
): AsyncGenerator<Row> {
  const source = readLines(file, encoding, read);
  const ahead: Line[] = [];
  const next = async () => ahead.shift() ?? ((await source.next()).value as Line | undefined);
  let width = 0;
  try {
    for (let first = await next(); first !== undefined; first = await next()) {
      if (first.text.trim() === '') continue;
      const lines = [first];
      let attempt = splitCells(first.text, delimiter);
      while ('open' in attempt && lines.length < mostLinesOfARow) {
        const more = await next();
        if (more === undefined) break;
        lines.push(more);
        attempt = splitCells(lines.map(({ text, end }) => text + end).join(''), delimiter);
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

async function* readLines(file: string, encoding: string, read: { bytes: number }): AsyncGenerator<Line> {
  const decoder = new TextDecoder(encoding);
  let rest = '';
  let number = 0;
  for await (const chunk of createReadStream(file)) {
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
