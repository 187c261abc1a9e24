import { z } from 'zod';
import { Day, Id, note, Seq, Sha256Hex, Time, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { certificateNumbers, externalCertificates, numberKey } from './certificates.tables.ts';

const Registered = z.strictObject({
  certificateId: Id,
  organisationId: Id,
  body: text(200),
  approvalNumber: text(120).optional(),
  number: text(120),
  schemes: z.array(text(60)).min(1).max(20),
  scope: text(500),
  siteIds: z.array(Id).min(1).max(500),
  validFrom: Day,
  validUntil: Day,
  fileSha256: Sha256Hex,
  checkedAt: Time,
});
const RegisteredPrivate = z.strictObject({ keyId: Id, note: note(2_000).optional() });

/** Public, as the body's own register is: "certified" appears only with all of this (domain, rule 9). */
export const certificateRegistered: FactType<
  z.infer<typeof Registered>,
  z.infer<typeof RegisteredPrivate>
> = {
  type: 'external-certificate.registered.v1',
  title: { en: 'Certificate of an outside body registered', zh: '外部证书登记' },
  data: Registered,
  private: RegisteredPrivate,
  grams: 'None move; what its sites weigh from its first day to its last is in its scope.',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data }) {
    const { certificateId: id, approvalNumber = null, ...said } = data;
    world.put(externalCertificates, {
      ...said,
      ...{ id, approvalNumber, seq, lastSeq: seq, state: 'in-force', endedOn: null },
    });
    world.put(certificateNumbers, { id: numberKey(said.body, said.number), certificateId: id, lastSeq: seq });
  },
};

const Checked = z.strictObject({
  certificateId: Id,
  seq: Seq,
  checkedAt: Time,
  state: z.enum(['in-force', 'suspended', 'withdrawn']),
  /** The first day on which it covers nothing; present unless it is in force. */
  endedOn: Day.optional(),
});

export const certificateChecked: FactType<z.infer<typeof Checked>, z.infer<typeof RegisteredPrivate>> = {
  type: 'external-certificate.checked.v1',
  title: { en: 'Certificate checked with its body', zh: '外部证书核查' },
  data: Checked,
  private: RegisteredPrivate,
  grams: 'None move; what was weighed from the day it ended is out of scope.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data: { certificateId, checkedAt, state, endedOn = null } }) {
    const certificate = world.get(externalCertificates, certificateId)!;
    world.put(externalCertificates, { ...certificate, checkedAt, state, endedOn, lastSeq: seq });
  },
};

export const certificateFacts = [certificateRegistered, certificateChecked];
