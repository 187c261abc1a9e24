import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { type AtSite, findAtSite, listAtSites } from '../registry/at-sites.queries.ts';
import { openMarks } from '../supervision/marks.queries.ts';
import { RECEIVERS } from './declarations.operations.ts';
import type { PollutantDeps } from './declarations.routes.ts';
import { IdParams } from './declarations.schema.ts';
import { treatmentOperations } from './treatments.operations.ts';
import * as schema from './treatments.schema.ts';
import type { PollutantLoss, Treatment } from './treatments.tables.ts';

const tag = 'pollutants';
const SITE = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002';
const CONFLICT = 'Not so much is left; the answer says how much';

export const treatmentRoutes = (app: FastifyInstance, deps: PollutantDeps): void => {
  const { treat, lose } = treatmentOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/pollutant-treatments',
    operationId: 'treatPollutants',
    tag,
    summary: {
      en: 'Treat or dispose of pollutants, and say what stays of them',
      zh: '处理或处置污染物，登记残余',
    },
    access: RECEIVERS,
    body: schema.TreatmentRequest,
    response: schema.TreatmentAnswer,
    status: 201,
    errors: { 409: CONFLICT, 422: 'Unknown site, no paper or licence, or residues that cannot be' },
    example: {
      siteId: SITE,
      method: 'oil-refining',
      items: [{ material: 'waste-oil', grams: 230_000 }],
      plant: { name: '台州某危废处置厂', licence: '浙危废经第 126 号' },
      manifest: '3310812026000127',
      wasteCode: '900-249-08',
      treatedAt: '2026-11-24T15:00:00+08:00',
    },
    handler: ({ body, ...from }) => write(deps, treat, body, from),
  });
  route(app, {
    method: 'POST',
    url: '/v1/pollutant-losses',
    operationId: 'losePollutants',
    tag,
    summary: { en: 'Say that pollutants are no longer there', zh: '登记污染物损失' },
    access: RECEIVERS,
    body: schema.LossRequest,
    response: schema.LossAnswer,
    status: 201,
    errors: { 409: CONFLICT, 422: 'Unknown site' },
    example: {
      siteId: SITE,
      kind: 'spilled',
      items: [{ material: 'oily-water', grams: 20_000 }],
      reference: '海事 2026-018',
      happenedAt: '2026-11-24T15:00:00+08:00',
    },
    handler: ({ body, ...from }) => write(deps, lose, body, from),
  });
  readRoutes<Treatment>(app, deps, {
    url: '/v1/pollutant-treatments',
    table: 'pollutantTreatments',
    what: 'treatment',
    view: schema.TreatmentView,
    read: async (rows) => {
      const open = await openMarks(
        deps.db,
        rows.map(({ id, marks: recorded }) => ({ id, recorded })),
      );
      return rows.map((row) => ({ ...row, marks: open.get(row.id)! }));
    },
    one: { operationId: 'getPollutantTreatment', summary: { en: 'Read one treatment', zh: '查询处理记录' } },
    all: { operationId: 'listPollutantTreatments', summary: { en: 'List treatments', zh: '列出处理记录' } },
  });
  readRoutes<PollutantLoss>(app, deps, {
    url: '/v1/pollutant-losses',
    table: 'pollutantLosses',
    what: 'loss',
    view: schema.LossView,
    one: { operationId: 'getPollutantLoss', summary: { en: 'Read one loss', zh: '查询损失记录' } },
    all: { operationId: 'listPollutantLosses', summary: { en: 'List losses', zh: '列出损失记录' } },
  });
};

type Said = { operationId: string; summary: { en: string; zh: string } };

/** One of a kind, and the list of them; rows are shown as they are kept, or as `read` makes them. */
const readRoutes = <Row extends AtSite>(
  app: FastifyInstance,
  deps: PollutantDeps,
  of: {
    url: string;
    table: string;
    what: string;
    view: z.ZodType<object>;
    read?: (rows: Row[]) => Promise<Row[]>;
    one: Said;
    all: Said;
  },
): void => {
  const { read = async (rows: Row[]) => rows } = of;
  route(app, {
    method: 'GET',
    url: `${of.url}/:id`,
    ...of.one,
    tag,
    access: ROLES,
    params: IdParams,
    response: of.view,
    handler: async ({ params, caller }) => {
      const row = await findAtSite<Row>(deps.db, of.table, caller, params.id);
      if (row === undefined) throw notFound(of.what);
      return (await read([row]))[0]!;
    },
  });
  route(app, {
    method: 'GET',
    url: of.url,
    ...of.all,
    tag,
    access: ROLES,
    query: PageQuery.extend({ siteId: Id.optional() }),
    response: pageOf(of.view),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await read(await listAtSites<Row>(deps.db, of.table, caller, query, after, limit));
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => row,
        http,
      );
    },
  });
};
