import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { assertVisible } from '../accounts/accounts.routes.ts';
import { idOfAccount } from '../accounts/book.ts';
import { treeOfDistribution } from '../distribution/distribution.queries.ts';
import { LeafProof, leafProof, Root } from '../distribution/leaf-proof.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, write } from '../http/route.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { Currency, Id } from '../kernel/values.ts';
import { unavailable } from '../ledger/record.ts';
import { type Queryable, readHead } from '../ledger/store.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import { FUND_KEEPERS } from './fund.operations.ts';
import { giftCredits, listGifts, peopleBehind, readGift, sealedBatches } from './fund.queries.ts';
import type { FundDeps } from './fund.routes.ts';
import { type BasisRequest, GiftAnswer, GiftDecision, GiftRequest, GiftView } from './fund.schema.ts';
import type { FundGift, GiftBasis } from './fund.tables.ts';
import { giftOperations } from './gifts.operations.ts';
import { vectorFor } from './settle.ts';

const tag = 'fund';
const Params = z.object({ id: Id });
const READERS = [...FUND_KEEPERS, 'auditor'] as const;

const Leaf = z
  .object({
    seq: z.int(),
    currency: Currency,
    amount: z.int().meta({ description: 'Minor units.' }),
    root: Root,
    proof: LeafProof.nullable().meta({ description: 'Null while it is being credited.' }),
  })
  .meta({ id: 'FundLeaf' });

const toView = (gift: FundGift): z.input<typeof GiftView> => {
  const { id, seq, state, kind, amount, currency, total, basis, units, people, maker, checker, root } = gift;
  return {
    ...{ id, seq, state, kind, total, units, people, root },
    amount: { amount, currency },
    basis: basis?.of ?? null,
    maker: maker.holder,
    checker: checker?.holder ?? null,
  };
};

/** The basis with the positions it is read at. 422 for a batch there is none of, or a period that ends before it begins. */
const basisOf = async (pool: Queryable, asked: BasisRequest): Promise<GiftBasis> => {
  if (asked.of === 'shares') return { of: 'shares' };
  if (asked.of === 'period') {
    if (asked.to < asked.from)
      throw unprocessable('period_ends_first', '/basis/to', 'must not lie before from');
    return { ...asked, asOfSeq: (await readHead(pool)).size - 1 };
  }
  const found = await sealedBatches(pool, asked.batchIds);
  const batches = asked.batchIds.map((id, i) => {
    const batch = found.find((row) => row.id === id);
    if (batch === undefined || asked.batchIds.indexOf(id) < i)
      throw unprocessable(
        'unknown_batch',
        `/basis/batchIds/${i}`,
        'no such sealed batch, or it is named twice',
      );
    return batch;
  });
  return { of: 'batches', batches };
};

/** Reads before the door by what a gift is split. 409 `too_few_people`: what the fund gives is public. */
const prepared = async (
  deps: FundDeps,
  asked: BasisRequest,
): Promise<{ basis: GiftBasis; people: number }> => {
  const { pool } = deps;
  const basis = await basisOf(pool, asked);
  let people: number;
  if (asked.of === 'shares') people = new Set(asked.shares.map(({ collectorId }) => collectorId)).size;
  else {
    await deps.follower.catchUp();
    const vector = await vectorFor(pool, basis as Exclude<GiftBasis, { of: 'shares' }>);
    if (vector === undefined) throw unavailable('not_ready', 'The shares are still being worked out.');
    people = await peopleBehind(pool, vector.keys);
  }
  if (people < FEWEST_PEOPLE)
    throw conflict(
      'too_few_people',
      `What the fund gives is public, so it goes to ${FEWEST_PEOPLE} people or more: name more batches, a longer period, or more people.`,
      { people },
    );
  return { basis, people };
};

export const giftRoutes = (app: FastifyInstance, deps: FundDeps): void => {
  const { propose, approve, reject } = giftOperations(deps.keyring, deps.programme);
  readingRoutes(app, deps);
  route(app, {
    method: 'POST',
    url: '/v1/fund/proposals',
    operationId: 'proposeFundGift',
    tag,
    summary: {
      en: 'Propose what the fund gives: money by shares, or goods, a service, an insurance',
      zh: '提出共富基金分配方案（资金或实物）',
    },
    access: FUND_KEEPERS,
    body: GiftRequest,
    response: GiftAnswer,
    status: 201,
    errors: {
      409: 'Nobody holds the fund, it has less than that, or fewer than five people would get something',
      422: 'No such batch, deposit or collector, or neither an amount nor a part of a deposit',
    },
    example: {
      kind: 'money',
      amount: { amount: 6_030_000, currency: 'CNY' },
      basis: { of: 'batches', batchIds: ['0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001'] },
      description: '首笔蓝碳交易收益，按批次份额分给收集员',
    },
    handler: async ({ body, ...from }) => {
      const read = body.kind === 'money' ? await prepared(deps, body.basis) : null;
      return write(deps, propose, { ...body, read }, from);
    },
  });
  for (const [deed, operation, operationId, summary] of [
    [
      'approve',
      approve,
      'approveFundGift',
      { en: 'Approve a proposal that another person made', zh: '批准共富基金分配方案' },
    ],
    ['reject', reject, 'rejectFundGift', { en: 'Reject a proposal of the fund', zh: '驳回共富基金分配方案' }],
  ] as const)
    route(app, {
      method: 'POST',
      url: `/v1/fund/proposals/:id/${deed}`,
      operationId,
      tag,
      summary,
      access: FUND_KEEPERS,
      params: Params,
      body: GiftDecision,
      response: GiftAnswer,
      status: 201,
      errors: { 409: 'It was decided already' },
      example: {},
      handler: ({ params, body, ...from }) =>
        write(deps, operation, { giftId: params.id, reason: body?.reason }, from, params.id),
    });
};

const readingRoutes = (app: FastifyInstance, deps: FundDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/fund/proposals',
    operationId: 'listFundProposals',
    tag,
    summary: { en: 'List what was proposed to give', zh: '列出共富基金分配方案' },
    access: READERS,
    query: PageQuery,
    response: pageOf(GiftView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      return toPage(await listGifts(deps.pool, after, limit), limit, ({ seq }) => seq, toView, http);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/fund/proposals/:id',
    operationId: 'getFundProposal',
    tag,
    summary: { en: 'Read what was proposed to give, and how it stands', zh: '查看共富基金分配方案' },
    access: READERS,
    params: Params,
    response: GiftView,
    handler: async ({ params }) => {
      const gift = await readGift(deps.pool, params);
      if (gift === undefined) throw notFound('proposal of the fund');
      return toView(gift);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collectors/:id/fund-distributions',
    operationId: 'getCollectorFundDistributions',
    tag,
    summary: {
      en: 'What a collector got from the fund, each with its proof',
      zh: '收集员的共富基金分配及证明',
    },
    access: ['operator', 'station', 'payer', 'auditor'],
    params: Params,
    query: PageQuery.extend({ currency: Currency.optional() }),
    response: pageOf(Leaf),
    handler: async ({ params, query, caller, ...http }) => {
      await assertVisible(deps, caller, params.id);
      await deps.distributions.catchUp();
      const currency = query.currency ?? deps.programme.currency;
      const of = { personId: params.id };
      const accountId = idOfAccount(deps.keyring, { kind: 'payable', currency, of });
      const { after, limit } = readCursor(query);
      const rows = await giftCredits(deps.pool, accountId, after, limit);
      const { items, nextCursor } = toPage(
        rows,
        limit,
        (row) => row.givenSeq!,
        (row) => row,
        http,
      );
      const leaves = items.map(async (row) => {
        const { id, splitSalt, parts, written } = row;
        const of = { id, splitSalt: splitSalt!, parts: parts!, written: written! };
        const proof = leafProof(await treeOfDistribution(deps.pool, of), accountId);
        return { seq: row.givenSeq!, currency, amount: row.credited, root: row.root!, proof };
      });
      return { nextCursor, items: await Promise.all(leaves) };
    },
  });
};
