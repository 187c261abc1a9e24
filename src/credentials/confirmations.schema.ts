import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, note, Time } from '../kernel/values.ts';

export const EnrolmentRequest = z.strictObject({
  id: Id.optional(),
  document: note(20_000).meta({
    description:
      'The DID document, the very text that the body’s own host serves. This server fetches nothing: whoever hands it in looked.',
  }),
  lookedAt: Time.meta({ description: 'When it was fetched.' }),
  note: note(2_000).optional(),
});
export type EnrolmentRequest = z.infer<typeof EnrolmentRequest>;
export const EnrolmentAnswer = z
  .object({ id: Id, did: z.string(), keys: z.int(), receipt: Receipt })
  .meta({ id: 'CertifierEnrolled' });

const Key = z.object({ kid: z.string(), publicKey: z.string() });
export const EnrolmentView = z
  .object({
    organisationId: Id,
    name: z.string().nullable().meta({ description: 'Where the body had it published.' }),
    did: z.string(),
    documentSha256: z.string(),
    keys: z.array(Key),
    lookedAt: z.string(),
    seq: z.int().meta({ description: 'The fact that enrolled these keys.' }),
  })
  .meta({ id: 'EnrolledCertifier' });

export const ConfirmationRequest = z.strictObject({
  id: Id.optional(),
  organisationId: Id.meta({ description: 'The body that confirms.' }),
  jwt: z.string().min(1).max(8_000).meta({
    description:
      'A Verifiable Credential (application/vc+jwt) of type StatementConfirmation, signed by a key of the body. Its credentialSubject: id (https://HOST/v1/verify/CODE), code, grams, ledger (the log’s name), treeSize and root (hex) of a checkpoint over the statement.',
  }),
});
export const ConfirmationAnswer = z
  .object({ id: Id, did: z.string(), related: z.boolean(), receipt: Receipt })
  .meta({ id: 'StatementConfirmed' });

export const ConfirmationView = z
  .object({
    id: Id,
    organisationId: Id,
    name: z.string().nullable(),
    did: z.string(),
    kid: z.string(),
    publicKey: z.string().nullable().meta({ description: 'Null where the body no longer lists the key.' }),
    grams: z.int(),
    validUntil: z.string().nullable(),
    related: z.boolean().meta({
      description: 'Declared to be related to somebody who gains by the statement.',
    }),
    jwt: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'StatementConfirmation' });
