import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { Currency, Day, Id, MAX_INTEGER, Seq, Sha256Hex, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { balanceClaims } from './balance-claims.tables.ts';
import { By } from './orders.facts.ts';

const OnDay = z.strictObject({ day: Day });
type OnDay = z.infer<typeof OnDay>;

const Proposed = z.strictObject({ accountId: Id, toAccountId: Id, currency: Currency, by: By });
/** Who claims it, to whom they were what, and the hash of the paper that shows it. */
export const ClaimantPart = z.strictObject({
  personId: Id,
  relation: text(120),
  evidenceHash: Sha256Hex,
});
export type ClaimantPart = z.infer<typeof ClaimantPart>;

/** Names the account alone: of whoever was erased nothing else is known, and nothing is found out. */
export const balanceClaimProposed: FactType<OnDay, z.infer<typeof Proposed>> = {
  type: 'balance-claim.proposed.v1',
  title: { en: 'Claim to the balance of an erased person proposed', zh: '已删除人员余额继承提名' },
  data: OnDay,
  private: Proposed,
  person: ClaimantPart,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, at, private: { by: maker, ...claim } }) {
    world.get(balanceClaims, claim.accountId);
    world.put(balanceClaims, {
      ...claim,
      ...{ maker, state: 'proposed', proposedAt: at, amount: null, seq, lastSeq: seq },
    });
  },
};

const Decided = z.strictObject({
  accountId: Id,
  proposalSeq: Seq,
  approve: z.boolean(),
  by: By,
  amount: z.int().min(1).max(MAX_INTEGER).optional(),
  book: BookEntry.optional(),
});
export const balanceClaimDecided: FactType<OnDay, z.infer<typeof Decided>> = {
  type: 'balance-claim.decided.v1',
  title: { en: 'Claim to the balance of an erased person decided', zh: '已删除人员余额继承审批' },
  data: OnDay,
  private: Decided,
  person: z.strictObject({ personId: Id }),
  grams: 'none',
  fen: 'Approved, what was owed to whoever was erased is owed to whoever claims it.',
  backPointers: [],
  apply(world, { seq, private: { accountId, approve, amount = null, book } }) {
    post(world, seq, book);
    const state = approve ? 'approved' : 'rejected';
    world.put(balanceClaims, { ...world.get(balanceClaims, accountId)!, state, amount, lastSeq: seq });
  },
};

export const balanceClaimFacts = [balanceClaimProposed, balanceClaimDecided];
