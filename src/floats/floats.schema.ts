import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Currency, Id, Money, note, Time, text } from '../kernel/values.ts';

const Fen = z.int().meta({ description: 'Minor units, such as fen.' });
const Positive = Money.refine(({ amount }) => amount > 0, 'must be more than 0');

export const FloatRequest = z.strictObject({
  siteId: Id,
  amount: Positive,
  from: z.enum(['bank', 'capital']).default('capital').meta({
    description: 'Where the cash comes from: the bank account of the programme, or funds put in.',
  }),
  movedAt: Time.optional(),
  reference: text(120).optional(),
});
export type FloatRequest = z.infer<typeof FloatRequest>;

export const FloatMovementRequest = z.strictObject({
  amount: Money.refine(({ amount }) => amount !== 0, 'must not be 0').meta({
    description: 'Put in; negative: taken out.',
  }),
  from: z.enum(['bank', 'capital']).default('capital'),
  movedAt: Time.optional(),
  reference: text(120).optional(),
});
export type FloatMovementRequest = z.infer<typeof FloatMovementRequest>;

export const FloatCapRequest = z.strictObject({
  personDayCap: Money.refine(({ amount }) => amount >= 0, 'must not be negative')
    .nullable()
    .meta({ description: 'What one person may be paid in cash on one day; null: no limit.' }),
});
export type FloatCapRequest = z.infer<typeof FloatCapRequest>;

export const CashCountRequest = z.strictObject({
  id: Id.optional(),
  counted: Money.refine(({ amount }) => amount >= 0, 'must not be negative'),
  countedAt: Time.optional().meta({ description: 'The cut-off; now unless said.' }),
  shift: text(60).optional(),
  note: note(2_000).optional(),
});
export type CashCountRequest = z.infer<typeof CashCountRequest>;

export const CashPaymentRequest = z.strictObject({
  id: Id.optional(),
  collectorId: Id,
  amount: Positive,
  paidAt: Time,
  slip: text(60).optional(),
});
export type CashPaymentRequest = z.infer<typeof CashPaymentRequest>;

export const FloatAnswer = z
  .object({ id: Id, balance: Money, receipt: Receipt })
  .meta({ id: 'CashFloatMoved' });
export const FloatCapAnswer = z.object({ id: Id, receipt: Receipt }).meta({ id: 'CashFloatCapSet' });
export const CashCountAnswer = z
  .object({
    id: Id,
    counted: Money,
    expected: Money,
    difference: Money.meta({ description: 'Counted less expected: negative is short.' }),
    receipt: Receipt,
  })
  .meta({ id: 'CashCounted' });
export const CashPaymentAnswer = z
  .object({
    id: Id,
    amount: Money,
    overpaid: Money.meta({ description: 'Of these, what was not owed.' }),
    receipt: Receipt,
  })
  .meta({ id: 'CashPaid' });

export const CashFloatView = z
  .object({
    id: Id,
    siteId: Id,
    currency: Currency,
    balance: Fen,
    personDayCap: Fen.nullable(),
    counts: z
      .array(z.object({ countId: Id, seq: z.int(), countedAt: z.string(), short: Fen }))
      .meta({ description: 'The last counts, with what is still short of each.' }),
    overCap: z.array(z.object({ day: z.string(), paid: Fen })).meta({
      description: 'What a person was paid on a day beyond the cap; who is not shown.',
    }),
    seq: z.int(),
  })
  .meta({ id: 'CashFloat' });

export const CashMovementView = z
  .object({
    seq: z.int(),
    at: z.string().meta({ description: 'When the cash moved, as it was told.' }),
    kind: z.enum(['payment', 'top-up', 'withdrawal', 'count']),
    delta: Fen,
  })
  .meta({ id: 'CashMovement' });
