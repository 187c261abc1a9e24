import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { type Bundles, BundleView } from '../http/bundle.routes.ts';
import { route } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { findSeal } from './resale.queries.ts';

/**
 * The bundle of a batch: its seal, and the facts the seal points back to (the last that changed each input, each container and
 * the site). Sales, costs and reservations are not in it. What the seal says is public, so the bundle is too.
 */
export const batchBundleRoutes = (app: FastifyInstance, deps: { db: Reader; bundles: Bundles }): void => {
  route(app, {
    method: 'GET',
    url: '/v1/batches/:id/bundle',
    operationId: 'getBatchBundle',
    tag: 'resale',
    summary: {
      en: 'Take a batch home with all that proves its seal and the facts it is made from; by id or code',
      zh: '下载批次的收据包（可离线验证）',
    },
    access: 'public',
    mayIdentify: true,
    params: z.object({
      id: z.union([Id, z.string().regex(/^[0-9A-HJKMNP-TV-Z]{16}$/)]).meta({ description: 'Id or code.' }),
    }),
    response: BundleView,
    handler: async ({ params, caller, reply }) => {
      const seq = await findSeal(deps.db, params.id);
      if (seq === undefined) throw notFound('batch');
      return deps.bundles({ kind: 'batch', seq }, caller, reply);
    },
  });
};
