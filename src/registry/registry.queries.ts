import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { hashSecret, maySee, SECRET } from './access.ts';
import type { DeviceLine } from './device-lines.tables.ts';
import type {
  ApiKey,
  ApiKeySecret,
  Collector,
  Device,
  Organisation,
  Programme,
  Site,
  Vessel,
} from './registry.tables.ts';

type Tables = {
  deviceLines: DeviceLine;
  programme: Programme;
  organisations: Organisation;
  sites: Site;
  devices: Device;
  vessels: Vessel;
  collectors: Collector;
  apiKeys: ApiKey;
  apiKeySecrets: ApiKeySecret;
};

export const registryTables = (db: Reader) => db.withTables<Tables>();

/** The holder of an unrevoked, unexpired key, by one indexed read; null for any other text. */
export const findCaller = async (db: Reader, secret: string, now: number): Promise<Caller | null> => {
  if (!SECRET.test(secret)) return null;
  const key = await registryTables(db)
    .selectFrom('apiKeySecrets as s')
    .innerJoin('apiKeys as k', 'k.id', 's.id')
    .select([
      'k.id',
      'k.organisationId',
      'k.role',
      'k.siteIds',
      'k.holder',
      'k.expiresAt',
      'k.state',
      'k.lastSeq',
    ])
    .where('s.secretHash', '=', hashSecret(secret))
    .executeTakeFirst();
  if (key === undefined || key.state !== 'active' || (key.expiresAt !== null && key.expiresAt <= now))
    return null;
  const { id: keyId, lastSeq: keySeq, organisationId, role, siteIds, holder } = key;
  return { keyId, keySeq, organisationId, role, siteIds, holder };
};

/** Callers kept by the hash of their secret. */
const MOST_KEPT = 10_000;

/**
 * Looks callers up for `findCaller`, and for writes remembers them: the door checks each write's key again at the
 * very position it is written, so a key revoked or rotated since is refused there. Reads always ask the database.
 */
export const callerLookup = (db: Reader, clock: () => number) => {
  const kept = new Map<string, Caller>();
  /** Told of facts committed here, so that the edge refuses at once what the door would refuse. */
  const onCommit = (facts: readonly { type: string }[]): void => {
    if (facts.some(({ type }) => type.startsWith('api-key.'))) kept.clear();
  };
  const find = async (secret: string, isWrite: boolean): Promise<Caller | null> => {
    const name = hashSecret(secret).toString('latin1');
    const known = isWrite ? kept.get(name) : undefined;
    if (known !== undefined) return known;
    const caller = await findCaller(db, secret, clock());
    if (kept.size >= MOST_KEPT) kept.clear();
    if (caller === null) kept.delete(name);
    else kept.set(name, caller);
    return caller;
  };
  return { find, onCommit };
};

export const findProgramme = (db: Reader): Promise<Programme | undefined> =>
  registryTables(db).selectFrom('programme').selectAll().executeTakeFirst();

/** Organisations the caller may see, in the order they were registered. */
export const listOrganisations = (db: Reader, caller: Caller, after: number, limit: number) => {
  const all = registryTables(db).selectFrom('organisations').selectAll().where('seq', '>', after);
  const mine = maySee(caller, '', null) ? all : all.where('id', '=', caller.organisationId);
  return mine
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};

/** The counters these devices signed, a row for each key they had. */
export const linesOf = async (db: Reader, devices: readonly { id: string }[]): Promise<DeviceLine[]> =>
  devices.length === 0
    ? []
    : registryTables(db)
        .selectFrom('deviceLines')
        .selectAll()
        .where(
          'deviceId',
          'in',
          devices.map(({ id }) => id),
        )
        .execute();

/** undefined when there is none, or it is another's. */
export const findOrganisation = async (
  db: Reader,
  caller: Caller,
  id: string,
): Promise<Organisation | undefined> =>
  maySee(caller, id, null) ? findById(db, 'organisations', id) : undefined;

type Owned = 'sites' | 'apiKeys' | 'devices' | 'vessels' | 'collectors';

/** The column that says at which site a thing is; null where it is at none. */
const SITE_COLUMN = {
  sites: 'id',
  devices: 'siteId',
  collectors: 'siteId',
  apiKeys: null,
  vessels: null,
} as const;

/** Things of the organisations the caller may see, in the order they were registered; a key limited to sites sees those. */
export const listOwned = async <T extends Owned>(
  db: Reader,
  table: T,
  caller: Caller,
  after: number,
  limit: number,
) => {
  const siteColumn = SITE_COLUMN[table];
  let query = registryTables(db)
    .selectFrom(table as 'devices')
    .selectAll()
    .where('seq', '>', after);
  if (!maySee(caller, '', null)) query = query.where('organisationId', '=', caller.organisationId);
  if (caller.siteIds !== null && siteColumn !== null)
    query = query.where(siteColumn as 'siteId', 'in', [...caller.siteIds]);
  return (await query
    .orderBy('seq')
    .limit(limit + 1)
    .execute()) as unknown as Tables[T][];
};

export const findById = async <T extends Owned | 'organisations'>(db: Reader, table: T, id: string) =>
  (await registryTables(db)
    .selectFrom(table as 'sites')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()) as Tables[T] | undefined;

/** A thing as `listOwned` lists it; undefined when there is none, or it is another's. */
export const findOwned = async <T extends 'sites' | 'devices' | 'vessels'>(
  db: Reader,
  table: T,
  caller: Caller,
  id: string,
): Promise<Tables[T] | undefined> => {
  const row = await findById(db, table, id);
  const column = SITE_COLUMN[table];
  const siteId = column === null ? null : ((row as Partial<Device> | undefined)?.[column] ?? null);
  return row !== undefined && maySee(caller, row.organisationId, siteId) ? row : undefined;
};
