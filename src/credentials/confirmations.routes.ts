import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { toHex } from '../kernel/hash.ts';
import { instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { readHead } from '../ledger/store.ts';
import type { PublicName } from '../registry/public-names.tables.ts';
import { readConfirmation } from './confirmation.ts';
import { confirmStatement, enrolCertifier } from './confirmations.operations.ts';
import {
  ConfirmationAnswer,
  ConfirmationRequest,
  ConfirmationView,
  EnrolmentAnswer,
  EnrolmentRequest,
  EnrolmentView,
} from './confirmations.schema.ts';
import type { DidEnrolment, StatementConfirmation } from './confirmations.tables.ts';
import { CodeParams } from './credentials.routes.ts';
import { type SigningDeps, statedUnder } from './signing.ts';

const tag = 'credentials';
const params = z.object({ id: Id });

type Tables = {
  didEnrolments: DidEnrolment;
  statementConfirmations: StatementConfirmation;
  publicNames: PublicName;
};

const EXAMPLE_DOCUMENT =
  '{"@context":["https://www.w3.org/ns/did/v1"],"id":"did:web:body.example","verificationMethod":[{"id":"did:web:body.example#2026","type":"JsonWebKey","controller":"did:web:body.example","publicKeyJwk":{"kty":"OKP","crv":"Ed25519","x":"NdzUFWjrAzZTyIKDAm6smAsXbaBYSGHGqgHTSyMg3l8"}}],"assertionMethod":["did:web:body.example#2026"]}';

export const confirmationRoutes = (app: FastifyInstance, deps: SigningDeps & WriteDeps): void => {
  const origin = deps.config.ledgerOrigin;
  const [enrol, confirm] = [enrolCertifier(origin), confirmStatement(origin)];
  const tables = deps.db.withTables<Tables>();

  /** The root at the size a confirmation names; what a log of that size had as root never changes. */
  const rootAt = async (jwt: string): Promise<string | null> => {
    const size = readConfirmation(jwt)?.credentialSubject.treeSize;
    if (size === undefined || size > (await readHead(deps.pool)).size) return null;
    return toHex(await deps.tree.root(size));
  };

  route(app, {
    method: 'PUT',
    url: '/v1/organisations/:id/did',
    operationId: 'enrolCertifier',
    tag,
    summary: {
      en: 'Enrol the domain and keys of a certification body, or record another look at them',
      zh: '登记认证机构的域名与密钥',
    },
    access: ['operator'],
    params,
    body: EnrolmentRequest,
    response: EnrolmentAnswer,
    errors: {
      403: 'A key of it signs the log',
      409: 'Of another organisation, or an older look',
      422: 'No did:web, no keys, or no certification body',
    },
    example: {
      document: EXAMPLE_DOCUMENT,
      lookedAt: '2026-11-24T06:30:00+08:00',
    },
    handler: ({ params: { id }, body, ...from }) =>
      write(deps, enrol, { ...body, organisationId: id }, from, id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/certifiers',
    operationId: 'listCertifiers',
    tag,
    summary: { en: 'Certification bodies that may confirm, and their keys', zh: '已登记的认证机构及其密钥' },
    access: 'public',
    query: PageQuery,
    response: pageOf(EnrolmentView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await tables
        .selectFrom('didEnrolments')
        .leftJoin('publicNames', 'publicNames.organisationId', 'didEnrolments.id')
        .selectAll('didEnrolments')
        .select('publicNames.name')
        .where('didEnrolments.seq', '>', after)
        .orderBy('didEnrolments.seq')
        .limit(limit + 1)
        .execute();
      const toView = ({ id, did, documentSha256, keys, lookedAt, lastSeq, name }: (typeof rows)[number]) => ({
        ...{ organisationId: id, name, did, documentSha256, keys, lookedAt, seq: lastSeq },
      });
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/statements/:id/confirmations',
    operationId: 'confirmStatement',
    tag,
    summary: {
      en: 'Hand in a certification body’s confirmation, signed with a key of its own',
      zh: '提交认证机构以自有密钥签署的确认',
    },
    access: ['operator', 'certifier'],
    params,
    body: ConfirmationRequest,
    response: ConfirmationAnswer,
    status: 201,
    errors: {
      409: 'Not issued, or confirmed already',
      422: 'What is signed does not pass; the code says why',
    },
    example: { organisationId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001', jwt: 'eyJhbGciOiJFZERTQSJ9.e30.AA' },
    handler: async ({ params: { id }, body, ...from }) =>
      write(deps, confirm, { ...body, statementId: id, rootThen: await rootAt(body.jwt) }, from, id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/verify/:code/confirmations',
    operationId: 'listStatementConfirmations',
    tag,
    summary: { en: 'Who confirmed the statement of a code, as they signed it', zh: '声明的机构确认' },
    access: 'public',
    params: CodeParams,
    query: PageQuery,
    response: pageOf(ConfirmationView),
    errors: { 409: 'What is kept is not what the log says' },
    handler: async ({ params: { code }, query, ...http }) => {
      const { after, limit } = readCursor(query);
      const stated = await statedUnder(deps, code);
      const rows = await tables
        .selectFrom('statementConfirmations as c')
        .innerJoin('didEnrolments as e', 'e.id', 'c.organisationId')
        .leftJoin('publicNames as n', 'n.organisationId', 'c.organisationId')
        .selectAll('c')
        .select(['e.keys', 'n.name'])
        .where('c.statementId', '=', stated.id)
        .where('c.seq', '>', after)
        .orderBy('c.seq')
        .limit(limit + 1)
        .execute();
      const toView = ({ confirmationId, validUntil, keys, ...row }: (typeof rows)[number]) => ({
        ...{
          id: confirmationId,
          organisationId: row.organisationId,
          name: row.name,
          did: row.did,
          kid: row.kid,
        },
        publicKey: keys.find(({ kid }) => kid === row.kid)?.publicKey ?? null,
        validUntil: validUntil === null ? null : instant(validUntil),
        ...{ grams: row.grams, related: row.related, jwt: row.jwt, seq: row.seq },
      });
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
};
