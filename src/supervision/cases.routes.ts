import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import type { Clock } from '../kernel/time.ts';
import { CASE_KINDS, ROLES } from '../kernel/vocabulary.ts';
import { DECIDERS, decideCase } from './cases.operations.ts';
import { caseView, listCases } from './cases.queries.ts';
import { CaseParams, CaseView, DecisionAnswer, DecisionRequest } from './cases.schema.ts';

const tag = 'supervision';

export type CaseDeps = WriteDeps & { db: Reader; clock: Clock; programme: { timeZone: string } };

export const supervisionRoutes = (app: FastifyInstance, deps: CaseDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/cases',
    operationId: 'listCases',
    tag,
    summary: { en: 'List cases: where the numbers do not add up', zh: '列出案件：哪里对不上' },
    access: ROLES,
    query: PageQuery.extend({
      state: z.enum(['open', 'proposed', 'decided', 'withdrawn']).optional(),
      kind: z.enum(CASE_KINDS).optional(),
      overdue: z.enum(['true', 'false']).optional(),
    }),
    response: pageOf(CaseView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const now = deps.clock();
      const rows = await listCases(deps.db, caller, { ...query, now }, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => caseView(row, now),
        http,
      );
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/cases/:id/decision',
    operationId: 'decideCase',
    tag,
    summary: {
      en: 'Propose a decision, or as a second person take it',
      zh: '提出处理意见，或作为第二人裁定',
    },
    access: DECIDERS,
    params: CaseParams,
    body: DecisionRequest,
    response: DecisionAnswer,
    status: 201,
    errors: {
      409: 'Decided already',
      422: 'The outcome of another kind of case, or a dispute without a reason',
    },
    example: { outcome: 'released', note: '两次称重之间下过雨' },
    handler: ({ params, body, ...from }) =>
      write(
        deps,
        decideCase,
        { caseId: params.id, timeZone: deps.programme.timeZone, ...body },
        from,
        params.id,
      ),
  });
};
