import { type Label, labelOutputs, type Output, type Taken } from './labels.ts';
import type { Projection } from './projection.ts';
import type { StepLabel } from './provenance.tables.ts';
import { draw, emptyVector, giveBack, total } from './shares.ts';

export type Use = { lotId: string; grams: number };

/** Draws each use from its lot, in the order written; a whole lot goes undrawn. */
export const takeUses = async (
  projection: Projection,
  seq: number,
  uses: readonly Use[],
): Promise<Taken[]> => {
  const states = await projection.states(uses.map((use) => use.lotId));
  return uses.map(({ lotId, grams }, i) => {
    const { vector, label } = states[i]!;
    if (grams === total(vector)) return { vector, label };
    const { taken, rest } = draw(vector, grams);
    projection.setVector(lotId, seq, rest);
    return { vector: taken, label };
  });
};

/**
 * The lots a fact makes of what it took, labelled by what was taken and by the step's own rules (null: none, as of a
 * part or a sale), and the way from the one to the other. Returns the labels in the order of the outputs.
 */
export const makeLots = async (
  projection: Projection,
  seq: number,
  uses: readonly Use[],
  taken: readonly Taken[],
  step: Omit<StepLabel, 'seq'> | null,
  outputs: readonly (Output & { lotId: string })[],
): Promise<Label[]> => {
  const sourceOf = await projection.sourcesOf(taken.map((t) => t.vector));
  const rules = step === null ? null : { seq, ...step };
  if (rules !== null) projection.setStep(rules);
  const labels = labelOutputs(taken, rules, outputs, sourceOf);
  for (const [i, output] of outputs.entries())
    projection.openLot(output.lotId, seq, output, output.vector, labels[i]!);
  projection.move(seq, [
    ...uses.map(({ lotId, grams }) => ({ lotId, direction: 'in' as const, grams })),
    ...outputs.map(({ lotId, vector }) => ({ lotId, direction: 'out' as const, grams: total(vector) })),
  ]);
  return labels;
};

/** Gives back to each lot the very grams that the fact `takenBy` took from it (shares.v1, return). */
export const returnUses = async (
  projection: Projection,
  seq: number,
  takenBy: number,
  uses: readonly Use[],
): Promise<void> => {
  const states = await projection.states(uses.map((use) => use.lotId));
  for (const [i, { lotId }] of uses.entries()) {
    const taken = await projection.takenBy(lotId, takenBy);
    // What comes back may be of sources the lot holds nothing of any more.
    await projection.sourcesOf([taken]);
    // A lot taken whole keeps its vector, here or by a later fact: then it holds only what comes back.
    const held = (await projection.gramsBefore(lotId, seq)) === 0 ? emptyVector : states[i]!.vector;
    projection.setVector(lotId, seq, giveBack(held, taken));
  }
};

/** Gives back to each lot the very grams that the fact `takenBy` counted as lost of it; they are lost no longer. */
export const returnLosses = async (
  projection: Projection,
  seq: number,
  losses: readonly (Use & { takenBy: number })[],
): Promise<void> => {
  if (losses.length === 0) return;
  const states = await projection.states(losses.map(({ lotId }) => lotId));
  const taken = await projection.takeBackLosses(losses, seq);
  await projection.sourcesOf(taken);
  for (const [i, { lotId }] of losses.entries()) {
    const held = (await projection.gramsBefore(lotId, seq)) === 0 ? emptyVector : states[i]!.vector;
    projection.setVector(lotId, seq, giveBack(held, taken[i]!));
  }
};

export type LoadLot = { lotId: string; bookedGrams: number; lossGrams: number };

/** Draws each lot's loss from it and writes both down. */
export const loseFromLots = async (
  projection: Projection,
  seq: number,
  lots: readonly LoadLot[],
  kind: string,
) => {
  const losing = lots.filter((lot) => lot.lossGrams > 0);
  const states = await projection.states(losing.map((lot) => lot.lotId));
  const losses = losing.map(({ lotId, lossGrams }, i) => {
    const { taken, rest } = draw(states[i]!.vector, lossGrams);
    projection.setVector(lotId, seq, rest);
    return { lotId, kind, vector: taken };
  });
  projection.lose(seq, losses);
  projection.move(
    seq,
    losing.map(({ lotId, lossGrams }) => ({ lotId, direction: 'loss' as const, grams: lossGrams })),
  );
};
