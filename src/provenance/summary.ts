import type { Source } from '../lots/sources.tables.ts';
import type { CustodyModel } from './custody-model.ts';
import { groupGrams, type ShareVector, total } from './shares.ts';

/** No figure about people is shown for fewer (domain, rule 8). */
export const FEWEST_PEOPLE = 5;

export type LotSummary = {
  grams: number;
  claimableGrams: number;
  custodyModel: CustodyModel;
  byOriginClass: { originClass: string; grams: number }[];
  bySite: { siteId: string; grams: number }[];
  byDay: { day: string; grams: number }[];
  sources: number;
  /** Null for fewer than five. */
  people: number | null;
  lossesOnTheWay: { kind: string; grams: number }[];
};

/** Every figure is a group-by of the vector, never a second rounding; each group's grams sum to the whole. */
export const batchSummary = (
  vector: ShareVector,
  sourceOf: (key: number) => Source,
  more: {
    claimableGrams: number;
    custodyModel: CustodyModel;
    people: number;
    losses: { kind: string; grams: number }[];
  },
): LotSummary => {
  const by = <Name extends string>(name: Name, classOf: (source: Source) => string) =>
    [...groupGrams(vector, (key) => classOf(sourceOf(key)))]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([value, grams]) => ({ [name]: value, grams }) as Record<Name, string> & { grams: number });
  return {
    grams: total(vector),
    claimableGrams: more.claimableGrams,
    custodyModel: more.custodyModel,
    byOriginClass: by('originClass', (s) => s.originClass),
    bySite: by('siteId', (s) => s.siteId),
    byDay: by('day', (s) => s.day),
    sources: vector.keys.length,
    people: more.people < FEWEST_PEOPLE ? null : more.people,
    lossesOnTheWay: more.losses,
  };
};
