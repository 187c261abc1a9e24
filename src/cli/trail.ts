import { type FileHandle, open } from 'node:fs/promises';
import type { Entry } from '../ledger/entry.ts';
import { entryOf, type SourceEntry } from '../ledger/range.ts';
import { isName, type Start, startAt, type Trail, trailOf } from '../trail/trail.ts';
import { count, Failed, Misuse } from './io.ts';
import { fileSource } from './sources.ts';

/**
 * Remembers, while an export is verified, where each of its lines begins, and which fact made the lot that is asked
 * for; then walks its way back through the file.
 */
export class FileTrail {
  private readonly file: string;
  private readonly name: string;
  private offsets = new Float64Array(1_024);
  private size = 0;
  private start: Start | undefined;

  /** Throws Misuse where `name` can be none of a batch or lot. */
  constructor(file: string | undefined, name: string) {
    if (file === undefined) throw new Misuse('--batch walks through an export: name it with --file');
    if (!isName(name)) throw new Misuse(`${name} is no code of a batch, and no id of a batch or lot`);
    this.file = file;
    this.name = name;
  }

  /** Told of each entry in order, once it was found good. */
  see(entry: SourceEntry): void {
    const { bytes } = entry;
    if (this.size + 2 > this.offsets.length) {
      const larger = new Float64Array(2 * this.offsets.length);
      larger.set(this.offsets);
      this.offsets = larger;
    }
    this.offsets[this.size + 1] = this.offsets[this.size]! + bytes.length + 1;
    this.size++;
    if (this.start === undefined && (bytes as Buffer).includes(this.name))
      this.start = startOf(entryOf(entry), this.name);
  }

  /** Throws Failed where nothing of that name was made. */
  async walk(): Promise<Trail> {
    if (this.start === undefined) throw new Failed(`No batch or lot ${this.name} is made in this export.`);
    const source = await fileSource(this.file);
    const handle = await open(this.file);
    try {
      return await trailOf(this.start, (seq) => this.read(handle, seq), entriesOf(source.batches));
    } finally {
      await handle.close();
    }
  }

  private async read(handle: FileHandle, seq: number): Promise<Entry | undefined> {
    if (seq < 0 || seq >= this.size) return undefined;
    const from = this.offsets[seq]!;
    const bytes = Buffer.alloc(this.offsets[seq + 1]! - 1 - from);
    await handle.read(bytes, 0, bytes.length, from);
    return JSON.parse(bytes.toString('utf8')) as Entry;
  }
}

/** A fact of a wrong shape makes no lot; what it would have made is then not found, or found at another. */
const startOf = (entry: Entry, name: string): Start | undefined => {
  try {
    return startAt(entry, name);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};

async function* entriesOf(batches: AsyncIterable<readonly SourceEntry[]>): AsyncGenerator<Entry[]> {
  for await (const batch of batches) yield batch.map(entryOf);
}

const grams = (n: number): string => `${count(n)} g`;

/** A trail for people: every fact on the way, and what it did to which lot. */
export const trailLines = (trail: Trail): string[] => {
  const { lotId, seq, code, steps, shares, faults } = trail;
  const lines = [
    `${code === undefined ? 'lot' : `batch ${code}, lot`} ${lotId}, made at ${seq} of ${grams(trail.grams)}`,
  ];
  for (const step of steps) {
    lines.push(`${step.seq}  ${step.at}  ${step.type}`);
    for (const change of step.changes)
      lines.push(
        `    ${change.lotId}  ${change.delta > 0 ? '+' : ''}${grams(change.delta)}, then ${grams(change.grams)}`,
      );
  }
  lines.push(`${count(steps.length)} facts on the way, ${count(trail.later)} later ones about the same lots`);
  for (const { kind, grams: lost } of trail.lossesOnTheWay)
    lines.push(`lost on the way: ${kind} ${grams(lost)}`);
  for (const [what, groups] of [
    ['origin', trail.byOriginClass.map((g) => [g.originClass, g.grams] as const)],
    ['site', trail.bySite.map((g) => [g.siteId, g.grams] as const)],
  ] as const)
    for (const [name, n] of groups) lines.push(`from ${what} ${name}: ${grams(n)}`);
  lines.push(`shares by shares.v1: ${grams(trail.grams)} of ${count(shares.length)} sources`);
  for (const share of shares) lines.push(`    ${share.seq}  ${share.siteId}  ${grams(share.grams)}`);
  for (const { seq: at, kind, reason } of faults) lines.push(`BAD at entry ${at} (${kind}): ${reason}`);
  return lines;
};
