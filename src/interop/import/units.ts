/** What reading one cell gives: a value, or the reason a person can act on. */
export type Reading<T> = { ok: true; value: T } | { ok: false; reason: string };

/** value × numerator / denominator, kept as two integers so that no unit is ever a binary fraction. */
export type Factor = { numerator: bigint; denominator: bigint };

/** Grams in one of each unit, exact by definition (1 short ton = 2,000 lb = 907,184.74 g). */
export const gramsPerUnit = {
  g: { numerator: 1n, denominator: 1n },
  kg: { numerator: 1_000n, denominator: 1n },
  t: { numerator: 1_000_000n, denominator: 1n },
  'short-ton': { numerator: 90_718_474n, denominator: 100n },
  lb: { numerator: 45_359_237n, denominator: 100_000n },
} as const satisfies Record<string, Factor>;

export type MassUnit = keyof typeof gramsPerUnit;

export const massUnits = Object.keys(gramsPerUnit) as MassUnit[];

/** A degree in the 10⁻⁷ degree steps of `latE7` and `lonE7`. */
export const e7PerDegree: Factor = { numerator: 10_000_000n, denominator: 1n };

export const one: Factor = { numerator: 1n, denominator: 1n };

const decimal = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;
const grouped = /^[+-]?\d[\d.]*(?:[,'’_٬，\s][\d.]+)+$/u;
const longestText = 100;

/**
 * Converts decimal text to integer grams, to the nearest gram, half up, without ever passing through a
 * binary fraction: `3.4499999999999997` short tons are 3129787 g.
 * Refuses what is negative, grouped by thousands, not a decimal number or beyond 2^53 − 1 g.
 */
export function toGrams(text: string, unit: MassUnit): Reading<number> {
  return toInteger(text, { factor: gramsPerUnit[unit] });
}

/**
 * Converts decimal text × `factor` to an integer within ±(2^53 − 1): the nearest one, half up (towards +∞).
 * `whole` refuses instead of rounding, for things that are counted; `signed` lets negative numbers through.
 */
export function toInteger(
  text: string,
  how: { factor?: Factor; signed?: boolean; whole?: boolean },
): Reading<number> {
  const match = text.length <= longestText ? decimal.exec(text) : null;
  if (match === null) return { ok: false, reason: notDecimal(text) };
  const [, sign, integer = '', fraction = match[4] ?? '', , exponentText = '0'] = match;
  if (sign === '-' && !how.signed) return { ok: false, reason: `${quoted(text)} is negative` };

  // Beyond ±500 at most 100 digits are far out of range or far below a half, whatever the exact exponent.
  const exponent = Math.max(-500, Math.min(500, Number(exponentText))) - fraction.length;
  const { numerator, denominator } = how.factor ?? one;
  const magnitude = BigInt(integer + fraction) * numerator * 10n ** BigInt(Math.max(0, exponent));
  const divisor = denominator * 10n ** BigInt(Math.max(0, -exponent));
  const dividend = sign === '-' ? -magnitude : magnitude;

  if (how.whole && dividend % divisor !== 0n) {
    return { ok: false, reason: `${quoted(text)} is not a whole number` };
  }
  const rounded = floorDivide(2n * dividend + divisor, 2n * divisor);
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  if (rounded > largest || rounded < -largest) {
    return { ok: false, reason: `${quoted(text)} is beyond what an integer of 2^53 − 1 can hold` };
  }
  return { ok: true, value: Number(rounded) };
}

/** The text in quotes, cut where a reason would become unreadable. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function notDecimal(text: string): string {
  if (text.length > longestText) return `${quoted(text)} is too long for a number`;
  if (grouped.test(text)) {
    return `${quoted(text)} has a thousands separator or a decimal comma; write it as 1234.5`;
  }
  return `${quoted(text)} is not a decimal number`;
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}
