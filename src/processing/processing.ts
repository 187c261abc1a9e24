import { DomainError, unprocessable } from '../kernel/errors.ts';
import { MIXTURES, PLASTICS, POLLUTANTS } from '../kernel/vocabulary.ts';
import type { Norm } from '../registry/registry.tables.ts';

export type MaterialForm = { material: string; form: string };
export type Part = MaterialForm & { grams: number };
export type Loss = { kind: string; grams: number };

const isPlastic = (material: string): boolean => (PLASTICS as readonly string[]).includes(material);

const sum = (items: readonly { grams: number }[]): bigint =>
  items.reduce((total, { grams }) => total + BigInt(grams), 0n);

/** Σ inputs = Σ outputs + Σ losses, to the gram; else 422 `out_of_balance` with the three sums. */
export const assertBalance = (
  inputs: readonly { grams: number }[],
  outputs: readonly { grams: number }[],
  losses: readonly { grams: number }[],
): void => {
  const [into, out, lost] = [sum(inputs), sum(outputs), sum(losses)];
  if (into === out + lost) return;
  throw new DomainError(
    'unprocessable',
    'out_of_balance',
    `Inputs are ${into} g, outputs ${out} g and losses ${lost} g; outputs and losses must be the inputs to the gram.`,
    {
      errors: [
        { pointer: '/inputs', reason: `sum to ${into} g` },
        { pointer: '/outputs', reason: `sum to ${out} g` },
        { pointer: '/losses', reason: `sum to ${lost} g` },
      ],
    },
  );
};

const isPollutant = (material: string): boolean => (POLLUTANTS as readonly string[]).includes(material);

/** Pollutants are treated by themselves and never enter a plastic lot: a run has only them, or none. */
export const assertPollutantsApart = (
  inputs: readonly MaterialForm[],
  outputs: readonly MaterialForm[],
): void => {
  const all = [...inputs, ...outputs];
  const first = all.findIndex(({ material }) => isPollutant(material) !== isPollutant(all[0]!.material));
  if (first === -1) return;
  const at = first < inputs.length ? `/inputs/${first}` : `/outputs/${first - inputs.length}`;
  throw unprocessable(
    'pollutant_in_plastic',
    at,
    'pollutants and other materials never share a run; record them apart',
  );
};

/** Steps that move grams together or apart and change nothing in them. */
const KEEPING: readonly string[] = ['consolidate', 'split'];

/** A consolidation gives one lot and loses nothing; it and a split keep material and form, or call a mixture one. */
export const assertStep = (
  step: string,
  inputs: readonly MaterialForm[],
  outputs: readonly MaterialForm[],
  losses: readonly Loss[],
): void => {
  if (step === 'consolidate' && outputs.length !== 1)
    throw unprocessable('one_output', '/outputs', 'a consolidation gives exactly one lot');
  if (step === 'consolidate' && losses.length > 0)
    throw unprocessable(
      'no_losses',
      '/losses',
      'a consolidation loses nothing; record the loss in a step of its own',
    );
  if (!KEEPING.includes(step)) return;
  const materials = new Set(inputs.map((i) => i.material));
  const forms = new Set(inputs.map((i) => i.form));
  for (const [i, { material, form }] of outputs.entries()) {
    if (!(materials.size === 1 ? materials.has(material) : MIXTURES.includes(material)))
      throw unprocessable(
        'other_material',
        `/outputs/${i}/material`,
        `a ${step} keeps the material, or makes a mixture of several`,
      );
    if (!(forms.size === 1 ? forms.has(form) : form === 'mixed'))
      throw unprocessable(
        'other_form',
        `/outputs/${i}/form`,
        `a ${step} keeps the form; several forms together are mixed`,
      );
  }
};

/** A norm as a run met it: the grams it compares. */
export type NormMet = Omit<Norm, 'step'> & { inputGrams: number; outputGrams: number };

/**
 * The site's norms for this step that the run can be held against. A polymer's output is compared with what it can
 * come from, itself and mixtures; a mixture's with all plastic that came out of all plastic that went in.
 */
export const normsMet = (
  norms: readonly Norm[],
  step: string,
  inputs: readonly Part[],
  outputs: readonly Part[],
): NormMet[] =>
  norms
    .filter((norm) => norm.step === step)
    .flatMap(({ step: _, ...norm }) => {
      const isMixture = MIXTURES.includes(norm.material);
      const named = isMixture ? inputs : [...inputs, ...outputs];
      if (!named.some(({ material }) => material === norm.material)) return [];
      const comesFrom = (material: string) =>
        material === norm.material || MIXTURES.includes(material) || (isMixture && isPlastic(material));
      const counts = (material: string) => (isMixture ? isPlastic(material) : material === norm.material);
      const inputGrams = Number(sum(inputs.filter(({ material }) => comesFrom(material))));
      const outputGrams = Number(sum(outputs.filter(({ material }) => counts(material))));
      return [{ ...norm, inputGrams, outputGrams }];
    });

/**
 * What the norms together let come out of all inputs at most, in basis points, rounded down; null where none
 * applied. Plastic that no norm speaks of counts as it came out.
 */
export const maxYieldBasisPoints = (
  norms: readonly NormMet[],
  inputs: readonly Part[],
  outputs: readonly Part[],
): number | null => {
  if (norms.length === 0) return null;
  const allowed = norms.reduce(
    (total, norm) => total + BigInt(norm.inputGrams) * BigInt(norm.maxBasisPoints),
    0n,
  );
  const spokenOf = (material: string) =>
    norms.some((n) => n.material === material || MIXTURES.includes(n.material));
  const others = outputs.filter(({ material }) => isPlastic(material) && !spokenOf(material));
  return Number((allowed + sum(others) * 10_000n) / sum(inputs));
};

/** Steps after which nothing of an earlier run can hide in the machine. */
const WITHOUT_LINE: readonly string[] = ['consolidate', 'sort', 'bale', 'split'];

/** What is doubtful about a run; none of it refuses. Equal to a limit is within. */
export const runMarks = (step: string, lineClean: boolean, norms: readonly NormMet[]): string[] => {
  const share = ({ outputGrams }: NormMet) => BigInt(outputGrams) * 10_000n;
  const limit = ({ inputGrams }: NormMet, basisPoints: number) => BigInt(inputGrams) * BigInt(basisPoints);
  const found: [string, boolean][] = [
    ['yield-above-range', norms.some((norm) => share(norm) > limit(norm, norm.maxBasisPoints))],
    ['yield-below-range', norms.some((norm) => share(norm) < limit(norm, norm.minBasisPoints))],
    ['no-line-clean', !lineClean && !WITHOUT_LINE.includes(step)],
  ];
  return found.filter(([, holds]) => holds).map(([mark]) => mark);
};
