import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { Id, note, Seq, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { SiteAndDay } from '../registry/site-and-day.ts';
import { applyTax, TaxChange } from '../taxes/withholding.ts';
import { earningChanges, namedWeighIns, provisionalEarnings } from './earnings.tables.ts';

const Decided = z.strictObject({
  keyId: Id,
  holder: text(120),
  collectionId: Id,
  lotId: Id,
  /** Undecided after 14 days: the programme pays. */
  outcome: z.enum(['owed', 'refused', 'undecided']),
  reason: note(2_000).optional(),
  /** What is withheld of what is owed now. */
  tax: z.array(TaxChange).optional(),
  book: BookEntry.optional(),
});
export const premiumDecided: FactType<SiteAndDay, z.infer<typeof Decided>> = {
  type: 'premium.decided.v1',
  title: { en: 'What was owed provisionally was decided', zh: '暂记应付已裁定' },
  data: SiteAndDay,
  private: Decided,
  grams: 'none',
  fen: 'What waited is owed, or the buyer of record has not spent it after all; left undecided, the programme has.',
  backPointers: [],
  apply(world, { seq, private: { lotId, outcome, tax, book } }) {
    post(world, seq, book);
    applyTax(world, seq, lotId, tax);
    world.add(earningChanges, { seq, lotId });
    const waiting = world.get(provisionalEarnings, lotId)!;
    world.put(provisionalEarnings, { ...waiting, state: outcome, lastSeq: seq });
  },
};

const Named = z.strictObject({
  keyId: Id,
  holder: text(120),
  collectionId: Id,
  lotId: Id,
  /** The weigh-in. */
  seq: Seq,
  accountId: Id,
  provisionalId: Id,
  overpaidId: Id,
  reason: note(2_000),
  book: BookEntry.optional(),
});
export const collectionNamed: FactType<SiteAndDay, z.infer<typeof Named>> = {
  type: 'collection.named.v1',
  title: { en: 'Whoever brought a weigh-in was found', zh: '称重归属已确认' },
  data: SiteAndDay,
  private: Named,
  person: z.strictObject({ collectorId: Id }),
  grams: 'none',
  fen: 'What waited in suspense is owed to the collector.',
  backPointers: [],
  apply(world, { seq, private: { lotId, accountId, provisionalId, overpaidId, book } }) {
    post(world, seq, book);
    world.add(earningChanges, { seq, lotId });
    world.get(namedWeighIns, lotId);
    world.put(namedWeighIns, { lotId, accountId, provisionalId, overpaidId, lastSeq: seq });
  },
};

const Released = z.strictObject({ book: BookEntry });
export const suspenseReleased: FactType<SiteAndDay, z.infer<typeof Released>> = {
  type: 'suspense.released.v1',
  title: { en: 'Earned before the registration, and owed now', zh: '登记前所得转为应付' },
  data: SiteAndDay,
  private: Released,
  person: z.strictObject({ personId: Id }),
  grams: 'none',
  fen: 'From suspense to what is owed to the same person.',
  backPointers: [],
  apply(world, { seq, private: { book } }) {
    post(world, seq, book);
  },
};

export const decidingFacts = [premiumDecided, collectionNamed, suspenseReleased];
