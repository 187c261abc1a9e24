import type { Queryable } from '../ledger/store.ts';
import type { SumTree } from '../ledger/sum-tree.ts';
import type { Distribution, DistributionRule } from './distribution.tables.ts';
import { treeOf } from './plan.ts';

const RULE = `id, version, seq, last_seq AS "lastSeq", shares, hold_back AS "holdBack",
  vat_basis_points AS "vatBasisPoints", reference, income`;
const DISTRIBUTION = `d.id, d.seq, d.last_seq AS "lastSeq", d.batch_id AS "batchId", d.currency,
  d.receipt_seq AS "receiptSeq", d.rule_id AS "ruleId", d.version, d.bases, d.collectors, d.fund, d.operator,
  d.held_fund AS "heldFund", d.held_operator AS "heldOperator", d.leaves, d.people, d.root,
  d.split_salt AS "splitSalt", d.parts, d.written`;

/** In the order they were published; one more than `limit`. */
export const listRules = async (db: Queryable, after: number, limit: number): Promise<DistributionRule[]> => {
  const { rows } = await db.query<DistributionRule>(
    `SELECT ${RULE} FROM distribution_rules WHERE seq > $1 ORDER BY seq LIMIT $2`,
    [after, limit + 1],
  );
  return rows;
};

/** Distributions of a batch in ledger order; one more than `limit`. */
export const distributionsOf = async (
  db: Queryable,
  batchId: string,
  after: number,
  limit: number,
): Promise<Distribution[]> => {
  const { rows } = await db.query<Distribution>(
    `SELECT ${DISTRIBUTION} FROM distributions d WHERE batch_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    [batchId, after, limit + 1],
  );
  return rows;
};

/** `vat` and `incomeTax` are withheld of the amount, as they stand now. */
export type CreditedTo = Distribution & { amount: number; vat: number; incomeTax: number };

/** What the account was credited by distributions, in the order of the ledger; one more than `limit`. */
export const creditsOf = async (
  db: Queryable,
  accountId: string,
  after: number,
  limit: number,
): Promise<CreditedTo[]> => {
  const { rows } = await db.query<CreditedTo>(
    `SELECT ${DISTRIBUTION}, c.amount, coalesce(s.vat, 0)::int8 AS vat,
       coalesce(s.income_tax + s.flat, 0)::int8 AS "incomeTax"
     FROM distribution_credits c JOIN distributions d ON d.id = c.distribution_id
     LEFT JOIN taxed_sales s ON s.id = d.id || ' ' || c.account_id
     WHERE c.account_id = $1 AND d.seq > $2 ORDER BY d.seq LIMIT $3`,
    [accountId, after, limit + 1],
  );
  return rows;
};

/** The tree of a distribution, once all of it was credited; else undefined. */
export const treeOfDistribution = async (
  db: Queryable,
  of: Pick<Distribution, 'id' | 'splitSalt' | 'parts' | 'written'>,
): Promise<SumTree | undefined> => {
  if (of.written < of.parts) return undefined;
  const { rows } = await db.query<{ accountId: string; amount: number }>(
    'SELECT account_id AS "accountId", amount FROM distribution_credits WHERE distribution_id = $1',
    [of.id],
  );
  return treeOf(of.splitSalt, rows);
};
