import { unprocessable } from '../kernel/errors.ts';
import { CLAIMABLE_ORIGINS, MIXTURES } from '../kernel/vocabulary.ts';
import type { OutsideCertificate } from './outside.tables.ts';

/** Kinds made for a factory: whatever a paper says, no sea ever gave them. */
const NEVER_FROM_THE_SEA: readonly string[] = ['virgin', 'additive'];

export type Outside = {
  kind: string;
  material: string;
  form: string;
  grams: number;
  certificate?: OutsideCertificate | undefined;
};

/**
 * 422 where a certificate cannot be about this material: virgin material or an additive of an accepted origin, more
 * claimable grams than there are, or claimable grams of an origin class that none may be claimed from.
 */
export const assertCertificate = ({ kind, grams, certificate }: Outside): void => {
  if (certificate === undefined) return;
  const { originClass, claimableGrams } = certificate;
  const isAccepted = CLAIMABLE_ORIGINS.includes(originClass);
  if (isAccepted && NEVER_FROM_THE_SEA.includes(kind))
    throw unprocessable(
      'never_from_the_sea',
      '/certificate/originClass',
      `${kind} material has no such origin; write none, or the kind it is`,
    );
  if (claimableGrams !== undefined && claimableGrams > grams)
    throw unprocessable(
      'over_certified',
      '/certificate/claimableGrams',
      `must be at most the ${grams} g that came in`,
    );
  if (!isAccepted && (claimableGrams ?? 0) > 0)
    throw unprocessable(
      'origin_not_claimable',
      '/certificate/claimableGrams',
      `must be 0 or left out: nothing is claimed from origin ${originClass}`,
    );
};

/** What is doubtful about it; none of it refuses. A certificate holds through its last day. */
export const outsideMarks = (
  { certificate }: Pick<Outside, 'certificate'>,
  at: { day: string; siteState: string },
): string[] => {
  const validUntil = certificate?.validUntil;
  const found: [string, boolean][] = [
    ['site-closed', at.siteState === 'closed'],
    ['certificate-expired', validUntil !== undefined && validUntil < at.day],
  ];
  return found.filter(([, holds]) => holds).map(([mark]) => mark);
};

export type OutsideClaim = { originClass: string; certifiedGrams: number; claimableGrams: number };

/**
 * Origin class and claimable grams (domain, "Source"): none and 0 unless an outside certificate without a mark says
 * otherwise; 0 of the lot while it is a mixture.
 */
export const outsideClaim = (outside: Outside, marks: readonly string[]): OutsideClaim => {
  const { certificate, material, form, grams } = outside;
  if (certificate === undefined) return { originClass: 'none', certifiedGrams: 0, claimableGrams: 0 };
  const { originClass, claimableGrams = grams } = certificate;
  const holds = marks.length === 0 && CLAIMABLE_ORIGINS.includes(originClass);
  const certifiedGrams = holds ? claimableGrams : 0;
  const isMixture = MIXTURES.includes(material) || form === 'mixed';
  return { originClass, certifiedGrams, claimableGrams: isMixture ? 0 : certifiedGrams };
};
