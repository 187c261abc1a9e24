import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../kernel/hash.ts';
import { rootOf, rootOfAll } from '../ledger/merkle.ts';
import { type Range, subtreesOf } from '../ledger/proof.ts';
import { formatTilePath, TILE_WIDTH, type TileName } from '../ledger/tile-path.ts';
import { LedgerFault } from '../ledger/verify.ts';
import { Failed } from './io.ts';

const ATTEMPTS = 5;
const TIMEOUT_MS = 30_000;
const HASH_BYTES = 32;
/** A bundle of 256 entries of 64 KiB, each with its length. */
const MOST_BYTES = TILE_WIDTH * (2 + 65_535);
/** Tiles above the leaves that are kept at hand, of 8 KiB each. */
const MOST_KEPT = 64;

export const unreachable = (url: URL, error: unknown): string => {
  const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
  return `No server answers at ${url.origin} (${cause}): start it with npm start, or name another by --url or BLUE_CYCLE_URL.`;
};

/**
 * Asks until there is an answer that asking again would not change, five times at most, waiting twice as long each
 * time. Throws Failed with the last problem.
 *
 * @param read takes what it needs of the answer; a connection that breaks meanwhile is tried again too
 */
export const fetchPatiently = async <Answer>(
  io: { fetch: typeof fetch },
  url: URL,
  read: (response: Response) => Promise<Answer>,
): Promise<Answer> => {
  for (let attempt = 1; ; attempt++) {
    let problem: string;
    try {
      const response = await io.fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.status !== 429 && response.status < 500) return await read(response);
      await response.body?.cancel();
      problem = `${url.origin} answers ${response.status}; try again later.`;
    } catch (error) {
      if (error instanceof LedgerFault || error instanceof Failed) throw error;
      problem = unreachable(url, error);
    }
    if (attempt === ATTEMPTS) throw new Failed(problem);
    await sleep(100 * 2 ** attempt);
  }
};

/** As far as `most` bytes; null beyond. */
const bytesOf = async (response: Response, most: number): Promise<Uint8Array | null> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > most) return null;
    parts.push(part);
  }
  return Buffer.concat(parts, size);
};

const firstOf = ({ level, index }: TileName): number =>
  index * TILE_WIDTH ** (level === 'entries' ? 1 : level + 1);

/**
 * Reads a log that is served as C2SP tlog-tiles says, by whichever implementation. What does not have the form of a
 * tile throws the LedgerFault `wrong-tile` that names its path; whether it is over its entries is for its reader.
 */
export class TileReader {
  private readonly io: { fetch: typeof fetch };
  private readonly base: URL;
  private readonly kept = new Map<string, Promise<Uint8Array>>();

  /** @param base the log's prefix, ending in a slash: `checkpoint` and `tile/` lie below it */
  constructor(io: { fetch: typeof fetch }, base: URL) {
    this.io = io;
    this.base = base;
  }

  /** The signed note as it was given; undefined where the log has none yet. */
  checkpoint(): Promise<string | undefined> {
    return fetchPatiently(this.io, new URL('checkpoint', this.base), async (response) =>
      response.ok ? response.text() : undefined,
    );
  }

  /** The name of a tile as it stands in a log of `size` entries. */
  static named(level: TileName['level'], index: number, size: number): TileName {
    const nodes = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level));
    return { level, index, width: Math.min(TILE_WIDTH, nodes - index * TILE_WIDTH) };
  }

  /** Hashes of a tile, 32 bytes each, as far as a log of `size` entries has them. */
  async tile(level: number, index: number, size: number): Promise<Uint8Array> {
    const name = TileReader.named(level, index, size);
    if (level === 0) return this.hashes(name);
    const key = formatTilePath(name);
    const found = this.kept.get(key) ?? this.hashes(name);
    this.kept.delete(key);
    this.kept.set(key, found);
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value!);
    return found;
  }

  /** The bytes of the entries of a bundle, as far as a log of `size` entries has them. */
  async bundle(index: number, size: number): Promise<Uint8Array[]> {
    const name = TileReader.named('entries', index, size);
    const bytes = await this.read(name, MOST_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const entries: Uint8Array[] = [];
    let at = 0;
    while (entries.length < name.width && at + 2 <= bytes.length) {
      const end = at + 2 + view.getUint16(at);
      if (end > bytes.length) break;
      entries.push(bytes.subarray(at + 2, end));
      at = end;
    }
    // The full bundle stands in for a partial one that is no longer kept, and holds more.
    const isWhole = entries.length === name.width && (at === bytes.length || name.width < TILE_WIDTH);
    if (!isWhole) throw wrongTile(name, `does not hold ${name.width} entries`);
    return entries;
  }

  /** The root over leaves of a log of `size` entries, from its tiles. */
  async root(range: Range, size: number): Promise<Uint8Array> {
    const nodes = subtreesOf(range).map(({ level, index }) => this.subtree(level, index, size));
    return rootOf(sha256, await Promise.all(nodes));
  }

  /** The root of the 2^`level` leaves from `index` × 2^`level` on, which a log of `size` entries has whole. */
  async subtree(level: number, index: number, size: number): Promise<Uint8Array> {
    const tileLevel = Math.floor(level / 8);
    const width = 2 ** (level % 8);
    const first = index * width;
    const tile = await this.tile(tileLevel, Math.floor(first / TILE_WIDTH), size);
    return rootOfAll(sha256, hashesOf(tile).slice(first % TILE_WIDTH, (first % TILE_WIDTH) + width));
  }

  private async hashes(name: TileName): Promise<Uint8Array> {
    const bytes = await this.read(name, TILE_WIDTH * HASH_BYTES);
    const length = name.width * HASH_BYTES;
    const isWhole = bytes.length === length || (name.width < TILE_WIDTH && bytes.length > length);
    if (!isWhole) throw wrongTile(name, `does not hold ${name.width} hashes`);
    return bytes.subarray(0, length);
  }

  /** A log may have replaced a partial tile by the full one since its checkpoint. */
  private async read(name: TileName, most: number): Promise<Uint8Array> {
    const names = name.width === TILE_WIDTH ? [name] : [name, { ...name, width: TILE_WIDTH }];
    for (const one of names) {
      const url = new URL(formatTilePath(one), this.base);
      const bytes = await fetchPatiently(this.io, url, async (response) => {
        if (response.ok) return (await bytesOf(response, most)) ?? 'is longer than a tile can be';
        await response.body?.cancel();
        return null;
      });
      if (typeof bytes === 'string') throw wrongTile(one, bytes);
      if (bytes !== null) return bytes;
    }
    throw wrongTile(name, 'is not there, though the checkpoint is over it');
  }
}

export const wrongTile = (name: TileName, problem: string, seq = firstOf(name)): LedgerFault =>
  new LedgerFault(seq, 'wrong-tile', `${formatTilePath(name)} ${problem}`);

export const hashesOf = (tile: Uint8Array): Uint8Array[] =>
  Array.from({ length: tile.length / HASH_BYTES }, (_, i) =>
    tile.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1)),
  );
