import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { queryInteger } from '../kernel/values.ts';
import { readNamedKeys } from '../ledger/key-files.ts';
import { didDocumentOf } from './did.ts';
import {
  credentialSigner,
  type SigningDeps,
  signCredential,
  signStatusList,
  statedUnder,
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
