import { canonicalBytes } from '../kernel/canonical.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import type { MoneyAmount } from './corrections.ts';

/** What a collector is shown of a weigh-in: what was weighed, deducted, and is owed. */
export type Seen = {
  grossGrams: number;
  tareGrams: number;
  deductions: readonly { kind: string; grams: number; basis: string }[];
  payGrams: number;
  earning: MoneyAmount | null;
};

/** Of a weigh-in as it is by now, exactly what is confirmed. */
export const seenOf = ({ grossGrams, tareGrams, deductions, payGrams, earning }: Seen): Seen => ({
  grossGrams,
  tareGrams,
  deductions,
  payGrams,
  earning,
});

/**
 * SHA-256 of the RFC 8785 bytes of what was seen. The price stands in it as what is owed for the pay grams: it is the
 * one thing that no correction changes, and it goes with an erased person, while this must still be recomputed.
 */
export const seenSha256 = (seen: Seen): string => toHex(sha256(canonicalBytes(seenOf(seen))));
