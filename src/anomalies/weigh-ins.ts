import { gramsPerPiece } from '../collection/collection.ts';
import { NIL } from '../kernel/ids.ts';
import type { Position } from '../kernel/values.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { TallyScope } from './anomalies.tables.ts';
import { metresBetween } from './distance.ts';
import type { Found } from './findings.facts.ts';
import type { Memory } from './memory.ts';
import type { RuleCode } from './rules.ts';
import {
  checkWeightMissing,
  deliveriesPerDay,
  dryYield,
  duplicateEvidence,
  type Figures,
  farFromSite,
  personHour,
  pieceMass,
} from './tests.ts';

type Place = { collectedAt?: string; location?: Position; evidence?: string[] };

/** People named and not erased, in the order of the weigh-in. */
const named = ({ people }: AnyFact) => people.flatMap((person) => (person === null ? [] : [person]));

/** When, where and on what evidence: in the people's parts, else in the private part. */
const placesOf = (fact: AnyFact): { personId: string | null; place: Place }[] =>
  fact.people.length === 0
    ? [{ personId: null, place: fact.private }]
    : named(fact).map(({ personId, part }) => ({ personId, place: part }));

export const evidenceOf = (fact: AnyFact): string[] =>
  placesOf(fact).flatMap(({ place }) => place.evidence ?? []);

const monthOf = (day: string): string => day.slice(0, 7);

type Key = { scope: TallyScope; subject: string; part: string; period: string };

/** The sums a weigh-in adds to, by the rules that may look at it. */
export const talliesOf = (memory: Memory, fact: AnyFact): Key[] => {
  const { seq, data } = fact;
  const { day, siteId } = data;
  const keys: Key[] = [];
  if (memory.anyInForce(seq, 'person-hour', 'deliveries-per-day'))
    for (const { personId } of named(fact))
      keys.push({ scope: 'person-day', subject: personId, part: NIL, period: day });
  if (memory.anyInForce(seq, 'dry-yield')) {
    const period = monthOf(day);
    keys.push(
      { scope: 'keeper-month', subject: siteId, part: fact.private.keyId, period },
      { scope: 'site-month', subject: siteId, part: NIL, period },
    );
  }
  return keys;
};

/** What a rule knows beside the ledger's facts: where the site stands, when the scale last passed a check weight. */
export type Surroundings = {
  locationOf: (siteId: string) => Position | undefined;
  /** Whole days from the last check weight that passed to the day; null: none; undefined: the device has no scale. */
  checkAge: (deviceId: string, day: string, seq: number) => number | null | undefined;
};

/** Rules about one weigh-in alone, and about what its people brought that day. */
export const markHits = (memory: Memory, fact: AnyFact, around: Surroundings): Found[] => {
  const hits: Found[] = [];
  const { seq, data, private: more } = fact;
  const tryRule = (
    rule: RuleCode,
    test: (inForce: NonNullable<ReturnType<Memory['inForce']>>) => Figures,
  ) => {
    const inForce = memory.inForce(rule, seq, data.siteId);
    const figures = inForce === null ? null : test(inForce);
    if (figures !== null && !hits.some((hit) => hit.rule === rule))
      hits.push({ rule, version: inForce!.version, figures });
  };
  const grams = data.grossGrams - data.tareGrams;
  const each = gramsPerPiece(data);
  if (more.count !== undefined && each !== undefined && data.basis === 'weighed')
    tryRule('piece-mass', (rule) => pieceMass(rule, { grams, count: more.count, each }));
  for (const { personId, place } of placesOf(fact)) {
    if (personId !== null) personRules(memory, fact, personId, place, tryRule);
    const { location } = place;
    const site = around.locationOf(data.siteId);
    // A track and a declared place tell where it was found, not where it was weighed.
    if (location !== undefined && site !== undefined && (location.method ?? 'gps') === 'gps')
      tryRule('far-from-site', (rule) =>
        farFromSite(rule, metresBetween(location, site), (location.accuracyM ?? 0) + (site.accuracyM ?? 0)),
      );
    evidenceRule(memory, fact, personId, place, tryRule);
  }
  if (more.deviceId !== undefined && data.basis === 'weighed') {
    const age = around.checkAge(more.deviceId, data.day, seq);
    if (age !== undefined) tryRule('check-weight-missing', (rule) => checkWeightMissing(rule, age));
  }
  return hits;
};

type TryRule = (
  rule: RuleCode,
  test: (inForce: { version: number; parameters: Readonly<Record<string, number>> }) => Figures,
) => void;

/** Several people share the grams in equal parts: the share of somebody erased cannot be told any more. */
const personRules = (
  memory: Memory,
  fact: AnyFact,
  personId: string,
  place: Place,
  tryRule: TryRule,
): void => {
  const { seq, data, people } = fact;
  if (!memory.anyInForce(seq, 'person-hour', 'deliveries-per-day')) return;
  const grams = Math.floor((data.grossGrams - data.tareGrams) / people.length);
  const at = Date.parse(place.collectedAt!);
  const row = memory.add('person-day', personId, NIL, data.day, { grams, against: 0, at });
  tryRule('deliveries-per-day', (rule) => deliveriesPerDay(rule, row.count));
  tryRule('person-hour', (rule) =>
    personHour(rule, { grams: row.grams, firstAt: row.firstAt!, lastAt: row.lastAt! }),
  );
};

const evidenceRule = (
  memory: Memory,
  { seq }: AnyFact,
  personId: string | null,
  { evidence = [] }: Place,
  tryRule: TryRule,
): void => {
  if (!memory.anyInForce(seq, 'duplicate-evidence')) return;
  const earlier = new Set(evidence.flatMap((hash) => memory.earlierUses(hash, seq)));
  for (const hash of new Set(evidence)) memory.show(hash, personId, seq);
  tryRule('duplicate-evidence', (rule) => duplicateEvidence(rule, earlier.size));
};

/** The keeper's sums of the month against the others' at the station; null while they agree, or once a case is open. */
export const keeperHit = (memory: Memory, { seq, data, private: more }: AnyFact): Found | null => {
  if (!memory.anyInForce(seq, 'dry-yield')) return null;
  const period = monthOf(data.day);
  const weighed = { grams: data.grossGrams - data.tareGrams, against: data.payGrams };
  const own = memory.add('keeper-month', data.siteId, more.keyId, period, weighed);
  const station = memory.add('site-month', data.siteId, NIL, period, weighed);
  const inForce = memory.inForce('dry-yield', seq, data.siteId);
  const figures = inForce === null ? null : dryYield(inForce, own, station);
  if (figures === null || !memory.flag(own, inForce!.version)) return null;
  return { rule: 'dry-yield', version: inForce!.version, figures };
};
