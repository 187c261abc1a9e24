import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, Seq, Sha256Hex, text } from '../kernel/values.ts';
import { PAYOUT_RAILS } from '../kernel/vocabulary.ts';
import { PayeeRequest } from './payees.schema.ts';

const STATES = ['proposed', 'approved', 'rejected'] as const;

export const HeirRequest = PayeeRequest.extend({
  name: text(120).meta({ description: 'The real name, as on the identity card.' }),
  relation: text(120).meta({ description: 'To the collector, such as 配偶 or 女儿.' }),
  evidenceHash: Sha256Hex.meta({
    description: "SHA-256 of the paper that shows it, such as a notary's certificate of succession.",
  }),
});
export type HeirRequest = z.infer<typeof HeirRequest>;

export const HeirDecision = z.strictObject({
  id: Id.optional(),
  proposalSeq: Seq.meta({ description: 'The proposal that was looked at; another is refused.' }),
});

export const HeirAnswer = z.object({
  collectorId: Id.nullable(),
  state: z.enum(STATES),
  receipt: Receipt,
});

export const HeirView = z
  .object({
    collectorId: Id,
    state: z.enum(STATES),
    proposalSeq: z.int(),
    rail: z.enum(PAYOUT_RAILS),
    account: z.string().nullable().meta({ description: 'Its last four characters.' }),
    name: z.string(),
    relation: z.string(),
    evidenceHash: Sha256Hex,
    paid: z.boolean().meta({ description: 'Whether payouts go to this heir now.' }),
  })
  .meta({ id: 'Heir' });
