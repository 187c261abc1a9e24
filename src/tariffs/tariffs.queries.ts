import type { Reader } from '../db/reader.ts';
import { instant } from '../kernel/time.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import { registryTables } from '../registry/registry.queries.ts';
import type { TariffView } from './tariffs.schema.ts';
import type { Tariff } from './tariffs.tables.ts';
import { pricesOfSites } from './tariffs.ts';

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

/** Roles that pay or check see the prices of every site; the others those of their own sites. null: every site. */
export const pricedSites = async (db: Reader, caller: Caller): Promise<ReadonlySet<string> | null> => {
  if (maySee(caller, '', null) || caller.role === 'payer' || caller.role === 'fund') return null;
  if (caller.siteIds !== null) return new Set(caller.siteIds);
  const rows = await registryTables(db)
    .selectFrom('sites')
    .select('id')
    .where('organisationId', '=', caller.organisationId)
    .execute();
  return new Set(rows.map(({ id }) => id));
};

/** A tariff as the caller may see it, with the prices of these sites; null for every site. */
export const tariffView = (
  caller: Caller,
  { lastSeq: _, startsAt, buyerId, prices, ...tariff }: Tariff,
  siteIds: ReadonlySet<string> | null,
): TariffView => ({
  ...tariff,
  startsAt: instant(startsAt),
  buyerId: SEE_BUYERS.includes(caller.role) ? buyerId : null,
  prices: siteIds === null ? prices : pricesOfSites(prices, siteIds),
});
