import { verifyDatabase } from '../../ledger/check.ts';
import type { Place } from './place.ts';

/** Rows a weigh-in adds: its grams to its lot, its price to what is owed and to what the buyer spent. */
const ROWS_EACH = { head: 1, ids: 1, lots: 1, postings: 3 };

type Sizes = { head: number; ids: number; lots: number; postings: number };

const sizes = async (place: Place): Promise<Sizes> => {
  const { rows } = await place.deps.pool.query<Sizes>(
    `SELECT (SELECT size FROM head) AS head, (SELECT count(*) FROM ids) AS ids,
            (SELECT count(*) FROM lots) AS lots, (SELECT count(*) FROM postings) AS postings`,
  );
  return rows[0]!;
};

/** Counts what was acknowledged, and finds out whether exactly that lies in the ledger. */
export type Counts = {
  acknowledged: number;
  /** Sentences about what is wrong; empty when every weigh-in is there once and the whole ledger verifies. */
  faults(): Promise<string[]>;
};

export const startCounting = async (place: Place): Promise<Counts> => {
  const before = await sizes(place);
  const counts: Counts = {
    acknowledged: 0,
    faults: async () => {
      const after = await sizes(place);
      const faults: string[] = [];
      for (const [table, each] of Object.entries(ROWS_EACH) as [keyof Sizes, number][]) {
        const grown = (after[table] - before[table]) / each;
        if (grown !== counts.acknowledged)
          faults.push(`${counts.acknowledged} weigh-ins were acknowledged, ${table} grew by ${grown}`);
      }
      await verifyDatabase(place.deps.pool, place.deps.keyring).catch((error: Error) => {
        faults.push(`verify: ${error.message}`);
      });
      return faults;
    },
  };
  return counts;
};
