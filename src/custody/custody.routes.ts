import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { openMarks } from '../supervision/marks.queries.ts';
import { custodyOperations, MOVERS } from './custody.operations.ts';
import { findIncident, findShipment, listShipments } from './custody.queries.ts';
import * as schema from './custody.schema.ts';

const tag = 'custody';
const EXAMPLE_LOT = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a004';

export type CustodyDeps = WriteDeps & { db: Reader; programme: { operatorId: string } };

export const custodyRoutes = (app: FastifyInstance, deps: CustodyDeps): void => {
  const { dispatchShipment, receiveShipment, voidShipment } = custodyOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/shipments',
    operationId: 'dispatchShipment',
    tag,
    summary: { en: 'Dispatch lots to another site', zh: '发运到另一站点' },
    access: MOVERS,
    body: schema.ShipmentRequest,
    response: schema.ShipmentAnswer,
    status: 201,
    errors: { 409: 'The grams are gone, elsewhere, or on hold', 422: 'Unknown site or lot' },
    example: {
      fromSiteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      toSiteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a005',
      lots: [{ lotId: EXAMPLE_LOT }],
      carrier: '海上滴滴',
      vehicle: '浙J·12345',
      seals: ['A-000126'],
    },
    handler: ({ body, ...from }) => write(deps, dispatchShipment, body, from),
  });
  route(app, {
    method: 'POST',
    url: '/v1/shipments/:id/receipt',
    operationId: 'receiveShipment',
    tag,
    summary: { en: 'Say what arrived, as the scale says it', zh: '签收：以秤为准' },
    access: MOVERS,
    params: schema.ShipmentParams,
    body: schema.ReceiptRequest,
    response: schema.ReceiptAnswer,
    status: 201,
    errors: { 409: 'Received already, or on hold', 422: 'A measurement that cannot be' },
    example: {
      grossGrams: 8_120_000,
      tareGrams: 6_080_000,
      deviceId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a006',
    },
    handler: async ({ params, body, ...from }) => {
      const { incidentId } = body;
      const incident = incidentId === undefined ? undefined : await findIncident(deps.db, incidentId);
      return write(deps, receiveShipment, { shipmentId: params.id, ...body, incident }, from, params.id);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/shipments/:id/void',
    operationId: 'voidShipment',
    tag,
    summary: { en: 'Undo a dispatch that never left', zh: '作废发运' },
    access: MOVERS,
    params: schema.ShipmentParams,
    body: schema.ShipmentVoidRequest,
    response: schema.ShipmentVoidAnswer,
    status: 201,
    errors: { 409: 'Received or voided already' },
    example: { reason: '车没有来' },
    handler: ({ params, body, ...from }) =>
      write(deps, voidShipment, { ...body, shipmentId: params.id }, from, params.id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/shipments/:id',
    operationId: 'getShipment',
    tag,
    summary: { en: 'Read one shipment', zh: '查询货运' },
    access: ROLES,
    params: schema.ShipmentParams,
    response: schema.ShipmentView,
    handler: async ({ params, caller }) => {
      const row = await findShipment(deps.db, caller, params.id);
      if (row === undefined) throw notFound('shipment');
      const marks = await openMarks(deps.db, [{ id: row.id, recorded: [] }]);
      return { ...row, marks: marks.get(row.id)! };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/shipments',
    operationId: 'listShipments',
    tag,
    summary: { en: 'List shipments sent, received or carried', zh: '列出发出、收到或承运的货物' },
    access: ROLES,
    query: PageQuery.extend({
      fromSiteId: Id.optional(),
      toSiteId: Id.optional(),
      state: z.enum(schema.SHIPMENT_STATES).optional(),
    }),
    response: pageOf(schema.ShipmentView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listShipments(deps.db, caller, query, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => row,
        http,
      );
    },
  });
};
