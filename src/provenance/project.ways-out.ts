import type { AnyFact } from '../ledger/fact.ts';
import type { Readers } from './project.reader.ts';
import { loseFromLots, returnUses, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { emptyVector } from './shares.ts';

/**
 * Grams disposed of, released uncertified or reused: taken and given to no other lot. They are no loss, for somebody
 * has them; with what is in stock and what was lost they make up every source.
 */
const dispose = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const uses = data.lots as Use[];
  const taken = await takeUses(projection, seq, uses);
  projection.leave(
    seq,
    uses.map(({ lotId }, i) => ({ lotId, way: data.way as string, vector: taken[i]!.vector })),
  );
  projection.move(
    seq,
    uses.map(({ lotId, grams }) => ({ lotId, direction: 'in' as const, grams })),
  );
};

const incident = (projection: Projection, { seq, data }: AnyFact): Promise<void> =>
  loseFromLots(
    projection,
    seq,
    // Grams of a lot are not needed here: its loss is drawn from its vector.
    (data.lots as Use[]).map(({ lotId, grams }) => ({ lotId, bookedGrams: grams, lossGrams: grams })),
    data.kind,
  );

/** The very grams go back; the run is no longer the way of anything, nor its losses lost. */
const voidRun = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  await returnUses(projection, seq, data.completedSeq, data.inputs);
  const outputs = (data.outputs as Use[]).map(({ lotId }) => lotId);
  await projection.states(outputs);
  for (const lotId of outputs) projection.setVector(lotId, seq, emptyVector);
  await projection.forget(data.completedSeq, seq);
};

export const waysOutReaders: Readers = {
  'material.disposed.v1': dispose,
  'incident.reported.v1': incident,
  'process-run.voided.v1': voidRun,
};
