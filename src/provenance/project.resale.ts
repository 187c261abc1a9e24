import type { AnyFact } from '../ledger/fact.ts';
import { claimableNow } from './labels.ts';
import type { Readers } from './project.reader.ts';
import { makeLots, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { mergeAll } from './shares.ts';
import { batchSummary } from './summary.ts';

const sealBatch = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const uses = data.inputs as Use[];
  const taken = await takeUses(projection, seq, uses);
  const vector = mergeAll(taken.map((t) => t.vector));
  const { lotId, material, form, custodyModel } = data;
  // The site's scope; nothing runs over a line, and no norm speaks of sealing.
  const scope = { custodyModel, lineClean: true, normBasisPoints: null, marks: [] };
  const output = { lotId, material, form, vector, estimatedGrams: 0 };
  const [label] = await makeLots(projection, seq, uses, taken, scope, [output]);
  const sourceOf = await projection.sourcesOf([vector]);
  const summary = batchSummary(vector, sourceOf, {
    claimableGrams: claimableNow(output, vector, label!, sourceOf),
    custodyModel: label!.custodyModel,
    people: await projection.countPeople(vector.keys),
    losses: await projection.lossesOnTheWay(lotId),
  });
  projection.summarise({ batchId: data.batchId, organisationId: data.organisationId, seq, summary });
};

export const resaleReaders: Readers = { 'batch.sealed.v1': sealBatch };
