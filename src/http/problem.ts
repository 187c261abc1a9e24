import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { connectionLost } from '../db/errors.ts';
import { DomainError, type ErrorKind, type FieldError } from '../kernel/errors.ts';

const STATUS: Record<ErrorKind, number> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unprocessable: 422,
  too_many: 429,
  unavailable: 503,
};

const TITLES: Record<number, string> = {
  400: 'The request is malformed',
  401: 'A valid key is needed',
  403: 'This role may not',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'The request took too long',
  409: 'It conflicts with what is recorded',
  413: 'Too large',
  415: 'Media type not supported',
  422: 'The content is wrong',
  429: 'Too many requests',
  500: 'Something went wrong on our side',
  503: 'Not available just now',
};

/** RFC 9457 problem details, with a stable code, the request's id, and for a conflict the state it ran into. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ pointer: z.string(), reason: z.string(), detail: z.string() })),
    state: z.record(z.string(), z.json()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

export const toProblem = (error: Error, requestId: string): Problem => {
  const make = (status: number, code: string, detail: string, errors: FieldError[] = []): Problem => ({
    type: `urn:blue-cycle:problem:${code}`,
    title: TITLES[status] ?? 'Problem',
    status,
    detail,
    code,
    requestId,
    // RFC 9457 calls it detail in its example (§3), our contract reason.
    errors: errors.map((e) => ({ ...e, detail: e.reason })),
  });
  if (error instanceof DomainError) {
    const problem = make(STATUS[error.kind], error.code, error.message, error.errors);
    return error.state === undefined ? problem : { ...problem, state: error.state as Problem['state'] };
  }
  const { statusCode = 500, code = 'internal' } = error as FastifyError;
  const validation = (error as FastifyError).validation;
  if (validation !== undefined) {
    const where = (error as FastifyError).validationContext ?? 'body';
    const errors = validation.flatMap((v) => fieldErrors(where, v as unknown as Validation));
    return make(
      400,
      'malformed',
      `The ${where} does not fit: ${errors[0]?.pointer} ${errors[0]?.reason}`,
      errors,
    );
  }
  if (statusCode >= 400 && statusCode < 500) return make(statusCode, frameworkCode(code), error.message);
  if (connectionLost(error as Error & { code?: unknown }))
    return make(503, 'database_unavailable', 'The database cannot be reached; ask again in a moment.');
  return make(
    500,
    'internal',
    'The error was logged with this request id; nothing is known to have been written.',
  );
};

type Validation = {
  instancePath: string;
  message?: string;
  params?: { issue?: { keys?: string[]; code?: string } };
};

const fieldErrors = (where: string, v: Validation): FieldError[] => {
  const prefix = where === 'body' ? '' : `/${where}`;
  const issue = v.params?.issue;
  if (issue?.code === 'unrecognized_keys' && issue.keys !== undefined)
    return issue.keys.map((key) => ({
      pointer: `${prefix}${v.instancePath}/${key}`,
      reason: 'is not known here; leave it out',
    }));
  return [{ pointer: `${prefix}${v.instancePath}`, reason: v.message ?? 'is wrong' }];
};

const FRAMEWORK_CODES: Record<string, string> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed',
  FST_ERR_NOT_FOUND: 'not_found',
};
const frameworkCode = (code: string): string => FRAMEWORK_CODES[code] ?? 'malformed';

/** The one error handler: whatever was thrown becomes a problem; a 5xx never shows its message. */
export const handleError = (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
  const problem = toProblem(error, request.id);
  if (problem.status >= 500 && problem.status !== 503) request.log.error({ err: error }, 'request failed');
  if (problem.status === 503) void reply.header('retry-after', '1');
  if (problem.status === 429) void reply.header('retry-after', '600');
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problem));
};
