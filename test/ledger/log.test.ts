import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { NoteSigner, verifyEd25519 } from '../../src/ledger/log-key.ts';
import { appendLeaf, type Frontier, rootOf } from '../../src/ledger/merkle.ts';
import { fromBase64, parseKey, parseNote, verifyNote } from '../../src/ledger/note.ts';
import { verifyConsistency, verifyInclusion } from '../../src/ledger/proof.ts';
import { formatTilePath } from '../../src/ledger/tile-path.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const bytesOf = (hexes: string[]) => hexes.map((hex) => Buffer.from(hex, 'hex'));

/** A station with so many weigh-ins. */
const weighed = async (app: TestApp, count: number) => {
  const station = await app.site('station');
  for (let done = 0; done < count; done += 500) {
    const items = Array.from({ length: Math.min(500, count - done) }, () => ({
      id: randomUUID(),
      siteId: station.siteId,
      bagTag: randomUUID(),
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      grossGrams: 1_000,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
    }));
    await station.client.post('/v1/collections/batch', items);
  }
  return station;
};

const signedBy = async (app: TestApp) => {
  const { body } = await app.operator.get('/v1/ledger/entries/0');
  return parseKey(sha256, body.entry.data.logKey);
};

const rawOf = async (app: TestApp, url: string) => {
  const response = await app.app.inject({ method: 'GET', url });
  return { status: response.statusCode, bytes: response.rawPayload, headers: response.headers };
};

t.test(
  'a stranger rebuilds the whole log from its tiles and holds it against the signed checkpoint',
  async (t) => {
    const app = await startTestApp(t);
    const { client } = await weighed(app, 700);
    const last = await client.get('/v1/ledger/entries?limit=1');
    const { size } = last.body.head;
    const covered = await client.get(`/v1/ledger/entries/${size - 1}/proof`);
    t.equal(covered.status, 200, 'a receipt is provable within a second or two');

    const { bytes, headers } = await rawOf(app, '/log/checkpoint');
    t.equal(headers['content-type'], 'text/plain; charset=utf-8');
    const note = parseNote(bytes.toString('utf8'));
    const key = await signedBy(app);
    t.match(verifyNote(note, [key], verifyEd25519), [{ key: { name: 'localhost/blue-cycle' } }]);
    const checkpoint = parseCheckpoint(note.text);
    t.equal(checkpoint.size, size);

    const frontier: Frontier = [];
    for (let index = 0; index * 256 < size; index++) {
      const width = Math.min(256, size - index * 256);
      const tile = await rawOf(app, `/log/${formatTilePath({ level: 0, index, width })}`);
      const bundle = await rawOf(app, `/log/${formatTilePath({ level: 'entries', index, width })}`);
      t.equal(tile.headers['cache-control'], 'public, max-age=31536000, immutable');
      t.equal(tile.bytes.length, 32 * width);
      let at = 0;
      for (let i = 0; i < width; i++) {
        const length = bundle.bytes.readUInt16BE(at);
        const entry = bundle.bytes.subarray(at + 2, at + 2 + length);
        at += 2 + length;
        const leaf = sha256(Buffer.concat([Buffer.of(0), entry]));
        if (toHex(leaf) !== toHex(tile.bytes.subarray(32 * i, 32 * i + 32)))
          t.fail(`leaf ${index * 256 + i}`);
        appendLeaf(sha256, frontier, index * 256 + i, leaf);
      }
      t.equal(at, bundle.bytes.length);
    }
    t.equal(toHex(rootOf(sha256, frontier)), toHex(checkpoint.root));
    const above = await rawOf(app, `/log/tile/1/000.p/${Math.floor(size / 256)}`);
    t.equal(above.bytes.length, 32 * Math.floor(size / 256), 'the level above holds whole blocks');

    for (const path of [
      'tile/0/999',
      'tile/1/000',
      'tile/0/0',
      'tile/2/000.p/1',
      'tile/entries/000.p/0',
      'tile/0/002',
    ])
      t.equal((await rawOf(app, `/log/${path}`)).status, 404, path);

    const root = await app.superuser();
    const changed = await root.query(
      'UPDATE tree_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)',
    );
    t.equal(changed.rowCount, 1);
    const fault = await app.verify().catch((error: Error) => error);
    t.match(fault, { kind: 'wrong-tile', seq: 0 }, 'and whoever changes one is found');
  },
);

t.test('every entry is proved to be in, and every size to continue the one before', async (t) => {
  const app = await startTestApp(t);
  const { client } = await weighed(app, 270);
  const { size } = (await client.get('/v1/ledger/entries?limit=1')).body.head;
  await client.get(`/v1/ledger/entries/${size - 1}/proof`);
  for (const seq of [0, 1, 254, 255, 256, 257, size - 1]) {
    const { body } = await client.get(`/v1/ledger/entries/${seq}/proof`);
    const { root } = parseCheckpoint(parseNote(body.checkpoint).text);
    t.equal(toHex(root), body.root);
    verifyInclusion(sha256, seq, body.size, Buffer.from(body.leafHash, 'hex'), bytesOf(body.proof), root);
    const [, index, ...lines] = body.tlogProof.split('\n\n')[0].split('\n');
    t.equal(index, `index ${seq}`);
    t.same(
      lines.map((line: string) => toHex(fromBase64(line)!)),
      body.proof,
    );
  }
  for (const from of [1, 2, 255, 256, 257, size]) {
    const { body } = await client.get(`/v1/ledger/consistency?from=${from}&to=${size}`);
    const [old, now] = bytesOf([body.fromRoot, body.toRoot]);
    verifyConsistency(sha256, from, size, old!, now!, bytesOf(body.proof));
  }
  t.match(await client.get(`/v1/ledger/consistency?from=2&to=${size + 1}`), {
    status: 422,
    body: { code: 'no_such_size' },
  });
  t.equal((await client.get('/v1/ledger/consistency?from=0&to=1')).status, 422);
  t.equal((await client.get(`/v1/ledger/entries/${size + 5}/proof`)).status, 404);
});

t.test(
  'a database that stands behind the checkpoint given out is served read-only, and says so',
  async (t) => {
    const app = await startTestApp(t);
    const { ledgerKeyFile, ledgerOrigin } = app.deps.config;
    const { client } = await weighed(app, 3);
    const { size } = (await client.get('/v1/ledger/entries?limit=1')).body.head;
    await client.get(`/v1/ledger/entries/${size - 1}/proof`);
    const file = `${ledgerKeyFile}.checkpoint`;
    t.match(
      readFileSync(file, 'utf8'),
      new RegExp(`^${ledgerOrigin}\n${size}\n`),
      'kept outside the database',
    );

    const signer = new NoteSigner(
      ledgerOrigin,
      Buffer.from(readFileSync(ledgerKeyFile, 'utf8').trim(), 'hex'),
    );
    const give = (checkpoint: { size: number; root: Uint8Array }): void =>
      writeFileSync(file, signer.note(formatCheckpoint({ origin: ledgerOrigin, ...checkpoint })));
    const kept = readFileSync(file, 'utf8');
    const { root } = parseCheckpoint(parseNote(kept).text);
    for (const [what, checkpoint] of [
      ['an old copy', { size: size + 7, root }],
      ['another history', { size: size - 1, root }],
    ] as const) {
      give(checkpoint);
      const again = await app.restart();
      const ready = await again.app.inject('/health/ready');
      t.match(ready.json().readOnly, new RegExp(String(checkpoint.size)), what);
      const refused = await again.app.inject({
        method: 'POST',
        url: '/v1/organisations',
        headers: { authorization: `Bearer ${app.operator.secret}` },
        payload: { name: '不行', kind: 'station' },
      });
      t.match(refused.json(), { status: 503, code: 'read_only' });
      t.equal((await again.app.inject('/v1/ledger/entries/0')).statusCode, 200, 'it can still be read');
      await again.close();
    }
    writeFileSync(file, kept);
    const healed = await app.restart();
    t.equal((await healed.app.inject('/health/ready')).json().readOnly, null);
    await healed.close();
  },
);

t.test(
  'whoever rewrites the head gets no signature for it, at the next start or while the service runs',
  async (t) => {
    const app = await startTestApp(t);
    const { client } = await weighed(app, 5);
    const { size } = (await client.get('/v1/ledger/entries?limit=1')).body.head;
    await client.get(`/v1/ledger/entries/${size - 1}/proof`);
    const root = await app.superuser();
    await root.query('ALTER TABLE head DISABLE TRIGGER ALL');
    const turned = await root.query(
      'UPDATE head SET frontier = set_byte(frontier, 3, get_byte(frontier, 3) # 1)',
    );
    t.equal(turned.rowCount, 1, 'the attack changed something');
    const other = await app.restart();
    t.match((await other.app.inject('/health/ready')).json().readOnly, /do not continue/);
    await other.close();

    const cut = await root.query('UPDATE head SET size = size - 1');
    t.equal(cut.rowCount, 1, 'and so did the second');
    for (let i = 0; i < 50 && app.deps.door.readOnly === null; i++) await sleep(100);
    t.match(
      (await client.get('/health/ready')).body.readOnly,
      new RegExp(`${size - 1} entries; ${size} were signed for`),
    );
    t.match(await app.operator.post('/v1/organisations', { name: '不行', kind: 'station' }), {
      status: 503,
      body: { code: 'read_only' },
    });
  },
);
