import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import type { Role } from '../ledger/fact.ts';
import { FactorSetRequest, FactorSetView, listFactorSets, publishFactors } from './emission-factors.ts';

const tag = 'figures';

export const emissionFactorRoutes = (app: FastifyInstance, deps: WriteDeps & { db: Reader }): void => {
  route(app, {
    method: 'POST',
    url: '/v1/emission-factors',
    operationId: 'publishEmissionFactors',
    tag,
    summary: { en: 'Publish a version of the factors of emission', zh: '发布排放因子集' },
    access: publishFactors.roles as Role[],
    body: FactorSetRequest,
    response: z.object({ version: z.int(), receipt: Receipt }).meta({ id: 'EmissionFactorsPublished' }),
    status: 201,
    errors: {
      409: 'The id was used for something else',
      422: 'A material twice, or factors without a source',
    },
    example: {
      scope: 'Jiaojiang, 2026; resin recycled at the programme’s sites',
      moistureBasisPoints: 100,
      substitutionBasisPoints: 9_000,
      collectionTransportGrams: 250,
    },
    handler: ({ body, ...from }) => write(deps, publishFactors, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/emission-factors',
    operationId: 'listEmissionFactors',
    tag,
    summary: { en: 'Every version of the factors of emission', zh: '全部排放因子集' },
    access: 'public',
    query: PageQuery,
    response: pageOf(FactorSetView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listFactorSets(deps.db, after, limit);
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
