import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import type { Role } from '../ledger/fact.ts';
import { unavailable } from '../ledger/record.ts';
import type { Queryable } from '../ledger/store.ts';
import type { Tree } from '../ledger/tree.ts';
import { closeAudit, openAudit } from './audits.operations.ts';
import { findAudit, listAudits, listReads } from './audits.queries.ts';
import { AuditAnswer, AuditRequest, AuditView, CloseRequest, ReadView, SampleView } from './audits.schema.ts';
import type { Audit } from './audits.tables.ts';
import { sampleOf } from './sample.ts';

export type AuditDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  tree: Tree;
  clock: Clock;
  programme: { timeZone: string };
  follower: { position: number; catchUp(): Promise<void>; reaches(seq: number): Promise<boolean> };
};

const tag = 'audits';
export const AUDIT_READERS = ['operator', 'auditor', 'regulator'] as const;
const Params = z.object({ id: Id });

const toView = ({ lastSeq: _, organisationIds: __, closedSeq: ___, ...audit }: Audit) => ({
  ...audit,
  opensAt: instant(audit.opensAt),
  closesAt: instant(audit.closesAt),
});

export const auditRoutes = (app: FastifyInstance, deps: AuditDeps): void => {
  route(app, {
    method: 'POST',
    url: '/v1/audits',
    operationId: 'openAudit',
    tag,
    summary: { en: 'Let an auditor look, for a time, at sites and a period', zh: '审计立项（限时、限范围）' },
    access: openAudit.roles as Role[],
    body: AuditRequest,
    response: AuditAnswer,
    status: 201,
    errors: {
      409: 'The id was used for something else',
      422: 'Unknown auditor or site, an auditor who audits itself, or too long',
    },
    example: {
      auditorId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001',
      body: 'A certification body',
      siteIds: ['0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002'],
      firstDay: '2026-10-01',
      lastDay: '2026-10-31',
      opensAt: '2026-11-24T00:00:00+08:00',
      closesAt: '2026-12-08T00:00:00+08:00',
      sampleSize: 60,
    },
    handler: ({ body, ...from }) => write(deps, openAudit, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/audits',
    operationId: 'listAudits',
    tag,
    summary: { en: 'Audits', zh: '审计列表' },
    access: AUDIT_READERS,
    query: PageQuery,
    response: pageOf(AuditView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listAudits(deps.db, caller, after, limit);
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/audits/:id',
    operationId: 'getAudit',
    tag,
    summary: { en: 'An audit: its scope, its time, its state', zh: '审计' },
    access: AUDIT_READERS,
    params: Params,
    response: AuditView,
    handler: async ({ params, caller }) => toView(await findAudit(deps.db, caller, params.id)),
  });
  route(app, {
    method: 'POST',
    url: '/v1/audits/:id/close',
    operationId: 'closeAudit',
    tag,
    summary: { en: 'End what the auditor may open', zh: '结束审计' },
    access: closeAudit.roles as Role[],
    params: Params,
    body: CloseRequest,
    response: AuditAnswer,
    errors: { 409: 'Closed already' },
    handler: ({ params, body, ...from }) =>
      write(deps, closeAudit, { ...body, auditId: params.id }, from, params.id),
  });
  sampleRoute(app, deps);
};

const sampleRoute = (app: FastifyInstance, deps: AuditDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/audits/:id/sample',
    operationId: 'getAuditSample',
    tag,
    summary: {
      en: 'The weigh-ins drawn by the ledger itself, and all that recomputes the draw',
      zh: '审计抽样（由账本根哈希决定，可重算）',
    },
    access: AUDIT_READERS,
    params: Params,
    response: SampleView,
    handler: async ({ params, caller }) => {
      const audit = await findAudit(deps.db, caller, params.id);
      if (!(await deps.follower.reaches(audit.seq)))
        throw unavailable('not_ready', 'That entry is still being read; ask again in a second.');
      const { siteIds, firstDay, lastDay, sampleSize } = audit;
      return {
        algorithm: 'blue-cycle/audit-sample/1' as const,
        ...{ siteIds, firstDay, lastDay, sampleSize },
        ...(await sampleOf(deps.pool, deps.tree, audit)),
      };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/audits/:id/reads',
    operationId: 'listAuditReads',
    tag,
    summary: { en: 'What the auditor opened, and when', zh: '审计查阅记录' },
    access: AUDIT_READERS,
    params: Params,
    query: PageQuery,
    response: pageOf(ReadView),
    handler: async ({ params, query, caller, ...http }) => {
      const audit = await findAudit(deps.db, caller, params.id);
      const { after, limit } = readCursor(query);
      const rows = await listReads(deps.db, audit.id, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        ({ auditId: _, at, ...read }) => ({ ...read, at: instant(at) }),
        http,
      );
    },
  });
};
