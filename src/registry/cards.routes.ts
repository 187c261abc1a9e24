import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { cardOperations } from './cards.operations.ts';
import { type CardReader, findCard, lockedUntil } from './cards.queries.ts';
import { CardAnswer, CardRequest, CardView } from './cards.schema.ts';
import { KEEPERS, reachesCollector } from './people.operations.ts';
import { findCollector } from './people.queries.ts';
import { IdParams } from './registry.schema.ts';

const tag = 'people';

export type CardDeps = WriteDeps & CardReader & { programme: { timeZone: string; operatorId: string } };

export const cardRoutes = (app: FastifyInstance, deps: CardDeps): void => {
  const { issueCard, blockCard } = cardOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/card',
    operationId: 'issueCard',
    tag,
    summary: { en: 'Issue a card with a PIN, in place of an earlier one', zh: '发卡并设密码，旧卡作废' },
    access: KEEPERS,
    params: IdParams,
    body: CardRequest,
    response: CardAnswer,
    status: 201,
    errors: { 409: 'The collector is closed, restricted or erased' },
    example: { pin: '4711' },
    handler: async ({ params, body, ...from }) => {
      const pin = await deps.keyring.sealPin(body.pin);
      return write(deps, issueCard, { collectorId: params.id, pin }, from, params.id);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/card/block',
    operationId: 'blockCard',
    tag,
    summary: { en: 'Block a card that was lost', zh: '挂失停用卡' },
    access: KEEPERS,
    params: IdParams,
    response: z.object({ id: Id.nullable(), state: z.literal('blocked'), receipt: Receipt }),
    errors: { 409: 'There is no card, or it is blocked already' },
    handler: ({ params, ...from }) => write(deps, blockCard, { collectorId: params.id }, from, params.id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/collectors/:id/card',
    operationId: 'getCard',
    tag,
    summary: { en: 'Whether a collector has a card, and whether it is locked', zh: '查询收集员卡状态' },
    access: KEEPERS,
    params: IdParams,
    response: CardView,
    handler: async ({ params, caller }) => {
      const row = await findCollector(deps.db, params.id);
      if (row === undefined || !reachesCollector(caller, row)) throw notFound('collector');
      const card = await findCard(deps.db, row.id);
      if (card === undefined || card.cardHash === null)
        return { state: 'none' as const, lockedUntil: null, seq: null };
      const until = await lockedUntil(deps.pool, card.cardHash, deps.clock());
      const locked = until === null ? null : new Date(until).toISOString();
      return { state: card.state as 'active' | 'blocked', lockedUntil: locked, seq: card.seq };
    },
  });
};
