import { z } from 'zod';
import { Currency, Day, Id, MAX_INTEGER, Seq, Sha256Hex } from '../kernel/values.ts';
import { PAYOUT_RAILS } from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { By } from './orders.facts.ts';
import { type PayoutRun, payoutRuns } from './payouts.tables.ts';

const NONE = 'none';
const Count = z.int().min(0).max(MAX_INTEGER);
const OnDay = z.strictObject({ day: Day });
type OnDay = z.infer<typeof OnDay>;

const Rule = z.strictObject({
  version: z.int().min(1),
  minimum: Count,
  maximum: Count,
  siteId: Id.optional(),
  collectorIds: z.array(Id).optional(),
});

const Opened = z.strictObject({
  id: Id,
  rail: z.enum(PAYOUT_RAILS),
  currency: Currency,
  asOfSeq: Seq,
  rule: Rule,
  count: Count,
  total: Count,
  /** SHA-256 over `person amount` lines in ascending order of the person's id. */
  listHash: Sha256Hex,
  maker: By,
});

/** One fact commits to a rule, a position, a count and a sum; the orders follow behind it, each a fact of its own. */
export const payoutRunOpened: FactType<OnDay, z.infer<typeof Opened>> = {
  type: 'payout-run.opened.v1',
  title: { en: 'Payout run opened', zh: '批量付款拟定' },
  data: OnDay,
  private: Opened,
  grams: NONE,
  fen: 'None move; its orders set aside what they pay.',
  backPointers: [],
  apply: (world, { seq, private: run }) =>
    world.put(payoutRuns, {
      ...run,
      approval: null,
      state: 'drafting',
      ...{ draftedCount: null, draftedTotal: null, draftedHash: null },
      seq,
      lastSeq: seq,
    }),
};

const change = (world: World, id: string, seq: number, changed: Partial<PayoutRun>): void =>
  world.put(payoutRuns, { ...world.get(payoutRuns, id)!, ...changed, lastSeq: seq });

const Completed = z.strictObject({ runId: Id, count: Count, total: Count, listHash: Sha256Hex });
/** Says what was drafted in the end: less than was announced where balances went down in between. */
export const payoutRunDrafted: FactType<OnDay, z.infer<typeof Completed>> = {
  type: 'payout-run.drafted.v1',
  title: { en: 'Orders of a payout run drafted', zh: '批量付款单拟定完毕' },
  data: OnDay,
  private: Completed,
  grams: NONE,
  fen: NONE,
  backPointers: [],
  apply: (world, { seq, private: { runId, count, total, listHash } }) =>
    change(world, runId, seq, {
      state: 'drafted',
      draftedCount: count,
      draftedTotal: total,
      draftedHash: listHash,
    }),
};

const Decided = z.strictObject({
  runId: Id,
  by: By,
  count: Count,
  total: Count,
  state: z.enum(['approved', 'rejected', 'submitted']),
});
const decided = (
  type: string,
  title: { en: string; zh: string },
): FactType<OnDay, z.infer<typeof Decided>> => ({
  type,
  title,
  data: OnDay,
  private: Decided,
  grams: NONE,
  fen: 'None move; its orders follow.',
  backPointers: [],
  apply: (world, { seq, private: { runId, by, state } }) =>
    change(world, runId, seq, { state, ...(state === 'submitted' ? {} : { approval: by }) }),
});
export const payoutRunDecided = decided('payout-run.decided.v1', {
  en: 'Payout run approved or rejected',
  zh: '批量付款批准或驳回',
});
export const payoutRunSubmitted = decided('payout-run.submitted.v1', {
  en: 'Payout run submitted',
  zh: '批量付款提交',
});

export const runFacts = [payoutRunOpened, payoutRunDrafted, payoutRunDecided, payoutRunSubmitted];
