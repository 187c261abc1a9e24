import type { Reader } from '../db/reader.ts';
import { sha256 } from '../kernel/hash.ts';
import type { AnyFact, Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import type { IdRow } from '../ledger/tables.ts';
import type { Lot } from '../lots/lots.tables.ts';
import { PLACES, type Source, type SourceParty } from '../lots/sources.tables.ts';
import { maySee } from '../registry/access.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import type { Site } from '../registry/registry.tables.ts';
import { openMarks } from '../supervision/marks.queries.ts';
import type { CollectionData } from './collection.facts.ts';
import type { WeighIn } from './corrections.tables.ts';

const RECORDED = 'collection.recorded.v1';

type Tables = {
  ids: IdRow;
  lots: Lot;
  sources: Source;
  sourceParties: SourceParty;
  sites: Site;
  weighIns: WeighIn;
};

/** People are shown to the operator and to the station's own; to nobody who only checks. */
const seesPeople = (caller: Caller, organisationId: string): boolean =>
  caller.role === 'operator' || caller.organisationId === organisationId;

export type CollectionReader = { db: Reader; pool: Queryable; keyring: Keyring };

/** A weigh-in as its caller may see it, from its entry; undefined when there is none, or it is another's. */
export const findCollection = async (reader: CollectionReader, caller: Caller, id: string) => {
  const db = reader.db.withTables<Tables>();
  const known = await db.selectFrom('ids').select('seq').where('id', '=', id).executeTakeFirst();
  if (known === undefined) return undefined;
  return (await viewsAt(reader, caller, [known.seq]))[0];
};

type Placed = { fact: AnyFact; leafHash: string };

/** The weigh-ins at these positions that the caller may see, in the order asked: a few queries for all. */
const viewsAt = async (reader: CollectionReader, caller: Caller, seqs: readonly number[]) => {
  const facts = await readFactsAt(reader.pool, sha256, reader.keyring, seqs);
  const recorded = seqs.flatMap((seq) => facts.get(seq) ?? []).filter((f) => f.fact.type === RECORDED);
  if (recorded.length === 0) return [];
  const rows = await reader.db
    .withTables<Tables>()
    .selectFrom('lots')
    .select(['id', 'grams'])
    .where(
      'id',
      'in',
      valuesOf(recorded, ({ fact }) => fact.data.lotId),
    )
    .execute();
  const changed = await reader.db
    .withTables<Tables>()
    .selectFrom('weighIns')
    .selectAll()
    .where(
      'lotId',
      'in',
      valuesOf(recorded, ({ fact }) => fact.data.lotId),
    )
    .execute();
  const marks = await openMarks(
    reader.db,
    recorded.map(({ fact }) => ({ id: fact.data.lotId, recorded: fact.data.marks })),
  );
  const changes = new Map(changed.map((row) => [row.lotId, row]));
  const sites = await reader.db
    .withTables<Tables>()
    .selectFrom('sites')
    .select(['id', 'organisationId'])
    .where(
      'id',
      'in',
      valuesOf(recorded, ({ fact }) => fact.data.siteId),
    )
    .execute();
  const gramsLeft = new Map(rows.map((lot) => [lot.id, lot.grams]));
  const owners = new Map(sites.map((site) => [site.id, site.organisationId]));
  const named = recorded.flatMap(({ fact }) => fact.people.flatMap((p) => (p === null ? [] : [p.personId])));
  const hidden = await hiddenPeople(reader.db, caller, named);
  return recorded.flatMap((placed) => {
    const { data, people } = placed.fact;
    const owner = owners.get(data.siteId)!;
    if (!maySee(caller, owner, data.siteId)) return [];
    const shown = seesPeople(caller, owner)
      ? people.filter((p) => p !== null && !hidden.has(p.personId))
      : [];
    const change = changes.get(data.lotId);
    return [
      viewOf(
        placed,
        change,
        marks.get(data.lotId)!,
        shown as NonNullable<(typeof people)[number]>[],
        gramsLeft.get(data.lotId)!,
      ),
    ];
  });
};

const valuesOf = (placed: readonly Placed[], of: (placed: Placed) => string): string[] => [
  ...new Set(placed.map(of)),
];

const viewOf = (
  { fact, leafHash }: Placed,
  change: WeighIn | undefined,
  marks: string[],
  people: readonly NonNullable<AnyFact['people'][number]>[],
  gramsLeft: number,
) => {
  const { seq, at, data, private: more } = fact;
  const now = change ?? (data as CollectionData);
  const part = people[0]?.part as { collectedAt?: string } | undefined;
  return {
    id: more.id as string,
    siteId: data.siteId,
    day: data.day,
    recordedAt: new Date(at).toISOString(),
    collectedAt: part?.collectedAt ?? more.collectedAt ?? null,
    collectorIds: people.map((p) => p.personId),
    bagTag: more.bagTag ?? null,
    slipNo: more.slipNo ?? null,
    paper: more.paper ?? null,
    deviceId: more.deviceId ?? null,
    material: data.material,
    form: data.form,
    originClass: now.originClass,
    basis: data.basis,
    grossGrams: now.grossGrams,
    tareGrams: now.tareGrams,
    deductionGrams: now.deductionGrams,
    payGrams: now.payGrams,
    marks,
    earning: (change === undefined ? more.earning : change.earning) ?? null,
    state: change?.state ?? ('recorded' as const),
    lot: {
      id: data.lotId,
      grams: change?.bookedGrams ?? data.grossGrams - data.tareGrams,
      claimableGrams: now.claimableGrams,
      gramsLeft,
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
  return viewsAt(
    reader,
    caller,
    rows.map(({ key }) => Math.floor(key / PLACES)),
  );
};
