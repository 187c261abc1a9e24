import { CLAIMABLE_ORIGINS } from '../kernel/vocabulary.ts';
import type { Source } from '../lots/sources.tables.ts';

/** Marks that leave the claim alone. */
const HARMLESS: readonly string[] = ['late'];

export const isHarmless = (mark: string): boolean => HARMLESS.includes(mark);

/** Of an accepted origin class, weighed, and without an open claim mark, and not voided (domain, "Three weights"). */
export const isAccepted = ({
  originClass,
  basis,
  marks,
  payGrams,
}: Pick<Source, 'originClass' | 'basis' | 'marks' | 'payGrams'>): boolean =>
  payGrams > 0 && CLAIMABLE_ORIGINS.includes(originClass) && basis === 'weighed' && marks.every(isHarmless);
