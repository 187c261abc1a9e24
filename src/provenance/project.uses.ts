import { type claimableOf, custodySource } from './claimable.ts';
import { modelOfInputs } from './custody-model.ts';
import type { LotState, Projection } from './projection.ts';
import { draw, giveBack, type ShareVector, total } from './shares.ts';

export type Use = { lotId: string; grams: number };

/** Draws each use from its lot, in the order written; a whole lot goes undrawn. */
export const takeUses = async (projection: Projection, seq: number, uses: readonly Use[]) => {
  const states = await projection.states(uses.map((use) => use.lotId));
  return uses.map(({ lotId, grams }, i) => {
    const { vector, ...state } = states[i]!;
    const whole = total(vector);
    if (grams === whole) return { ...state, vector, whole };
    const { taken, rest } = draw(vector, grams);
    projection.setVector(lotId, seq, rest);
    return { ...state, vector: taken, whole };
  });
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
    const isEmpty = (await projection.gramsBefore(lotId, seq)) === 0;
    projection.setVector(lotId, seq, isEmpty ? taken : giveBack(states[i]!.vector, taken));
  }
};

export type Taken = Omit<LotState, 'vector'> & { vector: ShareVector; whole: number };

/** What norms and marks upstream leave of the grams taken together; null where none applied. */
export const capOf = (taken: readonly Taken[]): number | null =>
  taken.every((t) => t.capGrams === null)
    ? null
    : taken.reduce((sum, t) => {
        const grams = total(t.vector);
        return (
          sum + (t.capGrams === null ? grams : Number((BigInt(t.capGrams) * BigInt(grams)) / BigInt(t.whole)))
        );
      }, 0);

export const modelOf = (
  vectors: readonly ShareVector[],
  taken: readonly Taken[],
  sourceOf: Parameters<typeof claimableOf>[3],
) => {
  const keys = vectors.flatMap((vector) => [...vector.keys]);
  return modelOfInputs(
    keys.map((key) => custodySource(sourceOf(key))),
    taken.flatMap((t) => (t.model === null ? [] : [t.model])),
  );
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
