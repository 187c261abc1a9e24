import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { BundleView } from '../http/bundle.routes.ts';
import { route } from '../http/route.ts';
import { queryInteger } from '../kernel/values.ts';
import { readNamedKeys } from '../ledger/key-files.ts';
import { plainCode } from '../statements/checking.ts';
import { STATEMENT_FORMAT } from './credential.ts';
import { didDocumentOf } from './did.ts';
import {
  credentialSigner,
  type SigningDeps,
  signCredential,
  signStatusList,
  statedUnder,
  statementBundle,
} from './signing.ts';

const tag = 'credentials';
const VC_JWT = 'application/vc+jwt';
/** Any text may be asked for: nonsense is unknown. */
export const CodeParams = z.object({ code: z.string().max(200) });

const Document = z
  .object({
    '@context': z.array(z.string()),
    id: z.string().meta({ description: 'did:web of the host that the log is named after.' }),
    verificationMethod: z.array(
      z.object({
        id: z.string().meta({ description: 'Ends in the id of the key in its C2SP verifier key.' }),
        type: z.literal('JsonWebKey'),
        controller: z.string(),
        publicKeyJwk: z.object({ kty: z.string(), crv: z.string(), x: z.string() }),
      }),
    ),
    assertionMethod: z.array(z.string()),
  })
  .meta({ id: 'DidDocument', description: 'The keys of the log, each of which follows from entry 0.' });

const StatementBundleView = z
  .object({
    format: z.literal(STATEMENT_FORMAT),
    version: z.literal(1),
    bundle: BundleView,
    credential: z.string(),
    statusLists: z.array(z.string()).meta({ description: 'Revocation, then suspension.' }),
  })
  .meta({
    id: 'StatementBundle',
    description:
      'Verifies offline, by blue-cycle-verifier/statements.js. RFC 8785 text: keep the bytes as they are.',
  });

export const credentialRoutes = (app: FastifyInstance, deps: SigningDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/statements/:code/credential',
    operationId: 'getStatementCredential',
    tag,
    summary: {
      en: 'The statement of a code as a W3C Verifiable Credential 2.0, signed (VC-JWT)',
      zh: '声明的可验证凭证（W3C VC 2.0，JWT）',
    },
    access: 'public',
    params: CodeParams,
    response: z.string(),
    produces: VC_JWT,
    errors: { 404: 'No such code', 409: 'What is kept is not what the log says' },
    handler: async ({ params, reply }) => {
      const stated = await statedUnder(deps, params.code);
      void reply.header('content-type', VC_JWT).header('cache-control', 'no-cache');
      return signCredential(deps, await credentialSigner(deps), stated);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/statements/:code/bundle',
    operationId: 'getStatementBundle',
    tag,
    summary: {
      en: 'Take a statement home: its facts with all that proves them, its credential and its status lists',
      zh: '下载声明的收据包（可离线验证）',
    },
    access: 'public',
    params: CodeParams,
    response: StatementBundleView,
    errors: { 404: 'No such code', 409: 'What is kept is not what the log says' },
    handler: async ({ params, reply }) => {
      const text = await statementBundle(deps, params.code);
      const name = `blue-cycle-statement-${plainCode(params.code)}.json`;
      void reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('cache-control', 'no-cache');
      return Buffer.from(text) as never;
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/status-lists/:n',
    operationId: 'getStatusList',
    tag,
    summary: {
      en: 'Which credentials were revoked (even numbers) or are suspended (odd): a signed Bitstring Status List',
      zh: '凭证状态列表：撤销（偶数）、暂停（奇数）',
    },
    access: 'public',
    params: z.object({ n: queryInteger(0, 1_000_000) }),
    response: z.string(),
    produces: VC_JWT,
    errors: { 404: 'The ledger is not so long' },
    handler: async ({ params, reply }) => {
      const list = await signStatusList(deps, await credentialSigner(deps), params.n);
      void reply.header('content-type', VC_JWT).header('cache-control', 'public, max-age=60');
      return list;
    },
  });
  route(app, {
    method: 'GET',
    url: '/.well-known/did.json',
    operationId: 'getDidDocument',
    tag,
    summary: { en: 'Keys with which credentials are signed (did:web)', zh: '凭证签名密钥（did:web）' },
    access: 'public',
    response: Document,
    handler: async ({ reply }) => {
      void reply.header('cache-control', 'public, max-age=300');
      const keys = (await readNamedKeys(deps.pool)).map(({ key }) => key);
      return didDocumentOf(deps.config.ledgerOrigin, keys);
    },
  });
};
