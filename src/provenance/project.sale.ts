import type { AnyFact } from '../ledger/fact.ts';
import type { Readers } from './project.reader.ts';
import { addSurplus } from './project.surplus.ts';
import { makeLots, returnUses, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { draw } from './shares.ts';

const unseal = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  await returnUses(projection, seq, data.sealedSeq, data.inputs);
  await projection.forget(data.sealedSeq, seq);
};

/** The sold grams are drawn into a lot of the buyer, those of a product into a lot of its own. */
const partTo =
  (member: string) =>
  async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
    const use = data.lot as Use;
    const [taken] = await takeUses(projection, seq, [use]);
    const { material, form } = data;
    const made = { lotId: data[member], material, form, vector: taken!.vector, estimatedGrams: 0 };
    await makeLots(projection, seq, [use], [taken!], null, [made]);
  };

const takeBack = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, data } = fact;
  const { returnLotId: lotId, lossGrams: grams, lossKind: kind, material, form } = data;
  const use = data.lot as Use;
  const [taken] = await takeUses(projection, seq, [use]);
  const { taken: lost, rest } = draw(taken!.vector, grams);
  const back = { lotId, material, form, vector: rest, estimatedGrams: 0 };
  await makeLots(projection, seq, [use], [taken!], null, [back]);
  if (grams > 0) {
    projection.lose(seq, [{ lotId, kind, vector: lost }]);
    projection.move(seq, [{ lotId, direction: 'loss', grams }]);
  }
  if (data.surplus !== undefined) await addSurplus(projection, fact, data.siteId, data.surplus, 1);
};

export const saleReaders: Readers = {
  'batch.unsealed.v1': unseal,
  'batch.sold.v1': partTo('soldLotId'),
  'batch.returned.v1': takeBack,
  'product.made.v1': partTo('lotId'),
};
