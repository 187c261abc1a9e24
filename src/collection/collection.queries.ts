import type { Reader } from '../db/reader.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import type { Entry } from '../ledger/entry.ts';
import type { AnyFact, Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readEntry, readOpenings, toFact } from '../ledger/store.ts';
import type { IdRow } from '../ledger/tables.ts';
import type { Lot } from '../lots/lots.tables.ts';
import { PLACES, type Source, type SourceParty } from '../lots/sources.tables.ts';
import { maySee } from '../registry/access.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import type { Site } from '../registry/registry.tables.ts';

type Tables = { ids: IdRow; lots: Lot; sources: Source; sourceParties: SourceParty; sites: Site };

/** People are shown to the operator and to the station's own; to nobody who only checks. */
const seesPeople = (caller: Caller, organisationId: string): boolean =>
  caller.role === 'operator' || caller.organisationId === organisationId;

export type CollectionReader = { db: Reader; pool: Queryable; keyring: Keyring };

const readFactAt = async (
  reader: CollectionReader,
  seq: number,
): Promise<{ fact: AnyFact; leafHash: string }> => {
  const stored = (await readEntry(reader.pool, seq))!;
  const openings = await readOpenings(reader.pool, reader.keyring, seq, seq + 1);
  const entry = JSON.parse(stored.bytes.toString('utf8')) as Entry;
  return { fact: toFact(sha256, entry, openings.get(seq)), leafHash: toHex(stored.leaf) };
};

/** A weigh-in as its caller may see it, from its entry; undefined when there is none, or it is another's. */
export const findCollection = async (reader: CollectionReader, caller: Caller, id: string) => {
  const db = reader.db.withTables<Tables>();
  const known = await db.selectFrom('ids').select('seq').where('id', '=', id).executeTakeFirst();
  if (known === undefined) return undefined;
  return viewAt(reader, caller, known.seq);
};

const viewAt = async (reader: CollectionReader, caller: Caller, seq: number) => {
  const { fact, leafHash } = await readFactAt(reader, seq);
  if (fact.type !== 'collection.recorded.v1') return undefined;
  const db = reader.db.withTables<Tables>();
  const { data, private: more, people } = fact;
  const lot = await db
    .selectFrom('lots')
    .innerJoin('sites', (join) => join.on('sites.id', '=', data.siteId))
    .select(['lots.grams', 'sites.organisationId'])
    .where('lots.id', '=', data.lotId)
    .executeTakeFirstOrThrow();
  if (!maySee(caller, lot.organisationId, data.siteId)) return undefined;
  const seen = seesPeople(caller, lot.organisationId) ? people : [];
  const hidden = await hiddenPeople(
    reader.db,
    caller,
    seen.flatMap((p) => (p === null ? [] : [p.personId])),
  );
  const persons = seen.filter((p) => p !== null && !hidden.has(p.personId));
  const part = persons.find((p) => p !== null)?.part as { collectedAt?: string } | undefined;
  return {
    id: more.id as string,
    siteId: data.siteId,
    day: data.day,
    recordedAt: new Date(fact.at).toISOString(),
    collectedAt: part?.collectedAt ?? more.collectedAt ?? null,
    collectorIds: persons.flatMap((p) => (p === null ? [] : [p.personId])),
    bagTag: more.bagTag ?? null,
    deviceId: more.deviceId ?? null,
    material: data.material,
    form: data.form,
    originClass: data.originClass,
    basis: data.basis,
    grossGrams: data.grossGrams,
    tareGrams: data.tareGrams,
    deductionGrams: data.deductionGrams,
    payGrams: data.payGrams,
    marks: data.marks,
    earning: more.earning ?? null,
    lot: {
      id: data.lotId,
      grams: data.grossGrams - data.tareGrams,
      claimableGrams: data.claimableGrams,
      gramsLeft: lot.grams,
    },
    receipt: { seq, leafHash },
  };
};

export type CollectionFilter = {
  siteId?: string | undefined;
  deviceId?: string | undefined;
  collectorId?: string | undefined;
};

/** Weigh-ins the caller may see, in ledger order; one more than `limit`. */
export const listCollections = async (
  reader: CollectionReader,
  caller: Caller,
  filter: CollectionFilter,
  after: number,
  limit: number,
) => {
  const db = reader.db.withTables<Tables>();
  let query = db
    .selectFrom('sources')
    .innerJoin('sites', 'sites.id', 'sources.siteId')
    .select('sources.key')
    .where('sources.kind', '=', 'weigh-in')
    .where('sources.key', '>=', (after + 1) * PLACES);
  if (!maySee(caller, '', null)) query = query.where('sites.organisationId', '=', caller.organisationId);
  if (caller.siteIds !== null) query = query.where('sources.siteId', 'in', [...caller.siteIds]);
  if (filter.siteId !== undefined) query = query.where('sources.siteId', '=', filter.siteId);
  if (filter.deviceId !== undefined) query = query.where('sources.deviceId', '=', filter.deviceId);
  if (filter.collectorId !== undefined) {
    const keys = db.selectFrom('sourceParties').select('key').where('personId', '=', filter.collectorId);
    query = query.where('sources.key', 'in', keys);
  }
  const rows = await query
    .orderBy('sources.key')
    .limit(limit + 1)
    .execute();
  const views = [];
  for (const { key } of rows) {
    const view = await viewAt(reader, caller, Math.floor(key / PLACES));
    if (view !== undefined) views.push(view);
  }
  return views;
};
