import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { dayIn } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import type { Role } from '../ledger/fact.ts';
import { isOverdue, listFindings } from './audits.queries.ts';
import type { AuditDeps } from './audits.routes.ts';
import {
  AnswerRequest,
  FindingChanged,
  FindingRequest,
  FindingView,
  JudgementRequest,
} from './audits.schema.ts';
import { FINDING_STATES, type Finding } from './audits.tables.ts';
import { answerFinding, judgeFinding, recordFinding } from './findings.operations.ts';

const tag = 'audits';
const Params = z.object({ id: Id });

const toView = (
  {
    lastSeq: _,
    auditorId: __,
    organisationIds: ___,
    closedSeq: ____,
    answer,
    judgement,
    ...finding
  }: Finding,
  today: string,
): z.input<typeof FindingView> => ({
  ...finding,
  overdue: isOverdue(finding, today),
  answer: answer && (({ holder: _, ...said }) => said)(answer),
  judgement: judgement && (({ holder: _, ...said }) => said)(judgement),
});

export const findingRoutes = (app: FastifyInstance, deps: AuditDeps): void => {
  const { timeZone } = deps.programme;
  const write201 = { method: 'POST', tag, params: Params, response: FindingChanged, status: 201 } as const;
  route(app, {
    ...write201,
    url: '/v1/audits/:id/findings',
    operationId: 'recordAuditFinding',
    summary: { en: 'Record what an audit found', zh: '登记审计发现' },
    access: recordFinding.roles as Role[],
    body: FindingRequest,
    errors: { 409: 'The audit is closed', 422: 'Not a site of the audit, or a day that is over' },
    example: { severity: 'major', dueOn: '2099-12-15', text: '10 月 3 日两次称重没有照片' },
    handler: ({ params, body, ...from }) =>
      write(deps, recordFinding, { ...body, auditId: params.id, timeZone }, from, params.id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/audit-findings',
    operationId: 'listAuditFindings',
    tag,
    summary: { en: 'Findings, and those that are overdue', zh: '审计发现列表（含逾期）' },
    access: ['operator', 'auditor', 'regulator', 'station', 'warehouse', 'recycler', 'carrier', 'brand'],
    query: PageQuery.extend({
      auditId: Id.optional(),
      state: z.enum([...FINDING_STATES, 'overdue']).optional(),
    }),
    response: pageOf(FindingView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const today = dayIn(timeZone, deps.clock());
      const rows = await listFindings(deps.db, caller, query, today, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => toView(row, today),
        http,
      );
    },
  });
  route(app, {
    ...write201,
    url: '/v1/audit-findings/:id/answers',
    operationId: 'answerAuditFinding',
    summary: { en: 'Answer a finding, as the audited', zh: '答复审计发现' },
    access: answerFinding.roles as Role[],
    body: AnswerRequest,
    errors: { 409: 'Closed already' },
    example: { text: '已补拍并培训', evidence: ['ab'.repeat(32)] },
    handler: ({ params, body, ...from }) =>
      write(deps, answerFinding, { ...body, findingId: params.id }, from, params.id),
  });
  route(app, {
    ...write201,
    url: '/v1/audit-findings/:id/judgements',
    operationId: 'judgeAuditFinding',
    summary: { en: 'Close a finding, as the auditor, or open it again', zh: '复核审计发现' },
    access: judgeFinding.roles as Role[],
    body: JudgementRequest,
    errors: { 403: 'You answered it', 409: 'Closed already, or not answered yet' },
    example: { outcome: 'closed' },
    handler: ({ params, body, ...from }) =>
      write(deps, judgeFinding, { ...body, findingId: params.id, timeZone }, from, params.id),
  });
};
