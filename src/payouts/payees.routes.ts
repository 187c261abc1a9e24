import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import type { Queryable } from '../ledger/store.ts';
import { maySee } from '../registry/access.ts';
import { KEEPERS } from '../registry/people.operations.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import { findById } from '../registry/registry.queries.ts';
import { payeeOperations } from './payees.operations.ts';
import { NettingConsentRequest, PayeeRequest, PayeeView } from './payees.schema.ts';
import { payeeAt } from './payouts.queries.ts';
import type { Payee } from './payouts.tables.ts';

const tag = 'payouts';
const Params = z.object({ id: Id });
const Written = z.object({ collectorId: Id.nullable(), receipt: Receipt });

export type PayeeDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  programme: { timeZone: string; operatorId: string };
};

export const payeeRoutes = (app: FastifyInstance, deps: PayeeDeps): void => {
  const operations = payeeOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/payee',
    operationId: 'setPayee',
    tag,
    summary: { en: 'Say where a collector is paid', zh: '登记收款方式' },
    access: KEEPERS,
    params: Params,
    body: PayeeRequest,
    response: Written,
    status: 201,
    errors: { 409: 'Erased, or not registered yet', 422: 'Something this rail needs is missing' },
    example: { rail: 'wechat', account: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', name: '林阿海' },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.setPayee, { ...body, collectorId: params.id }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/netting-consent',
    operationId: 'consentToNetting',
    tag,
    summary: {
      en: 'Record whether a collector agrees that overpayments are taken off payouts, a fifth at most',
      zh: '登记抵扣多付款项的同意，至多两成',
    },
    access: KEEPERS,
    params: Params,
    body: NettingConsentRequest,
    response: Written,
    status: 201,
    errors: { 409: 'Restricted, erased, or not registered yet' },
    example: { given: true, at: '2026-11-24T06:30:00+08:00' },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.consentToNetting, { ...body, collectorId: params.id }, from, params.id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/collectors/:id/payee',
    operationId: 'getPayee',
    tag,
    summary: { en: 'Where a collector is paid', zh: '查看收款方式' },
    access: ['operator', 'station', 'payer', 'auditor'],
    params: Params,
    response: PayeeView,
    handler: async ({ params: { id }, caller }) => {
      const collector = await findById(deps.db, 'collectors', id);
      const mine =
        collector !== undefined &&
        (caller.role === 'payer' || maySee(caller, collector.organisationId ?? '', collector.siteId));
      if (!mine || (await hiddenPeople(deps.db, caller, [id])).has(id)) throw notFound('collector');
      const payee = await deps.db
        .withTables<{ payees: Payee }>()
        .selectFrom('payees')
        .selectAll()
        .where('personId', '=', id)
        .executeTakeFirst();
      const part = payee?.seq == null ? undefined : await payeeAt(deps.pool, deps.keyring, payee.seq);
      return {
        collectorId: id,
        rail: payee?.rail ?? null,
        account: part?.account?.slice(-4) ?? null,
        changedAt: payee?.changedAt == null ? null : instant(payee.changedAt),
        netting: payee?.netting ?? false,
      };
    },
  });
};
