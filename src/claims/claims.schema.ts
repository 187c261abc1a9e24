import { z } from 'zod';
import { PageQuery } from '../http/page.ts';
import { Receipt } from '../http/route.ts';
import { Id, note, Sha256Hex, Time, TotalGrams, text } from '../kernel/values.ts';
import { CLAIM_STATES } from './claims.tables.ts';

export const IdParams = z.object({ id: Id });
const Gram = TotalGrams.min(1);
const id = Id.optional();
const grams = Gram.optional().meta({ description: 'A part of the claim; all of it unless said.' });

export const ClaimRequest = z.strictObject({
  id,
  statementIds: z.array(Id).min(1).max(5).meta({
    description: 'Of one sale; of content several, each of another scheme, speak of the same grams.',
  }),
  grams: Gram.optional().meta({ description: 'All that is left of every statement named, unless said.' }),
  until: Time.optional().meta({
    description: 'When the reservation falls: 7 days on unless said, at most 90.',
  }),
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;

export const TransferRequest = z.strictObject({
  id,
  grams,
  toOrganisationId: Id,
  goods: z
    .strictObject({ reference: text(200), sha256: Sha256Hex.optional() })
    .optional()
    .meta({
      description: 'The papers the goods went with; needed for content, which goes with the material.',
    }),
  note: note(2_000).optional(),
});
export type TransferRequest = z.infer<typeof TransferRequest>;

export const RetireRequest = z.strictObject({
  id,
  grams: grams.meta({ description: 'Of an offset; of content it follows from the product.' }),
  productId: Id.optional().meta({ description: 'Of content: the product the grams end in.' }),
  beneficiaryOrganisationId: Id.optional().meta({ description: 'For whom; whose it is unless said.' }),
  consent: text(500)
    .optional()
    .meta({ description: 'Who agreed, when and how, that the beneficiary is named in public. Not public.' }),
  purpose: text(500).optional(),
  market: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as CN')
    .optional()
    .meta({ description: 'Of an offset; of content it is the product’s.' }),
});
export type RetireRequest = z.infer<typeof RetireRequest>;

export const EndRequest = z.strictObject({ id, grams, reason: note(2_000) });
export type EndRequest = z.infer<typeof EndRequest>;

export const ListingRequest = z.strictObject({
  id,
  statementId: Id.meta({ description: 'Of the sale whose grams are listed elsewhere.' }),
  register: text(200),
  number: text(200).meta({ description: 'Serial or certificate number there.' }),
  grams: Gram,
  note: note(2_000).optional(),
});
export type ListingRequest = z.infer<typeof ListingRequest>;
export const ReasonRequest = z.strictObject({ id, reason: note(2_000) });
export type ReasonRequest = z.infer<typeof ReasonRequest>;

const State = z.enum(CLAIM_STATES);
const Text = z.object({ en: z.string(), zh: z.string() });
const RangeView = z.object({ firstGram: z.int(), lastGram: z.int() });

export const ClaimAnswer = z
  .object({
    id: Id,
    state: State,
    grams: z
      .int()
      .nullable()
      .meta({ description: 'Of what was changed just now; null where all of it was.' }),
    part: Id.nullable().meta({ description: 'The new claim, where a part was split off.' }),
    receipt: Receipt,
  })
  .meta({ id: 'ClaimChanged' });

export const ListingAnswer = z
  .object({
    id: Id,
    state: z.enum(['listed', 'withdrawn']),
    overlapGrams: z.int().meta({ description: 'Stated here as well: the claims of the sale are frozen.' }),
    receipt: Receipt,
  })
  .meta({ id: 'OutsideListingRecorded' });

const serials = z
  .array(RangeView)
  .meta({ description: 'On the gram account of the sale; first and last included.' });

export const ClaimView = z
  .object({
    id: Id,
    batchId: Id,
    saleId: Id,
    statementIds: z.array(Id),
    exclusionGroup: z.enum(['content', 'offset']),
    grams: z.int(),
    serials,
    holderId: Id,
    state: State,
    cause: z.string().nullable(),
    reservedUntil: z.string().nullable(),
    changedAt: z.string(),
    splitFrom: Id.nullable(),
    productId: Id.nullable(),
    retirement: z
      .object({
        at: z.string(),
        named: z.boolean(),
        beneficiaryId: Id.nullable(),
        purpose: z.string().nullable(),
        market: z.string().nullable(),
        basisPoints: z.int().nullable(),
        units: z.int().nullable(),
        text: Text,
      })
      .nullable(),
    seq: z.int(),
  })
  .meta({ id: 'Claim' });

export const ClaimsQuery = PageQuery.extend({ state: State.optional(), saleId: Id.optional() });

export const TextQuery = z.strictObject({
  productId: Id.optional(),
  market: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as CN')
    .optional(),
});
export const TextView = z
  .object({
    text: Text,
    basisPoints: z.int().nullable(),
    grams: z.int().meta({ description: 'That retiring it would use up.' }),
    market: z.string().nullable(),
  })
  .meta({ id: 'ClaimText' });

export const RegisterQuery = PageQuery.extend({
  state: State.optional(),
  statement: z.string().max(200).optional().meta({ description: 'The code of a statement.' }),
  group: z.enum(['content', 'offset']).optional(),
});

export const RegisterLine = z
  .object({
    claimId: Id,
    batchCode: z.string(),
    statements: z.array(z.object({ code: z.string(), scheme: z.string(), state: z.string() })),
    exclusionGroup: z.enum(['content', 'offset']),
    grams: z.int(),
    saleId: Id.meta({ description: 'The gram account the serials are of.' }),
    serials,
    state: State,
    since: z.string(),
    retiredFor: z.string().nullable().meta({ description: 'Named only with consent.' }),
    basisPoints: z.int().nullable(),
    units: z.int().nullable(),
    text: Text.nullable(),
  })
  .meta({ id: 'RegisterLine' });

export const ListingView = z
  .object({
    id: Id,
    saleId: Id,
    register: z.string(),
    number: z.string(),
    grams: z.int(),
    serials,
    overlapGrams: z.int(),
    state: z.enum(['listed', 'withdrawn']),
    seq: z.int(),
  })
  .meta({ id: 'OutsideListing' });
