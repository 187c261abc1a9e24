import { conflict, unprocessable } from '../kernel/errors.ts';
import { type AnyFact, draft, type Operation } from '../ledger/fact.ts';
import { organisations } from '../registry/registry.tables.ts';
import { batchSales } from '../resale/sales.tables.ts';
import { schemes } from '../schemes/schemes.tables.ts';
import { ASKERS } from '../statements/statements.operations.ts';
import { claimEnded, claimIssued, claimReserved, claimTransferred } from './claims.facts.ts';
import type { ClaimRequest, EndRequest, TransferRequest } from './claims.schema.ts';
import { type ClaimState, OPEN_STATES } from './claims.tables.ts';
import { bookOf } from './gram-book.ts';
import { cut, freeOf, gramsIn } from './serials.ts';
import { assertHolds, claimedOf, holdingClaim, ownClaim, partOf, statementsNamed } from './standing.ts';

export type ClaimAnswer = { id: string; state: ClaimState; grams: number | null; part: string | null };

/** Whoever holds sold grams may claim them. */
export const CLAIMERS = ASKERS;

const DAY_MS = 86_400_000;
const [USUAL_DAYS, MOST_DAYS] = [7, 90];
/** Most ranges of one claim: beyond, claim fewer grams at a time. */
const MOST_RANGES = 100;

/** Of a fact on a claim, or on a part of it. */
export const claimAnswer =
  (state: (fact: AnyFact) => ClaimState) =>
  (fact: AnyFact): ClaimAnswer => {
    const { claimId, moved, left, grams = null } = fact.data;
    return {
      id: claimId,
      state: state(fact),
      grams: moved?.grams ?? grams,
      part: left === undefined ? null : moved.claimId,
    };
  };

const untilOf = (until: string | undefined, now: number): number => {
  if (until === undefined) return now + USUAL_DAYS * DAY_MS;
  const at = Date.parse(until);
  if (at <= now || at > now + MOST_DAYS * DAY_MS)
    throw unprocessable(
      'until_out_of_range',
      '/until',
      `must be later than now and within ${MOST_DAYS} days`,
    );
  return at;
};

/** @param programme whose operator stands as the actor, so that no holder is public */
export const claimOperations = ({ operatorId: actor }: { operatorId: string }) => {
  const reserve: Operation<ClaimRequest, ClaimAnswer> = {
    name: 'claim.reserve',
    roles: CLAIMERS,
    status: 201,
    decide(world, { statementIds, grams: wanted, until }, { caller, id, now }) {
      const named = statementsNamed(world, caller, statementIds);
      const { saleId, batchId, sellerId, holderId, exclusionGroup } = named[0]!;
      for (const [i, { scheme }] of named.entries())
        if (world.get(schemes, scheme)!.rules.issues === 'pre-check')
          throw unprocessable(
            'pre_check',
            `/statementIds/${i}`,
            'is a pre-check, of which nothing is claimed',
          );
      const book = bookOf(world, saleId);
      const reservedUntil = untilOf(until, now);
      assertHolds(world, named, book, now);
      const left = Math.min(...named.map((one) => one.grams - claimedOf(world, book, one)));
      const grams = wanted ?? left;
      if (left <= 0 || grams > left)
        throw conflict('grams_claimed', `${Math.max(0, left)} g are left to claim.`, {
          ...{ saleId, remainingGrams: Math.max(0, left) },
        });
      const free = freeOf(world.get(batchSales, saleId)!.grams, book.used);
      // What is content from below, what is an offset from above: each stays in one piece.
      const skipped = exclusionGroup === 'offset' ? Math.max(0, gramsIn(free) - grams) : 0;
      const ranges = cut(cut(free, skipped).left, grams).taken;
      if (gramsIn(ranges) < grams)
        throw conflict(
          'serials_claimed',
          `${gramsIn(free)} g have no holder yet; name all statements of them in one claim.`,
          {
            ...{ saleId, remainingGrams: gramsIn(free) },
          },
        );
      if (ranges.length > MOST_RANGES)
        throw conflict(
          'too_scattered',
          'These grams lie too scattered for one claim; claim fewer at a time.',
          {
            ...{ saleId, remainingGrams: gramsIn(ranges.slice(0, MOST_RANGES)) },
          },
        );
      return draft({
        type: claimReserved,
        actor,
        data: {
          ...{ claimId: id, batchId, saleId },
          statements: named.map(({ id: statementId, lastSeq: seq }) => ({ statementId, seq })),
          ...{ exclusionGroup: exclusionGroup as 'content' | 'offset', grams, ranges, until: reservedUntil },
        },
        private: { keyId: caller.keyId, sellerId, holderId },
      });
    },
    answer: claimAnswer(() => 'reserved'),
  };

  const issue: Operation<{ claimId: string }, ClaimAnswer> = {
    name: 'claim.issue',
    roles: CLAIMERS,
    status: 201,
    decide(world, { claimId }, { caller, now }) {
      const { claim } = holdingClaim(world, caller, claimId, ['reserved'], now);
      if (claim.reservedUntil! <= now)
        throw conflict('reservation_lapsed', 'The reservation has fallen; reserve anew.', { claimId });
      const data = { claimId, seq: claim.lastSeq };
      return draft({ type: claimIssued, actor, data, private: { keyId: caller.keyId } });
    },
    answer: claimAnswer(() => 'issued'),
  };

  const transfer: Operation<TransferRequest & { claimId: string }, ClaimAnswer> = {
    name: 'claim.transfer',
    roles: CLAIMERS,
    status: 201,
    decide(world, { claimId, grams, toOrganisationId: toId, goods, note }, { caller, newId, now }) {
      const { claim } = holdingClaim(world, caller, claimId, ['issued', 'transferred'], now);
      if (world.get(organisations, toId)?.state !== 'active')
        throw unprocessable(
          'unknown_organisation',
          '/toOrganisationId',
          'no such organisation; register it first',
        );
      if (toId === claim.holderId)
        throw unprocessable('own_organisation', '/toOrganisationId', 'holds the claim already; name another');
      if (claim.exclusionGroup === 'content' && goods === undefined)
        throw unprocessable(
          'goods_needed',
          '/goods',
          'must be given: a claim on content goes with the material; write the papers it went with',
        );
      return draft({
        type: claimTransferred,
        actor,
        data: { seq: claim.lastSeq, ...partOf(claim, grams, newId) },
        private: {
          ...{ keyId: caller.keyId, toId },
          ...(goods === undefined ? {} : { goods }),
          ...(note === undefined ? {} : { note }),
        },
      });
    },
    answer: claimAnswer(() => 'transferred'),
  };

  /** What was only reserved is free again; what was issued is given up for good, and never claimed again. */
  const cancel: Operation<EndRequest & { claimId: string }, ClaimAnswer> = {
    name: 'claim.cancel',
    roles: CLAIMERS,
    status: 201,
    decide(world, { claimId, grams, reason }, { caller, newId }) {
      const claim = ownClaim(world, caller, claimId, OPEN_STATES);
      const reserved = claim.state === 'reserved';
      return draft({
        type: claimEnded,
        actor,
        data: {
          ...{ seq: claim.lastSeq, ...partOf(claim, grams, newId) },
          ...{ state: reserved ? 'released' : 'cancelled', cause: 'by-hand', frees: reserved },
        },
        private: { keyId: caller.keyId, reason },
      });
    },
    answer: claimAnswer(({ data }) => data.state),
  };

  return { reserve, issue, transfer, cancel };
};
