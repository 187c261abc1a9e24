import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { instant } from '../kernel/time.ts';
import { plainCode } from '../statements/checking.ts';
import { listListings, type Registered, readRegister } from './claims.queries.ts';
import { toSerials } from './claims.routes.ts';
import * as schema from './claims.schema.ts';
import type { OutsideListing } from './claims.tables.ts';
import { LISTERS, recordListing, UNLISTERS, withdrawListing } from './listings.operations.ts';
import { registerCsv } from './register-csv.ts';

const tag = 'claims';
const ID = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001';

type RegisterDeps = WriteDeps & { db: Reader; programme: { operatorId: string } };

const toLine = ({ claim, ...more }: Registered): z.input<typeof schema.RegisterLine> => {
  const { id: claimId, exclusionGroup, grams, saleId, ranges, state, changedAt, retirement } = claim;
  const { basisPoints = null, units = null, text = null } = retirement ?? {};
  return {
    ...{ claimId, exclusionGroup, grams, saleId, state, basisPoints, units, text, ...more },
    serials: toSerials(ranges),
    since: instant(changedAt),
  };
};

const toListing = (listing: OutsideListing): z.input<typeof schema.ListingView> => {
  const { id, saleId, register, number, grams, ranges, overlap: overlapGrams, state, lastSeq: seq } = listing;
  return { ...{ id, saleId, register, number, grams, overlapGrams, state, seq }, serials: toSerials(ranges) };
};

/** The register of claims, open to all, and what registers elsewhere list of the same grams. */
export const registerRoutes = (app: FastifyInstance, deps: RegisterDeps): void => {
  const get = { tag, method: 'GET', access: 'public' } as const;
  const read = async (query: z.infer<typeof schema.RegisterQuery>) => {
    const { after, limit } = readCursor(query);
    const statement = query.statement === undefined ? undefined : plainCode(query.statement);
    return { rows: await readRegister(deps.db, { ...query, statement }, after, limit), limit };
  };
  route(app, {
    ...get,
    url: '/v1/register',
    operationId: 'readRegister',
    summary: {
      en: 'The public register of claims. What was not reported to us cannot be seen here',
      zh: '公开声明登记簿（未向本项目报告的不在其中）',
    },
    query: schema.RegisterQuery,
    response: pageOf(schema.RegisterLine),
    handler: async ({ query, ...http }) => {
      const { rows, limit } = await read(query);
      return toPage(rows, limit, ({ claim }) => claim.seq, toLine, http);
    },
  });
  route(app, {
    ...get,
    url: '/v1/register.csv',
    operationId: 'exportRegister',
    summary: {
      en: 'The same as CSV, a page at a time; the Link header names the next',
      zh: '公开声明登记簿 CSV（分页，下一页见 Link 头）',
    },
    query: schema.RegisterQuery,
    response: z.string(),
    produces: 'text/csv',
    handler: async ({ query, ...http }) => {
      const { rows, limit } = await read(query);
      const { items } = toPage(
        rows,
        limit,
        ({ claim }) => claim.seq,
        (row) => row,
        http,
      );
      void http.reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="register.csv"');
      return registerCsv(items);
    },
  });
  route(app, {
    ...get,
    url: '/v1/outside-listings',
    operationId: 'readOutsideListings',
    summary: {
      en: 'Grams that registers outside list, as far as was reported',
      zh: '外部登记簿所列克数（以报告为限）',
    },
    query: PageQuery,
    response: pageOf(schema.ListingView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      return toPage(await listListings(deps.db, after, limit), limit, (row) => row.seq, toListing, http);
    },
  });
  listingRoutes(app, deps);
};

const listingRoutes = (app: FastifyInstance, deps: RegisterDeps): void => {
  const record = recordListing(deps.programme);
  route(app, {
    tag,
    method: 'POST',
    url: '/v1/outside-listings',
    operationId: 'recordOutsideListing',
    summary: {
      en: 'Record that another register lists the same grams: they are not claimed here',
      zh: '登记同一批克数已列于外部登记簿（此处不再声明）',
    },
    access: LISTERS,
    body: schema.ListingRequest,
    response: schema.ListingAnswer,
    status: 201,
    errors: { 409: 'Recorded already', 422: 'An unknown statement, or more than was sold' },
    example: { statementId: ID, register: 'A register elsewhere', number: 'PC-000117', grams: 250_000 },
    handler: ({ body, ...from }) => write(deps, record, body, from),
  });
  route(app, {
    tag,
    method: 'POST',
    url: '/v1/outside-listings/:id/withdraw',
    operationId: 'withdrawOutsideListing',
    summary: { en: 'Record that the other register lists them no more', zh: '撤回外部登记' },
    access: UNLISTERS,
    params: schema.IdParams,
    body: schema.ReasonRequest,
    response: schema.ListingAnswer,
    status: 201,
    errors: { 409: 'Withdrawn already' },
    example: { reason: '对方登记簿已注销' },
    handler: ({ params, body, ...from }) =>
      write(deps, withdrawListing, { ...body, listingId: params.id }, from, params.id),
  });
};
