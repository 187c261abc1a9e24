import { z } from 'zod';
import { type Shipment, shipments } from '../custody/custody.tables.ts';
import { Day, Id, note, Seq, Time, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { drawFrom, LotUse, returnTo } from '../lots/lots.ts';
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

const VoidedPrivate = z.strictObject({ keyId: Id, reason: note(2_000) });

/** The load says again what its lots hold. */
const loadChanged = (world: World, shipment: Shipment, uses: readonly LotUse[], seq: number): void =>
  world.put(shipments, {
    ...shipment,
    lots: shipment.lots.map(({ lotId, grams }) => ({
      lotId,
      grams: uses.some((use) => use.lotId === lotId) ? world.get(lots, lotId)!.grams : grams,
    })),
    lastSeq: seq,
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
    if (shipment !== undefined) loadChanged(world, shipment, data.lots, seq);
    world.put(incidents, {
      id: data.incidentId,
      seq,
      lastSeq: seq,
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
      state: 'recorded',
    });
  },
};

const Voided = z.strictObject({
  incidentId: Id,
  /** The last fact that changed the incident, and the shipment where it befell one. */
  seq: Seq,
  shipmentId: Id.optional(),
  shipmentSeq: Seq.optional(),
  /** The fact that reported it: what it took is what goes back. */
  reportedSeq: Seq,
  lots: z.array(LotUse),
});

export const incidentVoided: FactType<z.infer<typeof Voided>, z.infer<typeof VoidedPrivate>> = {
  type: 'incident.voided.v1',
  title: { en: 'Incident voided', zh: '事故记录作废' },
  data: Voided,
  private: VoidedPrivate,
  grams: 'The very grams go back to the lots that lost them; nothing was lost.',
  fen: 'none',
  backPointers: ['seq', 'shipmentSeq', 'reportedSeq', 'lots[].seq'],
  apply(world, { seq, data }) {
    for (const use of data.lots) returnTo(world, use, seq);
    const incident = world.get(incidents, data.incidentId)!;
    if (incident.shipmentId !== null)
      loadChanged(world, world.get(shipments, incident.shipmentId)!, data.lots, seq);
    world.put(incidents, { ...incident, state: 'voided', lastSeq: seq });
  },
};

export const incidentFacts = [incidentReported, incidentVoided];
