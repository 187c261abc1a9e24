import type { AnyFact } from '../ledger/fact.ts';
import { addMarks } from './project.marks.ts';
import type { Readers } from './project.reader.ts';
import { makeLots, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { containsV1, runDraws } from './shares.ts';

type RunOutput = { lotId: string; material: string; form: string; grams: number };

const run = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, data } = fact;
  const inputs = data.inputs as Use[];
  const outputs = data.outputs as RunOutput[];
  const losses = data.losses as { kind: string; grams: number }[];
  const marks = data.marks as string[];
  const taken = await takeUses(projection, seq, inputs);
  const sourceOf = await projection.sourcesOf(taken.map((t) => t.vector));
  const drawn = runDraws(
    taken.map((t) => t.vector),
    outputs,
    losses,
    sourceOf,
    containsV1,
  );
  const step = {
    custodyModel: data.custodyModel,
    // Steps that need no cleaning of the line are not marked for the lack of it.
    lineClean: !marks.includes('no-line-clean'),
    normBasisPoints: data.maxYieldBasisPoints ?? null,
    marks,
  };
  const made = outputs.map(({ grams: _, ...output }, i) => ({ ...output, ...drawn.outputs[i]! }));
  await makeLots(projection, seq, inputs, taken, step, made);
  await addMarks(projection, fact, 'process-run', data.runId);
  projection.lose(
    seq,
    losses.map(({ kind }, i) => ({ lotId: null, kind, vector: drawn.losses[i]! })),
  );
};

export const processingReaders: Readers = { 'process-run.completed.v1': run };
