import { accounts } from '../accounts/accounts.tables.ts';
import { idOfAccount } from '../accounts/book.ts';
import { conflict } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import type { UnclaimedReason } from '../kernel/vocabulary.ts';
import { type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readEntry, readHead } from '../ledger/store.ts';
import { type Unclaimed, unclaimed } from './payouts.tables.ts';
import { balanceClaimed, balanceUnclaimed } from './unclaimed.facts.ts';

/** As long as money of unknown people is kept for them (domain, rule 3). */
export const UNCLAIMED_AFTER_DAYS = 180;
const AT_ONCE = 500;
const DAY_MS = 86_400_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

export type Found = Pick<Unclaimed, 'accountId' | 'currency' | 'amount' | 'asOfSeq'>;

/** What is said of balances: a state of an account, and no movement of money. */
export const unclaimedOperations = (programme: { timeZone: string }) => {
  const data = ({ now }: DecideContext) => ({ day: dayIn(programme.timeZone, now) });
  return {
    find: {
      name: 'payout-balance.find-unclaimed',
      roles: ['programme'],
      status: 201,
      decide(world, found, context) {
        const account = world.get(accounts, found.accountId);
        if (world.get(unclaimed, found.accountId)?.state === 'unclaimed' || (account?.balance ?? 0) >= 0)
          throw conflict('balance_moved', 'It was found already, or paid.');
        return draft({ type: balanceUnclaimed, data: data(context), private: found });
      },
      answer: ({ private: { accountId } }) => ({ accountId }),
    } as Operation<Found, { accountId: string }>,
    claim: {
      name: 'payout-balance.claim',
      roles: ['programme'],
      status: 201,
      decide(world, { accountId }, context) {
        if (world.get(unclaimed, accountId)?.state !== 'unclaimed')
          throw conflict('balance_moved', 'It was claimed already.');
        return draft({ type: balanceClaimed, data: data(context), private: { accountId } });
      },
      answer: ({ private: { accountId } }) => ({ accountId }),
    } as Operation<{ accountId: string }, { accountId: string }>,
  };
};

/** The last entry recorded at or before this time, in milliseconds; −1 where there is none. */
const lastBefore = async (db: Queryable, at: number): Promise<number> => {
  let [low, high] = [-1, (await readHead(db)).size - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const entry = JSON.parse((await readEntry(db, middle))!.bytes.toString('utf8')) as { at: string };
    if (Date.parse(entry.at) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** Debits of an account after a position: what was paid, or taken back, since. What was earned first is paid first. */
const PAID_SINCE = `coalesce((SELECT sum(delta) FROM postings WHERE account = %a AND seq > %s AND delta > 0), 0)`;
const paidSince = (account: string, seq: string): string =>
  PAID_SINCE.replace('%a', account).replace('%s', seq);

/** Balances of people, known or not, that were owed so long ago and are not paid: those nobody found yet, some at a time. */
async function* foundNow(db: Queryable, now: number): AsyncGenerator<Found[]> {
  const asOfSeq = await lastBefore(db, now - UNCLAIMED_AFTER_DAYS * DAY_MS);
  if (asOfSeq < 0) return;
  for (let from = FIRST; ; ) {
    const { rows } = await db.query<Found>(
      `SELECT a.id AS "accountId", a.currency, $2::int8 AS "asOfSeq",
         greatest(0, least(-a.balance, -p.after - ${paidSince('a.id', '$2')}))::int8 AS amount
       FROM accounts a CROSS JOIN LATERAL (
         SELECT after FROM postings WHERE account = a.id AND seq <= $2 ORDER BY seq DESC LIMIT 1) p
       WHERE a.id > $1 AND a.kind IN ('payable', 'suspense') AND a.organisation_id IS NULL AND a.site_id IS NULL AND a.balance < 0
         AND NOT EXISTS (SELECT FROM payout_unclaimed u WHERE u.account_id = a.id AND u.state = 'unclaimed')
       ORDER BY a.id LIMIT ${AT_ONCE}`,
      [from, asOfSeq],
    );
    if (rows.length === 0) return;
    from = rows.at(-1)!.accountId;
    yield rows.filter(({ amount }) => amount > 0);
  }
}

/** Of what was found, how much is not paid yet. */
const LEFT = `greatest(0, u.amount - ${paidSince('u.account_id', 'u.seq')})::int8`;

/**
 * Says of balances nobody was paid for long that they are unclaimed, and of those paid since that they were claimed.
 * @param now milliseconds
 * @returns how many it said something of
 */
export const sweepUnclaimed = async (
  db: Queryable,
  now: number,
  say: {
    find: (found: Found) => Promise<object | undefined>;
    claim: (accountId: string) => Promise<object | undefined>;
  },
): Promise<number> => {
  let did = 0;
  const all = async (said: Promise<object | undefined>[]): Promise<void> => {
    did += (await Promise.all(said)).filter((answer) => answer !== undefined).length;
  };
  for await (const found of foundNow(db, now)) await all(found.map(say.find));
  for (let from = -1; ; ) {
    const { rows } = await db.query<{ accountId: string; seq: number; left: number }>(
      `SELECT u.account_id AS "accountId", u.seq, ${LEFT} AS left FROM payout_unclaimed u
       WHERE u.state = 'unclaimed' AND u.seq > $1 ORDER BY u.seq LIMIT ${AT_ONCE}`,
      [from],
    );
    if (rows.length === 0) return did;
    from = rows.at(-1)!.seq;
    await all(rows.filter(({ left }) => left === 0).map(({ accountId }) => say.claim(accountId)));
  }
};

export type UnclaimedRow = Found & {
  seq: number;
  /** Of the amount, what is not paid yet. */
  left: number;
  /** Of what waits in suspense, the entry of the weigh-in that nobody was named for; null of what a person is owed. */
  weighInSeq: number | null;
};

/** What is unclaimed, in the order it was found; one more than `limit`. */
export const listUnclaimed = async (db: Queryable, after: number, limit: number): Promise<UnclaimedRow[]> =>
  (
    await db.query<UnclaimedRow>(
      `SELECT u.account_id AS "accountId", u.currency, u.amount, u.as_of_seq AS "asOfSeq", u.seq, ${LEFT} AS left,
         CASE a.kind WHEN 'suspense' THEN (SELECT min(seq) FROM postings WHERE account = a.id) END AS "weighInSeq"
       FROM payout_unclaimed u JOIN accounts a ON a.id = u.account_id WHERE u.state = 'unclaimed' AND u.seq > $1 ORDER BY u.seq LIMIT $2`,
      [after, limit + 1],
    )
  ).rows;

/** What is unclaimed in all, by currency. */
export const totalUnclaimed = async (
  db: Queryable,
): Promise<{ currency: string; count: number; amount: number }[]> =>
  (
    await db.query<{ currency: string; count: number; amount: number }>(
      `SELECT u.currency, count(*)::int8 AS count, sum(${LEFT})::int8 AS amount FROM payout_unclaimed u
       WHERE u.state = 'unclaimed' GROUP BY 1 ORDER BY 1`,
    )
  ).rows;

/**
 * Whose accounts these are. An account names nobody, so the ids of all registered people are tried; whoever was erased is
 * not among them.
 */
export const personsOf = async (
  db: Queryable,
  keyring: Keyring,
  rows: readonly Pick<Found, 'accountId' | 'currency'>[],
): Promise<Map<string, string>> => {
  const wanted = new Set(rows.map(({ accountId }) => accountId));
  const currencies = [...new Set(rows.map(({ currency }) => currency))];
  const found = new Map<string, string>();
  for (let from = FIRST; found.size < wanted.size; ) {
    const { rows: people } = await db.query<{ id: string }>(
      `SELECT id FROM collectors WHERE id > $1 AND state <> 'erased' ORDER BY id LIMIT 1000`,
      [from],
    );
    if (people.length === 0) return found;
    from = people.at(-1)!.id;
    for (const { id } of people)
      for (const currency of currencies) {
        const account = idOfAccount(keyring, { kind: 'payable', currency, of: { personId: id } });
        if (wanted.has(account)) found.set(account, id);
      }
  }
  return found;
};

/** Why each of these people was not paid, by person: what stands in the way first, then how the last order ended. */
export const reasonsOf = async (
  db: Queryable,
  personIds: readonly string[],
): Promise<Map<string, UnclaimedReason>> => {
  const { rows } = await db.query<{ id: string; payee: boolean; state: string | null }>(
    `SELECT c.id, p.seq IS NOT NULL AS payee, o.state FROM collectors c
       LEFT JOIN payees p ON p.person_id = c.id
       LEFT JOIN LATERAL (
         SELECT state FROM payout_orders WHERE person_id = c.id ORDER BY seq DESC LIMIT 1) o ON true
     WHERE c.id = ANY($1::uuid[])`,
    [[...personIds]],
  );
  const reason = (payee: boolean, state: string | null): UnclaimedReason => {
    if (!payee) return 'no-payee';
    switch (state) {
      case 'held':
      case 'expired':
      case 'failed':
      case 'returned':
        return state;
      case null:
      case 'paid':
      case 'rejected':
      case 'cancelled':
        return 'not-ordered';
      default:
        return 'under-way';
    }
  };
  return new Map(rows.map(({ id, payee, state }) => [id, reason(payee, state)]));
};
