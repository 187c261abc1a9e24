import type { ReconciliationReason } from '../kernel/vocabulary.ts';
import type { PayoutOrder } from '../payouts/payouts.tables.ts';
import { GIVES_BACK } from '../payouts/states.ts';
import type { LineKind, Source, StatementLine } from './reconciliation.tables.ts';

/** A line as it was read, before anybody looked what it speaks of. */
export type Read = Pick<StatementLine, 'source' | 'rail' | 'serial' | 'kind' | 'amount' | 'currency'> & {
  reference?: string | undefined;
};

/**
 * What a line turned out to be. `keys`: what it alone speaks of from now on. `moved`: minor units that, by the line, left
 * (negative) or came, beyond what the books have; they stand in suspense until people say what they were.
 */
export type Match = { outcome: StatementLine['outcome']; keys: string[]; moved: number };

/** The line's own number on its statement: what bears it again is the same line. */
export const serialKey = ({ source, rail, serial }: Pick<Read, 'source' | 'rail' | 'serial'>): string =>
  `serial ${source} ${rail} ${serial}`;
/** An order as one kind of line of one source speaks of it. */
export const orderKey = (source: Source, kind: LineKind, reference: string): string =>
  `order ${source} ${kind} ${reference}`;
export const bookedKey = (seq: number): string => `booked ${seq}`;
export const listKey = (listId: string, way: 'out' | 'in'): string => `list ${way} ${listId}`;

/** Whether the statement is of the account where the rail's money stands; then what it has and the books lack is booked. */
export const isOfMeans = ({ source, rail }: Pick<Read, 'source' | 'rail'>): boolean =>
  source === 'bank' || (source === 'rail' && rail === 'wechat');

type Known = Pick<PayoutOrder, 'amount' | 'currency' | 'state'>;

/** What our books moved for an order so far, as its statement would show it. */
const bookedFor = ({ state, amount }: Known, kind: LineKind): number => {
  if (kind === 'returned') return state === 'returned' ? amount : 0;
  // Under way, it will be booked once the rail has told: only what differs is beyond it.
  return GIVES_BACK.includes(state) ? 0 : -amount;
};

/**
 * A line that names an order, held against what is known of it.
 * @param spoken whether an earlier line of this source said the same of it
 */
export const matchOrder = (line: Read, order: Known, spoken: boolean): Match => {
  const { source, kind, amount, reference } = line;
  const keys = [orderKey(source, kind, reference!)];
  const found = (outcome: Match['outcome'], moved = 0, spoke = keys): Match => ({
    outcome,
    moved,
    keys: spoke,
  });
  if (kind === 'failed')
    return found(
      GIVES_BACK.includes(order.state) ? 'matched' : isPaid(order) ? 'contradicts' : 'not-told-yet',
    );
  if (spoken) return found('twice', amount, []);
  const expected = kind === 'returned' ? order.amount : -order.amount;
  if (amount !== expected || line.currency !== order.currency)
    return found('amount-differs', amount - bookedFor(order, kind));
  if (kind === 'paid') {
    if (isPaid(order)) return found('matched');
    return GIVES_BACK.includes(order.state) ? found('paid-after-end', amount) : found('not-told-yet');
  }
  if (order.state === 'returned') return found('matched');
  return order.state === 'paid' ? found('late-return') : found('contradicts', amount);
};

const isPaid = ({ state }: Known): boolean => state === 'paid' || state === 'returned';

/**
 * A line for a whole list: the bank shows one sum for its file. It may take all and give back what it could not pay, or
 * take just what it paid.
 * @param orders of the list
 */
export const matchList = (
  line: Read,
  list: { id: string; total: number },
  orders: readonly Known[],
  spoken: boolean,
): Match => {
  const paid = orders.filter(isPaid).reduce((sum, { amount }) => sum + amount, 0);
  const isOut = line.amount < 0;
  const keys = [listKey(list.id, isOut ? 'out' : 'in')];
  if (spoken) return { outcome: 'twice', moved: line.amount, keys: [] };
  const fits = isOut
    ? line.amount === -paid || line.amount === -list.total
    : line.amount === list.total - paid && line.amount > 0;
  if (fits) return { outcome: 'matched', moved: 0, keys };
  return { outcome: 'amount-differs', moved: isOut ? line.amount + paid : line.amount, keys };
};

/** A line that names nothing we know. */
export const unknownLine = (line: Read): Match => ({
  outcome: line.reference === undefined ? 'no-reference' : 'missing-here',
  moved: line.kind === 'failed' ? 0 : line.amount,
  keys: [],
});

/** Reasons that what the rail tells later may settle. */
export const WAITING: readonly ReconciliationReason[] = ['not-told-yet', 'late-return'];
