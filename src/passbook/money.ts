import { idOfAccount } from '../accounts/book.ts';
import { sha256 } from '../kernel/hash.ts';
import type { AccountKind } from '../kernel/vocabulary.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { type TaxChange, taxOf } from '../taxes/withholding.ts';
import type { BagReader } from './bags.ts';
import type { AccountStanding } from './passbook.schema.ts';

/** What moved a person's money apart from the weighing itself; minor units, positive where they gained. */
export type MoneyLine = {
  seq: number;
  leafHash: string;
  day: string;
  currency: string;
  kind: 'scale' | 'cash' | 'paid' | 'returned' | 'bonus' | 'inherited';
  /** Of a bonus, what is owed by it: less the tax withheld of it. */
  amount: number;
  tax: number;
  /** The rail of a payout, and the code of the batch a bonus is of. */
  rail: string | null;
  batchCode: string | null;
  subjectId: string | null;
};

/** A payout that has not ended. */
export type UnderWay = { id: string; rail: string; state: string; currency: string; amount: number };

/** The accounts a person can have, by kind. */
const KINDS = ['payable', 'provisional', 'suspense', 'overpaid'] as const;

const idsOf = ({ keyring }: BagReader, personId: string, currency: string): string[] =>
  KINDS.map((kind: AccountKind) => idOfAccount(keyring, { kind, currency, of: { personId } }));

/** How a person's accounts stand after an entry; what is held, by now. Debts of the programme are positive. Minor units. */
export const standingOf = async (
  reader: BagReader,
  personId: string,
  currency: string,
  asOfSeq: number,
): Promise<AccountStanding> => {
  const ids = idsOf(reader, personId, currency);
  const { rows } = await reader.pool.query<{ id: string; balance: number; held: number }>(
    `SELECT a.id, p.after AS balance, a.held FROM accounts a CROSS JOIN LATERAL (
       SELECT after FROM postings WHERE account = a.id AND seq <= $2 ORDER BY seq DESC LIMIT 1) p
     WHERE a.id = ANY($1::uuid[])`,
    [ids, asOfSeq],
  );
  const [payable, provisional, suspense, overpaid] = ids.map((id) => rows.find((row) => row.id === id));
  return {
    currency,
    owed: 0 - (payable?.balance ?? 0),
    inPayment: payable?.held ?? 0,
    provisional: 0 - (provisional?.balance ?? 0),
    inSuspense: 0 - (suspense?.balance ?? 0),
    overpaid: overpaid?.balance ?? 0,
  };
};

/** Facts that pay, or give, a person money and are no weigh-in. */
const PAYING = [
  ...['cash.paid.v1', 'payout-attempt.answered.v1', 'distribution.credited.v1'],
  ...['reconciliation-item.decided.v1', 'balance-claim.decided.v1'],
];

type Order = { id: string; rail: string; currency: string; amount: number; state: string };

/** A person's orders, by id. */
export const ordersOf = async (pool: Queryable, personId: string): Promise<Map<string, Order>> => {
  const { rows } = await pool.query<Order>(
    'SELECT id, rail, currency, amount, state FROM payout_orders WHERE person_id = $1 ORDER BY seq',
    [personId],
  );
  return new Map(rows.map((row) => [row.id, row]));
};

const ENDED = ['paid', 'failed', 'expired', 'returned', 'cancelled', 'rejected'];
export const underWay = (orders: ReadonlyMap<string, Order>): UnderWay[] =>
  [...orders.values()].filter(({ state }) => !ENDED.includes(state));

/** Codes of the batches whose money was shared out, by the position of the fact that committed to it. */
const batchCodes = async (pool: Queryable, seqs: readonly number[]): Promise<Map<number, string>> => {
  const { rows } = await pool.query<{ seq: number; code: string }>(
    'SELECT d.seq, b.code FROM distributions d JOIN batches b ON b.id = d.batch_id WHERE d.seq = ANY($1::int8[])',
    [[...seqs]],
  );
  return new Map(rows.map(({ seq, code }) => [seq, code]));
};

/** How many postings are looked at together. */
const AT_ONCE = 500;

/**
 * Everything that paid a person and is no weigh-in, in ledger order: cash, payouts, what came back of them, second
 * distributions. Read from the facts themselves, some hundred at a time.
 * @param dayOf the day of a time in milliseconds, in the programme's time zone
 */
export const moneyOf = async (
  reader: BagReader,
  personId: string,
  currency: string,
  asOfSeq: number,
  dayOf: (ms: number) => string,
): Promise<{ lines: MoneyLine[]; orders: Map<string, Order> }> => {
  const { pool, keyring } = reader;
  const orders = await ordersOf(pool, personId);
  const accountIds = idsOf(reader, personId, currency);
  const lines: MoneyLine[] = [];
  for (let after = -1; ; ) {
    const { rows } = await pool.query<{ seq: number; delta: number }>(
      `SELECT seq, sum(delta)::int8 AS delta FROM postings WHERE account = ANY($1::uuid[]) AND seq > $2 AND seq <= $3 AND delta <> 0
       GROUP BY seq ORDER BY seq LIMIT ${AT_ONCE}`,
      [accountIds, after, asOfSeq],
    );
    if (rows.length === 0) return { lines, orders };
    after = rows.at(-1)!.seq;
    const facts = await readFactsAt(
      pool,
      sha256,
      keyring,
      rows.map(({ seq }) => seq),
    );
    const paying = rows.flatMap(({ seq, delta }) => {
      const found = facts.get(seq)!;
      return PAYING.includes(found.fact.type) ? [{ ...found, delta }] : [];
    });
    const bonuses = paying.flatMap(({ fact }) => fact.data.committedSeq ?? []);
    const codes = await batchCodes(pool, bonuses as number[]);
    for (const { fact, leafHash, delta } of paying)
      lines.push(
        ...linesOf(fact, { leafHash, delta, currency, orders, codes, accountIds, day: dayOf(fact.at) }),
      );
  }
};

type Context = {
  leafHash: string;
  /** What the fact did to all accounts of the person together; debits are positive. */
  delta: number;
  currency: string;
  day: string;
  orders: ReadonlyMap<string, Order>;
  codes: ReadonlyMap<number, string>;
  accountIds: readonly string[];
};

const linesOf = ({ seq, type, data, private: more }: AnyFact, context: Context): MoneyLine[] => {
  const { leafHash, delta, currency, day, orders, codes, accountIds } = context;
  const line = { seq, leafHash, day, currency, tax: 0, rail: null, batchCode: null, subjectId: null };
  if (type === 'cash.paid.v1')
    return [{ ...line, kind: 'cash', rail: 'cash', amount: more.amount, subjectId: more.id }];
  if (type === 'balance-claim.decided.v1') return [{ ...line, kind: 'inherited', amount: -delta }];
  if (type === 'distribution.credited.v1')
    return [
      {
        ...{ ...line, kind: 'bonus', amount: -delta, batchCode: codes.get(data.committedSeq) ?? null },
        tax: taxOf(more.tax?.find((tax: TaxChange) => accountIds.includes(tax.accountId))),
      },
    ];
  const order = orders.get(more.orderId ?? more.paid?.orderId);
  if (order === undefined) return [];
  const { rail, id: subjectId } = order;
  // What is netted moves between two accounts of the same person, so it shows in neither sum.
  const amount = Math.abs(delta);
  if (more.state === 'paid' || more.paid !== undefined)
    return [{ ...line, kind: 'paid', rail, subjectId, amount }];
  return more.state === 'returned' ? [{ ...line, kind: 'returned', rail, subjectId, amount }] : [];
};
