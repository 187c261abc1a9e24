import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { writeBatch } from '../http/batch.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { Problem } from '../http/problem.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { NdJson } from '../http/server.ts';
import { forbidden, notFound } from '../kernel/errors.ts';
import { Id, Money } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { Queryable } from '../ledger/store.ts';
import { collectionOperations, WEIGHERS } from './collection.operations.ts';
import { findCollection, listCollections } from './collection.queries.ts';
import {
  COLLECTION_EXAMPLE,
  CollectionAnswer,
  CollectionRequest,
  CollectionView,
  CountUsed,
  Provisional,
} from './collection.schema.ts';

/** Items of one upload, and what it may weigh. */
export const MAX_ITEMS = 1_000;
export const BATCH_BODY_LIMIT = 4 * 1024 * 1024;
const tag = 'collection';

export type CollectionDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  programme: { timeZone: string; operatorId: string };
  follower: { position: number };
};

const BatchItem = z.object({
  index: z.int(),
  status: z.int(),
  id: Id.optional(),
  lot: z.object({ id: Id, grams: z.int(), claimableGrams: z.int() }).optional(),
  payGrams: z.int().optional(),
  marks: z.array(z.string()).optional(),
  earning: Money.optional(),
  provisional: Provisional.optional(),
  count: CountUsed.optional(),
  receipt: Receipt.optional(),
  replayed: z.boolean().optional(),
  error: Problem.optional(),
});

export const collectionRoutes = (app: FastifyInstance, deps: CollectionDeps): void => {
  const { recordCollection } = collectionOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/collections',
    operationId: 'recordCollection',
    tag,
    summary: { en: 'Record a weigh-in', zh: '登记称重' },
    access: WEIGHERS,
    body: CollectionRequest,
    response: CollectionAnswer,
    status: 201,
    errors: { 409: 'The id was used with another content', 422: 'Unknown site, or weights that cannot be' },
    example: COLLECTION_EXAMPLE,
    handler: ({ body, ...from }) => write(deps, recordCollection, body, from),
  });
  route(app, {
    method: 'POST',
    url: '/v1/collections/batch',
    operationId: 'recordCollections',
    tag,
    summary: { en: 'Upload up to 1,000 weigh-ins, in any order, any number of times', zh: '批量上传称重' },
    access: WEIGHERS,
    body: z.array(z.unknown()).or(z.instanceof(NdJson)),
    documentedBody: z.array(CollectionRequest).min(1).max(MAX_ITEMS),
    consumes: ['application/json', 'application/x-ndjson'],
    response: z.object({ items: z.array(BatchItem) }),
    bodyLimit: BATCH_BODY_LIMIT,
    example: [COLLECTION_EXAMPLE],
    handler: async ({ body, ...from }) => {
      const upload = { operation: recordCollection, schema: CollectionRequest, maxItems: MAX_ITEMS };
      return { items: await writeBatch(deps, upload, body, from) };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collections/:id',
    operationId: 'getCollection',
    tag,
    summary: {
      en: 'Read one weigh-in: was it accepted, and what is owed',
      zh: '查询称重：是否入账、应付多少',
    },
    access: ROLES,
    params: z.object({ id: Id }),
    response: CollectionView,
    handler: async ({ params, caller }) => {
      const view = await findCollection(deps, caller, params.id);
      if (view === undefined) throw notFound('weigh-in');
      return view;
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collections',
    operationId: 'listCollections',
    tag,
    summary: { en: 'List weigh-ins by site, device or collector', zh: '按站点、设备或收集员列出称重' },
    access: ROLES,
    query: PageQuery.extend({ siteId: Id.optional(), deviceId: Id.optional(), collectorId: Id.optional() }),
    response: pageOf(CollectionView).extend({ asOfSeq: z.int() }),
    handler: async ({ query, caller, ...http }) => {
      if (query.collectorId !== undefined && !(WEIGHERS as readonly string[]).includes(caller.role))
        throw forbidden('Lists by person are for stations and the operator.');
      const { after, limit } = readCursor(query);
      const asOfSeq = deps.follower.position - 1;
      const rows = await listCollections(deps, caller, query, after, limit);
      return {
        ...toPage(
          rows,
          limit,
          (row) => row.receipt.seq,
          (row) => row,
          http,
        ),
        asOfSeq,
      };
    },
  });
};
