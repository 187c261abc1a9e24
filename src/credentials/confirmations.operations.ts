import { conflict, DomainError, notFound, unprocessable } from '../kernel/errors.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { verifyEd25519 } from '../ledger/log-key.ts';
import { ED25519, keyIdOf } from '../ledger/note.ts';
import type { World } from '../ledger/world.ts';
import { logKeys } from '../registry/log-keys.tables.ts';
import { organisations } from '../registry/registry.tables.ts';
import { relatedTo } from '../registry/relations.ts';
import { statements } from '../statements/statements.tables.ts';
import { type ConfirmationFault, checkConfirmation } from './confirmation.ts';
import { certifierEnrolled, statementConfirmed } from './confirmations.facts.ts';
import type { EnrolmentRequest } from './confirmations.schema.ts';
import {
  confirmationKey,
  didEnrolments,
  didHolders,
  statementConfirmations,
} from './confirmations.tables.ts';
import { assertionKeys, didToUrl, issuerOf } from './did.ts';
import { toBase64url } from './encoding.ts';
import { type KnownKey, objectOf } from './jwt.ts';

/** A key of the log is held by the operator, who never confirms what it runs. */
const isLogKey = (world: World, origin: string, { publicKey }: KnownKey): boolean => {
  const id = keyIdOf(sha256, origin, ED25519, publicKey).toString(16).padStart(8, '0');
  return world.get(logKeys, id) !== undefined;
};

/** A name without oddities, since it is shown and kept for ever. */
const KID = /^did:web:[A-Za-z0-9.%:~_-]+#[A-Za-z0-9.~_-]{1,80}$/;
const MOST_KEYS = 20;

/** @param origin the log's name */
export const enrolCertifier = (
  origin: string,
): Operation<EnrolmentRequest & { organisationId: string }, { id: string; did: string; keys: number }> => ({
  name: 'certifier.enrol',
  roles: ['operator'],
  status: 200,
  decide(world, { organisationId, document, lookedAt, note }, { caller, id, now }) {
    const organisation = world.get(organisations, organisationId);
    if (organisation === undefined) throw notFound('organisation');
    if (organisation.kind !== 'certifier' || organisation.naturalPerson)
      throw unprocessable(
        'not_a_body',
        '/document',
        'only a certification body that is no natural person confirms',
      );
    if (Date.parse(lookedAt) > now)
      throw unprocessable('in_the_future', '/lookedAt', 'must not be later than now');
    const { did, keys } = enrolledIn(document, origin);
    for (const key of keys)
      if (isLogKey(world, origin, key))
        throw new DomainError(
          'forbidden',
          'own_key',
          'This key signs the log: nobody holds operator and certifier keys.',
        );
    const written = keys.map(({ kid, publicKey }) => ({ kid, publicKey: toBase64url(publicKey) }));
    const names = [did, ...written.map(({ publicKey }) => publicKey)];
    world.need(didHolders, names);
    for (const name of names) {
      const holder = world.get(didHolders, name)?.organisationId ?? organisationId;
      if (holder !== organisationId)
        throw conflict('of_another', 'This domain, or a key of it, was enrolled for another organisation.', {
          name,
        });
    }
    const before = world.get(didEnrolments, organisationId);
    if (before !== undefined && Date.parse(lookedAt) <= Date.parse(before.lookedAt))
      throw conflict('older_look', 'A look as late or later is recorded.', {
        lookedAt: before.lookedAt,
        seq: before.lastSeq,
      });
    return draft({
      type: certifierEnrolled,
      data: {
        ...{ enrolmentId: before?.enrolmentId ?? id, organisationId, did, keys: written, lookedAt },
        documentSha256: toHex(sha256(Buffer.from(document))),
        ...(before === undefined ? {} : { seq: before.lastSeq }),
      },
      private: {
        ...{ keyId: caller.keyId, holder: caller.holder },
        ...(note === undefined ? {} : { note }),
      },
    });
  },
  answer: ({ data }) => ({ id: data.organisationId, did: data.did, keys: data.keys.length }),
});

/** Who the document is of, and the keys it asserts with. 422 `not_a_did`, `own_domain`, `no_keys`. */
const enrolledIn = (text: string, origin: string): { did: string; keys: KnownKey[] } => {
  const document = objectOf(text) ?? {};
  const { id: did } = document;
  if (typeof did !== 'string' || did.length > 300 || didToUrl(did) === undefined)
    throw unprocessable(
      'not_a_did',
      '/document',
      'must be JSON whose id is a did:web, such as did:web:body.example',
    );
  if (did === issuerOf(origin) || did.startsWith(`${issuerOf(origin)}:`))
    throw unprocessable(
      'own_domain',
      '/document',
      'is the programme’s own domain; a body confirms under its own',
    );
  const keys = assertionKeys(document).filter(({ kid }) => KID.test(kid));
  if (keys.length === 0 || keys.length > MOST_KEYS)
    throw unprocessable(
      'no_keys',
      '/document',
      `must name 1 to ${MOST_KEYS} Ed25519 keys of the document, as Multikey or JsonWebKey`,
    );
  return { did, keys };
};

export type ConfirmInput = {
  statementId: string;
  organisationId: string;
  jwt: string;
  /** The root of the log at the size the confirmation names, in hex; null where it never had that size. */
  rootThen: string | null;
};
export type ConfirmAnswer = { id: string; did: string; related: boolean };

const FAULTS: Record<ConfirmationFault, string> = {
  'not-a-jwt': 'must be a JSON Web Signature in compact form',
  'wrong-algorithm': 'must be signed with EdDSA (Ed25519), without crit or b64',
  'wrong-type': 'must have the type vc+jwt in its header',
  'unknown-key': 'its kid is none of the keys that are enrolled for the body; enrol its document again',
  'wrong-signature': 'its signature does not fit',
  'wrong-form': 'must hold exactly the members of a StatementConfirmation, as the documentation shows them',
  'wrong-issuer': 'its issuer is not the body whose key signed',
  'not-yet-valid': 'it is not valid yet',
  expired: 'it is no longer valid',
};

/**
 * @param origin the log's name
 * 422 with the fault of the confirmation as its code; `wrong_code`, `wrong_grams`, `wrong_root` where it speaks of something
 * else. 403 `profits` for a body that gains. 409 `wrong_state`, `confirmed_already`.
 */
export const confirmStatement = (origin: string): Operation<ConfirmInput, ConfirmAnswer> => ({
  name: 'statement.confirm',
  roles: ['operator', 'certifier'],
  status: 201,
  decide(world, { statementId, organisationId, jwt, rootThen }, { caller, id, now }) {
    const statement = world.get(statements, statementId);
    if (statement === undefined) throw notFound('statement');
    if (caller.role !== 'operator' && caller.organisationId !== organisationId)
      throw unprocessable('not_enrolled', '/organisationId', 'must be your own organisation');
    const enrolment = world.get(didEnrolments, organisationId);
    if (enrolment === undefined)
      throw unprocessable('not_enrolled', '/organisationId', 'no domain of this body is enrolled');
    const checked = checkConfirmation(jwt, enrolment, verifyEd25519, now);
    if ('fault' in checked)
      throw unprocessable(checked.fault.replaceAll('-', '_'), '/jwt', FAULTS[checked.fault]);
    if (statement.state !== 'issued')
      throw conflict('wrong_state', `This statement is ${statement.state}.`, {
        ...{ statementId, state: statement.state, seq: statement.lastSeq },
      });
    const { code, grams, ledger, treeSize, root } = checked.said.credentialSubject;
    if (code !== statement.code || ledger !== origin)
      throw unprocessable('wrong_code', '/jwt', 'speaks of another statement, or of another log');
    if (grams !== statement.grams)
      throw unprocessable(
        'wrong_grams',
        '/jwt',
        `speaks of ${grams} g; the statement is of ${statement.grams} g`,
      );
    if (root !== rootThen || treeSize <= statement.lastSeq)
      throw unprocessable(
        'wrong_root',
        '/jwt',
        'must name a root of this log that the statement stands under',
      );
    if (statement.organisationIds.includes(organisationId))
      throw new DomainError(
        'forbidden',
        'profits',
        'This body weighed, processed, sold or bought these grams.',
      );
    const known = world.get(statementConfirmations, confirmationKey(statementId, organisationId));
    if (known !== undefined)
      throw conflict('confirmed_already', 'This body confirmed the statement already.', { seq: known.seq });
    const gaining = [...statement.organisationIds, statement.sellerId, statement.holderId];
    const { validUntil } = checked.said;
    return draft({
      type: statementConfirmed,
      data: {
        ...{ confirmationId: id, statementId, statementSeq: statement.lastSeq },
        ...{ enrolmentId: enrolment.enrolmentId, enrolmentSeq: enrolment.lastSeq, organisationId },
        ...{ did: enrolment.did, kid: checked.kid, jwt, grams },
        validUntil: validUntil === undefined ? null : Date.parse(validUntil),
        related: relatedTo(world, organisationId, gaining).length > 0,
      },
      private: { keyId: caller.keyId, holder: caller.holder },
    });
  },
  answer: ({ data }) => ({ id: data.confirmationId, did: data.did, related: data.related }),
});
