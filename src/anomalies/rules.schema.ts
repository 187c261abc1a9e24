import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note } from '../kernel/values.ts';

const Parameters = z
  .record(z.string().max(60), z.int())
  .meta({ description: 'By name; GET /v1/anomaly-rules tells names, units and bounds.' });

export const RuleRequest = z
  .strictObject({
    enabled: z.boolean().optional(),
    parameters: Parameters.optional().meta({
      description: 'Those to change; the others stay as they are in force.',
    }),
    siteIds: z
      .array(Id)
      .min(1)
      .max(100)
      .nullable()
      .optional()
      .meta({ description: 'The sites it looks at; null: all of the programme.' }),
    note: note(2_000).optional(),
  })
  .refine(
    (r) => r.enabled !== undefined || r.parameters !== undefined || r.siteIds !== undefined,
    'name enabled, parameters or siteIds',
  );
export type RuleRequest = z.infer<typeof RuleRequest>;

const inForce = {
  code: z.string(),
  version: z.int().meta({ description: '1 is the rule as shipped.' }),
  enabled: z.boolean(),
  parameters: z.record(z.string(), z.int()),
  siteIds: z.array(Id).nullable(),
};
export const RuleAnswer = z.object({ ...inForce, receipt: Receipt }).meta({ id: 'AnomalyRuleSet' });

const Text = z.object({ en: z.string(), zh: z.string() });
export const RuleView = z
  .object({
    ...inForce,
    title: Text,
    becomes: z.enum(['mark', 'case']),
    mark: z
      .string()
      .meta({ description: 'The code a mark shows; review where facts of a person are compared.' }),
    bounds: z.record(z.string(), z.object({ min: z.int(), max: z.int(), unit: z.string() })),
    seq: z.int().nullable().meta({ description: 'The fact that set this version; null as shipped.' }),
    hits: z.int().meta({ description: 'Of all versions.' }),
    confirmed: z.int(),
    refuted: z.int(),
    open: z.int(),
    precisionBasisPoints: z
      .int()
      .nullable()
      .meta({ description: 'confirmed / (confirmed + refuted), rounded down; null until one was decided.' }),
  })
  .meta({ id: 'AnomalyRule' });

export const HitView = z
  .object({
    id: Id.meta({ description: 'The mark or the case it became.' }),
    rule: z.string(),
    version: z.int(),
    becomes: z.enum(['mark', 'case']),
    subjectId: Id.meta({ description: 'The lot of the weigh-in, or the site.' }),
    siteId: Id,
    keyId: Id.nullable().meta({ description: 'The key of the keeper it is about.' }),
    causeSeq: z.int().meta({ description: 'The fact in doubt, or the one that made the sums cross.' }),
    figures: z.record(z.string(), z.int()),
    reason: Text,
    outcome: z.enum(['open', 'confirmed', 'refuted']),
    outcomeSeq: z.int().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'Anomaly' });
