import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, Position, PositiveGrams, Time, text } from '../kernel/values.ts';
import { DECLARATION_STATES, VesselWaste } from '../kernel/vocabulary.ts';

export const IdParams = z.object({ id: Id });

/** One load, in millilitres: ten thousand cubic metres. */
export const LoadMillilitres = z
  .int()
  .min(1)
  .max(10_000_000_000)
  .meta({ description: 'Millilitres, a whole number: 1 L is 1,000.' });

export const AmountShape = z.strictObject({
  material: VesselWaste,
  grams: PositiveGrams.optional(),
  millilitres: LoadMillilitres.optional(),
  count: z.int().min(1).max(1_000_000).optional().meta({ description: 'Pieces, such as batteries.' }),
});

/** Which vessel: registered here, or the number painted on it. */
export const vessel = {
  vesselId: Id.optional(),
  vesselNumber: text(80)
    .optional()
    .meta({ description: 'The number painted on it, where it is not registered.' }),
};

export const DeclarationRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id.meta({ description: 'The warehouse or station that is asked.' }),
  ...vessel,
  items: z.array(AmountShape).min(1).max(10),
  position: Position.optional(),
  port: text(120).optional(),
  wantedFrom: Time,
  wantedUntil: Time,
  note: note(2_000).optional(),
});
export type DeclarationRequest = z.infer<typeof DeclarationRequest>;

export const AcceptRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id.optional().meta({ description: 'Another site of yours that will receive it.' }),
  boatId: Id.optional().meta({ description: 'The pick-up boat; without one the vessel is to come.' }),
  eta: Time,
});
export type AcceptRequest = z.infer<typeof AcceptRequest>;
export const ReasonRequest = z.strictObject({ id: Id.optional(), reason: note(2_000) });
export type ReasonRequest = z.infer<typeof ReasonRequest>;

export const DeclarationAnswer = z
  .object({ id: Id, state: z.string(), answerDueAt: z.string(), receipt: Receipt })
  .meta({ id: 'PollutantDeclared' });
export const DeclarationChanged = z
  .object({ id: Id, state: z.string(), receipt: Receipt })
  .meta({ id: 'PollutantDeclarationChanged' });

export const DeclarationView = z
  .object({
    id: Id,
    siteId: Id,
    vesselId: Id.nullable(),
    vesselNumber: z.string().nullable(),
    items: z.array(AmountShape),
    position: Position.nullable(),
    port: z.string().nullable(),
    wantedFrom: z.string(),
    wantedUntil: z.string(),
    answerDueAt: z.string().meta({ description: 'From then on it is unanswered, unless somebody has.' }),
    note: z.string().nullable(),
    state: z.enum(DECLARATION_STATES),
    boatId: Id.nullable(),
    eta: z.string().nullable(),
    reason: z.string().nullable(),
    receptionId: Id.nullable(),
    seq: z.int(),
    lastSeq: z.int(),
  })
  .meta({ id: 'PollutantDeclaration' });

export const DeclarationCounts = z
  .object({
    at: z.string().meta({ description: 'The moment the states are of.' }),
    total: z.int(),
    counts: z.record(z.enum(DECLARATION_STATES), z.int()),
  })
  .meta({ id: 'PollutantDeclarationCounts' });
