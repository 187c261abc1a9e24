import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Day, Id, note, Sha256Hex, Time, text } from '../kernel/values.ts';

const SchemeCode = z.string().regex(/^[a-z][a-z0-9-]{1,59}$/, 'must be the code of a scheme');

export const CertificateRequest = z
  .strictObject({
    id: Id.optional(),
    organisationId: Id.meta({ description: 'Whose certificate it is.' }),
    body: text(200).meta({ description: 'The certification body, as it writes its name.' }),
    approvalNumber: text(120).optional().meta({ description: 'Under which the body is approved.' }),
    number: text(120),
    schemes: z.array(SchemeCode).min(1).max(20),
    scope: text(500).meta({ description: 'In the words of the certificate.' }),
    siteIds: z.array(Id).min(1).max(500),
    validFrom: Day,
    validUntil: Day,
    fileSha256: Sha256Hex,
    checkedAt: Time.meta({ description: 'When the body’s own register was last asked.' }),
    note: note(2_000).optional(),
  })
  .refine(({ validFrom, validUntil }) => validFrom <= validUntil, {
    path: ['validUntil'],
    message: 'must not be before validFrom',
  });
export type CertificateRequest = z.infer<typeof CertificateRequest>;

export const CheckRequest = z
  .strictObject({
    id: Id.optional(),
    checkedAt: Time,
    state: z.enum(['in-force', 'suspended', 'withdrawn']),
    endedOn: Day.optional().meta({ description: 'The first day on which it covers nothing.' }),
    note: note(2_000).optional(),
  })
  .refine(({ state, endedOn }) => (state === 'in-force') === (endedOn === undefined), {
    path: ['endedOn'],
    message: 'is said where the body suspended or withdrew it, and only there',
  });
export type CheckRequest = z.infer<typeof CheckRequest>;

const State = z.enum(['in-force', 'suspended', 'withdrawn']);
export const CertificateAnswer = z
  .object({ id: Id, state: State, receipt: Receipt })
  .meta({ id: 'CertificateChanged' });

export const CertificateView = z
  .object({
    id: Id,
    organisationId: Id,
    body: z.string(),
    approvalNumber: z.string().nullable(),
    number: z.string(),
    schemes: z.array(z.string()),
    scope: z.string(),
    siteIds: z.array(Id),
    validFrom: z.string(),
    validUntil: z.string(),
    fileSha256: z.string(),
    checkedAt: z.string(),
    state: State,
    endedOn: z.string().nullable(),
    seq: z.int(),
  })
  .meta({ id: 'ExternalCertificate' });
