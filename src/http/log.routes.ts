import type { FastifyInstance, FastifyReply } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { toHex } from '../kernel/hash.ts';
import { queryInteger } from '../kernel/values.ts';
import type { Published, Publisher } from '../ledger/publisher.ts';
import { unavailable } from '../ledger/record.ts';
import { readEntries, readEntry } from '../ledger/store.ts';
import { parseTilePath, TILE_WIDTH, type TileName } from '../ledger/tile-path.ts';
import { formatTlogProof } from '../ledger/tlog-proof.ts';
import type { Tree } from '../ledger/tree.ts';
import { route } from './route.ts';

const FOR_EVER = 'public, max-age=31536000, immutable';
const Hex = z.string().meta({ description: '64 lower-case hex digits.' });
const Position = queryInteger(0, Number.MAX_SAFE_INTEGER);

const InclusionView = z
  .object({
    seq: z.int(),
    leafHash: Hex,
    size: z.int().meta({ description: 'Entries the checkpoint is over.' }),
    root: Hex,
    proof: z.array(Hex).meta({ description: 'RFC 6962 §2.1.1, the hash nearest to the leaf first.' }),
    checkpoint: z.string().meta({ description: 'The signed note (C2SP tlog-checkpoint).' }),
    tlogProof: z.string().meta({ description: 'Proof and checkpoint as one text (C2SP tlog-proof).' }),
  })
  .meta({ id: 'InclusionProof' });

const ConsistencyView = z
  .object({ from: z.int(), to: z.int(), fromRoot: Hex, toRoot: Hex, proof: z.array(Hex) })
  .meta({ id: 'ConsistencyProof' });

export type LogDeps = { pool: pg.Pool; publisher: Publisher };

/** The transparency log as C2SP tlog-tiles serves it, and proofs for those who would rather ask. */
export const logRoutes = (app: FastifyInstance, { pool, publisher }: LogDeps): void => {
  const { tree } = publisher;
  const current = async (): Promise<Published> => {
    const checkpoint = await publisher.current();
    if (checkpoint === null) throw unavailable('not_ready', 'Nothing is signed yet; ask again in a second.');
    return checkpoint;
  };
  /** The checkpoint over an entry that this process signed none over yet. */
  const coming = async (seq: number): Promise<Published> => {
    if ((await readEntry(pool, seq)) === undefined) throw notFound('entry');
    const checkpoint = await publisher.covering(seq + 1);
    if (checkpoint === null)
      throw unavailable('not_ready', 'No checkpoint is over that entry yet; ask again in a second.');
    return checkpoint;
  };
  route(app, {
    method: 'GET',
    url: '/log/checkpoint',
    operationId: 'getCheckpoint',
    tag: 'ledger',
    summary: { en: 'The last signed checkpoint (C2SP tlog-checkpoint)', zh: '最新签名检查点' },
    access: 'public',
    produces: 'text/plain',
    response: z.string(),
    handler: async ({ reply }) => {
      const { note } = await current();
      void reply.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'no-cache');
      return note;
    },
  });
  route(app, {
    method: 'GET',
    url: '/log/tile/*',
    operationId: 'getTile',
    tag: 'ledger',
    summary: {
      en: 'A tile of hashes, or a bundle of entries under entries/ (C2SP tlog-tiles)',
      zh: '哈希块或条目包',
    },
    access: 'public',
    params: z.object({ '*': z.string().max(200) }),
    produces: 'application/octet-stream',
    response: z.string().meta({ format: 'binary' }),
    handler: async ({ params, reply }) => {
      const name = parseTilePath(`tile/${params['*']}`);
      const { size } = await current();
      const bytes = name === undefined || !isWithin(name, size) ? null : await readTile(pool, tree, name);
      if (bytes === null) throw notFound('tile');
      return sendBytes(reply, bytes);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/ledger/entries/:seq/proof',
    operationId: 'getInclusionProof',
    tag: 'ledger',
    summary: { en: 'Prove that an entry is in the log', zh: '证明条目已入账本' },
    access: 'public',
    params: z.object({ seq: Position }),
    response: InclusionView,
    handler: async ({ params: { seq } }) => {
      const { size, root, note } = publisher.latestOver(seq + 1) ?? (await coming(seq));
      const { leaf, proof } = await tree.leafWithProof(seq, size);
      return {
        seq,
        leafHash: toHex(leaf),
        size,
        root: toHex(root),
        proof: proof.map(toHex),
        checkpoint: note,
        tlogProof: formatTlogProof({ index: seq, proof, note }),
      };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/ledger/consistency',
    operationId: 'getConsistencyProof',
    tag: 'ledger',
    summary: {
      en: 'Prove that the log of one size continues that of another',
      zh: '证明账本只增不改',
    },
    access: 'public',
    query: z.strictObject({ from: Position, to: Position }),
    response: ConsistencyView,
    errors: { 422: 'The sizes are not 0 < from ≤ to ≤ the size of the last checkpoint' },
    handler: async ({ query: { from, to } }) => {
      const { size } = await current();
      if (from < 1 || from > to || to > size)
        throw unprocessable('no_such_size', '/querystring', `must be 0 < from ≤ to ≤ ${size}`);
      const [fromRoot, toRoot, proof] = [
        await tree.root(from),
        await tree.root(to),
        await tree.consistency(from, to),
      ];
      return { from, to, fromRoot: toHex(fromRoot), toRoot: toHex(toRoot), proof: proof.map(toHex) };
    },
  });
};

/** Whether a log of `size` entries has this tile, with this width. */
const isWithin = ({ level, index, width }: TileName, size: number): boolean => {
  const hashes = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level));
  return index * TILE_WIDTH + width <= hashes;
};

const readTile = async (pool: pg.Pool, tree: Tree, name: TileName): Promise<Buffer | null> => {
  const { level, index, width } = name;
  if (level !== 'entries') {
    const hashes = await tree.tile(level, index, width);
    return hashes === null ? null : Buffer.concat(hashes);
  }
  const entries = await readEntries(pool, index * TILE_WIDTH, width);
  if (entries.length < width) return null;
  return Buffer.concat(entries.flatMap(({ bytes }) => [lengthOf(bytes), bytes]));
};

/** An entry in a bundle follows its length in two bytes, the larger first. */
const lengthOf = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return length;
};

/** What a path names never changes: a partial tile has its width in its name. */
const sendBytes = (reply: FastifyReply, bytes: Buffer): string => {
  void reply.header('content-type', 'application/octet-stream').header('cache-control', FOR_EVER);
  // Bytes go out as they are; the schema speaks of their media type.
  return bytes as unknown as string;
};
