import { drawOver } from '../lots/draw.ts';
import type { Case, CaseKind, Proposal } from './cases.tables.ts';

export type Outcome = Proposal['outcome'];

/**
 * Grams a decision writes off, of what the held lots hold by now. A short load keeps at most what was measured,
 * whichever the outcome; what corrections explained meanwhile is no longer missing. A surplus, or a load reported
 * lost, is written off whole as a loss, or released whole; so is what a late weigh-in has beyond a count.
 */
export const writtenOff = (
  { kind, measuredGrams }: { kind: CaseKind; measuredGrams: number },
  outcome: Outcome,
  heldGrams: number,
): number => {
  if (kind === 'weigh-in-deficit') return 0;
  if (kind === 'receipt-short' || kind === 're-weighing') return Math.max(0, heldGrams - measuredGrams);
  if (kind === 'late-count') return outcome === 'loss' ? Math.max(0, heldGrams - measuredGrams) : 0;
  return outcome === 'loss' ? heldGrams : 0;
};

/** Grams that corrections have not explained yet: a short or lost load may say explained only once none are left. */
export const unexplained = (
  { kind, measuredGrams }: { kind: CaseKind; measuredGrams: number },
  heldGrams: number,
): number =>
  kind === 'receipt-short' || kind === 'load-lost' || kind === 're-weighing'
    ? Math.max(0, heldGrams - measuredGrams)
    : 0;

/** The loss drawn over the held lots, in their order. */
export const decisionLots = (
  held: readonly { lotId: string; seq: number; grams: number }[],
  lossGrams: number,
): { lotId: string; seq: number; bookedGrams: number; lossGrams: number }[] => {
  const losses = drawOver(
    held.map((lot) => lot.grams),
    lossGrams,
  );
  return held.map(({ lotId, seq, grams }, i) => ({ lotId, seq, bookedGrams: grams, lossGrams: losses[i]! }));
};

export const profits = (question: Pick<Case, 'organisationIds'>, organisationId: string): boolean =>
  question.organisationIds.includes(organisationId);

type Holder = { organisationId: string; holder: string };

/** Organisations that oversee: their people answer for themselves. In any other, all holders are one person. */
const OVERSEEING_KINDS: readonly string[] = ['operator', 'certifier', 'regulator'];

/** Whether two holders count as one person. */
export const onePerson = (a: Holder, b: Holder, organisationKind: string | undefined): boolean =>
  a.organisationId === b.organisationId &&
  (sameName(a.holder, b.holder) || !OVERSEEING_KINDS.includes(organisationKind ?? ''));

/** The same name written otherwise is the same name. */
export const sameName = (a: string, b: string): boolean => plainName(a) === plainName(b);

const plainName = (name: string): string => name.normalize('NFKC').replace(/\s+/gu, '').toLowerCase();
