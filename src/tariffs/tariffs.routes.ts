import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { type Clock, dayIn, instant } from '../kernel/time.ts';
import { Id, MAX_INTEGER, Time } from '../kernel/values.ts';
import { publishTariff } from './tariffs.operations.ts';
import {
  findTariff,
  listTariffs,
  pricedSites,
  tariffAt,
  tariffsStarting,
  tariffView,
} from './tariffs.queries.ts';
import { EffectiveTariff, TariffAnswer, TariffRequest, TariffView } from './tariffs.schema.ts';
import { pricesAt, pricesOn } from './tariffs.ts';

const tag = 'tariffs';

/** Whoever buys in, pays or checks; not those who buy from the programme or carry for it. */
const READERS = [
  'operator',
  'station',
  'warehouse',
  'recycler',
  'certifier',
  'auditor',
  'fund',
  'payer',
  'regulator',
] as const;

export type TariffDeps = WriteDeps & {
  db: Reader;
  clock: Clock;
  programme: { operatorId: string; timeZone: string };
};

export const tariffRoutes = (app: FastifyInstance, deps: TariffDeps): void => {
  const publish = publishTariff(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/tariffs',
    operationId: 'publishTariff',
    tag,
    summary: { en: 'Publish a tariff', zh: '发布价目' },
    access: ['operator', 'payer'],
    body: TariffRequest,
    response: TariffAnswer,
    status: 201,
    errors: {
      409: 'The id was used for something else',
      422: 'Starts in the past, two prices for one thing, or an unknown site or buyer',
    },
    example: {
      source: '小蓝之家 2026 年第 4 号价目',
      startsAt: '2036-12-01T00:00:00+08:00',
      prices: [
        {
          material: 'pet',
          form: 'bottle',
          originClass: 'sea-recovered',
          base: { amount: 150, currency: 'CNY', perGrams: 1_000 },
          originPremium: { amount: 200, currency: 'CNY', perGrams: 1_000 },
        },
      ],
    },
    handler: ({ body, ...from }) => write(deps, publish, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/tariffs',
    operationId: 'listTariffs',
    tag,
    summary: { en: 'List tariffs', zh: '列出价目' },
    access: READERS,
    query: PageQuery,
    response: pageOf(TariffView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listTariffs(deps.db, after, limit);
      const sites = await pricedSites(deps.db, caller);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => tariffView(caller, row, sites),
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/tariffs/effective',
    operationId: 'getEffectiveTariff',
    tag,
    summary: { en: 'Which prices hold at a moment and a site', zh: '查询某时某站点执行的价格' },
    access: READERS,
    query: z.strictObject({ at: Time.optional(), siteId: Id.optional() }),
    response: EffectiveTariff,
    handler: async ({ query, caller }) => {
      const at = query.at === undefined ? deps.clock() : Date.parse(query.at);
      const [tariff, [next], sites] = await Promise.all([
        tariffAt(deps.db, at),
        tariffsStarting(deps.db, at, MAX_INTEGER, 1),
        pricedSites(deps.db, caller),
      ]);
      const day = dayIn(deps.programme.timeZone, at);
      return {
        at: instant(at),
        tariff:
          tariff === undefined
            ? null
            : tariffView(
                caller,
                { ...tariff, prices: pricesOn(pricesAt(tariff.prices, query.siteId), day) },
                sites,
              ),
        supersededAt: next === undefined ? null : instant(next.startsAt),
      };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/tariffs/:id',
    operationId: 'getTariff',
    tag,
    summary: { en: 'Read one tariff', zh: '读取价目' },
    access: READERS,
    params: z.object({ id: Id }),
    response: TariffView,
    handler: async ({ params, caller }) => {
      const tariff = await findTariff(deps.db, params.id);
      if (tariff === undefined) throw notFound('tariff');
      return tariffView(caller, tariff, await pricedSites(deps.db, caller));
    },
  });
};
