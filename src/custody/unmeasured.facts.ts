import { z } from 'zod';
import { Id, note, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { changeLot, LotUse } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { LoadLots } from '../supervision/cases.facts.ts';
import { openCase } from '../supervision/open-case.ts';
import { shipments } from './custody.tables.ts';
import { ReceiptMarks } from './received.facts.ts';

const Lost = z.strictObject({
  shipmentId: Id,
  /** The last fact that changed the shipment. */
  seq: Seq,
  lossKind: z.string(),
  /** Booked grams that were still on the way. */
  bookedGrams: TotalGrams,
  /** With an incident they are lost; without one they keep their grams, on hold. */
  lots: LoadLots,
  lossGrams: TotalGrams,
  incident: z.strictObject({ incidentId: Id, seq: Seq }).optional(),
  case: z.strictObject({ caseId: Id, kind: z.literal('load-lost'), grams: TotalGrams }).optional(),
});
const LostPrivate = z.strictObject({
  keyId: Id,
  /** Those who profit, and may not decide the case. */
  organisationIds: z.array(Id).optional(),
  note: note(2_000).optional(),
});
export type Lost = z.infer<typeof Lost>;

/** A load that never arrived, or the rest of it. */
export const shipmentLost: FactType<Lost, z.infer<typeof LostPrivate>> = {
  type: 'shipment.lost.v1',
  title: { en: 'Shipment lost on the way', zh: '货物途中遗失' },
  data: Lost,
  private: LostPrivate,
  grams:
    'With an incident the rest of the load is a loss of its kind; without one its lots keep their grams, on hold until a case is decided.',
  fen: 'none',
  backPointers: ['seq', 'incident.seq', 'lots[].seq'],
  apply(world, { seq, data, private: more }) {
    const shipment = world.get(shipments, data.shipmentId)!;
    const heldBy = data.case?.caseId ?? null;
    for (const { lotId, bookedGrams, lossGrams } of data.lots)
      changeLot(world, lotId, seq, { grams: bookedGrams - lossGrams, heldBy });
    if (data.case !== undefined)
      openCase(world, {
        id: data.case.caseId,
        seq,
        kind: data.case.kind,
        subjectId: data.shipmentId,
        organisationIds: more.organisationIds ?? [],
        siteIds: [shipment.fromSiteId, shipment.toSiteId],
        lotIds: data.lots.map(({ lotId }) => lotId),
        measuredGrams: 0,
        grams: data.case.grams,
      });
    const left = new Map(
      data.lots.map(({ lotId, bookedGrams, lossGrams }) => [lotId, bookedGrams - lossGrams]),
    );
    world.put(shipments, {
      ...shipment,
      lots: shipment.lots.map(({ lotId, grams }) => ({ lotId, grams: left.get(lotId) ?? grams })),
      lossGrams: (shipment.lossGrams ?? 0) + data.lossGrams,
      caseId: heldBy ?? shipment.caseId,
      state: 'lost',
      lastSeq: seq,
    });
  },
};

const Unweighed = z.strictObject({
  shipmentId: Id,
  /** The last fact that changed the shipment. */
  seq: Seq,
  siteId: Id,
  bookedGrams: TotalGrams,
  lots: z.array(LotUse.extend({ grams: TotalGrams })),
  marks: ReceiptMarks.optional(),
});
const UnweighedPrivate = z.strictObject({
  keyId: Id,
  /** The seals as they were found. */
  seals: z.array(text(80)).optional(),
  /** Those who profit, and may not clear the mark. */
  organisationIds: z.array(Id).optional(),
  note: note(2_000).optional(),
});
export type Unweighed = z.infer<typeof Unweighed>;

/** A load that arrived where no scale is. */
export const shipmentUnweighed: FactType<Unweighed, z.infer<typeof UnweighedPrivate>> = {
  type: 'shipment.unweighed.v1',
  title: { en: 'Shipment received unweighed', zh: '货物签收未称重' },
  data: Unweighed,
  private: UnweighedPrivate,
  grams: 'The lots stand where they arrived with their booked grams; nothing was measured.',
  fen: 'none',
  backPointers: ['seq', 'lots[].seq'],
  apply(world, { seq, data }) {
    const shipment = world.get(shipments, data.shipmentId)!;
    const { siteId } = data;
    const { organisationId } = world.get(sites, siteId)!;
    for (const { lotId } of data.lots)
      changeLot(world, lotId, seq, { siteId, shipmentId: null, organisationId });
    world.put(shipments, {
      ...shipment,
      onTheWay: [],
      unweighed: data.lots.map(({ lotId }) => lotId),
      unweighedSeq: seq,
      arrivedSiteId: siteId,
      arrivedOrganisationId: organisationId,
      state: 'unweighed',
      lastSeq: seq,
    });
  },
};

export const unmeasuredFacts = [shipmentLost, shipmentUnweighed];
