import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Currency, Id, Seq, Sha256Hex, text } from '../kernel/values.ts';

const STATES = ['proposed', 'approved', 'rejected'] as const;
const Amount = z
  .int()
  .nullable()
  .meta({ description: 'Minor units that went over; null until it is approved.' });

export const BalanceClaimRequest = z.strictObject({
  id: Id.optional(),
  collectorId: Id.meta({ description: 'Who claims it, registered as a collector, and paid as one.' }),
  relation: text(120).meta({ description: 'To whoever was owed it, such as 配偶 or 女儿.' }),
  evidenceHash: Sha256Hex.meta({
    description: "SHA-256 of the paper that shows it, such as a notary's certificate of succession.",
  }),
});
export type BalanceClaimRequest = z.infer<typeof BalanceClaimRequest>;

export const BalanceClaimDecision = z.strictObject({
  id: Id.optional(),
  proposalSeq: Seq.meta({ description: 'The proposal that was looked at; another is refused.' }),
});

export const BalanceClaimAnswer = z.object({
  accountId: Id,
  state: z.enum(STATES),
  amount: Amount,
  receipt: Receipt,
});

export const BalanceClaimView = z
  .object({
    accountId: Id,
    state: z.enum(STATES),
    proposalSeq: z.int(),
    collectorId: Id.nullable().meta({
      description: 'Null once erased, and for who may not see the person.',
    }),
    relation: z.string().nullable(),
    evidenceHash: Sha256Hex.nullable(),
    currency: Currency,
    amount: Amount,
    approvableFrom: z.string().meta({ description: 'By another person, 72 hours after the proposal.' }),
  })
  .meta({ id: 'BalanceClaim' });
