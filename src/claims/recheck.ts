import { conflict } from '../kernel/errors.ts';
import { type AnyDraft, type AnyFact, type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { products } from '../resale/products.tables.ts';
import { type Statement, statements } from '../statements/statements.tables.ts';
import { claimCarried, claimEnded, claimFrozen, claimThawed } from './claims.facts.ts';
import { type ClaimAnswer, claimAnswer } from './claims.operations.ts';
import { type Claim, claims, OPEN_STATES } from './claims.tables.ts';
import { bookOf, bucketOf } from './gram-book.ts';
import { overlapOf, partOf } from './standing.ts';

type Cause = 'lapsed' | 'statement-ended' | 'fewer-grams' | 'product-voided';

/** What stands in place of a statement by now; undefined where nothing does. */
const standsFor = (world: World, id: string): Statement | undefined => {
  let statement = world.get(statements, id)!;
  while (statement.state === 'superseded' && statement.replacedBy !== null)
    statement = world.get(statements, statement.replacedBy)!;
  return statement.state === 'issued' || statement.state === 'suspended' ? statement : undefined;
};

const ending = (
  claim: Claim,
  cause: Cause,
  { caller, newId }: { caller: Caller; newId: () => string },
  grams?: number,
): AnyDraft => {
  const state = bucketOf(claim) === 'reserved' ? 'released' : 'recalled';
  const data = { seq: claim.lastSeq, ...partOf(claim, grams, newId), state, cause, frees: true } as const;
  return draft({ type: claimEnded, data, private: { keyId: caller.keyId } });
};

/**
 * A claim whose statements were replaced: it is carried over as far as the grams of those in their place go, and what
 * went back is recalled. What is in a product is not divided.
 */
const carry = (
  world: World,
  claim: Claim,
  kept: readonly Statement[],
  context: { caller: Caller; newId: () => string },
): AnyDraft => {
  const book = bookOf(world, claim.saleId);
  const joining = kept.filter(({ id }) => !claim.statementIds.includes(id));
  const room = Math.min(claim.grams, ...joining.map(({ id, grams }) => grams - (book.statements[id] ?? 0)));
  if (room <= 0 || (room < claim.grams && claim.productId !== null))
    return ending(claim, 'fewer-grams', context);
  if (room < claim.grams) return ending(claim, 'fewer-grams', context, claim.grams - room);
  const named = kept.map(({ id: statementId, lastSeq: seq }) => ({ statementId, seq }));
  return draft({ type: claimCarried, data: { claimId: claim.id, seq: claim.lastSeq, statements: named } });
};

const STATES: Record<string, ClaimAnswer['state']> = {
  [claimFrozen.type]: 'frozen',
  [claimThawed.type]: 'issued',
  [claimCarried.type]: 'issued',
};

/** By the programme itself, whenever something under a claim changed: one fact at a time. 409 `nothing_changed`. */
export const recheckClaim: Operation<{ claimId: string }, ClaimAnswer> = {
  name: 'claim.recheck',
  roles: ['programme'],
  status: 201,
  decide(world, { claimId }, { caller, newId, now }) {
    const claim = world.get(claims, claimId)!;
    const { state, lastSeq: seq } = claim;
    const context = { caller, newId };
    const unchanged = conflict('nothing_changed', 'The claim stands as it should.', { claimId });
    if (![...OPEN_STATES, 'frozen', 'retired'].includes(state)) throw unchanged;
    if (claim.productId !== null && world.get(products, claim.productId)?.state === 'voided')
      return ending(claim, 'product-voided', context);
    if (state === 'reserved' && claim.reservedUntil! <= now) return ending(claim, 'lapsed', context);
    const kept = [...new Set(claim.statementIds.flatMap((id) => standsFor(world, id) ?? []))];
    if (kept.length === 0) return ending(claim, 'statement-ended', context);
    const same = kept.length === claim.statementIds.length;
    if (!same || kept.some(({ id }, i) => id !== claim.statementIds[i]))
      return carry(world, claim, kept, context);
    const suspended = kept.some((statement) => statement.state === 'suspended');
    const doubted = suspended || overlapOf(world, bookOf(world, claim.saleId)) > 0;
    if (doubted && OPEN_STATES.includes(state)) {
      const cause = suspended ? 'statement-suspended' : 'listed-elsewhere';
      return draft({ type: claimFrozen, data: { claimId, seq, cause } });
    }
    if (!doubted && state === 'frozen') return draft({ type: claimThawed, data: { claimId, seq } });
    throw unchanged;
  },
  answer: (fact: AnyFact) => claimAnswer(({ type, data }) => STATES[type] ?? data.state)(fact),
};
