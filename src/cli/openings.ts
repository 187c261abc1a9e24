import { stat } from 'node:fs/promises';
import { SALT_BYTES } from '../ledger/sealing.ts';
import type { Openings } from '../ledger/store.ts';
import { LedgerFault } from '../ledger/verify.ts';
import { Misuse } from './io.ts';
import type { Sized } from './sized.ts';
import { linesOf } from './sources.ts';

type Line = { seq: number; part: 'main' | number; personId?: string; salt: string; bytes: string };

/**
 * An export together with the file that opens its private parts (`export --openings`). A person's part without a line
 * counts as erased, since the file cannot say more of it; a fact without its main part is a fault.
 */
export const withOpenings = async (source: Sized, file: string): Promise<Sized> => {
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw new Misuse(`there is no file ${file}`);
  const lines = openingLines(file);
  let next = await lines.next();
  const take = async (to: number): Promise<Map<number, Line[]>> => {
    const found = new Map<number, Line[]>();
    for (; !next.done && next.value.seq < to; next = await lines.next()) {
      const { seq } = next.value;
      const before = found.get(seq);
      if (before === undefined) found.set(seq, [next.value]);
      else before.push(next.value);
    }
    return found;
  };
  async function* batches() {
    let from = 0;
    for await (const batch of source.batches) {
      const found = await take(from + batch.length);
      const first = from;
      yield batch.map((entry, i) => ({ ...entry, openings: openingsFrom(found.get(first + i)) }));
      from += batch.length;
    }
    if (!next.done)
      throw new LedgerFault(next.value.seq, 'wrong-seal', 'it is opened, but there is no entry');
  }
  return { ...source, batches: batches(), opened: true };
};

/** In the order of their positions, as they were written. */
async function* openingLines(file: string): AsyncGenerator<Line> {
  let seq = 0;
  for await (const lines of linesOf(file)) {
    for (const text of lines) {
      const line = parseLine(text, seq);
      seq = line.seq;
      yield line;
    }
  }
}

const parseLine = (text: Buffer, from: number): Line => {
  let line: Line | undefined;
  try {
    line = JSON.parse(text.toString('utf8')) as Line;
  } catch {
    line = undefined;
  }
  const well =
    Number.isSafeInteger(line?.seq) && typeof line?.bytes === 'string' && /^[0-9a-f]{64}$/.test(line?.salt);
  if (!well) throw new LedgerFault(from, 'not-json', 'after it a line opens nothing');
  if (line!.seq < from)
    throw new LedgerFault(line!.seq, 'wrong-seq', 'its opening stands behind a later one');
  return line!;
};

const openingOf = ({ salt, bytes }: Line): Buffer =>
  Buffer.concat([Buffer.from(salt, 'hex'), Buffer.from(bytes, 'utf8')]);

const openingsFrom = (lines: readonly Line[] | undefined): Openings | undefined => {
  const main = lines?.find(({ part }) => part === 'main');
  if (main === undefined) return undefined;
  const opening = openingOf(main);
  const seals = sealsIn(opening);
  const people = Array.from({ length: seals }, (_, part) => {
    const line = lines!.find((l) => l.part === part);
    return { part, personId: line?.personId ?? null, opening: line === undefined ? null : openingOf(line) };
  });
  return { main: opening, people };
};

/** How many persons have a part of their own; 0 where the opening cannot be read, which its seal will show. */
const sealsIn = (main: Buffer): number => {
  try {
    const { personSeals } = JSON.parse(main.subarray(SALT_BYTES).toString('utf8')) as {
      personSeals?: unknown[];
    };
    return personSeals?.length ?? 0;
  } catch {
    return 0;
  }
};
