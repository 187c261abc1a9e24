import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Currency, Id, MAX_INTEGER, Seq, text } from '../kernel/values.ts';
import { PAYOUT_HOLDS, PAYOUT_RAILS, PAYOUT_STATES } from '../kernel/vocabulary.ts';

const Fen = z.int().min(0).max(MAX_INTEGER).meta({ description: 'Minor units, such as fen.' });
const RailCode = z.enum(PAYOUT_RAILS);
export const RUN_STATES = ['drafting', 'drafted', 'approved', 'submitted', 'rejected'] as const;

export const RunRequest = z.strictObject({
  id: Id.optional(),
  rail: RailCode,
  currency: Currency.optional().meta({ description: "The programme's unless said." }),
  asOfSeq: Seq.optional().meta({ description: 'Pays what was owed after this entry; the last unless said.' }),
  siteId: Id.optional(),
  collectorIds: z.array(Id).min(1).max(1_000).optional(),
  minimum: Fen.optional().meta({
    description: 'Who is owed less waits; never below the minimum of the rail.',
  }),
});
export type RunRequest = z.infer<typeof RunRequest>;

export const RunDecision = z
  .strictObject({
    id: Id.optional(),
    count: z.int().min(0).optional().meta({ description: 'As looked at: another count is refused.' }),
    total: Fen.optional(),
  })
  .nullish();

export const RunAnswer = z.object({
  id: Id,
  state: z.enum(RUN_STATES),
  count: z.int(),
  total: Fen,
  receipt: Receipt,
});

export const PayoutRunView = z
  .object({
    id: Id,
    rail: RailCode,
    currency: Currency,
    asOfSeq: z.int(),
    minimum: Fen,
    siteId: Id.nullable(),
    count: z.int().meta({ description: 'How many it was to pay, and how much in all.' }),
    total: Fen,
    listHash: z.string(),
    draftedCount: z.int().nullable().meta({ description: 'Of the orders that were made.' }),
    draftedTotal: z.int().nullable(),
    asAnnounced: z.boolean().nullable().meta({ description: 'Whether these are the orders announced.' }),
    state: z.enum(RUN_STATES),
    orders: z
      .array(z.object({ state: z.enum(PAYOUT_STATES), count: z.int(), amount: Fen, netted: Fen }))
      .meta({ description: 'How its orders stand.' }),
    seq: z.int(),
    lastSeq: z.int(),
  })
  .meta({ id: 'PayoutRun' });

export const OrderRequest = z.strictObject({
  id: Id.optional(),
  collectorId: Id,
  rail: RailCode,
  currency: Currency.optional(),
  amount: Fen.min(1).optional().meta({ description: 'All that is owed and not in payment, unless said.' }),
});
export type OrderRequest = z.infer<typeof OrderRequest>;

export const OrderAnswer = z.object({
  id: Id,
  state: z.enum(PAYOUT_STATES),
  amount: Fen.meta({ description: 'What is sent.' }),
  netted: Fen.meta({ description: 'What is kept back, with consent, of what was overpaid.' }),
  currency: Currency,
  holds: z.array(z.enum(PAYOUT_HOLDS)),
  receipt: Receipt,
});

export const Reason = z.strictObject({ id: Id.optional(), reason: text(500) });
export const StateAnswer = z.object({ id: Id, state: z.enum(PAYOUT_STATES), receipt: Receipt });

export const AskedAnswer = z
  .object({
    id: Id,
    state: z.enum(PAYOUT_STATES),
    said: z.string().meta({
      description:
        'What the rail answered now. Where the order ended otherwise, its state stays: compare the statement.',
    }),
  })
  .meta({ id: 'PayoutAsked' });

export const PayoutOrderView = z
  .object({
    id: Id,
    runId: Id.nullable(),
    collectorId: Id.nullable().meta({ description: 'Null once erased, and for who may not see the person.' }),
    rail: RailCode,
    currency: Currency,
    amount: Fen,
    netted: Fen,
    state: z.enum(PAYOUT_STATES),
    holds: z.array(z.enum(PAYOUT_HOLDS)),
    approved: z.boolean(),
    reference: z.string().nullable().meta({ description: 'Its number on the rail.' }),
    seq: z.int(),
    lastSeq: z.int(),
  })
  .meta({ id: 'PayoutOrder' });

export const PayoutOrderDetail = PayoutOrderView.extend({
  confirmation: z.string().nullable().meta({ description: 'Opens the page on which the payee confirms.' }),
  steps: z
    .array(
      z.object({
        did: z.string(),
        at: z.string(),
        outcome: z.string().nullable().meta({ description: 'Null: nobody knows how it ended.' }),
        code: z.string().nullable(),
      }),
    )
    .meta({ description: 'What was done under its reference.' }),
}).meta({ id: 'PayoutOrderDetail' });
