import { BATCH_BODY_LIMIT, MAX_ITEMS } from '../collection/collection.routes.ts';
import { AHEAD_MS, gramsPerPiece, LATE_MS } from '../collection/collection.ts';
import type { Reader } from '../db/reader.ts';
import { VOCABULARY } from '../http/vocabulary.ts';
import { canonicalJson } from '../kernel/canonical.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { NIL } from '../kernel/ids.ts';
import { MAX_WEIGHING_GRAMS } from '../kernel/values.ts';
import { DEDUCTION_KINDS } from '../kernel/vocabulary.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { PersonRow } from '../ledger/tables.ts';
import { GAP_PATIENCE_MS } from '../registry/counters.ts';
import { openParticulars } from '../registry/people.particulars.ts';
import type { Collector, Device, Site } from '../registry/registry.tables.ts';
import { tariffAt, tariffsStarting, tariffView } from '../tariffs/tariffs.queries.ts';
import type { StationPack } from './pack.schema.ts';
import type { Tile } from './presets.schema.ts';
import type { Presets } from './presets.tables.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Days a phone without network goes on with it; as long as the price on a slip binds (domain rule 4). */
const VALID_DAYS = 30;
const MOST_PEOPLE = 5_000;
const MOST_TARIFFS = 20;

const LIMITS = {
  itemsAnUpload: MAX_ITEMS,
  bytesAnUpload: BATCH_BODY_LIMIT,
  clockAheadMinutes: AHEAD_MS / MINUTE,
  lateAfterDays: LATE_MS / DAY,
  quoteBindsDays: VALID_DAYS,
  counterGapDays: GAP_PATIENCE_MS / DAY,
  weighingGrams: MAX_WEIGHING_GRAMS,
  deductionKinds: [...DEDUCTION_KINDS],
};

const vocabularyVersion = toHex(sha256(Buffer.from(canonicalJson(VOCABULARY)))).slice(0, 16);

/** The programme's tiles, each with a site's own of the same code in its place, then the site's others. */
export const mergeTiles = (programme: readonly Tile[], own: readonly Tile[]): Tile[] => {
  const byCode = new Map([...programme, ...own].map((tile) => [tile.code, tile]));
  return [...byCode.values()];
};

export type PackReader = {
  db: Reader;
  keyring: Keyring;
  programme: { timeZone: string; currency: string };
};

/** Names of who is registered at the site; whoever was restricted, erased or closed is not among them. */
const peopleOf = async ({ db, keyring }: PackReader, siteId: string): Promise<StationPack['people']> => {
  const rows = await db
    .withTables<{ collectors: Collector; people: PersonRow }>()
    .selectFrom('collectors as c')
    .innerJoin('people as p', 'p.id', 'c.id')
    .select(['c.id', 'p.wrappedKey', 'p.sealed'])
    .where('c.siteId', '=', siteId)
    .where('c.state', '=', 'active')
    .orderBy('c.seq')
    .limit(MOST_PEOPLE)
    .execute();
  return rows.flatMap(({ id, ...sealed }) => {
    const particulars = openParticulars(keyring, sealed);
    return particulars === null ? [] : [{ id, name: particulars.name }];
  });
};

/** All that a keeper's phone needs for a month without network. `now` in milliseconds. */
export const stationPack = async (
  reader: PackReader,
  caller: Caller,
  site: Site,
  now: number,
): Promise<StationPack> => {
  const { db, programme } = reader;
  const tables = db.withTables<{ presets: Presets; devices: Device }>();
  const [inForce, next, presets, devices, people] = await Promise.all([
    tariffAt(db, now),
    tariffsStarting(db, now, now + VALID_DAYS * DAY, MOST_TARIFFS),
    tables.selectFrom('presets').selectAll().where('id', 'in', [NIL, site.id]).execute(),
    tables
      .selectFrom('devices')
      .select(['id', 'name', 'scale'])
      .where('siteId', '=', site.id)
      .where('state', '=', 'active')
      .orderBy('seq')
      .execute(),
    caller.organisationId === site.organisationId ? peopleOf(reader, site.id) : [],
  ]);
  const tilesOf = (id: string): Tile[] => presets.find((row) => row.id === id)?.tiles ?? [];
  const { id, organisationId, name, kind, state } = site;
  return {
    site: { id, organisationId, name, kind, state },
    timeZone: programme.timeZone,
    currency: programme.currency,
    validForDays: VALID_DAYS,
    tariffs: [...(inForce === undefined ? [] : [inForce]), ...next].map((tariff) =>
      tariffView(caller, tariff, new Set([id])),
    ),
    presets: mergeTiles(tilesOf(NIL), tilesOf(id)).map((tile) => {
      const grams = tile.basis === 'counted' ? gramsPerPiece(tile) : undefined;
      return grams === undefined ? tile : { ...tile, gramsPerPiece: grams };
    }),
    people,
    devices,
    limits: LIMITS,
    vocabulary: vocabularyVersion,
  };
};
