import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Currency, Id, MAX_INTEGER, note, Time, TotalGrams, text } from '../kernel/values.ts';
import { CostKind } from '../kernel/vocabulary.ts';
import { SalePriceShape } from './sales.facts.ts';

const PositiveMoney = z
  .strictObject({ amount: z.int().min(1).max(MAX_INTEGER), currency: Currency })
  .meta({ description: 'Minor units (fen for CNY) of one currency.' });
const saleId = Id.optional().meta({ description: 'The only sale of the batch unless said.' });
const MoneyView = z.object({ amount: z.int(), currency: z.string() });

export const SaleRequest = z.strictObject({
  id: Id.optional(),
  buyerOrganisationId: Id,
  grams: TotalGrams.min(1).optional().meta({ description: 'All that is left unless said.' }),
  price: SalePriceShape.meta({ description: 'Minor units for `perGrams` grams.' }),
  contract: text(200).optional(),
});
export type SaleRequest = z.infer<typeof SaleRequest>;

export const SaleAnswer = z
  .object({
    id: Id,
    grams: z.int(),
    total: MoneyView.meta({ description: 'price × grams / perGrams, half up.' }),
    lotId: Id.meta({ description: 'The lot of the buyer.' }),
    receipt: Receipt,
  })
  .meta({ id: 'BatchSold' });

export const DeliveryRequest = z.strictObject({
  id: Id.optional(),
  saleId,
  grams: TotalGrams.min(1),
  deliveredAt: Time,
  siteId: Id.optional().meta({
    description: 'A site of the buyer: its lot stands there once all of the sale is delivered.',
  }),
  note: note(2_000).optional(),
});
export type DeliveryRequest = z.infer<typeof DeliveryRequest>;

export const DeliveryAnswer = z
  .object({ saleId: Id, grams: z.int(), deliveredGrams: z.int(), receipt: Receipt })
  .meta({ id: 'BatchDelivered' });

export const PaymentRequest = z.strictObject({
  id: Id.optional(),
  saleId,
  amount: PositiveMoney,
  receivedAt: Time,
  reference: text(200).optional(),
});
export type PaymentRequest = z.infer<typeof PaymentRequest>;

export const PaymentAnswer = z
  .object({ saleId: Id, received: MoneyView, outstanding: MoneyView, receipt: Receipt })
  .meta({ id: 'BatchPaid' });

export const CostRequest = z.strictObject({
  id: Id.optional(),
  kind: CostKind,
  amount: PositiveMoney,
  incurredAt: Time,
  reference: text(200).optional(),
});
export type CostRequest = z.infer<typeof CostRequest>;

export const CostAnswer = z
  .object({
    batchId: Id,
    costs: MoneyView.meta({ description: 'Booked so far in this currency.' }),
    receipt: Receipt,
  })
  .meta({ id: 'BatchCostBooked' });

export const ReturnRequest = z.strictObject({
  id: Id.optional(),
  saleId,
  grams: TotalGrams.min(1).meta({ description: 'As booked; what the scale said is measuredGrams.' }),
  measuredGrams: TotalGrams.optional(),
  siteId: Id,
  creditNote: PositiveMoney.optional(),
  returnedAt: Time,
  reason: note(2_000),
});
export type ReturnRequest = z.infer<typeof ReturnRequest>;

export const ReturnAnswer = z
  .object({
    saleId: Id,
    lotId: Id,
    bookedGrams: z.int(),
    measuredGrams: z.int(),
    toleranceGrams: z.int(),
    lossGrams: z.int(),
    surplusGrams: z.int(),
    surplusLotId: Id.optional(),
    caseId: Id.optional(),
    onHold: z.boolean(),
    outstanding: MoneyView.meta({ description: 'Still owed; below zero where money is to go back.' }),
    receipt: Receipt,
  })
  .meta({ id: 'BatchReturned' });

export const SaleView = z
  .object({
    id: Id,
    seq: z.int(),
    buyerId: Id,
    lotId: Id,
    grams: z.int(),
    deliveredGrams: z.int(),
    returnedGrams: z.int(),
    productGrams: z.int(),
    state: z.string(),
    money: z
      .object({
        price: SalePriceShape,
        currency: z.string(),
        total: z.int(),
        received: z.int(),
        credited: z.int(),
        outstanding: z.int(),
        contract: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'To seller, buyer, operator and auditor only.' }),
  })
  .meta({ id: 'BatchSale' });

export const EntryView = z
  .object({
    seq: z.int(),
    saleId: Id.nullable(),
    kind: z.enum(['cost', 'delivery', 'payment', 'return']),
    costKind: z.string().nullable(),
    grams: z.int().nullable(),
    amount: z.int().nullable(),
    currency: z.string().nullable(),
    at: z.string(),
    siteId: Id.nullable(),
    note: z.string().nullable(),
    voids: z.int().nullable().meta({ description: 'The entry this one counters, with the opposite sign.' }),
  })
  .meta({ id: 'BatchEntry' });
