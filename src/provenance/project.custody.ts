import type { AnyFact } from '../ledger/fact.ts';
import { claimableOf, custodySource } from './claimable.ts';
import { modelOfInputs } from './custody-model.ts';
import type { Readers } from './project.reader.ts';
import { addSurplus } from './project.surplus.ts';
import { capOf, loseFromLots, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';

const dispatch = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const parts = (data.lots as (Use & { partLotId?: string })[]).filter((lot) => lot.partLotId !== undefined);
  const taken = await takeUses(projection, seq, parts);
  const sourceOf = await projection.sourcesOf(taken.map((t) => t.vector));
  for (const [i, part] of parts.entries()) {
    const { vector, model } = taken[i]!;
    const capGrams = capOf([taken[i]!]);
    projection.openLot(part.partLotId!, seq, vector, {
      custodyModel: model ?? modelOfInputs([...vector.keys].map((key) => custodySource(sourceOf(key)))),
      claimableGrams: claimableOf(sourceOf(vector.keys[0]!), vector, capGrams, sourceOf),
      capGrams,
      estimatedGrams: 0,
    });
  }
  projection.move(seq, [
    ...parts.map(({ lotId, grams }) => ({ lotId, direction: 'in' as const, grams })),
    ...parts.map(({ partLotId, grams }) => ({ lotId: partLotId!, direction: 'out' as const, grams })),
  ]);
};

const receive = async (projection: Projection, fact: AnyFact): Promise<void> => {
  await loseFromLots(projection, fact.seq, fact.data.lots, fact.data.lossKind ?? 'scale-difference');
  await addSurplus(projection, fact, 0);
};

export const custodyReaders: Readers = {
  'shipment.dispatched.v1': dispatch,
  'shipment.received.v1': receive,
  'case.decided.v1': (projection, { seq, data }) => loseFromLots(projection, seq, data.lots, data.lossKind),
};
