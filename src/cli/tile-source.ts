import { sha256 } from '../kernel/hash.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import { rootOfAll } from '../ledger/merkle.ts';
import { parseNote } from '../ledger/note.ts';
import { same, subtreesOf } from '../ledger/proof.ts';
import type { SourceEntry } from '../ledger/range.ts';
import { expectFrontier, shorter } from '../ledger/standing.ts';
import { formatTilePath, TILE_WIDTH } from '../ledger/tile-path.ts';
import type { LedgerFault, Standing } from '../ledger/verify.ts';
import type { Sized } from './sized.ts';
import { hashesOf, TileReader, wrongTile } from './tiles.ts';

/** Bundles asked for at once, each with its tile. */
const AHEAD = 8;

/**
 * A log's entries from its bundles, as far as its signed note, the last of these, goes, each with the hash its tile holds; the tiles
 * above are held against them. With `start` only what follows it is read, once the tiles of the log were found to
 * begin with just those entries.
 */
export const tileSource = (reader: TileReader, notes: readonly string[], start?: Standing): Sized => {
  const { size } = parseCheckpoint(parseNote(notes.at(-1)!).text);
  const upper = new UpperTiles(reader, size);
  async function* batches(): AsyncGenerator<SourceEntry[]> {
    const from = start?.size ?? 0;
    if (start !== undefined) {
      if (size < from) throw shorter(start, size);
      await expectTiles(reader, size, start);
      await upper.startAt(from);
    }
    const coming: Promise<readonly [Uint8Array[], Uint8Array]>[] = [];
    const last = Math.ceil(size / TILE_WIDTH);
    const first = Math.floor(from / TILE_WIDTH);
    for (let index = first; index < last; index++) {
      while (coming.length < AHEAD && index + coming.length < last)
        coming.push(readBoth(reader, index + coming.length, size));
      const [entries, tile] = await coming.shift()!;
      const leaves = hashesOf(tile);
      const skipped = index === first ? from % TILE_WIDTH : 0;
      yield entries
        .map((bytes, i) => ({ bytes, seq: index * TILE_WIDTH + i, leaf: leaves[i]! }))
        .slice(skipped);
      if (leaves.length === TILE_WIDTH) await upper.add(1, rootOfAll(sha256, leaves));
    }
  }
  return {
    batches: batches(),
    head: () => ({ size }),
    notes: async () => notes,
    total: () => size,
    opened: false,
    explain: (fault) => (fault.kind === 'wrong-leaf' ? wrongPair(fault.seq, size) : fault),
    finish: () => upper.finish(),
  };
};

const readBoth = (reader: TileReader, index: number, size: number) => {
  const both = Promise.all([reader.bundle(index, size), reader.tile(0, index, size)]);
  // Whoever comes to it hears of it; when reading ends before, nobody needs to.
  both.catch(() => undefined);
  return both;
};

const wrongPair = (seq: number, size: number): LedgerFault => {
  const index = Math.floor(seq / TILE_WIDTH);
  const bundle = formatTilePath(TileReader.named('entries', index, size));
  const name = TileReader.named(0, index, size);
  return wrongTile(name, `does not hold the hash of the entry in ${bundle}`, seq);
};

/** Throws the fault `rewritten` unless the log's tiles begin with the entries that were verified before. */
const expectTiles = async (reader: TileReader, size: number, start: Standing): Promise<void> => {
  const subtrees = subtreesOf({ from: 0, to: start.size });
  const now = subtrees.map(({ level, index }) => reader.subtree(level, index, size));
  expectFrontier(start, await Promise.all(now));
};

/** Hashes that should stand in the tiles above the leaves, held against each tile once it is full, and at the end. */
class UpperTiles {
  private readonly reader: TileReader;
  private readonly size: number;
  /** By level: hashes of the tile that is not full yet, and its index. */
  private readonly levels: { index: number; hashes: Uint8Array[] }[] = [];

  constructor(reader: TileReader, size: number) {
    this.reader = reader;
    this.size = size;
  }

  /** Takes the hashes over the first `from` entries as the log has them: `expectTiles` has seen that they are right. */
  async startAt(from: number): Promise<void> {
    for (let level = 1; from >= TILE_WIDTH ** level; level++) {
      const nodes = Math.floor(from / TILE_WIDTH ** level);
      const [index, width] = [Math.floor(nodes / TILE_WIDTH), nodes % TILE_WIDTH];
      const hashes =
        width === 0 ? [] : hashesOf(await this.reader.tile(level, index, this.size)).slice(0, width);
      this.levels[level] = { index, hashes };
    }
  }

  async add(level: number, hash: Uint8Array): Promise<void> {
    this.levels[level] ??= { index: 0, hashes: [] };
    const { index, hashes } = this.levels[level];
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    await this.expect(level, index, hashes);
    this.levels[level] = { index: index + 1, hashes: [] };
    await this.add(level + 1, rootOfAll(sha256, hashes));
  }

  async finish(): Promise<void> {
    for (const [level, tile] of this.levels.entries())
      if (tile !== undefined && tile.hashes.length > 0) await this.expect(level, tile.index, tile.hashes);
  }

  private async expect(level: number, index: number, hashes: readonly Uint8Array[]): Promise<void> {
    const found = hashesOf(await this.reader.tile(level, index, this.size));
    const wrong = hashes.findIndex((hash, i) => found[i] === undefined || !same(found[i], hash));
    if (wrong === -1) return;
    const seq = (index * TILE_WIDTH + wrong) * TILE_WIDTH ** level;
    throw wrongTile(TileReader.named(level, index, this.size), `is not over its entries`, seq);
  }
}
