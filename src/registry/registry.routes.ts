import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { readingRoutes } from '../http/reading.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { Id } from '../kernel/values.ts';
import * as operations from './registry.operations.ts';
import { findOrganisation, findOwned, listOrganisations, listOwned } from './registry.queries.ts';
import * as schema from './registry.schema.ts';
import type { ApiKey } from './registry.tables.ts';

const Written = z.object({ id: Id, receipt: Receipt });
const WrittenKey = z.object({ id: Id, secret: z.string().nullable(), receipt: Receipt });
const tag = 'registry';
const EXAMPLE_ID = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001';

export const registryRoutes = (app: FastifyInstance, deps: WriteDeps & { db: Reader }): void => {
  organisationRoutes(app, deps);
  siteRoutes(app, deps);
  keyRoutes(app, deps);
};

const organisationRoutes = (app: FastifyInstance, deps: WriteDeps & { db: Reader }): void => {
  route(app, {
    method: 'POST',
    url: '/v1/organisations',
    operationId: 'registerOrganisation',
    tag,
    summary: { en: 'Register an organisation', zh: '登记组织' },
    access: ['operator'],
    body: schema.OrganisationRequest,
    response: Written,
    status: 201,
    errors: { 409: 'The id was used for something else' },
    example: { name: '椒江小蓝之家', kind: 'station' },
    handler: ({ body, ...from }) => write(deps, operations.registerOrganisation, body, from),
  });
  readingRoutes(app, {
    url: '/v1/organisations',
    tag,
    one: {
      operationId: 'getOrganisation',
      summary: { en: 'Read one organisation', zh: '读取组织' },
      noun: 'organisation',
      find: (caller, id) => findOrganisation(deps.db, caller, id),
    },
    all: {
      operationId: 'listOrganisations',
      summary: { en: 'List organisations', zh: '列出组织' },
      list: (caller, after, limit) => listOrganisations(deps.db, caller, after, limit),
    },
    view: schema.Organisation,
    toView: (row) => row,
  });
  route(app, {
    method: 'PATCH',
    url: '/v1/organisations/:id',
    operationId: 'changeOrganisation',
    tag,
    summary: { en: 'Change an organisation', zh: '变更组织' },
    access: ['operator'],
    params: schema.IdParams,
    body: schema.OrganisationChange,
    response: Written,
    errors: { 409: 'The key was used for something else' },
    example: { name: '椒江大陈小蓝之家' },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.changeOrganisation, { organisationId: params.id, ...body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/organisations/:id/close',
    operationId: 'closeOrganisation',
    tag,
    summary: { en: 'Close an organisation', zh: '关闭组织' },
    access: ['operator'],
    params: schema.IdParams,
    response: Written,
    errors: { 409: 'Closed already' },
    handler: ({ params, ...from }) =>
      write(deps, operations.closeOrganisation, { organisationId: params.id }, from, params.id),
  });
};

const siteRoutes = (app: FastifyInstance, deps: WriteDeps & { db: Reader }): void => {
  route(app, {
    method: 'POST',
    url: '/v1/sites',
    operationId: 'registerSite',
    tag,
    summary: { en: 'Register a site', zh: '登记站点' },
    access: ['operator'],
    body: schema.SiteRequest,
    response: Written,
    status: 201,
    errors: { 409: 'The id was used for something else', 422: 'Unknown organisation' },
    example: {
      organisationId: EXAMPLE_ID,
      kind: 'station',
      name: '椒江小蓝之家 1 号',
      location: { latE7: 286_600_000, lonE7: 1_214_400_000 },
      toleranceBasisPoints: 50,
    },
    handler: ({ body, ...from }) => write(deps, operations.registerSite, body, from),
  });
  readingRoutes(app, {
    url: '/v1/sites',
    tag,
    one: {
      operationId: 'getSite',
      summary: { en: 'Read one site', zh: '读取站点' },
      noun: 'site',
      find: (caller, id) => findOwned(deps.db, 'sites', caller, id),
    },
    all: {
      operationId: 'listSites',
      summary: { en: 'List sites', zh: '列出站点' },
      list: (caller, after, limit) => listOwned(deps.db, 'sites', caller, after, limit),
    },
    view: schema.Site,
    toView: (row) => row,
  });
  route(app, {
    method: 'PATCH',
    url: '/v1/sites/:id',
    operationId: 'changeSite',
    tag,
    summary: { en: 'Change the settings of a site', zh: '变更站点设置' },
    access: ['operator'],
    params: schema.IdParams,
    body: schema.SiteChange,
    response: Written,
    errors: { 409: 'The key was used for something else' },
    example: { toleranceBasisPoints: 500 },
    handler: ({ params, body, ...from }) =>
      write(deps, operations.changeSite, { siteId: params.id, ...body }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/sites/:id/close',
    operationId: 'closeSite',
    tag,
    summary: { en: 'Close a site', zh: '关闭站点' },
    access: ['operator'],
    params: schema.IdParams,
    response: Written,
    errors: { 409: 'Closed already' },
    handler: ({ params, ...from }) =>
      write(deps, operations.closeSite, { siteId: params.id }, from, params.id),
  });
};

const KEY_MAKERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

const toKey = ({ expiresAt, lastSeq: _, ...key }: ApiKey) => ({
  ...key,
  expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
});

const keyRoutes = (app: FastifyInstance, deps: WriteDeps & { db: Reader }): void => {
  route(app, {
    method: 'POST',
    url: '/v1/api-keys',
    operationId: 'issueApiKey',
    tag,
    summary: { en: 'Issue a key to one person or device', zh: '签发密钥' },
    access: KEY_MAKERS,
    body: schema.ApiKeyRequest,
    response: WrittenKey,
    status: 201,
    errors: { 409: 'The id was used for something else', 422: 'Unknown organisation or site' },
    example: { organisationId: EXAMPLE_ID, role: 'station', holder: '家长 一号' },
    handler: ({ body, ...from }) => write(deps, operations.issueApiKey, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/api-keys',
    operationId: 'listApiKeys',
    tag,
    summary: { en: 'List keys, without their secrets', zh: '列出密钥' },
    access: KEY_MAKERS,
    query: PageQuery,
    response: pageOf(schema.ApiKey),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listOwned(deps.db, 'apiKeys', caller, after, limit);
      return toPage(rows, limit, (row) => row.seq, toKey, http);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/api-keys/:id/rotate',
    operationId: 'rotateApiKey',
    tag,
    summary: { en: 'Give a key a new secret; the old one ends at once', zh: '轮换密钥' },
    access: KEY_MAKERS,
    params: schema.IdParams,
    response: WrittenKey,
    errors: { 409: 'Revoked' },
    handler: ({ params, ...from }) =>
      write(deps, operations.rotateApiKey, { keyId: params.id }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/api-keys/:id/revoke',
    operationId: 'revokeApiKey',
    tag,
    summary: { en: 'Revoke a key at once', zh: '撤销密钥' },
    access: KEY_MAKERS,
    params: schema.IdParams,
    response: Written,
    errors: { 409: 'Revoked already' },
    handler: ({ params, ...from }) =>
      write(deps, operations.revokeApiKey, { keyId: params.id }, from, params.id),
  });
};
