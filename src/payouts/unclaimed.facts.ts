import { z } from 'zod';
import { Currency, Day, Id, MAX_INTEGER, Seq } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { unclaimed } from './payouts.tables.ts';

const OnDay = z.strictObject({ day: Day });
type OnDay = z.infer<typeof OnDay>;
const NONE = 'none';

const Found = z.strictObject({
  accountId: Id,
  currency: Currency,
  amount: z.int().min(1).max(MAX_INTEGER),
  /** It was owed after this entry already. */
  asOfSeq: Seq,
});

/** Names the account alone, which names nobody; an erased person's is found the same way. */
export const balanceUnclaimed: FactType<OnDay, z.infer<typeof Found>> = {
  type: 'payout-balance.unclaimed.v1',
  title: { en: 'Owed for long and not paid', zh: '应付款长期无人领取' },
  data: OnDay,
  private: Found,
  grams: NONE,
  fen: 'None move; it stays owed.',
  backPointers: [],
  apply: (world, { seq, private: found }) =>
    world.put(unclaimed, { ...found, state: 'unclaimed', seq, lastSeq: seq }),
};

const Claimed = z.strictObject({ accountId: Id });
export const balanceClaimed: FactType<OnDay, z.infer<typeof Claimed>> = {
  type: 'payout-balance.claimed.v1',
  title: { en: 'Unclaimed money was paid', zh: '长期未领款已付' },
  data: OnDay,
  private: Claimed,
  grams: NONE,
  fen: 'None move; the payment is a fact of its own.',
  backPointers: [],
  apply: (world, { seq, private: { accountId } }) =>
    world.put(unclaimed, { ...world.get(unclaimed, accountId)!, state: 'claimed', lastSeq: seq }),
};

export const unclaimedFacts = [balanceUnclaimed, balanceClaimed];
