import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { unavailable } from '../ledger/record.ts';
import { readHead } from '../ledger/store.ts';
import { route } from './route.ts';

const Ready = z.object({
  status: z.literal('ok'),
  size: z.int(),
  follower: z.int(),
  appendOnly: z.enum(['privileges-and-triggers', 'triggers-only']),
  readOnly: z.string().nullable().meta({ description: 'Why nothing is written; null while it is.' }),
});

export type HealthDeps = {
  pool: pg.Pool;
  follower: () => number;
  appendOnly: 'privileges-and-triggers' | 'triggers-only';
  /** Why nothing is written; null while it is. */
  readOnly: () => string | null;
  metrics: () => Promise<string>;
};

export const healthRoutes = (app: FastifyInstance, deps: HealthDeps): void => {
  route(app, {
    method: 'GET',
    url: '/health/live',
    operationId: 'live',
    tag: 'health',
    summary: { en: 'The process runs', zh: '进程存活' },
    access: 'public',
    response: z.object({ status: z.literal('ok') }),
    handler: async () => ({ status: 'ok' as const }),
  });
  route(app, {
    method: 'GET',
    url: '/health/ready',
    operationId: 'ready',
    tag: 'health',
    summary: { en: 'The database can be reached and written', zh: '数据库可用' },
    access: 'public',
    response: Ready,
    handler: async () => {
      try {
        const head = await readHead(deps.pool);
        return {
          status: 'ok' as const,
          size: head.size,
          follower: deps.follower(),
          appendOnly: deps.appendOnly,
          readOnly: deps.readOnly(),
        };
      } catch {
        throw unavailable('database_unavailable', 'The database cannot be reached.');
      }
    },
  });
  route(app, {
    method: 'GET',
    url: '/metrics',
    operationId: 'metrics',
    tag: 'health',
    summary: { en: 'Figures for Prometheus', zh: '监控指标' },
    access: 'public',
    produces: 'text/plain',
    response: z.string(),
    handler: async ({ reply }) => {
      void reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      return deps.metrics();
    },
  });
};
