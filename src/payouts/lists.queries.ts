import type pg from 'pg';
import { DomainError } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { BANK_LIMITS, bankFile } from '../rails/bank.ts';
import { CASH_LIMITS } from '../rails/cash.ts';
import { type Attempt, checkAttempt, type Limits, referenceOf } from '../rails/rail.ts';
import { MAX_LIST_LINES } from './lists.facts.ts';
import type { PaperRail } from './lists.tables.ts';
import type { PayeePart } from './payees.facts.ts';
import { holdsOf, ordersWhere } from './payouts.queries.ts';
import type { PayoutOrder } from './payouts.tables.ts';
import { PURPOSE } from './worker.ts';

export const PAPER_LIMITS: Readonly<Record<PaperRail, Limits>> = { bank: BANK_LIMITS, cash: CASH_LIMITS };

/** An order that may not stand on the list, and why. */
export type LeftOut = { orderId: string; code: string };
export type Ready = { orders: PayoutOrder[]; lines: Attempt[]; leftOut: LeftOut[] };

/** What is asked to go out together. */
export type ListScope = {
  rail: PaperRail;
  currency: string;
  runId?: string | undefined;
  siteId?: string | undefined;
  orderIds?: readonly string[] | undefined;
};

/** The lines of these orders, in their order; null where the payee's account was erased. */
export const linesOfOrders = async (
  db: Queryable,
  keyring: Keyring,
  orders: readonly PayoutOrder[],
): Promise<(Attempt | null)[]> => {
  const facts = await readFactsAt(
    db,
    sha256,
    keyring,
    orders.map(({ payeeSeq }) => payeeSeq),
  );
  return orders.map(({ id, amount, payeeSeq, personId }) => {
    const payee = facts.get(payeeSeq)?.fact.people[0]?.part as PayeePart | undefined;
    if (payee === undefined || personId === null) return null;
    return {
      reference: referenceOf(id),
      amount,
      // Cash is handed to a person, whom the registry knows by their id.
      payee: {
        account: payee.account ?? personId,
        ...(payee.name === undefined ? {} : { name: payee.name }),
      },
      purpose: PURPOSE,
    };
  });
};

const faultOf = (rail: PaperRail, line: Attempt | null): string | undefined => {
  if (line === null) return 'collector_erased';
  try {
    if (rail === 'bank') bankFile([line]);
    else checkAttempt(line, PAPER_LIMITS.cash);
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
};

/**
 * The orders of a scope that may go out now, oldest first, up to one list full. What is held, or could not be written into
 * the bank's file, is left out with its reason, so that one bad name does not stop everybody's pay.
 * @param now milliseconds
 */
export const readyFor = async (
  db: pg.Pool,
  keyring: Keyring,
  { rail, currency, runId, siteId, orderIds }: ListScope,
  now: number,
): Promise<Ready> => {
  const found = await ordersWhere(
    db,
    `o.rail = $1 AND o.state = 'approved' AND o.reference IS NULL AND o."personId" IS NOT NULL AND o.currency = $2
     AND (o.ready OR r.state = 'submitted') AND ($3::uuid IS NULL OR o."runId" = $3)
     AND ($4::uuid IS NULL OR o."siteId" = $4) AND ($5::uuid[] IS NULL OR o.id = ANY($5))`,
    [rail, currency, runId ?? null, siteId ?? null, orderIds ?? null],
    MAX_LIST_LINES,
  );
  const holds = await holdsOf(
    db,
    found.map(({ personId }) => personId!),
    now,
  );
  const lines = await linesOfOrders(db, keyring, found);
  const ready: Ready = { orders: [], lines: [], leftOut: [] };
  for (const [i, order] of found.entries()) {
    const standing = holds.get(order.personId!);
    const code =
      standing?.payeeSeq !== order.payeeSeq
        ? 'payee_changed'
        : standing.holds.length > 0
          ? `held_for_${standing.holds[0]!.replaceAll('-', '_')}`
          : faultOf(rail, lines[i]!);
    if (code !== undefined) ready.leftOut.push({ orderId: order.id, code });
    else {
      ready.orders.push(order);
      ready.lines.push(lines[i]!);
    }
  }
  return ready;
};
