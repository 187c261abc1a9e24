import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Currency, Id, MAX_INTEGER, Time, text } from '../kernel/values.ts';
import { INCOME_KINDS } from '../kernel/vocabulary.ts';

const Fen = z.int().min(0).max(MAX_INTEGER);
const BasisPoints = z.int().min(0).max(10_000);
export const IncomeKindCode = z.enum(INCOME_KINDS);

export const ReverseInvoicing = z.strictObject({
  issuers: z
    .array(z.strictObject({ organisationId: Id, registration: text(60) }))
    .min(1)
    .max(50)
    .meta({
      description:
        'Buyers of record that issue the invoice for the seller (反向开票), each with the number under which it is registered as a recycler.',
    }),
  kinds: z.array(IncomeKindCode).min(1).max(INCOME_KINDS.length).meta({
    description: 'What is part of the sale; income of other kinds stands on no invoice.',
  }),
  vatBasisPoints: BasisPoints.meta({ description: 'Included in the price; 100 is 1 %.' }),
  vatFreeUpTo: Fen.meta({
    description:
      'Minor units without VAT: sales of a calendar month up to this bear none, beyond it all of them do. 0 where special invoices are issued.',
  }),
  incomeTaxBasisPoints: BasisPoints.meta({ description: 'Of the sales without VAT, prepaid; 50 is 0.5 %.' }),
  limit: Fen.meta({
    description: 'Minor units without VAT that may be invoiced to one seller within 12 calendar months.',
  }),
});

export const FlatTax = z.strictObject({ kind: IncomeKindCode, basisPoints: BasisPoints });

export const TaxRuleRequest = z.strictObject({
  id: Id.optional(),
  source: text(200).meta({ description: 'The law it follows, such as an announcement and its number.' }),
  startsAt: Time,
  currency: Currency.optional().meta({ description: 'The programme’s unless said.' }),
  reverseInvoicing: ReverseInvoicing.optional().meta({ description: 'Left out: nobody issues them.' }),
  flat: z.array(FlatTax).max(INCOME_KINDS.length).default([]).meta({
    description:
      'Income tax withheld at a flat rate of income of a kind where no invoice is issued for it; kinds that are not named bear none.',
  }),
});
export type TaxRuleRequest = z.infer<typeof TaxRuleRequest>;

export const TaxRuleAnswer = z
  .object({ id: Id, version: z.int(), startsAt: z.string(), receipt: Receipt })
  .meta({ id: 'TaxRulePublished' });

export const TaxRuleView = z
  .object({
    id: Id,
    version: z.int(),
    source: z.string(),
    startsAt: z.string(),
    currency: z.string(),
    reverseInvoicing: ReverseInvoicing.nullable(),
    flat: z.array(FlatTax),
    seq: z.int(),
  })
  .meta({ id: 'TaxRule' });
