import type { AnyFact } from '../ledger/fact.ts';
import { claimableOf, custodySource } from './claimable.ts';
import { modelOfInputs } from './custody-model.ts';
import type { Readers } from './project.reader.ts';
import { addSurplus } from './project.surplus.ts';
import { capOf, returnUses, type Taken, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { draw, type ShareVector, total } from './shares.ts';

/** A lot made of what was taken from one other: its vector, with what norms and custody leave it. */
const openPart = async (
  projection: Projection,
  seq: number,
  lot: { id: string; material: string; form: string },
  taken: Taken,
  vector: ShareVector = taken.vector,
): Promise<void> => {
  const sourceOf = await projection.sourcesOf([vector]);
  const capGrams = capOf([{ ...taken, vector }]);
  projection.openLot(lot.id, seq, vector, {
    custodyModel: taken.model ?? modelOfInputs([...vector.keys].map((key) => custodySource(sourceOf(key)))),
    claimableGrams: claimableOf(lot, vector, capGrams, sourceOf),
    capGrams,
    estimatedGrams: 0,
  });
};

const kindOf = ({ material, form }: AnyFact['data']): { material: string; form: string } => ({
  material,
  form,
});

const unseal = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  await returnUses(projection, seq, data.sealedSeq, data.inputs);
  await projection.forget(data.sealedSeq);
};

/** The sold grams are drawn into a lot of the buyer, those of a product into a lot of its own. */
const partTo =
  (member: string) =>
  async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
    const use = data.lot as Use;
    const [taken] = await takeUses(projection, seq, [use]);
    await openPart(projection, seq, { ...kindOf(data), id: data[member] }, taken!);
    projection.move(seq, [
      { lotId: use.lotId, direction: 'in', grams: use.grams },
      { lotId: data[member], direction: 'out', grams: use.grams },
    ]);
  };

const takeBack = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, data } = fact;
  const { returnLotId, lossGrams } = data;
  const [taken] = await takeUses(projection, seq, [data.lot as Use]);
  const { taken: lost, rest } = draw(taken!.vector, lossGrams);
  await openPart(projection, seq, { ...kindOf(data), id: returnLotId }, taken!, rest);
  if (lossGrams > 0) projection.lose(seq, [{ lotId: returnLotId, kind: data.lossKind, vector: lost }]);
  projection.move(seq, [
    { lotId: data.lot.lotId, direction: 'in', grams: data.lot.grams },
    { lotId: returnLotId, direction: 'out', grams: total(rest) },
    ...(lossGrams > 0
      ? [{ lotId: returnLotId, direction: 'loss' as const, grams: lossGrams as number }]
      : []),
  ]);
  await addSurplus(projection, fact, 1);
};

export const saleReaders: Readers = {
  'batch.unsealed.v1': unseal,
  'batch.sold.v1': partTo('soldLotId'),
  'batch.returned.v1': takeBack,
  'product.made.v1': partTo('lotId'),
};
