import { dayIn } from '../kernel/time.ts';
import type { Entry } from '../ledger/entry.ts';
import { groupGrams, type ShareVector, total } from '../provenance/shares.ts';
import { type Source, type Step, TrailAccount } from './account.ts';
import { readingOf, type TrailFault } from './facts.ts';
import { type ReadEntry, walkBack } from './walk.ts';

/** What a trail begins with: a lot, and the fact that made it. */
export type Start = { lotId: string; seq: number; batchId?: string; code?: string };

export type Trail = Start & {
  /** In the lot when it was made, and as far as the export goes. */
  grams: number;
  gramsNow: number;
  /** Facts on the way, earliest first, with what each did to the lots on the way. */
  steps: Step[];
  /** Facts about the same lots that came after they were used on this way. */
  later: number;
  /** Whose grams were in it, by the rule shares.v1. */
  shares: (Source & { grams: number })[];
  byOriginClass: { originClass: string; grams: number }[];
  bySite: { siteId: string; grams: number }[];
  byDay: { day: string; grams: number }[];
  lossesOnTheWay: { kind: string; grams: number }[];
  faults: TrailFault[];
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether `name` may name a batch or a lot: a batch's code of 16 characters, or an id. */
export const isName = (name: string): boolean => UUID.test(name) || /^[0-9A-Za-z]{16}$/.test(name);

/** The lot that `name` (a batch's code or id, or a lot's id) stands for, if this fact made it. */
export const startAt = (entry: Entry, name: string): Start | undefined => {
  const { seq, type, data } = entry;
  const { batchId, code, lotId } = data as { batchId?: string; code?: string; lotId: string };
  if (type === 'batch.sealed.v1' && [batchId, code, lotId].includes(name))
    return { lotId, seq, batchId: batchId!, code: code! };
  return readingOf(entry)?.opened.some((lot) => lot.lotId === name) ? { lotId: name, seq } : undefined;
};

/**
 * The whole way of a lot, from public parts alone: walked back by back-pointers, then told forwards, so that a fact that
 * was left out, a pointer that passes one over, and grams that do not add up are found.
 *
 * @param read an entry by its position
 * @param entries all of them, in order
 */
export const trailOf = async (
  start: Start,
  read: ReadEntry,
  entries: AsyncIterable<readonly Entry[]>,
): Promise<Trail> => {
  const { lotId, seq } = start;
  const founded = await read(0);
  const timeZone = String(founded?.data.timeZone ?? 'UTC');
  const walked = await walkBack(read, lotId, seq);
  const account = new TrailAccount(walked.lots, walked.things, (at) => dayIn(timeZone, Date.parse(at)));
  let made: { vector: ShareVector; losses: Map<string, number> } | undefined;
  for await (const batch of entries)
    for (const entry of batch) {
      account.feed(entry);
      if (entry.seq === seq) made = { vector: account.vectorOf(lotId), losses: account.lossesByKind() };
    }
  const { vector, losses } = made!;
  const sourceOf = (key: number): Source => account.sources.get(key)!;
  const by = <Name extends 'originClass' | 'siteId' | 'day'>(name: Name) =>
    [...groupGrams(vector, (key) => sourceOf(key)[name])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([value, grams]) => ({ [name]: value, grams }) as Record<Name, string> & { grams: number });
  const steps = account.steps.filter((step) => walked.facts.has(step.seq));
  return {
    ...start,
    grams: total(vector),
    gramsNow: total(account.vectorOf(lotId)),
    steps,
    later: account.steps.length - steps.length,
    shares: [...vector.keys].map((key, i) => ({ ...sourceOf(key), grams: vector.grams[i]! })),
    byOriginClass: by('originClass'),
    bySite: by('siteId'),
    byDay: by('day'),
    lossesOnTheWay: [...losses]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, grams]) => ({ kind, grams })),
    faults: merged(walked.faults, account.faults),
  };
};

/** Each once, the earliest position first. */
const merged = (...lists: readonly (readonly TrailFault[])[]): TrailFault[] => {
  const faults = new Map(lists.flat().map((fault) => [`${fault.seq} ${fault.kind} ${fault.reason}`, fault]));
  return [...faults.values()].sort((a, b) => a.seq - b.seq);
};
