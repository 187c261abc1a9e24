import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { findAccount } from '../accounts/accounts.queries.ts';
import { idOfAccount } from '../accounts/book.ts';
import { route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { readFactsAt } from '../ledger/store.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import type { ClaimantPart } from './balance-claims.facts.ts';
import { balanceClaimOperations, type Whose } from './balance-claims.operations.ts';
import {
  BalanceClaimAnswer,
  BalanceClaimDecision,
  BalanceClaimRequest,
  BalanceClaimView,
} from './balance-claims.schema.ts';
import type { BalanceClaim } from './balance-claims.tables.ts';
import { PAYERS } from './orders.operations.ts';
import type { PayeeDeps } from './payees.routes.ts';
import { PAYEE_RESTS_MS } from './payouts.queries.ts';
import { personsOf } from './unclaimed.ts';

const tag = 'payouts';
const Params = z.object({ id: Id });

/** Whose the account is: an account names nobody, so the ids of all registered people are tried. */
const whoseIs = async ({ db, pool, keyring }: PayeeDeps, accountId: string): Promise<Whose> => {
  const account = await findAccount(db, accountId);
  if (account === undefined) throw notFound('account');
  const { currency, kind } = account;
  const owners = await personsOf(pool, keyring, [{ accountId, currency }], ['payable', 'suspense']);
  if (owners.size > 0) return 'registered';
  if (kind !== 'suspense') return 'erased';
  const { rows } = await pool.query<{ seq: number }>(
    'SELECT min(seq) AS seq FROM postings WHERE account = $1',
    [accountId],
  );
  const weighIn = (await readFactsAt(pool, sha256, keyring, [rows[0]!.seq])).get(rows[0]!.seq)?.fact;
  const ofWeighIn = { kind: 'suspense', currency, of: { collectionId: weighIn?.private.id } } as const;
  return idOfAccount(keyring, ofWeighIn) === accountId ? 'nobody' : 'erased';
};

const claimOf = async ({ db }: PayeeDeps, accountId: string): Promise<BalanceClaim | undefined> =>
  db
    .withTables<{ balanceClaims: BalanceClaim }>()
    .selectFrom('balanceClaims')
    .selectAll()
    .where('accountId', '=', accountId)
    .executeTakeFirst();

/** What the proposal says of who claims it; undefined once they were erased. */
const claimantAt = async ({ pool, keyring }: PayeeDeps, seq: number): Promise<ClaimantPart | undefined> => {
  const found = (await readFactsAt(pool, sha256, keyring, [seq])).get(seq)?.fact;
  return found?.people[0]?.part as ClaimantPart | undefined;
};

export const balanceClaimRoutes = (app: FastifyInstance, deps: PayeeDeps): void => {
  const operations = balanceClaimOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/accounts/:id/claim',
    operationId: 'proposeBalanceClaim',
    tag,
    summary: {
      en: 'Propose who gets what is owed to somebody whose personal data was erased',
      zh: '提名已删除人员余额的继承人',
    },
    access: PAYERS,
    params: Params,
    body: BalanceClaimRequest,
    response: BalanceClaimAnswer,
    status: 201,
    errors: { 409: 'Nothing is owed, or not to somebody erased', 422: 'An unknown collector' },
    example: {
      ...{ collectorId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001', relation: '女儿' },
      evidenceHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
    handler: async ({ params, body, ...from }) => {
      const whose = await whoseIs(deps, params.id);
      return write(deps, operations.propose, { ...body, accountId: params.id, whose }, from, params.id);
    },
  });
  for (const [deed, summary, approve] of [
    ['approve', { en: 'Approve a claim that another person proposed', zh: '批准余额继承' }, true],
    ['reject', { en: 'Reject a claim to a balance', zh: '驳回余额继承' }, false],
  ] as const)
    route(app, {
      method: 'POST',
      url: `/v1/accounts/:id/claim/${deed}`,
      operationId: `${deed}BalanceClaim`,
      tag,
      summary,
      access: PAYERS,
      params: Params,
      body: BalanceClaimDecision,
      response: BalanceClaimAnswer,
      status: 201,
      errors: {
        409: 'Nobody claims it, it rests still, it was decided, or another claim was made meanwhile',
      },
      example: { proposalSeq: 4_711 },
      handler: async ({ params: { id }, body: { proposalSeq }, ...from }) => {
        const claim = await claimOf(deps, id);
        // A proposal never changes: whom it names may be read before the door, which holds it against the one that stands.
        const claimant = claim?.seq === proposalSeq ? await claimantAt(deps, proposalSeq) : undefined;
        const input = { accountId: id, proposalSeq, approve, collectorId: claimant?.personId ?? null };
        return write(deps, operations.decide, input, from, id);
      },
    });
  route(app, {
    method: 'GET',
    url: '/v1/accounts/:id/claim',
    operationId: 'getBalanceClaim',
    tag,
    summary: { en: 'Read the last claim to the balance of an account', zh: '查看余额继承提名' },
    access: [...PAYERS, 'auditor'],
    params: Params,
    response: BalanceClaimView,
    handler: async ({ params: { id }, caller }) => {
      const claim = await claimOf(deps, id);
      if (claim === undefined) throw notFound('claim');
      const { accountId, state, seq: proposalSeq, currency, amount, proposedAt } = claim;
      const said = await claimantAt(deps, proposalSeq);
      const hidden = said !== undefined && (await hiddenPeople(deps.db, caller, [said.personId])).size > 0;
      return {
        ...{ accountId, state, proposalSeq, currency, amount },
        approvableFrom: instant(proposedAt + PAYEE_RESTS_MS),
        collectorId: hidden ? null : (said?.personId ?? null),
        relation: said?.relation ?? null,
        evidenceHash: said?.evidenceHash ?? null,
      };
    },
  });
};
