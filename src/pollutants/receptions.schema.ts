import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { Receipt } from '../http/route.ts';
import { Id, note, Time } from '../kernel/values.ts';
import { PollutantStockMaterial } from '../kernel/vocabulary.ts';
import { AmountShape, vessel } from './declarations.schema.ts';

/** Uploads of a day at sea, or of a year on paper. */
export const MAX_RECEPTIONS = 1_000;

export const ReceptionRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id,
  declarationId: Id.optional().meta({ description: 'The declaration it answers; a vessel may simply come.' }),
  ...vessel,
  items: z
    .array(
      AmountShape.extend({
        gramsPerLitre: z
          .int()
          .min(100)
          .max(20_000)
          .optional()
          .meta({ description: 'Its density, where it was measured; else the default of the material.' }),
      }),
    )
    .min(1)
    .max(10),
  receivedAt: Time,
  remark: note(2_000).optional(),
});
export type ReceptionRequest = z.infer<typeof ReceptionRequest>;

const From = z.enum(['measured', 'computed']);
export const ItemView = z
  .object({
    material: z.string(),
    grams: z.int(),
    gramsFrom: From,
    millilitres: z.int().optional(),
    millilitresFrom: From.optional(),
    density: z
      .object({ gramsPerLitre: z.int(), from: z.string() })
      .optional()
      .meta({ description: 'That computed grams from millilitres or the other way round.' }),
    count: z.int().optional(),
    storeUntil: z.string().optional().meta({ description: 'The last day it may stand in store.' }),
    mark: z.string().optional(),
  })
  .meta({ id: 'ReceivedPollutant' });
const NoteNumber = z.object({ number: z.string().meta({ description: 'Such as WL-2026-000123.' }) });

const received = {
  id: Id,
  siteId: Id,
  note: NoteNumber,
  items: z.array(ItemView),
  marks: z.array(z.string()),
};
export const ReceptionAnswer = z.object({ ...received, receipt: Receipt }).meta({ id: 'PollutantsReceived' });
export const ReceptionView = z
  .object({
    ...received,
    day: z.string(),
    receivedAt: z.string(),
    declarationId: Id.nullable(),
    vesselId: Id.nullable(),
    vesselNumber: z.string().nullable(),
    remark: z.string().nullable(),
    voidReason: z.string().nullable().meta({ description: 'Null unless it was voided.' }),
    seq: z.int(),
  })
  .meta({ id: 'PollutantReception' });

export const ReceptionBatchItem = z.object({
  index: z.int(),
  status: z.int(),
  id: Id.optional(),
  siteId: Id.optional(),
  note: NoteNumber.optional(),
  items: z.array(ItemView).optional(),
  marks: z.array(z.string()).optional(),
  receipt: Receipt.optional(),
  replayed: z.boolean().optional(),
  error: Problem.optional(),
});

export const VoidAnswer = z.object({ id: Id, receipt: Receipt }).meta({ id: 'PollutantReceptionVoided' });

export const NoteView = z
  .object({
    number: z.string(),
    receptionId: Id,
    receivedAt: z.string(),
    site: z.object({ id: Id, name: z.string() }),
    vessel: z.object({ name: z.string().nullable(), number: z.string().nullable() }),
    items: z.array(ItemView),
    marks: z.array(z.string()),
    voided: z.boolean(),
    seq: z.int(),
    leafHash: z.string().meta({ description: 'Of its fact in the ledger.' }),
  })
  .meta({ id: 'PollutantNote' });

export const SettingsRequest = z
  .strictObject({
    id: Id.optional(),
    notePrefix: z
      .string()
      .regex(/^[A-Z]{2,8}$/, 'must be 2 to 8 capital letters, such as WL')
      .optional(),
    storageDays: z
      .array(z.strictObject({ material: PollutantStockMaterial, days: z.int().min(1).max(3_650) }))
      .max(20)
      .optional()
      .meta({ description: 'Where the licence says otherwise than the defaults; the whole list.' }),
  })
  .refine(
    ({ notePrefix, storageDays }) => notePrefix !== undefined || storageDays !== undefined,
    'name at least one setting to change',
  );
export type SettingsRequest = z.infer<typeof SettingsRequest>;
export const SettingsAnswer = z
  .object({
    siteId: Id,
    notePrefix: z.string().nullable().meta({ description: 'Null where this write left it alone.' }),
    storageDays: z.record(z.string(), z.int()).nullable(),
    receipt: Receipt,
  })
  .meta({ id: 'PollutantSettings' });
