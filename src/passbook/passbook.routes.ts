import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { VoiceDeps } from '../collection/confirmations.routes.ts';
import { CardShown, ConfirmationAnswer, LinkConfirmation } from '../collection/confirmations.schema.ts';
import { claimFits, DisputeAnswer, LinkDispute, MISFIT } from '../collection/disputes.schema.ts';
import { PageQuery, readCursor, toPage } from '../http/page.ts';
import { Receipt, route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { KEEPERS } from '../registry/people.operations.ts';
import { IdParams } from '../registry/registry.schema.ts';
import { closePass, findPass, type OpeningDeps, openPassbook } from './opening.ts';
import { passbookLinkOperation } from './passbook.operations.ts';
import { type PassbookReader, passbookPage, readAccount } from './passbook.queries.ts';
import { PassbookView } from './passbook.schema.ts';
import { speakingWith } from './speaking.ts';

const tag = 'passbook';
/** Bags on a page unless said. */
export const BAGS_A_PAGE = 50;
export const PassParams = z.object({ pass: z.string().min(1).max(100) });

const Opening = z
  .strictObject({
    card: CardShown.optional(),
    link: z.string().min(1).max(100).optional().meta({ description: 'The token of a one-time link.' }),
  })
  .refine(({ card, link }) => (card === undefined) !== (link === undefined), 'name either card or link')
  .refine(({ card }) => card === undefined || card.pin !== undefined, {
    path: ['card', 'pin'],
    message: 'is needed to open a passbook',
  });

const LinkRequest = z.strictObject({
  id: Id.optional(),
  expiresInDays: z.int().min(1).max(30).optional().meta({ description: '7 unless said.' }),
});
const LinkAnswer = z
  .object({
    id: Id,
    token: z.string().nullable().meta({ description: 'Shown once; null when the answer is repeated.' }),
    path: z.string().nullable().meta({ description: 'What follows the address of this server.' }),
    expiresAt: z.string(),
    receipt: Receipt,
  })
  .meta({ id: 'PassbookLink' });

/** Which figures go with which question is told by the same rule as for a link. */
export const PassbookDispute = z
  .strictObject({ collectionId: Id, ...LinkDispute.shape })
  .refine(({ about, claimedGrams }) => claimFits({ about, claimedGrams }), MISFIT);

export type PassbookDeps = VoiceDeps &
  OpeningDeps &
  PassbookReader & { programme: PassbookReader['programme'] };

export const passbookRoutes = (app: FastifyInstance, deps: PassbookDeps): void => {
  const issueLink = passbookLinkOperation(deps.keyring, deps.programme);
  const speaking = speakingWith(deps);
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/passbook-links',
    operationId: 'issuePassbookLink',
    tag,
    summary: {
      en: 'Make a one-time link to a collector’s passbook, for all their open weigh-ins',
      zh: '生成收集员存折的一次性链接，可处理其全部待确认称重',
    },
    access: KEEPERS,
    params: IdParams,
    body: LinkRequest,
    response: LinkAnswer,
    status: 201,
    errors: { 409: 'The collector is restricted or erased' },
    example: { expiresInDays: 7 },
    handler: async ({ params, body, ...from }) => {
      const answer = await write(deps, issueLink, { ...body, collectorId: params.id }, from, params.id);
      return { ...answer, path: answer.token === null ? null : `/b/${answer.token}` };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/passbooks',
    operationId: 'openPassbook',
    tag,
    summary: {
      en: 'A collector opens their passbook with card and PIN, or with a one-time link, for a quarter of an hour',
      zh: '收集员凭卡和密码或一次性链接打开存折，十五分钟有效',
    },
    access: 'public',
    body: Opening,
    response: z.object({
      pass: z.string().meta({ description: 'A secret: it opens the passbook until it expires.' }),
      expiresAt: z.string(),
    }),
    errors: {
      403: 'The card or its PIN is not right',
      404: 'The link was used, has expired, or never was',
      409: 'The card is locked',
      429: 'Too many wrong tries from this address',
    },
    example: { card: { number: '0000079927398713', pin: '4711' } },
    handler: async ({ body, request, reply }) => {
      const key =
        body.link === undefined
          ? { card: body.card as { number: string; pin: string } }
          : { link: body.link };
      const { token, expiresAt } = await openPassbook(deps, key, request.ip);
      void reply.header('cache-control', 'no-store');
      return { pass: token, expiresAt: instant(expiresAt) };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/passbooks/:pass',
    operationId: 'readPassbook',
    tag,
    summary: {
      en: 'What each bag earned and what became of it, what was paid and is owed, month by month',
      zh: '每袋所得与去向、已付与应付、按月收入',
    },
    access: 'public',
    params: PassParams,
    query: PageQuery,
    response: PassbookView,
    handler: async ({ params, query, ...http }) => {
      const pass = await findPass(deps, params.pass);
      const { after, limit } = readCursor({ limit: BAGS_A_PAGE, ...query });
      const account = await readAccount(deps, pass.personId);
      if (account === undefined) throw notFound('passbook');
      const { items, more, ...shown } = await passbookPage(deps, account, after + 1, limit);
      void http.reply.header('cache-control', 'no-store');
      const last = after + items.length;
      const { nextCursor } = toPage(
        more ? [...items, null] : items,
        limit,
        () => last,
        (row) => row,
        http,
      );
      return { ...shown, expiresAt: instant(pass.expiresAt), items, nextCursor };
    },
  });
  route(app, {
    method: 'DELETE',
    url: '/v1/passbooks/:pass',
    operationId: 'closePassbook',
    tag,
    summary: { en: 'Close an open passbook', zh: '关闭存折' },
    access: 'public',
    params: PassParams,
    response: z.object({ closed: z.literal(true) }),
    handler: async ({ params }) => {
      await closePass(deps, params.pass);
      return { closed: true as const };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/passbooks/:pass/confirmations',
    operationId: 'confirmThroughPassbook',
    tag,
    summary: { en: 'Confirm one of the open weigh-ins', zh: '凭存折确认称重' },
    access: 'public',
    params: PassParams,
    body: LinkConfirmation.extend({ collectionId: Id }),
    response: ConfirmationAnswer,
    status: 201,
    errors: {
      403: 'The card was replaced or blocked',
      409: 'Confirmed already, voided, or other values by now',
    },
    example: {
      collectionId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001',
      seenSha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
    handler: async ({ params, body, reply }) =>
      speaking.confirm(await findPass(deps, params.pass), body, reply),
  });
  route(app, {
    method: 'POST',
    url: '/v1/passbooks/:pass/disputes',
    operationId: 'disputeThroughPassbook',
    tag,
    summary: { en: 'Dispute one of the weigh-ins', zh: '凭存折提出异议' },
    access: 'public',
    params: PassParams,
    body: PassbookDispute,
    response: DisputeAnswer,
    status: 201,
    errors: { 403: 'The card was replaced or blocked', 409: 'A dispute of it is open' },
    example: {
      ...{ collectionId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001', about: 'deduction' },
      ...{ claimedGrams: 800, note: '没有那么多水' },
    },
    handler: async ({ params, body, reply }) =>
      speaking.dispute(await findPass(deps, params.pass), body, reply),
  });
};
