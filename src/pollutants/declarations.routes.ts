import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { DECLARATION_STATES, DeclarationState, ROLES } from '../kernel/vocabulary.ts';
import { CALLERS, declarationOperations, type Programme, RECEIVERS } from './declarations.operations.ts';
import { countDeclarations, findDeclaration, listDeclarations } from './declarations.queries.ts';
import * as schema from './declarations.schema.ts';

const tag = 'pollutants';
const URL = '/v1/pollutant-declarations';

export type PollutantDeps = WriteDeps & { db: Reader; clock: Clock; programme: Programme };

export const declarationRoutes = (app: FastifyInstance, deps: PollutantDeps): void => {
  const { declare, cancel } = declarationOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: URL,
    operationId: 'declarePollutants',
    tag,
    summary: { en: 'Say what a vessel has to hand over, and when', zh: '船舶申报污染物，请求接收' },
    access: CALLERS,
    body: schema.DeclarationRequest,
    response: schema.DeclarationAnswer,
    status: 201,
    errors: { 409: 'The id was used with another content', 422: 'Unknown site or vessel, or no amount' },
    example: {
      siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      vesselNumber: '浙岭渔 23456',
      items: [{ material: 'oily-water', millilitres: 1_200_000 }],
      port: '石塘',
      wantedFrom: '2026-11-24T06:00:00+08:00',
      wantedUntil: '2026-11-24T18:00:00+08:00',
    },
    handler: ({ body, ...from }) => write(deps, declare, body, from),
  });
  route(app, {
    method: 'POST',
    url: `${URL}/:id/cancel`,
    operationId: 'cancelPollutantDeclaration',
    tag,
    summary: { en: 'Take a declaration back', zh: '撤回申报' },
    access: CALLERS,
    params: schema.IdParams,
    body: schema.ReasonRequest,
    response: schema.DeclarationChanged,
    status: 201,
    errors: { 409: 'Received, refused or cancelled already' },
    example: { reason: '改靠别的港' },
    handler: ({ params, body, ...from }) =>
      write(deps, cancel, { ...body, declarationId: params.id }, from, params.id),
  });
  answerRoutes(app, deps);
  readRoutes(app, deps);
};

/** What the site that is asked may say. */
const answerRoutes = (app: FastifyInstance, deps: PollutantDeps): void => {
  const { accept, reassign, refuse } = declarationOperations(deps.programme);
  const dispatch = {
    boatId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a009',
    eta: '2026-11-24T09:30:00+08:00',
  };
  for (const { name, operation, ...said } of [
    {
      name: 'accept',
      operation: accept,
      operationId: 'acceptPollutantDeclaration',
      summary: { en: 'Accept a declaration: which boat or site, and when', zh: '接单：派船或到站、预计时间' },
    },
    {
      name: 'reassign',
      operation: reassign,
      operationId: 'reassignPollutantDeclaration',
      summary: { en: 'Give an accepted declaration to another boat or site', zh: '改派' },
    },
  ])
    route(app, {
      method: 'POST',
      url: `${URL}/:id/${name}`,
      ...said,
      tag,
      access: RECEIVERS,
      params: schema.IdParams,
      body: schema.AcceptRequest,
      response: schema.DeclarationChanged,
      status: 201,
      errors: { 409: 'Not in the state for it; the answer says which it is in', 422: 'Unknown site or boat' },
      example: dispatch,
      handler: ({ params, body, ...from }) =>
        write(deps, operation, { ...body, declarationId: params.id }, from, params.id),
    });
  route(app, {
    method: 'POST',
    url: `${URL}/:id/refuse`,
    operationId: 'refusePollutantDeclaration',
    tag,
    summary: { en: 'Refuse a declaration, with the reason', zh: '拒绝申报并说明原因' },
    access: RECEIVERS,
    params: schema.IdParams,
    body: schema.ReasonRequest,
    response: schema.DeclarationChanged,
    status: 201,
    errors: { 409: 'Received, refused or cancelled already' },
    example: { reason: '油罐已满，请联系温岭仓' },
    handler: ({ params, body, ...from }) =>
      write(deps, refuse, { ...body, declarationId: params.id }, from, params.id),
  });
};

const readRoutes = (app: FastifyInstance, deps: PollutantDeps): void => {
  const filter = { siteId: Id.optional(), state: DeclarationState.optional() };
  route(app, {
    method: 'GET',
    url: `${URL}/counts`,
    operationId: 'countPollutantDeclarations',
    tag,
    summary: {
      en: 'How many declarations are in each state now, the unanswered among them',
      zh: '各状态申报数，含无人应答',
    },
    access: ROLES,
    query: z.strictObject({ siteId: Id.optional() }),
    response: schema.DeclarationCounts,
    handler: async ({ query, caller }) => {
      const now = deps.clock();
      const rows = await countDeclarations(deps.db, caller, query, now);
      const found = new Map(rows.map(({ state, count }) => [state, count]));
      const counts = Object.fromEntries(DECLARATION_STATES.map((state) => [state, found.get(state) ?? 0]));
      const total = rows.reduce((sum, { count }) => sum + count, 0);
      return {
        at: instant(now),
        total,
        counts: counts as Record<(typeof DECLARATION_STATES)[number], number>,
      };
    },
  });
  route(app, {
    method: 'GET',
    url: `${URL}/:id`,
    operationId: 'getPollutantDeclaration',
    tag,
    summary: { en: 'Read one declaration: who comes, was it received', zh: '查询申报：谁来接、是否已接收' },
    access: ROLES,
    params: schema.IdParams,
    response: schema.DeclarationView,
    handler: async ({ params, caller }) => {
      const row = await findDeclaration(deps.db, caller, params.id, deps.clock());
      if (row === undefined) throw notFound('declaration');
      return row as z.input<typeof schema.DeclarationView>;
    },
  });
  route(app, {
    method: 'GET',
    url: URL,
    operationId: 'listPollutantDeclarations',
    tag,
    summary: { en: 'List declarations by site or state, such as unanswered', zh: '按站点或状态列出申报' },
    access: ROLES,
    query: PageQuery.extend(filter),
    response: pageOf(schema.DeclarationView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listDeclarations(deps.db, caller, query, deps.clock(), after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => row as z.input<typeof schema.DeclarationView>,
        http,
      );
    },
  });
};
