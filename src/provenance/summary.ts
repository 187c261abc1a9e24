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

const by = <Name extends string>(
  name: Name,
  vector: ShareVector,
  classOf: (key: number) => string,
): (Record<Name, string> & { grams: number })[] =>
  [...groupGrams(vector, classOf)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, grams]) => ({ [name]: value, grams }) as Record<Name, string> & { grams: number });

/** Grams by origin class: what a correction may change of a summary. */
export const originClasses = (vector: ShareVector, sourceOf: (key: number) => Source) =>
  by('originClass', vector, (key) => sourceOf(key).originClass);

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
  return {
    grams: total(vector),
    claimableGrams: more.claimableGrams,
    custodyModel: more.custodyModel,
    byOriginClass: originClasses(vector, sourceOf),
    bySite: by('siteId', vector, (key) => sourceOf(key).siteId),
    byDay: by('day', vector, (key) => sourceOf(key).day),
    sources: vector.keys.length,
    people: more.people < FEWEST_PEOPLE ? null : more.people,
    lossesOnTheWay: more.losses,
  };
};
