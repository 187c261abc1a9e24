import { anomalyCaseOpened } from '../anomalies/findings.facts.ts';
import { collectionRecorded } from '../collection/collection.facts.ts';
import { collectionCorrected, collectionVoided } from '../collection/corrections.facts.ts';
import { containerFilled, containerLotsTaken, containerSealed } from '../containers/containers.facts.ts';
import { shipmentDispatched, shipmentRefused, shipmentVoided } from '../custody/custody.facts.ts';
import { lotWeighed } from '../custody/re-weighings.facts.ts';
import { shipmentReceived } from '../custody/received.facts.ts';
import { SHORTAGE, stockCounted } from '../custody/stock-counts.facts.ts';
import { shipmentsReceived } from '../custody/together.facts.ts';
import { shipmentLost, shipmentUnweighed } from '../custody/unmeasured.facts.ts';
import { lotSampled } from '../lots/samples.ts';
import { outsideMaterialAdmitted, outsideMaterialVoided } from '../outside/outside.facts.ts';
import { siteChanged, siteClosed, siteRegistered } from '../registry/registry.facts.ts';
import { caseDecided, caseDecisionProposed } from '../supervision/cases.facts.ts';
import { materialMarked } from '../supervision/material-marks.facts.ts';
import {
  atSite,
  inLoad,
  type LotTouch,
  lose,
  note,
  type Opened,
  type Reader,
  reader,
  type Sum,
  type ThingTouch,
  take,
  total,
} from './reading.ts';

/** What a loss is called where the receipt has no word for it. */
const NO_WORD = 'scale-difference';

type Surplus = { lotId: string; material: string; form: string; grams: number };
const surplusLot = (surplus: Surplus | undefined, siteId: string, place = 0): Opened[] =>
  surplus === undefined
    ? []
    : [{ ...surplus, place, at: atSite(siteId), kind: 'surplus', siteId, originClass: 'none' }];

const begins = (id: string): ThingTouch => ({ id, changes: true });
const changed = (id: string, seq: number): ThingTouch => ({ id, seq, changes: true });
const named = (id: string, seq: number): ThingTouch => ({ id, seq, changes: false });
const caseBegins = (question: { caseId: string } | undefined): ThingTouch[] =>
  question === undefined ? [] : [begins(question.caseId)];

type Weighed = {
  bookedGrams: number;
  measuredGrams: number;
  lossGrams: number;
  missingGrams: number;
  surplusGrams: number;
};
/** What was weighed, lost and is missing is what was booked, and what was beyond it. */
export const weighedSum = (data: Weighed): Sum => ({
  what: 'measured + lost + missing = booked + surplus',
  left: data.measuredGrams + data.lossGrams + data.missingGrams,
  right: data.bookedGrams + data.surplusGrams,
});

type Load = { lotId: string; seq: number; bookedGrams: number; lossGrams: number };
const loadSums = (lots: readonly Load[], data: { bookedGrams: number; lossGrams: number }): Sum[] => [
  { what: 'its lots = booked', left: sumOf(lots, 'bookedGrams'), right: data.bookedGrams },
  { what: 'losses of its lots = lost', left: sumOf(lots, 'lossGrams'), right: data.lossGrams },
];
const sumOf = <Name extends string>(items: readonly Record<Name, number>[], name: Name): number =>
  items.reduce((sum, item) => sum + item[name], 0);

export const custodyReaders: readonly Reader[] = [
  reader(siteRegistered, ({ siteId }) => ({ things: [begins(siteId)] })),
  reader(siteChanged, ({ siteId }) => ({ things: [{ id: siteId, changes: true }] })),
  reader(siteClosed, ({ siteId }) => ({ things: [{ id: siteId, changes: true }] })),

  reader(collectionRecorded, (data) => {
    const { lotId, siteId, day, material, form, originClass, grossGrams, tareGrams, count } = data;
    const grams = grossGrams - tareGrams;
    const at = atSite(siteId);
    const over: LotTouch[] =
      count?.surplus === undefined
        ? []
        : [
            {
              ...take(count.surplus, [at]),
              effect: { kind: 'lose', grams: count.surplus.grams, loss: 'taken-over' },
            },
          ];
    return {
      lots: over,
      opened: [{ lotId, place: 0, grams, material, form, at, kind: 'weigh-in', siteId, day, originClass }],
      things: [...(count === undefined ? [] : [named(count.countId, count.seq)]), ...caseBegins(count?.case)],
      sums: [{ what: 'net − deductions = pay', left: grams - data.deductionGrams, right: data.payGrams }],
    };
  }),
  reader(collectionCorrected, (data) => ({
    lots: [{ ...note(data), effect: { kind: 'correct', grams: data.lotChangeGrams } }],
    opened: surplusLot(data.surplus, data.siteId),
    things: caseBegins(data.case),
    reclassified: { lotId: data.lotId, originClass: data.originClass },
  })),
  reader(collectionVoided, (data) => ({
    lots: [{ ...note(data), effect: { kind: 'correct', grams: 0 - data.loweredGrams } }],
  })),

  reader(outsideMaterialAdmitted, (data) => {
    const { lotId, siteId, day, material, form, originClass, grams } = data;
    const at = atSite(siteId);
    return {
      opened: [{ lotId, place: 0, grams, material, form, at, kind: 'outside', siteId, day, originClass }],
    };
  }),
  reader(outsideMaterialVoided, ({ lot, siteId, admittedSeq }) => ({
    lots: [{ ...take(lot, [atSite(siteId)]), held: lot.grams }],
    undoes: [{ seq: admittedSeq, id: lot.lotId }],
  })),

  reader(containerFilled, ({ siteId, lots }) => ({
    lots: lots.map((lot) => note(lot, { held: lot.grams, from: [atSite(siteId)] })),
  })),
  reader(containerLotsTaken, ({ siteId, lots }) => ({
    lots: lots.map((lot) => note(lot, { held: lot.grams, from: [atSite(siteId)] })),
  })),
  reader(containerSealed, ({ mark }) => ({
    lots: (mark?.lots ?? []).map((lot) => ({ ...lot, effect: { kind: 'name' } })),
  })),
  reader(lotSampled, (data) => ({ lots: [note(data)] })),
  reader(lotWeighed, (data) => ({
    lots: [
      {
        ...note(data, { held: data.bookedGrams, from: [atSite(data.siteId)] }),
        effect: { kind: data.case?.onHold ? 'note' : 'name' },
      },
    ],
    things: [named(data.siteId, data.siteSeq), ...caseBegins(data.case)],
  })),
  reader(materialMarked, ({ subjectKind, subjectId, seq, lots = [] }) => ({
    lots: (subjectKind === 'lot' && lots.length === 0 ? [{ lotId: subjectId, seq }] : lots).map((lot) => ({
      ...lot,
      effect: { kind: 'name' },
    })),
    things: subjectKind === 'shipment' ? [named(subjectId, seq)] : [],
    undoes: subjectKind === 'process-run' ? [{ seq, id: subjectId }] : [],
  })),
  reader(anomalyCaseOpened, ({ caseId }) => ({ things: [begins(caseId)] })),
  reader(caseDecisionProposed, ({ caseId, seq }) => ({ things: [changed(caseId, seq)] })),
  reader(caseDecided, (data) => ({
    lots: data.lots.map((lot) => lose(lot, data.lossKind)),
    things: [changed(data.caseId, data.seq)],
    sums:
      data.lots.length === 0
        ? []
        : [{ what: 'losses of its lots = lost', left: sumOf(data.lots, 'lossGrams'), right: data.lossGrams }],
  })),

  reader(shipmentDispatched, (data) => {
    const { shipmentId, fromSiteId, lots, bookedGrams } = data;
    const from = [atSite(fromSiteId)];
    return {
      lots: lots.map((lot) =>
        lot.partLotId === undefined
          ? note(lot, { held: lot.grams, from, to: inLoad(shipmentId) })
          : take(lot, from),
      ),
      opened: lots
        .map(({ partLotId, grams }, i) => ({ partLotId, grams, of: [i] }))
        .filter((lot) => lot.partLotId !== undefined)
        .map(({ partLotId, grams, of }, place) => ({
          lotId: partLotId!,
          place,
          grams,
          at: inLoad(shipmentId),
          of,
        })),
      things: [begins(shipmentId)],
      sums: [{ what: 'its lots = booked', left: total(lots), right: bookedGrams }],
    };
  }),
  reader(shipmentVoided, ({ shipmentId, seq, dispatchedSeq, lots, parts }) => {
    const from = [inLoad(shipmentId)];
    return {
      lots: [
        ...lots.map((lot) => note(lot, { held: lot.grams, from, to: 'back' })),
        ...parts.map(({ partLotId: lotId, partSeq, grams }) => ({
          ...note({ lotId, seq: partSeq }, { held: grams, from }),
          effect: { kind: 'empty' } as const,
        })),
        ...parts.map(
          (part): LotTouch => ({
            lotId: part.lotId,
            seq: part.seq,
            effect: { kind: 'give', grams: part.grams, takenBy: dispatchedSeq },
          }),
        ),
      ],
      things: [changed(shipmentId, seq)],
      undoes: [{ seq: dispatchedSeq, id: shipmentId }],
    };
  }),
  reader(shipmentRefused, ({ shipmentId, seq }) => ({ things: [changed(shipmentId, seq)] })),
  reader(shipmentReceived, (data) => {
    const { shipmentId, seq, siteId, siteSeq, lots, lossKind = NO_WORD } = data;
    // A load that came in unweighed stands at the site already.
    const from = [inLoad(shipmentId), atSite(siteId)];
    return {
      lots: lots.map((lot) => ({ ...lose(lot, lossKind), from, to: atSite(siteId) })),
      opened: surplusLot(data.surplus, siteId),
      things: [changed(shipmentId, seq), named(siteId, siteSeq), ...caseBegins(data.case)],
      sums: [...loadSums(lots, data), weighedSum(data)],
    };
  }),
  reader(shipmentsReceived, (data) => {
    const { siteId, siteSeq, loads, lossKind = NO_WORD } = data;
    return {
      lots: loads.flatMap(({ shipmentId, lots }) =>
        lots.map((lot) => ({
          ...lose(lot, lossKind),
          from: [inLoad(shipmentId), atSite(siteId)],
          to: atSite(siteId),
        })),
      ),
      opened: surplusLot(data.surplus, siteId),
      things: [
        ...loads.map(({ shipmentId, seq }) => changed(shipmentId, seq)),
        named(siteId, siteSeq),
        ...caseBegins(data.case),
      ],
      sums: [
        ...loads.flatMap((load) => loadSums(load.lots, load)),
        { what: 'its loads = booked', left: sumOf(loads, 'bookedGrams'), right: data.bookedGrams },
        { what: 'losses of its loads = lost', left: sumOf(loads, 'lossGrams'), right: data.lossGrams },
        weighedSum(data),
      ],
    };
  }),
  reader(shipmentLost, (data) => ({
    lots: data.lots.map((lot) => ({ ...lose(lot, data.lossKind), from: [inLoad(data.shipmentId)] })),
    things: [
      changed(data.shipmentId, data.seq),
      ...(data.incident === undefined ? [] : [named(data.incident.incidentId, data.incident.seq)]),
      ...caseBegins(data.case),
    ],
    sums: loadSums(data.lots, data),
  })),
  reader(shipmentUnweighed, (data) => ({
    lots: data.lots.map((lot) =>
      note(lot, { held: lot.grams, from: [inLoad(data.shipmentId)], to: atSite(data.siteId) }),
    ),
    things: [changed(data.shipmentId, data.seq)],
    sums: [{ what: 'its lots = booked', left: total(data.lots), right: data.bookedGrams }],
  })),
  reader(stockCounted, ({ countId, siteId, items }) => ({
    lots: items.flatMap(({ lots }) =>
      lots.map((lot) => ({ ...lose(lot, SHORTAGE), from: [atSite(siteId)] })),
    ),
    opened: items.flatMap(({ material, form, surplus }, place) =>
      surplusLot(surplus && { ...surplus, material, form }, siteId, place),
    ),
    things: [begins(countId)],
    sums: items.map(({ bookedGrams, countedGrams, lots, surplus }) => ({
      what: 'counted + lost = booked + surplus',
      left: countedGrams + sumOf(lots, 'lossGrams'),
      right: bookedGrams + (surplus?.grams ?? 0),
    })),
  })),
];
