import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Currency, Id } from '../kernel/values.ts';
import { Price } from '../tariffs/price.ts';

const Fen = z.int().meta({ description: 'Minor units, such as fen.' });

export const AccountStanding = z.object({
  currency: Currency,
  owed: Fen,
  inPayment: Fen.meta({ description: 'Of what is owed, what payout orders have set aside.' }),
  provisional: Fen.meta({ description: 'Owed once a doubt about the origin is decided.' }),
  inSuspense: Fen.meta({ description: 'Earned before the registration.' }),
  overpaid: Fen.meta({ description: 'Paid and not owed: no debt, netted only with consent.' }),
});
export type AccountStanding = z.infer<typeof AccountStanding>;

export const Month = z.object({
  month: z.string(),
  bags: z.int(),
  grams: z.int().meta({ description: 'Net grams of these bags; one handed in together counts whole.' }),
  earned: Fen.meta({
    description: 'Earned by what was handed in then, and by bonuses credited then; before tax.',
  }),
  paid: Fen.meta({ description: 'Paid then, less what came back then.' }),
});
export type Month = z.infer<typeof Month>;

export const MoneyView = z.object({
  seq: z.int(),
  day: z.string(),
  kind: z.enum(['scale', 'cash', 'paid', 'returned', 'bonus', 'inherited']),
  amount: Fen.meta({ description: 'Of a bonus, what is owed by it after tax.' }),
  tax: Fen.meta({ description: 'Withheld of a bonus; else 0.' }),
  rail: z.string().nullable().meta({ description: 'Of a payout; `goods` for what was given in goods.' }),
  batchCode: z.string().nullable().meta({ description: 'The batch a bonus comes from.' }),
  subjectId: Id.nullable().meta({ description: 'The weigh-in, payment or payout order.' }),
});

export const PassbookAccount = AccountStanding.extend({
  earned: Fen.meta({ description: 'In all: for bags, and bonuses.' }),
  paid: Fen.meta({ description: 'In all, less what came back.' }),
  months: z.array(Month),
  money: z.array(MoneyView),
  underWay: z.array(z.object({ id: Id, rail: z.string(), state: z.string(), amount: Fen })),
});
export type PassbookAccount = z.infer<typeof PassbookAccount>;

export const BagView = z
  .object({
    id: Id,
    day: z.string(),
    collectedAt: z.string().nullable(),
    site: z.object({ id: Id, name: z.string() }),
    material: z.string(),
    form: z.string(),
    grossGrams: z.int(),
    tareGrams: z.int(),
    netGrams: z.int(),
    deductions: z.array(z.object({ kind: z.string(), grams: z.int() })),
    deductionGrams: z.int(),
    payGrams: z.int(),
    price: Price.nullable(),
    parties: z.int().meta({ description: 'How many handed it in together.' }),
    earned: z
      .object({
        currency: Currency,
        base: Fen,
        premium: Fen,
        waits: Fen.meta({ description: 'Of base and premium, what waits for a decision.' }),
        settled: Fen.meta({ description: 'Given at the scale.' }),
        inGoods: z.boolean().meta({ description: 'Given in goods, not in money.' }),
        overpaid: Fen,
        decision: z.enum(['open', 'owed', 'refused', 'undecided']).nullable(),
      })
      .nullable()
      .meta({ description: 'Of this collector alone.' }),
    why: z.array(z.string()).meta({ description: 'Marks that keep money waiting.' }),
    state: z.enum(['recorded', 'corrected', 'voided']),
    change: z
      .object({ day: z.string(), reason: z.string(), grossGrams: z.int(), payGrams: z.int() })
      .nullable()
      .meta({ description: 'Why it was corrected or voided, and what it was before.' }),
    confirmed: z.enum(['no', 'yes', 'other-values']),
    dispute: z
      .object({
        about: z.string(),
        outcome: z.string().nullable(),
        dueAt: z.string(),
        reason: z.string().nullable(),
      })
      .nullable(),
    open: z.boolean().meta({ description: 'May be confirmed or disputed.' }),
    seenSha256: z.string(),
    destinations: z.object({
      leftGrams: z.int().meta({ description: 'Not used yet.' }),
      batches: z.array(
        z.object({ code: z.string(), material: z.string(), form: z.string(), grams: z.int() }),
      ),
    }),
    receipt: Receipt,
  })
  .meta({ id: 'PassbookBag' });
export type BagView = z.infer<typeof BagView>;

export const PassbookView = z
  .object({
    name: z.string(),
    asOfSeq: z.int(),
    expiresAt: z.string().meta({ description: 'When the open passbook closes by itself.' }),
    bags: z.int(),
    lifetimeGrams: z.int(),
    open: z.int().meta({ description: 'Weigh-ins that may be confirmed or disputed.' }),
    accounts: z.array(PassbookAccount),
    items: z.array(BagView).meta({ description: 'Open ones first, then the newest.' }),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'Passbook' });
export type PassbookView = z.infer<typeof PassbookView>;
