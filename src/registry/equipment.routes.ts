import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { readingRoutes } from '../http/reading.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { Id } from '../kernel/values.ts';
import { missing } from './counters.ts';
import { EQUIPPERS, type EquipmentOperations, equipmentOperations } from './equipment.operations.ts';
import * as schema from './equipment.schema.ts';
import { findOwned, linesOf, listOwned } from './registry.queries.ts';
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
const withCounters = async (db: Reader, devices: readonly Device[]) => {
  const lines = await linesOf(db, devices);
  return devices.map(({ formerKeys, ...device }) => {
    const line = lines.find((l) => l.deviceId === device.id && l.deviceKey === formerKeys.length);
    return { ...device, counter: line?.counter ?? 0, missing: missing(line?.runs ?? [], MOST_GAPS) };
  });
};

const deviceReading = (app: FastifyInstance, deps: EquipmentDeps): void => {
  readingRoutes(app, {
    url: '/v1/devices',
    tag,
    one: {
      operationId: 'getDevice',
      summary: { en: 'Read one device', zh: '读取设备' },
      noun: 'device',
      find: async (caller, id) => {
        const row = await findOwned(deps.db, 'devices', caller, id);
        return row === undefined ? undefined : (await withCounters(deps.db, [row]))[0];
      },
    },
    all: {
      operationId: 'listDevices',
      summary: { en: 'List devices', zh: '列出设备' },
      list: async (caller, after, limit) =>
        withCounters(deps.db, await listOwned(deps.db, 'devices', caller, after, limit)),
    },
    view: schema.Device,
    toView: (row) => row,
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
  readingRoutes(app, {
    url: '/v1/vessels',
    tag,
    one: {
      operationId: 'getVessel',
      summary: { en: 'Read one vessel', zh: '读取船舶' },
      noun: 'vessel',
      find: (caller, id) => findOwned(deps.db, 'vessels', caller, id),
    },
    all: {
      operationId: 'listVessels',
      summary: { en: 'List vessels', zh: '列出船舶' },
      list: (caller, after, limit) => listOwned(deps.db, 'vessels', caller, after, limit),
    },
    view: schema.Vessel,
    toView: (row) => row,
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
