import { selectSql } from '../db/table.ts';
import { dayIn } from '../kernel/time.ts';
import type { FundGiftKind, FundSource } from '../kernel/vocabulary.ts';
import type { Queryable } from '../ledger/store.ts';
import { type FundGift, fundGifts } from './fund.tables.ts';
import { type MonthSum, shownMonths } from './months.ts';

const GIFT = selectSql(fundGifts as never).split(' WHERE ')[0]!;

export const readGift = async (
  db: Queryable,
  by: { seq: number } | { id: string },
): Promise<FundGift | undefined> => {
  const [column, value] = 'seq' in by ? ['seq', by.seq] : ['id', by.id];
  return (await db.query<FundGift>(`${GIFT} WHERE ${column} = $1`, [value])).rows[0];
};

/** Gifts as those who keep the fund see them, in the order they were proposed; one more than `limit`. */
export const listGifts = async (db: Queryable, after: number, limit: number): Promise<FundGift[]> =>
  (await db.query<FundGift>(`${GIFT} WHERE seq > $1 ORDER BY seq LIMIT $2`, [after, limit + 1])).rows;

type Page = { before: number; limit: number };
export type DepositRow = { seq: number; day: string; source: FundSource; currency: string; amount: number };

/** Deposits from elsewhere before the position, newest first; one more than `limit`. */
export const depositsBefore = async (db: Queryable, { before, limit }: Page): Promise<DepositRow[]> =>
  (
    await db.query<DepositRow>(
      `SELECT seq, day, source, currency, amount FROM fund_deposits WHERE seq < $1 ORDER BY seq DESC LIMIT $2`,
      [before, limit + 1],
    )
  ).rows;

export type GivenRow = {
  seq: number;
  day: string;
  kind: FundGiftKind;
  currency: string;
  amount: number;
  people: number;
  units: number | null;
  basis: 'batches' | 'period' | 'shares' | null;
  root: string | null;
};

/** What was given before the position, newest first; one more than `limit`. */
export const givenBefore = async (db: Queryable, { before, limit }: Page): Promise<GivenRow[]> =>
  (
    await db.query<GivenRow>(
      `SELECT given_seq AS seq, day, kind, currency, total AS amount, people, units, basis ->> 'of' AS basis, root
       FROM fund_gifts WHERE given_seq < $1 ORDER BY given_seq DESC LIMIT $2`,
      [before, limit + 1],
    )
  ).rows;

export const holderAt = async (
  db: Queryable,
  asOfSeq: number,
): Promise<{ seq: number; organisationId: string; publicName: string | null } | undefined> => {
  const { rows } = await db.query<{ seq: number; organisationId: string; publicName: string | null }>(
    `SELECT seq, organisation_id AS "organisationId", public_name AS "publicName" FROM fund_holders
     WHERE seq <= $1 ORDER BY seq DESC LIMIT 1`,
    [asOfSeq],
  );
  return rows[0];
};

export type FundSums = {
  currency: string;
  balance: number;
  deposited: number;
  fromTrade: MonthSum[];
  tradeNotShown: boolean;
  given: number;
  givenInMoney: number;
  givenInKind: number;
};

type Inflow = { currency: string; at: number; amount: number; sale: string };

/** The fund's share of trade up to the position, each with the sale it stems from. What had been held back counts to the batch's first. */
const inflowsUpTo = async (db: Queryable, asOfSeq: number): Promise<Inflow[]> =>
  (
    await db.query<Inflow>(
      `SELECT i.currency, i.at, i.amount, coalesce(e.sale_id,
         (SELECT s.id FROM batch_sales s WHERE s.batch_id = i.batch_id ORDER BY s.seq LIMIT 1), i.batch_id)::text AS sale
       FROM fund_inflows i LEFT JOIN distributions d ON d.id = i.distribution_id
       LEFT JOIN batch_entries e ON e.seq = d.receipt_seq
       WHERE i.seq <= $1 ORDER BY i.seq`,
      [asOfSeq],
    )
  ).rows;

/**
 * The fund after entry `asOfSeq`, by currency, as everybody may know it.
 * @param at milliseconds, of that entry: its month is not over
 */
export const fundSums = async (
  db: Queryable,
  { asOfSeq, at, timeZone }: { asOfSeq: number; at: number; timeZone: string },
): Promise<FundSums[]> => {
  const inflows = await inflowsUpTo(db, asOfSeq);
  const { rows: flows } = await db.query<{
    currency: string;
    deposited: number;
    money: number;
    kind: number;
  }>(
    `SELECT currency, sum(deposited)::int8 AS deposited, sum(money)::int8 AS money, sum(kind)::int8 AS kind FROM (
       SELECT currency, amount AS deposited, 0 AS money, 0 AS kind FROM fund_deposits WHERE seq <= $1
       UNION ALL
       SELECT currency, 0, CASE WHEN kind = 'money' THEN total ELSE 0 END, CASE WHEN kind = 'money' THEN 0 ELSE total END
       FROM fund_gifts WHERE given_seq <= $1) f GROUP BY currency`,
    [asOfSeq],
  );
  const currencies = [...new Set([...flows, ...inflows].map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const { deposited, money, kind } = flows.find((row) => row.currency === currency) ?? {
      deposited: 0,
      money: 0,
      kind: 0,
    };
    const { sums: fromTrade, notShown } = shownMonths(
      inflows
        .filter((row) => row.currency === currency)
        .map(({ at, sale, amount }) => ({ month: dayIn(timeZone, at).slice(0, 7), sale, amount })),
      dayIn(timeZone, at).slice(0, 7),
    );
    const traded = fromTrade.reduce((sum, { amount }) => sum + amount, 0);
    return {
      ...{ currency, balance: deposited + traded - money - kind, deposited, fromTrade },
      ...{ tradeNotShown: notShown > 0, given: money + kind, givenInMoney: money, givenInKind: kind },
    };
  });
};

/** The fund's accounts after entry `asOfSeq`, as the books say: what it has is positive. `reserved` is as of now. */
export const fundAccounts = async (
  db: Queryable,
  asOfSeq: number,
): Promise<{ currency: string; balance: number; reserved: number }[]> =>
  (
    await db.query<{ currency: string; balance: number; reserved: number }>(
      `SELECT a.currency, -p.after AS balance, a.held AS reserved FROM accounts a CROSS JOIN LATERAL (
         SELECT after FROM postings WHERE account = a.id AND seq <= $1 ORDER BY seq DESC LIMIT 1) p
       WHERE a.kind = 'fund' AND a.seq <= $1 ORDER BY a.currency`,
      [asOfSeq],
    )
  ).rows;

/** Batches that are sealed, of these ids. */
export const sealedBatches = async (
  db: Queryable,
  ids: readonly string[],
): Promise<{ id: string; seq: number; lotId: string }[]> =>
  (
    await db.query<{ id: string; seq: number; lotId: string }>(
      `SELECT id, seq, lot_id AS "lotId" FROM batches WHERE id = ANY($1::uuid[]) AND state = 'sealed'`,
      [[...ids]],
    )
  ).rows;

/** How many known people brought these sources. */
export const peopleBehind = async (db: Queryable, keys: Iterable<number>): Promise<number> => {
  const { rows } = await db.query<{ people: number }>(
    `SELECT count(DISTINCT s.person_id)::int8 AS people FROM source_parties s JOIN collectors c ON c.id = s.person_id
     WHERE s.key = ANY($1::int8[]) AND c.state NOT IN ('unresolved', 'erased')`,
    [Array.from(keys)],
  );
  return rows[0]!.people;
};

/** What the account was credited by the fund, in the order of the ledger; one more than `limit`. */
export const giftCredits = async (
  db: Queryable,
  accountId: string,
  after: number,
  limit: number,
): Promise<(FundGift & { credited: number })[]> =>
  (
    await db.query<FundGift & { credited: number }>(
      `SELECT g.*, c.amount AS credited FROM (${GIFT}) g JOIN distribution_credits c ON c.distribution_id = g.id
       WHERE c.account_id = $1 AND g."givenSeq" > $2 ORDER BY g."givenSeq" LIMIT $3`,
      [accountId, after, limit + 1],
    )
  ).rows;
