import type { FastifyInstance } from 'fastify';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id, text } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { type ContainerOperations, containerOperations, FILLERS } from './containers.operations.ts';
import { findContainer, listContainers, viewOf } from './containers.queries.ts';
import * as schema from './containers.schema.ts';

const tag = 'containers';
const EXAMPLE_LOT = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a004';

export type ContainerDeps = WriteDeps & { db: Reader; programme: { operatorId: string } };

export const containerRoutes = (app: FastifyInstance, deps: ContainerDeps): void => {
  const operations = containerOperations(deps.programme);
  reading(app, deps);
  contents(app, deps, operations);
  route(app, {
    method: 'POST',
    url: '/v1/containers',
    operationId: 'registerContainer',
    tag,
    summary: { en: 'Register a bag, bin or big-bag with its tag', zh: '登记容器及标签' },
    access: FILLERS,
    body: schema.ContainerRequest,
    response: schema.ContainerWritten,
    status: 201,
    errors: { 409: 'The tag is in use, or the site was closed', 422: 'Unknown site' },
    example: {
      siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      tag: 'JJ-000126',
      kind: 'big-bag',
      tareGrams: 1_800,
    },
    handler: ({ body, ...from }) => write(deps, operations.registerContainer, body, from),
  });
  route(app, {
    method: 'POST',
    url: '/v1/containers/:id/seal',
    operationId: 'sealContainer',
    tag,
    summary: { en: 'Seal a container, with what a scale says of it', zh: '封签容器，可附称重' },
    access: FILLERS,
    params: schema.ContainerParams,
    body: schema.SealRequest,
    response: schema.ContainerWritten,
    status: 201,
    errors: { 409: 'Sealed or closed already, travelling, or empty' },
    example: { sealNumber: 'A-000126', measuredGrams: 412_000 },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.sealContainer, { containerId: params.id, ...body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/containers/:id/open',
    operationId: 'openContainer',
    tag,
    summary: { en: 'Open a sealed container', zh: '启封容器' },
    access: FILLERS,
    params: schema.ContainerParams,
    response: schema.ContainerWritten,
    status: 201,
    errors: { 409: 'Open already, travelling, or closed' },
    handler: ({ params, ...from }) =>
      write(deps, operations.openContainer, { containerId: params.id }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/containers/:id/close',
    operationId: 'closeContainer',
    tag,
    summary: { en: 'Retire an empty container; its tag is free again', zh: '停用空容器，释放标签' },
    access: FILLERS,
    params: schema.ContainerParams,
    response: schema.ContainerWritten,
    errors: { 409: 'It holds something, or was closed already' },
    handler: ({ params, ...from }) =>
      write(deps, operations.closeContainer, { containerId: params.id }, from, params.id),
  });
};

const contents = (app: FastifyInstance, deps: ContainerDeps, operations: ContainerOperations): void => {
  const errors = {
    409: 'Sealed, travelling or closed; or a lot elsewhere, on hold or in another container',
    422: 'Unknown lot, or one named twice',
  };
  route(app, {
    method: 'POST',
    url: '/v1/containers/:id/fill',
    operationId: 'fillContainer',
    tag,
    summary: { en: 'Put whole lots into a container', zh: '将整批装入容器' },
    access: FILLERS,
    params: schema.ContainerParams,
    body: schema.ContainerLots,
    response: schema.ContainerWritten,
    status: 201,
    errors,
    example: { lots: [{ lotId: EXAMPLE_LOT }] },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.fillContainer, { containerId: params.id, ...body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/containers/:id/take-out',
    operationId: 'takeOutOfContainer',
    tag,
    summary: { en: 'Take whole lots out of a container', zh: '从容器取出整批' },
    access: FILLERS,
    params: schema.ContainerParams,
    body: schema.ContainerLots,
    response: schema.ContainerWritten,
    status: 201,
    errors,
    example: { lots: [{ lotId: EXAMPLE_LOT }] },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.takeOut, { containerId: params.id, ...body }, from, params.id),
  });
};

const reading = (app: FastifyInstance, deps: ContainerDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/containers/:id',
    operationId: 'getContainer',
    tag,
    summary: { en: 'Read one container and what is in it', zh: '查询容器及其内容' },
    access: ROLES,
    params: schema.ContainerParams,
    response: schema.ContainerView,
    handler: async ({ params, caller }) => {
      const container = await findContainer(deps.db, caller, params.id);
      if (container === undefined) throw notFound('container');
      return container;
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/containers',
    operationId: 'listContainers',
    tag,
    summary: { en: 'List containers by site or tag', zh: '按站点或标签列出容器' },
    access: ROLES,
    query: PageQuery.extend({ siteId: Id.optional(), tag: text(60).optional() }),
    response: pageOf(schema.ContainerItem),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listContainers(deps.db, caller, query, after, limit);
      return toPage(rows, limit, (row) => row.seq, viewOf, http);
    },
  });
};
