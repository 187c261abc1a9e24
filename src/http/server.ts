import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import { jsonSchemaTransformObject, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import { DomainError, forbidden } from '../kernel/errors.ts';
import type { Caller, Role } from '../ledger/fact.ts';
import { parseJson } from './json.ts';
import { openApiTransform, tidyDocument } from './openapi.ts';
import { handleError } from './problem.ts';

export const BODY_LIMIT = 256 * 1024;

export type ServerOptions = {
  logger: Logger;
  /** The holder of a bearer token, or null. Exact for reads; a write is checked again in the door. */
  authenticate: (token: string, isWrite: boolean) => Promise<Caller | null>;
  newRequestId: () => string;
  version: string;
  /** Addresses and networks whose word is taken for where a request came from; none unless said. */
  trustedProxies?: readonly string[];
};

/** A Fastify with our limits, media types, errors, documents and access check; features add their routes. */
export const createServer = async (options: ServerOptions): Promise<FastifyInstance> => {
  const app = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: options.newRequestId,
    bodyLimit: BODY_LIMIT,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    frameworkErrors: handleError as never,
    requestTimeout: 10_000,
    connectionTimeout: 0,
    keepAliveTimeout: 30_000,
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: 'idle',
    http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 },
    return503OnClosing: true,
  }) as unknown as FastifyInstance;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((request) => {
    throw new DomainError(
      'not_found',
      'not_found',
      `There is no ${request.method} ${request.url.split('?')[0]}; see /docs.`,
    );
  });
  addParsers(app);
  addAccess(app, options.authenticate);
  app.addHook('onRequest', async (request, reply) => {
    if (!isDocument(request)) void reply.headers(DATA_HEADERS);
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Blue Cycle 蓝色循环',
        version: options.version,
        description: 'From ocean to shelf, every gram can be traced. 从海洋到货架，每一克都可追溯。',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
    transform: openApiTransform,
    transformObject: (input) => tidyDocument(jsonSchemaTransformObject(input) as Record<string, unknown>),
  });
  await app.register(documentPages);
  return app;
};

/** For answers that are data: nothing in them may run, be framed or be guessed at. Constant, so made once. */
const DATA_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Whether it asks for one of the pages at /docs, which anyone may read. */
const isDocument = (request: FastifyRequest): boolean =>
  request.routeOptions.url?.startsWith('/docs') === true;

/** The pages at /docs, all from here: their own default policy asks for https and for pictures from elsewhere. */
const documentPages = async (scope: FastifyInstance): Promise<void> => {
  const directives = {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  };
  await scope.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives },
    // A station's LAN has no https.
    strictTransportSecurity: false,
  });
  await scope.register(swaggerUi, { routePrefix: '/docs' });
};

const addParsers = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      checkEncoding(request);
      if (body.length === 0)
        throw new DomainError('malformed', 'malformed', 'The body is empty; send a JSON object.');
      done(null, parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      checkEncoding(request);
      done(null, new NdJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
};

/** Lines of JSON, not yet parsed: one bad line must not cost the others. */
export class NdJson {
  readonly lines: Buffer[] = [];
  constructor(body: Buffer) {
    let start = 0;
    while (start < body.length) {
      let end = body.indexOf(0x0a, start);
      if (end === -1) end = body.length;
      const line = body.subarray(start, end);
      if (line.some((byte) => byte !== 0x20 && byte !== 0x0d && byte !== 0x09)) this.lines.push(line);
      start = end + 1;
    }
  }
}

const checkEncoding = (request: FastifyRequest): void => {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw unsupported('Send the body without Content-Encoding.');
  const charset = /charset\s*=\s*"?([^;"\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8')
    throw unsupported('Send the body in UTF-8.');
};

const unsupported = (message: string): Error =>
  Object.assign(new Error(message), { statusCode: 415, code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' });

const BEARER = /^Bearer ([\x21-\x7e]{1,200})$/i;

/** Who may call stands with each route; a route that says nothing is open to nobody. */
const addAccess = (app: FastifyInstance, authenticate: ServerOptions['authenticate']): void => {
  app.decorateRequest('caller', null);
  app.decorateRequest('sent', null);
  app.addHook('onRequest', async (request) => {
    const { access, mayIdentify } = request.routeOptions.config;
    const isAnonymous = mayIdentify !== true || request.headers.authorization === undefined;
    if ((access === 'public' && isAnonymous) || request.is404 || isDocument(request)) return;
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const caller =
      token === undefined
        ? null
        : await authenticate(token, request.method !== 'GET' && request.method !== 'HEAD');
    if (caller === null)
      throw new DomainError(
        'unauthenticated',
        'unauthenticated',
        'Send a valid key as "Authorization: Bearer <key>".',
      );
    const isAllowed = access === 'public' || access?.includes(caller.role as Role);
    if (isAllowed !== true || caller.role === 'programme')
      throw forbidden(
        `A key with the role ${caller.role} may not do this; needed: ${(access as readonly Role[])?.join(', ')}.`,
      );
    request.caller = caller;
  });
  app.addHook('preValidation', async (request) => {
    request.sent = request.body;
  });
};
