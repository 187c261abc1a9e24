import { z } from 'zod';
import { Id, note, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { claimed } from '../statements/claims.ts';
import { claimAccounts } from '../statements/statements.tables.ts';
import { Ranges } from './claims.facts.ts';
import { gramBooks, outsideKey, outsideListings, outsideNumbers } from './claims.tables.ts';
import { bookOf, giveSerialsBack, takeSerials } from './gram-book.ts';

/** What a statement may still speak of: listed elsewhere, grams are as those of an offset here. */
const useElsewhere = (world: World, seq: number, saleId: string, grams: number): void => {
  const before = world.get(claimAccounts, saleId) ?? { content: {}, offsets: 0 };
  const after = claimed(before, { exclusionGroup: 'offset', scheme: '' }, grams);
  world.put(claimAccounts, { id: saleId, ...after, lastSeq: seq });
};

const Recorded = z.strictObject({
  listingId: Id,
  batchId: Id,
  saleId: Id,
  statementId: Id,
  /** The last fact that changed the statement it was told of. */
  statementSeq: Seq,
  /** Registers are public, and so is a number in one. */
  register: text(200),
  number: text(200),
  grams: TotalGrams.min(1),
  /** Serial grams of the sale that may not be claimed here; fewer than `grams` where no more are free. */
  ranges: Ranges,
  overlapGrams: TotalGrams,
});
const RecordedPrivate = z.strictObject({ keyId: Id, organisationId: Id, note: note(2_000).optional() });

export const listingRecorded: FactType<z.infer<typeof Recorded>, z.infer<typeof RecordedPrivate>> = {
  type: 'outside-listing.recorded.v1',
  title: { en: 'Grams listed in a register outside', zh: '外部登记簿所列克数' },
  data: Recorded,
  private: RecordedPrivate,
  grams: 'None move; what another register lists is not claimed here.',
  fen: 'none',
  backPointers: ['statementSeq'],
  apply(world, { seq, data, private: { organisationId } }) {
    const { listingId: id, statementId: _, statementSeq: _s, overlapGrams: overlap, ...said } = data;
    world.put(outsideListings, {
      ...said,
      ...{ id, seq, lastSeq: seq, organisationId, overlap, state: 'listed' },
    });
    world.put(outsideNumbers, { id: outsideKey(said.register, said.number), listingId: id, lastSeq: seq });
    const book = takeSerials(bookOf(world, said.saleId), [], said.ranges);
    world.put(gramBooks, { ...book, elsewhere: book.elsewhere + said.grams, lastSeq: seq });
    useElsewhere(world, seq, said.saleId, said.grams);
  },
};

const Withdrawn = z.strictObject({
  listingId: Id,
  /** The last fact that changed the listing. */
  seq: Seq,
});
const WithdrawnPrivate = z.strictObject({ keyId: Id, reason: note(2_000) });

export const listingWithdrawn: FactType<z.infer<typeof Withdrawn>, z.infer<typeof WithdrawnPrivate>> = {
  type: 'outside-listing.withdrawn.v1',
  title: { en: 'Grams listed in no register outside any more', zh: '外部登记撤回' },
  data: Withdrawn,
  private: WithdrawnPrivate,
  grams: 'None move; the grams may be claimed here.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data: { listingId } }) {
    const listing = world.get(outsideListings, listingId)!;
    const { register, number, saleId, ranges, grams } = listing;
    world.put(outsideListings, { ...listing, state: 'withdrawn', lastSeq: seq });
    world.put(outsideNumbers, { id: outsideKey(register, number), listingId: null, lastSeq: seq });
    const book = giveSerialsBack(bookOf(world, saleId), [], ranges);
    world.put(gramBooks, { ...book, elsewhere: book.elsewhere - grams, lastSeq: seq });
    useElsewhere(world, seq, saleId, -grams);
  },
};

export const listingFacts = [listingRecorded, listingWithdrawn];
