import { z } from 'zod';
import { Id, Time, text } from '../kernel/values.ts';
import { PAYOUT_RAILS } from '../kernel/vocabulary.ts';

export const PayeeRequest = z.strictObject({
  id: Id.optional(),
  rail: z.enum(PAYOUT_RAILS),
  account: text(64).optional().meta({
    description: 'The OpenID for `wechat`, the account number for `bank`; none for `cash`.',
  }),
  name: text(120).optional().meta({ description: 'The real name, where the rail checks it.' }),
});
export type PayeeRequest = z.infer<typeof PayeeRequest>;

export const NettingConsentRequest = z.strictObject({
  id: Id.optional(),
  given: z.boolean().meta({ description: 'false withdraws it.' }),
  at: Time,
});
export type NettingConsentRequest = z.infer<typeof NettingConsentRequest>;

export const PayeeView = z
  .object({
    collectorId: Id,
    rail: z.enum(PAYOUT_RAILS).nullable(),
    account: z.string().nullable().meta({ description: 'Its last four characters.' }),
    changedAt: z.string().nullable().meta({ description: 'Null while the first one stands.' }),
    netting: z.boolean(),
  })
  .meta({ id: 'Payee' });
