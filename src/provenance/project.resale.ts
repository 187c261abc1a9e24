import type { AnyFact } from '../ledger/fact.ts';
import { claimableOf } from './claimable.ts';
import { type CustodyModel, lowestModel } from './custody-model.ts';
import type { Readers } from './project.reader.ts';
import { capOf, modelOf, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { mergeAll, total } from './shares.ts';
import { batchSummary } from './summary.ts';

const sealBatch = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const uses = data.inputs as Use[];
  const taken = await takeUses(projection, seq, uses);
  const vector = mergeAll(taken.map((t) => t.vector));
  const sourceOf = await projection.sourcesOf([vector]);
  const capGrams = capOf(taken);
  const model = lowestModel([modelOf([vector], taken, sourceOf), data.custodyModel as CustodyModel]);
  const claimableGrams = claimableOf(data, vector, capGrams, sourceOf);
  projection.openLot(data.lotId, seq, vector, {
    custodyModel: model,
    claimableGrams,
    capGrams,
    estimatedGrams: 0,
  });
  projection.move(seq, [
    ...uses.map(({ lotId, grams }) => ({ lotId, direction: 'in' as const, grams })),
    { lotId: data.lotId, direction: 'out', grams: total(vector) },
  ]);
  await projection.flush();
  const summary = batchSummary(vector, sourceOf, {
    claimableGrams,
    custodyModel: model,
    people: await projection.countPeople(vector.keys),
    losses: await projection.lossesOnTheWay(data.lotId),
  });
  projection.summarise({ batchId: data.batchId, organisationId: data.organisationId, seq, summary });
};

export const resaleReaders: Readers = { 'batch.sealed.v1': sealBatch };
