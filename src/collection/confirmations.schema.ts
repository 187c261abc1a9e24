import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, Money, Sha256Hex } from '../kernel/values.ts';
import { CardNumber, Pin } from '../registry/cards.schema.ts';
import { Price } from '../tariffs/price.ts';
import { Deduction } from './collection.schema.ts';

const SeenSha256 = Sha256Hex.meta({
  description:
    'SHA-256 of the RFC 8785 bytes of { grossGrams, tareGrams, deductions, payGrams, earning } as they were seen.',
});
export const CardShown = z.strictObject({ number: CardNumber, pin: Pin.optional() });

export const ConfirmationRequest = z
  .strictObject({
    id: Id.optional(),
    method: z.enum(['pin', 'card', 'sms', 'mark']),
    card: CardShown.optional(),
    collectorId: Id.optional().meta({ description: 'Whose mark it is, where several handed in together.' }),
    evidence: z.array(Sha256Hex).max(20).optional().meta({ description: 'SHA-256 of photos of the mark.' }),
    seenSha256: SeenSha256.optional().meta({ description: 'Refused when the values are others by now.' }),
  })
  .superRefine(({ method, card, collectorId, evidence }, ctx) => {
    const wrong = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
    const withCard = method === 'pin' || method === 'card';
    if (withCard && card === undefined) wrong('card', `is needed for the method ${method}`);
    if (!withCard && card !== undefined) wrong('card', 'goes with the methods pin and card');
    if (withCard && collectorId !== undefined) wrong('collectorId', 'is told by the card');
    if (card !== undefined && (method === 'pin') !== (card.pin !== undefined))
      wrong('card', 'has its pin with the method pin, and only then');
    if (method === 'mark' && (evidence === undefined || evidence.length === 0))
      wrong('evidence', 'is needed for a mark: the hash of its photo');
    if (method !== 'mark' && evidence !== undefined) wrong('evidence', 'goes with the method mark');
    if (method === 'sms')
      wrong('method', 'sms is what a link is: POST /v1/collections/{id}/links, and confirm through it');
  });
export type ConfirmationRequest = z.infer<typeof ConfirmationRequest>;

export const ConfirmationAnswer = z
  .object({
    id: Id.meta({ description: 'The weigh-in.' }),
    method: z.string(),
    seenSha256: z.string(),
    receipt: Receipt,
  })
  .meta({ id: 'Confirmation' });

export const ConfirmationView = z
  .object({
    party: z.int().meta({ description: 'The place of the collector among the parties of the weigh-in.' }),
    method: z.string(),
    at: z.string(),
    seenSha256: z.string(),
    current: z.boolean().meta({ description: 'False once a correction made the values others.' }),
    seq: z.int(),
  })
  .meta({ id: 'ConfirmationView' });

export const LinkRequest = z.strictObject({
  id: Id.optional(),
  collectorId: Id.optional().meta({ description: 'For whom, where several handed in together.' }),
  expiresInDays: z.int().min(1).max(30).optional().meta({ description: '7 unless said.' }),
});
export type LinkRequest = z.infer<typeof LinkRequest>;

export const LinkAnswer = z
  .object({
    id: Id,
    token: z.string().nullable().meta({ description: 'Shown once; null when the answer is repeated.' }),
    expiresAt: z.string(),
    receipt: Receipt,
  })
  .meta({ id: 'Link' });

export const LinkParams = z.object({ token: z.string().min(1).max(100) });
export const LinkConfirmation = z.strictObject({ seenSha256: SeenSha256 });

export const LinkView = z
  .object({
    day: z.string(),
    material: z.string(),
    form: z.string(),
    grossGrams: z.int(),
    tareGrams: z.int(),
    deductions: z.array(Deduction),
    payGrams: z.int(),
    price: Price.nullable(),
    earning: Money.nullable().meta({ description: 'What is owed for all of it.' }),
    state: z.enum(['recorded', 'corrected', 'voided']),
    seenSha256: SeenSha256,
    expiresAt: z.string(),
    used: z.boolean(),
  })
  .meta({ id: 'LinkView' });
export type LinkView = z.input<typeof LinkView>;
