import { conflict, DomainError, notFound, unprocessable } from '../kernel/errors.ts';
import { type AnyFact, type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { mayReach } from '../registry/access.ts';
import { organisations } from '../registry/registry.tables.ts';
import { namedSale, saleOf, saleTo } from '../resale/held.ts';
import { type Batch, batches } from '../resale/resale.tables.ts';
import { batchCode, CODE_BYTES } from '../resale/resale.ts';
import type { Sale } from '../resale/sales.tables.ts';
import { schemes } from '../schemes/schemes.tables.ts';
import { onePerson } from '../supervision/cases.ts';
import { remainingGrams } from './claims.ts';
import type { Reason } from './eligibility.ts';
import {
  statementApproved,
  statementEnded,
  statementIssued,
  statementReinstated,
  statementRequested,
  statementSuperseded,
  statementSuspended,
} from './statements.facts.ts';
import type { ApprovalRequest, ReasonRequest, StatementRequest } from './statements.schema.ts';
import {
  claimAccounts,
  STANDING_STATES,
  type Statement,
  type StatementState,
  statements,
} from './statements.tables.ts';

/** What was read of the grams of a sale before the door; it holds while `saleSeq` and `schemeSeq` do. */
export type Prepared = {
  saleId: string;
  saleSeq: number;
  schemeSeq: number;
  asOfSeq: number;
  grams: number;
  eligibleGrams: number;
  custodyModel: string;
  reasons: Reason[];
  organisationIds: string[];
} | null;

export type StatementAnswer = {
  id: string;
  state: StatementState;
  grams: number | null;
  code: string | null;
};

/** Who may ask for a statement: whoever bought, and whoever sold. */
export const ASKERS = ['operator', 'brand', 'recycler', 'warehouse'] as const;
/** Who may approve and end one: they run or certify, and must not profit. */
export const APPROVERS = ['operator', 'certifier'] as const;

const moved = () =>
  conflict('balance_moved', 'The grams changed while this was being prepared; send it again.');

/** The sale meant, of a batch that the caller sold or bought of. 422 `unknown_batch`, `unknown_sale`; 409 `not_sold`, `sale_needed`, `nothing_held`. */
const saleMeant = (world: World, caller: Caller, request: StatementRequest): { batch: Batch; sale: Sale } => {
  const { batchId, saleId, holderOrganisationId: holderId } = request;
  const unknown = () =>
    unprocessable('unknown_batch', '/batchId', 'no such batch that you sold or bought of');
  const batch = world.get(batches, batchId);
  if (batch === undefined) throw unknown();
  if (mayReach(caller, batch.organisationId, batch.siteId)) {
    if (holderId === undefined) return { batch, sale: saleOf(world, batch, saleId) };
    return { batch, sale: heldBy(world, batch, holderId, saleId) };
  }
  try {
    return { batch, sale: saleTo(world, batch, caller.organisationId, saleId) };
  } catch (error) {
    throw error instanceof DomainError && error.code === 'not_sold' ? unknown() : error;
  }
};

const heldBy = (world: World, batch: Batch, holderId: string, saleId: string | undefined): Sale => {
  if (saleId !== undefined) {
    const sale = namedSale(world, batch, saleId);
    if (sale.buyerId === holderId) return sale;
  } else
    try {
      return saleTo(world, batch, holderId, undefined);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'not_sold') throw error;
    }
  throw conflict('nothing_held', 'This organisation holds nothing of the batch; 0 g are left to state.', {
    batchId: batch.id,
    remainingGrams: 0,
  });
};

/** Grams the holder has of a sale: what was sold and did not come back, in products or not. */
export const heldOf = (sale: Pick<Sale, 'grams' | 'returnedGrams'>): number =>
  sale.grams - sale.returnedGrams;

const named = ({ keyId, holder, organisationId }: Caller, note: string | undefined) => ({
  keyId,
  holder,
  organisationId,
  ...(note === undefined ? {} : { note }),
});

/** `months` later by the calendar, in UTC; of a shorter month the last day. */
const monthsLater = (at: number, months: number): number => {
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime();
};

const standing = (world: World, id: string, allowed: readonly StatementState[]): Statement => {
  const statement = world.get(statements, id);
  if (statement === undefined) throw notFound('statement');
  if (!allowed.includes(statement.state))
    throw conflict('wrong_state', `This statement is ${statement.state}.`, {
      statementId: id,
      state: statement.state,
      seq: statement.lastSeq,
      ...(statement.replacedBy === null ? {} : { replacedBy: statement.replacedBy }),
    });
  return statement;
};

/** 403 `profits` for whoever gains by the statement; 403 `not_its_body` where only the scheme's own body may. */
const assertImpartial = (world: World, statement: Statement, { organisationId }: Caller): void => {
  if (statement.organisationIds.includes(organisationId))
    throw new DomainError(
      'forbidden',
      'profits',
      'Your organisation weighed, processed, sold or bought these grams; others must decide.',
    );
  const scheme = world.get(schemes, statement.scheme)!;
  if (scheme.rules.issues === 'certificate' && scheme.organisationId !== organisationId)
    throw new DomainError('forbidden', 'not_its_body', 'Only the body that sets this scheme decides of it.');
};

/** The first of two, unless another person has agreed to the same already. 403 `same_holder`. */
const isSecond = (
  world: World,
  statement: Statement,
  caller: Caller,
  what: 'issue' | 'reinstate',
): boolean => {
  const [first] = statement.approvals.filter((approval) => approval.for === what);
  if (first === undefined) return false;
  if (onePerson(first, caller, world.get(organisations, caller.organisationId)?.kind))
    throw new DomainError('forbidden', 'same_holder', 'You approved this; another person must, too.');
  return true;
};

const answer = ({ type, data }: AnyFact): StatementAnswer => ({
  id: data.statementId,
  state: STATE_AFTER[type] ?? data.state,
  grams: data.grams ?? null,
  code: data.code ?? null,
});
const STATE_AFTER: Record<string, StatementState> = {
  [statementRequested.type]: 'requested',
  [statementIssued.type]: 'issued',
  [statementReinstated.type]: 'issued',
  [statementSuspended.type]: 'suspended',
  [statementSuperseded.type]: 'superseded',
};

/** @param programme whose operator stands as the actor of what a buyer does, so that no buyer is public */
export const statementOperations = (programme: { operatorId: string }) => {
  const request: Operation<StatementRequest & { prepared: Prepared }, StatementAnswer> = {
    name: 'statement.request',
    roles: ASKERS,
    status: 201,
    decide(world, { prepared, ...input }, { caller, id }) {
      const { batch, sale } = saleMeant(world, caller, input);
      const scheme = world.get(schemes, input.scheme);
      if (scheme === undefined)
        throw unprocessable(
          'unknown_scheme',
          '/scheme',
          'no such scheme in force; GET /v1/schemes lists them',
        );
      if (
        prepared?.saleId !== sale.id ||
        prepared.saleSeq !== sale.lastSeq ||
        prepared.schemeSeq !== scheme.seq
      )
        throw moved();
      const { exclusionGroup } = scheme.rules;
      const used = world.get(claimAccounts, sale.id) ?? { content: {}, offsets: 0 };
      const left = remainingGrams(exclusionGroup, input.scheme, used, heldOf(sale), prepared.eligibleGrams);
      const grams = input.grams ?? left;
      if (left === 0 || grams > left)
        throw conflict('grams_claimed', `${left} g are left to state under this scheme.`, {
          batchId: batch.id,
          saleId: sale.id,
          eligibleGrams: prepared.eligibleGrams,
          remainingGrams: left,
          reasons: prepared.reasons,
        });
      const { eligibleGrams, asOfSeq, custodyModel } = prepared;
      const profiting = [...prepared.organisationIds, batch.organisationId, sale.buyerId];
      return draft({
        type: statementRequested,
        actor: programme.operatorId,
        data: {
          ...{ statementId: id, batchId: batch.id, saleId: sale.id, saleSeq: sale.lastSeq },
          ...{ scheme: scheme.code, schemeVersion: scheme.version, schemeSeq: scheme.seq, exclusionGroup },
          ...{ grams, ofGrams: prepared.grams, eligibleGrams, asOfSeq, custodyModel },
        },
        private: {
          ...{ keyId: caller.keyId, sellerId: batch.organisationId, holderId: sale.buyerId },
          organisationIds: [...new Set(profiting)].sort(),
          ...(input.note === undefined ? {} : { note: input.note }),
        },
      });
    },
    answer,
  };

  const approve: Operation<{ statementId: string; request: ApprovalRequest }, StatementAnswer> = {
    name: 'statement.approve',
    roles: APPROVERS,
    status: 201,
    decide(world, { statementId, request: more }, { caller, now, random }) {
      const statement = standing(world, statementId, ['requested', 'in-review']);
      assertImpartial(world, statement, caller);
      const step = { statementId, seq: statement.lastSeq };
      const by = named(caller, more?.note);
      if (!isSecond(world, statement, caller, 'issue'))
        return draft({ type: statementApproved, data: { ...step, for: 'issue' }, private: by });
      const { validMonths } = world.get(schemes, statement.scheme)!.rules;
      const validUntil = monthsLater(now, validMonths);
      return draft({
        type: statementIssued,
        data: { ...step, code: batchCode(random(CODE_BYTES)), validUntil },
        private: by,
      });
    },
    answer: (fact) => ({
      ...answer(fact),
      state: fact.type === statementIssued.type ? 'issued' : 'in-review',
    }),
  };

  const ending = (
    name: string,
    state: 'refused' | 'revoked',
    from: readonly StatementState[],
  ): Operation<ReasonRequest & { statementId: string }, StatementAnswer> => ({
    name,
    roles: APPROVERS,
    status: 201,
    decide(world, { statementId, reason }, { caller }) {
      const statement = standing(world, statementId, from);
      assertImpartial(world, statement, caller);
      const data = { statementId, seq: statement.lastSeq, state };
      return draft({ type: statementEnded, data, private: { ...named(caller, undefined), reason } });
    },
    answer,
  });

  const withdraw: Operation<ReasonRequest & { statementId: string }, StatementAnswer> = {
    name: 'statement.withdraw',
    roles: ASKERS,
    status: 201,
    decide(world, { statementId, reason }, { caller }) {
      const found = world.get(statements, statementId);
      const owners = found === undefined ? [] : [found.holderId, found.sellerId];
      if (!owners.some((owner) => mayReach(caller, owner, null))) throw notFound('statement');
      const statement = standing(world, statementId, STANDING_STATES);
      return draft({
        type: statementEnded,
        actor: programme.operatorId,
        data: { statementId, seq: statement.lastSeq, state: 'withdrawn' },
        private: { ...named(caller, undefined), reason },
      });
    },
    answer,
  };

  const suspend: Operation<ReasonRequest & { statementId: string }, StatementAnswer> = {
    name: 'statement.suspend',
    roles: [...APPROVERS, 'regulator'],
    status: 201,
    decide(world, { statementId, reason }, { caller }) {
      const statement = standing(world, statementId, ['issued']);
      assertImpartial(world, statement, caller);
      const data = { statementId, seq: statement.lastSeq, cause: 'by-hand' as const };
      return draft({ type: statementSuspended, data, private: { ...named(caller, undefined), reason } });
    },
    answer,
  };

  const reinstate: Operation<
    { statementId: string; request: ApprovalRequest; eligibleGrams: number | null },
    StatementAnswer
  > = {
    name: 'statement.reinstate',
    roles: APPROVERS,
    status: 201,
    decide(world, { statementId, request: more, eligibleGrams }, { caller }) {
      const statement = standing(world, statementId, ['suspended']);
      assertImpartial(world, statement, caller);
      if (eligibleGrams === null) throw moved();
      if (eligibleGrams < statement.grams)
        throw conflict(
          'not_eligible',
          `The scheme accepts ${eligibleGrams} g of the ${statement.grams} g stated; what keeps the others out must be cleared first.`,
          { statementId, grams: statement.grams, eligibleGrams },
        );
      const step = { statementId, seq: statement.lastSeq };
      const by = named(caller, more?.note);
      if (!isSecond(world, statement, caller, 'reinstate'))
        return draft({ type: statementApproved, data: { ...step, for: 'reinstate' }, private: by });
      return draft({ type: statementReinstated, data: step, private: by });
    },
    answer: (fact) => ({
      ...answer(fact),
      state: fact.type === statementReinstated.type ? 'issued' : 'suspended',
    }),
  };

  /** By the programme itself: fewer grams are accepted, or held, than were stated. */
  const recheck: Operation<
    { statementId: string; heldGrams: number; eligibleGrams: number; saleSeq: number; asOfSeq: number },
    StatementAnswer
  > = {
    name: 'statement.recheck',
    roles: ['programme'],
    status: 201,
    decide(world, { statementId, heldGrams, eligibleGrams, saleSeq, asOfSeq }, { caller, newId, random }) {
      const statement = standing(world, statementId, STANDING_STATES);
      const step = { statementId, seq: statement.lastSeq };
      if (heldGrams < statement.grams) {
        const grams = Math.min(heldGrams, eligibleGrams);
        const code = batchCode(random(CODE_BYTES));
        const next = grams === 0 ? {} : { next: { statementId: newId(), code, grams, ofGrams: heldGrams } };
        return draft({ type: statementSuperseded, data: { ...step, causeSeq: saleSeq, ...next } });
      }
      if (statement.state !== 'issued' || eligibleGrams >= statement.grams)
        throw conflict('nothing_changed', 'The statement holds.', { statementId });
      return draft({
        type: statementSuspended,
        data: { ...step, cause: 'eligible-below', eligibleGrams, asOfSeq },
        private: named(caller, undefined),
      });
    },
    answer,
  };

  return {
    request,
    approve,
    refuse: ending('statement.refuse', 'refused', ['requested', 'in-review']),
    revoke: ending('statement.revoke', 'revoked', ['issued', 'suspended']),
    withdraw,
    suspend,
    reinstate,
    recheck,
  };
};
