import { unprocessable } from '../kernel/errors.ts';
import { MAX_WEIGHING_GRAMS } from '../kernel/values.ts';
import type { Capability } from '../registry/registry.tables.ts';

/**
 * Defaults, as versioned data. Densities and hours are configuration; a year in store at most is the solid waste law
 * (固废法) art. 81 for hazardous waste. A site may set shorter or longer days, a reception its own density.
 */
export const POLLUTANT_DEFAULTS = {
  version: 'pollutants.v1',
  gramsPerLitre: { 'oily-water': 1_000, sewage: 1_000, 'waste-oil': 900 } as Record<string, number>,
  storageDays: {
    'oily-water': 365,
    'waste-oil': 365,
    'lead-acid-battery': 365,
    'hazardous-other': 365,
  } as Record<string, number>,
  /** After so long without an answer a declaration is unanswered, though its window may be longer. */
  answerHours: 24,
} as const;

export type Amount = {
  material: string;
  grams?: number | undefined;
  millilitres?: number | undefined;
  gramsPerLitre?: number | undefined;
  count?: number | undefined;
};

/** Where a figure is from: a scale or meter, or a density. */
export type From = 'measured' | 'computed';

export type Measured = {
  material: string;
  grams: number;
  gramsFrom: From;
  /** Null for what is not told by volume. */
  millilitres: number | null;
  millilitresFrom: From | null;
  /** The density that computed one from the other, and whether it was given or is the default of a version. */
  density: { gramsPerLitre: number; from: string } | null;
  count: number | null;
};

const densityOf = ({ material, gramsPerLitre }: Amount): Measured['density'] => {
  if (gramsPerLitre !== undefined) return { gramsPerLitre, from: 'given' };
  const known = POLLUTANT_DEFAULTS.gramsPerLitre[material];
  return known === undefined ? null : { gramsPerLitre: known, from: POLLUTANT_DEFAULTS.version };
};

/** ⌊(a × b + c / 2) / c⌋: the nearest whole, half up. The product may pass 2^53. */
const timesOver = (a: number, b: number, c: number): number =>
  Number((BigInt(a) * BigInt(b) + BigInt(Math.floor(c / 2))) / BigInt(c));

/**
 * Grams and millilitres of what was measured by scale, meter or both: what is missing is computed with the density,
 * half up, and said to be. 422 `no_amount` for neither or nothing, `no_density` for a volume of what has no default,
 * `too_much` beyond what one load can be.
 */
export const measure = (amount: Amount, pointer: string): Measured => {
  const { material, grams, millilitres, count = null } = amount;
  if (grams === undefined && millilitres === undefined)
    throw unprocessable('no_amount', pointer, 'say grams, millilitres, or both');
  const density = densityOf(amount);
  if (grams !== undefined && millilitres !== undefined)
    return {
      material,
      grams,
      gramsFrom: 'measured',
      millilitres,
      millilitresFrom: 'measured',
      density: null,
      count,
    };
  if (grams !== undefined) {
    const computed = density === null ? null : timesOver(grams, 1_000, density.gramsPerLitre);
    const millilitresFrom = computed === null ? null : 'computed';
    return {
      material,
      grams,
      gramsFrom: 'measured',
      millilitres: computed,
      millilitresFrom,
      density,
      count,
    };
  }
  if (density === null)
    throw unprocessable(
      'no_density',
      `${pointer}/gramsPerLitre`,
      `${material} has no default density; weigh it, or say gramsPerLitre`,
    );
  const computed = timesOver(millilitres!, density.gramsPerLitre, 1_000);
  if (computed === 0) throw unprocessable('no_amount', pointer, 'comes to less than a gram');
  if (computed > MAX_WEIGHING_GRAMS)
    throw unprocessable('too_much', pointer, `is more than one load can be; check the unit, millilitres`);
  return {
    material,
    grams: computed,
    gramsFrom: 'computed',
    millilitres: millilitres!,
    millilitresFrom: 'measured',
    density,
    count,
  };
};

/** 422 `repeated_material` where one material is named twice: one item each, so that each has one balance. */
export const assertDistinct = (items: readonly { material: string }[], pointer: string): void => {
  const seen = new Set<string>();
  for (const [i, { material }] of items.entries()) {
    if (seen.has(material))
      throw unprocessable(
        'repeated_material',
        `${pointer}/${i}/material`,
        `${material} is named twice; add its amounts up`,
      );
    seen.add(material);
  }
};

/**
 * What is wrong with a site's permission for a material on a day: its list of capabilities names the material, or
 * `pollutants` for all of them, with a licence that is still valid. Garbage needs no licence. What a vessel brought is
 * there all the same, so it is received and marked (domain rule 3).
 */
export const licenceMark = (
  capabilities: readonly Capability[],
  material: string,
  day: string,
): string | null => {
  const named = capabilities.filter(({ name }) => name === material || name === 'pollutants');
  if (named.length === 0) return 'no-capability';
  if (material === 'mixed-debris') return null;
  const licensed = named.filter(({ licence }) => licence !== undefined);
  if (licensed.length === 0) return 'no-licence';
  const valid = licensed.some(({ validUntil }) => validUntil === undefined || validUntil >= day);
  return valid ? null : 'licence-expired';
};

/** `days` after a day, `YYYY-MM-DD`. */
export const daysAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** The last day it may stand in store; null where nothing limits it. */
export const storeUntil = (
  own: Readonly<Record<string, number>>,
  material: string,
  day: string,
): string | null => {
  const days = own[material] ?? POLLUTANT_DEFAULTS.storageDays[material];
  return days === undefined ? null : daysAfter(day, days);
};

/** A printable note number: `WL-2026-000123`. */
export const noteNumber = (prefix: string, year: number, running: number): string =>
  `${prefix}-${year}-${String(running).padStart(6, '0')}`;

export type Call = {
  state: 'declared' | 'accepted' | 'received' | 'refused' | 'cancelled';
  /** RFC 3339. */
  wantedUntil: string;
  answerDueAt: string;
  eta: string | null;
};

/**
 * The state of a declaration at a moment, in milliseconds: that nobody answered, or that whoever accepted did not come,
 * follows from the clock and is a state like the others.
 */
export const stateAt = ({ state, wantedUntil, answerDueAt, eta }: Call, now: number): string => {
  if (state === 'declared' && now >= Date.parse(answerDueAt)) return 'unanswered';
  const awaited = Math.max(Date.parse(wantedUntil), eta === null ? 0 : Date.parse(eta));
  if (state === 'accepted' && now >= awaited) return 'not-collected';
  return state;
};
