import type { AnyFact } from '../ledger/fact.ts';
import { labelOf } from './project.label.ts';
import type { Readers } from './project.reader.ts';
import type { Projection } from './projection.ts';
import { relabel } from './relabel.ts';

const sample = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const { label, madeBy } = await labelOf(projection, data.lotId);
  projection.setLabel(data.lotId, seq, { ...label, moistureBasisPoints: data.basisPoints }, madeBy);
  await relabel(projection, seq, { lots: [data.lotId] });
};

export const lotReaders: Readers = { 'lot.sampled.v1': sample };
