import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { maySee } from '../registry/access.ts';
import { KEEPERS } from '../registry/people.operations.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import { findById } from '../registry/registry.queries.ts';
import type { HeirPart } from './heirs.facts.ts';
import { heirOperations } from './heirs.operations.ts';
import { HeirAnswer, HeirDecision, HeirRequest, HeirView } from './heirs.schema.ts';
import { PAYERS } from './orders.operations.ts';
import type { PayeeDeps } from './payees.routes.ts';
import { payeeAt } from './payouts.queries.ts';
import type { Heir, Payee } from './payouts.tables.ts';

const tag = 'payouts';
const Params = z.object({ id: Id });

export const heirRoutes = (app: FastifyInstance, deps: PayeeDeps): void => {
  const operations = heirOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/heir',
    operationId: 'proposeHeir',
    tag,
    summary: { en: 'Propose whom to pay in the place of a collector who died', zh: '提名继承收款人' },
    access: KEEPERS,
    params: Params,
    body: HeirRequest,
    response: HeirAnswer,
    status: 201,
    errors: { 409: 'Erased, or not registered yet', 422: 'Something this rail needs is missing' },
    example: {
      ...{ rail: 'bank', account: '6222021207000000001', name: '林小海', relation: '儿子' },
      evidenceHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.propose, { ...body, collectorId: params.id }, from, params.id),
  });
  for (const [deed, summary, approve] of [
    ['approve', { en: 'Approve an heir that another person proposed', zh: '批准继承收款人' }, true],
    ['reject', { en: 'Reject a proposed heir', zh: '驳回继承收款人' }, false],
  ] as const)
    route(app, {
      method: 'POST',
      url: `/v1/collectors/:id/heir/${deed}`,
      operationId: `${deed}Heir`,
      tag,
      summary,
      access: PAYERS,
      params: Params,
      body: HeirDecision,
      response: HeirAnswer,
      status: 201,
      errors: { 409: 'Nobody is proposed, it was decided, or another was proposed meanwhile' },
      example: { proposalSeq: 4_711 },
      handler: ({ params, body: { proposalSeq }, ...from }) =>
        write(deps, operations.decide, { collectorId: params.id, proposalSeq, approve }, from, params.id),
    });
  route(app, {
    method: 'GET',
    url: '/v1/collectors/:id/heir',
    operationId: 'getHeir',
    tag,
    summary: { en: 'Read the last proposed heir of a collector', zh: '查看继承收款人' },
    access: ['operator', 'station', 'payer'],
    params: Params,
    response: HeirView,
    handler: async ({ params: { id }, caller }) => {
      const collector = await findById(deps.db, 'collectors', id);
      const mine =
        collector !== undefined &&
        (caller.role === 'payer' || maySee(caller, collector.organisationId ?? '', collector.siteId));
      if (!mine || (await hiddenPeople(deps.db, caller, [id])).has(id)) throw notFound('collector');
      const tables = deps.db.withTables<{ payoutHeirs: Heir; payees: Payee }>();
      const heir = await tables
        .selectFrom('payoutHeirs')
        .selectAll()
        .where('personId', '=', id)
        .executeTakeFirst();
      if (heir === undefined) throw notFound('heir');
      const payee = await tables
        .selectFrom('payees')
        .selectAll()
        .where('personId', '=', id)
        .executeTakeFirst();
      const { account, name, relation, evidenceHash } = (await payeeAt(
        deps.pool,
        deps.keyring,
        heir.seq,
      )) as HeirPart;
      return {
        ...{ collectorId: id, state: heir.state, proposalSeq: heir.seq, rail: heir.rail },
        ...{ account: account?.slice(-4) ?? null, name, relation, evidenceHash },
        paid: heir.state === 'approved' && payee?.seq === heir.seq,
      };
    },
  });
};
