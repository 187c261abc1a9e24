import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id } from '../kernel/values.ts';
import { SchemeRules } from './rules.ts';

export const CodeParams = z.object({
  code: z.string().regex(/^[a-z][a-z0-9-]{1,59}$/, 'must be a short code such as traceability-statement'),
});

export const SchemeRequest = z.strictObject({
  rules: SchemeRules.optional().meta({
    description: 'Left out: the rules shipped under this code, if there are any.',
  }),
});
export type SchemeRequest = z.infer<typeof SchemeRequest>;

const standing = { code: z.string(), version: z.int() };
export const SchemeAnswer = z.object({ ...standing, receipt: Receipt }).meta({ id: 'SchemePublished' });

export const SchemeView = z
  .object({
    ...standing,
    organisationId: Id.meta({ description: 'Who set its rules.' }),
    seq: z.int().meta({ description: 'The fact that published this version.' }),
    rules: SchemeRules,
  })
  .meta({ id: 'Scheme' });
