import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type Lot, lots } from '../lots/lots.tables.ts';
import { MAX_INPUTS, sumGrams } from '../lots/lots.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { sites } from '../registry/registry.tables.ts';
import { decisionLots } from '../supervision/cases.ts';
import { itemsOf, stockCounted } from './stock-counts.facts.ts';
import type { StockCountRequest } from './stock-counts.schema.ts';
import type { CountedItem } from './stock-counts.tables.ts';

/** Who counts stock. */
export const COUNTERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

/** What stood at the site as the ledger was at `asOfSeq`, read before the door: ids by kind, in ledger order. */
export type Prepared = { asOfSeq: number; lotIds: ReadonlyMap<string, readonly string[]> };

export const kindOf = ({ material, form }: { material: string; form: string }): string =>
  `${material} ${form}`;

export type CountInput = StockCountRequest & { siteId: string; prepared: Prepared };
export type CountAnswer = { id: string; asOfSeq: number; items: CountedItem[] };

/** How far a clock at the site may run ahead of ours. */
const AHEAD_MS = 10 * 60_000;

/** The lots as they were read; 409 `stock_moved` when one of them changed since, and the caller reads again. */
const standing = (world: World, ids: readonly string[], asOfSeq: number): Lot[] => {
  world.need(lots, ids);
  return ids.map((id) => {
    const lot = world.get(lots, id)!;
    if (lot.lastSeq > asOfSeq)
      throw conflict('stock_moved', 'The stock moved while it was compared; count again.', {
        lotId: id,
        seq: lot.lastSeq,
      });
    return lot;
  });
};

/** @param programme in whose time zone days are told, and whose operator stands for natural persons */
export const stockCountOperation = (programme: {
  timeZone: string;
  operatorId: string;
}): Operation<CountInput, CountAnswer> => ({
  name: 'stock.count',
  roles: COUNTERS,
  status: 201,
  decide(world, { siteId, prepared, items, cutOffAt, deviceId, note }, { caller, id, now, newId }) {
    const site = world.get(sites, siteId);
    if (site === undefined || !mayReach(caller, site.organisationId, site.id)) throw notFound('site');
    if (Date.parse(cutOffAt) > now + AHEAD_MS)
      throw unprocessable('not_yet_counted', '/cutOffAt', 'must not lie in the future');
    const { asOfSeq, lotIds } = prepared;
    const counted = items.map(({ material, form, countedGrams }, i) => {
      const held = standing(world, lotIds.get(kindOf({ material, form })) ?? [], asOfSeq);
      const bookedGrams = sumGrams(held);
      const shortage = Math.max(0, bookedGrams - countedGrams);
      if (shortage > 0 && held.length > MAX_INPUTS)
        throw unprocessable(
          'too_many_lots',
          `/items/${i}`,
          `its shortage falls on ${held.length} lots; consolidate them to at most ${MAX_INPUTS} first`,
        );
      const losing = decisionLots(
        held.map(({ id: lotId, lastSeq: seq, grams }) => ({ lotId, seq, grams })),
        shortage,
      ).filter(({ lossGrams }) => lossGrams > 0);
      const surplus = Math.max(0, countedGrams - bookedGrams);
      return {
        material,
        form,
        bookedGrams,
        countedGrams,
        lots: losing,
        ...(surplus === 0 ? {} : { surplus: { lotId: newId(), grams: surplus } }),
      };
    });
    return draft({
      type: stockCounted,
      ...actorOf(world, caller, programme),
      data: {
        countId: id,
        siteId,
        day: dayIn(programme.timeZone, Date.parse(cutOffAt)),
        asOfSeq,
        items: counted,
      },
      private: {
        keyId: caller.keyId,
        cutOffAt,
        ...(deviceId === undefined ? {} : { deviceId }),
        ...(note === undefined ? {} : { note }),
      },
    });
  },
  answer: ({ data }) => ({ id: data.countId, asOfSeq: data.asOfSeq, items: itemsOf(data.items) }),
});
