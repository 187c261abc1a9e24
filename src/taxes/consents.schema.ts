import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, Sha256Hex, Time } from '../kernel/values.ts';

export const InvoicingConsentRequest = z.strictObject({
  id: Id.optional(),
  given: z.boolean().meta({ description: 'false withdraws it, for what is owed from then on.' }),
  at: Time,
  buyerId: Id.optional().meta({ description: 'Who issues the invoices; the operator unless said.' }),
  evidence: Sha256Hex.optional().meta({ description: 'SHA-256 of the signed paper or recording.' }),
});
export type InvoicingConsentRequest = z.infer<typeof InvoicingConsentRequest>;

export const InvoicingConsentAnswer = z
  .object({ collectorId: Id.nullable(), buyerId: Id, given: z.boolean(), receipt: Receipt })
  .meta({ id: 'InvoicingConsentChanged' });
