import { claimableNow, type Label, labelOutputs, modelOfSources } from './labels.ts';
import type { Making } from './projection.history.ts';
import type { Projection } from './projection.ts';
import type { ShareVector } from './shares.ts';
import { originClasses } from './summary.ts';

/**
 * What a changed source, sample or mark means for everything made of it (domain, "Corrections": labels downstream are
 * recomputed, share vectors never). `lots` are labelled anew themselves, `steps` are facts whose outputs are; then,
 * in ledger order, every lot that grams of these went into.
 *
 * @param seq the fact that changed what is known
 */
export const relabel = async (
  projection: Projection,
  seq: number,
  from: { lots?: readonly string[]; steps?: readonly number[] },
): Promise<void> => {
  const { lots = [], steps = [] } = from;
  for (const [i, { label, vector }] of (await projection.states(lots)).entries()) {
    const lotId = lots[i]!;
    if (label === null) projection.setVector(lotId, seq, vector);
    else await relabelSource(projection, seq, lotId, label, vector);
  }
  for (const making of await projection.makingsFrom(lots, steps))
    await relabelMaking(projection, seq, making);
};

/** A lot that came in or was sampled: only its own sources speak for its model. */
const relabelSource = async (
  projection: Projection,
  seq: number,
  lotId: string,
  label: Label,
  vector: ShareVector,
): Promise<void> => {
  const { madeBy, isSource } = await projection.makerOf(lotId);
  const sourceOf = await projection.sourcesOf([vector]);
  const custodyModel = isSource ? modelOfSources(vector, sourceOf) : label.custodyModel;
  projection.setLabel(lotId, seq, { ...label, custodyModel }, madeBy);
};

const relabelMaking = async (projection: Projection, seq: number, making: Making): Promise<void> => {
  const inputs = await projection.states(making.inputs);
  const taken = [];
  for (const [i, lotId] of making.inputs.entries()) {
    const vector = await projection.takenBy(lotId, making.seq);
    taken.push({ vector, label: inputs[i]!.label });
  }
  const states = await projection.states(making.outputs);
  const outputs = [];
  for (const [i, lotId] of making.outputs.entries()) {
    const { kind, label } = states[i]!;
    const vector = await projection.vectorAt(lotId, making.seq);
    outputs.push({ ...kind, vector, estimatedGrams: label!.estimatedGrams });
  }
  const sourceOf = await projection.sourcesOf([...taken, ...outputs].map(({ vector }) => vector));
  const labels = labelOutputs(taken, await projection.stepOf(making.seq), outputs, sourceOf);
  for (const [i, lotId] of making.outputs.entries()) {
    const { moistureBasisPoints, holdGrams, marks } = states[i]!.label!;
    const label = { ...labels[i]!, moistureBasisPoints, holdGrams, marks };
    projection.setLabel(lotId, seq, label, making.seq);
    const { vector, ...kind } = outputs[i]!;
    await projection.changeSummary(lotId, {
      claimableGrams: claimableNow(kind, vector, label, sourceOf),
      custodyModel: label.custodyModel,
      byOriginClass: originClasses(vector, sourceOf),
    });
  }
};
