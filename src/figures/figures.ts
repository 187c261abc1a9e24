import type { Bilingual } from '../ledger/fact.ts';
import type { Queryable } from '../ledger/store.ts';

/** A share of a whole, and the numbers beside it that tell how far it may be trusted; or numbers of several groups. */
export type Share = {
  numerator: number | null;
  denominator: number | null;
  counts: Record<string, number>;
  /** By group, such as a month: no group of fewer than five people. */
  items?: { of: string; values: Record<string, number> }[];
};

/** When the entry was recorded that a figure is read as of, in milliseconds, and where days are told. */
export type AsOf = { at: number; timeZone: string };

/**
 * A published figure is a named, versioned query that can be run again as of any ledger position (domain, "Rules that
 * hold always", 10). Another question, or another way to count, is another version. None is grouped by people.
 */
export type Figure = {
  name: string;
  version: number;
  title: Bilingual;
  /** What stands above and below the line, exactly. */
  definition: Bilingual;
  /** What it is about: none of these figures looks beyond the programme. */
  scope: Bilingual;
  read(db: Queryable, asOfSeq: number, as: AsOf): Promise<Share>;
};

export const PROGRAMME_SCOPE: Bilingual = { en: 'all sites of this programme', zh: '本项目全部站点' };

/** Basis points, rounded down; null where there is nothing to divide by. */
export const basisPointsOf = ({ numerator, denominator }: Share): number | null =>
  numerator === null || denominator === null || denominator === 0
    ? null
    : Number((BigInt(numerator) * 10_000n) / BigInt(denominator));
