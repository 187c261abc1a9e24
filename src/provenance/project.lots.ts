import type { AnyFact } from '../ledger/fact.ts';
import { plainLabel } from './labels.ts';
import type { Readers } from './project.reader.ts';
import type { Projection } from './projection.ts';
import { relabel } from './relabel.ts';

const sample = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const [state] = await projection.states([data.lotId]);
  const { vector, label } = state!;
  const { madeBy } = await projection.makerOf(data.lotId);
  const sourceOf = await projection.sourcesOf([vector]);
  const before = label ?? plainLabel(vector, sourceOf);
  projection.setLabel(data.lotId, seq, { ...before, moistureBasisPoints: data.basisPoints }, madeBy);
  await relabel(projection, seq, { lots: [data.lotId] });
};

export const lotReaders: Readers = { 'lot.sampled.v1': sample };
