import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { instant } from '../kernel/time.ts';
import { Id, Time } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { maySee } from '../registry/access.ts';
import { findById } from '../registry/registry.queries.ts';
import { recordedAt } from './periods.queries.ts';
import type { PeriodDeps } from './periods.routes.ts';
import { ageClasses, storageAlarms } from './stock-ages.queries.ts';
import { ageInDays, classBounds } from './stock-ages.ts';

const StockAges = z
  .object({
    siteId: Id,
    asOf: z.string(),
    classes: z
      .array(
        z.object({
          material: z.string(),
          form: z.string(),
          fromDays: z.int(),
          toDays: z.int().nullable().meta({ description: 'Null: and older.' }),
          grams: z.int(),
          lots: z.int(),
        }),
      )
      .meta({ description: 'What stands there by kind, the oldest first.' }),
    alarms: z
      .array(
        z.object({
          lotId: Id,
          material: z.string(),
          form: z.string(),
          grams: z.int(),
          since: z.string().meta({ description: 'When its oldest gram came in there.' }),
          days: z.int(),
          limitDays: z.int(),
          state: z.enum(['alarm', 'lapsed']).meta({ description: 'lapsed: longer than the limit lets it.' }),
        }),
      )
      .meta({
        description: 'Lots near or over the site’s storage limits; at most a thousand, oldest first.',
      }),
  })
  .meta({ id: 'StockAges' });

export const stockAgeRoutes = (app: FastifyInstance, deps: PeriodDeps): void => {
  const { db, pool, clock, follower } = deps;
  route(app, {
    method: 'GET',
    url: '/v1/sites/:id/stock-ages',
    operationId: 'getStockAges',
    tag: 'periods',
    summary: {
      en: 'How old what stands at a site is, and what stands too long',
      zh: '站点库龄、预警与超期',
    },
    access: ROLES,
    params: z.object({ id: Id }),
    query: z.strictObject({
      asOf: Time.optional().meta({
        description: 'The moment the age of what stands there now is told for; now unless said.',
      }),
    }),
    response: StockAges,
    handler: async ({ params, query, caller }) => {
      const site = await findById(db, 'sites', params.id);
      if (site === undefined || !maySee(caller, site.organisationId, site.id)) throw notFound('site');
      await follower.catchUp();
      const at = query.asOf === undefined ? clock() : Date.parse(query.asOf);
      const classes = await ageClasses(db, pool, site.id, at);
      const alarms = [];
      for (const { since: seq, lapsed, ...alarm } of await storageAlarms(db, pool, site, at)) {
        const since = await recordedAt(pool, seq);
        const state = lapsed ? ('lapsed' as const) : ('alarm' as const);
        alarms.push({ ...alarm, since: instant(since), days: ageInDays(since, at), state });
      }
      return {
        siteId: site.id,
        asOf: instant(at),
        classes: classes.map(({ oldestFirst, ...kind }) => ({ ...kind, ...classBounds(oldestFirst) })),
        alarms,
      };
    },
  });
};
