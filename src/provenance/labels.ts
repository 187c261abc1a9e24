import type { Source } from '../lots/sources.tables.ts';
import { acceptedGrams, claimableOf, custodySource, netOfDeductions, portion } from './claimable.ts';
import { type CustodyModel, custodyModel, modelOfInputs } from './custody-model.ts';
import type { LotModel, StepLabel } from './provenance.tables.ts';
import { mergeAll, type ShareVector, total } from './shares.ts';

type SourceOf = (key: number) => Source;

/** What the way of a lot says of it, beside its sources. */
export type Label = Omit<LotModel, 'lotId' | 'seq'>;

/** Grams taken from a lot for a step, with what was known of the lot. */
export type Taken = { vector: ShareVector; label: Label | null };

export type Output = { material: string; form: string; vector: ShareVector; estimatedGrams: number };

/** A label that says only what the sources of the vector do; `model` of the step that made it, where one did. */
export const plainLabel = (
  vector: ShareVector,
  sourceOf: SourceOf,
  model: CustodyModel = modelOfSources(vector, sourceOf),
): Label => ({
  custodyModel: model,
  originClass: classOf(vector, sourceOf),
  capGrams: null,
  estimatedGrams: 0,
  ofGrams: total(vector),
  dryGrams: null,
  moistureBasisPoints: null,
  holdGrams: null,
  marks: null,
});

/** The custody model that a lot's sources allow by themselves. */
export const modelOfSources = (vector: ShareVector, sourceOf: SourceOf): CustodyModel =>
  modelOfInputs(Array.from(vector.keys, (key) => custodySource(sourceOf(key))));

/** The origin class that all sources share; null when they differ. */
const classOf = (vector: ShareVector, sourceOf: SourceOf): string | null => {
  const [first, ...others] = new Set(Array.from(vector.keys, (key) => sourceOf(key).originClass));
  return others.length > 0 || first === undefined ? null : first;
};

/** What norms and marks, upstream or on the lot itself, leave of `grams` of a lot. */
export const capOf = (label: Label | null, grams: number): number | null => {
  if (label === null) return null;
  if (label.marks !== null) return 0;
  return label.capGrams === null ? null : portion(label.capGrams, grams, label.ofGrams);
};

/** `grams` of a lot without their water, where it or what it came from was sampled. */
export const dryOf = (label: Label | null, grams: number): number | null => {
  if (label === null) return null;
  if (label.moistureBasisPoints !== null) return portion(10_000 - label.moistureBasisPoints, grams, 10_000);
  return label.dryGrams === null ? null : portion(label.dryGrams, grams, label.ofGrams);
};

/** Claimable grams of what a lot holds now. */
export const claimableNow = (
  kind: { material: string; form: string },
  vector: ShareVector,
  label: Label | null,
  sourceOf: SourceOf,
): number => {
  const grams = total(vector);
  const claimable = claimableOf(kind, vector, capOf(label, grams), sourceOf, dryOf(label, grams));
  return Math.min(claimable, label?.holdGrams ?? claimable);
};

/** Marks on a step that leave nothing to claim of what it made, until cleared. */
const CLAIM_MARKS: readonly string[] = ['yield-above-range', 'review', 'duplicate-evidence', 'origin-none'];

/** What caps and norms leave of all that went into a step; null where none applied. */
const capOfStep = (
  taken: readonly Taken[],
  step: Pick<StepLabel, 'normBasisPoints' | 'marks'> | null,
  sourceOf: SourceOf,
): number | null => {
  if (step?.marks.some((mark) => CLAIM_MARKS.includes(mark))) return 0;
  const caps = taken.map(({ vector, label }) => capOf(label, total(vector)));
  const earlier = caps.every((cap) => cap === null)
    ? null
    : caps.reduce<number>((sum, cap, i) => sum + (cap ?? total(taken[i]!.vector)), 0);
  if (step?.normBasisPoints == null) return earlier;
  const accepted = taken.reduce((sum, { vector }) => sum + acceptedGrams(vector, sourceOf), 0);
  const cap = portion(step.normBasisPoints, accepted, 10_000);
  return earlier === null ? cap : Math.min(cap, earlier);
};

/** All that went in without its water: where sampled by the sample, else net of deductions. Null where nothing was sampled. */
const dryOfStep = (taken: readonly Taken[], sourceOf: SourceOf): number | null => {
  const dry = taken.map(({ vector, label }) => dryOf(label, total(vector)));
  if (dry.every((grams) => grams === null)) return null;
  return dry.reduce<number>(
    (sum, grams, i) => sum + (grams ?? netOfDeductions(taken[i]!.vector, sourceOf)),
    0,
  );
};

/** Custody model of what a step makes (ISO 22095): the lowest of its inputs, the site's scope and the line. */
const modelOfStep = (taken: readonly Taken[], step: StepLabel | null, sourceOf: SourceOf): CustodyModel => {
  const vector = mergeAll(taken.map((t) => t.vector));
  const inputs = modelOfInputs(
    Array.from(vector.keys, (key) => custodySource(sourceOf(key))),
    taken.flatMap(({ label }) => (label === null ? [] : [label.custodyModel])),
  );
  return step === null ? inputs : custodyModel(inputs, step.custodyModel, step.lineClean);
};

/**
 * Labels of what a step made of what it took, in the order of the outputs; the outputs together are claimable at
 * most at what caps and norms leave of the inputs. `step` is null where no rules of its own apply (a part, a sale).
 */
export const labelOutputs = (
  taken: readonly Taken[],
  step: StepLabel | null,
  outputs: readonly Output[],
  sourceOf: SourceOf,
): Label[] => {
  const model = modelOfStep(taken, step, sourceOf);
  const inputGrams = taken.reduce((sum, { vector }) => sum + total(vector), 0);
  const dry = dryOfStep(taken, sourceOf);
  let left = capOfStep(taken, step, sourceOf);
  return outputs.map(({ vector, estimatedGrams, ...kind }) => {
    const ofGrams = total(vector);
    const dryGrams = dry === null ? null : portion(dry, ofGrams, inputGrams);
    const label = { ...plainLabel(vector, sourceOf, model), estimatedGrams, dryGrams };
    if (left === null) return label;
    if (outputs.length === 1) return { ...label, capGrams: left };
    const capGrams = claimableOf(kind, vector, left, sourceOf, dryGrams);
    left -= capGrams;
    return { ...label, capGrams };
  });
};
