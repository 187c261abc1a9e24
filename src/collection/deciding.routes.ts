import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { instant } from '../kernel/time.ts';
import { Id, note } from '../kernel/values.ts';
import type { Queryable } from '../ledger/store.ts';
import { WEIGHERS } from './collection.operations.ts';
import { factOf } from './corrections.routes.ts';
import { DECIDERS, decidingOperations } from './deciding.operations.ts';
import { listWaiting } from './deciding.queries.ts';

const tag = 'collection';
const Params = z.object({ id: Id });

const PremiumRequest = z
  .strictObject({
    outcome: z.enum(['owed', 'refused']),
    reason: note(2_000).optional().meta({ description: 'In the language of the collector.' }),
  })
  .refine(({ outcome, reason }) => outcome === 'owed' || reason !== undefined, {
    path: ['reason'],
    message: 'is needed when it is refused: write it in the language of the collector',
  });
const PremiumAnswer = z
  .object({ id: Id, outcome: z.enum(['owed', 'refused', 'undecided']), receipt: Receipt })
  .meta({ id: 'PremiumDecided' });
const NamingRequest = z.strictObject({ collectorId: Id, reason: note(2_000) });
const NamingAnswer = z
  .object({ id: Id, collectorId: Id.nullable(), receipt: Receipt })
  .meta({ id: 'CollectionNamed' });
const WaitingView = z
  .object({
    collectionId: Id,
    siteId: Id,
    seq: z.int(),
    amount: z.int().meta({ description: 'Minor units that wait for a decision.' }),
    dueAt: z.string().meta({ description: 'Undecided then, the programme pays.' }),
  })
  .meta({ id: 'ProvisionalEarning' });

export type DecidingDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  programme: { operatorId: string; timeZone: string; currency: string };
};

export const decidingRoutes = (app: FastifyInstance, deps: DecidingDeps): void => {
  const { decidePremium, nameCollection } = decidingOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'GET',
    url: '/v1/provisional-earnings',
    operationId: 'listProvisionalEarnings',
    tag,
    summary: { en: 'What is owed provisionally and waits for a decision', zh: '列出待裁定的暂记应付' },
    access: [...DECIDERS, 'station', 'auditor'],
    query: PageQuery,
    response: pageOf(WaitingView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listWaiting(deps.db, caller, after, limit);
      return toPage(
        rows,
        limit,
        ({ seq }) => seq,
        ({ collectionId, siteId, seq, parts, dueAt }) => ({
          ...{ collectionId, siteId, seq, dueAt: instant(dueAt) },
          amount: parts.reduce((sum, part) => sum + part.amount, 0),
        }),
        http,
      );
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/collections/:id/premium',
    operationId: 'decidePremium',
    tag,
    summary: { en: 'Decide whether what waits is owed', zh: '裁定暂记应付' },
    access: DECIDERS,
    params: Params,
    body: PremiumRequest,
    response: PremiumAnswer,
    status: 201,
    errors: { 409: 'Nothing waits, or it was decided' },
    example: { outcome: 'owed' },
    handler: async ({ params, body, ...from }) =>
      write(deps, decidePremium, { ...body, original: await factOf(deps, params.id) }, from, params.id),
  });
  route(app, {
    method: 'POST',
    url: '/v1/collections/:id/naming',
    operationId: 'nameCollection',
    tag,
    summary: { en: 'Say who brought a weigh-in that named nobody', zh: '认领：确认称重归属' },
    access: WEIGHERS,
    params: Params,
    body: NamingRequest,
    response: NamingAnswer,
    status: 201,
    errors: { 409: 'It names somebody', 422: 'Unknown collector' },
    example: { collectorId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a003', reason: '凭袋标与存根' },
    handler: async ({ params, body, ...from }) =>
      write(deps, nameCollection, { ...body, original: await factOf(deps, params.id) }, from, params.id),
  });
};
