import { readFile } from 'node:fs/promises';
import type { Entry } from '../ledger/entry.ts';
import { entryOf, type SourceEntry } from '../ledger/range.ts';
import { plainCode, type Verdict, verdictOf } from '../statements/checking.ts';
import { factBefore, type Stated, statedBy } from '../statements/stated.ts';
import { Misuse } from './io.ts';

export type CodeVerdict = {
  code: string;
  verdict: Verdict;
  grams: number | null;
  scheme: string | null;
  validUntil: string | null;
  replacedBy: string | null;
};

const MOST_CODES = 1_000_000;

/** A code a line; what comes after a comma is passed over, so that a column of a table will do. Throws Misuse. */
export const readCodes = async (file: string): Promise<string[]> => {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Misuse(`there is no file ${file}; write one with a code a line`);
  });
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const codes = lines.map((line) => line.split(',')[0]!.trim()).filter((code) => code !== '');
  if (codes.length === 0 || codes.length > MOST_CODES)
    throw new Misuse(`${file} must hold 1 to 1,000,000 codes, one a line; it holds ${codes.length}`);
  return codes;
};

/** Keeps the facts of statements from a ledger that is being verified, and says of codes what they say: no server is asked. */
export class CodeCheck {
  private readonly entries = new Map<number, Entry>();
  private readonly last = new Map<string, number>();
  private readonly ids = new Map<string, string>();

  see(found: SourceEntry): void {
    const { buffer, byteOffset, length } = found.bytes;
    if (!Buffer.from(buffer as ArrayBuffer, byteOffset, length).includes('"type":"statement.')) return;
    const entry = entryOf(found);
    if (!entry.type.startsWith('statement.')) return;
    this.entries.set(entry.seq, entry);
    const { statementId, code, next } = entry.data as {
      statementId: string;
      code?: string;
      next?: { statementId: string; code: string };
    };
    this.last.set(statementId, entry.seq);
    if (code !== undefined) this.ids.set(code, statementId);
    if (next === undefined) return;
    this.last.set(next.statementId, entry.seq);
    this.ids.set(next.code, next.statementId);
  }

  /** @param now milliseconds since 1970 */
  verdicts(codes: readonly string[], now: number): CodeVerdict[] {
    return codes.map((code) => {
      const id = this.ids.get(plainCode(code));
      const stated = id === undefined ? null : this.stated(id);
      const verdict = id === undefined ? 'unknown' : stated === null ? 'tampered' : verdictOf(stated, now);
      const until = stated?.validUntil ?? null;
      return {
        ...{ code, verdict, grams: stated?.grams ?? null, scheme: stated?.scheme ?? null },
        validUntil: until === null ? null : new Date(until).toISOString(),
        replacedBy: stated?.replacedBy ?? null,
      };
    });
  }

  private stated(id: string): Stated | null {
    const chain: Entry[] = [];
    for (let seq: number | null = this.last.get(id)!; seq !== null; ) {
      const entry = this.entries.get(seq);
      if (entry === undefined) return null;
      chain.unshift(entry);
      const before = factBefore(entry);
      seq = before !== null && before < entry.seq ? before : null;
    }
    return statedBy(id, chain);
  }
}

/** A cell that a spreadsheet takes as text, whatever was typed as a code. */
const cell = (value: string | number | null): string => {
  const text = `${value ?? ''}`.replace(/^[=+\-@\t\r]/, "'$&");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** CSV (RFC 4180 but for its line ends), a code a line in the order asked. */
export const codeLines = (verdicts: readonly CodeVerdict[]): string[] => [
  'code,verdict,grams,scheme,validUntil,replacedBy',
  ...verdicts.map(({ code, verdict, grams, scheme, validUntil, replacedBy }) =>
    [code, verdict, grams, scheme, validUntil, replacedBy].map(cell).join(','),
  ),
];
