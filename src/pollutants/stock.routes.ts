import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { Id, MAX_INTEGER, queryInteger } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { maySee } from '../registry/access.ts';
import { findById } from '../registry/registry.queries.ts';
import type { PollutantDeps } from './declarations.routes.ts';
import { IdParams } from './declarations.schema.ts';
import { daysAfter, licenceMark } from './pollutants.ts';
import { stockAsOf } from './stock.queries.ts';

const Flow = (description: string) => z.int().meta({ description: `Grams ${description}.` });

const StockView = z
  .object({
    siteId: Id,
    asOfSeq: z.int(),
    items: z.array(
      z.object({
        material: z.string(),
        grams: z.int(),
        millilitres: z.int().meta({ description: 'Of what is told by volume; draws take in proportion.' }),
        oldestDay: z.string().nullable().meta({
          description: 'When the oldest of it came: what came first leaves first. Null when nothing is left.',
        }),
        storeUntil: z
          .string()
          .nullable()
          .meta({ description: 'The last day the first of it may stand here.' }),
        overdueSince: z.string().nullable().meta({ description: 'The day after, once it is past.' }),
        licence: z
          .string()
          .nullable()
          .meta({ description: 'What is wrong with the site’s licence for it today; null when nothing is.' }),
        flows: z.object({
          received: Flow('from vessels'),
          arrived: Flow('from other sites, as measured'),
          residue: Flow('left by treatments here'),
          sent: Flow('to other sites'),
          treated: Flow('into treatment or disposal'),
          lost: Flow('no longer there'),
          voided: Flow('of receptions that were voided'),
        }),
      }),
    ),
  })
  .meta({ id: 'PollutantStock' });

export const pollutantStockRoutes = (app: FastifyInstance, deps: PollutantDeps): void =>
  route(app, {
    method: 'GET',
    url: '/v1/sites/:id/pollutants',
    operationId: 'getPollutantStock',
    tag: 'pollutants',
    summary: {
      en: 'A site’s stock of pollutants, now or after any entry, and what is overdue',
      zh: '站点污染物库存、流向与超期贮存，可查任一账本位置',
    },
    access: ROLES,
    params: IdParams,
    query: z.strictObject({ asOfSeq: queryInteger(0, MAX_INTEGER).optional() }),
    response: StockView,
    errors: { 422: 'asOfSeq lies beyond the end of the ledger' },
    handler: async ({ params, query, caller }) => {
      const site = await findById(deps.db, 'sites', params.id);
      if (site === undefined || !maySee(caller, site.organisationId, site.id)) throw notFound('site');
      const stock = await stockAsOf(deps.db, site.id, query.asOfSeq);
      if (stock === null)
        throw unprocessable('beyond_head', '/querystring/asOfSeq', 'lies beyond the end of the ledger');
      const today = dayIn(deps.programme.timeZone, deps.clock());
      return {
        siteId: site.id,
        asOfSeq: stock.asOfSeq,
        items: stock.items.map((item) => ({
          ...item,
          overdueSince:
            item.storeUntil === null || item.storeUntil >= today ? null : daysAfter(item.storeUntil, 1),
          licence: licenceMark(site.capabilities, item.material, today),
        })),
      };
    },
  });
