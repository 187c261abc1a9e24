import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Day, Id, Money, note } from '../kernel/values.ts';
import { InvoiceNumber, MOST_SALES, Month } from './invoices.facts.ts';

const Fen = z.int().meta({ description: 'Minor units, such as fen.' });
const Buyer = Id.optional().meta({ description: 'The operator unless said.' });
const Total = Fen.meta({
  description:
    'Without VAT, on invoices of this seller in the 12 calendar months that end with that of the date, this one included.',
});
const AMOUNTS = {
  gross: Fen.meta({
    description: 'VAT included; negative on a red-letter invoice, as are vat and incomeTax.',
  }),
  vat: Fen,
  incomeTax: Fen.meta({ description: 'Prepaid for the seller.' }),
};

export const InvoiceRequest = z.strictObject({
  id: Id.optional(),
  collectorId: Id,
  buyerId: Buyer,
  number: InvoiceNumber,
  date: Day,
  kind: z.enum(['ordinary', 'special']),
  month: Month.meta({ description: 'Of the sales: `YYYY-MM` in the programme’s time zone.' }),
  amount: Money.meta({ description: 'What the invoice shows, VAT included: a check.' }),
  lotIds: z.array(Id).min(1).max(MOST_SALES).optional().meta({
    description:
      'The lots of the weigh-ins it covers, and ids of distributions. Left out: all of the month that stand on no invoice, the first 1,000 where there are more.',
  }),
});
export type InvoiceRequest = z.infer<typeof InvoiceRequest>;

export const InvoiceAnswer = z
  .object({
    number: z.string(),
    collectorId: Id.nullable(),
    sales: z.int(),
    ...AMOUNTS,
    total: Total,
    receipt: Receipt,
  })
  .meta({ id: 'ReverseInvoiceRecorded' });

export const RedRequest = z.strictObject({
  id: Id.optional(),
  number: InvoiceNumber,
  date: Day,
  reason: note(2_000),
  whole: z.boolean().optional().meta({
    description:
      'Takes back all of the invoice, so that its sales may be invoiced anew. Else only what corrections and voids made less.',
  }),
});
export type RedRequest = z.infer<typeof RedRequest>;

export const ReleaseRequest = z.strictObject({
  id: Id.optional(),
  collectorId: Id,
  buyerId: Buyer,
  month: Month,
  reason: note(2_000),
});
export type ReleaseRequest = z.infer<typeof ReleaseRequest>;
export const ReleaseAnswer = z
  .object({ collectorId: Id.nullable(), sales: z.int(), vat: Fen, incomeTax: Fen, receipt: Receipt })
  .meta({ id: 'TaxReleased' });

export const InvoiceView = z
  .object({
    number: z.string(),
    kind: z.enum(['ordinary', 'special', 'red']),
    reddens: z.string().nullable().meta({ description: 'The invoice a red-letter one takes back from.' }),
    buyerId: Id,
    collectorId: Id.nullable().meta({ description: 'Null once erased, or where the caller may not see it.' }),
    date: z.string(),
    month: z.string().meta({ description: 'Of the sales.' }),
    sales: z.int().meta({ description: 'How many weigh-ins and distributions it covers.' }),
    ...AMOUNTS,
    total: Total,
    seq: z.int(),
  })
  .meta({ id: 'ReverseInvoice' });
export const InvoiceDetail = InvoiceView.extend({
  lotIds: z.array(Id).meta({ description: 'Lots of the weigh-ins it covers, and ids of distributions.' }),
}).meta({ id: 'ReverseInvoiceDetail' });

export const DueView = z
  .object({
    collectorId: Id.nullable(),
    buyerId: Id,
    month: z.string(),
    sales: z.int(),
    ...AMOUNTS,
    consent: z.boolean().meta({ description: 'Whether the seller agrees to it now.' }),
  })
  .meta({ id: 'ReverseInvoiceDue' });

export const MonthView = z
  .object({
    month: z.string(),
    items: z.array(
      z.object({
        buyerId: Id,
        sellers: z.int().meta({ description: 'With an invoice dated in the month.' }),
        invoices: z.int(),
        redInvoices: z.int(),
        ...AMOUNTS,
      }),
    ),
    notInvoiced: z.object({ sales: z.int(), ...AMOUNTS }).meta({
      description: 'Sales of the month of which tax is withheld, and which stand on no invoice.',
    }),
    short: z.object({ sellers: z.int(), vat: Fen, incomeTax: Fen }).meta({
      description:
        'Due on the sales of the month by the rule in force now, and not withheld: such as the VAT of a month that passed the limit with its last bag.',
    }),
  })
  .meta({ id: 'ReverseInvoiceMonth' });

export const SellerTaxes = z
  .object({
    collectorId: Id,
    consents: z.array(z.object({ buyerId: Id, given: z.boolean() })),
    months: z.array(z.object({ month: z.string(), buyerId: Id, ...AMOUNTS, net: Fen })).meta({
      description: 'What was earned under reverse invoices and withheld, the newest 24 months first.',
    }),
    invoices: z.array(InvoiceView).meta({ description: 'The newest 100.' }),
    total: Fen.meta({
      description: 'Invoiced in the 12 calendar months that end with this one, without VAT.',
    }),
    left: Fen.nullable().meta({ description: 'Of the limit; null where no rule names one.' }),
  })
  .meta({ id: 'SellerTaxes' });
