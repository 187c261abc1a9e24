import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, TotalGrams } from '../kernel/values.ts';
import { REASONS } from './eligibility.ts';
import { STATEMENT_STATES } from './statements.tables.ts';

const Scheme = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,59}$/, 'must be the code of a scheme, such as traceability-statement');

export const StatementRequest = z.strictObject({
  id: Id.optional(),
  batchId: Id,
  saleId: Id.optional().meta({ description: 'The only sale, or the only one to the holder, unless said.' }),
  holderOrganisationId: Id.optional().meta({ description: 'Whose grams they are; the buyer of the sale.' }),
  scheme: Scheme,
  grams: TotalGrams.min(1).optional().meta({ description: 'All that may still be stated unless said.' }),
  note: note(2_000).optional(),
});
export type StatementRequest = z.infer<typeof StatementRequest>;

export const EligibilityQuery = z.object({ scheme: Scheme, saleId: Id.optional() });

export const EligibilityView = z
  .object({
    scheme: z.string(),
    schemeVersion: z.int(),
    asOfSeq: z.int(),
    grams: z.int(),
    eligibleGrams: z.int(),
    custodyModel: z.string(),
    reasons: z
      .array(z.object({ code: z.enum(REASONS), mark: z.string().nullable(), grams: z.int() }))
      .meta({ description: 'grams = eligibleGrams + the sum of these.' }),
  })
  .meta({ id: 'Eligibility' });

const State = z.enum(STATEMENT_STATES);

export const StatementAnswer = z
  .object({
    id: Id,
    state: State,
    grams: z.int().nullable().meta({ description: 'Of what was asked for just now.' }),
    code: z.string().nullable().meta({ description: 'Of what was issued just now.' }),
    receipt: Receipt,
  })
  .meta({ id: 'StatementChanged' });

export const ReasonRequest = z.strictObject({ id: Id.optional(), reason: note(2_000) });
export type ReasonRequest = z.infer<typeof ReasonRequest>;
export const ApprovalRequest = z.strictObject({ id: Id.optional(), note: note(2_000).optional() }).nullish();
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

export const StatementView = z
  .object({
    id: Id,
    batchId: Id,
    saleId: Id,
    holderId: Id,
    scheme: z.string(),
    schemeVersion: z.int(),
    exclusionGroup: z.string(),
    grams: z.int(),
    ofGrams: z.int(),
    custodyModel: z.string(),
    state: State,
    reason: z.string().nullable(),
    code: z.string().nullable(),
    issuedAt: z.string().nullable(),
    validUntil: z.string().nullable(),
    approvals: z.int().meta({ description: 'Of two that are needed.' }),
    replaces: Id.nullable(),
    replacedBy: Id.nullable(),
    seq: z.int(),
  })
  .meta({ id: 'Statement' });
