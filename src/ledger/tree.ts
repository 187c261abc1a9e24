import type pg from 'pg';
import type { Hash } from '../kernel/hash.ts';
import { type Frontier, rootOf, rootOfAll } from './merkle.ts';
import { consistencyRanges, inclusionRanges, type Range, same, subtreesOf } from './proof.ts';
import type { Queryable } from './store.ts';
import { TILE_WIDTH } from './tile-path.ts';

const HASH = 32;
/** A tile holds 256 = 2^8 hashes. */
const TILE_HEIGHT = 8;
const NAME = 'tree';
/** Blocks of 256 leaves hashed in one transaction. */
const BLOCKS_A_STEP = 64;
/** Full tiles never change; so many are kept, of 8 KiB each. */
const MOST_CACHED = 512;

type Tile = { level: number; index: number };
/** Tiles read for one answer, each once, and roots hashed of them. */
type Reading = { tiles: Map<string, Promise<Uint8Array[]>>; nodes: Map<string, Promise<Uint8Array>> };

const newReading = (): Reading => ({ tiles: new Map(), nodes: new Map() });

const cut = (bytes: Uint8Array): Uint8Array[] => {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += HASH) hashes.push(bytes.subarray(at, at + HASH));
  return hashes;
};

/**
 * The Merkle tree as it lies in the database: leaves in the chunks, above them one row for each tile of 256 hashes.
 * Any proof reads one tile a level on either side, and each once.
 */
export class Tree {
  private readonly db: Queryable;
  private readonly hash: Hash;
  private readonly cache = new Map<string, Uint8Array>();

  constructor(db: Queryable, hash: Hash) {
    this.db = db;
    this.hash = hash;
  }

  /** The root over the first `size` entries, which must be written. */
  async root(size: number): Promise<Uint8Array> {
    return rootOf(this.hash, await this.frontier(size));
  }

  /** The whole subtrees of the first `size` entries, largest first. */
  frontier(size: number): Promise<Frontier> {
    return this.subtrees({ from: 0, to: size }, newReading());
  }

  /** RFC 6962 §2.1.1: that entry `index` is among the first `size`. Throws a RangeError when it is not. */
  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return this.rootsOf(inclusionRanges(index, size));
  }

  /** The same for many entries at once: what they share is read and hashed once. */
  inclusions(indices: readonly number[], size: number): Promise<Uint8Array[][]> {
    const reading = newReading();
    return Promise.all(indices.map((index) => this.rootsOf(inclusionRanges(index, size), reading)));
  }

  /** RFC 6962 §2.1.2: that the first `size` entries begin with the first `old`. Throws a RangeError when they cannot. */
  consistency(old: number, size: number): Promise<Uint8Array[]> {
    return this.rootsOf(consistencyRanges(old, size));
  }

  /** Hashes of a tile as far as `width`; null when not so many entries are written. */
  async tile(level: number, index: number, width: number): Promise<Uint8Array[] | null> {
    const hashes = await this.hashes({ level, index }, newReading());
    return hashes.length < width ? null : hashes.slice(0, width);
  }

  private rootsOf(ranges: readonly Range[], reading = newReading()): Promise<Uint8Array[]> {
    return Promise.all(ranges.map(async (range) => rootOf(this.hash, await this.subtrees(range, reading))));
  }

  private subtrees(range: Range, reading: Reading): Promise<Frontier> {
    return Promise.all(subtreesOf(range).map(({ level, index }) => this.node(level, index, reading)));
  }

  /** The root of the `index`-th whole subtree of 2^level entries. */
  private node(level: number, index: number, reading: Reading): Promise<Uint8Array> {
    const name = `${level}/${index}`;
    let node = reading.nodes.get(name);
    if (node === undefined) {
      node = this.hashNode(level, index, reading);
      reading.nodes.set(name, node);
    }
    return node;
  }

  private async hashNode(level: number, index: number, reading: Reading): Promise<Uint8Array> {
    const width = 2 ** (level % TILE_HEIGHT);
    const first = index * width;
    const tile = { level: Math.floor(level / TILE_HEIGHT), index: Math.floor(first / TILE_WIDTH) };
    const hashes = await this.hashes(tile, reading);
    const at = first % TILE_WIDTH;
    return rootOfAll(this.hash, hashes.slice(at, at + width));
  }

  /** All hashes of a tile so far: what is kept of it, and what was not grown yet from the tiles below. */
  private hashes(tile: Tile, reading: Reading): Promise<Uint8Array[]> {
    const name = `${tile.level}/${tile.index}`;
    let hashes = reading.tiles.get(name);
    if (hashes === undefined) {
      hashes = this.read(tile, name, reading);
      reading.tiles.set(name, hashes);
    }
    return hashes;
  }

  private async read(tile: Tile, name: string, reading: Reading): Promise<Uint8Array[]> {
    const cached = this.cache.get(name);
    if (cached !== undefined) return cut(cached);
    const hashes = tile.level === 0 ? await this.leaves(tile.index) : await this.upper(tile, reading);
    if (hashes.length === TILE_WIDTH) this.keep(name, hashes);
    return hashes;
  }

  private keep(name: string, hashes: Uint8Array[]): void {
    if (this.cache.size >= MOST_CACHED) this.cache.delete(this.cache.keys().next().value!);
    this.cache.set(name, Buffer.concat(hashes));
  }

  private async leaves(index: number): Promise<Uint8Array[]> {
    const { rows } = await this.db.query<{ leaves: Buffer }>({
      name: 'leaves of a tile',
      text: 'SELECT leaves FROM chunks WHERE first_seq >= $1 AND first_seq < $2 ORDER BY first_seq',
      values: [index * TILE_WIDTH, (index + 1) * TILE_WIDTH],
    });
    return rows.flatMap(({ leaves }) => cut(leaves));
  }

  private async upper({ level, index }: Tile, reading: Reading): Promise<Uint8Array[]> {
    const { rows } = await this.db.query<{ hashes: Buffer }>({
      name: 'hashes of a tile',
      text: 'SELECT hashes FROM tree_tiles WHERE level = $1 AND index = $2',
      values: [level, index],
    });
    const hashes = rows[0] === undefined ? [] : cut(rows[0].hashes);
    while (hashes.length < TILE_WIDTH) {
      const next = { level: level - 1, index: index * TILE_WIDTH + hashes.length };
      const below = await this.hashes(next, reading);
      if (below.length < TILE_WIDTH) break;
      hashes.push(rootOfAll(this.hash, below));
    }
    return hashes;
  }
}

/**
 * Adds the roots of whole blocks of 256 entries to the tiles above, as far as the ledger goes; returns how many
 * blocks. In one transaction with its position, so that two processes add each block once.
 */
export const growTree = async (pool: pg.Pool, hash: Hash): Promise<number> => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN; SET LOCAL synchronous_commit = off');
    await client.query('INSERT INTO followers VALUES ($1, 0) ON CONFLICT DO NOTHING', [NAME]);
    const { rows } = await client.query<{ seq: number; size: number }>(
      'SELECT f.seq, (SELECT size FROM head) AS size FROM followers f WHERE f.name = $1 FOR UPDATE',
      [NAME],
    );
    const from = rows[0]!.seq / TILE_WIDTH;
    const to = Math.min(Math.floor(rows[0]!.size / TILE_WIDTH), from + BLOCKS_A_STEP);
    for (let block = from; block < to; block++) await addBlock(client, hash, block);
    if (to > from)
      await client.query('UPDATE followers SET seq = $2 WHERE name = $1', [NAME, to * TILE_WIDTH]);
    await client.query('COMMIT');
    return to - from;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
};

/** The root of a block goes into its tile; a tile that is full is a block of the level above. */
const addBlock = async (client: pg.PoolClient, hash: Hash, block: number): Promise<void> => {
  let { rows } = await client.query<{ hashes: Buffer }>(
    "SELECT string_agg(leaves, '' ORDER BY first_seq) AS hashes FROM chunks WHERE first_seq >= $1 AND first_seq < $2",
    [block * TILE_WIDTH, (block + 1) * TILE_WIDTH],
  );
  let index = block;
  for (let level = 1; rows[0]!.hashes.length === TILE_WIDTH * HASH; level++) {
    const root = Buffer.from(rootOfAll(hash, cut(rows[0]!.hashes)));
    ({ rows } = await client.query<{ hashes: Buffer }>(
      `INSERT INTO tree_tiles AS t VALUES ($1, $2, $3)
       ON CONFLICT (level, index) DO UPDATE SET hashes = t.hashes || excluded.hashes RETURNING hashes`,
      [level, Math.floor(index / TILE_WIDTH), root],
    ));
    index = Math.floor(index / TILE_WIDTH);
  }
};

/** The first tile whose hashes are not those of the entries below it; null when all are. */
export const findWrongTile = async (db: Queryable, hash: Hash): Promise<Tile | null> => {
  const { rows } = await db.query<Tile & { hashes: Buffer }>(
    'SELECT * FROM tree_tiles ORDER BY level, index',
  );
  for (const { level, index, hashes } of rows) {
    for (const [i, kept] of cut(hashes).entries()) {
      const below = index * TILE_WIDTH + i;
      const parts = await db.query<{ hashes: Buffer }>(
        level === 1
          ? 'SELECT leaves AS hashes FROM chunks WHERE first_seq >= $1 AND first_seq < $1 + 256 ORDER BY first_seq'
          : 'SELECT hashes FROM tree_tiles WHERE level = $2 AND index = $1',
        level === 1 ? [below * TILE_WIDTH] : [below, level - 1],
      );
      const children = parts.rows.flatMap((row) => cut(row.hashes));
      if (children.length !== TILE_WIDTH || !same(rootOfAll(hash, children), kept)) return { level, index };
    }
  }
  return null;
};
