import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Currency, Day, Id, MAX_INTEGER, Money, note, Sha256Hex, text } from '../kernel/values.ts';
import { FUND_GIFTS, FUND_SOURCES } from '../kernel/vocabulary.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';

export const Sum = Money.refine(({ amount }) => amount > 0, 'must be more than 0');
const Fen = z.int().meta({ description: 'Minor units.' });
const Count = z.int().min(1).max(MAX_INTEGER);

export const HolderRequest = z.strictObject({
  organisationId: Id.meta({ description: 'A registered organisation, and a legal person.' }),
  publicName: text(120).optional().meta({ description: 'Shown to everybody; only with its consent.' }),
  consent: text(200).optional().meta({ description: 'Where the consent to the public name is filed.' }),
});
export type HolderRequest = z.infer<typeof HolderRequest>;
export const HolderAnswer = z
  .object({ organisationId: Id, publicName: z.string().nullable(), receipt: Receipt })
  .meta({ id: 'FundHolderNamed' });

export const DepositRequest = z.strictObject({
  id: Id.optional(),
  source: z.enum(FUND_SOURCES),
  amount: Sum.meta({ description: 'Public, with its source and day.' }),
  payer: text(120).optional(),
  reference: text(120).optional(),
  note: note(2_000).optional(),
});
export type DepositRequest = z.infer<typeof DepositRequest>;
export const DepositAnswer = z
  .object({ id: Id, amount: Money, receipt: Receipt })
  .meta({ id: 'FundDeposited' });

/** People named in one proposal: each is sealed under a key of their own. */
const MOST_NAMED = 200;
const MOST_BATCHES = 100;

export const BasisRequest = z.discriminatedUnion('of', [
  z.strictObject({
    of: z.literal('batches'),
    batchIds: z.array(Id).min(1).max(MOST_BATCHES),
  }),
  z.strictObject({
    of: z.literal('period'),
    from: Day,
    to: Day.meta({ description: 'The last day of it.' }),
    siteId: Id.optional(),
  }),
  z.strictObject({
    of: z.literal('shares'),
    shares: z
      .array(z.strictObject({ collectorId: Id, share: Count }))
      .min(1)
      .max(MOST_NAMED),
  }),
]);
export type BasisRequest = z.infer<typeof BasisRequest>;

const Of = z.strictObject({
  depositId: Id,
  basisPoints: z.int().min(1).max(10_000).meta({ description: '6,000 is 60 %; rounded down.' }),
});
const Described = {
  id: Id.optional(),
  description: note(2_000),
  evidence: z.array(Sha256Hex).max(20).optional(),
};

export const GiftRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    ...Described,
    kind: z.literal('money'),
    amount: Sum.optional().meta({ description: 'Either this, or a part of a deposit.' }),
    ofDeposit: Of.optional(),
    basis: BasisRequest,
  }),
  z.strictObject({
    ...Described,
    kind: z.enum(FUND_GIFTS).exclude(['money']),
    amount: Sum.meta({ description: 'What it costs the fund.' }),
    units: Count,
    people: z.int().min(FEWEST_PEOPLE).max(MAX_INTEGER),
  }),
]);
export type GiftRequest = z.infer<typeof GiftRequest>;

export const GIFT_STATES = ['proposed', 'rejected', 'approved', 'lapsed', 'committed', 'given'] as const;
export const GiftAnswer = z
  .object({ id: Id, state: z.enum(GIFT_STATES), amount: Money.optional(), receipt: Receipt })
  .meta({ id: 'FundGiftChanged' });
export const GiftDecision = z.strictObject({ id: Id.optional(), reason: note(2_000).optional() }).nullish();

export const GiftView = z
  .object({
    id: Id,
    state: z.enum(GIFT_STATES),
    kind: z.enum(FUND_GIFTS),
    amount: Money.meta({ description: 'Set aside by the proposal.' }),
    total: Fen.nullable().meta({ description: 'Given in the end.' }),
    basis: z.enum(['batches', 'period', 'shares']).nullable(),
    units: z.int().nullable(),
    people: z.int().nullable(),
    maker: z.string(),
    checker: z.string().nullable(),
    root: z.string().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'FundGift' });

/** What everybody sees of a deposit, and of a gift. */
export const PublicDeposit = z
  .object({ seq: z.int(), day: Day, source: z.enum(FUND_SOURCES), amount: Money })
  .meta({ id: 'FundDeposit' });
export const PublicGift = z
  .object({
    seq: z.int(),
    day: Day,
    kind: z.enum(FUND_GIFTS),
    amount: Money,
    people: z.int(),
    units: z.int().nullable(),
    basis: z.enum(['batches', 'period', 'shares']).nullable(),
    root: z.string().nullable().meta({
      description:
        'Of the Merkle-sum tree over what each account got; each person has a leaf with its way to it.',
    }),
  })
  .meta({ id: 'FundGiftGiven' });

export const FundView = z
  .object({
    asOfSeq: z.int(),
    holder: z
      .object({ organisationId: Id, publicName: z.string().nullable(), seq: z.int() })
      .nullable()
      .meta({ description: 'The organisation that holds the fund by law.' }),
    items: z.array(
      z.object({
        currency: Currency,
        balance: Fen.meta({
          description:
            'What the fund has: its deposits and its share of trade as far as `fromTrade` shows it, less what it gave. It is the balance of its account, but for the share of trade that is not shown yet.',
        }),
        deposited: Fen,
        fromTrade: z.array(z.object({ from: z.string(), to: z.string(), sales: z.int(), amount: Fen })).meta({
          description:
            'The share of what batches sold for, by months that are over: as many together as make five sales. A sum over fewer would tell what a buyer paid.',
        }),
        tradeNotShown: z.boolean().meta({ description: 'Whether there is more, not shown yet.' }),
        given: Fen,
        givenInMoney: Fen,
        givenInKind: Fen,
      }),
    ),
    deposits: z.array(PublicDeposit).meta({ description: 'From elsewhere, the newest 100, newest first.' }),
    distributions: z
      .array(PublicGift)
      .meta({ description: 'In money and in kind, the newest 100, newest first.' }),
    accounts: z
      .array(z.object({ currency: Currency, balance: Fen, reserved: Fen }))
      .nullable()
      .meta({ description: 'As the books say; to operator, fund and auditor only.' }),
  })
  .meta({ id: 'Fund' });
