import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { inSnapshot, type Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { confirmedInside } from '../http/prepared.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { Caller } from '../ledger/fact.ts';
import { unavailable } from '../ledger/record.ts';
import { mayReach } from '../registry/access.ts';
import { findBatch, salesOf, seesTrade } from '../resale/resale.queries.ts';
import { judgeLots } from './eligibility.queries.ts';
import { APPROVERS, ASKERS, type Prepared, statementOperations } from './statements.operations.ts';
import {
  findSale,
  findScheme,
  findStatement,
  judgeSale,
  listStatements,
  lotsOf,
  rulesOf,
} from './statements.queries.ts';
import {
  ApprovalRequest,
  EligibilityQuery,
  EligibilityView,
  ReasonRequest,
  StatementAnswer,
  StatementRequest,
  StatementView,
} from './statements.schema.ts';
import { STATEMENT_STATES, type Statement } from './statements.tables.ts';

const tag = 'statements';
const IdParams = z.object({ id: Id });

export type StatementDeps = WriteDeps & {
  db: Reader;
  clock: Clock;
  programme: { operatorId: string };
  follower: { catchUp(): Promise<void> };
};

const behind = (): never => {
  throw unavailable(
    'not_ready',
    'What is known of these grams is being brought up to date; ask again in a second.',
  );
};

const toView = (statement: Statement): z.input<typeof StatementView> => {
  const {
    sellerId: _s,
    organisationIds: _o,
    schemeSeq: _q,
    lastSeq,
    issuedAt,
    validUntil,
    approvals,
    ...said
  } = statement;
  return {
    ...said,
    issuedAt: issuedAt === null ? null : instant(issuedAt),
    validUntil: validUntil === null ? null : instant(validUntil),
    approvals: approvals.length,
    seq: lastSeq,
  };
};

export const statementRoutes = (app: FastifyInstance, deps: StatementDeps): void => {
  const { db, follower } = deps;
  const operations = statementOperations(deps.programme);

  /** Read behind the ledger; the door confirms that sale and scheme are as they were. */
  const prepare = async (caller: Caller, body: StatementRequest): Promise<Prepared> => {
    const { batchId, saleId, holderOrganisationId } = body;
    const batch = await findBatch(db, caller, batchId, deps.clock());
    const scheme = await findScheme(db, body.scheme);
    if (batch === undefined || scheme === undefined) return null;
    const owns = mayReach(caller, batch.organisationId, batch.siteId);
    const buyerId = owns ? holderOrganisationId : caller.organisationId;
    await follower.catchUp();
    return inSnapshot(db, async (now) => {
      const sale = await findSale(now, { batchId, saleId, buyerId });
      if (sale === undefined) return null;
      return (await judgeSale(now, scheme, sale)) ?? behind();
    });
  };

  /** What the scheme accepts by now of what a statement speaks of; null where there is no such statement or sale. */
  const eligibleFor = async (caller: Caller, id: string): Promise<number | null> => {
    const statement = await findStatement(db, caller, id);
    if (statement === undefined) return null;
    const { batchId, saleId } = statement;
    const rules = await rulesOf(db, statement);
    await follower.catchUp();
    return inSnapshot(db, async (now) => {
      const sale = await findSale(now, { batchId, saleId });
      if (sale === undefined) return 0;
      return ((await judgeSale(now, rules, sale)) ?? behind()).eligibleGrams;
    });
  };

  route(app, {
    method: 'GET',
    url: '/v1/batches/:id/eligibility',
    operationId: 'getEligibility',
    tag,
    summary: {
      en: 'What a scheme accepts of a sale, and why not of the rest, gram by gram',
      zh: '方案认可的克数及不认可原因',
    },
    access: ROLES,
    params: IdParams,
    query: EligibilityQuery,
    response: EligibilityView,
    handler: async ({ params, query, caller }) => {
      const batch = await findBatch(db, caller, params.id, deps.clock());
      const scheme = await findScheme(db, query.scheme);
      if (batch === undefined || scheme === undefined)
        throw notFound(batch === undefined ? 'batch' : 'scheme');
      await follower.catchUp();
      const judged = await inSnapshot(db, async (now) => {
        const sales = await salesOf(now, caller, batch);
        const meant = sales.filter(({ id, state }) => state === 'sold' && id === (query.saleId ?? id));
        if (query.saleId !== undefined && meant.length === 0) throw notFound('sale');
        const lotIds = query.saleId === undefined && seesTrade(caller, batch) ? [batch.lotId] : [];
        for (const sale of meant) lotIds.push(...(await lotsOf(now, sale)));
        return (await judgeLots(now, scheme, lotIds)) ?? behind();
      });
      const { organisationIds: _, ...said } = judged;
      return { scheme: scheme.code, schemeVersion: scheme.version, ...said };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/statements',
    operationId: 'requestStatement',
    tag,
    summary: { en: 'Ask for a statement of sold grams under a scheme', zh: '申请声明' },
    access: ASKERS,
    body: StatementRequest,
    response: StatementAnswer,
    status: 201,
    errors: {
      409: 'More grams than may still be stated; the answer names those that are left',
      422: 'Unknown batch, sale or scheme',
    },
    example: {
      batchId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001',
      scheme: 'traceability-statement',
      grams: 7_200_000,
    },
    handler: ({ body, ...from }) =>
      confirmedInside(async () =>
        write(deps, operations.request, { ...body, prepared: await prepare(from.caller, body) }, from),
      ),
  });
  route(app, {
    method: 'GET',
    url: '/v1/statements',
    operationId: 'listStatements',
    tag,
    summary: { en: 'Statements', zh: '声明列表' },
    access: ROLES,
    query: PageQuery.extend({ state: z.enum(STATEMENT_STATES).optional(), batchId: Id.optional() }),
    response: pageOf(StatementView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listStatements(db, caller, query, after, limit);
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/statements/:id',
    operationId: 'getStatement',
    tag,
    summary: { en: 'A statement', zh: '声明' },
    access: ROLES,
    params: IdParams,
    response: StatementView,
    handler: async ({ params, caller }) => {
      const found = await findStatement(db, caller, params.id);
      if (found === undefined) throw notFound('statement');
      return toView(found);
    },
  });

  const WRONG_STATE = { 409: 'In another state, which the answer names' };
  route(app, {
    method: 'POST',
    url: '/v1/statements/:id/approve',
    operationId: 'approveStatement',
    tag,
    summary: {
      en: 'Approve a statement; the second person’s approval issues it',
      zh: '批准声明，第二人批准后出具',
    },
    access: APPROVERS,
    params: IdParams,
    body: ApprovalRequest,
    response: StatementAnswer,
    status: 201,
    errors: WRONG_STATE,
    example: { note: '抽样核对无误' },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.approve, { statementId: params.id, request: body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/statements/:id/reinstate',
    operationId: 'reinstateStatement',
    tag,
    summary: { en: 'Reinstate a suspended statement, by two people', zh: '恢复已暂停的声明（两人）' },
    access: APPROVERS,
    params: IdParams,
    body: ApprovalRequest,
    response: StatementAnswer,
    status: 201,
    errors: { 409: 'Not suspended, or the scheme accepts fewer grams than are stated' },
    example: { note: '标记已解除' },
    handler: ({ params, body, ...from }) =>
      confirmedInside(async () => {
        const eligibleGrams = await eligibleFor(from.caller, params.id);
        const input = { statementId: params.id, request: body, eligibleGrams };
        return write(deps, operations.reinstate, input, from, params.id);
      }),
  });
  const withReason = (
    name: 'refuse' | 'suspend' | 'revoke' | 'withdraw',
    summary: { en: string; zh: string },
  ): void =>
    route(app, {
      method: 'POST',
      url: `/v1/statements/:id/${name}`,
      operationId: `${name}Statement`,
      tag,
      summary,
      access: operations[name].roles as typeof APPROVERS,
      params: IdParams,
      body: ReasonRequest,
      response: StatementAnswer,
      status: 201,
      errors: WRONG_STATE,
      example: { reason: '来源证据待核实' },
      handler: ({ params, body, ...from }) =>
        write(deps, operations[name], { ...body, statementId: params.id }, from, params.id),
    });
  withReason('refuse', { en: 'Refuse a statement', zh: '拒绝声明' });
  withReason('suspend', { en: 'Suspend a statement', zh: '暂停声明' });
  withReason('revoke', { en: 'Revoke a statement for good', zh: '撤销声明' });
  withReason('withdraw', { en: 'Withdraw one’s own statement', zh: '撤回自己的声明' });
};
