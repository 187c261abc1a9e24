import type { FastifyInstance } from 'fastify';
import { VERSION } from '../../app.ts';
import { WEIGHERS } from '../../collection/collection.operations.ts';
import { CollectionAnswer, CollectionRequest } from '../../collection/collection.schema.ts';
import { route } from '../../http/route.ts';
import { createServer } from '../../http/server.ts';
import type { Place } from './place.ts';

/** The weigh-in route without a ledger: the same server, key check, schemas and shape of answer, from memory. */
export const openNoDatabase = async ({ deps, secret, caller }: Place): Promise<FastifyInstance> => {
  const app = await createServer({
    logger: deps.logger,
    authenticate: async (token) => (token === secret ? caller : null),
    newRequestId: deps.newId,
    version: VERSION,
  });
  const lotId = deps.newId();
  const leafHash = '0'.repeat(64);
  let seq = 0;
  route(app, {
    method: 'POST',
    url: '/v1/collections',
    operationId: 'recordCollection',
    tag: 'collection',
    summary: { en: 'Record a weigh-in', zh: '登记称重' },
    access: WEIGHERS,
    body: CollectionRequest,
    response: CollectionAnswer,
    status: 201,
    handler: async ({ body }) => ({
      id: body.id!,
      lot: { id: lotId, grams: body.grossGrams! - body.tareGrams, claimableGrams: 0 },
      payGrams: body.grossGrams! - body.tareGrams,
      marks: ['unresolved'],
      earning: { amount: 10_200, currency: 'CNY' },
      receipt: { seq: seq++, leafHash },
    }),
  });
  await app.ready();
  return app;
};
