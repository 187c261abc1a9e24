import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { commandKey, route } from '../http/route.ts';
import { canonicalJson } from '../kernel/canonical.ts';
import { notFound } from '../kernel/errors.ts';
import { toHex } from '../kernel/hash.ts';
import type { Operation } from '../ledger/fact.ts';
import { PROGRAMME } from '../registry/access.ts';
import type { ConfirmationLink } from '../registry/cards.tables.ts';
import type { Collector } from '../registry/registry.tables.ts';
import { confirmationOperations } from './confirmations.operations.ts';
import { type VoiceDeps, weighInNow } from './confirmations.routes.ts';
import { ConfirmationAnswer, LinkConfirmation, LinkParams, LinkView } from './confirmations.schema.ts';
import { factOf } from './corrections.routes.ts';
import { disputeOperation } from './disputes.operations.ts';
import { DisputeAnswer, LinkDispute } from './disputes.schema.ts';
import { priceOf } from './earning.ts';
import { seenOf, seenSha256 } from './seen.ts';
import { linkExpired } from './voice.ts';

const tag = 'collection';
const EXAMPLE_HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

/** The link of this token, whose person is still there. 404 for any other. */
export const findLink = async ({ db, keyring }: VoiceDeps, token: string): Promise<ConfirmationLink> => {
  const link = await db
    .withTables<{ confirmationLinks: ConfirmationLink; collectors: Collector }>()
    .selectFrom('confirmationLinks as k')
    .innerJoin('collectors as c', 'c.id', 'k.personId')
    .selectAll('k')
    .where('k.tokenHash', '=', keyring.bearerHash('link', token))
    .where('c.state', 'not in', ['restricted', 'erased'])
    .executeTakeFirst();
  if (link === undefined) throw notFound('link');
  return link;
};

/**
 * Writes as the programme. The link and the body name the write: what is sent once more is answered once more, and
 * anything else finds the link used.
 */
const writeThrough = async <Input, Answer extends object>(
  deps: VoiceDeps,
  operation: Operation<Input, Answer>,
  input: Input,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  tokenHash: string,
) => {
  const print = toHex(deps.keyring.fingerprint(canonicalJson(request.sent ?? null)));
  const name = `link ${tokenHash} ${print}`;
  const key = commandKey(deps.keyring, operation.name, PROGRAMME, request.sent, name, deps.newId, tokenHash);
  const { answer, receipt, status, replayed } = await deps.door.record(operation, input, PROGRAMME, key);
  if (replayed) void reply.header('idempotency-replayed', 'true');
  void reply.status(status);
  return { ...answer, receipt };
};

/** What a collector does with a link, without a key. The token is all that is known of them here. */
export const linkRoutes = (app: FastifyInstance, deps: VoiceDeps): void => {
  const { confirmCollection } = confirmationOperations(deps.keyring, deps.programme);
  const disputeCollection = disputeOperation(deps.programme);
  route(app, {
    method: 'GET',
    url: '/v1/links/:token',
    operationId: 'readLink',
    tag,
    summary: {
      en: 'What was weighed, deducted and is owed, to the holder of a one-time link',
      zh: '凭一次性链接查看称重、扣杂与应付',
    },
    access: 'public',
    params: LinkParams,
    response: LinkView,
    errors: { 409: 'The link has expired' },
    handler: async ({ params }) => {
      const link = await findLink(deps, params.token);
      if (link.expiresAt <= deps.clock()) throw linkExpired(link.expiresAt);
      const fact = (await factOf(deps, link.collectionId))!;
      const now = await weighInNow(deps, fact);
      const { day, material, form } = fact.data;
      return {
        day,
        material,
        form,
        ...(seenOf(now) as Pick<LinkView, keyof ReturnType<typeof seenOf>>),
        price: priceOf(fact) ?? null,
        state: now.state,
        seenSha256: seenSha256(now),
        expiresAt: new Date(link.expiresAt).toISOString(),
        used: link.usedSeq !== null,
      };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/links/:token/confirmation',
    operationId: 'confirmThroughLink',
    tag,
    summary: { en: 'Confirm what the link shows', zh: '凭链接确认' },
    access: 'public',
    params: LinkParams,
    body: LinkConfirmation,
    response: ConfirmationAnswer,
    status: 201,
    errors: { 409: 'The link was used or has expired, or the values are others by now' },
    example: { seenSha256: EXAMPLE_HASH },
    handler: async ({ params, body, ...http }) => {
      const { tokenHash, collectionId } = await findLink(deps, params.token);
      const original = await factOf(deps, collectionId);
      const input = { original, voice: { by: 'link' as const, tokenHash }, method: 'sms' as const, ...body };
      return writeThrough(deps, confirmCollection, input, http, tokenHash);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/links/:token/dispute',
    operationId: 'disputeThroughLink',
    tag,
    summary: { en: 'Dispute what the link shows', zh: '凭链接提出异议' },
    access: 'public',
    params: LinkParams,
    body: LinkDispute,
    response: DisputeAnswer,
    status: 201,
    errors: { 409: 'The link was used or has expired, or a dispute is open' },
    example: { about: 'deduction', claimedGrams: 800, note: '没有那么多水' },
    handler: async ({ params, body, ...http }) => {
      const { tokenHash, collectionId } = await findLink(deps, params.token);
      const original = await factOf(deps, collectionId);
      return writeThrough(
        deps,
        disputeCollection,
        { original, voice: { by: 'link', tokenHash }, ...body },
        http,
        tokenHash,
      );
    },
  });
};
