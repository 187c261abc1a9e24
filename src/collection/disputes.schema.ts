import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Grams, Id, note } from '../kernel/values.ts';
import { DISPUTE_ABOUT } from '../kernel/vocabulary.ts';
import { CardShown } from './confirmations.schema.ts';

const said = {
  about: z.enum(DISPUTE_ABOUT),
  claimedGrams: Grams.optional().meta({
    description: 'What the collector says: net grams of a weight, deducted grams of a deduction.',
  }),
  note: note(2_000).optional(),
};
export const claimFits = ({
  about,
  claimedGrams,
}: {
  about: string;
  claimedGrams?: number | undefined;
}): boolean => claimedGrams === undefined || about === 'weight' || about === 'deduction';
export const MISFIT = { path: ['claimedGrams'], message: 'goes with weight and deduction' };

/** Without a card it is entered on the collector's behalf, and says so. */
export const DisputeRequest = z
  .strictObject({
    id: Id.optional(),
    ...said,
    card: CardShown.optional(),
    collectorId: Id.optional().meta({ description: 'On whose behalf, where several handed in together.' }),
  })
  .refine(claimFits, MISFIT)
  .refine((d) => d.card === undefined || d.collectorId === undefined, {
    path: ['collectorId'],
    message: 'is told by the card',
  });
export type DisputeRequest = z.infer<typeof DisputeRequest>;

export const LinkDispute = z.strictObject(said).refine(claimFits, MISFIT);
export type LinkDispute = z.infer<typeof LinkDispute>;

export const DisputeAnswer = z
  .object({
    id: Id.meta({ description: 'The case: POST /v1/cases/{id}/decision answers it.' }),
    collectionId: Id,
    about: z.string(),
    way: z.string(),
    dueAt: z.string(),
    receipt: Receipt,
  })
  .meta({ id: 'Dispute' });

export const DisputeView = z
  .object({
    id: Id,
    party: z.int().nullable(),
    about: z.string(),
    claimedGrams: z.int().nullable(),
    way: z.string(),
    note: z.string().nullable().meta({ description: 'Null when erased, or when the caller may not see it.' }),
    at: z.string(),
    dueAt: z.string(),
    overdue: z.boolean(),
    outcome: z.enum(['upheld', 'rejected']).nullable(),
    reason: z.string().nullable(),
    answeredAt: z.string().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'DisputeView' });

const counts = {
  opened: z.int(),
  answeredInTime: z.int(),
  answeredLate: z.int(),
  upheld: z.int(),
  rejected: z.int(),
  open: z.int(),
  overdue: z.int().meta({ description: 'Of the open ones, those past their seven days.' }),
};
export const DisputeFigure = z
  .object({
    asOfSeq: z.int(),
    asOf: z.string(),
    total: z.object(counts),
    sites: z
      .array(z.object({ siteId: Id, ...counts }))
      .meta({ description: 'Only where at least 5 people are behind the disputes of a site.' }),
  })
  .meta({ id: 'DisputeFigure' });
