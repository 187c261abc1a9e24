import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { Bilingual, Caller, Role } from '../ledger/fact.ts';
import { PageQuery, pageOf, readCursor, toPage } from './page.ts';
import { route } from './route.ts';

export type Reading<Row, View extends z.ZodType, Query extends PageQuery> = {
  /** Where the list is; one is below it, by id. */
  url: string;
  tag: string;
  /** Every role unless said. */
  access?: readonly Role[];
  /** `find` gives undefined when there is none, or it is another's; 404 then says there is no such `noun`. */
  one: {
    operationId: string;
    summary: Bilingual;
    noun: string;
    find(caller: Caller, id: string): Promise<Row | undefined>;
  };
  /** `list` gives rows after the position `after`, in order, one more than `limit`. */
  all: {
    operationId: string;
    summary: Bilingual;
    query?: z.ZodType<Query>;
    list(caller: Caller, after: number, limit: number, query: Query): Promise<Row[]>;
  };
  view: View;
  toView(row: Row, caller: Caller): z.input<View>;
};

/** What every kind of thing is read by: `GET url`, a page at a time, and `GET url/:id`. */
export const readingRoutes = <
  Row extends { seq: number },
  View extends z.ZodType,
  Query extends PageQuery = PageQuery,
>(
  app: FastifyInstance,
  { url, tag, access = ROLES, one, all, view, toView }: Reading<Row, View, Query>,
): void => {
  route(app, {
    method: 'GET',
    url: `${url}/:id`,
    operationId: one.operationId,
    tag,
    summary: one.summary,
    access,
    params: z.object({ id: Id }),
    response: view,
    handler: async ({ params, caller }) => {
      const row = await one.find(caller, params.id);
      if (row === undefined) throw notFound(one.noun);
      return toView(row, caller);
    },
  });
  route(app, {
    method: 'GET',
    url,
    operationId: all.operationId,
    tag,
    summary: all.summary,
    access,
    query: (all.query ?? PageQuery) as z.ZodType<Query>,
    response: pageOf(view as z.ZodType),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await all.list(caller, after, limit, query);
      const position = (row: Row) => row.seq;
      return toPage(rows, limit, position, (row) => toView(row, caller), http);
    },
  });
};
