import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { WEIGHERS } from '../collection/collection.operations.ts';
import type { Reader } from '../db/reader.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { canonicalJson } from '../kernel/canonical.ts';
import { notFound } from '../kernel/errors.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import type { Clock } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { mayReach } from '../registry/access.ts';
import { findById } from '../registry/registry.queries.ts';
import { stationPack } from './pack.queries.ts';
import { StationPack } from './pack.schema.ts';
import { setPresets } from './presets.operations.ts';
import { PresetsAnswer, PresetsRequest } from './presets.schema.ts';

const tag = 'stations';
const SiteParams = z.object({ id: Id });
/** Fresh for five minutes; a phone without network goes on with it for as long as the answer says. */
const CACHE = 'private, max-age=300, stale-if-error=2592000';

const TILES = [
  {
    code: 'sea-bottle',
    names: { zh: '海上瓶', en: 'Sea bottle' },
    picture: 'bottle',
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    basis: 'weighed',
  },
];

export type StationDeps = WriteDeps & {
  db: Reader;
  clock: Clock;
  programme: { operatorId: string; timeZone: string; currency: string };
};

export const stationRoutes = (app: FastifyInstance, deps: StationDeps): void => {
  const setProgrammePresets = setPresets(deps.programme, ['operator']);
  const setSitePresets = setPresets(deps.programme, WEIGHERS);
  route(app, {
    method: 'PATCH',
    url: '/v1/presets',
    operationId: 'setPresets',
    tag,
    summary: { en: 'Set the tiles of the whole programme', zh: '设置全部站点的图标预设' },
    access: ['operator'],
    body: PresetsRequest,
    response: PresetsAnswer,
    errors: {
      409: 'The id was used for something else',
      422: 'A code used twice, or pieces that nobody knows the weight of',
    },
    example: { tiles: TILES },
    handler: ({ body, ...from }) => write(deps, setProgrammePresets, { ...body, siteId: null }, from),
  });
  route(app, {
    method: 'PATCH',
    url: '/v1/sites/:id/presets',
    operationId: 'setSitePresets',
    tag,
    summary: { en: 'Set the tiles of a site', zh: '设置站点的图标预设' },
    access: WEIGHERS,
    params: SiteParams,
    body: PresetsRequest,
    response: PresetsAnswer,
    errors: {
      409: 'The site was closed',
      422: 'A code used twice, or pieces that nobody knows the weight of',
    },
    example: { tiles: TILES },
    handler: ({ params, body, ...from }) =>
      write(deps, setSitePresets, { ...body, siteId: params.id }, from, params.id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/sites/:id/station-pack',
    operationId: 'getStationPack',
    tag,
    summary: {
      en: 'All a keeper’s phone needs for 30 days without network; 304 when If-None-Match names it',
      zh: '站点手机离线 30 天所需的全部资料',
    },
    access: WEIGHERS,
    params: SiteParams,
    response: StationPack,
    handler: async ({ params, caller, request, reply }) => {
      const site = await findById(deps.db, 'sites', params.id);
      if (site === undefined || !mayReach(caller, site.organisationId, site.id)) throw notFound('site');
      const pack = await stationPack(deps, caller, site, deps.clock());
      const etag = `"${toHex(sha256(Buffer.from(canonicalJson(pack))))}"`;
      void reply.headers({ etag, 'cache-control': CACHE, vary: 'authorization' });
      const known = request.headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^W\//, ''));
      if (known?.some((one) => one === etag || one === '*')) return reply.status(304).send() as never;
      return pack;
    },
  });
};
