import type { FastifyInstance } from 'fastify';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { MAKERS, productOperations } from './products.operations.ts';
import { findProduct, listProducts } from './products.queries.ts';
import { ProductAnswer, ProductParams, ProductRequest, ProductView } from './products.schema.ts';
import type { ResaleDeps } from './resale.routes.ts';

const tag = 'resale';

export const productRoutes = (app: FastifyInstance, deps: ResaleDeps): void => {
  const { makeProduct } = productOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/products',
    operationId: 'makeProduct',
    tag,
    summary: {
      en: 'Make products of a batch: units and the grams in each',
      zh: '用批次制成产品：件数与单件含量',
    },
    access: MAKERS,
    body: ProductRequest,
    response: ProductAnswer,
    status: 201,
    errors: {
      409: 'More content than is held, or the grams travel or are on hold',
      422: 'Unknown batch or sale, or more content than the unit weighs',
    },
    example: {
      batchId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a006',
      units: 400_000,
      unitMassGrams: 30,
      contentGrams: 15,
      market: 'CN',
    },
    handler: ({ body, ...from }) => write(deps, makeProduct, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/products/:id',
    operationId: 'getProduct',
    tag,
    summary: { en: 'Read one product', zh: '查询产品' },
    access: ROLES,
    params: ProductParams,
    response: ProductView,
    handler: async ({ params, caller }) => {
      const product = await findProduct(deps.db, caller, params.id);
      if (product === undefined) throw notFound('product');
      return product;
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/products',
    operationId: 'listProducts',
    tag,
    summary: { en: 'List products', zh: '列出产品' },
    access: ROLES,
    query: PageQuery,
    response: pageOf(ProductView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listProducts(deps.db, caller, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => row,
        http,
      );
    },
  });
};
