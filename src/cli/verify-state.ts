import { readFile, rm } from 'node:fs/promises';
import { toHex } from '../kernel/hash.ts';
import type { Entry } from '../ledger/entry.ts';
import { replaceFile } from '../ledger/kept.ts';
import { unpackFrontier } from '../ledger/merkle.ts';
import { namesKeys, type SourceEntry, textOf } from '../ledger/range.ts';
import type { Reached } from '../ledger/run.ts';
import { Misuse } from './io.ts';

const SAVE_EVERY_MS = 1_000;
const VERSION = 1;

/** What was verified of a ledger, and so need not be read again. */
export type Kept = Reached & {
  /** Entries that say who signs, in their bytes. */
  keyEntries: string[];
};

type Written = {
  version: number;
  origin: string;
  size: number;
  leafHash: string;
  at: string;
  /** Roots of the perfect subtrees of the first `size` entries, largest first, in hex. */
  frontier: string[];
  keyEntries: string[];
  /** Roots at checkpoints and at facts about keys. */
  checkpoints: Reached['roots'];
};

/** What an earlier run left; undefined where there is no such file. Throws Misuse when it is something else. */
export const readState = async (file: string): Promise<Kept | undefined> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw new Misuse(`cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return parse(JSON.parse(text) as Written);
  } catch {
    throw new Misuse(
      `${file} does not hold what verify --state keeps; name another file, or remove it to begin anew`,
    );
  }
};

const HEX = /^[0-9a-f]{64}$/;

const parse = (written: Written): Kept => {
  const { version, origin, size, leafHash, at, frontier, keyEntries, checkpoints } = written;
  const subtrees = [...size.toString(2)].filter((bit) => bit === '1').length;
  const isWhole =
    version === VERSION &&
    Number.isSafeInteger(size) &&
    size > 0 &&
    [origin, at].every((text) => typeof text === 'string') &&
    [leafHash, ...frontier, ...checkpoints.map(({ root }) => root)].every((hex) => HEX.test(hex)) &&
    frontier.length === subtrees &&
    keyEntries.map((entry) => (JSON.parse(entry) as Entry).seq)[0] === 0;
  if (!isWhole) throw new Error('not whole');
  const roots = unpackFrontier(Buffer.from(frontier.join(''), 'hex'));
  return { standing: { size, leaf: leafHash, at, origin, frontier: roots }, keyEntries, roots: checkpoints };
};

/** Keeps in a file how far a check came, every second and at its end, so that one that is killed goes on from there. */
export class StateKeeper {
  private readonly file: string;
  private keyEntries: string[];
  private readonly before: Kept | undefined;
  private savedAt = Number.NEGATIVE_INFINITY;

  constructor(file: string, kept: Kept | undefined) {
    this.file = file;
    this.before = kept;
    this.keyEntries = [...(kept?.keyEntries ?? [])];
  }

  async passed(
    batch: readonly SourceEntry[],
    types: ReadonlyMap<string, number>,
    reached: () => Reached,
  ): Promise<void> {
    if (this.keyEntries.length === 0) this.keyEntries.push(textOf(batch[0]!.bytes));
    if ([...types.keys()].some(namesKeys))
      this.keyEntries.push(
        ...batch
          .map(({ bytes }) => textOf(bytes))
          .filter((text) => namesKeys((JSON.parse(text) as Entry).type)),
      );
    if (performance.now() - this.savedAt > SAVE_EVERY_MS) await this.save(reached());
  }

  /** After a fault: what a ledger showed that is not good is nothing to go on from. */
  async giveBack(): Promise<void> {
    if (this.before === undefined) await rm(this.file, { force: true });
    else {
      this.keyEntries = this.before.keyEntries;
      await this.save(this.before);
    }
  }

  async save({ standing: { size, leaf, at, origin, frontier }, roots }: Reached): Promise<void> {
    if (size === 0) return;
    const written: Written = {
      version: VERSION,
      origin,
      size,
      leafHash: leaf,
      at,
      frontier: frontier.map(toHex),
      keyEntries: this.keyEntries,
      checkpoints: roots,
    };
    await replaceFile(this.file, `${JSON.stringify(written, null, 2)}\n`);
    this.savedAt = performance.now();
  }
}
