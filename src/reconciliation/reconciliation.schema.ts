import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { Receipt } from '../http/route.ts';
import { Currency, Day, Id, Money, Sha256Hex, Time, text } from '../kernel/values.ts';
import { PAYOUT_RAILS, RECONCILIATION_DECISIONS, RECONCILIATION_REASONS } from '../kernel/vocabulary.ts';
import { MAX_LIST_LINES } from '../payouts/lists.facts.ts';
import { SIGNED } from './reconciliation.facts.ts';
import { LINE_KINDS, RESOLUTION_ACCOUNTS, SOURCES } from './reconciliation.tables.ts';

export const MAX_LINES = 1_000;

const Rail = z.enum(PAYOUT_RAILS);
const Outcome = z.enum(['matched', ...RECONCILIATION_REASONS]);
const StatementSource = z.enum(['rail', 'bank']).meta({
  description: 'Whose statement it is: of a rail (WeChat Pay), or of the bank account.',
});

export const LineRequest = z
  .strictObject({
    id: Id.optional(),
    source: StatementSource,
    rail: Rail.meta({ description: '`bank` for the statement of the bank account.' }),
    serial: text(120).meta({ description: "The line's own number there: the same number is the same line." }),
    day: Day,
    kind: z.enum(LINE_KINDS).meta({ description: '`other`: no payment to a person, such as a top-up.' }),
    amount: Money.meta({ description: 'Minor units; negative: it left the account.' }),
    reference: text(120).optional().meta({ description: 'Of an order or of a list, as we sent it.' }),
  })
  .refine(({ source, rail }) => source !== 'bank' || rail === 'bank', {
    error: 'is `bank` for a statement of the bank',
    path: ['rail'],
  })
  .refine(({ kind, amount }) => kind !== 'paid' || amount.amount < 0, {
    error: 'is negative for what was paid',
    path: ['amount', 'amount'],
  })
  .refine(({ kind, amount }) => kind !== 'returned' || amount.amount > 0, {
    error: 'is positive for what came back',
    path: ['amount', 'amount'],
  });
export type LineRequest = z.infer<typeof LineRequest>;

export const LineItem = z.object({
  index: z.int(),
  status: z.int(),
  id: Id.optional(),
  outcome: Outcome.optional().meta({ description: '`matched`, or the reason why people look at it.' }),
  receipt: Receipt.optional(),
  replayed: z.boolean().optional(),
  error: Problem.optional(),
});

export const LineView = z
  .object({
    id: Id,
    source: z.enum(SOURCES),
    rail: Rail,
    serial: z.string(),
    day: z.string(),
    kind: z.enum(LINE_KINDS),
    amount: z.int(),
    currency: z.string(),
    reference: z.string().nullable(),
    outcome: Outcome,
    orderId: Id.nullable(),
    listId: Id.nullable(),
    bookedSeq: z.int().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'StatementLine' });

export const StatementRequest = z.strictObject({
  id: Id.optional(),
  source: StatementSource,
  rail: Rail,
  currency: Currency.optional().meta({ description: "The programme's unless said." }),
  from: Day.meta({ description: 'All lines of these days were imported: what they lack is missing.' }),
  to: Day,
  sha256: Sha256Hex.optional().meta({ description: 'Of the file.' }),
});
export const StatementAnswer = z.object({
  id: Id,
  missing: z.int().meta({ description: 'Payments of these days that no line speaks of, now in the queue.' }),
  settled: z.int().meta({ description: 'Items that were settled by what a rail told meanwhile.' }),
  receipt: Receipt,
});

const By = z.object({ organisationId: Id, holder: z.string() });
const Resolution = {
  as: z.enum(RECONCILIATION_DECISIONS),
  to: z.enum(RESOLUTION_ACCOUNTS).optional().meta({ description: 'With `to-account`.' }),
  bookedSeq: z.int().min(0).optional().meta({ description: 'With `booked-elsewhere`: the entry.' }),
  reason: text(500),
};
export const DecisionRequest = z.strictObject({ id: Id.optional(), ...Resolution });
export const ItemAnswer = z.object({
  id: Id,
  state: z.enum(['open', 'proposed', 'closed']),
  receipt: Receipt,
});
export const ItemView = z
  .object({
    id: Id,
    reason: z.enum(RECONCILIATION_REASONS),
    name: z.object({ en: z.string(), zh: z.string() }),
    source: z.enum(SOURCES),
    rail: Rail,
    orderId: Id.nullable(),
    lineId: Id.nullable(),
    reference: z.string().nullable(),
    day: z.string(),
    amount: z.int(),
    currency: z.string(),
    state: z.enum(['open', 'proposed', 'closed']),
    suspense: z
      .int()
      .meta({ description: 'Minor units in suspense because of it; positive: they are gone.' }),
    proposal: z.object({ ...Resolution, by: By }).nullable(),
    decision: z
      .object({
        ...Resolution,
        as: z.enum([...RECONCILIATION_DECISIONS, 'resolved']),
        reason: z.string().optional(),
        by: z.array(By).optional(),
      })
      .nullable(),
    openedAt: z.string(),
    ageDays: z.int(),
    seq: z.int(),
  })
  .meta({ id: 'ReconciliationItem' });

export const SummaryView = z
  .object({
    open: z.array(
      z.object({
        reason: z.enum(RECONCILIATION_REASONS),
        name: z.object({ en: z.string(), zh: z.string() }),
        currency: z.string(),
        count: z.int(),
        amount: z.int(),
        suspense: z.int(),
        oldestDays: z.int(),
      }),
    ),
    suspense: z
      .array(
        z.object({
          currency: z.string(),
          balance: z.int().meta({ description: 'Of `unmatched`; positive: gone, not known for what.' }),
          ofItems: z.int().meta({ description: 'Of it, because of open items.' }),
          sinceSeq: z.int().nullable().meta({ description: 'The entry since which it is not zero.' }),
          ageDays: z.int(),
        }),
      )
      .meta({ description: 'What must drain, and how old it is.' }),
  })
  .meta({ id: 'Reconciliation' });

export const MatchView = z
  .object({
    orderId: Id,
    state: z.string(),
    amount: z.int(),
    currency: z.string(),
    reference: z.string().nullable(),
    rail: z.object({ told: z.string().nullable(), lines: z.array(LineView) }),
    bank: z.object({ lines: z.array(LineView) }),
    items: z.array(Id).meta({ description: 'Of the queue, still open.' }),
  })
  .meta({ id: 'ThreeWayMatch' });

export const ResultsRequest = z.strictObject({
  id: Id.optional(),
  csv: z.string().min(1).max(2_000_000).meta({ description: "The bank's file as text." }),
});
export const SignaturesRequest = z.strictObject({
  id: Id.optional(),
  entries: z
    .array(
      z.strictObject({
        orderId: Id,
        amount: Money,
        signed: z.enum(SIGNED).meta({ description: '`nobody`: the payee did not come.' }),
        representativeId: Id.optional().meta({ description: 'The collector who signed for another.' }),
        paidBy: text(120)
          .optional()
          .meta({ description: 'Who handed it over; the holder of the key unless said.' }),
        signedAt: Time,
        evidence: Sha256Hex.optional().meta({ description: 'Of a photo of the signed page.' }),
      }),
    )
    .min(1)
    .max(MAX_LIST_LINES),
});
export const ToldAnswer = z.object({
  lines: z.int(),
  taken: z.int().meta({ description: 'What was new, and changed its order.' }),
  repeated: z.int().meta({ description: 'What was known.' }),
  missing: z.array(z.string()).meta({ description: 'References of the list that nobody spoke of.' }),
  queue: z.array(
    z.object({
      line: z.int(),
      reference: z.string().optional(),
      code: z.string(),
      reason: z.string(),
      itemId: Id.optional().meta({ description: 'In the queue of the reconciliation.' }),
    }),
  ),
});
