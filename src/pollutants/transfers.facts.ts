import { z } from 'zod';
import { Day, Id, note, Seq, Time, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { sites } from '../registry/registry.tables.ts';
import { openCase } from '../supervision/open-case.ts';
import { gainStock, ReceivedItem, StockUse, takeStock } from './stock.ts';
import { transfers } from './transfers.tables.ts';

const Sent = z.strictObject({ siteId: Id, toSiteId: Id, day: Day, items: z.array(StockUse) });
const SentPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  manifest: text(120).optional(),
  carrier: text(200).optional(),
  vehicle: text(80).optional(),
  dispatchedAt: Time,
  note: note(2_000).optional(),
});

export const pollutantsSent: FactType<z.infer<typeof Sent>, z.infer<typeof SentPrivate>> = {
  type: 'pollutants.sent.v1',
  title: { en: 'Pollutants sent to another site', zh: '污染物转移发出' },
  data: Sent,
  private: SentPrivate,
  grams: 'Taken from the site’s stock; on the way until they arrive.',
  fen: 'none',
  backPointers: ['items[].seq'],
  apply(world, { seq, data, private: more }) {
    for (const use of data.items) takeStock(world, seq, data.siteId, use, 'sent', data.day);
    world.put(transfers, {
      id: more.id,
      seq,
      lastSeq: seq,
      organisationId: world.get(sites, data.siteId)!.organisationId,
      siteId: data.siteId,
      toOrganisationId: world.get(sites, data.toSiteId)!.organisationId,
      toSiteId: data.toSiteId,
      state: 'on-the-way',
      items: data.items.map(({ material, grams, millilitres }) => ({
        material,
        grams,
        millilitres,
        arrivedGrams: null,
        lostGrams: null,
        surplusGrams: null,
      })),
      manifest: more.manifest ?? null,
      carrier: more.carrier ?? null,
      vehicle: more.vehicle ?? null,
      dispatchedAt: more.dispatchedAt,
      arrivedAt: null,
      note: more.note ?? null,
    });
  },
};

/** What was booked of a material, and what is there of it; `grams` may be none. */
const ArrivedItem = ReceivedItem.extend({
  grams: TotalGrams,
  bookedGrams: TotalGrams.min(1),
  lostGrams: TotalGrams,
  surplusGrams: TotalGrams,
});
export type ArrivedItem = z.infer<typeof ArrivedItem>;
const Arrived = z.strictObject({
  siteId: Id,
  day: Day,
  /** The fact that sent it. */
  sent: Seq,
  items: z.array(ArrivedItem),
  /** Grams missing or too many of what is beyond the tolerance of the site, as its settings were then. */
  case: z.strictObject({ caseId: Id, siteSeq: Seq, grams: TotalGrams.min(1) }).optional(),
});
const ArrivedPrivate = z.strictObject({
  keyId: Id,
  transferId: Id,
  arrivedAt: Time,
  /** Those who profit, and may not decide the case. */
  organisationIds: z.array(Id).optional(),
  note: note(2_000).optional(),
});

export const pollutantsArrived: FactType<z.infer<typeof Arrived>, z.infer<typeof ArrivedPrivate>> = {
  type: 'pollutants.arrived.v1',
  title: { en: 'Pollutants arrived from another site', zh: '污染物转移到达' },
  data: Arrived,
  private: ArrivedPrivate,
  grams:
    'What was measured is added to the site’s stock; what is missing of what was sent is lost, what is more is a surplus. Beyond tolerance a case asks why.',
  fen: 'none',
  backPointers: ['sent', 'items[].seq', 'case.siteSeq'],
  apply(world, { seq, data, private: { transferId, arrivedAt, organisationIds = [] } }) {
    for (const { material, grams, millilitres = 0, storeUntil } of data.items)
      if (grams > 0)
        gainStock(
          world,
          seq,
          data.siteId,
          { material, grams, millilitres, ...(storeUntil === undefined ? {} : { storeUntil }) },
          'arrived',
          data.day,
        );
    const transfer = world.get(transfers, transferId)!;
    if (data.case !== undefined)
      openCase(world, {
        id: data.case.caseId,
        seq,
        kind: 'pollutant-transfer',
        subjectId: transferId,
        organisationIds,
        siteIds: [transfer.siteId, transfer.toSiteId],
        lotIds: [],
        measuredGrams: data.items.reduce((sum, { grams }) => sum + grams, 0),
        grams: data.case.grams,
      });
    const arrived = new Map(data.items.map((item) => [item.material, item]));
    world.put(transfers, {
      ...transfer,
      lastSeq: seq,
      state: 'arrived',
      arrivedAt,
      items: transfer.items.map((item) => {
        const { grams, lostGrams, surplusGrams } = arrived.get(item.material)!;
        return { ...item, arrivedGrams: grams, lostGrams, surplusGrams };
      }),
    });
  },
};

export const transferFacts = [pollutantsSent, pollutantsArrived];
