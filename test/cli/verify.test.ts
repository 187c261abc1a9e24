import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { run } from '../../src/cli/program.ts';
import { TileReader } from '../../src/cli/tiles.ts';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { leafHash } from '../../src/ledger/entry.ts';
import { verifyEd25519 } from '../../src/ledger/log-key.ts';
import { rootOfAll } from '../../src/ledger/merkle.ts';
import { parseKey, parseNote, verifyNote } from '../../src/ledger/note.ts';
import {
  consistencyRanges,
  inclusionRanges,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/proof.ts';
import { exportOf, type Files, filesOf, type MadeLog, makeLog, serveFiles, signer } from '../support/log.ts';

const verify = async (...argv: string[]) => {
  const texts: string[] = [];
  const errors: string[] = [];
  const into = (list: string[]) =>
    new Writable({
      write(chunk, _encoding, done) {
        list.push(String(chunk));
        done();
      },
    });
  const io = { stdout: into(texts), stderr: into(errors), isTTY: false, env: {}, fetch };
  const code = await run(['verify', '--json', ...argv], io);
  return { code, err: errors.join(''), ...(texts.length === 0 ? {} : JSON.parse(texts.join(''))) };
};

const directory = async (t: Test): Promise<string> => {
  const made = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-verify-'));
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
};

const SIZE = 700;
const good = makeLog(SIZE);
const rootAt = (log: MadeLog, size: number) => toHex(rootOfAll(sha256, log.leaves.slice(0, size)));
/** The same entries up to `from`, others from there on, hashed and signed anew. */
const anew = (size: number, from: number): MadeLog =>
  makeLog(size, (entry, seq) => (seq < from ? original(seq) : { ...entry, data: { forged: seq } }));
const original = (seq: number): string => good.entries[seq]!.toString();
const longer = (size: number): MadeLog => makeLog(size, (entry, seq) => (seq < SIZE ? original(seq) : entry));

t.test('every fault of an export is named by its position and kind', async (t) => {
  const file = path.join(await directory(t), 'export.ndjson');
  const { entries } = good;
  const note = good.noteAt(SIZE);
  const judge = async (list: readonly Uint8Array[], signed = note, change = (bytes: Buffer) => bytes) => {
    await writeFile(file, change(exportOf(list, signed)));
    return verify('--file', file);
  };
  t.match(await judge(entries), {
    code: 0,
    ok: true,
    size: SIZE,
    root: rootAt(good, SIZE),
    checkpoints: [SIZE],
  });

  const turned = entries.map((bytes) => Buffer.from(bytes));
  turned[300]!.writeUInt8(
    turned[300]!.readUInt8(turned[300]!.indexOf('"grams":') + 8) ^ 1,
    turned[300]!.indexOf('"grams":') + 8,
  );
  const twisted = (more: object, seq = 300): MadeLog =>
    makeLog(SIZE, (entry, i) => (i === seq ? { ...entry, ...more } : entry));
  const spaced = makeLog(SIZE, (entry, i) => (i === 300 ? ` ${canonicalJson(entry)}` : entry));
  const escaped = makeLog(SIZE, (entry, i) =>
    i === 300 ? canonicalJson(entry).replace('袋', '\\u888b') : entry,
  );
  const signedBy = (log: MadeLog): string => log.noteAt(SIZE);
  const swapped = entries.map((bytes, i) => (i === 300 ? entries[301]! : i === 301 ? entries[300]! : bytes));
  const tooLong = makeLog(SIZE, (entry, i) =>
    i === 300 ? { ...entry, data: { x: 'x'.repeat(70_000) } } : entry,
  );
  const cases: [string, readonly Uint8Array[], string, number, string][] = [
    ['a flipped bit', turned, note, 301, 'broken-chain'],
    ['an entry left out', entries.filter((_, i) => i !== 300), note, 300, 'wrong-seq'],
    ['two changed places', swapped, note, 300, 'wrong-seq'],
    ['an entry twice', [...entries.slice(0, 301), ...entries.slice(300)], note, 301, 'wrong-seq'],
    ['its end cut off', entries.slice(0, 600), note, 600, 'wrong-head'],
    ['a checkpoint of another history', entries, signedBy(anew(SIZE, 300)), SIZE - 1, 'wrong-checkpoint'],
    ['not canonical, hashed as it is', spaced.entries, signedBy(spaced), 300, 'not-canonical'],
    ['escapes nobody needs, hashed as they are', escaped.entries, signedBy(escaped), 300, 'not-canonical'],
    ['another origin', ...chained(twisted({ origin: 'example.com/lob' })), 300, 'wrong-origin'],
    ['time going back', ...chained(twisted({ at: '2020-01-01T00:00:00.000Z' })), 300, 'time-goes-back'],
    ['a member too many', ...chained(twisted({ more: 1 })), 300, 'wrong-members'],
    ['too long', ...chained(tooLong), 300, 'too-long'],
    ['another version', ...chained(twisted({ v: 2 })), 300, 'wrong-members'],
  ];
  for (const [what, list, signed, seq, kind] of cases) {
    const found = await judge(list, signed);
    t.match(found, { code: 1, ok: false, seq, kind }, what);
    t.ok(found.reason.length > 10, `${what}: ${found.reason}`);
  }
  const forged = parseNote(note).text.replace(`\n${SIZE}\n`, `\n${SIZE - 1}\n`);
  t.match(await judge(entries.slice(0, -1), note.replace(parseNote(note).text, forged)), {
    kind: 'wrong-signature',
  });
  t.match(await judge(entries, note, (bytes) => bytes.subarray(0, -9)), { seq: SIZE, kind: 'not-json' });

  const unknown = twisted({ type: 'from-the-future.v1' });
  t.match(await judge(unknown.entries, signedBy(unknown)), {
    code: 0,
    ok: true,
    notUnderstood: { 'from-the-future.v1': 1 },
  });
});

const chained = (log: MadeLog): [Uint8Array[], string] => [log.entries, log.noteAt(SIZE)];

/** Files with one of them changed, once; it fails when there is no such file. */
const changed = (files: Files, name: string, change: (bytes: Buffer) => Uint8Array | undefined): Files => ({
  get: (asked) => {
    const bytes = files.get(asked);
    return asked === name ? change(Buffer.from(bytes!)) : bytes;
  },
});

const flip = (at: number) => (bytes: Buffer) => {
  bytes[at]! ^= 1;
  return bytes;
};

t.test('a server’s tiles are read, and one that does not fit is named', async (t) => {
  const files = filesOf(good, SIZE);
  const server = await serveFiles(t, files);
  const check = () => verify('--url', server.url);
  t.match(await check(), { code: 0, size: SIZE, root: rootAt(good, SIZE), checkpoints: [SIZE] });
  t.same(
    server.asked.filter((name) => !name.startsWith('tile/0') && !name.startsWith('tile/entries')),
    ['checkpoint', '/v1/ledger/keys', 'tile/1/000.p/2'],
  );
  const cases: [string, (bytes: Buffer) => Uint8Array | undefined, number, RegExp][] = [
    [
      'tile/0/001',
      flip(32 * 5),
      261,
      /tile\/0\/001 does not hold the hash of the entry in tile\/entries\/001/,
    ],
    [
      'tile/entries/001',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('"grams":258', '"grams":259'), 'latin1'),
      258,
      /tile\/entries\/001/,
    ],
    ['tile/0/002.p/188', flip(0), 512, /tile\/0\/002.p\/188/],
    ['tile/0/001', (bytes) => bytes.subarray(1), 256, /tile\/0\/001 does not hold 256 hashes/],
    ['tile/entries/000', (bytes) => bytes.subarray(0, -1), 0, /tile\/entries\/000 does not hold 256 entries/],
    ['tile/entries/000', (bytes) => Buffer.concat([bytes, bytes]), 0, /does not hold 256 entries/],
    ['tile/entries/000', () => Buffer.alloc(17_000_000), 0, /tile\/entries\/000 is longer than a tile/],
    ['tile/entries/001', () => undefined, 256, /tile\/entries\/001 is not there/],
    ['tile/1/000.p/2', flip(40), 256, /tile\/1\/000.p\/2 is not over its entries/],
  ];
  for (const [name, change, seq, reason] of cases) {
    server.files = changed(files, name, change);
    t.match(await check(), { code: 1, ok: false, kind: 'wrong-tile', seq, reason }, `${name} ${reason}`);
  }
  server.files = changed(files, 'checkpoint', () => Buffer.from(anew(SIZE, 300).noteAt(SIZE)));
  t.match(await check(), { code: 1, kind: 'wrong-checkpoint' });
  server.files = files;
  t.match(await check(), { code: 0 }, 'and when it is put right all is well');
});

t.test(
  'a server that fails for a while is asked again, and one that fails for good is a sentence',
  async (t) => {
    const server = await serveFiles(t, filesOf(good, SIZE));
    const answers = new Map([
      ['checkpoint', [503]],
      ['tile/entries/000', [0, 500]],
      ['tile/0/001', [429]],
    ]);
    server.refuse = (name) => answers.get(name)?.shift();
    t.match(await verify('--url', server.url), { code: 0, size: SIZE });
    t.equal(server.asked.filter((name) => name === 'tile/entries/000').length, 3);
    server.refuse = (name) => (name === 'tile/0/001' ? 503 : undefined);
    t.match(await verify('--url', server.url), { code: 1, err: /answers 503; try again later/ });
  },
);

t.test('a partial tile that was replaced by the full one serves as well', async (t) => {
  const log = longer(768);
  const [then, now] = [filesOf(log, SIZE), filesOf(log, 768)];
  const server = await serveFiles(t, {
    get: (name) =>
      name === 'checkpoint' ? then.get(name) : name.includes('.p/') ? undefined : now.get(name),
  });
  // Level 1 has two whole blocks then and three now: no full tile stands in for it.
  const files = server.files;
  server.files = { get: (name) => (name.startsWith('tile/1') ? then.get(name) : files.get(name)) };
  t.match(await verify('--url', server.url), { code: 0, size: SIZE, root: rootAt(good, SIZE) });
  t.ok(server.asked.includes('tile/0/002'), 'the full one was asked for');
});

t.test('the next run goes on where the last one ended', async (t) => {
  const here = await directory(t);
  const state = path.join(here, 'state.json');
  const log = longer(1_500);
  const server = await serveFiles(t, filesOf(log, SIZE));
  const check = (...more: string[]) => verify('--url', server.url, '--state', state, ...more);
  t.match(await check(), { code: 0, from: 0, size: SIZE });
  t.match(await check(), { code: 0, from: SIZE, size: SIZE }, 'nothing is new');
  server.asked.length = 0;
  server.files = filesOf(log, 1_500);
  const kept = await readFile(state, 'utf8');
  const again = await check();
  t.match(again, { code: 0, from: SIZE, size: 1_500, root: rootAt(log, 1_500), checkpoints: [1_500] });
  t.notOk(server.asked.includes('tile/entries/001'), 'what was verified is not read again');
  t.ok(server.asked.includes('tile/entries/002'));
  t.match(JSON.parse(await readFile(state, 'utf8')), { size: 1_500, leafHash: toHex(log.leaves[1_499]!) });

  const note = path.join(here, 'kept');
  await writeFile(note, log.noteAt(SIZE));
  t.match(
    await check('--checkpoint', note),
    { code: 0, from: 1_500, checkpoints: [SIZE, 1_500] },
    'a checkpoint seen before',
  );
  await writeFile(note, log.noteAt(333));
  t.match(
    await check('--checkpoint', note),
    { code: 0, from: 0, checkpoints: [333, 1_500], err: /from the beginning/ },
    'an older one is judged from the beginning',
  );

  const attacks: [string, Files, string, number][] = [
    ['an early entry was rewritten', filesOf(anew(1_500, 100), 1_500), 'rewritten', 0],
    ['the last one that was verified too', filesOf(anew(1_500, SIZE - 1), 1_500), 'rewritten', 696],
    ['some were cut off', filesOf(log, SIZE - 1), 'cut-off', SIZE - 1],
    ['what follows does not fit', changed(filesOf(log, 1_500), 'tile/0/004', flip(7)), 'wrong-tile', 1_024],
  ];
  for (const [what, files, kind, seq] of attacks) {
    await writeFile(state, kept);
    server.files = files;
    t.match(await check(), { code: 1, kind, seq }, what);
    t.equal(await readFile(state, 'utf8'), kept, 'what was good stays kept');
  }
  // Tiles that show the old entries beside a checkpoint over others do not lead to its root.
  const [old, forged] = [filesOf(log, 1_500), anew(1_500, 100)];
  server.files = { get: (name) => (name === 'checkpoint' ? forged.noteAt(1_500) : old.get(name)) };
  t.match(await check(), { code: 1, kind: 'wrong-checkpoint' });
  await writeFile(state, kept.replace(/"frontier": \[\s+"./, '"frontier": ["'));
  t.match(await check(), { code: 2, err: /does not hold what verify --state keeps/ });
});

t.test('so it does with an export, whose old entries are hashed again', async (t) => {
  const here = await directory(t);
  const [file, state] = [path.join(here, 'export.ndjson'), path.join(here, 'state.json')];
  const log = longer(1_500);
  const check = async (entries: readonly Uint8Array[], note: string) => {
    await writeFile(file, exportOf(entries, note));
    return verify('--file', file, '--state', state);
  };
  t.match(await check(good.entries, good.noteAt(SIZE)), { code: 0, from: 0 });
  const kept = await readFile(state, 'utf8');
  t.match(await check(log.entries, log.noteAt(1_500)), {
    code: 0,
    from: SIZE,
    size: 1_500,
    root: rootAt(log, 1_500),
  });
  for (const [what, list, kind, seq] of [
    ['rewritten', anew(1_500, 600), 'rewritten', 512],
    ['cut off', { entries: good.entries.slice(0, 650), noteAt: () => good.noteAt(650) }, 'cut-off', 650],
  ] as const) {
    await writeFile(state, kept);
    t.match(await check(list.entries, list.noteAt(1_500)), { code: 1, kind, seq }, what);
  }
  const flipped = log.entries.map((bytes, i) =>
    i === 40 ? flip(bytes.length - 30)(Buffer.from(bytes)) : bytes,
  );
  t.match(
    await check(flipped, log.noteAt(1_500)),
    { code: 1, kind: 'rewritten', seq: 0 },
    'old bytes are still looked at',
  );
});

t.test('a run that is killed goes on from where it last kept its state', async (t) => {
  const state = path.join(await directory(t), 'state.json');
  const log = longer(1_500);
  const server = await serveFiles(t, filesOf(log, 1_500));
  let stalls = true;
  server.refuse = (name) => (stalls && name === 'tile/entries/003' ? 0 : undefined);
  const argv = ['src/main.ts', 'verify', '--url', server.url, '--state', state];
  const child = spawn(process.execPath, argv, {
    cwd: path.resolve(import.meta.dirname, '../..'),
    env: { PATH: process.env.PATH },
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  const ended = once(child, 'exit');
  for (let i = 0; i < 300 && !existsSync(state); i++) await sleep(50);
  child.kill('SIGKILL');
  t.same(await ended, [null, 'SIGKILL'], said);
  const { size } = JSON.parse(await readFile(state, 'utf8'));
  t.equal(size % 256, 0, `${size} were verified`);
  stalls = false;
  const again = await verify('--url', server.url, '--state', state);
  t.match(again, { code: 0, from: size, size: 1_500, root: rootAt(log, 1_500) });
});

t.test('a log of several levels of tiles is read through, and gone on with', async (t) => {
  const log = makeLog(66_500, (entry) => ({ ...entry, data: entry.seq === 0 ? entry.data : {} }) as never);
  const state = path.join(await directory(t), 'state.json');
  const server = await serveFiles(t, filesOf(log, 66_500));
  const check = (...more: string[]) => verify('--url', server.url, '--workers', '2', ...more);
  t.match(await check(), { code: 0, size: 66_500, root: rootAt(log, 66_500) });
  const files = server.files;
  for (const [name, at, seq] of [
    ['tile/1/000', 32 * 77, 77 * 256],
    ['tile/1/001.p/3', 1, 65_536],
    ['tile/2/000.p/1', 3, 0],
  ] as const) {
    server.files = changed(files, name, flip(at));
    t.match(await check(), { code: 1, kind: 'wrong-tile', seq, reason: new RegExp(name) }, name);
  }
  server.files = filesOf(log, 40_000);
  t.match(await check('--state', state), { code: 0, from: 0, size: 40_000 });
  server.files = files;
  const kept = await readFile(state, 'utf8');
  t.match(await check('--state', state), { code: 0, from: 40_000, root: rootAt(log, 66_500) });
  await writeFile(state, kept);
  server.files = changed(files, 'tile/1/000', flip(32 * 200));
  t.match(await check('--state', state), { code: 1, kind: 'wrong-tile', seq: 200 * 256 });
});

const foreign = path.resolve(import.meta.dirname, '../../../shared/conformance/c2sp-tlog/tiles-log');

t.test(
  'a log that another implementation wrote is read and proved by our client',
  existsSync(foreign) ? {} : { skip: 'tiles-log is not here' },
  async (t) => {
    const fileAt = (name: string): Buffer | undefined => {
      const file = path.join(foreign, name);
      return existsSync(file) ? readFileSync(file) : undefined;
    };
    const server = await serveFiles(t, { get: fileAt });
    const reader = new TileReader({ fetch }, new URL('/log/', server.url));
    const key = parseKey(sha256, fileAt('log.vkey')!.toString().trim());
    const checkpointOf = (source: string) => {
      const note = parseNote(source);
      t.equal(verifyNote(note, [key], verifyEd25519).length, 1, 'its signature fits');
      return parseCheckpoint(note.text);
    };
    const { size, root, origin } = checkpointOf((await reader.checkpoint())!);
    t.equal(origin, key.name);
    const entries = await reader.bundle(0, size);
    t.equal(entries.length, size);
    t.same(
      entries.map((bytes) => Buffer.from(bytes).toString()),
      JSON.parse(fileAt('entries.json')!.toString()).entriesUtf8,
    );
    const leaves = entries.map((bytes) => leafHash(sha256, bytes));
    t.equal(toHex(rootOfAll(sha256, leaves)), toHex(root), 'from its entries');
    t.equal(toHex(await reader.root({ from: 0, to: size }, size)), toHex(root), 'from its tiles');
    let proofs = 0;
    for (let old = 1; old <= size; old++) {
      const { root: oldRoot, size: named } = checkpointOf(fileAt(`checkpoint.${old}`)!.toString());
      t.equal(named, old);
      t.equal(toHex(await reader.root({ from: 0, to: old }, old)), toHex(oldRoot), `the tree of ${old}`);
      const prove = (ranges: ReturnType<typeof consistencyRanges>, of: number) =>
        Promise.all(ranges.map((range) => reader.root(range, of)));
      verifyConsistency(sha256, old, size, oldRoot, root, await prove(consistencyRanges(old, size), size));
      for (let index = 0; index < old; index++) {
        verifyInclusion(
          sha256,
          index,
          old,
          leaves[index]!,
          await prove(inclusionRanges(index, old), old),
          oldRoot,
        );
        proofs++;
      }
    }
    t.equal(proofs, (size * (size + 1)) / 2);
    // Its entries are not ours: what is no Blue Cycle ledger is named, not taken.
    t.match(await verify('--url', server.url), { code: 1, ok: false, seq: 0 });
  },
);

t.test('a checkpoint over nothing is no ground to stand on', async (t) => {
  const empty = signer.note(
    formatCheckpoint({ origin: 'example.com/log', size: 0, root: sha256(Buffer.alloc(0)) }),
  );
  const server = await serveFiles(t, { get: (name) => (name === 'checkpoint' ? empty : undefined) });
  t.match(await verify('--url', server.url), { code: 1, ok: false });
});
