import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery } from '../http/page.ts';
import { type Reading, readingRoutes } from '../http/reading.ts';
import { Id } from '../kernel/values.ts';
import { type AtSite, findAtSite, listAtSites } from './at-sites.queries.ts';

const AtSitesQuery = PageQuery.extend({ siteId: Id.optional() });
type AtSitesQuery = z.infer<typeof AtSitesQuery>;
type Of<Row, View extends z.ZodType> = Reading<Row, View, AtSitesQuery>;

/** Reads what organisations recorded at their sites: one, and all or those of one site. */
export const readingAtSites = <Row extends AtSite, View extends z.ZodType>(
  app: FastifyInstance,
  db: Reader,
  table: string,
  spec: Omit<Of<Row, View>, 'one' | 'all'> & {
    one: Omit<Of<Row, View>['one'], 'find'>;
    all: Omit<Of<Row, View>['all'], 'list' | 'query'>;
  },
): void =>
  readingRoutes<Row, View, AtSitesQuery>(app, {
    ...spec,
    one: { ...spec.one, find: (caller, id) => findAtSite<Row>(db, table, caller, id) },
    all: {
      ...spec.all,
      query: AtSitesQuery,
      list: (caller, after, limit, query) => listAtSites<Row>(db, table, caller, query, after, limit),
    },
  });
