import type { Entry } from '../ledger/entry.ts';
import { custodyReaders } from './readers.custody.ts';
import { processingReaders } from './readers.processing.ts';
import type { Reading } from './reading.ts';

const readers = new Map([...custodyReaders, ...processingReaders].map((r) => [r.type.type, r]));

export type TrailKind =
  | 'trail-wrong-pointer'
  | 'trail-left-out'
  | 'trail-wrong-shape'
  | 'trail-wrong-grams'
  | 'trail-wrong-place'
  | 'trail-twice';

/** What does not hold at one position. */
export type TrailFault = { seq: number; kind: TrailKind; reason: string };

/** Whether facts of this type may touch material. */
export const isMaterial = (type: string): boolean => readers.has(type);

/** What a fact did to material; null of one that does none. Throws a RangeError where its shape is not its type's. */
export const readingOf = ({ type, seq, data: { sealed: _, ...data } }: Entry): Reading | null => {
  const found = readers.get(type);
  if (found === undefined) return null;
  const parsed = found.type.data.safeParse(data);
  if (!parsed.success) throw new RangeError(`its public part has not the shape of ${type}`);
  return { lots: [], opened: [], things: [], sums: [], ...found.read(parsed.data, seq) };
};
