import type { World } from '../ledger/world.ts';
import {
  type Claim,
  type ClaimState,
  claims,
  type GramBook,
  gramBooks,
  productClaims,
} from './claims.tables.ts';
import { gramsIn, joined, type Range, without } from './serials.ts';

export const emptyBook = (id: string): GramBook => ({
  ...{ id, lastSeq: 0, used: [], statements: {} },
  ...{ reserved: 0, issued: 0, tradable: 0, retired: 0, cancelled: 0, elsewhere: 0 },
});

export const bookOf = (world: World, saleId: string): GramBook =>
  world.get(gramBooks, saleId) ?? emptyBook(saleId);

export type Bucket = 'reserved' | 'tradable' | 'retired' | 'cancelled';

/** Under which sum of the book a claim's grams are; null once it was released before it was issued. */
export const bucketOf = ({ state, before }: Pick<Claim, 'state' | 'before'>): Bucket | null => {
  const meant: ClaimState = state === 'frozen' ? before! : state;
  if (meant === 'issued' || meant === 'transferred') return 'tradable';
  if (meant === 'recalled') return 'cancelled';
  return meant === 'reserved' || meant === 'retired' || meant === 'cancelled' ? meant : null;
};

/** Statements and the grams of them that are claimed, after `grams` more or fewer. */
export const statementGrams = (
  before: GramBook['statements'],
  statementIds: readonly string[],
  grams: number,
): GramBook['statements'] => {
  const after = { ...before };
  for (const id of statementIds) {
    const sum = (after[id] ?? 0) + grams;
    if (sum === 0) delete after[id];
    else after[id] = sum;
  }
  return after;
};

export const takeSerials = (
  book: GramBook,
  statementIds: readonly string[],
  ranges: readonly Range[],
): GramBook => ({
  ...book,
  used: joined(book.used, ranges),
  statements: statementGrams(book.statements, statementIds, gramsIn(ranges)),
});

export const giveSerialsBack = (
  book: GramBook,
  statementIds: readonly string[],
  ranges: readonly Range[],
): GramBook => ({
  ...book,
  used: without(book.used, ranges),
  statements: statementGrams(book.statements, statementIds, -gramsIn(ranges)),
});

/** What of a claim a fact is about, and what stays with the claim where that is not all. */
export type Moved = { claimId: string; grams: number; ranges: Range[] };
export type Part = { claimId: string; moved: Moved; left?: { grams: number; ranges: Range[] } | undefined };

/**
 * Puts `patch` on the grams moved: on the claim itself when they are all of it, else on a new one beside what is left.
 * @returns the claim as it was
 */
export const changePart = (
  world: World,
  { seq, at }: { seq: number; at: number },
  { claimId, moved, left }: Part,
  patch: Partial<Claim>,
): Claim => {
  const claim = world.get(claims, claimId)!;
  const { claimId: id, grams, ranges } = moved;
  if (left !== undefined) {
    world.put(claims, { ...claim, ...left, lastSeq: seq });
    const part = { ...claim, id, seq, lastSeq: seq, splitFrom: claimId, changedAt: at };
    world.put(claims, { ...part, grams, ranges, ...patch });
  } else world.put(claims, { ...claim, lastSeq: seq, changedAt: at, ...patch });
  return claim;
};

/** Ends `grams` of what is left of a claim: they count as cancelled, and unless given up for good may be claimed again. */
export const endPart = (
  world: World,
  fact: { seq: number; at: number },
  part: Part,
  { state, cause, frees }: { state: 'released' | 'cancelled' | 'recalled'; cause: string; frees: boolean },
): void => {
  const claim = changePart(world, fact, part, { state, cause, before: null, reservedUntil: null });
  const { grams, ranges } = part.moved;
  const book = bookOf(world, claim.saleId);
  const from = bucketOf(claim)!;
  const after = frees ? giveSerialsBack(book, claim.statementIds, ranges) : book;
  world.put(gramBooks, {
    ...after,
    [from]: book[from] - grams,
    ...(state === 'released' ? {} : { cancelled: book.cancelled + grams }),
    lastSeq: fact.seq,
  });
  if (claim.productId !== null)
    world.put(productClaims, { id: claim.productId, claimId: null, lastSeq: fact.seq });
};
