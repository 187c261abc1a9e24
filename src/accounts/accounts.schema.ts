import { z } from 'zod';
import { Currency, Id } from '../kernel/values.ts';
import { ACCOUNT_KINDS, INCOME_KINDS } from '../kernel/vocabulary.ts';

const Fen = z.int().meta({ description: 'Minor units, such as fen.' });

export const AccountView = z
  .object({
    id: Id,
    kind: z.enum(ACCOUNT_KINDS),
    currency: Currency,
    organisationId: Id.nullable(),
    siteId: Id.nullable(),
    balance: Fen.meta({
      description: 'Debits less credits: what the programme has is positive, what it owes negative.',
    }),
    held: Fen.meta({ description: 'Of what is owed, what a payout order has set aside.' }),
    seq: z.int(),
    lastSeq: z.int(),
  })
  .meta({ id: 'Account' });
export type AccountView = z.infer<typeof AccountView>;

export const PostingView = z
  .object({
    seq: z.int(),
    at: z.string(),
    type: z.string().meta({ description: 'The fact that moved it.' }),
    /** What the fact is about, where the caller may see it: a weigh-in, an order. */
    subjectId: Id.nullable(),
    delta: Fen,
    after: Fen,
    income: z
      .array(z.object({ kind: z.enum(INCOME_KINDS), amount: Fen }))
      .optional()
      .meta({
        description: 'Of an earning: what its parts are, before tax. Left out for what is no earning.',
      }),
    tax: z.object({ vat: Fen, incomeTax: Fen }).optional().meta({
      description: 'Withheld of it by this fact; negative: given back. Left out where nothing was.',
    }),
  })
  .meta({ id: 'AccountPosting' });

export const AccountStatement = z
  .object({
    account: AccountView,
    items: z.array(PostingView).meta({ description: 'The newest first.' }),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'AccountStatement' });

export const TrialBalanceView = z
  .object({
    asOfSeq: z.int(),
    items: z.array(
      z.object({
        currency: Currency,
        asOfSeq: z.int(),
        debit: Fen.meta({ description: 'Sum of the balances on the debit side.' }),
        credit: Fen,
        difference: Fen.meta({ description: 'Debit less credit. Anything but 0 is a fault of the books.' }),
      }),
    ),
  })
  .meta({ id: 'TrialBalance' });

export const CollectorStatement = z
  .object({
    collectorId: Id,
    balances: z.array(
      z.object({
        currency: Currency,
        owed: Fen.meta({ description: 'Owed now, what a payout order has set aside included.' }),
        inPayment: Fen.meta({ description: 'Of this, set aside by a payout order.' }),
        provisional: Fen.meta({ description: 'Owed once a mark was decided.' }),
        inSuspense: Fen.meta({ description: 'Earned before the person was registered.' }),
        overpaid: Fen.meta({
          description: 'Paid and not owed: an error of the station, netted only with consent.',
        }),
      }),
    ),
    items: z
      .array(PostingView.extend({ currency: Currency }))
      .meta({ description: 'What moved what is owed, the newest first; a credit is positive.' }),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'CollectorStatement' });
