import { z } from 'zod';
import { conflict } from '../kernel/errors.ts';
import { Day, Seq, TotalGrams } from '../kernel/values.ts';
import type { World } from '../ledger/world.ts';
import {
  type PollutantStock,
  type PostingKind,
  pollutantPostings,
  pollutantStocks,
} from './pollutants.tables.ts';

export const Millilitres = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .meta({ description: 'Millilitres, a whole number.' });

/** What a fact takes from a stock, naming the last fact that changed it. */
export const StockUse = z.strictObject({
  material: z.string(),
  grams: TotalGrams.min(1),
  millilitres: Millilitres,
  seq: Seq,
});
export type StockUse = z.infer<typeof StockUse>;

/** What a fact adds to a stock. */
export const StockGain = z.strictObject({
  material: z.string(),
  grams: TotalGrams.min(1),
  millilitres: Millilitres,
  /** The last day it may stand there. */
  storeUntil: z.iso.date().optional(),
});
export type StockGain = z.infer<typeof StockGain>;

const From = z.enum(['measured', 'computed']);
/** What came of a material, and which figure of it was measured. */
export const ReceivedItem = z.strictObject({
  material: z.string(),
  grams: TotalGrams.min(1),
  gramsFrom: From,
  millilitres: Millilitres.optional(),
  millilitresFrom: From.optional(),
  /** That computed the one from the other; `from` is `given`, or the version of the defaults. */
  density: z.strictObject({ gramsPerLitre: z.int(), from: z.string() }).optional(),
  /** Pieces, such as batteries. */
  count: z.int().min(1).optional(),
  /** The last day it may stand in store. */
  storeUntil: Day.optional(),
  mark: z.string().optional(),
  /** The last fact that changed the stock it joins, where there was any. */
  seq: Seq.optional(),
});
export type ReceivedItem = z.infer<typeof ReceivedItem>;

const EMPTY = { inGrams: 0, outGrams: 0, inMillilitres: 0, outMillilitres: 0, lastSeq: -1 };

export const stockOf = (world: World, siteId: string, material: string): PollutantStock => {
  const key = `${siteId}:${material}`;
  return world.get(pollutantStocks, key) ?? { key, siteId, material, ...EMPTY };
};

/**
 * Grams taken from what stands there, all of it unless said, with millilitres in proportion, rounded down; the last
 * gram takes the last millilitre. 409 `not_enough` with what is left.
 */
export const usableStock = (
  world: World,
  siteId: string,
  asked: { material: string; grams?: number | undefined },
): StockUse => {
  const { material } = asked;
  const stock = stockOf(world, siteId, material);
  const left = stock.inGrams - stock.outGrams;
  const grams = asked.grams ?? left;
  if (grams > left || left === 0)
    throw conflict('not_enough', `Of ${material} there are ${left} g left here.`, { material, grams: left });
  const millilitres = Number(
    (BigInt(stock.inMillilitres - stock.outMillilitres) * BigInt(grams)) / BigInt(left),
  );
  return { material, grams, millilitres, seq: stock.lastSeq };
};

/** Adds to a site's stock; called by `apply` alone. */
export const gainStock = (
  world: World,
  seq: number,
  siteId: string,
  gain: StockGain,
  kind: PostingKind,
  day: string,
): void => {
  const stock = stockOf(world, siteId, gain.material);
  post(
    world,
    {
      ...stock,
      inGrams: stock.inGrams + gain.grams,
      inMillilitres: stock.inMillilitres + gain.millilitres,
      lastSeq: seq,
    },
    gain,
    kind,
    day,
  );
};

/** Takes from a site's stock; called by `apply` alone. */
export const takeStock = (
  world: World,
  seq: number,
  siteId: string,
  use: StockUse,
  kind: PostingKind,
  day: string,
  reverses: number | null = null,
): void => {
  const stock = stockOf(world, siteId, use.material);
  post(
    world,
    {
      ...stock,
      outGrams: stock.outGrams + use.grams,
      outMillilitres: stock.outMillilitres + use.millilitres,
      lastSeq: seq,
    },
    use,
    kind,
    day,
    reverses,
  );
};

const post = (
  world: World,
  stock: PollutantStock,
  moved: { grams: number; millilitres: number; storeUntil?: string | undefined },
  kind: PostingKind,
  day: string,
  reverses: number | null = null,
): void => {
  world.put(pollutantStocks, stock);
  const { key: _, lastSeq: seq, ...totals } = stock;
  const { grams, millilitres, storeUntil = null } = moved;
  world.add(pollutantPostings, { ...totals, seq, kind, day, storeUntil, reverses, grams, millilitres });
};
