import { z } from 'zod';
import { Id, note, Seq, Sha256Hex, Time } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import {
  confirmationKey,
  didEnrolments,
  didHolders,
  statementConfirmations,
} from './confirmations.tables.ts';

const Enrolled = z.strictObject({
  enrolmentId: Id,
  organisationId: Id,
  did: z.string().max(300),
  /** Of the document's text, as it was served. */
  documentSha256: Sha256Hex,
  keys: z
    .array(z.strictObject({ kid: z.string().max(400), publicKey: z.string().length(43) }))
    .min(1)
    .max(20),
  lookedAt: Time,
  /** The enrolment before this one. */
  seq: Seq.optional(),
});
const EnrolledPrivate = z.strictObject({ keyId: Id, holder: z.string(), note: note(2_000).optional() });

/** Public, as the document itself is: who confirms, under which name on the web, with which keys, and who enrolled them. */
export const certifierEnrolled: FactType<z.infer<typeof Enrolled>, z.infer<typeof EnrolledPrivate>> = {
  type: 'certifier-did.enrolled.v1',
  title: { en: 'Domain and keys of a certification body enrolled', zh: '认证机构域名与密钥登记' },
  data: Enrolled,
  private: EnrolledPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data }) {
    const { organisationId, seq: _, ...said } = data;
    const before = world.get(didEnrolments, organisationId);
    world.put(didEnrolments, {
      ...said,
      ...{ id: organisationId, seq: before?.seq ?? seq, lastSeq: seq },
    });
    for (const id of [said.did, ...said.keys.map(({ publicKey }) => publicKey)]) {
      world.get(didHolders, id);
      world.put(didHolders, { id, organisationId, lastSeq: seq });
    }
  },
};

const Confirmed = z.strictObject({
  confirmationId: Id,
  statementId: Id,
  /** The last fact that changed the statement. */
  statementSeq: Seq,
  enrolmentId: Id,
  /** The fact that enrolled the key. */
  enrolmentSeq: Seq,
  organisationId: Id,
  did: z.string(),
  kid: z.string(),
  /** As signed: whoever has the key needs nothing else of us. */
  jwt: z.string().max(8_000),
  grams: z.int().min(1),
  /** Milliseconds since 1970. */
  validUntil: z.int().nullable(),
  /** Whether the body is declared to be related to somebody who gains. */
  related: z.boolean(),
});
const ConfirmedPrivate = z.strictObject({ keyId: Id, holder: z.string() });

export const statementConfirmed: FactType<z.infer<typeof Confirmed>, z.infer<typeof ConfirmedPrivate>> = {
  type: 'statement-confirmation.recorded.v1',
  title: { en: 'Statement confirmed by an outside body', zh: '认证机构确认声明' },
  data: Confirmed,
  private: ConfirmedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['statementSeq', 'enrolmentSeq'],
  apply(world, { seq, data }) {
    const { statementSeq: _s, enrolmentId: _e, enrolmentSeq: _q, ...said } = data;
    const id = confirmationKey(said.statementId, said.organisationId);
    world.get(statementConfirmations, id);
    world.put(statementConfirmations, { ...said, id, seq, lastSeq: seq });
  },
};

export const confirmingFacts = [certifierEnrolled, statementConfirmed];
