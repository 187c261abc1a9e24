import { copyFileSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import t, { type Test } from 'tap';
import { openWitness } from '../../src/cli/witness.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { NoteSigner } from '../../src/ledger/log-key.ts';
import { formatKey, parseKey, parseNote } from '../../src/ledger/note.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { command } from '../support/command.ts';

const directory = async (t: Test): Promise<string> => {
  const made = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-restore-'));
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
};

const tablesOf = async (db: pg.Client, schema: string): Promise<string[]> =>
  (
    await db.query('SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = $1', [schema])
  ).rows.map(({ name }) => name as string);

/** Every row of the schema, as of one moment. */
const backUp = async (db: pg.Client): Promise<void> => {
  await db.query('BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE SCHEMA backup');
  for (const table of await tablesOf(db, 'blue_cycle'))
    await db.query(`CREATE TABLE backup.${table} AS TABLE blue_cycle.${table}`);
  await db.query('COMMIT');
};

/** What was backed up stands again, and nothing else. Returns how many entries were lost by it. */
const restore = async (db: pg.Client): Promise<number> => {
  const sizeNow = async () => Number((await db.query('SELECT size FROM blue_cycle.head')).rows[0].size);
  const before = await sizeNow();
  await db.query("BEGIN; SET LOCAL session_replication_role = 'replica'");
  await db.query('ALTER TABLE chunks DISABLE TRIGGER ALL; ALTER TABLE head DISABLE TRIGGER ALL');
  for (const table of await tablesOf(db, 'backup'))
    await db.query(`DELETE FROM blue_cycle.${table}; INSERT INTO blue_cycle.${table} TABLE backup.${table}`);
  await db.query('COMMIT');
  return before - (await sizeNow());
};

const something = async (app: TestApp, name: string): Promise<number> => {
  const { status, body } = await app.operator.post('/v1/organisations', { name, kind: 'station' });
  if (status !== 201) throw new Error(JSON.stringify(body));
  if ((await app.deps.publisher.covering(body.receipt.seq + 1, 8_000)) === null)
    throw new Error('not signed');
  return body.receipt.seq + 1;
};

t.test('an old backup is served read-only; with the old checkpoint beside it, outsiders tell', async (t) => {
  const seed = Buffer.alloc(32, 6);
  const witness = await openWitness({
    log: [formatKey(new NoteSigner('localhost/blue-cycle', seed).key)],
    name: 'witness.example',
    state: await directory(t),
    port: 0,
    host: '127.0.0.1',
  });
  t.teardown(() => witness.close());
  const witnessKey = parseKey(sha256, witness.key);
  const app = await startTestApp(t, { LEDGER_WITNESSES: `${witness.key} ${witness.url}` }, seed);
  const { publisher, config } = app.deps;
  const outside = `${config.ledgerKeyFile}.checkpoint`;
  const place = await directory(t);
  const [old, kept] = [path.join(place, 'old'), path.join(place, 'kept')];
  const verify = async (...more: string[]) => {
    const env = { BLUE_CYCLE_DATA_DIR: config.dataDir };
    const ran = await command(env, 'verify', '--database', app.urls.ownerUrl, '--json', ...more);
    return { code: ran.code, found: JSON.parse(ran.out) };
  };

  const backedUp = await something(app, '备份之前');
  t.ok(await publisher.cosignedBy(witnessKey, backedUp));
  copyFileSync(outside, old);
  const db = await app.superuser();
  await backUp(db);
  for (const name of ['一', '二', '三']) await something(app, name);
  const size = await something(app, '四');
  t.ok(await publisher.cosignedBy(witnessKey, size));
  copyFileSync(outside, kept);
  await app.deps.door.stop();
  await publisher.stop();
  await app.deps.follower.stop();
  await app.deps.anomalies.stop();

  t.equal(await restore(db), size - backedUp, 'entries are gone');
  const again = await app.restart();
  const { readOnly } = (await again.app.inject('/health/ready')).json();
  t.match(readOnly, `holds ${backedUp} entries, and a checkpoint over ${size} was given out`);
  const refused = await again.app.inject({
    method: 'POST',
    url: '/v1/organisations',
    headers: { authorization: `Bearer ${app.operator.secret}` },
    payload: { name: '不行', kind: 'station' },
  });
  t.match(refused.json(), { status: 503, code: 'read_only' });
  t.equal(parseCheckpoint(parseNote((await again.app.inject('/log/checkpoint')).body).text).size, backedUp);
  t.match(await verify('--checkpoint', kept), { code: 1, found: { seq: backedUp, kind: 'cut-off' } });
  t.match(await verify('--checkpoint', old), { code: 0 }, 'what is older than the backup still holds');
  await again.close();

  // Whoever also puts the old checkpoint back has a process that signs: another history, under the same key.
  copyFileSync(old, outside);
  const forked = await app.restart();
  t.equal((await forked.app.inject('/health/ready')).json().readOnly, null);
  for (let i = backedUp; i < size + 2; i++) {
    const made = await forked.app.inject({
      method: 'POST',
      url: '/v1/organisations',
      headers: { authorization: `Bearer ${app.operator.secret}` },
      payload: { name: `另一段历史 ${i}`, kind: 'station' },
    });
    t.equal(made.statusCode, 201);
  }
  t.ok(await forked.deps.publisher.covering(size + 2, 8_000));
  t.notOk(await forked.deps.publisher.cosignedBy(witnessKey, size, 3_000), 'the witness signs no fork');
  t.match(await verify(), { code: 0 }, 'whoever comes new cannot tell');
  t.match(await verify('--witness', witness.key), { code: 1, found: { kind: 'wrong-signature' } });
  t.match(await verify('--checkpoint', kept), {
    code: 1,
    found: { seq: size - 1, kind: 'wrong-checkpoint' },
  });
  t.match(readFileSync(outside, 'utf8'), new RegExp(`\n${size + 2}\n`));
  await forked.close();
});
