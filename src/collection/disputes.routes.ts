import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route, write } from '../http/route.ts';
import { unprocessable } from '../kernel/errors.ts';
import { Id, MAX_INTEGER, queryInteger } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { unavailable } from '../ledger/record.ts';
import { findById } from '../registry/registry.queries.ts';
import { WEIGHERS } from './collection.operations.ts';
import { type VoiceDeps, visibleWeighIn, voiceOf } from './confirmations.routes.ts';
import { disputeOperation } from './disputes.operations.ts';
import { disputeFigure, disputesOf } from './disputes.queries.ts';
import { DisputeAnswer, DisputeFigure, DisputeRequest, DisputeView } from './disputes.schema.ts';

const tag = 'collection';
const Params = z.object({ id: Id });

export type DisputeDeps = VoiceDeps & {
  follower: { position: number; catchUp(): Promise<void>; reaches(seq: number): Promise<boolean> };
};

export const disputeRoutes = (app: FastifyInstance, deps: DisputeDeps): void => {
  const disputeCollection = disputeOperation(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/collections/:id/dispute',
    operationId: 'disputeCollection',
    tag,
    summary: {
      en: 'A collector disputes a weigh-in, with a card or through somebody who says so',
      zh: '收集员对称重提出异议，可持卡或由他人代提',
    },
    access: WEIGHERS,
    params: Params,
    body: DisputeRequest,
    response: DisputeAnswer,
    status: 201,
    errors: {
      409: 'A dispute of it is open, or the card is locked',
      422: 'The card is of somebody who did not hand this in',
    },
    example: { about: 'weight', claimedGrams: 12_400, note: '秤没有归零' },
    handler: async ({ params, body, ...from }) => {
      const original = await visibleWeighIn(deps, from.caller, params.id);
      const voice = await voiceOf(deps, body);
      const { about, claimedGrams, note } = body;
      return write(deps, disputeCollection, { original, voice, about, claimedGrams, note }, from, params.id);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collections/:id/disputes',
    operationId: 'listDisputes',
    tag,
    summary: { en: 'The disputes of a weigh-in and their answers', zh: '称重的异议及答复' },
    access: ROLES,
    params: Params,
    response: z.object({ items: z.array(DisputeView) }),
    handler: async ({ params, caller }) => {
      const { data } = await visibleWeighIn(deps, caller, params.id);
      const { organisationId } = (await findById(deps.db, 'sites', data.siteId))!;
      const weighIn = { lotId: data.lotId, organisationId };
      return { items: await disputesOf(deps, caller, weighIn, deps.clock()) };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/disputes/summary',
    operationId: 'getDisputeFigure',
    tag,
    summary: { en: 'How many disputes there are, and how they were answered', zh: '异议统计' },
    access: 'public',
    query: z.strictObject({ asOfSeq: queryInteger(0, MAX_INTEGER).optional() }),
    response: DisputeFigure,
    errors: { 422: 'asOfSeq lies beyond the end of the ledger' },
    handler: async ({ query: { asOfSeq } }) => {
      const { db, pool, follower } = deps;
      await (asOfSeq === undefined ? follower.catchUp() : follower.reaches(asOfSeq));
      const figure = await disputeFigure(db, pool, asOfSeq ?? follower.position - 1);
      if (figure === undefined)
        throw unprocessable('beyond_head', '/querystring/asOfSeq', 'lies beyond the end of the ledger');
      if (follower.position <= figure.asOfSeq)
        throw unavailable('not_ready', 'That entry is still being read; ask again in a second.');
      return figure;
    },
  });
};
