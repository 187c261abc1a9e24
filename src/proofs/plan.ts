import type pg from 'pg';
import { idOfAccount } from '../accounts/book.ts';
import type { WeighIn } from '../collection/corrections.tables.ts';
import type { Earned } from '../collection/earning.ts';
import type { NamedWeighIn, ProvisionalEarning } from '../collection/earnings.tables.ts';
import { fundAccount } from '../distribution/distribution.operations.ts';
import { sealedVector } from '../distribution/plan.ts';
import { sha256 } from '../kernel/hash.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt, readHead } from '../ledger/store.ts';
import { sourceSeq } from '../provenance/shares.ts';
import { saleKey } from '../taxes/taxes.tables.ts';
import { borneBy, coveredBy, type Move } from './covered.ts';

export type ProofDeps = { pool: pg.Pool; keyring: Keyring; programme: { operatorId: string } };

/** What stands of one account behind a proof, in minor units. `kind` is `suspense` where nobody knows whose it is. */
export type PaidLeaf = { accountId: string; kind: 'payable' | 'suspense'; earned: number; paid: number };
export type PaidOfBatch = { asOfSeq: number; leaves: PaidLeaf[] };

const AT_ONCE = 500;

type Batch = { id: string; seq: number; lotId: string };

/** How much of what each fact earned on these accounts is paid, by account and position. */
const coveredOn = async (
  db: Queryable,
  accountIds: readonly string[],
): Promise<Map<string, Map<number, number>>> => {
  const all = new Map<string, Map<number, number>>();
  for (let from = 0; from < accountIds.length; from += AT_ONCE) {
    const { rows } = await db.query<Move & { account: string }>(
      `SELECT p.account, p.seq, coalesce(l.seq, p.seq) AS origin, p.delta,
         CASE WHEN y.by LIKE 'scale-%' THEN 0 ELSE coalesce(y.amount, 0) END AS paid
       FROM postings p
       LEFT JOIN payments y ON y.account_id = p.account AND y.seq = p.seq
       LEFT JOIN earning_changes c ON c.seq = p.seq LEFT JOIN lots l ON l.id = c.lot_id
       WHERE p.account = ANY($1::uuid[]) ORDER BY p.account, p.seq`,
      [accountIds.slice(from, from + AT_ONCE)],
    );
    const moves = new Map<string, Move[]>();
    for (const { account, ...move } of rows) {
      const known = moves.get(account);
      if (known === undefined) moves.set(account, [move]);
      else known.push(move);
    }
    for (const [account, list] of moves) all.set(account, coveredBy(list));
  }
  return all;
};

type Changed = {
  weighIns: Map<string, WeighIn>;
  waiting: Map<string, ProvisionalEarning>;
  named: Map<string, NamedWeighIn>;
};

/** What later facts made of these weigh-ins. */
const changesOf = async (db: Queryable, lotIds: readonly string[]): Promise<Changed> => {
  const ids = [[...lotIds]];
  const read = async <Row extends { lotId: string }>(sql: string): Promise<Map<string, Row>> =>
    new Map((await db.query<Row>(sql, ids)).rows.map((row) => [row.lotId, row]));
  return {
    weighIns: await read<WeighIn>(
      'SELECT lot_id AS "lotId", earned, booked_grams AS "bookedGrams" FROM weigh_ins WHERE lot_id = ANY($1::uuid[])',
    ),
    waiting: await read<ProvisionalEarning>(
      'SELECT lot_id AS "lotId", state FROM provisional_earnings WHERE lot_id = ANY($1::uuid[])',
    ),
    named: await read<NamedWeighIn>(
      'SELECT lot_id AS "lotId", account_id AS "accountId" FROM named_weigh_ins WHERE lot_id = ANY($1::uuid[])',
    ),
  };
};

type PartyEarned = {
  seq: number;
  lotId: string;
  accountId: string;
  kind: PaidLeaf['kind'];
  earned: number;
  settled: number;
  grams: number;
  whole: number;
};

/** What a weigh-in earned each of its parties by now; refused is what was decided not to be owed. */
const partiesNow = (fact: AnyFact, { weighIns, waiting, named }: Changed): Omit<PartyEarned, 'grams'>[] => {
  const { lotId, grossGrams, tareGrams } = fact.data;
  const changed = weighIns.get(lotId);
  const earned = (changed?.earned ?? fact.private.earned ?? []) as Earned[];
  const refused = waiting.get(lotId)?.state === 'refused';
  return earned.map((part) => {
    const given = part.base + part.premium - (refused ? part.waits : 0);
    const owner = part.suspense === undefined ? undefined : named.get(lotId);
    return {
      seq: fact.seq,
      lotId,
      accountId: owner?.accountId ?? part.accountId,
      kind: part.suspense !== undefined && owner === undefined ? 'suspense' : 'payable',
      earned: given,
      settled: Math.min(given, Math.max(0, part.settled - part.overpaid)),
      whole: Math.max(grossGrams - tareGrams, changed?.bookedGrams ?? 0),
    };
  });
};

/** Less what was withheld of it: that is the tax office's, and never paid to anybody. */
const afterTax = async (db: Queryable, parties: readonly PartyEarned[]): Promise<PartyEarned[]> => {
  const { rows } = await db.query<{ id: string; tax: number }>(
    `SELECT id, (vat + income_tax + flat)::int8 AS tax FROM taxed_sales WHERE id = ANY($1::text[])`,
    [parties.map(({ lotId, accountId }) => saleKey(lotId, accountId))],
  );
  const taxes = new Map(rows.map(({ id, tax }) => [id, tax]));
  return parties.map((party) => {
    const earned = Math.max(0, party.earned - (taxes.get(saleKey(party.lotId, party.accountId)) ?? 0));
    return { ...party, earned, settled: Math.min(party.settled, earned) };
  });
};

/** What the grams of the batch earned after tax, by party and weigh-in. undefined until its shares are known. */
const earnedByGrams = async (
  db: Queryable,
  keyring: Keyring,
  batch: Batch,
  currency: string,
): Promise<PartyEarned[] | undefined> => {
  const vector = await sealedVector(db, batch);
  if (vector === undefined) return undefined;
  const parties: PartyEarned[] = [];
  for (let from = 0; from < vector.keys.length; from += AT_ONCE) {
    const grams = new Map<number, number>();
    for (let i = from; i < Math.min(from + AT_ONCE, vector.keys.length); i++)
      grams.set(sourceSeq(vector.keys[i]!), vector.grams[i]!);
    const facts = [...(await readFactsAt(db, sha256, keyring, [...grams.keys()])).values()]
      .map(({ fact }) => fact)
      .filter(
        ({ type, private: more }) => type === 'collection.recorded.v1' && more.pricing?.currency === currency,
      );
    const changed = await changesOf(
      db,
      facts.map(({ data }) => data.lotId),
    );
    const now = facts.flatMap((fact) =>
      partiesNow(fact, changed).map((party) => ({ ...party, grams: grams.get(fact.seq)! })),
    );
    for (const party of await afterTax(db, now)) parties.push(party);
  }
  return parties;
};

/** What distributions of the batch's money credited after tax, by account and position. */
const creditsOf = async (db: Queryable, batchId: string, currency: string) =>
  (
    await db.query<{ accountId: string; seq: number; amount: number; kind: string }>(
      `SELECT c.account_id AS "accountId", c.seq, a.kind,
         (c.amount - coalesce(s.vat + s.income_tax + s.flat, 0))::int8 AS amount
       FROM distributions d
       JOIN distribution_credits c ON c.distribution_id = d.id JOIN accounts a ON a.id = c.account_id
       LEFT JOIN taxed_sales s ON s.id = d.id || ' ' || c.account_id
       WHERE d.batch_id = $1 AND d.currency = $2`,
      [batchId, currency],
    )
  ).rows;

/**
 * Of what a batch earned its people, how much is paid, as of the last entry. Counted are what its grams earned when they
 * were weighed in, as it stands after corrections, in proportion to the grams of the weigh-in that the batch holds, rounded
 * down; and what distributions of its money credited, whole; both less the tax withheld of it. Paid is what the ledger says is paid: given at the scale,
 * paid in cash, or confirmed by a rail; on an account, what was earned first is paid first. undefined until the shares of
 * the batch are known.
 */
export const paidOfBatch = async (
  { pool, keyring, programme }: ProofDeps,
  batch: Batch,
  currency: string,
): Promise<PaidOfBatch | undefined> => {
  const client = await pool.connect();
  const db = client as unknown as Queryable;
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const asOfSeq = (await readHead(db)).size - 1;
    const parties = await earnedByGrams(db, keyring, batch, currency);
    if (parties === undefined) return undefined;
    const fundId = idOfAccount(keyring, fundAccount(programme.operatorId, currency));
    const credits = (await creditsOf(db, batch.id, currency)).filter(({ accountId }) => accountId !== fundId);
    const known = [...parties, ...credits].filter(({ kind }) => kind === 'payable');
    const covered = await coveredOn(db, [...new Set(known.map(({ accountId }) => accountId))]);
    const leaves = new Map<string, PaidLeaf>();
    const add = (accountId: string, kind: PaidLeaf['kind'], earned: number, paid: number): void => {
      const leaf = leaves.get(accountId) ?? { accountId, kind, earned: 0, paid: 0 };
      leaves.set(accountId, { ...leaf, earned: leaf.earned + earned, paid: leaf.paid + paid });
    };
    for (const { seq, accountId, kind, earned, settled, grams, whole } of parties) {
      const paid = Math.min(earned, settled + (covered.get(accountId)?.get(seq) ?? 0));
      add(accountId, kind, borneBy(earned, grams, whole), borneBy(paid, grams, whole));
    }
    for (const { accountId, seq, amount, kind } of credits)
      add(accountId, kind === 'payable' ? kind : 'suspense', amount, covered.get(accountId)?.get(seq) ?? 0);
    return { asOfSeq, leaves: [...leaves.values()].filter(({ earned }) => earned > 0) };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
};
