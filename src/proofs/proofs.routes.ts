import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { idOfAccount } from '../accounts/book.ts';
import { WEIGHERS } from '../collection/collection.operations.ts';
import type { VoiceDeps } from '../collection/confirmations.routes.ts';
import { LinkParams } from '../collection/confirmations.schema.ts';
import { findLink } from '../collection/links.routes.ts';
import { linkExpired } from '../collection/voice.ts';
import { LeafProof, leafProof, Root } from '../distribution/leaf-proof.ts';
import { splitSaltOf } from '../distribution/plan.ts';
import { Receipt, route, write } from '../http/route.ts';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { toHex } from '../kernel/hash.ts';
import { Currency, Id, MAX_INTEGER, queryInteger } from '../kernel/values.ts';
import { unavailable } from '../ledger/record.ts';
import { readHead } from '../ledger/store.ts';
import { bearerOf } from '../registry/cards.queries.ts';
import { CardNumber, Pin } from '../registry/cards.schema.ts';
import { type PaidOfBatch, type ProofDeps, paidOfBatch } from './plan.ts';
import { publishProof } from './proofs.operations.ts';
import {
  batchNamed,
  forgetUncommitted,
  keepLeaves,
  leavesBehind,
  newestProof,
  paidTree,
  proofsOfAccount,
  treeBehind,
} from './proofs.queries.ts';

const tag = 'distribution';
/** Proofs shown to one person at once. */
const MOST = 100;
const Fen = z.int().meta({ description: 'Minor units.' });
const IdOrCode = z.object({
  id: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,60}$/, 'must be the id of a batch, or the code that stands on the goods')
    .meta({ description: 'Of the batch, or the code that stands on the goods.' }),
});

const ProofView = z
  .object({
    batchId: Id,
    seq: z.int().meta({ description: 'The fact that commits to it.' }),
    asOfSeq: z.int().meta({ description: 'The entry after which it holds.' }),
    currency: Currency,
    earned: Fen.nullable().meta({
      description:
        'What the batch earned those who brought its grams: its part of what each weigh-in earned, by grams and rounded down, and what second distributions credited; less the tax withheld of it. Null where fewer than five are still owed something.',
    }),
    paid: Fen.meta({
      description:
        'What of it was given at the scale, paid in cash, or confirmed by the rail. What somebody earned first is paid first.',
    }),
    owed: Fen.nullable(),
    people: z.int().meta({ description: 'Known people who were paid something of it.' }),
    count: z.int().meta({ description: 'Leaves of the tree, with those of people not known yet.' }),
    root: Root,
  })
  .meta({ id: 'PaymentProof' });

const MineView = z
  .object({
    items: z.array(
      z.object({
        code: z.string(),
        seq: z.int(),
        currency: Currency,
        amount: Fen,
        root: Root,
        proof: LeafProof.nullable().meta({
          description: 'Null where what was kept does not lead to the root in the ledger.',
        }),
      }),
    ),
  })
  .meta({ id: 'OwnPaymentProofs' });

const PublishAnswer = z
  .object({ id: Id, paid: Fen, people: z.int(), root: Root, receipt: Receipt })
  .meta({ id: 'PaymentProofPublished' });

export type ProofRouteDeps = VoiceDeps &
  ProofDeps & {
    programme: { operatorId: string; timeZone: string; currency: string };
    follower: { catchUp(): Promise<void> };
    distributions: { catchUp(): Promise<void> };
  };

/** Everything of the person's, by what nobody but they can show. */
const mine = async ({ pool, keyring, programme }: ProofRouteDeps, personId: string) => {
  const { currency } = programme;
  const accountId = idOfAccount(keyring, { kind: 'payable', currency, of: { personId } });
  const rows = await proofsOfAccount(pool, accountId, MOST);
  const items = rows.map(async (row) => {
    const { code, seq, mine: amount, root } = row;
    const proof = leafProof(await treeBehind(pool, row), accountId);
    return { code, seq, currency: row.currency, amount, root, proof };
  });
  return { items: await Promise.all(items) };
};

export const paymentProofRoutes = (app: FastifyInstance, deps: ProofRouteDeps): void => {
  const { pool, keyring, programme } = deps;
  route(app, {
    method: 'POST',
    url: '/v1/batches/:id/payment-proofs',
    operationId: 'publishPaymentProof',
    tag,
    summary: {
      en: 'Publish how much of what a batch earned its people was paid, without names',
      zh: '发布批次付款证明（不含姓名）',
    },
    access: ['operator', 'payer'],
    params: z.object({ id: Id }),
    body: z.strictObject({ id: Id.optional(), currency: Currency.optional() }).nullish(),
    response: PublishAnswer,
    status: 201,
    errors: { 409: 'Fewer than five people were paid, or stand otherwise than in the proof before' },
    example: {},
    handler: async ({ params, body, ...from }) => {
      await Promise.all([deps.follower.catchUp(), deps.distributions.catchUp()]);
      const batch = await batchNamed(pool, params.id);
      if (batch === undefined) throw notFound('batch');
      const currency = body?.currency ?? programme.currency;
      const now: PaidOfBatch | undefined = await paidOfBatch(deps, batch, currency);
      if (now === undefined) throw unavailable('not_ready', 'The shares are still being worked out.');
      const { asOfSeq, leaves } = now;
      const last = await newestProof(pool, { batchId: batch.id, currency, asOfSeq });
      const before = last === undefined ? [] : await leavesBehind(pool, last.root);
      const splitSalt = splitSaltOf(keyring, asOfSeq, `payments ${batch.id} ${currency}`);
      const root = toHex(paidTree(splitSalt, leaves).root);
      await keepLeaves(pool, root, leaves);
      const input = { batchId: batch.id, sealedSeq: batch.seq, asOfSeq, currency };
      try {
        return await write(deps, publishProof, { ...input, leaves, root, splitSalt, before }, from, batch.id);
      } finally {
        await forgetUncommitted(pool, root);
      }
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/batches/:id/payment-proof',
    operationId: 'getPaymentProof',
    tag,
    summary: {
      en: 'How much of what a batch earned its people was paid, to how many',
      zh: '批次付款证明：应得、已付、人数',
    },
    access: 'public',
    params: IdOrCode,
    query: z.strictObject({
      asOfSeq: queryInteger(0, MAX_INTEGER).optional(),
      currency: Currency.optional(),
    }),
    response: ProofView,
    errors: { 422: 'asOfSeq lies beyond the end of the ledger' },
    handler: async ({ params, query }) => {
      const last = (await readHead(pool)).size - 1;
      const upTo = query.asOfSeq ?? last;
      if (upTo > last)
        throw unprocessable('beyond_head', '/querystring/asOfSeq', 'lies beyond the end of the ledger');
      const batch = await batchNamed(pool, params.id);
      const currency = query.currency ?? programme.currency;
      const proof =
        batch === undefined
          ? undefined
          : await newestProof(pool, { batchId: batch.id, currency, asOfSeq: upTo });
      if (proof === undefined) throw notFound('published proof of payment');
      const { batchId, seq, asOfSeq, earned, paid, people, leaves: count, root } = proof;
      const owed = earned === null ? null : earned - paid;
      return { batchId, seq, asOfSeq, currency, earned, paid, owed, people, count, root };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/payment-proofs/mine',
    operationId: 'readOwnPaymentProofs',
    tag,
    summary: {
      en: 'What a collector was paid of which batch, with the way to its root, by card and PIN',
      zh: '收集员凭卡和密码查看本人付款证明',
    },
    access: WEIGHERS,
    body: z.strictObject({ card: z.strictObject({ number: CardNumber, pin: Pin }) }),
    response: MineView,
    errors: { 409: 'The card is locked' },
    example: { card: { number: '0000079927398713', pin: '4711' } },
    handler: async ({ body }) => mine(deps, (await bearerOf(deps, body.card)).personId),
  });
  route(app, {
    method: 'GET',
    url: '/v1/links/:token/payment-proofs',
    operationId: 'readPaymentProofsThroughLink',
    tag,
    summary: {
      en: 'What the holder of a one-time link was paid of which batch, with the way to its root',
      zh: '凭一次性链接查看本人付款证明',
    },
    access: 'public',
    params: LinkParams,
    response: MineView,
    errors: { 409: 'The link has expired' },
    handler: async ({ params }) => {
      const link = await findLink(deps, params.token);
      if (link.expiresAt <= deps.clock()) throw linkExpired(link.expiresAt);
      return mine(deps, link.personId);
    },
  });
};
