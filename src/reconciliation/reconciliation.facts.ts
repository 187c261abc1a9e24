import { z } from 'zod';
import { payments } from '../accounts/accounts.tables.ts';
import { BookEntry, post } from '../accounts/book.ts';
import { Currency, Day, Id, MAX_INTEGER, Seq, Sha256Hex, text } from '../kernel/values.ts';
import { PAYOUT_RAILS, RECONCILIATION_DECISIONS, RECONCILIATION_REASONS } from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { payoutLists } from '../payouts/lists.tables.ts';
import { By, paidBy } from '../payouts/orders.facts.ts';
import { referenceOf } from '../rails/rail.ts';
import { orderKey } from './match.ts';
import {
  LINE_KINDS,
  RESOLUTION_ACCOUNTS,
  type ReconciliationItem,
  railStatements,
  reconciliationItems,
  SOURCES,
  statementKeys,
  statementLines,
} from './reconciliation.tables.ts';

const NONE = 'none';
const OnDay = z.strictObject({ day: Day });
type OnDay = z.infer<typeof OnDay>;
const Change = z.int().min(-MAX_INTEGER).max(MAX_INTEGER);

/** How a line of a cash list was signed. */
export const SIGNED = ['signature', 'thumb', 'representative', 'nobody'] as const;

/** Neither a name nor a remark of the statement is kept: what a bank writes there are people's names. */
const Line = z.strictObject({
  id: Id,
  source: z.enum(SOURCES),
  rail: z.enum(PAYOUT_RAILS),
  serial: text(160),
  day: Day,
  kind: z.enum(LINE_KINDS),
  amount: Change,
  currency: Currency,
  reference: text(120).optional(),
  outcome: z.enum(['matched', ...RECONCILIATION_REASONS]),
  orderId: Id.optional(),
  listId: Id.optional(),
  bookedSeq: Seq.optional(),
  /** What it alone speaks of from now on. */
  keys: z.array(text(400)),
  /** Minor units it put into `unmatched`. */
  suspense: Change,
  /** Items that it explains. */
  closes: z.array(Id).optional(),
  signed: z
    .strictObject({ how: z.enum(SIGNED), at: z.string(), paidBy: text(120), evidence: Sha256Hex.optional() })
    .optional(),
  by: By,
  book: BookEntry.optional(),
});
export type Line = z.infer<typeof Line>;

const close = (world: World, id: string, seq: number, decision: ReconciliationItem['decision']): void =>
  world.put(reconciliationItems, {
    ...world.get(reconciliationItems, id)!,
    ...{ state: 'closed', proposal: null, suspense: 0, decision, lastSeq: seq },
  });

export const statementLineRecorded: FactType<OnDay, Line> = {
  type: 'statement-line.recorded.v1',
  title: { en: 'Line of a statement', zh: '对账单明细' },
  data: OnDay,
  private: Line,
  person: z.strictObject({ personId: Id, orderId: Id, as: z.literal('representative') }),
  grams: NONE,
  fen: 'What left or came and is not known here stands in suspense; what is matched was booked before.',
  backPointers: [],
  apply(world, { seq, at, private: { keys, suspense, closes = [], signed: _, by: __, book, ...line } }) {
    post(world, seq, book);
    const { id, outcome, reference = null, orderId = null, listId = null, bookedSeq = null } = line;
    const all = { ...line, reference, orderId, listId, bookedSeq };
    world.put(statementLines, { ...all, seq, lastSeq: seq });
    for (const key of keys) world.put(statementKeys, { key, lineId: id, seq, lastSeq: seq });
    // The bank's one sum for a list speaks of each of its orders.
    if (listId !== null && outcome === 'matched' && line.amount < 0)
      for (const orderId of world.get(payoutLists, listId)!.orders) {
        const key = orderKey(line.source, 'paid', referenceOf(orderId));
        world.put(statementKeys, { key, lineId: id, seq, lastSeq: seq });
      }
    for (const item of closes) close(world, item, seq, { as: 'resolved' });
    if (outcome === 'matched') return;
    const { source, rail, day, amount, currency } = line;
    world.put(reconciliationItems, {
      ...{ id, reason: outcome, source, rail, orderId, lineId: id, reference, day, amount, currency },
      ...{ state: 'open', suspense, proposal: null, decision: null, openedAt: at, seq, lastSeq: seq },
    });
  },
};

const Imported = z.strictObject({
  id: Id,
  source: z.enum(SOURCES),
  rail: z.enum(PAYOUT_RAILS),
  currency: Currency,
  fromDay: Day,
  toDay: Day,
  sha256: Sha256Hex.optional(),
  maker: By,
});
/** From here on a payment of these days that no line speaks of is missing. */
export const statementImported: FactType<OnDay, z.infer<typeof Imported>> = {
  type: 'statement.imported.v1',
  title: { en: 'Statement imported', zh: '对账单导入完毕' },
  data: OnDay,
  private: Imported,
  grams: NONE,
  fen: NONE,
  backPointers: [],
  apply: (world, { seq, private: { sha256 = null, ...statement } }) =>
    world.put(railStatements, { ...statement, sha256, seq, lastSeq: seq }),
};

const Missed = z.strictObject({
  id: Id,
  reason: z.enum(['missing-at-rail', 'missing-at-bank']),
  source: z.enum(SOURCES),
  rail: z.enum(PAYOUT_RAILS),
  orderId: Id,
  reference: text(120),
  day: Day,
  amount: Change,
  currency: Currency,
});
export const paymentMissed: FactType<OnDay, z.infer<typeof Missed>> = {
  type: 'reconciliation-item.opened.v1',
  title: { en: 'Payment missing on a statement', zh: '对账单缺少付款' },
  data: OnDay,
  private: Missed,
  grams: NONE,
  fen: NONE,
  backPointers: [],
  apply: (world, { seq, at, private: item }) =>
    world.put(reconciliationItems, {
      ...item,
      ...{ lineId: null, state: 'open', suspense: 0, proposal: null, decision: null },
      ...{ openedAt: at, seq, lastSeq: seq },
    }),
};

const Resolved = z.strictObject({
  as: z.enum(RECONCILIATION_DECISIONS),
  to: z.enum(RESOLUTION_ACCOUNTS).optional(),
  bookedSeq: Seq.optional(),
  reason: text(500),
});
const Decided = z.strictObject({
  itemId: Id,
  state: z.enum(['proposed', 'closed']),
  ...Resolved.shape,
  by: z.array(By).min(1).max(2),
  keys: z.array(text(400)).optional(),
  /** It counts as paid: by which order, and how many minor units of what is owed on the account it covers. */
  paid: z.strictObject({ orderId: Id, accountId: Id, amount: z.int().min(1).max(MAX_INTEGER) }).optional(),
  book: BookEntry.optional(),
});
/** Proposed by one person and closed by another where money moves; by one alone where none does. */
export const itemDecided: FactType<OnDay, z.infer<typeof Decided>> = {
  type: 'reconciliation-item.decided.v1',
  title: { en: 'Reconciliation item proposed or decided', zh: '对账差异处理' },
  data: OnDay,
  private: Decided,
  grams: NONE,
  fen: 'Closed, what stood in suspense goes where it belongs.',
  backPointers: [],
  apply(world, { seq, at, private: { itemId, state, by, keys = [], paid, book, ...resolution } }) {
    post(world, seq, book);
    if (paid !== undefined) {
      const { rail } = world.get(reconciliationItems, itemId)!;
      const { accountId, amount } = paid;
      world.add(payments, { accountId, seq, at, by: paidBy(rail), amount, sent: amount });
    }
    for (const key of keys) world.put(statementKeys, { key, lineId: itemId, seq, lastSeq: seq });
    if (state === 'closed') return close(world, itemId, seq, { ...resolution, by });
    world.put(reconciliationItems, {
      ...world.get(reconciliationItems, itemId)!,
      ...{ state, proposal: { ...resolution, by: by[0]! }, lastSeq: seq },
    });
  },
};

const Rechecked = z.strictObject({
  itemId: Id,
  /** Absent: it has resolved. */
  reason: z.enum(RECONCILIATION_REASONS).optional(),
  suspense: Change,
  book: BookEntry.optional(),
});
/** What a rail told later settled it, or made it something else. */
export const itemRechecked: FactType<OnDay, z.infer<typeof Rechecked>> = {
  type: 'reconciliation-item.rechecked.v1',
  title: { en: 'Reconciliation item looked at again', zh: '对账差异复核' },
  data: OnDay,
  private: Rechecked,
  grams: NONE,
  fen: 'Paid after all though it is owed again, the money stands in suspense.',
  backPointers: [],
  apply(world, { seq, private: { itemId, reason, suspense, book } }) {
    post(world, seq, book);
    if (reason === undefined) return close(world, itemId, seq, { as: 'resolved' });
    world.put(reconciliationItems, {
      ...world.get(reconciliationItems, itemId)!,
      ...{ reason, suspense, state: 'open', proposal: null, lastSeq: seq },
    });
  },
};

export const reconciliationFacts = [
  statementLineRecorded,
  statementImported,
  paymentMissed,
  itemDecided,
  itemRechecked,
];
