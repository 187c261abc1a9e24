import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { pageOf, readCursor, toPage } from '../http/page.ts';
import { confirmedInside } from '../http/prepared.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn, instant } from '../kernel/time.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { CLAIMERS, claimOperations } from './claims.operations.ts';
import { findClaim, listClaims, prepareRetirement } from './claims.queries.ts';
import * as schema from './claims.schema.ts';
import type { Claim } from './claims.tables.ts';
import { retireOperation, textOf, useInProduct } from './retire.ts';

const tag = 'claims';
const STATEMENT = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001';
const OTHER = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002';

export type ClaimDeps = WriteDeps & {
  db: Reader;
  programme: { operatorId: string; timeZone: string };
  follower: { catchUp(): Promise<void> };
};

/** Ranges as they are shown. */
export const toSerials = (ranges: Claim['ranges']) =>
  ranges.map(([firstGram, lastGram]) => ({ firstGram, lastGram }));

const toView = (claim: Claim): z.input<typeof schema.ClaimView> => {
  const { sellerId: _, lastSeq, ranges, before: _b, reservedUntil, changedAt, retirement, ...said } = claim;
  return {
    ...said,
    serials: toSerials(ranges),
    reservedUntil: reservedUntil === null ? null : instant(reservedUntil),
    changedAt: instant(changedAt),
    retirement: retirement && { ...retirement, at: instant(retirement.at) },
    seq: lastSeq,
  };
};

const WRONG_STATE = 'In another state, or a statement of it does not hold; the answer says which';

export const claimRoutes = (app: FastifyInstance, deps: ClaimDeps): void => {
  const { programme } = deps;
  const yearOf = (ms: number): number => Number(dayIn(programme.timeZone, ms).slice(0, 4));
  const { reserve, issue, transfer, cancel } = claimOperations(programme);
  const retire = retireOperation(programme, yearOf);
  const post = { tag, method: 'POST', access: CLAIMERS, status: 201, response: schema.ClaimAnswer } as const;
  const on = { ...post, params: schema.IdParams } as const;

  route(app, {
    ...post,
    url: '/v1/claims',
    operationId: 'reserveClaim',
    summary: { en: 'Reserve grams of a statement for a claim', zh: '预留声明额度' },
    body: schema.ClaimRequest,
    errors: {
      409: 'More grams than are left, which the answer names; or a statement does not hold',
      422: 'An unknown statement, or several that cannot be claimed together',
    },
    example: { statementIds: [STATEMENT], grams: 6_000_000 },
    handler: ({ body, ...from }) => write(deps, reserve, body, from),
  });
  route(app, {
    ...on,
    url: '/v1/claims/:id/issue',
    operationId: 'issueClaim',
    summary: { en: 'Issue a reserved claim', zh: '签发声明额度' },
    errors: { 409: WRONG_STATE },
    handler: ({ params, ...from }) => write(deps, issue, { claimId: params.id }, from, params.id),
  });
  route(app, {
    ...on,
    url: '/v1/claims/:id/transfer',
    operationId: 'transferClaim',
    summary: { en: 'Hand a claim, or a part of it, to another holder', zh: '转让声明额度' },
    body: schema.TransferRequest,
    errors: { 409: WRONG_STATE, 422: 'An unknown organisation, or content without the papers of its goods' },
    example: { toOrganisationId: OTHER, goods: { reference: 'DN-2026-118' } },
    handler: ({ params, body, ...from }) =>
      write(deps, transfer, { ...body, claimId: params.id }, from, params.id),
  });
  route(app, {
    ...on,
    url: '/v1/claims/:id/retire',
    operationId: 'retireClaim',
    summary: {
      en: 'Retire a claim: content into a product, an offset for somebody',
      zh: '使用并注销声明额度：含量计入产品，抵偿归于受益方',
    },
    body: schema.RetireRequest,
    errors: {
      409: 'More units than the claim covers, or a text that may not be made; the answer says why',
      422: 'An unknown product or organisation',
    },
    example: { productId: OTHER, consent: 'Chen Wei, by letter of 2026-11-20' },
    handler: ({ params, body, ...from }) =>
      confirmedInside(async () => {
        await deps.follower.catchUp();
        const found = await prepareRetirement(deps.db, params.id, body.productId);
        const input = { ...body, claimId: params.id, prepared: found?.prepared ?? null };
        return write(deps, retire, input, from, params.id);
      }),
  });
  route(app, {
    ...on,
    url: '/v1/claims/:id/cancel',
    operationId: 'cancelClaim',
    summary: {
      en: 'Release what was reserved, or give up for good what was issued',
      zh: '释放预留额度，或永久放弃已签发额度',
    },
    body: schema.EndRequest,
    errors: { 409: WRONG_STATE },
    example: { reason: '订单取消' },
    handler: ({ params, body, ...from }) =>
      write(deps, cancel, { ...body, claimId: params.id }, from, params.id),
  });
  readingRoutes(app, deps, yearOf);
};

const readingRoutes = (app: FastifyInstance, deps: ClaimDeps, yearOf: (ms: number) => number): void => {
  const get = { tag, method: 'GET', access: ROLES } as const;
  route(app, {
    ...get,
    url: '/v1/claims',
    operationId: 'listClaims',
    summary: { en: 'Claims', zh: '声明额度列表' },
    query: schema.ClaimsQuery,
    response: pageOf(schema.ClaimView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listClaims(deps.db, caller, query, after, limit);
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
  route(app, {
    ...get,
    url: '/v1/claims/:id',
    operationId: 'getClaim',
    summary: { en: 'A claim', zh: '声明额度' },
    params: schema.IdParams,
    response: schema.ClaimView,
    handler: async ({ params, caller }) => {
      const found = await findClaim(deps.db, caller, params.id);
      if (found === undefined) throw notFound('claim');
      return toView(found);
    },
  });
  route(app, {
    ...get,
    url: '/v1/claims/:id/text',
    operationId: 'getClaimText',
    summary: {
      en: 'What may be said of a claim on a product, before it is retired',
      zh: '产品上可用的声明文字（使用前预览）',
    },
    params: schema.IdParams,
    query: schema.TextQuery,
    response: schema.TextView,
    errors: { 409: 'Nothing may be said; the answer says why', 422: 'An unknown product' },
    handler: async ({ params, query: { productId, market }, caller }) => {
      const seen = await findClaim(deps.db, caller, params.id);
      if (seen === undefined) throw notFound('claim');
      await deps.follower.catchUp();
      const found = await prepareRetirement(deps.db, params.id, productId);
      if (found === null || (found.product !== null && found.product.saleId !== seen.saleId))
        throw unprocessable('unknown_product', '/querystring/productId', 'no such product of these grams');
      const { claim, named, product, prepared } = found;
      if (claim.exclusionGroup === 'content' && product === null)
        throw unprocessable(
          'product_needed',
          '/querystring/productId',
          'must be given: content ends in a product',
        );
      if (named.some(({ code }) => code === null))
        throw conflict('statement_not_issued', 'A statement of this claim was not issued.', {
          claimId: claim.id,
        });
      const use =
        claim.exclusionGroup === 'content'
          ? useInProduct(product!, named, claim.grams)
          : { grams: claim.grams, basisPoints: null, market: '' };
      const grams = use.grams!;
      const where = market ?? use.market;
      const { basisPoints } = use;
      const text = textOf(named, prepared, { basisPoints, grams, market: where, timeZoneYear: yearOf });
      return { text, basisPoints, grams, market: where === '' ? null : where };
    },
  });
};
