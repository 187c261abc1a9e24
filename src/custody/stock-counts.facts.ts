import { z } from 'zod';
import { Day, Id, note, Seq, Time, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { countLosses, lossesKey } from '../lots/count-losses.tables.ts';
import { changeLot, openLot } from '../lots/lots.ts';
import { type SiteCount, sites } from '../registry/registry.tables.ts';
import { LoadLots } from '../supervision/cases.facts.ts';
import { type CountedItem, stockCounts } from './stock-counts.tables.ts';

const Item = z.strictObject({
  material: z.string(),
  form: z.string(),
  bookedGrams: TotalGrams,
  countedGrams: TotalGrams,
  /** The lots that lose the shortage, in ledger order. */
  lots: LoadLots,
  surplus: z.strictObject({ lotId: Id, grams: TotalGrams }).optional(),
});
const Counted = z.strictObject({
  countId: Id,
  siteId: Id,
  day: Day,
  /** The position whose stock it is compared with. */
  asOfSeq: Seq,
  items: z.array(Item),
});
const CountedPrivate = z.strictObject({
  keyId: Id,
  cutOffAt: Time,
  deviceId: Id.optional(),
  note: note(2_000).optional(),
});
export type CountedFact = z.infer<typeof Counted>;

/** What a loss found by counting is called. */
export const SHORTAGE = 'stock-shortage';

export const itemsOf = (items: CountedFact['items']): CountedItem[] =>
  items.map(({ material, form, bookedGrams, countedGrams, surplus }) => ({
    material,
    form,
    bookedGrams,
    countedGrams,
    shortageGrams: Math.max(0, bookedGrams - countedGrams),
    surplusGrams: surplus?.grams ?? 0,
    ...(surplus === undefined ? {} : { surplusLotId: surplus.lotId }),
  }));

type Kind = { material: string; form: string };
const isSame = (a: Kind, b: Kind): boolean => a.material === b.material && a.form === b.form;

/** The last count of each kind: the one with the later cut-off. */
const lastCounts = (known: readonly SiteCount[], counted: readonly SiteCount[]): SiteCount[] => {
  const isLater = (count: SiteCount, other: SiteCount | undefined): boolean =>
    other === undefined || Date.parse(count.cutOffAt) >= Date.parse(other.cutOffAt);
  const news = counted.filter((count) =>
    isLater(
      count,
      known.find((other) => isSame(count, other)),
    ),
  );
  return [...known.filter((other) => !news.some((count) => isSame(count, other))), ...news];
};

export const stockCounted: FactType<CountedFact, z.infer<typeof CountedPrivate>> = {
  type: 'stock.counted.v1',
  title: { en: 'Stock counted', zh: '库存盘点' },
  data: Counted,
  private: CountedPrivate,
  grams:
    'A shortage is a loss drawn over the lots of its kind; what exceeds the booked grams is a surplus lot of origin none.',
  fen: 'none',
  backPointers: ['items[].lots[].seq'],
  apply(world, { seq, data, private: { cutOffAt } }) {
    const site = world.get(sites, data.siteId)!;
    const { organisationId } = site;
    for (const [place, { material, form, lots, surplus }] of data.items.entries()) {
      for (const { lotId, bookedGrams, lossGrams } of lots)
        changeLot(world, lotId, seq, { grams: bookedGrams - lossGrams });
      if (lots.length > 0)
        world.put(countLosses, {
          key: lossesKey(data.countId, { material, form }),
          keptGrams: lots.reduce((kept, { bookedGrams, lossGrams }) => kept + bookedGrams - lossGrams, 0),
          askedGrams: 0,
          lots: lots.map(({ lotId, bookedGrams, lossGrams }) => ({ lotId, seq, bookedGrams, lossGrams })),
        });
      if (surplus !== undefined)
        openLot(world, {
          id: surplus.lotId,
          seq,
          place,
          kind: 'surplus',
          organisationId,
          siteId: data.siteId,
          material,
          form,
          originClass: 'none',
          grams: surplus.grams,
        });
    }
    const counted = data.items.map(({ material, form, surplus }) => ({
      material,
      form,
      countId: data.countId,
      seq,
      cutOffAt,
      surplusLotId: surplus?.lotId ?? null,
    }));
    world.put(sites, { ...site, counts: lastCounts(site.counts, counted) });
    world.put(stockCounts, {
      id: data.countId,
      seq,
      lastSeq: seq,
      organisationId,
      siteId: data.siteId,
      cutOffAt,
      items: itemsOf(data.items),
    });
  },
};

export const stockCountFacts = [stockCounted];
