import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { type Entry, GENESIS_PREV, leafHash } from '../../src/ledger/entry.ts';
import { NoteSigner } from '../../src/ledger/log-key.ts';
import { seal } from '../../src/ledger/sealing.ts';
import { Verifier } from '../../src/ledger/verify.ts';

// biome-ignore lint/suspicious/noExplicitAny: whoever forges changes what they like
export type Forgeable = { entry: Entry & { data: any }; main: any; people: (Person | undefined)[] };
type Person = { personId: string; salt: string; bytes: string };
type Line = { seq: number; part: 'main' | number; personId: string; salt: string; bytes: string };

const linesIn = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8')).trimEnd().split('\n');

/** The facts of an export, opened where a file with openings is given. */
export const readExport = async (file: string, openings?: string): Promise<Forgeable[]> => {
  const facts = (await linesIn(file))
    .slice(0, -1)
    .map((line): Forgeable => ({ entry: JSON.parse(line), main: undefined, people: [] }));
  if (openings === undefined) return facts;
  for (const text of await linesIn(openings)) {
    const { seq, part, ...line } = JSON.parse(text) as Line;
    if (part === 'main') facts[seq]!.main = JSON.parse(line.bytes);
    else facts[seq]!.people[part] = line;
  }
  return facts;
};

/**
 * Writes the facts as one who holds everything but the devices' keys: positions, seals, chain and tree are made anew,
 * and signed with the log's own key.
 */
export const writeExport = async (
  facts: readonly Forgeable[],
  seed: Buffer,
  file: string,
  openings?: string,
): Promise<void> => {
  const verifier = new Verifier(sha256);
  const [entries, opened]: [string[], string[]] = [[], []];
  let prev = GENESIS_PREV;
  for (const [seq, { entry, main, people }] of facts.entries()) {
    const { sealed: before, ...data } = entry.data;
    let sealed: string | undefined = before;
    if (main !== undefined) {
      const salt = randomBytes(32);
      sealed = seal(sha256, salt, main).seal;
      opened.push(JSON.stringify({ seq, part: 'main', salt: toHex(salt), bytes: canonicalJson(main) }));
      for (const [part, person] of people.entries())
        if (person !== undefined) opened.push(JSON.stringify({ seq, part, ...person }));
    }
    const text = canonicalJson({
      ...entry,
      ...{ seq, prev },
      data: { ...data, ...(sealed === undefined ? {} : { sealed }) },
    });
    prev = toHex(leafHash(sha256, Buffer.from(text)));
    verifier.feed(Buffer.from(text));
    entries.push(text);
  }
  const { origin } = facts[0]!.entry;
  const root = Buffer.from(verifier.root(), 'hex');
  const checkpoint = new NoteSigner(origin, seed).note(
    formatCheckpoint({ origin, size: entries.length, root }),
  );
  await writeFile(file, `${[...entries, JSON.stringify({ checkpoint })].join('\n')}\n`);
  if (openings !== undefined) await writeFile(openings, `${opened.join('\n')}\n`);
};
