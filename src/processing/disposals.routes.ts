import type { FastifyInstance } from 'fastify';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { findAtSite, listAtSites } from '../registry/at-sites.queries.ts';
import { disposalOperations } from './disposals.operations.ts';
import { DisposalAnswer, DisposalParams, DisposalRequest, DisposalView } from './disposals.schema.ts';
import type { Disposal } from './disposals.tables.ts';
import { PROCESSORS } from './processing.operations.ts';

const tag = 'processing';
const TABLE = 'disposals';

export type DisposalDeps = WriteDeps & { db: Reader; programme: { timeZone: string; operatorId: string } };

export const disposalRoutes = (app: FastifyInstance, deps: DisposalDeps): void => {
  const { dispose } = disposalOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/disposals',
    operationId: 'disposeMaterial',
    tag,
    summary: {
      en: 'Dispose of material with its manifest, release it uncertified, or say it is reused',
      zh: '处置（凭联单）、无声明放行或再使用',
    },
    access: PROCESSORS,
    body: DisposalRequest,
    response: DisposalAnswer,
    status: 201,
    errors: {
      409: 'The grams are gone, elsewhere, or on hold',
      422: 'Unknown site or lot, or a disposal without its paper',
    },
    example: {
      siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      lots: [{ lotId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a004' }],
      manifest: '3310022026000126',
      wasteCode: '900-003-S17',
      receiver: { name: '台州某固废处置厂', licence: '浙危废经第 126 号' },
      disposedAt: '2026-11-20T09:30:00+08:00',
      measuredGrams: 1_940,
    },
    handler: ({ body, ...from }) => write(deps, dispose, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/disposals/:id',
    operationId: 'getDisposal',
    tag,
    summary: { en: 'Read one disposal', zh: '查询处置记录' },
    access: ROLES,
    params: DisposalParams,
    response: DisposalView,
    handler: async ({ params, caller }) => {
      const row = await findAtSite<Disposal>(deps.db, TABLE, caller, params.id);
      if (row === undefined) throw notFound('disposal');
      return row;
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/disposals',
    operationId: 'listDisposals',
    tag,
    summary: { en: 'List disposals', zh: '列出处置记录' },
    access: ROLES,
    query: PageQuery.extend({ siteId: Id.optional() }),
    response: pageOf(DisposalView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listAtSites<Disposal>(deps.db, TABLE, caller, query, after, limit);
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
