import { disposalVoided, materialDisposed } from '../processing/disposals.facts.ts';
import { incidentReported, incidentVoided } from '../processing/incidents.facts.ts';
import { processRunCompleted } from '../processing/processing.facts.ts';
import { processRunVoided } from '../processing/void.facts.ts';
import { entryVoided } from '../resale/entry-voids.ts';
import { batchReleased, batchReserved, batchUnsealed } from '../resale/keeping.facts.ts';
import { productMade } from '../resale/products.facts.ts';
import { batchSealed } from '../resale/resale.facts.ts';
import { batchReturned } from '../resale/returns.facts.ts';
import { batchDelivered, batchPaid, batchSold, costBooked } from '../resale/sales.facts.ts';
import { productVoided, saleVoided } from '../resale/voids.facts.ts';
import { weighedSum } from './readers.custody.ts';
import { atSite, give, inLoad, note, type Reader, reader, type ThingTouch, take, total } from './reading.ts';

const begins = (id: string): ThingTouch => ({ id, changes: true });
const changed = (id: string, seq: number): ThingTouch => ({ id, seq, changes: true });
const named = (id: string, seq: number): ThingTouch => ({ id, seq, changes: false });
const all = (items: readonly unknown[]): number[] => items.map((_, i) => i);

/** What was sold, made or sealed and is undone: its lot is no more, its grams go back. */
const undone = (
  lot: { lotId: string; seq: number; grams: number },
  from: { lotId: string; seq: number; grams: number },
  madeSeq: number,
) => ({
  lots: [{ ...take(lot), held: lot.grams }, give(from, madeSeq)],
  sums: [{ what: 'what it held = what goes back', left: lot.grams, right: from.grams }],
});

export const processingReaders: readonly Reader[] = [
  reader(processRunCompleted, (data) => {
    const { runId, siteId, siteSeq, inputs, outputs, losses } = data;
    return {
      lots: inputs.map((use) => take(use, [atSite(siteId)])),
      opened: outputs.map((output, place) => ({ ...output, place, at: atSite(siteId), of: all(inputs) })),
      things: [begins(runId), named(siteId, siteSeq)],
      sums: [
        { what: 'inputs = outputs + losses', left: total(inputs), right: total(outputs) + total(losses) },
      ],
      losses,
      isRun: true,
    };
  }),
  reader(processRunVoided, ({ runId, seq, completedSeq, inputs, outputs }) => ({
    lots: [
      ...inputs.map((use) => give(use, completedSeq)),
      ...outputs.map((lot) => ({
        ...note(lot, { held: lot.grams }),
        effect: { kind: 'empty' } as const,
      })),
    ],
    things: [changed(runId, seq)],
    undoes: [{ seq: completedSeq, id: runId }],
  })),
  reader(materialDisposed, ({ disposalId, siteId, lots, grams }) => ({
    lots: lots.map((use) => take(use, [atSite(siteId)])),
    things: [begins(disposalId)],
    sums: [{ what: 'its lots = disposed of', left: total(lots), right: grams }],
  })),
  reader(disposalVoided, ({ disposalId, seq, disposedSeq, lots }) => ({
    lots: lots.map((use) => give(use, disposedSeq)),
    things: [changed(disposalId, seq)],
    undoes: [{ seq: disposedSeq, id: disposalId }],
  })),
  reader(incidentReported, ({ incidentId, siteId, shipmentId, shipmentSeq, kind, lots, grams }) => ({
    lots: lots.map((use) => ({
      ...take(use, [siteId === undefined ? inLoad(shipmentId!) : atSite(siteId)]),
      effect: { kind: 'lose', grams: use.grams, loss: kind },
    })),
    things: [
      begins(incidentId),
      ...(shipmentId === undefined ? [] : [{ id: shipmentId, seq: shipmentSeq, changes: true }]),
    ],
    sums: [{ what: 'its lots = lost', left: total(lots), right: grams }],
  })),
  reader(incidentVoided, ({ incidentId, seq, shipmentId, shipmentSeq, reportedSeq, lots }) => ({
    lots: lots.map((use) => give(use, reportedSeq)),
    things: [
      changed(incidentId, seq),
      ...(shipmentId === undefined ? [] : [{ id: shipmentId, seq: shipmentSeq, changes: true }]),
    ],
    undoes: [{ seq: reportedSeq, id: incidentId }],
  })),

  reader(batchSealed, (data) => {
    const { batchId, siteId, siteSeq, inputs, lotId, material, form, grams } = data;
    return {
      lots: inputs.map((use) => take(use, [atSite(siteId)])),
      opened: [{ lotId, place: 0, grams, material, form, at: atSite(siteId), of: all(inputs) }],
      things: [begins(batchId), named(siteId, siteSeq)],
      sums: [{ what: 'inputs = the batch', left: total(inputs), right: grams }],
    };
  }),
  reader(batchUnsealed, ({ batchId, seq, sealedSeq, lot, inputs }) => ({
    lots: [{ ...take(lot), held: lot.grams }, ...inputs.map((use) => give(use, sealedSeq))],
    things: [changed(batchId, seq)],
    sums: [{ what: 'what it held = what goes back', left: lot.grams, right: total(inputs) }],
    undoes: [{ seq: sealedSeq, id: batchId }],
  })),
  reader(batchReserved, ({ batchId, seq }) => ({ things: [changed(batchId, seq)] })),
  reader(batchReleased, ({ batchId, seq }) => ({ things: [changed(batchId, seq)] })),
  reader(costBooked, ({ batchId, seq }) => ({ things: [changed(batchId, seq)] })),
  reader(batchSold, ({ batchId, seq, saleId, lot, soldLotId: lotId, material, form }) => ({
    lots: [take(lot)],
    opened: [{ lotId, place: 0, grams: lot.grams, material, form, at: 'a buyer', of: [0] }],
    things: [changed(batchId, seq), begins(saleId)],
    sale: { id: saleId, lotId },
  })),
  reader(saleVoided, ({ batchId, batchSeq, saleId, seq, soldSeq, lot, from }) => ({
    ...undone(lot, from, soldSeq),
    things: [changed(batchId, batchSeq), changed(saleId, seq)],
    undoes: [{ seq: soldSeq, id: saleId }],
  })),
  reader(batchDelivered, ({ saleId, seq, lot }) => ({
    lots: lot === undefined ? [] : [note(lot)],
    things: [changed(saleId, seq)],
  })),
  reader(batchPaid, ({ saleId, seq }) => ({ things: [changed(saleId, seq)] })),
  reader(entryVoided, ({ batchId, saleId, seq, entrySeq, lot }) => ({
    lots: lot === undefined ? [] : [note(lot, { held: lot.grams })],
    things: [changed(saleId ?? batchId, seq)],
    undoes: [{ seq: entrySeq, id: saleId ?? batchId }],
  })),
  reader(batchReturned, (data) => {
    const {
      saleId,
      seq,
      siteId,
      siteSeq,
      lot,
      returnLotId: lotId,
      material,
      form,
      lossGrams,
      surplus,
    } = data;
    const at = atSite(siteId);
    return {
      lots: [take(lot)],
      opened: [
        { lotId, place: 0, grams: lot.grams - lossGrams, material, form, at, of: [0] },
        ...(surplus === undefined
          ? []
          : [{ ...surplus, place: 1, at, kind: 'surplus' as const, siteId, originClass: 'none' }]),
      ],
      things: [
        changed(saleId, seq),
        named(siteId, siteSeq),
        ...(data.case === undefined ? [] : [begins(data.case.caseId)]),
      ],
      sums: [weighedSum({ ...data, bookedGrams: lot.grams })],
      losses: lossGrams === 0 ? [] : [{ kind: data.lossKind ?? 'scale-difference', grams: lossGrams }],
    };
  }),
  reader(productMade, (data) => {
    const { productId, batchId, seq, lot, lotId, material, form, units, contentGrams } = data;
    return {
      lots: [take(lot)],
      opened: [{ lotId, place: 0, grams: lot.grams, material, form, at: 'a buyer', of: [0] }],
      things: [begins(productId), named(batchId, seq)],
      sale: { lotId: lot.lotId },
      sums: [
        {
          what: 'units × content = grams',
          left: Number(BigInt(units) * BigInt(contentGrams)),
          right: lot.grams,
        },
      ],
    };
  }),
  reader(productVoided, ({ productId, seq, madeSeq, lot, from }) => ({
    ...undone(lot, from, madeSeq),
    things: [changed(productId, seq)],
    sale: { lotId: from.lotId },
    undoes: [{ seq: madeSeq, id: productId }],
  })),
];
