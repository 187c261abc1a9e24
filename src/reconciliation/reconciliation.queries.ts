import type pg from 'pg';
import { idOfAccount } from '../accounts/book.ts';
import { sha256 } from '../kernel/hash.ts';
import { dayIn } from '../kernel/time.ts';
import { MAX_INTEGER } from '../kernel/values.ts';
import type { PayoutRail } from '../kernel/vocabulary.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { payoutAttemptAnswered } from '../payouts/orders.facts.ts';
import type { Step } from '../rails/rail.ts';
import type { LineInput, Programme } from './lines.operations.ts';
import { isOfMeans, WAITING } from './match.ts';
import { statementLineRecorded } from './reconciliation.facts.ts';
import type { Source } from './reconciliation.tables.ts';

const DAY_MS = 86_400_000;
/** How far apart a booking and its line on a statement may lie. Milliseconds. */
const NEAR_MS = 5 * DAY_MS;
const BOOKINGS_LOOKED_AT = 2_000;

type Line = LineInput & { id?: string | undefined };
type Prepared = NonNullable<LineInput['prepared']>;
type Booking = { seq: number; at: number; delta: number; reference: unknown };

/** The account of the programme that the statement is of. */
export const meansAccount = (
  keyring: Keyring,
  { rail, currency }: Pick<Line, 'rail' | 'currency'>,
  { operatorId }: Pick<Programme, 'operatorId'>,
): string =>
  idOfAccount(keyring, {
    kind: rail === 'wechat' ? 'rail' : 'bank',
    currency,
    of: { organisationId: operatorId },
  });

/** Facts that moved the account by one of these amounts, and that no line was matched with; the newest first. */
const bookingsOf = async (
  db: Queryable,
  keyring: Keyring,
  account: string,
  amounts: readonly number[],
): Promise<Booking[]> => {
  const { rows } = await db.query<{ seq: number; delta: number }>(
    `SELECT seq, delta FROM postings p WHERE account = $1 AND delta = ANY($2::int8[])
       AND NOT EXISTS (SELECT FROM statement_keys k WHERE k.key = 'booked ' || p.seq)
     ORDER BY seq DESC LIMIT ${BOOKINGS_LOOKED_AT}`,
    [account, [...amounts]],
  );
  const facts = await readFactsAt(
    db,
    sha256,
    keyring,
    rows.map(({ seq }) => seq),
  );
  // What was paid to people bears their order's reference; what lines put into suspense is no other booking.
  const own = [payoutAttemptAnswered.type, statementLineRecorded.type, 'reconciliation-item.rechecked.v1'];
  return rows.flatMap(({ seq, delta }) => {
    const { fact } = facts.get(seq)!;
    if (own.includes(fact.type)) return [];
    return [{ seq, delta, at: fact.at, reference: fact.private.reference }];
  });
};

/**
 * What a rule cannot find by a key: the list whose number a line of the bank bears, and the one earlier booking of the
 * same amount on the same account that bears its reference or number, or, where the line has no reference, the only one
 * within five days. The door looks again whether another line took it.
 */
export const prepareLines = async (
  db: Queryable,
  keyring: Keyring,
  programme: Programme,
  lines: readonly Line[],
): Promise<(Prepared | undefined)[]> => {
  const references = lines.flatMap(({ reference }) => (reference === undefined ? [] : [reference]));
  const { rows: lists } = await db.query<{ id: string; number: string }>(
    'SELECT id, number FROM payout_lists WHERE number = ANY($1::text[])',
    [references],
  );
  const { rows: attempts } = await db.query<{ reference: string }>(
    'SELECT reference FROM payout_attempts WHERE reference = ANY($1::text[])',
    [references],
  );
  const listIds = new Map(lists.map(({ id, number }) => [number, id]));
  const orders = new Set(attempts.map(({ reference }) => reference));
  const isOpen = (line: Line): boolean => {
    const { reference = '' } = line;
    const isNamed = (orders.has(reference) && line.kind !== 'other') || listIds.has(reference);
    return isOfMeans(line) && !isNamed && line.kind !== 'failed';
  };
  const accounts = new Map<string, Booking[]>();
  for (const line of lines.filter(isOpen)) {
    const account = meansAccount(keyring, line, programme);
    if (accounts.has(account)) continue;
    const amounts = lines
      .filter((one) => isOpen(one) && meansAccount(keyring, one, programme) === account)
      .map(({ amount }) => amount);
    accounts.set(account, await bookingsOf(db, keyring, account, [...new Set(amounts)]));
  }
  const taken = new Set<number>();
  return lines.map((line) => {
    const listId = line.source === 'bank' ? listIds.get(line.reference ?? '') : undefined;
    if (listId !== undefined) return { listId };
    if (!isOpen(line)) return undefined;
    const bookings = accounts
      .get(meansAccount(keyring, line, programme))!
      .filter(({ seq, delta }) => delta === line.amount && !taken.has(seq));
    const named = bookings.find(
      ({ reference }) =>
        reference !== undefined && (reference === line.reference || reference === line.serial),
    );
    const noon = Date.parse(`${line.day}T12:00:00Z`);
    const near = bookings.filter(({ at }) => Math.abs(at - noon) <= NEAR_MS);
    const found = named ?? (line.reference === undefined && near.length === 1 ? near[0] : undefined);
    if (found === undefined) return undefined;
    taken.add(found.seq);
    return { bookedSeq: found.seq };
  });
};

/** How much a fact moved the account; undefined when it did not. Minor units. */
export const movedBy = async (db: Queryable, account: string, seq: number): Promise<number | undefined> => {
  const { rows } = await db.query<{ delta: number }>(
    'SELECT delta FROM postings WHERE account = $1 AND seq = $2',
    [account, seq],
  );
  return rows[0]?.delta;
};

/** The day on which it was paid: by the rail's own word where it said one, else when we heard. */
const paidDay = (steps: readonly Step[], timeZone: string): string | undefined => {
  const step = steps.findLast(({ outcome }) => outcome?.kind === 'paid');
  if (step === undefined) return undefined;
  const told = Date.parse(step.outcome?.at ?? '');
  return dayIn(timeZone, Number.isNaN(told) ? step.at : told);
};

/** Orders of the rail that were paid on these days by our books, and that no line of the source speaks of. */
export async function* unspokenOf(
  db: pg.Pool,
  statement: { source: Source; rail: PayoutRail; currency: string; fromDay: string; toDay: string },
  timeZone: string,
): AsyncGenerator<{ orderId: string; reference: string; day: string }> {
  const { source, rail, currency, fromDay, toDay } = statement;
  for (let from = -1; ; ) {
    const { rows } = await db.query<{ id: string; reference: string; seq: number; steps: Step[] }>(
      `SELECT o.id, o.reference, o.seq, a.steps FROM payout_orders o JOIN payout_attempts a USING (reference)
       WHERE o.rail = $1 AND o.currency = $2 AND o.state = 'paid' AND o.seq > $3
         AND NOT EXISTS (SELECT FROM statement_keys k WHERE k.key = 'order ' || $4 || ' paid ' || o.reference)
       ORDER BY o.seq LIMIT 1000`,
      [rail, currency, from, source],
    );
    if (rows.length === 0) return;
    from = rows.at(-1)!.seq;
    for (const { id: orderId, reference, steps } of rows) {
      const day = paidDay(steps, timeZone);
      if (day !== undefined && day >= fromDay && day <= toDay) yield { orderId, reference, day };
    }
  }
}

/** Open items that what a rail told may have settled; of one order, or of all. */
export const waitingItems = async (db: Queryable, orderId: string | null): Promise<string[]> => {
  const { rows } = await db.query<{ id: string }>(
    `SELECT id FROM reconciliation_items WHERE state <> 'closed' AND reason = ANY($1::text[])
       AND ($2::uuid IS NULL OR order_id = $2) ORDER BY seq LIMIT 1000`,
    [[...WAITING], orderId],
  );
  return rows.map(({ id }) => id);
};

/** Lines may each say up to 2^53 − 1, mistaken or not: a sum of such is shown as the most that JSON carries. */
const shownSum = (column: string): string =>
  `LEAST(GREATEST(sum(${column}), ${-MAX_INTEGER}), ${MAX_INTEGER})::int8`;

/** What waits, by reason; the oldest first of its kind. Sums in minor units. */
export const openItems = async (db: Queryable) =>
  (
    await db.query<{
      reason: string;
      currency: string;
      count: number;
      amount: number;
      suspense: number;
      openedAt: number;
    }>(
      `SELECT reason, currency, count(*)::int8 AS count, ${shownSum('amount')} AS amount,
         ${shownSum('suspense')} AS suspense, min(opened_at)::int8 AS "openedAt"
       FROM reconciliation_items WHERE state <> 'closed' GROUP BY 1, 2 ORDER BY 1, 2`,
    )
  ).rows;

/** The suspense by currency, and the fact since which it is not zero. */
export const suspenseNow = async (db: Queryable) =>
  (
    await db.query<{ currency: string; balance: number; sinceSeq: number | null }>(
      `SELECT a.currency, sum(a.balance)::int8 AS balance, min(s.seq)::int8 AS "sinceSeq" FROM accounts a
       LEFT JOIN LATERAL (
         SELECT p.seq FROM postings p WHERE p.account = a.id AND a.balance <> 0 AND p.seq > coalesce(
           (SELECT seq FROM postings z WHERE z.account = a.id AND z.after = 0 ORDER BY seq DESC LIMIT 1), -1)
         ORDER BY p.seq LIMIT 1) s ON true
       WHERE a.kind = 'unmatched' GROUP BY 1 ORDER BY 1`,
    )
  ).rows;
