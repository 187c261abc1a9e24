import type pg from 'pg';
import { toHex } from '../kernel/hash.ts';
import { keyedUuid } from '../kernel/ids.ts';
import type { Clock } from '../kernel/time.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Door } from '../ledger/record.ts';
import type { Queryable } from '../ledger/store.ts';
import { Follower } from '../provenance/follower.ts';
import { PROGRAMME } from '../registry/access.ts';
import {
  commitDistribution,
  coverReturn,
  creditPart,
  releaseHoldBack,
  undoCover,
} from './distribution.operations.ts';
import { coverKey, type DistributionRule } from './distribution.tables.ts';
import { assertCommitted, forgetLeaves, keptLeaves, LEAVES_A_PART } from './leaves.ts';
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

/** How often it is looked for hold-backs whose date has come. */
const LOOK_MS = 10_000;

export type Also = {
  /** Which types of facts it notes; it is shown these, and may be shown others. */
  concerns(type: string): boolean;
  /** Whether there is something to settle now. */
  note(client: pg.PoolClient, facts: readonly AnyFact[]): Promise<boolean>;
  settle(): Promise<void>;
};

type Options = PlanDeps & {
  programme: { timeZone: string };
  door: Door;
  clock: Clock;
  onError: (error: Error) => void;
  /** What else notes facts in the step and is settled outside it, so that one reader of the ledger serves both. */
  also?: Also | undefined;
};

/** What changes the money received of a batch. */
const movesMoney = ({ type, private: more }: AnyFact): boolean =>
  type === 'batch.paid.v1' ||
  ((type === 'batch.returned.v1' || type === 'batch.return-voided.v1') && more.creditNote !== undefined) ||
  (type === 'batch.entry-voided.v1' && more.kind === 'payment');

type Cause = {
  seq: number;
  batchId: string;
  lotId: string;
  sealedSeq: number;
  currency: string;
  kind: string;
  /** Of a void, the entry that is none. */
  voids: number | null;
};

const causeAt = async (db: Queryable, seq: number): Promise<Cause> => {
  const { rows } = await db.query<Cause>(
    `SELECT e.seq, e.batch_id AS "batchId", b.lot_id AS "lotId", b.seq AS "sealedSeq", e.currency,
       e.voids, CASE WHEN e.voids IS NULL THEN e.kind WHEN e.kind = 'return' THEN 'return-void' ELSE 'void' END AS kind
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

/** The leaves of a receipt, worked out once; undefined when it is done already. */
const plannedLeaves = (
  options: Options,
  { seq, sealedSeq, lotId, currency }: Cause,
  amount: number,
): Promise<Leaf[] | undefined> =>
  keptLeaves(options.pool, 'distribution_pending', seq, async (db) => {
    const vector = await sealedVector(db, { lotId, seq: sealedSeq });
    if (vector === undefined)
      throw new Error(`the shares of the batch sealed at ${sealedSeq} are not known yet`);
    return leavesOf(options, vector, amount, currency);
  });

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

/** Credits a distribution part by part, from the first that is not written, once its leaves lead to the root committed to. */
const creditAll = async (
  options: Options,
  receiptSeq: number,
  leaves: readonly Leaf[],
  { id: distributionId, parts, written }: { id: string; parts: number; written: number },
): Promise<void> => {
  const { rows } = await options.pool.query<{ root: string; splitSalt: string }>(
    'SELECT root, split_salt AS "splitSalt" FROM distributions WHERE id = $1',
    [distributionId],
  );
  assertCommitted(leaves, rows[0]!);
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

/** Of a return that is voided, what was covered is given back; where nothing was, nothing is. */
const uncover = async (options: Options, { batchId, currency, seq, voids }: Cause): Promise<void> => {
  const { rows } = await options.pool.query('SELECT FROM distribution_covers WHERE id = $1', [
    coverKey(batchId, voids!),
  ]);
  if (rows.length === 0) return;
  const operation = undoCover(options.keyring, options.programme);
  const input = { batchId, causeSeq: voids!, voidedSeq: seq, currency };
  await options.door.record(operation, input, PROGRAMME, keyOf(options, `${seq}`));
};

const settle = async (options: Options, seq: number): Promise<void> => {
  const { pool } = options;
  const cause = await causeAt(pool, seq);
  const rule = await ruleAt(pool, seq);
  if (rule !== undefined) {
    const { batchId, currency } = cause;
    if (cause.kind === 'return-void') await uncover(options, cause);
    else if (await isCommitted(pool, seq)) await finish(options, cause);
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
  await forgetLeaves(pool, 'distribution_pending', seq);
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
  const { pool, keyring, onError, clock, also } = options;
  let waiting = true;
  let alsoWaiting = also !== undefined;
  let lookAt = 0;
  return new Follower({
    name: 'distributions',
    pool,
    keyring,
    onError,
    concerns: (type) => type.startsWith('batch.') || also?.concerns(type) === true,
    async project(client, facts) {
      if (also !== undefined && (await also.note(client, facts))) alsoWaiting = true;
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
      if (alsoWaiting) {
        await also!.settle();
        alsoWaiting = false;
      }
      if (clock() < lookAt) return;
      lookAt = clock() + LOOK_MS;
      // What another process noted and died over is found then.
      waiting = true;
      alsoWaiting = also !== undefined;
      await releaseDue(options);
    },
  });
};
