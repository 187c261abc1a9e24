import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from './access.ts';
import { KEEPERS, type PeopleOperations, peopleOperations, reachesCollector } from './people.operations.ts';
import { openParticulars } from './people.particulars.ts';
import { findCollector, listCollectors, type SealedCollector } from './people.queries.ts';
import * as schema from './people.schema.ts';
import { IdParams } from './registry.schema.ts';

export type PeopleDeps = WriteDeps & { db: Reader; programme: { timeZone: string; operatorId: string } };

const written = {
  id: Id.nullable().meta({ description: 'Null when the person was erased since.' }),
  receipt: Receipt,
};
const Written = z.object(written);
const tag = 'people';
const EXAMPLE_ID = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001';
/** Who may know that somebody is registered. Names are for the operator and the own station. */
const READERS = ['operator', 'station', 'auditor', 'regulator'] as const;

export const peopleRoutes = (app: FastifyInstance, deps: PeopleDeps): void => {
  const operations = peopleOperations(deps.keyring, deps.programme);
  readingRoutes(app, deps);
  keepingRoutes(app, deps, operations);
  erasureRoute(app, deps, operations);
};

const seesCollector = (caller: Caller, row: SealedCollector): boolean =>
  reachesCollector(caller, row) || maySee(caller, '', null);

const toCollector = (
  deps: PeopleDeps,
  caller: Caller,
  row: SealedCollector,
): z.input<typeof schema.Collector> => {
  const { id, organisationId, siteId, consentVersion, state, retainUntil = null, seq } = row;
  const open = (state === 'active' || state === 'closed') && reachesCollector(caller, row);
  const particulars = open ? openParticulars(deps.keyring, row) : null;
  const [name, phone] = [particulars?.name ?? null, particulars?.phone ?? null];
  return { id, organisationId, siteId, name, phone, consentVersion, state, retainUntil, seq };
};

const readingRoutes = (app: FastifyInstance, deps: PeopleDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/collectors',
    operationId: 'listCollectors',
    tag,
    summary: { en: 'List registered collectors', zh: '列出已登记的收集员' },
    access: READERS,
    query: PageQuery,
    response: pageOf(schema.Collector),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listCollectors(deps.db, caller, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => toCollector(deps, caller, row),
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collectors/:id',
    operationId: 'getCollector',
    tag,
    summary: { en: 'Read one collector', zh: '读取收集员' },
    access: READERS,
    params: IdParams,
    response: schema.Collector,
    handler: async ({ params, caller }) => {
      const row = await findCollector(deps.db, params.id);
      if (row === undefined || !seesCollector(caller, row)) throw notFound('collector');
      return toCollector(deps, caller, row);
    },
  });
};

const keepingRoutes = (app: FastifyInstance, deps: PeopleDeps, operations: PeopleOperations): void => {
  route(app, {
    method: 'POST',
    url: '/v1/collectors',
    operationId: 'registerCollector',
    tag,
    summary: { en: 'Register a collector', zh: '登记收集员' },
    access: KEEPERS,
    body: schema.CollectorRequest,
    response: Written,
    status: 201,
    errors: {
      409: 'The id was used for something else, or the same person is registered already',
      422: 'Unknown site',
    },
    example: {
      siteId: EXAMPLE_ID,
      name: '林阿海',
      phone: '+8613800000000',
      consent: { version: '2026-1', at: '2026-11-24T06:30:00+08:00' },
    },
    handler: ({ body, ...from }) => write(deps, operations.register, body, from),
  });
  route(app, {
    method: 'PATCH',
    url: '/v1/collectors/:id',
    operationId: 'changeCollector',
    tag,
    summary: { en: 'Change what is kept of a collector', zh: '变更收集员信息' },
    access: KEEPERS,
    params: IdParams,
    body: schema.CollectorChange,
    response: Written,
    errors: {
      409: 'Closed, restricted or erased, or the identity number is somebody else’s',
      422: 'Unknown site',
    },
    example: {
      phone: '+8613900000000',
      account: { kind: 'bank-card', number: '6222000000000000', holder: '林阿海' },
    },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.change, { collectorId: params.id, ...body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/close',
    operationId: 'closeCollector',
    tag,
    summary: { en: 'Close a collector', zh: '停用收集员' },
    access: KEEPERS,
    params: IdParams,
    response: Written,
    errors: { 409: 'Closed already, restricted or erased' },
    handler: ({ params, ...from }) =>
      write(deps, operations.close, { collectorId: params.id }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/consent',
    operationId: 'changeCollectorConsent',
    tag,
    summary: { en: 'Record a new consent, or its withdrawal', zh: '登记同意或撤回同意' },
    access: KEEPERS,
    params: IdParams,
    body: schema.ConsentRequest,
    response: Written,
    errors: { 409: 'Restricted or erased' },
    example: { version: '2026-2', at: '2026-11-24T06:30:00+08:00' },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.consent, { collectorId: params.id, ...body }, from, params.id),
  });
};

const erasureRoute = (app: FastifyInstance, deps: PeopleDeps, operations: PeopleOperations): void => {
  route(app, {
    method: 'DELETE',
    url: '/v1/collectors/:id/personal-data',
    operationId: 'deletePersonalData',
    tag,
    summary: {
      en: 'Restrict the personal data of a collector, and erase it once no duty is left',
      zh: '限制并删除收集员个人信息',
    },
    access: KEEPERS,
    params: IdParams,
    query: schema.ErasureQuery,
    response: z.object({ ...written, state: z.enum(['restricted', 'erased']) }),
    errors: {
      409: 'Not restricted yet, or a duty to keep the data is still open',
      422: 'The end date has passed',
    },
    handler: ({ params, query: { stage = 'restrict', retainUntil, reason }, ...from }) => {
      const collectorId = params.id;
      if (stage === 'erase') return write(deps, operations.erase, { collectorId }, from, collectorId);
      const subject = [collectorId, retainUntil, reason].join(' ');
      return write(deps, operations.restrict, { collectorId, retainUntil, reason }, from, subject);
    },
  });
};
