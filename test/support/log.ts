import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { GENESIS_PREV, leafHash } from '../../src/ledger/entry.ts';
import { NoteSigner, signNote } from '../../src/ledger/log-key.ts';
import { appendLeaf, type Frontier, rootOf, rootOfAll } from '../../src/ledger/merkle.ts';
import { formatKey } from '../../src/ledger/note.ts';
import { parseTilePath, TILE_WIDTH } from '../../src/ledger/tile-path.ts';

export const ORIGIN = 'example.com/log';
export const signer = new NoteSigner(ORIGIN, Buffer.alloc(32, 9));

/** What a made-up entry may say other than the ordinary; text stands for its bytes as they are. */
export type Twist = (entry: Record<string, unknown>, seq: number) => Record<string, unknown> | string;

/** A ledger made up for a test: entries in their bytes, and what may be asked of it. */
export type MadeLog = {
  entries: Buffer[];
  leaves: Uint8Array[];
  /** The signed note over the first `size` entries, by the first key unless others are named. */
  noteAt(size: number, by?: readonly NoteSigner[]): string;
};

/** So many entries, chained; `twist` changes one before it is hashed, so that all that follows fits it. */
export const makeLog = (count: number, twist: Twist = (entry) => entry): MadeLog => {
  const entries: Buffer[] = [];
  const leaves: Uint8Array[] = [];
  let prev = GENESIS_PREV;
  for (let seq = 0; seq < count; seq++) {
    const entry = {
      v: 1,
      origin: ORIGIN,
      seq,
      at: new Date(1_780_000_000_000 + 7 * Math.floor(seq / 3)).toISOString(),
      type: seq === 0 ? 'programme.founded.v1' : 'collection.recorded.v1',
      actor: '00000000-0000-0000-0000-000000000000',
      prev,
      data:
        seq === 0
          ? { logKey: formatKey(signer.key) }
          : { grams: seq, note: seq % 5 === 0 ? '一"袋' : '瓶', sealed: randomUUID() },
    };
    const twisted = twist(entry, seq);
    const bytes = Buffer.from(typeof twisted === 'string' ? twisted : canonicalJson(twisted));
    const leaf = leafHash(sha256, bytes);
    entries.push(bytes);
    leaves.push(leaf);
    prev = toHex(leaf);
  }
  return { entries, leaves, noteAt: (size, by) => noteOver(leaves.slice(0, size), by) };
};

/** The signed note over these leaves. */
export const noteOver = (leaves: readonly Uint8Array[], by: readonly NoteSigner[] = [signer]): string => {
  const frontier: Frontier = [];
  for (const [i, leaf] of leaves.entries()) appendLeaf(sha256, frontier, i, leaf);
  const root = rootOf(sha256, frontier);
  return signNote(formatCheckpoint({ origin: ORIGIN, size: leaves.length, root }), by);
};

/** An export as `blue-cycle export` writes it. */
export const exportOf = (entries: readonly Uint8Array[], note: string, more: object = {}): Buffer =>
  Buffer.concat([
    ...entries.flatMap((bytes) => [bytes, Buffer.from('\n')]),
    Buffer.from(`${JSON.stringify({ checkpoint: note, ...more })}\n`),
  ]);

/** What a server of files holds, by path. */
export type Files = { get(path: string): Uint8Array | string | undefined };

/** The files of a log of `size` entries, as C2SP tlog-tiles names them, hashed when they are asked for. */
export const filesOf = (log: MadeLog, size: number): Files => {
  const levels: Uint8Array[][] = [log.leaves.slice(0, size)];
  while (levels.at(-1)!.length >= TILE_WIDTH) {
    const below = levels.at(-1)!;
    const blocks = Math.floor(below.length / TILE_WIDTH);
    levels.push(
      Array.from({ length: blocks }, (_, i) =>
        rootOfAll(sha256, below.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH)),
      ),
    );
  }
  const note = log.noteAt(size);
  return {
    get: (path) => {
      if (path === 'checkpoint') return note;
      const name = parseTilePath(path);
      if (name === undefined) return undefined;
      const { level, index, width } = name;
      const first = index * TILE_WIDTH;
      const wanted = <Item>(all: readonly Item[] | undefined): Item[] | undefined =>
        all !== undefined && first + width <= all.length ? all.slice(first, first + width) : undefined;
      if (level !== 'entries') return maybe(wanted(levels[level]), (hashes) => Buffer.concat(hashes));
      return maybe(wanted(log.entries.slice(0, size)), (entries) =>
        Buffer.concat(entries.flatMap((bytes) => [Buffer.of(bytes.length >> 8, bytes.length & 255), bytes])),
      );
    },
  };
};

const maybe = <From, To>(value: From | undefined, then: (value: From) => To): To | undefined =>
  value === undefined ? undefined : then(value);

/**
 * Serves files below `/log/`, and counts what is asked for. `refuse` answers a request with a status instead, or, with
 * 0, breaks the connection.
 */
export const serveFiles = async (
  t: Test,
  files: Files,
): Promise<{
  url: string;
  asked: string[];
  files: Files;
  refuse: (path: string) => number | undefined;
}> => {
  const served = {
    url: '',
    asked: [] as string[],
    files,
    refuse: (_: string): number | undefined => undefined,
  };
  const server = createServer((request, response) => {
    const path = request.url!.replace(/^\/log\//, '');
    served.asked.push(path);
    const status = served.refuse(path);
    if (status === 0) return void request.socket.destroy();
    const body = status === undefined ? served.files.get(path) : undefined;
    response.writeHead(status ?? (body === undefined ? 404 : 200)).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return served;
};
