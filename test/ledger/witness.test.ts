import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openWitness } from '../../src/cli/witness.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { NoteSigner, verifyEd25519 } from '../../src/ledger/log-key.ts';
import { appendLeaf, type Frontier, rootOf } from '../../src/ledger/merkle.ts';
import { formatKey, parseKey, parseNote, toBase64, verifyNote } from '../../src/ledger/note.ts';
import { consistencyRanges, subtreesOf } from '../../src/ledger/proof.ts';
import { startTestApp } from '../support/app.ts';

const directory = async (t: Test): Promise<string> => {
  const made = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-witness-'));
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
};

/** A small log in memory, of leaves that follow from a word. */
const logOf = (word: string, signer: NoteSigner) => {
  const leaf = (i: number) => sha256(Buffer.from(`\0${word} ${i}`));
  const over = (from: number, to: number): Uint8Array => {
    const frontier: Frontier = [];
    for (let i = 0; i < to - from; i++) appendLeaf(sha256, frontier, i, leaf(from + i));
    return rootOf(sha256, frontier);
  };
  return {
    note: (size: number) =>
      signer.note(formatCheckpoint({ origin: signer.key.name, size, root: over(0, size) })),
    proof: (old: number, size: number) =>
      old === 0
        ? []
        : consistencyRanges(old, size).map((range) =>
            rootOf(
              sha256,
              subtreesOf(range).map(({ level, index }) => over(index * 2 ** level, (index + 1) * 2 ** level)),
            ),
          ),
  };
};

t.test('a witness cosigns what continues, and nothing else, across a restart', async (t) => {
  const signer = new NoteSigner('example.com/log', Buffer.alloc(32, 1));
  const [log, fork] = [logOf('true', signer), logOf('fork', signer)];
  const options = {
    log: [formatKey(signer.key)],
    name: 'witness.example',
    state: await directory(t),
    port: 0,
    host: '127.0.0.1',
  };
  let witness = await openWitness(options);
  t.teardown(() => witness.close());
  const post = async (body: string) => {
    const response = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
    const type = response.headers.get('content-type');
    return { status: response.status, type, text: await response.text() };
  };
  const ask = (old: number, note: string, proof: readonly Uint8Array[] = []) =>
    post(`old ${old}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${note}`);
  const key = parseKey(sha256, witness.key);

  const first = await ask(0, log.note(5));
  t.equal(first.status, 200);
  const since = Date.now();
  const [cosigned] = verifyNote(parseNote(`${log.note(5)}${first.text}`), [key], verifyEd25519);
  t.ok(Math.abs(cosigned!.at! - since) < 60_000, 'with its time');
  t.equal((await ask(5, log.note(12), log.proof(5, 12))).status, 200);

  await witness.close();
  witness = await openWitness(options);
  t.equal(witness.key, formatKey(key), 'its key is kept');
  t.match(await ask(5, log.note(12), log.proof(5, 12)), {
    status: 409,
    type: 'text/x.tlog.size',
    text: '12\n',
  });
  t.equal((await ask(12, log.note(12))).status, 200, 'the same again is cosigned again');
  t.equal((await ask(12, fork.note(12))).status, 409, 'another root of the same size is not');
  t.equal((await ask(12, fork.note(20), fork.proof(12, 20))).status, 422, 'nor another history');
  t.equal((await ask(12, log.note(20), log.proof(11, 20))).status, 422);
  t.equal((await ask(12, log.note(9))).status, 400, 'nor less than before');
  t.match(await ask(9, log.note(9)), { status: 409, text: '12\n' });
  const stranger = new NoteSigner('example.com/log', Buffer.alloc(32, 2));
  t.equal((await ask(12, logOf('true', stranger).note(20), log.proof(12, 20))).status, 403);
  const unknown = new NoteSigner('example.com/other', Buffer.alloc(32, 1));
  t.equal((await ask(0, logOf('true', unknown).note(2))).status, 404);
  for (const body of ['', 'old 12\n', 'old -1\n\nx', 'old 012\n\nx', `old 12\nxyz\n\n${log.note(20)}`])
    t.equal((await post(body)).status, 400, JSON.stringify(body.slice(0, 20)));
  t.equal((await post('x'.repeat(70_000))).status, 413);
  const [a, b] = await Promise.all([
    ask(12, log.note(15), log.proof(12, 15)),
    ask(12, log.note(16), log.proof(12, 16)),
  ]);
  t.same([a.status, b.status].sort(), [200, 409], 'of two at once one wins');
});

t.test('the log asks its witness, and serves what it cosigned', async (t) => {
  const seed = Buffer.alloc(32, 3);
  const signer = new NoteSigner('localhost/blue-cycle', seed);
  const witness = await openWitness({
    log: [formatKey(signer.key)],
    name: 'witness.example',
    state: await directory(t),
    port: 0,
    host: '127.0.0.1',
  });
  t.teardown(() => witness.close());
  const app = await startTestApp(t, { LEDGER_WITNESSES: `${witness.key} ${witness.url}` }, seed);
  const key = parseKey(sha256, witness.key);
  const cosigned = async (size: number): Promise<number> => {
    for (let i = 0; i < 50; i++) {
      const note = parseNote((await app.app.inject('/log/checkpoint')).body);
      const found = verifyNote(note, [signer.key, key], verifyEd25519);
      if (parseCheckpoint(note.text).size >= size && found.length === 2)
        return parseCheckpoint(note.text).size;
      await sleep(100);
    }
    throw new Error('nobody cosigned');
  };
  t.ok((await cosigned(1)) >= 1);
  await app.site('station');
  const { size } = (await app.operator.get('/v1/ledger/entries?limit=1')).body.head;
  t.equal(await cosigned(size), size, 'each time it continues');
});
