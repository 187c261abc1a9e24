import { randomUUID } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import t from 'tap';
import type { Entry } from '../../src/ledger/entry.ts';
import { startTestApp } from '../support/app.ts';
import { command, directory, environmentOf } from '../support/command.ts';
import { cutTo, disarmLedger, removeOpenings, rewriteFrom } from '../support/rewriting.ts';

/**
 * Where an attack is aimed: at something that is there, or beside it. Its answer is how many rows or entries say something
 * else than before.
 */
type Attack = {
  what: string;
  /** Which check finds it. */
  by: 'verify' | 'checkpoint' | 'replay';
  aim(hit: boolean): Promise<number>;
};

/** Everything a superuser could touch, so that each attack begins with the ledger as it was. */
const TABLES = [
  'chunks',
  'head',
  'opening_chunks',
  'person_openings',
  'ids',
  'checkpoints',
  'tree_tiles',
  'followers',
  'lots',
];

/** Puts aside what the tables hold; returns what puts it back. */
const keepCopy = async (db: pg.Client): Promise<() => Promise<void>> => {
  for (const table of TABLES) await db.query(`CREATE TEMP TABLE kept_${table} AS SELECT * FROM ${table}`);
  return async () => {
    for (const table of TABLES)
      await db.query(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table}`);
  };
};

t.test('C9: an attack that misses counts nothing and is not found; one that counts is found', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const { size: first } = await app.verify();
  for (let i = 0; i < 6; i++) {
    const { status } = await client.post('/v1/collections', {
      id: randomUUID(),
      siteId,
      collectorId: randomUUID(),
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      grossGrams: 1_000,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
    });
    t.equal(status, 201);
  }
  const { size } = await app.verify();
  const { publisher, follower, anomalies, config, pool } = app.deps;
  t.ok(await publisher.covering(size, 30_000));
  await follower.reaches(size - 1, 30_000);
  await anomalies.reaches(size - 1, 30_000);
  const kept = path.join(await directory(t), 'kept');
  copyFileSync(`${config.ledgerKeyFile}.checkpoint`, kept);
  // Nothing that runs may put right, or sign, what is changed here.
  await publisher.stop();
  await follower.stop();

  const env = environmentOf(app);
  const found = async (by: Attack['by']): Promise<number> => {
    const argv = { verify: ['verify'], checkpoint: ['verify', '--checkpoint', kept], replay: ['replay'] }[by];
    return (await command(env, ...argv, '--database', app.urls.ownerUrl, '--json')).code;
  };
  const db = await app.superuser();
  await disarmLedger(db);
  await db.query("SET session_replication_role = 'replica'");
  const putBack = await keepCopy(db);
  const rows = async (text: string, hit: boolean): Promise<number> =>
    (await db.query(text, [hit ? first + 3 : 1_000_000])).rowCount!;
  const grams = (hit: boolean) => (entry: Entry) =>
    'grossGrams' in entry.data && hit ? { ...entry, data: { ...entry.data, grossGrams: 9_000 } } : entry;

  const attacks: Attack[] = [
    {
      what: 'C1, a byte of an entry',
      by: 'verify',
      aim: (hit) =>
        rows(
          `UPDATE chunks SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), '"grossGrams":1000',
             '"grossGrams":9000'), 'UTF8') WHERE first_seq = $1`,
          hit,
        ),
    },
    {
      what: 'C1, its leaf hash',
      by: 'verify',
      aim: (hit) => rows("UPDATE chunks SET leaves = sha256('x') WHERE first_seq = $1", hit),
    },
    {
      what: 'C2, an entry less',
      by: 'verify',
      aim: (hit) => rows('DELETE FROM chunks WHERE first_seq = $1', hit),
    },
    {
      what: 'C2, an entry less and all moved up',
      by: 'checkpoint',
      aim: async (hit) => {
        const changed = await rewriteFrom(db, pool, first, (entry) =>
          hit && entry.seq === first + 3 ? null : entry,
        );
        if (hit) await removeOpenings(db, first + 3);
        return changed;
      },
    },
    {
      what: 'C3, the last entries less',
      by: 'checkpoint',
      aim: (hit) => cutTo(db, pool, hit ? size - 2 : size),
    },
    { what: 'C4, another history', by: 'checkpoint', aim: (hit) => rewriteFrom(db, pool, first, grams(hit)) },
    {
      what: 'what opens an entry',
      by: 'verify',
      aim: (hit) => rows('DELETE FROM opening_chunks WHERE first_seq = $1', hit),
    },
    {
      what: 'C6, a derived table',
      by: 'replay',
      aim: (hit) => rows('UPDATE lots SET grams = grams + 1 WHERE seq = $1', hit),
    },
  ];
  for (const { what, by, aim } of attacks) {
    t.equal(await found(by), 0, `${what}: before it all is well`);
    t.equal(await aim(false), 0, `${what}: beside it nothing is changed`);
    t.equal(await found(by), 0, `${what}: and nothing is found`);
    await putBack();
    const changed = await aim(true);
    t.ok(changed >= 1, `${what}: ${changed} changed`);
    t.equal(await found(by), 1, `${what}: found by ${by}`);
    await putBack();
  }
  for (const by of ['verify', 'checkpoint', 'replay'] as const)
    t.equal(await found(by), 0, 'as it was before');
});
