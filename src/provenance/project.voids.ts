import type { ReceiptVoided } from '../custody/receipt-voids.facts.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { holdLots } from './project.custody.ts';
import type { Readers } from './project.reader.ts';
import { returnLosses, returnUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { emptyVector, sourceKey } from './shares.ts';

/** The very grams that the fact `takenBy` took go back; it is no longer the way of anything. */
const giveAllBack = async (
  projection: Projection,
  seq: number,
  takenBy: number,
  uses: readonly Use[],
): Promise<void> => {
  await returnUses(projection, seq, takenBy, uses);
  await projection.forget(takenBy, seq);
};

/** Of a lot that is no more: nobody's grams are in it. */
const emptyLot = async (projection: Projection, seq: number, lotId: string): Promise<void> => {
  await projection.states([lotId]);
  projection.setVector(lotId, seq, emptyVector);
};

/** The grams never came in: of this source none is booked, and none may be claimed. */
const neverCameIn = async (
  projection: Projection,
  seq: number,
  lotId: string,
  broughtBy: number,
  place = 0,
): Promise<void> => {
  await projection.states([lotId]);
  await projection.changeSource(sourceKey(broughtBy, place), () => ({
    bookedGrams: 0,
    payGrams: 0,
    claimableGrams: 0,
    accepted: false,
  }));
  await emptyLot(projection, seq, lotId);
};

const voidOutside = (projection: Projection, { seq, data }: AnyFact): Promise<void> =>
  neverCameIn(projection, seq, data.lot.lotId, data.admittedSeq);

/** What was lost by the receipt was not; what it held is free, and what it found too much is none. */
const voidReceipt = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const { receivedSeq, loads, surplus, case: question } = data as ReceiptVoided;
  const lots = loads.flatMap((load) => load.lots);
  const losses = lots.filter(({ lossGrams }) => lossGrams > 0);
  await returnLosses(
    projection,
    seq,
    losses.map(({ lotId, lossGrams: grams }) => ({ lotId, grams, takenBy: receivedSeq })),
  );
  if (question !== undefined && surplus === undefined)
    await holdLots(
      projection,
      seq,
      lots.map(({ lotId, grams }) => ({ lotId, bookedGrams: grams, lossGrams: 0 })),
      null,
    );
  if (surplus !== undefined) await neverCameIn(projection, seq, surplus.lotId, receivedSeq);
};

const voidReturn = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  await giveAllBack(projection, seq, data.returnedSeq, [data.to]);
  await emptyLot(projection, seq, data.lot.lotId);
  if (data.surplus !== undefined) await neverCameIn(projection, seq, data.surplus.lotId, data.returnedSeq, 1);
};

/** A part that was made for a buyer or a product goes back into the lot it was drawn from. */
const undoPart =
  (madeSeq: string) =>
  async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
    await giveAllBack(projection, seq, data[madeSeq], [data.from]);
    await emptyLot(projection, seq, data.lot.lotId);
  };

export const voidReaders: Readers = {
  'material.disposal-voided.v1': (projection, { seq, data }) =>
    giveAllBack(projection, seq, data.disposedSeq, data.lots),
  'incident.voided.v1': (projection, { seq, data }) =>
    giveAllBack(projection, seq, data.reportedSeq, data.lots),
  'outside-material.voided.v1': voidOutside,
  'shipment.receipt-voided.v1': voidReceipt,
  'batch.sale-voided.v1': undoPart('soldSeq'),
  'batch.return-voided.v1': voidReturn,
  'product.voided.v1': undoPart('madeSeq'),
};
