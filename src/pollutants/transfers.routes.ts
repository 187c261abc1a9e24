import type { FastifyInstance } from 'fastify';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import { RECEIVERS } from './declarations.operations.ts';
import type { PollutantDeps } from './declarations.routes.ts';
import { IdParams } from './declarations.schema.ts';
import { transferOperations } from './transfers.operations.ts';
import * as schema from './transfers.schema.ts';
import type { Transfer } from './transfers.tables.ts';

const tag = 'pollutants';
const URL = '/v1/pollutant-transfers';

const rowsOf = (db: Reader) =>
  db.withTables<{ pollutantTransfers: Transfer }>().selectFrom('pollutantTransfers').selectAll();

const viewOf = ({ siteId, ...row }: Transfer) => ({ ...row, fromSiteId: siteId });

/** Those of either end that the caller may see. */
const listTransfers = (
  db: Reader,
  caller: Caller,
  siteId: string | undefined,
  after: number,
  limit: number,
) => {
  let query = rowsOf(db).where('seq', '>', after);
  if (siteId !== undefined)
    query = query.where((eb) => eb.or([eb('siteId', '=', siteId), eb('toSiteId', '=', siteId)]));
  if (!maySee(caller, '', null))
    query = query.where((eb) => {
      const { organisationId, siteIds } = caller;
      const from = [eb('organisationId', '=', organisationId)];
      const to = [eb('toOrganisationId', '=', organisationId)];
      if (siteIds !== null) {
        from.push(eb('siteId', 'in', [...siteIds]));
        to.push(eb('toSiteId', 'in', [...siteIds]));
      }
      return eb.or([eb.and(from), eb.and(to)]);
    });
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};

export const transferRoutes = (app: FastifyInstance, deps: PollutantDeps): void => {
  const { send, arrive } = transferOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: URL,
    operationId: 'sendPollutants',
    tag,
    summary: { en: 'Send pollutants to another site', zh: '污染物转移发出' },
    access: RECEIVERS,
    body: schema.TransferRequest,
    response: schema.TransferAnswer,
    status: 201,
    errors: { 409: 'Not so much is left; the answer says how much', 422: 'Unknown site' },
    example: {
      fromSiteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      toSiteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a005',
      items: [{ material: 'oily-water', grams: 12_000_000 }],
      manifest: '3310812026000126',
      vehicle: '浙J·12345',
      dispatchedAt: '2026-11-24T14:00:00+08:00',
    },
    handler: ({ body, ...from }) => write(deps, send, body, from),
  });
  route(app, {
    method: 'POST',
    url: `${URL}/:id/receipt`,
    operationId: 'receivePollutantTransfer',
    tag,
    summary: { en: 'Say what arrived, as measured', zh: '转移签收：以计量为准' },
    access: RECEIVERS,
    params: IdParams,
    body: schema.ArrivalRequest,
    response: schema.ArrivalAnswer,
    status: 201,
    errors: { 409: 'Arrived already', 422: 'Something that was not sent, or not measured' },
    example: {
      items: [{ material: 'oily-water', grams: 11_980_000 }],
      arrivedAt: '2026-11-24T16:10:00+08:00',
    },
    handler: ({ params, body, ...from }) =>
      write(deps, arrive, { ...body, transferId: params.id }, from, params.id),
  });
  route(app, {
    method: 'GET',
    url: `${URL}/:id`,
    operationId: 'getPollutantTransfer',
    tag,
    summary: { en: 'Read one transfer', zh: '查询污染物转移' },
    access: ROLES,
    params: IdParams,
    response: schema.TransferView,
    handler: async ({ params, caller }) => {
      const row = await rowsOf(deps.db).where('id', '=', params.id).executeTakeFirst();
      const seen =
        row !== undefined &&
        (maySee(caller, row.organisationId, row.siteId) ||
          maySee(caller, row.toOrganisationId, row.toSiteId));
      if (!seen) throw notFound('transfer');
      return viewOf(row);
    },
  });
  route(app, {
    method: 'GET',
    url: URL,
    operationId: 'listPollutantTransfers',
    tag,
    summary: { en: 'List transfers from or to your sites', zh: '列出污染物转移' },
    access: ROLES,
    query: PageQuery.extend({ siteId: Id.optional() }),
    response: pageOf(schema.TransferView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listTransfers(deps.db, caller, query.siteId, after, limit);
      return toPage(rows, limit, (row) => row.seq, viewOf, http);
    },
  });
};
