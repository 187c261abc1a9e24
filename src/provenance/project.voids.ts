import type { AnyFact } from '../ledger/fact.ts';
import type { Readers } from './project.reader.ts';
import { returnUses, type Use } from './project.uses.ts';
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
  await projection.forget(takenBy);
};

/** Of a lot that is no more: nobody's grams are in it. */
const emptyLot = async (projection: Projection, seq: number, lotId: string): Promise<void> => {
  await projection.states([lotId]);
  projection.setVector(lotId, seq, emptyVector);
};

/** The grams never came in: of this source none is booked, and none may be claimed. */
const voidOutside = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  await projection.states([data.lot.lotId]);
  await projection.changeSource(sourceKey(data.admittedSeq, 0), () => ({
    bookedGrams: 0,
    payGrams: 0,
    claimableGrams: 0,
    accepted: false,
  }));
  await emptyLot(projection, seq, data.lot.lotId);
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
  'batch.sale-voided.v1': undoPart('soldSeq'),
  'product.voided.v1': undoPart('madeSeq'),
};
