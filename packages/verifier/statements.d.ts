import type { BundleVerdict, Expected, Primitives } from './index.js';

/** `now` in milliseconds since 1970; name of the log and code of the statement, where they are known from elsewhere. */
export type StatementExpected = Expected & { now: number; origin?: string; code?: string };

export type StatementVerdict =
  | {
      verdict: 'valid';
      reasons: [];
      statement: {
        id: string;
        batchId: string;
        saleId: string;
        scheme: string;
        schemeVersion: number;
        exclusionGroup: string;
        grams: number;
        /** The stated grams are so many of these. */
        ofGrams: number;
        custodyModel: string;
        state: string;
        code: string | null;
        issuedAt: string | null;
        /** Milliseconds since 1970. */
        validUntil: number | null;
        approvedBy: string[];
        replacedBy: string | null;
        madeSeq: number;
        seq: number;
      };
      issuer: string;
      /** When the status lists were made: what was revoked later they do not know. */
      statusAsOf: string;
      log: Extract<BundleVerdict, { verdict: 'valid' }>;
    }
  | { verdict: 'invalid'; reasons: { code: string; at: string }[] };

/** What the codes mean that other bundles do not have. */
export const STATEMENT_REASONS: Record<string, { en: string; zh: string }>;

/** Checks the bundle of a statement, given as text or as the bytes of its file. Never throws. */
export function verifyStatement(
  source: string | Uint8Array,
  expected: StatementExpected,
  primitives?: Primitives,
): StatementVerdict;
