import { type AccountIds, type AccountRef, type BookEntry, openBook } from '../accounts/book.ts';
import { conflict, unprocessable } from '../kernel/errors.ts';
import { keyedUuid } from '../kernel/ids.ts';
import { dayIn } from '../kernel/time.ts';
import type { ReconciliationReason } from '../kernel/vocabulary.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { World } from '../ledger/world.ts';
import { payoutLists } from '../payouts/lists.tables.ts';
import { byOf, PAYERS } from '../payouts/orders.operations.ts';
import { payoutAttempts, payoutOrders } from '../payouts/payouts.tables.ts';
import { ENDED } from '../payouts/states.ts';
import { referenceOf } from '../rails/rail.ts';
import { collectors } from '../registry/registry.tables.ts';
import {
  bookedKey,
  isOfMeans,
  listKey,
  type Match,
  matchList,
  matchOrder,
  orderKey,
  type Read,
  serialKey,
  unknownLine,
} from './match.ts';
import {
  type Line,
  paymentMissed,
  statementImported,
  statementLineRecorded,
} from './reconciliation.facts.ts';
import { reconciliationItems, type Source, type Statement, statementKeys } from './reconciliation.tables.ts';

export type LineInput = Read & {
  day: string;
  /** Read before the door: a list that the reference names, an earlier fact that booked this very money. */
  prepared?: { listId?: string; bookedSeq?: number };
  /** What whoever read the whole file says of a line that fits by itself. */
  hint?: ReconciliationReason | undefined;
  signed?: Line['signed'];
  representativeId?: string | undefined;
};
export type LineAnswer = { id: string; outcome: Line['outcome'] };
export type Programme = { timeZone: string; operatorId: string };

/** Where the money stands that a statement is of. */
const meansOf = ({ rail, currency }: Pick<Read, 'rail' | 'currency'>, operatorId: string): AccountRef => ({
  kind: rail === 'wechat' ? 'rail' : 'bank',
  currency,
  of: { organisationId: operatorId },
});

export const unmatchedOf = (currency: string, operatorId: string): AccountRef => ({
  kind: 'unmatched',
  currency,
  of: { organisationId: operatorId },
});

/**
 * Puts into suspense what a statement has and the books lack: gone (negative) or come. More than the books have on the
 * account cannot go: what was never recorded as put in is not missed either.
 */
export const suspend = (
  world: World,
  ids: AccountIds,
  operatorId: string,
  line: Pick<Read, 'rail' | 'source' | 'currency'>,
  moved: number,
): { suspense: number; book?: BookEntry } => {
  if (moved === 0 || !isOfMeans(line)) return { suspense: 0 };
  const book = openBook(world, ids);
  const means = meansOf(line, operatorId);
  const suspense = moved < 0 ? Math.min(-moved, Math.max(0, book.standing(means).balance)) : -moved;
  book.credit(means, suspense);
  book.debit(unmatchedOf(line.currency, operatorId), suspense);
  const entry = book.close();
  return { suspense, ...(entry === undefined ? {} : { book: entry }) };
};

/** The item of a payment that no line of this source speaks of. */
export const missingId = (keyring: Keyring, source: Source, reference: string): string =>
  keyedUuid(keyring.idempotency, `missing ${source} ${reference}`);

const has = (world: World, key: string): boolean => world.get(statementKeys, key) !== undefined;

type Found = Match & { orderId?: string; listId?: string; bookedSeq?: number; closes?: string[] };

const find = (world: World, keyring: Keyring, line: LineInput): Found => {
  const { source, kind, reference, prepared = {} } = line;
  const { listId, bookedSeq } = prepared;
  world.needAll([
    [statementKeys, [serialKey(line)]],
    ...(reference === undefined
      ? []
      : ([
          [payoutAttempts, [reference]],
          [statementKeys, [orderKey(source, kind, reference)]],
          [reconciliationItems, [missingId(keyring, source, reference)]],
        ] as const)),
  ]);
  const attempt = reference === undefined ? undefined : world.get(payoutAttempts, reference);
  if (attempt !== undefined && kind !== 'other') {
    const { orderId } = attempt;
    // What a rail tells may be told again; only its statement, or the bank's, counts what happened.
    const isStatement = source !== 'told';
    const spoken = isStatement && has(world, orderKey(source, kind, reference!));
    const match = matchOrder(line, world.get(payoutOrders, orderId)!, spoken);
    if (!isStatement) return { ...match, keys: [], orderId };
    const missing = world.get(reconciliationItems, missingId(keyring, source, reference!));
    const closes = kind === 'paid' && missing !== undefined && missing.state !== 'closed' ? [missing.id] : [];
    return { ...match, orderId, ...(closes.length === 0 ? {} : { closes }) };
  }
  if (listId !== undefined) {
    const list = world.get(payoutLists, listId)!;
    world.need(payoutOrders, list.orders);
    const orders = list.orders.map((id) => world.get(payoutOrders, id)!);
    const spoken = has(world, listKey(listId, line.amount < 0 ? 'out' : 'in'));
    const missed = list.orders.map((id) => missingId(keyring, source, referenceOf(id)));
    world.need(reconciliationItems, missed);
    const closes = missed.flatMap((id) => {
      const missing = world.get(reconciliationItems, id);
      return missing !== undefined && missing.state !== 'closed' ? [missing.id] : [];
    });
    const match = matchList(line, list, orders, spoken);
    return { ...match, listId, ...(closes.length === 0 || match.outcome !== 'matched' ? {} : { closes }) };
  }
  if (bookedSeq !== undefined && !has(world, bookedKey(bookedSeq)))
    return { outcome: 'matched', keys: [bookedKey(bookedSeq)], moved: 0, bookedSeq };
  return unknownLine(line);
};

/** Lines of statements, and what they do not speak of. */
export const lineOperations = (keyring: Keyring, programme: Programme) => {
  const data = (now: number) => ({ day: dayIn(programme.timeZone, now) });
  return {
    record: {
      name: 'statement-line.record',
      roles: [...PAYERS, 'programme'],
      status: 201,
      decide(world, line, { id, now, caller }) {
        const known = world.get(statementKeys, serialKey(line));
        if (known !== undefined)
          throw conflict('line_known', 'This line of the statement was imported already.', {
            lineId: known.lineId,
          });
        if (line.representativeId !== undefined && world.get(collectors, line.representativeId) === undefined)
          throw unprocessable('unknown_collector', '/representativeId', 'no such collector');
        const found = find(world, keyring, line);
        const hinted = found.outcome === 'matched' && line.hint !== undefined;
        const { keys, moved, outcome, ...names } = hinted ? { ...found, outcome: line.hint! } : found;
        const { suspense, book } = suspend(world, keyring, programme.operatorId, line, moved);
        const { source, rail, serial, day, kind, amount, currency, reference, signed } = line;
        return draft({
          type: statementLineRecorded,
          data: data(now),
          private: {
            ...{ id, source, rail, serial, day, kind, amount, currency, outcome, suspense, ...names },
            ...(reference === undefined ? {} : { reference }),
            keys: [serialKey(line), ...keys],
            ...(signed === undefined ? {} : { signed }),
            by: byOf(caller),
            ...(book === undefined ? {} : { book }),
          },
          ...(line.representativeId === undefined || names.orderId === undefined
            ? {}
            : {
                people: [
                  {
                    personId: line.representativeId,
                    part: {
                      personId: line.representativeId,
                      orderId: names.orderId,
                      as: 'representative' as const,
                    },
                  },
                ],
              }),
        });
      },
      answer: ({ private: { id, outcome } }) => ({ id, outcome }),
    } as Operation<LineInput, LineAnswer>,

    complete: {
      name: 'statement.complete',
      roles: PAYERS,
      status: 201,
      decide(_world, statement, { id, now, caller }) {
        const { sha256, ...more } = statement;
        return draft({
          type: statementImported,
          data: data(now),
          private: { id, ...more, ...(sha256 === undefined ? {} : { sha256 }), maker: byOf(caller) },
        });
      },
      answer: ({ private: { id } }) => ({ id }),
    } as Operation<
      Pick<Statement, 'source' | 'rail' | 'currency' | 'fromDay' | 'toDay'> & { sha256?: string | undefined },
      { id: string }
    >,

    /** A payment no line speaks of, though all of its day were imported. */
    miss: {
      name: 'reconciliation-item.open',
      roles: ['programme'],
      status: 201,
      decide(world, { orderId, source, day }, { id, now }) {
        const order = world.get(payoutOrders, orderId)!;
        const reference = order.reference!;
        if (has(world, orderKey(source, 'paid', reference)) || !ENDED.includes(order.state))
          throw conflict('not_missing', 'A line speaks of this order.');
        return draft({
          type: paymentMissed,
          data: data(now),
          private: {
            ...{ id, source, orderId, reference, day },
            reason: source === 'bank' ? 'missing-at-bank' : 'missing-at-rail',
            ...{ rail: order.rail, amount: -order.amount, currency: order.currency },
          },
        });
      },
      answer: ({ private: { id } }) => ({ id }),
    } as Operation<{ orderId: string; source: Source; day: string }, { id: string }>,
  };
};
