import type { FastifyInstance } from 'fastify';
import { readingRoutes } from '../http/reading.ts';
import { route, write } from '../http/route.ts';
import { MAKERS, productOperations } from './products.operations.ts';
import { findProduct, listProducts } from './products.queries.ts';
import { ProductAnswer, ProductRequest, ProductView } from './products.schema.ts';
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
  readingRoutes(app, {
    url: '/v1/products',
    tag,
    one: {
      operationId: 'getProduct',
      summary: { en: 'Read one product', zh: '查询产品' },
      noun: 'product',
      find: (caller, id) => findProduct(deps.db, caller, id),
    },
    all: {
      operationId: 'listProducts',
      summary: { en: 'List products', zh: '列出产品' },
      list: (caller, after, limit) => listProducts(deps.db, caller, after, limit),
    },
    view: ProductView,
    toView: (row) => row,
  });
};
