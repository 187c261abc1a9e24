import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { maySee } from './access.ts';
import { missing } from './counters.ts';
import type { DeviceLine } from './device-lines.tables.ts';
import { EQUIPPERS, type EquipmentOperations, equipmentOperations } from './equipment.operations.ts';
import * as schema from './equipment.schema.ts';
import { findById, linesOf, listOwned } from './registry.queries.ts';
import { IdParams } from './registry.schema.ts';
import type { Device } from './registry.tables.ts';

export type EquipmentDeps = WriteDeps & { db: Reader; programme: { operatorId: string } };

const Written = z.object({ id: Id, receipt: Receipt });
const tag = 'equipment';
const EXAMPLE_ID = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001';
const EXAMPLE_KEY = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';

export const equipmentRoutes = (app: FastifyInstance, deps: EquipmentDeps): void => {
  const operations = equipmentOperations(deps.programme);
  deviceReading(app, deps);
  deviceWriting(app, deps, operations);
  vesselRoutes(app, deps, operations);
};

const MOST_GAPS = 20;

/** Devices with what the follower saw of the counters of the key each has now. */
const withCounters =
  (lines: readonly DeviceLine[]) =>
  ({ formerKeys, ...device }: Device) => {
    const line = lines.find((l) => l.deviceId === device.id && l.deviceKey === formerKeys.length);
    return { ...device, counter: line?.counter ?? 0, missing: missing(line?.runs ?? [], MOST_GAPS) };
  };

const deviceReading = (app: FastifyInstance, deps: EquipmentDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/devices',
    operationId: 'listDevices',
    tag,
    summary: { en: 'List devices', zh: '列出设备' },
    access: ROLES,
    query: PageQuery,
    response: pageOf(schema.Device),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listOwned(deps.db, 'devices', caller, after, limit);
      return toPage(rows, limit, (row) => row.seq, withCounters(await linesOf(deps.db, rows)), http);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/devices/:id',
    operationId: 'getDevice',
    tag,
    summary: { en: 'Read one device', zh: '读取设备' },
    access: ROLES,
    params: IdParams,
    response: schema.Device,
    handler: async ({ params, caller }) => {
      const row = await findById(deps.db, 'devices', params.id);
      if (row === undefined || !maySee(caller, row.organisationId, row.siteId)) throw notFound('device');
      return withCounters(await linesOf(deps.db, [row]))(row);
    },
  });
};

const deviceWriting = (app: FastifyInstance, deps: EquipmentDeps, operations: EquipmentOperations): void => {
  route(app, {
    method: 'POST',
    url: '/v1/devices',
    operationId: 'enrolDevice',
    tag,
    summary: { en: 'Enrol a device, with its key and its scale', zh: '登记设备' },
    access: EQUIPPERS,
    body: schema.DeviceRequest,
    response: Written,
    status: 201,
    errors: { 409: 'The id was used for something else, or the site was closed', 422: 'Unknown site' },
    example: {
      siteId: EXAMPLE_ID,
      name: '一号秤',
      publicKey: EXAMPLE_KEY,
      scale: { class: 'III', eGrams: 50, minGrams: 1_000, maxGrams: 150_000, validUntil: '2027-11-30' },
    },
    handler: ({ body, ...from }) => write(deps, operations.enrolDevice, body, from),
  });
  route(app, {
    method: 'PATCH',
    url: '/v1/devices/:id',
    operationId: 'changeDevice',
    tag,
    summary: { en: 'Change a device, its scale or its site', zh: '变更设备' },
    access: EQUIPPERS,
    params: IdParams,
    body: schema.DeviceChange,
    response: Written,
    errors: { 409: 'Closed', 422: 'Unknown site' },
    example: { name: '二号秤' },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.changeDevice, { deviceId: params.id, ...body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/devices/:id/enrol',
    operationId: 'enrolDeviceAgain',
    tag,
    summary: { en: 'Enrol a device again after it lost its key', zh: '设备丢失密钥后重新登记' },
    access: EQUIPPERS,
    params: IdParams,
    body: schema.DeviceEnrolment,
    response: Written,
    errors: { 409: 'Closed' },
    example: { publicKey: EXAMPLE_KEY },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.enrolDeviceAgain, { deviceId: params.id, ...body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/devices/:id/close',
    operationId: 'closeDevice',
    tag,
    summary: { en: 'Close a device', zh: '停用设备' },
    access: EQUIPPERS,
    params: IdParams,
    response: Written,
    errors: { 409: 'Closed already' },
    handler: ({ params, ...from }) =>
      write(deps, operations.closeDevice, { deviceId: params.id }, from, params.id),
  });
};

const vesselRoutes = (app: FastifyInstance, deps: EquipmentDeps, operations: EquipmentOperations): void => {
  route(app, {
    method: 'POST',
    url: '/v1/vessels',
    operationId: 'registerVessel',
    tag,
    summary: { en: 'Register a vessel', zh: '登记船舶' },
    access: EQUIPPERS,
    body: schema.VesselRequest,
    response: Written,
    status: 201,
    errors: { 409: 'The id was used for something else', 422: 'Unknown organisation' },
    example: { name: '浙椒渔 81234', number: '81234' },
    handler: ({ body, ...from }) => write(deps, operations.registerVessel, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/vessels',
    operationId: 'listVessels',
    tag,
    summary: { en: 'List vessels', zh: '列出船舶' },
    access: ROLES,
    query: PageQuery,
    response: pageOf(schema.Vessel),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listOwned(deps.db, 'vessels', caller, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => row,
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/vessels/:id',
    operationId: 'getVessel',
    tag,
    summary: { en: 'Read one vessel', zh: '读取船舶' },
    access: ROLES,
    params: IdParams,
    response: schema.Vessel,
    handler: async ({ params, caller }) => {
      const row = await findById(deps.db, 'vessels', params.id);
      if (row === undefined || !maySee(caller, row.organisationId, null)) throw notFound('vessel');
      return row;
    },
  });
  route(app, {
    method: 'PATCH',
    url: '/v1/vessels/:id',
    operationId: 'changeVessel',
    tag,
    summary: { en: 'Change a vessel', zh: '变更船舶' },
    access: EQUIPPERS,
    params: IdParams,
    body: schema.VesselChange,
    response: Written,
    errors: { 409: 'Closed' },
    example: { number: '81235' },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.changeVessel, { vesselId: params.id, ...body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/vessels/:id/close',
    operationId: 'closeVessel',
    tag,
    summary: { en: 'Close a vessel', zh: '停用船舶' },
    access: EQUIPPERS,
    params: IdParams,
    response: Written,
    errors: { 409: 'Closed already' },
    handler: ({ params, ...from }) =>
      write(deps, operations.closeVessel, { vesselId: params.id }, from, params.id),
  });
};
