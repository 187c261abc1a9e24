import type { Reader } from '../db/reader.ts';
import { Recent } from '../kernel/recent.ts';
import type { Clock } from '../kernel/time.ts';
import type { Queryable } from '../ledger/store.ts';
import { newestProof } from '../proofs/proofs.queries.ts';
import type { PaymentProof } from '../proofs/proofs.tables.ts';
import type { Batch } from '../resale/resale.tables.ts';
import {
  type CameIn,
  readCameIn,
  readSites,
  readStatementCodes,
  readSummary,
  readWay,
  type ShownSite,
} from './batch.queries.ts';
import { type Square, squareOf } from './places.ts';

/** Everything a page tells of a batch beside its seal. */
export type BatchData = {
  /** When it was read, in milliseconds. */
  at: number;
  summary: Awaited<ReturnType<typeof readSummary>>;
  way: Awaited<ReturnType<typeof readWay>>;
  cameIn: CameIn[];
  places: PlaceOf[];
  proof: PaymentProof | undefined;
  /** Codes of its statements, the newest first. */
  statements: string[];
};

/** What came in at sites within one square; null grams where the batch was sealed and nothing of it came in. */
export type PlaceOf = {
  square: Square;
  grams: number;
  sites: number;
  kinds: string[];
  names: string[];
  isHere: boolean;
};

export type BatchDeps = { db: Reader; pool: Queryable; clock: Clock; programme: { currency: string } };

/** After so many milliseconds what was read of a batch is read again, while what is known is still told; and told at most so long. */
const FRESH_MS = 30_000;
const TOLD_MS = 300_000;
/** Batches kept. */
const MOST = 200;

type Kept = { at: number; data: BatchData | null; coming: Promise<BatchData> | null };

/** Reads what is told of batches; pages are asked for in bursts, so each is read by one of those who ask. */
export const batchReader = ({ db, pool, clock, programme }: BatchDeps) => {
  const kept = new Recent<string, Kept>(MOST);
  const read = async (batch: Batch): Promise<BatchData> => {
    const at = clock();
    const last = { batchId: batch.id, currency: programme.currency, asOfSeq: Number.MAX_SAFE_INTEGER };
    const [summary, way, cameIn, proof, statements] = await Promise.all([
      readSummary(db, batch.id),
      readWay(db, pool, batch),
      readCameIn(db, batch.lotId),
      newestProof(pool, last),
      readStatementCodes(db, batch.id),
    ]);
    const bySite = new Map((summary?.bySite ?? []).map(({ siteId, grams }) => [siteId, grams]));
    const sites = await readSites(db, [...new Set([...bySite.keys(), batch.siteId])]);
    return { at, summary, way, cameIn, places: placesOf(sites, bySite, batch.siteId), proof, statements };
  };
  const refresh = (batch: Batch, known: Kept): Promise<BatchData> => {
    known.coming ??= read(batch)
      .then((data) => {
        // What the follower has not worked out yet is asked for again at once.
        Object.assign(known, { at: data.summary === null ? Number.NEGATIVE_INFINITY : data.at, data });
        return data;
      })
      .finally(() => {
        known.coming = null;
      });
    return known.coming;
  };
  return async (batch: Batch): Promise<BatchData> => {
    const known = kept.get(batch.id) ?? { at: Number.NEGATIVE_INFINITY, data: null, coming: null };
    kept.set(batch.id, known);
    const age = clock() - known.at;
    if (known.data === null || age > TOLD_MS) return refresh(batch, known);
    if (age > FRESH_MS) refresh(batch, known).catch(() => undefined);
    return known.data;
  };
};

/** Sites by the square they lie in, those of most grams first. */
const placesOf = (
  sites: ReadonlyMap<string, ShownSite>,
  grams: ReadonlyMap<string, number>,
  sealedAt: string,
): PlaceOf[] => {
  const places = new Map<string, PlaceOf>();
  for (const { id, kind, cell, name } of sites.values()) {
    const square = squareOf(cell);
    const key = `${square.lat} ${square.lon}`;
    const place = places.get(key) ?? { square, grams: 0, sites: 0, kinds: [], names: [], isHere: false };
    place.grams += grams.get(id) ?? 0;
    place.sites++;
    place.isHere ||= id === sealedAt;
    if (!place.kinds.includes(kind)) place.kinds.push(kind);
    if (name !== null && !place.names.includes(name)) place.names.push(name);
    places.set(key, place);
  }
  return [...places.values()].sort((a, b) => b.grams - a.grams || a.square.lat - b.square.lat);
};
