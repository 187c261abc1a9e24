import type pg from 'pg';
import { canonicalJson } from '../kernel/canonical.ts';
import { DomainError } from '../kernel/errors.ts';
import { keyedUuid } from '../kernel/ids.ts';
import { dayIn } from '../kernel/time.ts';
import type { ReconciliationReason } from '../kernel/vocabulary.ts';
import type { Caller, Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import type { PayoutList } from '../payouts/lists.tables.ts';
import { fieldsOf, ordersWhere } from '../payouts/payouts.queries.ts';
import { type PayoutAttempt, type PayoutOrder, payoutAttempts } from '../payouts/payouts.tables.ts';
import type { Payouts } from '../payouts/payouts.ts';
import { GIVES_BACK } from '../payouts/states.ts';
import { bankNews } from '../rails/bank.ts';
import { type CashEntry, cashNews } from '../rails/cash.ts';
import type { Queued, Reconciled } from '../rails/lists.ts';
import { type Outcome, type OutcomeKind, referenceOf } from '../rails/rail.ts';
import { PROGRAMME } from '../registry/access.ts';
import type { itemOperations } from './items.operations.ts';
import type { LineAnswer, LineInput, lineOperations, Programme } from './lines.operations.ts';
import { waitingItems } from './reconciliation.queries.ts';
import type { LineKind } from './reconciliation.tables.ts';

export type ToldDeps = {
  pool: pg.Pool;
  keyring: Keyring;
  door: Door;
  payouts: Payouts;
  programme: Programme;
  clock: () => number;
  lines: ReturnType<typeof lineOperations>;
  items: ReturnType<typeof itemOperations>;
};

const KINDS: Partial<Record<OutcomeKind, LineKind>> = {
  paid: 'paid',
  returned: 'returned',
  failed: 'failed',
  closed: 'failed',
  cancelled: 'failed',
};

/** What a file says against itself or against what was told before, as a reason of the queue. */
const HINTS: Readonly<Record<string, ReconciliationReason>> = {
  duplicate_line: 'twice',
  contradicting_lines: 'contradicts',
  contradicts_earlier: 'contradicts',
  returned_before_paid: 'contradicts',
  amount_differs: 'amount-differs',
};

/** Puts one write through, under a key that follows from what it is: told again, it is answered as before. */
export const recordOnce = async <Input extends object, Answer extends object>(
  { door, keyring }: Pick<ToldDeps, 'door' | 'keyring'>,
  operation: Operation<Input, Answer>,
  input: Input,
  caller: Caller,
  name: string,
  /** What a repeat must have in common; all of it unless said. */
  content: object = input,
): Promise<Answer> => {
  const id = keyedUuid(keyring.idempotency, `${operation.name} ${name}`);
  const fingerprint = keyring.fingerprint(`${operation.name} ${canonicalJson(content)}`);
  return (await door.record(operation, input, caller, { id, fingerprint })).answer;
};

/** Records a line that a rail told and that does not fit, or that bears a signature. */
export const recordTold = (
  deps: ToldDeps,
  caller: Caller,
  line: Omit<LineInput, 'source' | 'day'> & { day?: string },
): Promise<LineAnswer> => {
  const { day = dayIn(deps.programme.timeZone, deps.clock()), ...more } = line;
  const input = { ...more, day, source: 'told' as const };
  // Told again on another day it is the same.
  return recordOnce(deps, deps.lines.record, input, caller, `told ${line.rail} ${line.serial}`, more);
};

/** Signed as an account shows it. */
export const signedAmount = (kind: LineKind, amount: number): number =>
  kind === 'returned' ? amount : -amount;

/** What a rail told may have settled some items. Says how many. */
export const settleWaiting = async (deps: ToldDeps, orderId: string | null): Promise<number> => {
  const waiting = await waitingItems(deps.pool, orderId);
  let settled = 0;
  for (const itemId of waiting)
    try {
      const key = { id: keyedUuid(deps.keyring.idempotency, `recheck ${itemId} ${deps.clock()}`) };
      const fingerprint = deps.keyring.fingerprint(`recheck ${itemId}`);
      const recorded = await deps.door.record(deps.items.recheck, { itemId }, PROGRAMME, {
        ...key,
        fingerprint,
      });
      if (recorded.answer.state === 'closed') settled++;
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'conflict') throw error;
    }
  return settled;
};

/** Whether the order stands as an outcome says. */
export const agrees = ({ state }: Pick<PayoutOrder, 'state'>, { kind }: Outcome): boolean => {
  if (kind === 'paid') return state === 'paid' || state === 'returned';
  if (kind === 'returned') return state === 'returned';
  return KINDS[kind] === 'failed' ? GIVES_BACK.includes(state) : true;
};

/** A notification that changed nothing, though it says otherwise than what is known: for people to look at. */
export const queueNotification = async (
  deps: ToldDeps,
  { id: serial, reference, outcome }: { id: string; reference: string; outcome: Outcome },
): Promise<void> => {
  const kind = KINDS[outcome.kind];
  if (kind === undefined) return;
  const line = {
    ...{ rail: 'wechat' as const, serial: `notification ${serial}`, kind, reference },
    ...{ amount: signedAmount(kind, outcome.amount ?? 0), currency: 'CNY' },
  };
  await recordTold(deps, PROGRAMME, line);
};

type ListState = {
  orders: PayoutOrder[];
  /** By reference. */
  byReference: Map<string, PayoutOrder>;
  known: Map<string, Outcome>;
};

const stateOf = async ({ pool }: ToldDeps, list: PayoutList): Promise<ListState> => {
  const orders = await ordersWhere(pool, 'o.id = ANY($1::uuid[])', [list.orders], list.orders.length);
  const { rows } = await pool.query<PayoutAttempt>(
    `${fieldsOf(payoutAttempts as never)} WHERE reference = ANY($1::text[])`,
    [list.orders.map(referenceOf)],
  );
  const known = new Map<string, Outcome>();
  for (const { reference, steps } of rows) {
    const last = steps.findLast(({ outcome }) => outcome !== undefined);
    if (last !== undefined) known.set(reference, last.outcome!);
  }
  return { orders, byReference: new Map(orders.map((order) => [referenceOf(order.id), order])), known };
};

type Queue = (Omit<Queued, 'told'> & { itemId?: string })[];

/** Records what does not fit, once for what it says, whichever file says it. */
const enqueue = async (
  deps: ToldDeps,
  caller: Caller,
  list: PayoutList,
  queued: readonly Queued[],
): Promise<Queue> => {
  const queue: Queue = [];
  for (const { told, ...entry } of queued) {
    const kind = told === undefined ? undefined : KINDS[told.outcome.kind];
    if (kind === undefined || entry.reference === undefined) {
      queue.push(entry);
      continue;
    }
    const hint = HINTS[entry.code];
    const { rail, currency } = list;
    const { id: itemId } = await recordTold(deps, caller, {
      ...{ rail, currency, kind, reference: entry.reference },
      amount: signedAmount(kind, told!.amount),
      serial: `${entry.reference} ${kind} ${told!.amount} ${entry.code}`,
      day: list.day,
      ...(hint === undefined ? {} : { hint }),
    });
    queue.push({ ...entry, itemId });
  }
  return queue;
};

/** Lets the news change their orders. What another import told meanwhile counts as repeated. */
const takeNews = async (
  deps: ToldDeps,
  { byReference }: ListState,
  { news, repeated }: Pick<Reconciled, 'news' | 'repeated'>,
): Promise<{ taken: number; repeated: number }> => {
  const done = await Promise.all(
    news.map(({ reference, outcome }) =>
      deps.payouts.worker.told(byReference.get(reference)!, reference, 'notification', outcome),
    ),
  );
  const taken = done.filter(Boolean).length;
  for (const { reference } of news) await settleWaiting(deps, byReference.get(reference)!.id);
  return { taken, repeated: repeated + done.length - taken };
};

/**
 * The bank's results of a file: of the next day, or what came back later. Each line that fits changes its order through
 * the door; the rest waits in the queue. Imported again, or broken off and begun anew, it does nothing twice.
 * @throws 422 for what is no such file
 */
export const importResults = async (deps: ToldDeps, list: PayoutList, csv: string, caller: Caller) => {
  const state = await stateOf(deps, list);
  const sent = state.orders.map(({ id, amount }) => ({ reference: referenceOf(id), amount }));
  const told = bankNews(Buffer.from(csv), sent, state.known);
  const counts = await takeNews(deps, state, told);
  const queue = await enqueue(deps, caller, list, told.queue);
  return { lines: told.lines, ...counts, missing: told.missing, queue };
};

export type Signature = Pick<CashEntry, 'amount' | 'signed' | 'signedAt' | 'paidBy'> & {
  orderId: string;
  representativeId?: string | undefined;
  evidence?: string | undefined;
};

/** What was signed on a cash list: who signed how, and what it did to each order. */
export const importSignatures = async (
  deps: ToldDeps,
  list: PayoutList,
  entries: readonly Signature[],
  caller: Caller,
) => {
  const state = await stateOf(deps, list);
  const now = deps.clock();
  const attempts = state.orders.map(({ id, amount }) => ({
    ...{ reference: referenceOf(id), amount, payee: { account: '' }, purpose: '' },
  }));
  const read = entries.map(({ orderId, representativeId, evidence: _, ...entry }): CashEntry => {
    const owedTo = state.byReference.get(referenceOf(orderId))?.personId ?? orderId;
    return { ...entry, reference: referenceOf(orderId), owedTo, signedBy: representativeId ?? owedTo };
  });
  const { number, day } = list;
  const cash = { number, day, site: '', lines: attempts };
  const told = cashNews(read, cash, state.known, list.madeAt, now);
  const counts = await takeNews(deps, state, told);
  const queue = await enqueue(deps, caller, list, told.queue);
  const wrong = new Set(told.queue.map(({ line }) => line));
  for (const [i, entry] of entries.entries()) {
    if (wrong.has(i + 1)) continue;
    const { signed: how, paidBy, evidence, representativeId } = entry;
    const kind = how === 'nobody' ? 'failed' : 'paid';
    const reference = referenceOf(entry.orderId);
    const signed = { how, paidBy, at: new Date(entry.signedAt).toISOString() };
    await recordTold(deps, caller, {
      ...{ rail: 'cash', kind, reference, currency: list.currency, serial: `${reference} signed` },
      ...{ amount: signedAmount(kind, entry.amount), day: dayIn(deps.programme.timeZone, entry.signedAt) },
      signed: { ...signed, ...(evidence === undefined ? {} : { evidence }) },
      ...(representativeId === undefined ? {} : { representativeId }),
    }).catch((error) => {
      if (!(error instanceof DomainError) || error.code !== 'idempotency_conflict') throw error;
      const reason = 'Another signature is recorded of this line.';
      queue.push({ line: i + 1, reference, code: 'signed_otherwise', reason });
    });
  }
  return { lines: entries.length, ...counts, missing: told.missing, queue };
};
