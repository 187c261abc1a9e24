import { z } from 'zod';
import { Day, Id, Time, text } from '../kernel/values.ts';

const Identity = z.strictObject({ kind: z.enum(['cn-id', 'passport', 'other']), number: text(60) });
const Account = z.strictObject({ kind: text(40), number: text(60), holder: text(120) });
const Phone = text(40);
const ConsentVersion = text(40).meta({ description: 'The version of the text that was agreed to.' });

/** What is kept under a person's own key. */
export type Particulars = {
  name: string;
  phone?: string | undefined;
  identity?: z.infer<typeof Identity> | undefined;
  account?: z.infer<typeof Account> | undefined;
};

export const CollectorRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id,
  name: text(120),
  phone: Phone.optional(),
  identity: Identity.optional(),
  account: Account.optional(),
  consent: z
    .strictObject({ version: ConsentVersion, at: Time })
    .optional()
    .meta({ description: 'May follow later: POST /v1/collectors/{id}/consent.' }),
});
export type CollectorRequest = z.infer<typeof CollectorRequest>;

export const CollectorChange = z
  .strictObject({
    siteId: Id.optional(),
    name: text(120).optional(),
    phone: Phone.nullable().optional(),
    identity: Identity.nullable().optional(),
    account: Account.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'name at least one member to change');
export type CollectorChange = z.infer<typeof CollectorChange>;

export const ConsentRequest = z.strictObject({
  version: ConsentVersion.nullable().meta({
    description: 'The version agreed to now; null withdraws the consent.',
  }),
  at: Time,
});
export type ConsentRequest = z.infer<typeof ConsentRequest>;

/** Why data must outlast the wish to be erased. Codes, since free text about a person has no place in an address. */
export const RETENTION_REASONS = ['tax-records', 'open-payment', 'open-dispute', 'legal-claim'] as const;

export const ErasureQuery = z
  .strictObject({
    stage: z.enum(['restrict', 'erase']).optional().meta({ description: '`restrict` unless said.' }),
    retainUntil: Day.optional().meta({
      description: 'The day from which the data may be erased; today unless said.',
    }),
    reason: z.enum(RETENTION_REASONS).optional(),
  })
  .refine(
    (q) => (q.retainUntil === undefined) === (q.reason === undefined),
    'retainUntil and reason go together',
  )
  .refine(
    (q) => q.stage !== 'erase' || q.retainUntil === undefined,
    'an end date belongs to the stage restrict',
  );
export type ErasureQuery = z.infer<typeof ErasureQuery>;

export const Collector = z
  .object({
    id: Id,
    organisationId: Id.nullable(),
    siteId: Id.nullable(),
    name: z.string().nullable().meta({ description: 'For the operator and the own station; else null.' }),
    phone: z.string().nullable(),
    consentVersion: z.string().nullable(),
    state: z.enum(['unresolved', 'active', 'closed', 'restricted', 'erased']),
    retainUntil: z.string().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'Collector' });
