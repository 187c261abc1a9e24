import { table } from '../db/table.ts';

/** A weigh-in that named a slip or a tag, as far as a second telling of it can be known by. */
export type SlippedWeighIn = {
  seq: number;
  collectionId: string;
  lotId: string;
  /** Typed in from paper, or told by the phone or scale itself. */
  medium: 'paper' | 'phone';
  /** The row of its slip number; null where it has only a tag. */
  slip: string | null;
  kind: string;
  grossGrams: number;
  tareGrams: number;
};

/** What stands under one slip number of a site, or under one bag tag of a site and day. */
export type Slip = { id: string; weighIns: SlippedWeighIn[] };
export const slips = table<Slip>('slips', 'id', { id: 'uuid', weighIns: 'json' });
