import { selectSql } from '../db/table.ts';
import { treeOf } from '../distribution/plan.ts';
import { toHex } from '../kernel/hash.ts';
import type { Queryable } from '../ledger/store.ts';
import type { SumTree } from '../ledger/sum-tree.ts';
import type { PaidLeaf } from './plan.ts';
import { type PaymentProof, paymentProofs } from './proofs.tables.ts';

const PROOF = selectSql(paymentProofs as never).split(' WHERE ')[0]!;

/** The newest proof of the batch in this currency up to a position. */
export const newestProof = async (
  db: Queryable,
  { batchId, currency, asOfSeq }: { batchId: string; currency: string; asOfSeq: number },
): Promise<PaymentProof | undefined> =>
  (
    await db.query<PaymentProof>(
      `${PROOF} WHERE batch_id = $1 AND currency = $2 AND seq <= $3 ORDER BY seq DESC LIMIT 1`,
      [batchId, currency, asOfSeq],
    )
  ).rows[0];

/** A sealed batch by its id or the code on the goods. */
export const batchNamed = async (
  db: Queryable,
  idOrCode: string,
): Promise<{ id: string; seq: number; lotId: string; organisationId: string } | undefined> => {
  const column = /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(idOrCode) ? 'id' : 'code';
  const { rows } = await db.query<{ id: string; seq: number; lotId: string; organisationId: string }>(
    `SELECT id, seq, lot_id AS "lotId", organisation_id AS "organisationId" FROM batches WHERE ${column} = $1`,
    [idOrCode],
  );
  return rows[0];
};

export const leavesBehind = async (db: Queryable, root: string): Promise<PaidLeaf[]> =>
  (
    await db.query<PaidLeaf>(
      'SELECT account_id AS "accountId", kind, earned, paid FROM payment_leaves WHERE root = $1',
      [root],
    )
  ).rows;

/** Keeps what stands behind a root, before the ledger commits to it. */
export const keepLeaves = async (db: Queryable, root: string, leaves: readonly PaidLeaf[]): Promise<void> => {
  await db.query(
    `INSERT INTO payment_leaves SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::int8[], $5::int8[])
     ON CONFLICT DO NOTHING`,
    [
      root,
      leaves.map(({ accountId }) => accountId),
      leaves.map(({ kind }) => kind),
      leaves.map(({ earned }) => earned),
      leaves.map(({ paid }) => paid),
    ],
  );
};

/** Forgets the leaves of a root that the ledger did not take. */
export const forgetUncommitted = (db: Queryable, root: string): Promise<unknown> =>
  db.query(
    'DELETE FROM payment_leaves WHERE root = $1 AND NOT EXISTS (SELECT FROM payment_proofs WHERE root = $1)',
    [root],
  );

/** The tree over what each was paid. */
export const paidTree = (splitSalt: string, leaves: readonly PaidLeaf[]): SumTree =>
  treeOf(
    splitSalt,
    leaves.filter(({ paid }) => paid > 0).map(({ accountId, paid: amount }) => ({ accountId, amount })),
  );

/** The tree behind a proof; undefined where the leaves that are kept do not lead to its root. */
export const treeBehind = async (db: Queryable, proof: PaymentProof): Promise<SumTree | undefined> => {
  const tree = paidTree(proof.splitSalt, await leavesBehind(db, proof.root));
  return toHex(tree.root) === proof.root ? tree : undefined;
};

/** The newest proof of each batch in which the account was paid something, the newest first. */
export const proofsOfAccount = async (
  db: Queryable,
  accountId: string,
  most: number,
): Promise<(PaymentProof & { mine: number; code: string })[]> =>
  (
    await db.query<PaymentProof & { mine: number; code: string }>(
      `SELECT p.*, l.paid AS mine, b.code FROM (${PROOF}) p JOIN payment_leaves l ON l.root = p.root
       JOIN batches b ON b.id = p."batchId"
       WHERE l.account_id = $1 AND l.paid > 0 AND NOT EXISTS (
         SELECT FROM payment_proofs n WHERE n.batch_id = p."batchId" AND n.currency = p.currency AND n.seq > p.seq)
       ORDER BY p.seq DESC LIMIT $2`,
      [accountId, most],
    )
  ).rows;
