import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import { batchSales } from '../resale/sales.tables.ts';
import { heldOf } from '../statements/statements.operations.ts';
import { claimAccounts, statements } from '../statements/statements.tables.ts';
import { CLAIMERS } from './claims.operations.ts';
import type { ListingRequest, ReasonRequest } from './claims.schema.ts';
import { outsideKey, outsideListings, outsideNumbers } from './claims.tables.ts';
import { bookOf } from './gram-book.ts';
import { listingRecorded, listingWithdrawn } from './listings.facts.ts';
import { cut, freeOf, gramsIn } from './serials.ts';

export type ListingAnswer = { id: string; state: 'listed' | 'withdrawn'; overlapGrams: number };

/** Whoever holds or sold the grams may say it, and whoever checks. */
export const LISTERS = [...CLAIMERS, 'certifier', 'auditor', 'regulator'] as const;
/** Nobody frees grams that he told us another register has: others look there. */
export const UNLISTERS = ['operator', 'certifier'] as const;

const MOST_RANGES = 100;

/**
 * Never refused for coming late: where the grams are stated here already, the listing says how many, and the claims of
 * the sale are frozen. The operator stands as the actor, so that no buyer is public. 422 `unknown_statement`, `more_than_sold`; 409 `listed_already`.
 */
export const recordListing = ({
  operatorId: actor,
}: {
  operatorId: string;
}): Operation<ListingRequest, ListingAnswer> => ({
  name: 'outside-listing.record',
  roles: LISTERS,
  status: 201,
  decide(world, { statementId, register, number, grams, note }, { caller, id }) {
    const statement = world.get(statements, statementId);
    const owners = statement === undefined ? [] : [statement.holderId, statement.sellerId];
    if (statement === undefined || !owners.some((owner) => maySee(caller, owner, null)))
      throw unprocessable('unknown_statement', '/statementId', 'no such statement of grams you hold or sold');
    const known = world.get(outsideNumbers, outsideKey(register, number))?.listingId ?? null;
    if (known !== null)
      throw conflict('listed_already', 'This number of this register is recorded.', { listingId: known });
    const { saleId, batchId } = statement;
    const sale = world.get(batchSales, saleId)!;
    if (grams > sale.grams)
      throw unprocessable('more_than_sold', '/grams', `must be at most the ${sale.grams} g of the sale`);
    const { content, offsets } = world.get(claimAccounts, saleId) ?? { content: {}, offsets: 0 };
    const room = Math.max(0, heldOf(sale) - Math.max(0, ...Object.values(content)) - offsets);
    const free = freeOf(sale.grams, bookOf(world, saleId).used);
    // From above, as an offset.
    const ranges = cut(free, Math.max(0, gramsIn(free) - grams)).left.slice(-MOST_RANGES);
    return draft({
      type: listingRecorded,
      actor,
      data: {
        ...{ listingId: id, batchId, saleId, statementId, statementSeq: statement.lastSeq },
        ...{ register, number, grams, ranges, overlapGrams: Math.max(0, grams - room) },
      },
      private: {
        ...{ keyId: caller.keyId, organisationId: caller.organisationId },
        ...(note === undefined ? {} : { note }),
      },
    });
  },
  answer: ({ data }) => ({ id: data.listingId, state: 'listed', overlapGrams: data.overlapGrams }),
});

export const withdrawListing: Operation<ReasonRequest & { listingId: string }, ListingAnswer> = {
  name: 'outside-listing.withdraw',
  roles: UNLISTERS,
  status: 201,
  decide(world, { listingId, reason }, { caller }) {
    const listing = world.get(outsideListings, listingId);
    if (listing === undefined) throw notFound('listing');
    const { lastSeq: seq, state } = listing;
    if (state === 'withdrawn') throw conflict('wrong_state', 'It was withdrawn already.', { listingId, seq });
    const data = { listingId, seq };
    return draft({ type: listingWithdrawn, data, private: { keyId: caller.keyId, reason } });
  },
  answer: ({ data }) => ({ id: data.listingId, state: 'withdrawn', overlapGrams: 0 }),
};
