import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import type { Caller } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { mayReach } from '../registry/access.ts';
import { batchSales, type Sale } from '../resale/sales.tables.ts';
import { heldOf } from '../statements/statements.operations.ts';
import {
  type ClaimAccount,
  claimAccounts,
  type Statement,
  statements,
} from '../statements/statements.tables.ts';
import { type Claim, type ClaimState, claims, type GramBook } from './claims.tables.ts';
import { bookOf, type Part } from './gram-book.ts';
import { cut } from './serials.ts';

/**
 * Grams that another register lists and that are stated here as well: what both together exceed what is held of the
 * sale. While there are any, no claim of the sale moves.
 */
export const overlapGrams = (
  sale: Pick<Sale, 'grams' | 'returnedGrams'>,
  account: Pick<ClaimAccount, 'content' | 'offsets'> | undefined,
  elsewhere: number,
): number => {
  const { content, offsets } = account ?? { content: {}, offsets: 0 };
  const over = Math.max(0, ...Object.values(content)) + offsets - heldOf(sale);
  return Math.min(elsewhere, Math.max(0, over));
};

export const overlapOf = (world: World, { id, elsewhere }: GramBook): number => {
  if (elsewhere === 0) return 0;
  return overlapGrams(world.get(batchSales, id)!, world.get(claimAccounts, id), elsewhere);
};

/** Of the grams of a statement those already claimed, also on those it stands in place of, not carried over yet. */
export const claimedOf = (world: World, book: GramBook, { id, replaces }: Statement): number => {
  let sum = book.statements[id] ?? 0;
  for (let before = replaces; before !== null; before = world.get(statements, before)!.replaces)
    sum += book.statements[before] ?? 0;
  return sum;
};

/** Statements on whose grams nothing may be done: 409 `wrong_state`, `expired`, `listed_elsewhere`. */
export const assertHolds = (world: World, named: readonly Statement[], book: GramBook, now: number): void => {
  for (const { id: statementId, state, validUntil, lastSeq: seq } of named) {
    if (state !== 'issued')
      throw conflict('statement_not_issued', `The statement is ${state}; its grams stand still.`, {
        ...{ statementId, state, seq },
      });
    if (validUntil !== null && now >= validUntil)
      throw conflict('statement_expired', 'The statement has expired; ask for another.', {
        statementId,
        validUntil: new Date(validUntil).toISOString(),
      });
  }
  const overlap = overlapOf(world, book);
  if (overlap > 0)
    throw conflict(
      'listed_elsewhere',
      `${overlap} g of these are listed in another register as well; nothing moves until one of both gives way.`,
      { saleId: book.id, overlapGrams: overlap },
    );
};

/** The caller's own claim, in one of the states. 404 for another's; 409 `wrong_state`, which says the state. */
export const ownClaim = (world: World, caller: Caller, id: string, allowed: readonly ClaimState[]): Claim => {
  const claim = world.get(claims, id);
  if (claim === undefined || !mayReach(caller, claim.holderId, null)) throw notFound('claim');
  if (!allowed.includes(claim.state))
    throw conflict('wrong_state', `This claim is ${claim.state}.`, {
      ...{ claimId: id, state: claim.state, seq: claim.lastSeq },
      ...(claim.cause === null ? {} : { cause: claim.cause }),
    });
  return claim;
};

/** Its statements, while they hold and nothing else lists the grams. */
export const holdingClaim = (
  world: World,
  caller: Caller,
  id: string,
  allowed: readonly ClaimState[],
  now: number,
): { claim: Claim; named: Statement[]; book: GramBook } => {
  const claim = ownClaim(world, caller, id, allowed);
  const named = claim.statementIds.map((statementId) => world.get(statements, statementId)!);
  const book = bookOf(world, claim.saleId);
  assertHolds(world, named, book, now);
  return { claim, named, book };
};

/** The first `grams` of a claim; all of it unless said. 409 `grams_gone` where it has fewer. */
export const partOf = (claim: Claim, grams: number | undefined, newId: () => string): Part => {
  const { id: claimId, ranges } = claim;
  if (grams === undefined || grams === claim.grams)
    return { claimId, moved: { claimId, grams: claim.grams, ranges } };
  if (grams > claim.grams)
    throw conflict('grams_gone', `The claim is of ${claim.grams} g, ${grams} g are wanted.`, {
      ...{ claimId, grams: claim.grams, seq: claim.lastSeq },
    });
  const { taken, left } = cut(ranges, grams);
  return {
    claimId,
    moved: { claimId: newId(), grams, ranges: taken },
    left: { grams: claim.grams - grams, ranges: left },
  };
};

/**
 * Statements named in a request, all of one sale and one exclusion group. 422 `unknown_statement`, `named_twice`,
 * `other_sale`, `one_scheme`, `no_claim_needed`, `groups_mixed`.
 */
export const statementsNamed = (world: World, caller: Caller, ids: readonly string[]): Statement[] => {
  const found: Statement[] = [];
  for (const [i, id] of ids.entries()) {
    const pointer = `/statementIds/${i}`;
    const statement = world.get(statements, id);
    if (statement === undefined || !mayReach(caller, statement.holderId, null))
      throw unprocessable('unknown_statement', pointer, 'no such statement of grams that you hold');
    if (ids.indexOf(id) < i) throw unprocessable('named_twice', pointer, 'is named already');
    const [first] = found;
    if (statement.exclusionGroup === 'none')
      throw unprocessable('no_claim_needed', pointer, 'uses up no grams: there is nothing to claim of it');
    if (first !== undefined && first.saleId !== statement.saleId)
      throw unprocessable('other_sale', pointer, 'is of another sale; claim each sale by itself');
    if (first !== undefined && (first.exclusionGroup === 'offset' || statement.exclusionGroup === 'offset'))
      throw unprocessable('groups_mixed', pointer, 'an offset shares its grams with nothing; claim it alone');
    if (found.some(({ scheme }) => scheme === statement.scheme))
      throw unprocessable('one_scheme', pointer, 'is of a scheme named already; claim each by itself');
    found.push(statement);
  }
  return found;
};
