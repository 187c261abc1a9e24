import type { Queryable } from '../ledger/store.ts';
import type { Check } from './doctor.keys.ts';

/** Sales whose gram account is not the sum of its claims, each by bucket, or holds more than it issued. */
const OUT_OF_SUM = `
  WITH summed AS (
    SELECT sale_id,
      coalesce(sum(grams) FILTER (WHERE meant = 'reserved'), 0) AS reserved,
      coalesce(sum(grams) FILTER (WHERE meant IN ('issued', 'transferred')), 0) AS tradable,
      coalesce(sum(grams) FILTER (WHERE meant = 'retired'), 0) AS retired,
      coalesce(sum(grams) FILTER (WHERE meant IN ('cancelled', 'recalled')), 0) AS cancelled
    FROM (SELECT sale_id, grams, CASE state WHEN 'frozen' THEN before ELSE state END AS meant FROM claims) c
    GROUP BY sale_id)
  SELECT coalesce(b.id, s.sale_id) AS id FROM gram_books b FULL JOIN summed s ON s.sale_id = b.id
  WHERE b.id IS NULL OR b.tradable + b.retired + b.cancelled <> b.issued
    OR (b.reserved, b.tradable, b.retired, b.cancelled)
      IS DISTINCT FROM (coalesce(s.reserved, 0), coalesce(s.tradable, 0), coalesce(s.retired, 0), coalesce(s.cancelled, 0))
  ORDER BY 1 LIMIT 5`;

/** Whether of each sale tradable + retired + cancelled = issued, and the claims add up to just that. */
export const claimBooks = async ({ db }: { db: Queryable }): Promise<Check> => {
  const check = 'claims';
  const { rows: there } = await db.query<{ found: boolean }>(
    "SELECT to_regclass('gram_books') IS NOT NULL AS found",
  );
  if (!there[0]!.found) return { check, state: 'ok', text: 'none yet' };
  const { rows } = await db.query<{ id: string }>(OUT_OF_SUM);
  if (rows.length === 0) return { check, state: 'ok', text: 'every gram account is the sum of its claims' };
  const sales = rows.map(({ id }) => id).join(', ');
  return {
    check,
    state: 'fail',
    text: `the gram accounts of these sales are not the sums of their claims: ${sales}; run replay to see what was changed`,
  };
};
