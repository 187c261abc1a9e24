import type { AnyFact } from '../ledger/fact.ts';
import { acceptedGrams, claimableOf } from './claimable.ts';
import { type CustodyModel, custodyModel } from './custody-model.ts';
import type { Readers } from './project.reader.ts';
import { capOf, modelOf, type Taken, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { containsV1, mergeAll, runDraws, type ShareVector } from './shares.ts';

const run = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const taken = await takeUses(projection, seq, data.inputs);
  const sourceOf = await projection.sourcesOf(taken.map((t) => t.vector));
  const outputs = data.outputs as { lotId: string; material: string; form: string; grams: number }[];
  const losses = data.losses as { kind: string; grams: number }[];
  const drawn = runDraws(
    taken.map((t) => t.vector),
    outputs,
    losses,
    sourceOf,
    containsV1,
  );
  const inputs = mergeAll(taken.map((t) => t.vector));
  // Steps that need no cleaning of the line are not marked for the lack of it.
  const clean = !(data.marks as string[]).includes('no-line-clean');
  const model = custodyModel(modelOf([inputs], taken, sourceOf), data.custodyModel as CustodyModel, clean);
  let left = capOfRun(data, inputs, taken, sourceOf);
  for (const [i, output] of outputs.entries()) {
    const { vector, estimatedGrams } = drawn.outputs[i]!;
    const claimableGrams = claimableOf(output, vector, left, sourceOf);
    projection.openLot(output.lotId, seq, vector, {
      custodyModel: model,
      claimableGrams,
      capGrams: left === null ? null : claimableGrams,
      estimatedGrams,
    });
    if (left !== null) left -= claimableGrams;
  }
  projection.lose(
    seq,
    losses.map(({ kind }, i) => ({ lotId: null, kind, vector: drawn.losses[i]! })),
  );
  projection.move(seq, [
    ...(data.inputs as Use[]).map(({ lotId, grams }) => ({ lotId, direction: 'in' as const, grams })),
    ...outputs.map(({ lotId, grams }) => ({ lotId, direction: 'out' as const, grams })),
  ]);
};

/** The outputs of a run together: ⌊accepted input grams × upper norm⌋, nothing while its yield is in doubt. */
const capOfRun = (
  data: AnyFact['data'],
  inputs: ShareVector,
  taken: readonly Taken[],
  sourceOf: Parameters<typeof claimableOf>[3],
): number | null => {
  if ((data.marks as string[]).includes('yield-above-range')) return 0;
  const earlier = capOf(taken);
  const norm = data.maxYieldBasisPoints as number | undefined;
  if (norm === undefined) return earlier;
  const cap = Number((BigInt(acceptedGrams(inputs, sourceOf)) * BigInt(norm)) / 10_000n);
  return earlier === null ? cap : Math.min(cap, earlier);
};

export const processingReaders: Readers = { 'process-run.completed.v1': run };
