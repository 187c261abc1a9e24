import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { canonicalJson } from '../kernel/canonical.ts';
import { DomainError } from '../kernel/errors.ts';
import { keyedUuid, UUID } from '../kernel/ids.ts';
import { Id } from '../kernel/values.ts';
import type { Bilingual, Caller, Operation, Role } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Command, Door } from '../ledger/record.ts';
import { Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
    /** The JSON body before validation: what a repeat is compared with. */
    sent: unknown;
  }
  interface FastifyContextConfig {
    access?: Access;
    mayIdentify?: boolean;
  }
}

export type Access = 'public' | readonly Role[];

export const Receipt = z
  .object({ seq: z.int().min(0), leafHash: z.string() })
  .meta({ id: 'Receipt', description: 'Where the fact stands in the ledger, and its leaf hash.' });

type Schema = z.ZodType | undefined;
type Of<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;

export type RouteSpec<B extends Schema, P extends Schema, Q extends Schema, R extends z.ZodType> = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  operationId: string;
  tag: string;
  summary: Bilingual;
  /** Who may call it. There is no default. */
  access: Access;
  /** Open to all, and a key that is sent is looked at all the same: who it belongs to is shown more. */
  mayIdentify?: true;
  body?: B;
  params?: P;
  query?: Q;
  response: R;
  /** The media type of success, or several; JSON unless said. */
  produces?: string | readonly string[];
  /** The status of success; 200 unless said. */
  status?: 200 | 201;
  /** Codes this operation answers with beside those that all share. */
  errors?: Partial<Record<403 | 404 | 409 | 413 | 415 | 422 | 429, string>>;
  /** Refusals in the words of somebody else's protocol, by status. */
  refusals?: { statuses: Readonly<Record<number, string>>; shape: z.ZodType };
  /** An example of the body. */
  example?: unknown;
  /** What the body is documented as, where its parts are checked one by one. */
  documentedBody?: z.ZodType;
  consumes?: string[];
  bodyLimit?: number;
  handler: (input: {
    body: Of<B>;
    params: Of<P>;
    query: Of<Q>;
    caller: Caller;
    request: FastifyRequest;
    reply: FastifyReply;
  }) => Promise<z.input<R>>;
};

const SHARED_ERRORS: Record<number, string> = {
  400: 'Malformed, or against the schema',
  413: 'Body too large',
  415: 'Media type not supported',
  500: 'Our fault; logged under the request id',
  503: 'Not available just now; see Retry-After',
};

/** A write whose path says it all: no body, or its id alone. */
const NoBody = z.strictObject({ id: Id.optional() }).nullish();

/** Registers one operation: its schema, who may call it, what it is called in both languages. */
export const route = <
  R extends z.ZodType,
  B extends Schema = undefined,
  P extends Schema = undefined,
  Q extends Schema = undefined,
>(
  app: FastifyInstance,
  spec: RouteSpec<B, P, Q, R>,
): void => {
  const status = spec.status ?? 200;
  const body = spec.body ?? (spec.method === 'POST' ? NoBody : undefined);
  const errors: Record<number, string> = { ...SHARED_ERRORS, ...spec.errors };
  if (spec.mayIdentify) errors[401] = 'A key was sent, and it is not valid';
  if (spec.access !== 'public') Object.assign(errors, { 401: 'No valid key', 403: 'The role may not' });
  if (spec.params !== undefined) errors[404] ??= 'Unknown, or not yours';
  if (body === undefined) {
    delete errors[413];
    delete errors[415];
  }
  const response: Record<string, unknown> = {
    [status]:
      spec.produces === undefined
        ? spec.response
        : {
            description: spec.summary.en,
            content: Object.fromEntries(
              [spec.produces].flat().map((type) => [type, { schema: spec.response }]),
            ),
          },
  };
  for (const [code, description] of Object.entries(errors))
    response[code] = { description, content: { 'application/problem+json': { schema: Problem } } };
  for (const [code, description] of Object.entries(spec.refusals?.statuses ?? {})) {
    const { content } = (response[code] ?? {}) as { content?: object };
    const own = { 'application/json': { schema: spec.refusals!.shape } };
    response[code] = { description, content: { ...content, ...own } };
  }
  app.route({
    method: spec.method,
    url: spec.url,
    ...(spec.bodyLimit === undefined ? {} : { bodyLimit: spec.bodyLimit }),
    config: { access: spec.access, ...(spec.mayIdentify && { mayIdentify: true }) },
    schema: {
      operationId: spec.operationId,
      tags: [spec.tag],
      summary: spec.summary.en,
      description: spec.summary.zh,
      'x-summary-zh': spec.summary.zh,
      'x-roles': spec.access === 'public' ? [] : [...spec.access],
      ...(spec.access === 'public' ? { security: spec.mayIdentify ? [{}, { key: [] }] : [] } : {}),
      ...(spec.consumes === undefined ? {} : { consumes: spec.consumes }),
      ...(body === undefined ? {} : { body }),
      ...(spec.params === undefined ? {} : { params: spec.params }),
      ...(spec.query === undefined ? {} : { querystring: spec.query }),
      ...(spec.documentedBody === undefined ? {} : { 'x-body': spec.documentedBody }),
      ...(body === undefined ? {} : { 'x-example': spec.example ?? {} }),
      response,
    } as object,
    handler: async (request, reply) => {
      const answer = await spec.handler({
        body: request.body as Of<B>,
        params: request.params as Of<P>,
        query: request.query as Of<Q>,
        caller: request.caller as Caller,
        request,
        reply,
      });
      if (!reply.sent && reply.statusCode === 200) void reply.status(status);
      return answer;
    },
  });
};

/**
 * The identity of a write: the body's `id`, else the Idempotency-Key (per organisation and operation), else a
 * new id, and then a repeat is a new fact.
 */
export const commandKey = (
  keyring: Keyring,
  operation: string,
  caller: Caller,
  sent: unknown,
  idempotencyKey: string | string[] | undefined,
  newId: () => string,
  /** What the path names: the same body on another thing is another write. */
  subject = '',
): Command['key'] => {
  let canonical: string;
  try {
    canonical = canonicalJson(sent ?? null);
  } catch (error) {
    throw new DomainError(
      'malformed',
      'malformed',
      `The body cannot be kept as sent: ${(error as Error).message}`,
    );
  }
  const fingerprint = keyring.fingerprint(`${operation} ${subject} ${canonical}`);
  const id = (sent as { id?: unknown } | null)?.id;
  if (typeof id === 'string' && UUID.test(id)) return { id, fingerprint };
  if (typeof idempotencyKey === 'string') {
    if (idempotencyKey.length < 1 || idempotencyKey.length > 255)
      throw new DomainError('malformed', 'malformed', 'Idempotency-Key must be 1 to 255 characters.');
    return {
      id: keyedUuid(keyring.idempotency, `${caller.organisationId} ${operation} ${idempotencyKey}`),
      fingerprint,
    };
  }
  return { id: newId(), fingerprint };
};

export type WriteDeps = { door: Door; keyring: Keyring; newId: () => string };

/** Sends one request's command through the door and answers with its receipt. */
export const write = async <Input, Answer extends object>(
  deps: WriteDeps,
  operation: Operation<Input, Answer>,
  input: Input,
  from: { request: FastifyRequest; reply: FastifyReply; caller: Caller },
  subject = '',
): Promise<Answer & { receipt: { seq: number; leafHash: string } }> => {
  const { request, reply, caller } = from;
  const key = commandKey(
    deps.keyring,
    operation.name,
    caller,
    request.sent,
    request.headers['idempotency-key'],
    deps.newId,
    subject,
  );
  const bytes = Number(request.headers['content-length'] ?? 1_000);
  const { answer, receipt, status, replayed } = await deps.door.record(operation, input, caller, key, bytes);
  if (replayed) void reply.header('idempotency-replayed', 'true');
  void reply.status(status);
  return { ...answer, receipt };
};
