import type { Reader } from '../db/reader.ts';
import { instant } from '../kernel/time.ts';
import type { Caller } from '../ledger/fact.ts';
import type { TariffView } from './tariffs.schema.ts';
import type { Tariff } from './tariffs.tables.ts';

const tariffsIn = (db: Reader) => db.withTables<{ tariffs: Tariff }>().selectFrom('tariffs').selectAll();

export const findTariff = (db: Reader, id: string): Promise<Tariff | undefined> =>
  tariffsIn(db).where('id', '=', id).executeTakeFirst();

/** In ledger order; one more than `limit`. */
export const listTariffs = (db: Reader, after: number, limit: number): Promise<Tariff[]> =>
  tariffsIn(db)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
    .execute();

/** The tariff in force at a moment in milliseconds; undefined before the first. */
export const tariffAt = (db: Reader, at: number): Promise<Tariff | undefined> =>
  tariffsIn(db)
    .where('startsAt', '<=', at)
    .orderBy('startsAt', 'desc')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Tariffs that come into force after `from` and up to `to`, both in milliseconds, in the order they do. */
export const tariffsStarting = async (
  db: Reader,
  from: number,
  to: number,
  most: number,
): Promise<Tariff[]> => {
  const rows = await tariffsIn(db)
    .where('startsAt', '>', from)
    .where('startsAt', '<=', to)
    .orderBy('startsAt')
    .orderBy('seq')
    .execute();
  // Of those that start together the later in the ledger is in force.
  return rows.filter((row, i) => rows[i + 1]?.startsAt !== row.startsAt).slice(0, most);
};

const SEE_BUYERS: readonly Caller['role'][] = ['operator', 'payer', 'auditor'];

/** A tariff as the caller may see it. */
export const tariffView = (
  caller: Caller,
  { lastSeq: _, startsAt, buyerId, ...tariff }: Tariff,
): TariffView => ({
  ...tariff,
  startsAt: instant(startsAt),
  buyerId: SEE_BUYERS.includes(caller.role) ? buyerId : null,
});
