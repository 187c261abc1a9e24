import { z } from 'zod';
import { text } from '../kernel/values.ts';

const BasisPoints = z.int().min(0).max(10_000);
const Both = (max: number) => z.strictObject({ en: text(max), zh: text(max) });
const Names = z.array(text(80)).max(20);

/** What a scheme is, whole. It is public: whoever holds the log can judge by it. */
export const SchemeRules = z.strictObject({
  name: Both(200),
  /** What is issued under it. Only a body's own scheme issues certificates (domain, rule 9). */
  issues: z.enum(['traceability-statement', 'pre-check', 'certificate']),
  /** What a document under it is, and what it is not; stands on every one. */
  says: Both(1_000),
  /**
   * Content: one holder a gram, any number of schemes. Offset: excludes content and every other offset. None: uses up
   * nothing (domain, rule 2).
   */
  exclusionGroup: z.enum(['content', 'offset', 'none']),
  origins: z
    .array(
      z.strictObject({
        originClass: text(60),
        evidence: z.array(text(40)).min(1).max(10),
        /** The one name it may bear in public, and those it may never bear. */
        publicName: Both(80),
        forbiddenNames: z.strictObject({ en: Names, zh: Names }),
      }),
    )
    .min(1)
    .max(20),
  /** Custody models of ISO 22095 that it accepts. */
  custodyModels: z.array(text(40)).min(1).max(4),
  /** Steps that must have run under a norm of the site, at most as generous as this. */
  norms: z
    .array(z.strictObject({ step: text(40), material: text(40), maxBasisPoints: BasisPoints }))
    .max(100),
  /** Whether the scale must be known: weighed by a registered device. An expired certificate is a mark, and keeps out always. */
  demandsKnownScale: z.boolean(),
  /** Whether the site that weighed must have stood under an outside certificate in force on that day. */
  demandsScope: z.boolean(),
  /** The least of a product that must be of accepted origin for a claim on it. */
  minContentBasisPoints: BasisPoints,
  /** How long a statement holds. */
  validMonths: z.int().min(1).max(120),
});
export type SchemeRules = z.infer<typeof SchemeRules>;
