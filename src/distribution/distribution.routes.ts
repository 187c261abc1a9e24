import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { assertVisible } from '../accounts/accounts.routes.ts';
import { idOfAccount } from '../accounts/book.ts';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import type { Clock } from '../kernel/time.ts';
import { Currency, Id } from '../kernel/values.ts';
import { INCOME_KINDS, ROLES } from '../kernel/vocabulary.ts';
import type { Queryable } from '../ledger/store.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import { findBatch, seesMoney } from '../resale/resale.queries.ts';
import {
  type CreditedTo,
  creditsOf,
  distributionsOf,
  listRules,
  treeOfDistribution,
} from './distribution.queries.ts';
import type { Distribution } from './distribution.tables.ts';
import { LeafProof, leafProof, Root } from './leaf-proof.ts';
import { publishRule, RuleAnswer, RuleRequest } from './rules.ts';
import { BasesShape, HoldBack, Share } from './split.ts';

const tag = 'distribution';
const IdParams = z.object({ id: Id });
const Fen = z.int().meta({ description: 'Minor units.' });

const RuleView = z
  .object({
    id: Id,
    version: z.int(),
    seq: z.int(),
    shares: z.array(Share),
    holdBack: HoldBack,
    vatBasisPoints: z.int().nullable(),
    income: z.enum(INCOME_KINDS).meta({ description: 'What it is to collectors.' }),
  })
  .meta({ id: 'DistributionRule' });

const DistributionView = z
  .object({
    seq: z.int(),
    receiptSeq: z.int(),
    ruleVersion: z.int(),
    currency: Currency,
    root: Root,
    state: z.enum(['being-credited', 'credited']),
    money: z
      .object({
        added: BasesShape.meta({ description: 'What the receipt added to each base.' }),
        total: Fen,
        collectors: Fen,
        fund: Fen,
        operator: Fen,
        heldBack: Fen.meta({ description: 'Of what fund and operator get, kept for returns.' }),
      })
      .nullable()
      .meta({ description: 'To seller, operator and auditor only.' }),
    people: z.int().nullable().meta({ description: 'Null for fewer than five.' }),
  })
  .meta({ id: 'Distribution' });

const Leaf = z
  .object({
    seq: z.int(),
    batchId: Id,
    receiptSeq: z.int(),
    currency: Currency,
    amount: Fen.meta({ description: 'Before tax, as the root commits to it.' }),
    tax: z
      .object({ vat: Fen, incomeTax: Fen })
      .meta({ description: 'Withheld of the amount, as it stands now.' }),
    root: Root,
    proof: LeafProof.nullable().meta({
      description: 'Null while it is being credited, and where fewer than five were paid.',
    }),
  })
  .meta({ id: 'DistributionLeaf' });

export type DistributionDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  clock: Clock;
  programme: { currency: string };
  distributions: { catchUp(): Promise<void> };
};

const toView = (row: Distribution, showsMoney: boolean): z.input<typeof DistributionView> => {
  const { seq, receiptSeq, version: ruleVersion, currency, root, collectors, fund, operator } = row;
  return {
    ...{ seq, receiptSeq, ruleVersion, currency, root },
    state: row.written < row.parts ? 'being-credited' : 'credited',
    money: showsMoney
      ? {
          ...{ added: row.bases, total: collectors + fund + operator, collectors, fund, operator },
          heldBack: row.heldFund + row.heldOperator,
        }
      : null,
    people: row.people < FEWEST_PEOPLE ? null : row.people,
  };
};

/** A person's leaf with its way to the root. Sums on the way would tell what others got, were there few of them. */
const toLeaf = async (db: Queryable, accountId: string, row: CreditedTo): Promise<z.input<typeof Leaf>> => {
  const { seq, batchId, receiptSeq, currency, amount, vat, incomeTax, root } = row;
  const tree = row.people < FEWEST_PEOPLE ? undefined : await treeOfDistribution(db, row);
  const proof = leafProof(tree, accountId);
  return { seq, batchId, receiptSeq, currency, amount, tax: { vat, incomeTax }, root, proof };
};

export const distributionRoutes = (app: FastifyInstance, deps: DistributionDeps): void => {
  route(app, {
    method: 'POST',
    url: '/v1/distribution-rules',
    operationId: 'publishDistributionRule',
    tag,
    summary: { en: 'Publish who gets which part of a batch’s money', zh: '发布二次返利规则' },
    access: publishRule.roles as ['operator'],
    body: RuleRequest,
    response: RuleAnswer,
    status: 201,
    errors: {
      409: 'The id was used for something else',
      422: 'More than the whole, or a base without its rate or price',
    },
    example: {
      shares: [
        { to: 'collectors', basisPoints: 6_000, base: 'margin-after-costs' },
        { to: 'fund', basisPoints: 2_000, base: 'margin-after-costs' },
        { to: 'operator', basisPoints: 2_000, base: 'margin-after-costs' },
      ],
      holdBack: { basisPoints: 1_000, days: 90 },
    },
    handler: ({ body, ...from }) => write(deps, publishRule, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/distribution-rules',
    operationId: 'listDistributionRules',
    tag,
    summary: { en: 'Every rule there was; each holds until the next', zh: '历次二次返利规则' },
    access: 'public',
    query: PageQuery,
    response: pageOf(RuleView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listRules(deps.pool, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        ({ lastSeq: _, reference: __, ...rule }) => rule,
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/batches/:id/distributions',
    operationId: 'getBatchDistributions',
    tag,
    summary: {
      en: 'What of a batch’s money was shared out, receipt by receipt',
      zh: '批次二次返利，逐笔收款',
    },
    access: ROLES,
    params: IdParams,
    query: PageQuery,
    response: pageOf(DistributionView),
    handler: async ({ params, query, caller, ...http }) => {
      await deps.distributions.catchUp();
      const batch = await findBatch(deps.db, caller, params.id, deps.clock());
      if (batch === undefined) throw notFound('batch');
      const { after, limit } = readCursor(query);
      const rows = await distributionsOf(deps.pool, batch.id, after, limit);
      const showsMoney = seesMoney(caller, batch);
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => toView(row, showsMoney),
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collectors/:id/distributions',
    operationId: 'getCollectorDistributions',
    tag,
    summary: {
      en: 'What a collector got when batches sold well, each with its proof',
      zh: '收集员的二次返利及证明',
    },
    access: ['operator', 'station', 'payer', 'auditor'],
    params: IdParams,
    query: PageQuery.extend({ currency: Currency.optional() }),
    response: pageOf(Leaf),
    handler: async ({ params, query, caller, ...http }) => {
      await assertVisible(deps, caller, params.id);
      await deps.distributions.catchUp();
      const currency = query.currency ?? deps.programme.currency;
      const accountId = idOfAccount(deps.keyring, {
        kind: 'payable',
        currency,
        of: { personId: params.id },
      });
      const { after, limit } = readCursor(query);
      const rows = await creditsOf(deps.pool, accountId, after, limit);
      const page = toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => row,
        http,
      );
      return {
        ...page,
        items: await Promise.all(page.items.map((row) => toLeaf(deps.pool, accountId, row))),
      };
    },
  });
};
