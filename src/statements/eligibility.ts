import { isClaimableKind } from '../kernel/vocabulary.ts';
import type { Source } from '../lots/sources.tables.ts';
import { isHarmless } from '../provenance/accepted.ts';
import { netOfDeductions, portion } from '../provenance/claimable.ts';
import { capOf, dryOf, type Label, modelOfSources } from '../provenance/labels.ts';
import { type ShareVector, total } from '../provenance/shares.ts';
import type { SchemeRules } from '../schemes/rules.ts';

/** Why grams are not eligible, in the order asked: of one source, then of the lot as a whole. */
export const REASONS = [
  'not-weighed',
  'voided',
  'origin-class',
  'evidence',
  'mark',
  'scale-unknown',
  'out-of-scope',
  'deficit',
  'kind',
  'custody-model',
  'norm',
  'water-and-deductions',
  'yield',
  'on-hold',
] as const;
export type ReasonCode = (typeof REASONS)[number];

/** Grams that one reason keeps out; `mark` says which mark. */
export type Reason = { code: ReasonCode; mark: string | null; grams: number };

/** A lot as eligibility needs it. */
export type HeldLot = {
  kind: { material: string; form: string };
  vector: ShareVector;
  /** Null of a source that nothing was said of. */
  label: Label | null;
  /** Steps on its way that ran without a norm, or under one more generous than the scheme allows. */
  looseSteps: number;
};

/** What is known outside the ledger's grams: whether a source stood under a certificate in force on its day. */
export type InScope = (source: Source) => boolean;

export type Eligibility = { grams: number; eligibleGrams: number; reasons: Reason[] };

/** Why nothing of this source counts under the scheme; null when all of it does. */
export const reasonOf = (
  rules: SchemeRules,
  source: Source,
  inScope: InScope,
): Pick<Reason, 'code' | 'mark'> | null => {
  const because = (code: ReasonCode, mark: string | null = null) => ({ code, mark });
  if (source.basis !== 'weighed') return because('not-weighed');
  const origin = rules.origins.find(({ originClass }) => originClass === source.originClass);
  if (origin === undefined) return because('origin-class');
  if (source.payGrams === 0) return because('voided');
  if (!origin.evidence.includes(source.originEvidence ?? 'certificate')) return because('evidence');
  const mark = source.marks.find((code) => !isHarmless(code));
  if (mark !== undefined) return because('mark', mark);
  if (rules.demandsKnownScale && source.kind === 'weigh-in' && source.deviceId === null)
    return because('scale-unknown');
  if (rules.demandsScope && !inScope(source)) return because('out-of-scope');
  return null;
};

/** Grams kept out by reason; what several sources share is added up. */
class Kept {
  private readonly grams = new Map<string, Reason>();

  add(code: ReasonCode, grams: number, mark: string | null = null): void {
    if (grams === 0) return;
    const key = `${code} ${mark}`;
    const before = this.grams.get(key)?.grams ?? 0;
    this.grams.set(key, { code, mark, grams: before + grams });
  }

  list(): Reason[] {
    return [...this.grams.values()].sort(
      (a, b) =>
        REASONS.indexOf(a.code) - REASONS.indexOf(b.code) || ((a.mark ?? '') < (b.mark ?? '') ? -1 : 1),
    );
  }
}

/**
 * Grams of a lot that a scheme accepts: claimable under its rules (domain, "Three weights"). Every gram is eligible or
 * has exactly one reason: `grams` = `eligibleGrams` + Σ reasons.
 */
export const eligibilityOf = (
  rules: SchemeRules,
  { kind, vector, label, looseSteps }: HeldLot,
  sourceOf: (key: number) => Source,
  inScope: InScope,
): Eligibility => {
  const grams = total(vector);
  const kept = new Kept();
  const none = (code: ReasonCode, mark: string | null = null): Eligibility => ({
    grams,
    eligibleGrams: 0,
    reasons: grams === 0 ? [] : [{ code, mark, grams }],
  });
  if (!isClaimableKind(kind)) return none('kind');
  if (label?.marks?.[0] !== undefined) return none('mark', label.marks[0]);
  if (!rules.custodyModels.includes(label?.custodyModel ?? modelOfSources(vector, sourceOf)))
    return none('custody-model');
  if (looseSteps > 0) return none('norm');
  let accepted = 0;
  for (let i = 0; i < vector.keys.length; i++) {
    const source = sourceOf(vector.keys[i]!);
    const share = vector.grams[i]!;
    const reason = reasonOf(rules, source, inScope);
    if (reason !== null) {
      kept.add(reason.code, share, reason.mark);
      continue;
    }
    const { bookedGrams, deficitGrams } = source;
    const real = deficitGrams === 0 ? share : portion(bookedGrams - deficitGrams, share, bookedGrams);
    kept.add('deficit', share - real);
    accepted += real;
  }
  let left = accepted;
  const lower = (code: ReasonCode, limit: number): void => {
    const next = Math.min(left, limit);
    kept.add(code, left - next);
    left = next;
  };
  lower('water-and-deductions', dryOf(label, grams) ?? netOfDeductions(vector, sourceOf));
  lower('yield', capOf(label, grams) ?? left);
  lower('on-hold', label?.holdGrams ?? left);
  return { grams, eligibleGrams: left, reasons: kept.list() };
};

/** Several lots taken together. */
export const addUp = (parts: readonly Eligibility[]): Eligibility => {
  const kept = new Kept();
  for (const { reasons } of parts) for (const { code, mark, grams } of reasons) kept.add(code, grams, mark);
  return {
    grams: parts.reduce((sum, part) => sum + part.grams, 0),
    eligibleGrams: parts.reduce((sum, part) => sum + part.eligibleGrams, 0),
    reasons: kept.list(),
  };
};
