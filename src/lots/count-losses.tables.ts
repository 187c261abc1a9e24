import { table } from '../db/table.ts';

/** A lot in the pool of a shortage: its grams before it lost any, what it lost, and the fact that drew that last. */
export type CountLoss = { lotId: string; seq: number; bookedGrams: number; lossGrams: number };

/** The shortage of one kind of material in one count, as it is spread by now. */
export type CountLosses = {
  /** Count, material and form. */
  key: string;
  /** What the lots of the pool together kept: the count found that, whatever comes in late. */
  keptGrams: number;
  /** What could not be drawn, since it was used already, and stands in cases. */
  askedGrams: number;
  lots: CountLoss[];
};
export const countLosses = table<CountLosses>('count_losses', 'key', {
  key: 'text',
  keptGrams: 'int8',
  askedGrams: 'int8',
  lots: 'json',
});

export const lossesKey = (countId: string, { material, form }: { material: string; form: string }): string =>
  `${countId} ${material} ${form}`;
