import type { FastifyInstance } from 'fastify';
import type { Reader } from '../db/reader.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { voidRoute } from '../http/voiding.ts';
import { readingAtSites } from '../registry/at-sites.routes.ts';
import { disposalOperations } from './disposals.operations.ts';
import { DisposalAnswer, DisposalRequest, DisposalView } from './disposals.schema.ts';
import type { Disposal } from './disposals.tables.ts';
import { PROCESSORS } from './processing.operations.ts';

const tag = 'processing';
const TABLE = 'disposals';

export type DisposalDeps = WriteDeps & { db: Reader; programme: { timeZone: string; operatorId: string } };

export const disposalRoutes = (app: FastifyInstance, deps: DisposalDeps): void => {
  const { dispose, voidDisposal } = disposalOperations(deps.programme);
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
  voidRoute(app, deps, {
    url: '/v1/disposals/:id/void',
    operationId: 'voidDisposal',
    tag,
    summary: { en: 'Void a disposal entered by mistake', zh: '作废处置记录' },
    access: PROCESSORS,
    operation: voidDisposal,
    conflict: 'What it took grams from has moved since or is on hold, or it was voided already',
  });
  readingAtSites<Disposal, typeof DisposalView>(app, deps.db, TABLE, {
    url: '/v1/disposals',
    tag,
    one: {
      operationId: 'getDisposal',
      summary: { en: 'Read one disposal', zh: '查询处置记录' },
      noun: 'disposal',
    },
    all: { operationId: 'listDisposals', summary: { en: 'List disposals', zh: '列出处置记录' } },
    view: DisposalView,
    toView: (row) => row,
  });
};
