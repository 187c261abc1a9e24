import type pg from 'pg';
import { idOfAccount } from '../accounts/book.ts';
import { selectSql } from '../db/table.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import type { PayoutHold, PayoutRail } from '../kernel/vocabulary.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import type { PayeePart } from './payees.facts.ts';
import { type PayoutOrder, payoutOrders, type RunRule } from './payouts.tables.ts';
import type { RunList } from './runs.operations.ts';

/** A payee that changed is not paid for so long. Milliseconds. */
export const PAYEE_RESTS_MS = 72 * 3_600_000;
const PEOPLE_AT_ONCE = 1_000;

/** The columns of a table, each under its field's name. */
export const fieldsOf = (t: Parameters<typeof selectSql>[0]): string => selectSql(t).split(' WHERE ')[0]!;

/** What holds a payment to these people now, by person, in the order of the vocabulary. */
export const holdsOf = async (
  db: Queryable,
  personIds: readonly string[],
  now: number,
): Promise<Map<string, { payeeSeq: number | null; named: boolean; holds: PayoutHold[] }>> => {
  const { rows } = await db.query<{
    personId: string;
    payeeSeq: number | null;
    named: boolean;
    changed: boolean;
    shared: boolean;
    disputed: boolean;
  }>(
    `SELECT p.person_id AS "personId", p.seq AS "payeeSeq", p.named, coalesce(p.changed_at > $2::int8, false) AS changed,
       EXISTS (SELECT FROM payees o WHERE o.account_hash = p.account_hash AND o.person_id <> p.person_id) AS shared,
       EXISTS (SELECT FROM source_parties s JOIN sources w ON w.key = s.key JOIN disputes d ON d.lot_id = w.lot_id
         WHERE s.person_id = p.person_id AND d.outcome IS NULL) AS disputed
     FROM payees p WHERE p.person_id = ANY($1::uuid[])`,
    [[...personIds], now - PAYEE_RESTS_MS],
  );
  return new Map(
    rows.map(({ personId, payeeSeq, named, changed, shared, disputed }) => [
      personId,
      {
        payeeSeq,
        named,
        holds: [
          ...(changed ? (['payee-changed'] as const) : []),
          ...(shared ? (['account-shared'] as const) : []),
          ...(disputed ? (['dispute'] as const) : []),
        ],
      },
    ]),
  );
};

type RunQuery = { rail: PayoutRail; currency: string; asOfSeq: number; rule: RunRule };
export type RunLine = { personId: string; amount: number };

/**
 * Whom a run pays and how much: what was owed as of its position, up to the limit of one order, less what orders have set
 * aside since. In ascending order of the person's id, some people at a time, so that memory stays flat.
 * @param runId leaves out who has an order of this run already
 */
export async function* linesOf(
  db: Queryable,
  keyring: Keyring,
  { rail, currency, asOfSeq, rule }: RunQuery,
  runId: string | null,
): AsyncGenerator<RunLine[]> {
  let from = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows: people } = await db.query<{ id: string }>(
      `SELECT p.person_id AS id FROM payees p JOIN collectors c ON c.id = p.person_id
       WHERE p.person_id > $1 AND p.rail = $2 AND c.state IN ('active', 'closed', 'restricted')
         AND ($3::uuid IS NULL OR c.site_id = $3) AND ($4::uuid[] IS NULL OR p.person_id = ANY($4))
         AND ($5::uuid IS NULL OR NOT EXISTS (
           SELECT FROM payout_orders o WHERE o.run_id = $5 AND o.person_id = p.person_id))
       ORDER BY p.person_id LIMIT ${PEOPLE_AT_ONCE}`,
      [from, rail, rule.siteId ?? null, rule.collectorIds ?? null, runId],
    );
    if (people.length === 0) return;
    from = people.at(-1)!.id;
    const whose = new Map(
      people.map(({ id }) => [idOfAccount(keyring, { kind: 'payable', currency, of: { personId: id } }), id]),
    );
    const { rows: owed } = await db.query<{ id: string; free: number }>(
      `SELECT a.id, least(-p.after, -a.balance - a.held)::int8 AS free FROM accounts a CROSS JOIN LATERAL (
         SELECT after FROM postings WHERE account = a.id AND seq <= $2 ORDER BY seq DESC LIMIT 1) p
       WHERE a.id = ANY($1::uuid[])`,
      [[...whose.keys()], asOfSeq],
    );
    const free = new Map(owed.map((row) => [whose.get(row.id)!, row.free]));
    yield people.flatMap(({ id }) => {
      const amount = Math.min(free.get(id) ?? 0, rule.maximum);
      return amount >= rule.minimum ? [{ personId: id, amount }] : [];
    });
  }
}

/** Adds lines up; each is hashed onto the hash of those before it. */
export const adder = () => {
  let [count, total, hash] = [0, 0n, sha256(Buffer.alloc(0))];
  return {
    add: ({ personId, amount }: RunLine): void => {
      count++;
      total += BigInt(amount);
      hash = sha256(Buffer.concat([hash, Buffer.from(`${personId} ${amount}`)]));
    },
    list: (): RunList & { total: number } => ({ count, total: Number(total), listHash: toHex(hash) }),
  };
};

/** Count, sum and hash of what a run would pay. */
export const listOf = async (db: Queryable, keyring: Keyring, run: RunQuery): Promise<RunList> => {
  const sum = adder();
  for await (const lines of linesOf(db, keyring, run, null)) for (const line of lines) sum.add(line);
  return sum.list();
};

/** Count, sum and hash of the orders that were made for a run, what they net included. */
export const draftedOf = async (db: Queryable, runId: string): Promise<RunList> => {
  const sum = adder();
  let from = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await db.query<RunLine>(
      `SELECT person_id AS "personId", (amount + netted)::int8 AS amount FROM payout_orders
       WHERE run_id = $1 AND person_id > $2 ORDER BY person_id LIMIT ${PEOPLE_AT_ONCE}`,
      [runId, from],
    );
    if (rows.length === 0) return sum.list();
    for (const row of rows) sum.add(row);
    from = rows.at(-1)!.personId;
  }
};

/** The account an order is paid to, out of the sealed part of the fact that says so; undefined once it was erased. */
export const payeeAt = async (db: Queryable, keyring: Keyring, seq: number): Promise<PayeePart | undefined> =>
  (await payeesAt(db, keyring, [seq])).get(seq);

/** As `payeeAt`, of several facts, by position; those that were erased are not in it. */
export const payeesAt = async (
  db: Queryable,
  keyring: Keyring,
  seqs: readonly number[],
): Promise<Map<number, PayeePart>> => {
  const facts = await readFactsAt(db, sha256, keyring, [...new Set(seqs)]);
  return new Map(
    [...facts].flatMap(([seq, { fact }]) => {
      const part = fact.people[0]?.part as PayeePart | undefined;
      return part === undefined ? [] : [[seq, part] as const];
    }),
  );
};

/** Open orders of which something may follow, oldest first. */
export const ordersWhere = async (
  db: Pick<pg.Pool, 'query'>,
  where: string,
  values: unknown[],
  limit: number,
): Promise<PayoutOrder[]> =>
  (
    await db.query<PayoutOrder>(
      `SELECT o.* FROM (${fieldsOf(payoutOrders as never)}) o LEFT JOIN payout_runs r ON r.id = o."runId"
       WHERE ${where} ORDER BY o.seq LIMIT ${limit}`,
      values,
    )
  ).rows;
