import { z } from 'zod';
import { ContainerUses } from '../containers/containers.schema.ts';
import { Receipt } from '../http/route.ts';
import { Id, note, Time, TotalGrams } from '../kernel/values.ts';
import { Form, LossKind, Material, Step } from '../kernel/vocabulary.ts';
import { LotRequest, MAX_INPUTS } from '../lots/lots.ts';

export const RunParams = z.object({ id: Id });

/** What one fact holds beside its inputs. */
const MAX_OUTPUTS = 100;
const MAX_LOSSES = 20;

export const RunRequest = z
  .strictObject({
    id: Id.optional(),
    siteId: Id,
    step: Step,
    inputs: z.array(LotRequest).min(1).max(MAX_INPUTS).optional(),
    containers: ContainerUses,
    outputs: z
      .array(z.strictObject({ material: Material, form: Form, grams: TotalGrams.min(1) }))
      .max(MAX_OUTPUTS),
    losses: z.array(z.strictObject({ kind: LossKind, grams: TotalGrams.min(1) })).max(MAX_LOSSES),
    lineClean: z
      .boolean()
      .optional()
      .meta({ description: 'The line was cleaned before; false unless said.' }),
    at: Time.optional().meta({ description: 'When it was run, where that was not now.' }),
    note: note(2_000).optional(),
  })
  .refine((r) => (r.inputs ?? r.containers) !== undefined, {
    path: ['inputs'],
    message: 'name inputs, or containers',
  });
export type RunRequest = z.infer<typeof RunRequest>;

const Output = z.object({ lotId: Id, material: z.string(), form: z.string(), grams: z.int() });

export const RunAnswer = z
  .object({ id: Id, outputs: z.array(Output), marks: z.array(z.string()), receipt: Receipt })
  .meta({ id: 'ProcessRunRecorded' });

export const RunView = z
  .object({
    id: Id,
    siteId: Id,
    step: z.string(),
    lineClean: z.boolean(),
    inputs: z.array(z.object({ lotId: Id, grams: z.int() })),
    outputs: z.array(Output),
    losses: z.array(z.object({ kind: z.string(), grams: z.int() })),
    marks: z.array(z.string()),
    state: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'ProcessRun' });
