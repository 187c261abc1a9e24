import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { writeBatch } from '../http/batch.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { NdJson } from '../http/server.ts';
import { VOCABULARY } from '../http/vocabulary.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { Queryable } from '../ledger/store.ts';
import { findAtSite, listAtSites } from '../registry/at-sites.queries.ts';
import { RECEIVERS } from './declarations.operations.ts';
import type { PollutantDeps } from './declarations.routes.ts';
import { IdParams, ReasonRequest } from './declarations.schema.ts';
import { NOTE_POLICY, notePage } from './note.page.ts';
import { voidReception } from './reception-void.operations.ts';
import { receptionOperations } from './receptions.operations.ts';
import { findNote, RECEPTIONS, receptionViews } from './receptions.queries.ts';
import * as schema from './receptions.schema.ts';
import type { Reception } from './receptions.tables.ts';

const tag = 'pollutants';
const URL = '/v1/pollutant-receptions';
const BATCH_BODY_LIMIT = 4 * 1024 * 1024;
const EXAMPLE = {
  siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
  vesselNumber: '浙岭渔 23456',
  items: [
    { material: 'oily-water', millilitres: 262_000 },
    { material: 'lead-acid-battery', grams: 15_000, count: 1 },
  ],
  receivedAt: '2026-11-24T09:42:00+08:00',
};

export type ReceptionDeps = PollutantDeps & { pool: Queryable };

export const receptionRoutes = (app: FastifyInstance, deps: ReceptionDeps): void => {
  const { receive, changeSettings } = receptionOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: URL,
    operationId: 'receivePollutants',
    tag,
    summary: {
      en: 'Receive pollutants from a vessel, under a note with a number',
      zh: '接收船舶污染物并开具接收单',
    },
    access: RECEIVERS,
    body: schema.ReceptionRequest,
    response: schema.ReceptionAnswer,
    status: 201,
    errors: { 409: 'The declaration is closed already', 422: 'Unknown site or declaration, or no amount' },
    example: EXAMPLE,
    handler: ({ body, ...from }) => write(deps, receive, body, from),
  });
  route(app, {
    method: 'POST',
    url: `${URL}/batch`,
    operationId: 'receivePollutantsInBulk',
    tag,
    summary: { en: 'Upload up to 1,000 receptions, any number of times', zh: '批量上传接收记录' },
    access: RECEIVERS,
    body: z.array(z.unknown()).or(z.instanceof(NdJson)),
    documentedBody: z.array(schema.ReceptionRequest).min(1).max(schema.MAX_RECEPTIONS),
    consumes: ['application/json', 'application/x-ndjson'],
    response: z.object({ items: z.array(schema.ReceptionBatchItem) }),
    bodyLimit: BATCH_BODY_LIMIT,
    example: [{ id: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a00b', ...EXAMPLE }],
    handler: async ({ body, ...from }) => {
      const upload = {
        operation: receive,
        schema: schema.ReceptionRequest,
        maxItems: schema.MAX_RECEPTIONS,
      };
      return { items: await writeBatch(deps, upload, body, from) };
    },
  });
  route(app, {
    method: 'POST',
    url: `${URL}/:id/void`,
    operationId: 'voidPollutantReception',
    tag,
    summary: {
      en: 'Take a reception back that was typed wrongly; its number stays used',
      zh: '作废接收记录（单号不再使用）',
    },
    access: RECEIVERS,
    params: IdParams,
    body: ReasonRequest,
    response: schema.VoidAnswer,
    status: 201,
    errors: { 409: 'Voided already, or less is left than it brought' },
    example: { reason: '多输了一个零' },
    handler: ({ params, body, ...from }) =>
      write(deps, voidReception(deps.programme), { ...body, receptionId: params.id }, from, params.id),
  });
  route(app, {
    method: 'PATCH',
    url: '/v1/sites/:id/pollutant-settings',
    operationId: 'changePollutantSettings',
    tag,
    summary: {
      en: 'How a site’s notes begin, and how long it may store what',
      zh: '设置接收单前缀与贮存期限',
    },
    access: RECEIVERS,
    params: IdParams,
    body: schema.SettingsRequest,
    response: schema.SettingsAnswer,
    errors: { 409: 'The notes of another site begin so' },
    example: { notePrefix: 'WL', storageDays: [{ material: 'waste-oil', days: 90 }] },
    handler: ({ params, body, ...from }) =>
      write(deps, changeSettings, { ...body, siteId: params.id }, from, params.id),
  });
  readRoutes(app, deps);
};

const readRoutes = (app: FastifyInstance, deps: ReceptionDeps): void => {
  const noteFor = async (caller: Parameters<typeof findNote>[1], id: string) => {
    const note = await findNote(deps, caller, id);
    if (note === undefined) throw notFound('reception');
    return note;
  };
  route(app, {
    method: 'GET',
    url: `${URL}/:id`,
    operationId: 'getPollutantReception',
    tag,
    summary: { en: 'Read one reception', zh: '查询接收记录' },
    access: ROLES,
    params: IdParams,
    response: schema.ReceptionView,
    handler: async ({ params, caller }) => {
      const row = await findAtSite<Reception>(deps.db, RECEPTIONS, caller, params.id);
      if (row === undefined) throw notFound('reception');
      return (await receptionViews(deps.db, [row]))[0]!;
    },
  });
  route(app, {
    method: 'GET',
    url: `${URL}/:id/note`,
    operationId: 'getPollutantNote',
    tag,
    summary: { en: 'The note for the vessel', zh: '查询接收单' },
    access: ROLES,
    params: IdParams,
    response: schema.NoteView,
    handler: ({ params, caller }) => noteFor(caller, params.id),
  });
  route(app, {
    method: 'GET',
    url: `${URL}/:id/note/page`,
    operationId: 'printPollutantNote',
    tag,
    summary: { en: 'The note as a page to print, in both languages', zh: '打印接收单（中英文）' },
    access: ROLES,
    params: IdParams,
    produces: 'text/html',
    response: z.string(),
    handler: async ({ params, caller, reply }) => {
      const note = await noteFor(caller, params.id);
      void reply
        .header('content-type', 'text/html; charset=utf-8')
        .header('content-security-policy', NOTE_POLICY);
      return notePage(note, VOCABULARY.material);
    },
  });
  route(app, {
    method: 'GET',
    url: URL,
    operationId: 'listPollutantReceptions',
    tag,
    summary: { en: 'List receptions', zh: '列出接收记录' },
    access: ROLES,
    query: PageQuery.extend({ siteId: Id.optional() }),
    response: pageOf(schema.ReceptionView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listAtSites<Reception>(deps.db, RECEPTIONS, caller, query, after, limit);
      const views = await receptionViews(deps.db, rows);
      return toPage(
        views,
        limit,
        (row) => row.seq,
        (row) => row,
        http,
      );
    },
  });
};
