import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import {
  Grams,
  Id,
  MAX_INTEGER,
  Money,
  Position,
  PositiveGrams,
  Sha256Hex,
  Time,
  text,
} from '../kernel/values.ts';
import { Basis, DeductionKind, Form, OriginClass, PlasticLotMaterial } from '../kernel/vocabulary.ts';
import { Price } from '../tariffs/price.ts';

export const Quote = z.strictObject({
  price: Price,
  tariffId: Id.optional(),
  at: Time.optional(),
  slip: text(60).optional(),
});

export const Deduction = z.strictObject({
  kind: DeductionKind,
  grams: PositiveGrams,
  basis: z.enum(['sample', 'norm', 'agreement']),
});

export const Settlement = z.strictObject({
  kind: z.enum(['cash', 'goods']),
  paid: Money,
  slip: text(60).optional(),
});

const Party = z.strictObject({ collectorId: Id, share: z.int().min(1).max(1_000_000) });

export const ORIGIN_EVIDENCE = ['track', 'position', 'declared', 'none'] as const;

/** What a station, or a phone weeks later, says was weighed in. */
export const CollectionRequest = z
  .strictObject({
    id: Id.optional(),
    siteId: Id,
    collectorId: Id.optional(),
    parties: z.array(Party).min(1).max(20).optional(),
    bagTag: text(60).optional(),
    slipNo: text(60).optional().meta({
      description:
        'The number of the slip of the station’s book that was given with it; unique in the station.',
    }),
    paper: z
      .strictObject({ slipNo: text(60), writtenBy: text(120).optional() })
      .optional()
      .meta({
        description:
          'Typed in later from a paper slip. `writtenBy` is who wrote it; who typed it is the holder of the key.',
      }),
    material: PlasticLotMaterial,
    form: Form,
    originClass: OriginClass,
    originEvidence: z.enum(ORIGIN_EVIDENCE).optional(),
    funding: text(60).optional(),
    grossGrams: PositiveGrams.optional(),
    tareGrams: Grams,
    basis: Basis,
    count: z.int().min(1).max(1_000_000).optional(),
    deductions: z.array(Deduction).max(10).optional(),
    collectedAt: Time,
    location: Position.optional(),
    vesselId: Id.optional(),
    containerId: Id.optional(),
    quote: Quote.optional(),
    settlement: Settlement.optional(),
    evidence: z.array(Sha256Hex).max(20).optional(),
    deviceId: Id.optional(),
    attestation: z
      .strictObject({
        deviceId: Id,
        counter: z.int().min(0).max(MAX_INTEGER),
        salts: z.array(Sha256Hex).max(20),
        signature: text(100),
      })
      .optional(),
  })
  .superRefine((c, ctx) => {
    const wrong = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
    if (c.collectorId !== undefined && c.parties !== undefined)
      wrong('parties', 'name collectorId or parties, not both');
    if (c.parties !== undefined && new Set(c.parties.map((p) => p.collectorId)).size < c.parties.length)
      wrong('parties', 'name each collector once');
    if (c.basis === 'counted' && c.count === undefined) wrong('count', 'is needed when the basis is counted');
    if (c.basis !== 'counted' && c.grossGrams === undefined)
      wrong('grossGrams', 'is needed unless the basis is counted');
    if (c.basis === 'counted' && c.tareGrams !== 0) wrong('tareGrams', 'must be 0 when pieces are counted');
    if (c.quote?.price.perPiece !== undefined && c.count === undefined)
      wrong('count', 'is needed when the price is for a piece');
    if (c.paper !== undefined && c.slipNo !== undefined) wrong('slipNo', 'stands in paper already');
    if (c.attestation !== undefined && c.id === undefined) wrong('id', 'is needed with an attestation');
  });
export type CollectionRequest = z.infer<typeof CollectionRequest>;

export const CountUsed = z
  .object({
    countId: Id,
    takenOverGrams: z.int().meta({ description: 'Grams of the surplus of that count that were these.' }),
    lossGrams: z.int().optional().meta({
      description: 'Grams this lot bears of the shortage of that count, which is drawn again with it.',
    }),
    caseId: Id.optional(),
    grams: z.int().optional().meta({
      description:
        'Grams on hold: the count had no surplus for them, or what should bear them was used already.',
    }),
  })
  .meta({
    id: 'CountUsed',
    description: 'Of a weigh-in from before the cut-off of a count that is recorded already.',
  });

export const Provisional = Money.meta({
  description: 'Of the earning, what is owed only once a mark was decided; within 14 days.',
});

const Fen = z.int().meta({ description: 'Minor units, such as fen.' });
export const Withheld = z
  .object({
    vat: Fen,
    incomeTax: Fen,
    net: Fen.meta({ description: 'The earning less both; what of it waits included.' }),
  })
  .meta({ id: 'TaxWithheld', description: 'Withheld of the earning; left out where nothing is.' });

export const CollectionAnswer = z
  .object({
    id: Id,
    lot: z.object({ id: Id, grams: z.int(), claimableGrams: z.int() }),
    payGrams: z.int(),
    marks: z.array(z.string()),
    earning: Money.optional(),
    provisional: Provisional.optional(),
    tax: Withheld.optional(),
    count: CountUsed.optional(),
    receipt: Receipt,
  })
  .meta({ id: 'Collection' });

export const CollectionView = z
  .object({
    id: Id,
    siteId: Id,
    day: z.string(),
    recordedAt: z.string(),
    collectedAt: z.string().nullable(),
    collectorIds: z
      .array(Id)
      .meta({ description: 'Empty when erased, or when the caller may not see people.' }),
    bagTag: z.string().nullable(),
    slipNo: z.string().nullable(),
    paper: z.object({ writtenBy: z.string().optional() }).nullable().meta({
      description: 'There when it was typed in later from a paper slip.',
    }),
    deviceId: Id.nullable(),
    material: z.string(),
    form: z.string(),
    originClass: z.string(),
    basis: z.string(),
    grossGrams: z.int(),
    tareGrams: z.int(),
    deductionGrams: z.int(),
    payGrams: z.int(),
    marks: z.array(z.string()),
    earning: Money.nullable(),
    state: z
      .enum(['recorded', 'corrected', 'voided'])
      .meta({ description: 'Weights and earning are shown as corrected.' }),
    lot: z.object({ id: Id, grams: z.int(), claimableGrams: z.int(), gramsLeft: z.int() }),
    receipt: Receipt,
  })
  .meta({ id: 'CollectionView' });

export const COLLECTION_EXAMPLE = {
  id: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001',
  siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
  collectorId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a003',
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  originEvidence: 'position',
  grossGrams: 12_600,
  tareGrams: 600,
  basis: 'weighed',
  deductions: [{ kind: 'water', grams: 1_800, basis: 'sample' }],
  collectedAt: '2026-11-24T06:30:00+08:00',
  quote: { price: { amount: 1, currency: 'CNY', perGrams: 1 } },
};
