import { accounts } from '../accounts/accounts.tables.ts';
import { type AccountRef, idOfAccount, openBook } from '../accounts/book.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn, instant } from '../kernel/time.ts';
import { type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { World } from '../ledger/world.ts';
import { actorOf } from '../registry/actor.ts';
import { expectState } from '../registry/people.operations.ts';
import { type Collector, collectors } from '../registry/registry.tables.ts';
import { balanceClaimDecided, balanceClaimProposed } from './balance-claims.facts.ts';
import type { BalanceClaimRequest } from './balance-claims.schema.ts';
import { type BalanceClaim, balanceClaims } from './balance-claims.tables.ts';
import { byOf, expectAnother, PAYERS } from './orders.operations.ts';
import { PAYEE_RESTS_MS } from './payouts.queries.ts';

/** Whose account it is, read before the door; nobody who was erased comes back, so it stays true. */
export type Whose = 'erased' | 'registered' | 'nobody';

export type BalanceClaimAnswer = { accountId: string; state: BalanceClaim['state']; amount: number | null };
type OfAccount = { accountId: string };
type Decision = OfAccount & {
  proposalSeq: number;
  approve: boolean;
  /** Whom the proposal names; null where they were erased since. */
  collectorId: string | null;
};

/** Who may be owed what somebody else was. */
const CLAIMANTS: Collector['state'][] = ['active', 'closed', 'restricted'];

/** The account of somebody erased, and what of it is not in payment. @throws 404, 409 */
const claimable = (world: World, accountId: string): { ref: AccountRef; free: number } => {
  const account = world.get(accounts, accountId);
  if (account === undefined) throw notFound('account');
  const { kind, currency, organisationId, siteId, balance, held } = account;
  const personal = (kind === 'payable' || kind === 'suspense') && organisationId === null && siteId === null;
  if (!personal) throw conflict('not_a_persons', 'Nothing is owed to a person on this account.', { kind });
  return { ref: { kind, currency, of: { accountId } }, free: -balance - held };
};

/** @throws 409 */
const expectErased = (whose: Whose): void => {
  if (whose === 'registered')
    throw conflict(
      'not_erased',
      'Whoever this is owed to is known: propose an heir with POST /v1/collectors/{id}/heir.',
    );
  if (whose === 'nobody')
    throw conflict(
      'nobody_known',
      'It waits for whoever brought a weigh-in: say who that was with POST /v1/collections/{id}/naming.',
    );
};

/**
 * The balance of somebody whose personal data was erased, and who can thus neither be paid nor have an heir named: one
 * person proposes who gets it, another approves after 72 hours, in which anybody who pays may reject it.
 */
export const balanceClaimOperations = (
  keyring: Keyring,
  programme: { timeZone: string; operatorId: string },
): {
  propose: Operation<BalanceClaimRequest & OfAccount & { whose: Whose }, BalanceClaimAnswer>;
  decide: Operation<Decision, BalanceClaimAnswer>;
} => {
  const data = ({ now }: DecideContext) => ({ day: dayIn(programme.timeZone, now) });

  /** Moves what is free to the claimant. @throws 409 */
  const approved = (world: World, claim: BalanceClaim, collectorId: string | null, now: number) => {
    const from = claim.proposedAt + PAYEE_RESTS_MS;
    if (now < from)
      throw conflict('claim_rests', 'It may be approved 72 hours after it was proposed.', {
        from: instant(from),
      });
    const collector = collectorId === null ? undefined : world.get(collectors, collectorId);
    if (collectorId === null || collector === undefined)
      throw conflict('collector_erased', 'Whoever claims it was erased meanwhile: propose another one.');
    expectState(collector, ...CLAIMANTS);
    const { ref, free } = claimable(world, claim.accountId);
    if (free <= 0) throw conflict('nothing_owed', 'Nothing is owed on this account that is not in payment.');
    const book = openBook(world, keyring);
    book.debit(ref, free);
    book.credit({ kind: 'payable', currency: claim.currency, of: { personId: collectorId } }, free);
    return { amount: free, book: book.close()! };
  };

  return {
    propose: {
      name: 'balance-claim.propose',
      roles: PAYERS,
      status: 201,
      /** A new proposal takes the place of the last, and rests anew. */
      decide(world, { accountId, collectorId, relation, evidenceHash, whose }, context) {
        const { ref, free } = claimable(world, accountId);
        expectErased(whose);
        if (free <= 0)
          throw conflict('nothing_owed', 'Nothing is owed on this account that is not in payment.');
        const collector = world.get(collectors, collectorId);
        if (collector === undefined)
          throw unprocessable(
            'unknown_collector',
            '/collectorId',
            'no such collector; register whoever claims it first',
          );
        expectState(collector, ...CLAIMANTS);
        world.need(balanceClaims, [accountId]);
        const { currency } = ref;
        return draft({
          type: balanceClaimProposed,
          ...actorOf(world, context.caller, programme),
          data: data(context),
          private: {
            ...{ accountId, currency, by: byOf(context.caller) },
            toAccountId: idOfAccount(keyring, { kind: 'payable', currency, of: { personId: collectorId } }),
          },
          people: [{ personId: collectorId, part: { personId: collectorId, relation, evidenceHash } }],
        });
      },
      answer: ({ private: { accountId } }) => ({ accountId, state: 'proposed', amount: null }),
    },
    decide: {
      name: 'balance-claim.decide',
      roles: PAYERS,
      status: 201,
      decide(world, { accountId, proposalSeq, approve, collectorId }, context) {
        const claim = world.get(balanceClaims, accountId);
        if (claim === undefined) {
          claimable(world, accountId);
          throw conflict('no_claim', 'Nobody claims it: POST /v1/accounts/{id}/claim first.');
        }
        if (claim.state !== 'proposed')
          throw conflict(`claim_${claim.state}`, `This claim was ${claim.state}.`, { state: claim.state });
        if (claim.seq !== proposalSeq)
          throw conflict('another_claim', 'Another proposal was made meanwhile; read it first.', {
            proposalSeq: claim.seq,
          });
        if (approve) expectAnother(claim.maker, context.caller);
        const moved = approve ? approved(world, claim, collectorId, context.now) : {};
        return draft({
          type: balanceClaimDecided,
          ...actorOf(world, context.caller, programme),
          data: data(context),
          private: { accountId, proposalSeq, approve, by: byOf(context.caller), ...moved },
          people: collectorId === null ? [] : [{ personId: collectorId, part: { personId: collectorId } }],
        });
      },
      answer: ({ private: { accountId, approve, amount = null } }) => ({
        ...{ accountId, amount, state: approve ? 'approved' : 'rejected' },
      }),
    },
  };
};
