import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { publishScheme } from './schemes.operations.ts';
import { CodeParams, SchemeAnswer, SchemeRequest, SchemeView } from './schemes.schema.ts';
import type { Scheme } from './schemes.tables.ts';

const tag = 'schemes';

const allSchemes = (db: Reader): Promise<Scheme[]> =>
  db.withTables<{ schemes: Scheme }>().selectFrom('schemes').selectAll().orderBy('code').execute();

export const schemeRoutes = (app: FastifyInstance, deps: WriteDeps & { db: Reader }): void => {
  route(app, {
    method: 'GET',
    url: '/v1/schemes',
    operationId: 'getSchemes',
    tag,
    summary: { en: 'Schemes in force, with their rules', zh: '现行认定方案及规则' },
    access: 'public',
    response: z.object({ items: z.array(SchemeView) }),
    handler: async () => ({ items: await allSchemes(deps.db) }),
  });
  route(app, {
    method: 'GET',
    url: '/v1/schemes/:code',
    operationId: 'getScheme',
    tag,
    summary: { en: 'A scheme as it is in force', zh: '现行认定方案' },
    access: 'public',
    params: CodeParams,
    response: SchemeView,
    handler: async ({ params }) => {
      const scheme = (await allSchemes(deps.db)).find(({ code }) => code === params.code);
      if (scheme === undefined) throw notFound('scheme');
      return scheme;
    },
  });
  route(app, {
    method: 'PUT',
    url: '/v1/schemes/:code',
    operationId: 'publishScheme',
    tag,
    summary: { en: 'Publish a scheme, or its next version', zh: '发布认定方案或新版本' },
    access: publishScheme.roles.filter((role) => role !== 'programme'),
    params: CodeParams,
    body: SchemeRequest,
    response: SchemeAnswer,
    errors: { 409: 'In force just so already', 422: 'A code nobody knows, or no rules' },
    example: {},
    handler: ({ params, body, ...from }) =>
      write(deps, publishScheme, { ...body, code: params.code }, from, params.code),
  });
};
