import { unprocessable } from '../kernel/errors.ts';
import { inProportion } from '../kernel/money.ts';
import { CLAIMABLE_ORIGINS, isClaimableKind } from '../kernel/vocabulary.ts';
import type { Device, Site } from '../registry/registry.tables.ts';
import type { Price } from '../tariffs/price.ts';
import type { CollectionRequest } from './collection.schema.ts';

/** Grams of a counted piece, by material and form. Another figure is another version. */
export const GRAMS_PER_PIECE = {
  version: 'grams-per-piece.v1',
  grams: { 'pet bottle': 20, 'pe-hd bottle': 45, 'ps foam': 8 },
};

export type Weights = {
  grossGrams: number;
  tareGrams: number;
  /** Physically there: gross − tare. */
  grams: number;
  deductionGrams: number;
  /** The basis of the earning: grams − deductions. */
  payGrams: number;
};

/**
 * The three weights but the claimable one, all in grams (domain, "Three weights"). 422 where the tare or the
 * deductions leave nothing, where a count disagrees with its grams, or where no grams per piece are known.
 */
export const weigh = (c: CollectionRequest): Weights => {
  const grossGrams = c.basis === 'counted' ? countedGrams(c) : c.grossGrams!;
  const grams = grossGrams - c.tareGrams;
  if (grams < 1) throw unprocessable('no_grams', '/tareGrams', `must be less than the gross ${grossGrams} g`);
  const deductionGrams = (c.deductions ?? []).reduce((sum, d) => sum + d.grams, 0);
  if (deductionGrams > grams)
    throw unprocessable('over_deducted', '/deductions', `take off ${deductionGrams} g of only ${grams} g`);
  return { grossGrams, tareGrams: c.tareGrams, grams, deductionGrams, payGrams: grams - deductionGrams };
};

const countedGrams = (c: CollectionRequest): number => {
  const each = gramsPerPiece(c);
  if (each === undefined)
    throw unprocessable(
      'not_countable',
      '/basis',
      `${c.material} as ${c.form} has no grams per piece; weigh it`,
    );
  const grams = each * c.count!;
  if (c.grossGrams !== undefined && c.grossGrams !== grams)
    throw unprocessable(
      'count_disagrees',
      '/grossGrams',
      `${c.count} pieces of ${each} g are ${grams} g; leave it out`,
    );
  return grams;
};

export const gramsPerPiece = (c: { material: string; form: string }): number | undefined =>
  (GRAMS_PER_PIECE.grams as Record<string, number>)[`${c.material} ${c.form}`];

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** A phone's clock may run this far ahead. */
export const AHEAD_MS = 10 * MINUTE;
/** Offline for longer is accepted, and said. */
export const LATE_MS = 45 * DAY;
/** No phone of the programme is older: a clock before it was never set. */
const EPOCH_MS = Date.UTC(2020, 0, 1);

/** Whether a clock that says `collected` while it is `now` was never set, or runs ahead; both in milliseconds. */
const isClockDoubtful = (collected: number, now: number): boolean =>
  collected > now + AHEAD_MS || collected < EPOCH_MS;

/** The moment whose day a weigh-in belongs to: what a doubtful clock says would close or open another month. */
export const momentOf = (collectedAt: string, now: number): number => {
  const collected = Date.parse(collectedAt);
  return isClockDoubtful(collected, now) ? now : collected;
};

export type Circumstances = {
  now: number;
  site: Site;
  device: Device | undefined;
  unresolved: boolean;
  /** A slip or tag was told before, with other weights. */
  doubtfulTwin: boolean;
  attested: boolean | undefined;
  grossGrams: number;
};

/** What is doubtful about a weigh-in, in the order of the vocabulary. None of it refuses, and none touches pay. */
export const marksOf = (c: CollectionRequest, at: Circumstances): string[] => {
  const collected = Date.parse(c.collectedAt);
  const scale = at.device?.scale;
  const found: [string, boolean][] = [
    ['unresolved', at.unresolved],
    ['clock-doubtful', isClockDoubtful(collected, at.now)],
    ['late', collected >= EPOCH_MS && collected < at.now - LATE_MS],
    ['not-attested', at.attested === false],
    ['scale-expired', scale?.validUntil !== undefined && Date.parse(scale.validUntil) + DAY <= collected],
    ['site-closed', at.site.state === 'closed'],
    ['device-closed', at.device?.state === 'closed'],
    ['beyond-scale', scale != null && (at.grossGrams > scale.maxGrams || at.grossGrams < scale.minGrams)],
    ['origin-none', CLAIMABLE_ORIGINS.includes(c.originClass) && c.originEvidence === 'none'],
    ['estimated', c.basis === 'estimated'],
    ['paper', c.paper !== undefined],
    ['possible-duplicate', at.doubtfulTwin],
  ];
  return found.filter(([, holds]) => holds).map(([mark]) => mark);
};

/** Marks that say when, not whether: they leave the claim alone. */
const HARMLESS: readonly string[] = ['late'];

/**
 * Claimable grams at the weigh-in: grams − deductions, when the origin class is an accepted one, the material no
 * mixture, it was weighed, and no mark is open; else 0.
 */
export const claimableGrams = (c: CollectionRequest, weights: Weights, marks: readonly string[]): number => {
  const accepted = CLAIMABLE_ORIGINS.includes(c.originClass) && isClaimableKind(c);
  return accepted && c.basis === 'weighed' && marks.every((m) => HARMLESS.includes(m)) ? weights.payGrams : 0;
};

/** What a price makes of grams or pieces, in minor units, half up; exact beyond 2^53. */
export const priced = (price: Price, payGrams: number, count: number | undefined): number => {
  const [amount, per] =
    price.perGrams !== undefined ? [payGrams, price.perGrams] : [count ?? 0, price.perPiece!];
  return inProportion(price.amount, amount, per);
};
