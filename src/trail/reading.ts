import type { AnyFactType, FactType } from '../ledger/fact.ts';

/** Where a lot is as far as the public part says: a buyer's site is private. */
export type Place = `site ${string}` | `shipment ${string}` | 'a buyer';
export const atSite = (siteId: string): Place => `site ${siteId}`;
export const inLoad = (shipmentId: string): Place => `shipment ${shipmentId}`;

/** What a fact does to a lot it names. */
export type Effect =
  | { kind: 'take'; grams: number }
  | { kind: 'lose'; grams: number; loss: string }
  | { kind: 'give'; grams: number; takenBy: number }
  /** A weigh-in says other grams of its own lot. */
  | { kind: 'correct'; grams: number }
  | { kind: 'empty' }
  /** It moves, is held, sampled or put into a container: no gram changes. */
  | { kind: 'note' }
  /** It is only named: the next fact points past this one. */
  | { kind: 'name' };

export type LotTouch = {
  lotId: string;
  /** The last fact that changed the lot, as this one says. */
  seq: number;
  effect: Effect;
  /** All it held before, where the fact says so. */
  held?: number;
  /** Where it must have been, one of these; and where it is then: `back` where it was before it left. */
  from?: readonly Place[];
  to?: Place | 'back';
};

/** A lot that begins with the fact: a source, or made of the lots `of` (places in `lots`). */
export type Opened = {
  lotId: string;
  place: number;
  grams: number;
  /** Absent where the fact leaves it as it was: a part of a lot. */
  material?: string;
  form?: string;
  at: Place;
  of?: readonly number[];
  /** Of a weigh-in or outside material: what counts of it beside its grams. */
  siteId?: string;
  day?: string;
  originClass?: string;
  kind?: 'weigh-in' | 'outside' | 'surplus';
};

/** Any other thing a fact names: a shipment, run, batch, sale, case, site … */
export type ThingTouch = {
  id: string;
  /** Absent where it begins here. */
  seq?: number | undefined;
  changes: boolean;
};

/** Two sums that are one. */
export type Sum = { what: string; left: number; right: number };

export type Reading = {
  lots: LotTouch[];
  opened: Opened[];
  things: ThingTouch[];
  sums: Sum[];
  /** Facts that this one undoes or is about, each of which must have named one of the things or lots. */
  undoes?: { seq: number; id: string }[];
  /** A run: outputs draw on what can be in them, then losses. Else what was lost goes first. */
  isRun?: boolean;
  losses?: readonly { kind: string; grams: number }[];
  /** The lot of a buyer: what is made of it changes its sale, whose id is not public there. */
  sale?: { id?: string; lotId: string };
  /** A weigh-in that is another origin class from here on. */
  reclassified?: { lotId: string; originClass: string };
};

export type Reader = { type: AnyFactType; read(data: object, seq: number): Partial<Reading> };

/** Ties a reader to the shape of the public part it reads. */
export const reader = <Data extends object>(
  // biome-ignore lint/suspicious/noExplicitAny: the private part is not read
  type: FactType<Data, any>,
  read: (data: Data, seq: number) => Partial<Reading>,
): Reader => ({ type, read: read as Reader['read'] });

export const total = (items: readonly { grams: number }[]): number =>
  items.reduce((sum, { grams }) => sum + grams, 0);

type Use = { lotId: string; seq: number; grams: number };

export const take = ({ lotId, seq, grams }: Use, from?: readonly Place[]): LotTouch => ({
  lotId,
  seq,
  effect: { kind: 'take', grams },
  ...(from === undefined ? {} : { from }),
});

export const give = ({ lotId, seq, grams }: Use, takenBy: number): LotTouch => ({
  lotId,
  seq,
  effect: { kind: 'give', grams, takenBy },
});

type Load = { lotId: string; seq: number; bookedGrams: number; lossGrams: number };

/** A lot of a load, of a count or of a case, with its part of the loss. */
export const lose = ({ lotId, seq, bookedGrams: held, lossGrams: grams }: Load, loss: string): LotTouch => ({
  lotId,
  seq,
  held,
  effect: { kind: 'lose', grams, loss },
});

/** The lot begins to be something else, or elsewhere; its grams stay. */
export const note = (
  { lotId, seq }: { lotId: string; seq: number },
  more: Partial<LotTouch> = {},
): LotTouch => ({
  lotId,
  seq,
  effect: { kind: 'note' },
  ...more,
});
