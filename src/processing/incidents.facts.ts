import { z } from 'zod';
import { shipments } from '../custody/custody.tables.ts';
import { Day, Id, note, Seq, Time, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { lots } from '../lots/lots.tables.ts';
import { drawFrom, LotUse } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { incidents } from './incidents.tables.ts';

const Reported = z.strictObject({
  incidentId: Id,
  siteId: Id.optional(),
  shipmentId: Id.optional(),
  /** The last fact that changed the shipment. */
  shipmentSeq: Seq.optional(),
  kind: z.enum(['fire', 'theft', 'lost-at-sea']),
  day: Day,
  lots: z.array(LotUse),
  grams: TotalGrams.min(1),
});
const ReportedPrivate = z.strictObject({
  keyId: Id,
  reference: text(200),
  happenedAt: Time,
  note: note(2_000).optional(),
});

export const incidentReported: FactType<z.infer<typeof Reported>, z.infer<typeof ReportedPrivate>> = {
  type: 'incident.reported.v1',
  title: { en: 'Fire, theft or loss at sea reported', zh: '火灾、失窃或海上遗失上报' },
  data: Reported,
  private: ReportedPrivate,
  grams: 'Lots lose the grams named; the loss bears the kind of the incident.',
  fen: 'none',
  backPointers: ['shipmentSeq', 'lots[].seq'],
  apply(world, { seq, data, private: more }) {
    for (const use of data.lots) drawFrom(world, use, seq);
    const shipment = data.shipmentId === undefined ? undefined : world.get(shipments, data.shipmentId)!;
    if (shipment !== undefined)
      world.put(shipments, {
        ...shipment,
        lots: shipment.lots.map(({ lotId, grams }) => ({
          lotId,
          grams: data.lots.some((use) => use.lotId === lotId) ? world.get(lots, lotId)!.grams : grams,
        })),
        lastSeq: seq,
      });
    world.put(incidents, {
      id: data.incidentId,
      seq,
      organisationId: shipment?.fromOrganisationId ?? world.get(sites, data.siteId!)!.organisationId,
      siteId: data.siteId ?? null,
      shipmentId: data.shipmentId ?? null,
      kind: data.kind,
      day: data.day,
      lots: data.lots,
      grams: data.grams,
      reference: more.reference,
      happenedAt: more.happenedAt,
      note: more.note ?? null,
    });
  },
};

export const incidentFacts = [incidentReported];
