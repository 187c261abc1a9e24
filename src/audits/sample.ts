import { toHex } from '../kernel/hash.ts';
import type { Queryable } from '../ledger/store.ts';
import type { Tree } from '../ledger/tree.ts';
import { PLACES } from '../lots/sources.tables.ts';
import type { Audit } from './audits.tables.ts';

export type Sampled = {
  seq: number;
  siteId: string;
  day: string;
  material: string;
  form: string;
  grams: number;
};

/**
 * The weigh-ins an audit looks at, drawn by nobody: the root over the ledger up to and with the fact that opened the audit, its sealed
 * scope among it, orders them. Whoever has that many entries recomputes it (examples/audit-sample.mjs): the root is proved by any
 * later checkpoint, scope and size by the opening of that fact. What comes in later changes neither. Whoever writes the
 * ledger could still try many openings and keep one; cosigned checkpoints in between leave him no time to.
 */
export const sampleOf = async (
  pool: Queryable,
  tree: Tree,
  audit: Pick<Audit, 'seq' | 'siteIds' | 'firstDay' | 'lastDay' | 'sampleSize'>,
): Promise<{ treeSize: number; root: string; population: number; items: Sampled[] }> => {
  const treeSize = audit.seq + 1;
  const root = Buffer.from(await tree.root(treeSize));
  const { rows } = await pool.query<Sampled & { population: number }>(
    `SELECT seq, site_id AS "siteId", day, material, form, grams, population FROM (
       SELECT key / ${PLACES} AS seq, site_id, day, material, form, grams, count(*) OVER () AS population
       FROM sources WHERE kind = 'weigh-in' AND site_id = ANY($2::uuid[]) AND day BETWEEN $3 AND $4 AND key < $5) drawn
     ORDER BY sha256($1::bytea || int8send(seq)) LIMIT $6`,
    [root, audit.siteIds, audit.firstDay, audit.lastDay, treeSize * PLACES, audit.sampleSize],
  );
  return {
    treeSize,
    root: toHex(root),
    population: rows[0]?.population ?? 0,
    items: rows.map(({ population: _, ...sampled }) => sampled),
  };
};
