import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { AnyFact, Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import { bearerOf, type CardReader } from '../registry/cards.queries.ts';
import { findById } from '../registry/registry.queries.ts';
import { collectionRecorded } from './collection.facts.ts';
import { WEIGHERS } from './collection.operations.ts';
import { confirmationOperations } from './confirmations.operations.ts';
import {
  type CardShown,
  ConfirmationAnswer,
  ConfirmationRequest,
  ConfirmationView,
  LinkAnswer,
  LinkRequest,
} from './confirmations.schema.ts';
import type { Confirmation } from './confirmations.tables.ts';
import { asRecorded } from './corrections.operations.ts';
import { type CorrectionDeps, factOf } from './corrections.routes.ts';
import type { WeighIn } from './corrections.tables.ts';
import { seenSha256 } from './seen.ts';
import type { Voice } from './voice.ts';

const tag = 'collection';
const Params = z.object({ id: Id });

export type VoiceDeps = CorrectionDeps & CardReader & { programme: { timeZone: string; operatorId: string } };

/** The weigh-in's own fact, where the caller may see it. 404 for none, or another's. */
export const visibleWeighIn = async (deps: VoiceDeps, caller: Caller, id: string): Promise<AnyFact> => {
  const fact = await factOf(deps, id);
  if (fact?.type !== collectionRecorded.type) throw notFound('weigh-in');
  const site = await findById(deps.db, 'sites', fact.data.siteId);
  if (!maySee(caller, site!.organisationId, site!.id)) throw notFound('weigh-in');
  return fact;
};

/** The voice a station's request speaks with. The weigh-in is looked at first: a card is not tried out on another's. */
export const voiceOf = async (
  deps: VoiceDeps,
  { card, collectorId }: { card?: z.infer<typeof CardShown> | undefined; collectorId?: string | undefined },
): Promise<Voice> =>
  card === undefined
    ? { by: 'station', collectorId }
    : { by: 'card', bearer: await bearerOf(deps, card), withPin: card.pin !== undefined };

/** A weigh-in as it is by now, from its fact and what corrections made of it. */
export const weighInNow = async ({ db }: VoiceDeps, fact: AnyFact) => {
  const changed = await db
    .withTables<{ weighIns: WeighIn }>()
    .selectFrom('weighIns')
    .selectAll()
    .where('lotId', '=', fact.data.lotId)
    .executeTakeFirst();
  return { ...(changed ?? asRecorded(fact)), state: changed?.state ?? ('recorded' as const) };
};

export const confirmationRoutes = (app: FastifyInstance, deps: VoiceDeps): void => {
  const { confirmCollection, issueLink } = confirmationOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/collections/:id/confirmation',
    operationId: 'confirmCollection',
    tag,
    summary: {
      en: 'A collector confirms weight, deductions and price, with card and PIN or a mark',
      zh: '收集员以卡加密码或手印确认重量、扣杂和价格',
    },
    access: WEIGHERS,
    params: Params,
    body: ConfirmationRequest,
    response: ConfirmationAnswer,
    status: 201,
    errors: {
      409: 'Confirmed already, voided, other values by now, or the card is locked',
      422: 'The card is of somebody who did not hand this in',
    },
    example: { method: 'pin', card: { number: '0000079927398713', pin: '4711' } },
    handler: async ({ params, body, ...from }) => {
      const original = await visibleWeighIn(deps, from.caller, params.id);
      const voice = await voiceOf(deps, body);
      const { method, evidence, seenSha256: seen } = body;
      const input = { original, voice, method, evidence, seenSha256: seen };
      return write(deps, confirmCollection, input, from, params.id);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collections/:id/confirmations',
    operationId: 'listConfirmations',
    tag,
    summary: {
      en: 'Whether its collectors confirmed a weigh-in as it is by now',
      zh: '称重是否经收集员确认',
    },
    access: ROLES,
    params: Params,
    response: z.object({ items: z.array(ConfirmationView) }),
    handler: async ({ params, caller }) => {
      const fact = await visibleWeighIn(deps, caller, params.id);
      const now = seenSha256(await weighInNow(deps, fact));
      const rows = await deps.db
        .withTables<{ confirmations: Confirmation }>()
        .selectFrom('confirmations')
        .selectAll()
        .where('lotId', '=', fact.data.lotId)
        .orderBy('party')
        .execute();
      const items = rows.map(({ party, method, at, seenSha256: seen, seq }) => ({
        party,
        method,
        at: new Date(at).toISOString(),
        seenSha256: seen,
        current: seen === now,
        seq,
      }));
      return { items };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/collections/:id/links',
    operationId: 'issueLink',
    tag,
    summary: {
      en: 'Make a one-time link for a collector to confirm or dispute a weigh-in',
      zh: '生成一次性链接，供收集员确认或提出异议',
    },
    access: WEIGHERS,
    params: Params,
    body: LinkRequest,
    response: LinkAnswer,
    status: 201,
    errors: { 409: 'The collector is restricted or erased', 422: 'The weigh-in names nobody' },
    example: { expiresInDays: 7 },
    handler: async ({ params, body, ...from }) => {
      const original = await visibleWeighIn(deps, from.caller, params.id);
      return write(deps, issueLink, { ...body, original }, from, params.id);
    },
  });
};
