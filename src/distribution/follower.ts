import type pg from 'pg';
import { toHex } from '../kernel/hash.ts';
import { keyedUuid } from '../kernel/ids.ts';
import type { Clock } from '../kernel/time.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Door } from '../ledger/record.ts';
import type { Queryable } from '../ledger/store.ts';
import { Follower } from '../provenance/follower.ts';
import { PROGRAMME } from '../registry/access.ts';
import { commitDistribution, coverReturn, creditPart, releaseHoldBack } from './distribution.operations.ts';
import type { DistributionRule } from './distribution.tables.ts';
import {
  type Leaf,
  leavesOf,
  moneyAt,
  type PlanDeps,
  ruleAt,
  sealedVector,
  sharedOf,
  splitSaltOf,
  treeOf,
} from './plan.ts';
import { additions, type Bases, type Change, partsOf, reductions, standingBase } from './split.ts';

/** Leaves credited by one fact. */
const LEAVES_A_PART = 500;
/** How often it is looked for hold-backs whose date has come. */
const LOOK_MS = 10_000;

type Options = PlanDeps & { door: Door; clock: Clock; onError: (error: Error) => void };

/** What changes the money received of a batch. */
const movesMoney = ({ type, private: more }: AnyFact): boolean =>
  type === 'batch.paid.v1' ||
  (type === 'batch.returned.v1' && more.creditNote !== undefined) ||
  (type === 'batch.entry-voided.v1' && more.kind === 'payment');

type Cause = {
  seq: number;
  batchId: string;
  lotId: string;
  sealedSeq: number;
  currency: string;
  kind: string;
};

const causeAt = async (db: Queryable, seq: number): Promise<Cause> => {
  const { rows } = await db.query<Cause>(
    `SELECT e.seq, e.batch_id AS "batchId", b.lot_id AS "lotId", b.seq AS "sealedSeq", e.currency,
       CASE WHEN e.voids IS NULL THEN e.kind ELSE 'void' END AS kind
     FROM batch_entries e JOIN batches b ON b.id = e.batch_id WHERE e.seq = $1`,
    [seq],
  );
  return rows[0]!;
};

/** The key of a write: two processes, a restart and a second run write it once, and nobody else can take it first. */
const keyOf = ({ keyring }: Options, name: string) => ({
  id: keyedUuid(keyring.idempotency, `distribution ${name}`),
  fingerprint: keyring.fingerprint(`distribution ${name}`),
});

/**
 * The leaves as they were worked out first, by whichever process; undefined when the receipt is done already. Kept until
 * all is written: who is known may change meanwhile, and what was committed to may not.
 */
const plannedLeaves = async (
  options: Options,
  { seq, sealedSeq, lotId, currency }: Cause,
  amount: number,
): Promise<Leaf[] | undefined> => {
  const { pool } = options;
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<{ planned: boolean }>(
      'SELECT planned FROM distribution_pending WHERE seq = $1 FOR UPDATE',
      [seq],
    );
    if (rows[0]?.planned === false) {
      const vector = await sealedVector(client as unknown as Queryable, { lotId, seq: sealedSeq });
      if (vector === undefined)
        throw new Error(`the shares of the batch sealed at ${sealedSeq} are not known yet`);
      await keepLeaves(client, seq, await leavesOf(options, vector, amount, currency));
    }
    await client.query('COMMIT');
    if (rows.length === 0) return undefined;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
  const { rows } = await pool.query<Leaf>(
    'SELECT account_id AS "accountId", kind, amount FROM distribution_leaves WHERE receipt_seq = $1 ORDER BY place',
    [seq],
  );
  return rows;
};

const keepLeaves = async (client: pg.PoolClient, seq: number, leaves: readonly Leaf[]): Promise<void> => {
  await client.query(
    `INSERT INTO distribution_leaves
     SELECT $1, place - 1, account_id, kind, amount
     FROM unnest($2::uuid[], $3::text[], $4::int8[]) WITH ORDINALITY AS l(account_id, kind, amount, place)`,
    [seq, leaves.map((l) => l.accountId), leaves.map((l) => l.kind), leaves.map((l) => l.amount)],
  );
  await client.query('UPDATE distribution_pending SET planned = true WHERE seq = $1', [seq]);
};

const hasAny = (bases: Bases): boolean => Object.values(bases).some((amount) => amount > 0);

/** Commits to what a receipt adds, and credits it part by part. */
const shareOut = async (options: Options, cause: Cause, rule: DistributionRule, change: Change) => {
  const { door, keyring } = options;
  const added = additions(rule, change);
  if (!hasAny(added)) return;
  const { batchId, currency, seq: receiptSeq } = cause;
  const leaves = await plannedLeaves(options, cause, partsOf(rule, added).collectors);
  if (leaves === undefined) return;
  const splitSalt = splitSaltOf(keyring, receiptSeq);
  const { root, count } = treeOf(splitSalt, leaves);
  const people = leaves.filter(({ kind }) => kind === 'payable').length;
  const parts = Math.max(1, Math.ceil(leaves.length / LEAVES_A_PART));
  // A base that is new to the rule starts from what stood before the receipt.
  const start = Object.fromEntries(
    (Object.keys(added) as (keyof Bases)[]).map((base) => [
      base,
      change.shared[base] ?? standingBase(base, change.before, rule, currency),
    ]),
  );
  const commit = commitDistribution(keyring);
  const { answer } = await door.record(
    commit,
    {
      ...{ batchId, receiptSeq, currency, rule, added, read: change.shared },
      ...{ shared: { ...change.shared, ...start }, root: toHex(root), count, people, parts, splitSalt },
    },
    PROGRAMME,
    keyOf(options, `${receiptSeq}`),
  );
  await creditAll(options, receiptSeq, leaves, { id: answer.id, parts, written: 0 });
};

/** Credits a distribution part by part, from the first that is not written. */
const creditAll = async (
  options: Options,
  receiptSeq: number,
  leaves: readonly Leaf[],
  { id: distributionId, parts, written }: { id: string; parts: number; written: number },
): Promise<void> => {
  const credit = creditPart(options.keyring, options.programme);
  for (let part = written; part < parts; part++) {
    const credits = leaves.slice(part * LEAVES_A_PART, (part + 1) * LEAVES_A_PART);
    const key = keyOf(options, `${receiptSeq} part ${part}`);
    await options.door.record(credit, { distributionId, part, credits }, PROGRAMME, key);
  }
};

/** Whether a run that did not come to its end had committed already: then what was shared out includes it. */
const isCommitted = async (db: Queryable, seq: number): Promise<boolean> =>
  (await db.query('SELECT FROM distributions WHERE receipt_seq = $1', [seq])).rows.length > 0;

/** Credits what a run that was cut short had committed to and not credited. */
const finish = async (options: Options, cause: Cause): Promise<void> => {
  const { pool } = options;
  const leaves = await plannedLeaves(options, cause, 0);
  if (leaves === undefined) return;
  const { rows } = await pool.query<{ id: string; parts: number; written: number }>(
    'SELECT id, parts, written FROM distributions WHERE receipt_seq = $1',
    [cause.seq],
  );
  await creditAll(options, cause.seq, leaves, rows[0]!);
};

const cover = async (options: Options, cause: Cause, rule: DistributionRule, change: Change) => {
  const taken = reductions(rule, change);
  if (!hasAny(taken)) return;
  const { batchId, currency, seq: causeSeq } = cause;
  const operation = coverReturn(options.keyring, options.programme);
  const input = { batchId, causeSeq, currency, rule, taken, read: change.shared };
  await options.door.record(operation, input, PROGRAMME, keyOf(options, `${causeSeq}`));
};

const settle = async (options: Options, seq: number): Promise<void> => {
  const { pool } = options;
  const cause = await causeAt(pool, seq);
  const rule = await ruleAt(pool, seq);
  if (rule !== undefined) {
    const { batchId, currency } = cause;
    if (await isCommitted(pool, seq)) await finish(options, cause);
    else {
      const [before, after, shared] = await Promise.all([
        moneyAt(pool, batchId, currency, seq - 1),
        moneyAt(pool, batchId, currency, seq),
        sharedOf(pool, batchId, currency),
      ]);
      const change = { before, after, shared, currency };
      if (cause.kind === 'payment') await shareOut(options, cause, rule, change);
      else await cover(options, cause, rule, change);
    }
  }
  await pool.query('DELETE FROM distribution_leaves WHERE receipt_seq = $1', [seq]);
  await pool.query('DELETE FROM distribution_pending WHERE seq = $1', [seq]);
};

const releaseDue = async (options: Options): Promise<void> => {
  const { pool, door, keyring, programme, clock } = options;
  const { rows } = await pool.query<{ id: string; lastSeq: number }>(
    `SELECT id, last_seq AS "lastSeq" FROM batch_splits
     WHERE release_at <= $1 AND held_fund + held_operator > 0 ORDER BY release_at LIMIT 100`,
    [clock()],
  );
  const operation = releaseHoldBack(keyring, programme);
  for (const { id, lastSeq } of rows)
    await door.record(operation, { splitId: id }, PROGRAMME, keyOf(options, `release ${id} ${lastSeq}`));
};

/**
 * Follows receipts, returns and voids of batches, and shares out what they add (domain, rule 6), in the order of the
 * ledger. What it writes goes through the door outside its step, under keys that make each write once.
 */
export const distributionFollower = (options: Options): Follower => {
  const { pool, keyring, onError, clock } = options;
  let waiting = true;
  let lookAt = 0;
  return new Follower({
    name: 'distributions',
    pool,
    keyring,
    onError,
    concerns: (type) => type.startsWith('batch.'),
    async project(client, facts) {
      const moving = facts.filter(movesMoney);
      if (moving.length === 0) return;
      await client.query(
        `INSERT INTO distribution_pending (seq, batch_id)
         SELECT * FROM unnest($1::int8[], $2::uuid[]) ON CONFLICT DO NOTHING`,
        [moving.map(({ seq }) => seq), moving.map(({ data }) => data.batchId)],
      );
      waiting = true;
    },
    async after() {
      while (waiting) {
        const { rows } = await pool.query<{ seq: number }>(
          'SELECT seq FROM distribution_pending ORDER BY seq LIMIT 1',
        );
        waiting = rows.length > 0;
        if (waiting) await settle(options, rows[0]!.seq);
        lookAt = 0;
      }
      if (clock() < lookAt) return;
      lookAt = clock() + LOOK_MS;
      await releaseDue(options);
    },
  });
};
