import type { Entry } from '../ledger/entry.ts';
import { readingOf, type TrailFault } from './facts.ts';
import type { Reading } from './reading.ts';

/** The entry at a position; undefined where there is none. */
export type ReadEntry = (seq: number) => Promise<Entry | undefined>;

export type Walked = {
  /** Lots whose grams are, or were, on the way. */
  lots: Set<string>;
  /** Facts reached. */
  facts: Set<number>;
  /** Other things these facts name: shipments, runs, sites, cases. */
  things: Set<string>;
  faults: TrailFault[];
};

type Wanted = { lotId: string; seq: number; by: number };

/**
 * Walks from a lot, as it was after the fact `seq`, back to the sources by back-pointers alone (ledger format,
 * "Back-pointers"): each fact names the lot it used with the position of the last fact that changed it; there it is
 * looked for, and nowhere else. A pointer to a fact that does not concern the lot is a fault of the fact that has it.
 */
export const walkBack = async (read: ReadEntry, lotId: string, seq: number): Promise<Walked> => {
  const walked: Walked = { lots: new Set(), facts: new Set(), things: new Set(), faults: [] };
  const readings = new Map<number, Reading | null>();
  const seen = new Set<string>();
  const readingAt = async (at: number, by: number): Promise<Reading | null> => {
    const before = readings.get(at);
    if (before !== undefined) return before;
    const entry = at < by || by === seq ? await read(at) : undefined;
    const reading = entry === undefined ? null : shapeOf(entry, walked.faults);
    readings.set(at, reading);
    return reading;
  };
  const wanted: Wanted[] = [{ lotId, seq, by: seq }];
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    const { lotId: id, seq: at, by } = next;
    if (seen.has(`${id} ${at}`)) continue;
    seen.add(`${id} ${at}`);
    const reading = await readingAt(at, by);
    const opened = reading?.opened.find((lot) => lot.lotId === id);
    const touch = reading?.lots.find((lot) => lot.lotId === id && lot.effect.kind !== 'name');
    if (opened === undefined && touch === undefined) {
      const reason = `it says that ${id} was changed at ${at} before, but that fact does not concern it`;
      walked.faults.push({ seq: by, kind: 'trail-wrong-pointer', reason });
      continue;
    }
    walked.facts.add(at);
    walked.lots.add(id);
    for (const thing of reading!.things) walked.things.add(thing.id);
    if (touch !== undefined) wanted.push({ lotId: id, seq: touch.seq, by: at });
    for (const place of opened?.of ?? []) {
      const input = reading!.lots[place]!;
      wanted.push({ lotId: input.lotId, seq: input.seq, by: at });
    }
  }
  return walked;
};

const shapeOf = (entry: Entry, faults: TrailFault[]): Reading | null => {
  try {
    return readingOf(entry);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    faults.push({ seq: entry.seq, kind: 'trail-wrong-shape', reason: error.message });
    return null;
  }
};
