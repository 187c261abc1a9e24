import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import t, { type Test } from 'tap';
import { replayAndCompare } from '../../src/replay.ts';
import { TABLES } from '../../src/tables.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Things, thingsOf } from '../support/things.ts';

const ROUNDS = Number(process.env.EDIT_ROUNDS ?? 3);

type Row = Record<string, unknown>;
type Column = { name: string; type: string; key: boolean };
type Edit = { table: string; column: string; before: Row; after: Row };

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Something in as many tables as a programme's ordinary days fill. */
const fill = async (app: TestApp): Promise<void> => {
  const org: Things = await thingsOf(app, 'canary');
  for (const make of [
    org.collector,
    org.device,
    org.vessel,
    org.filledContainer,
    org.run,
    org.product,
    org.openCase,
    org.outside,
    org.disposal,
    org.incident,
    org.acceptedDeclaration,
    org.transfer,
    org.treatment,
    org.pollutantLoss,
    org.anomaly,
    org.soldBatch,
    org.reservedBatch,
    org.openMark,
    org.spokenFor,
    org.cardHolder,
    org.tariff,
    org.logKeyToRetire,
  ])
    await make();
  const { id } = await org.soldBatch();
  for (const [path, body] of [
    ['deliveries', org.deliveryBody],
    ['payments', org.paymentBody],
    ['costs', org.costBody],
  ] as const)
    await org.station.post(`/v1/batches/${id}/${path}`, body);
  const weighed = await org.collection();
  await org.station.post(`/v1/collections/${weighed.id}/correction`, { grossGrams: 9_000, reason: 'x' });
  await org.station.post(`/v1/collections/${(await org.collection()).id}/dispute`, { about: 'weight' });
  await org.station.post(`/v1/lots/${weighed.lot.id}/samples`, { kind: 'moisture', basisPoints: 80 });
  const { id: erased } = await org.collector();
  const data = `/v1/collectors/${erased}/personal-data`;
  const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  for (const query of [`retainUntil=${today}&reason=tax-records`, 'stage=erase']) {
    const { status, body } = await app.operator.delete(`${data}?${query}`);
    if (status !== 200) throw new Error(JSON.stringify(body));
  }
  await app.operator.put('/v1/presets', { tiles: [] });
};

const columnsOf = async (db: pg.Client, table: string): Promise<Column[]> => {
  const { rows } = await db.query<Column>(
    `SELECT a.attname::text AS name, format_type(a.atttypid, NULL) AS type,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
         AND a.attnum = ANY(i.indkey)) AS key
     FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' ORDER BY a.attnum`,
    [table],
  );
  return rows;
};

/** Another value of the type than the column has. */
const other = ({ name, type }: Column): string => {
  const c = `"${name}"`;
  if (type.endsWith('[]')) return `array_append(coalesce(${c}, '{}'), NULL)`;
  const expressions: Record<string, string> = {
    smallint: `(coalesce(${c}, 0) + 7)::int2`,
    integer: `coalesce(${c}, 0) + 7`,
    bigint: `coalesce(${c}, 0) + 1000003`,
    boolean: `NOT coalesce(${c}, false)`,
    text: `coalesce(${c}, '') || 'x'`,
    uuid: `'${randomUUID()}'::uuid`,
    bytea: `coalesce(${c}, '') || '\\x00'`,
    json: `json_build_object('was', ${c})`,
    jsonb: `jsonb_build_object('was', ${c})`,
  };
  const found = expressions[type];
  if (found === undefined) throw new Error(`${name}: how is a ${type} changed?`);
  return found;
};

/** What would only refuse the attack: a superuser drops it first. */
const disarm = async (db: pg.Client): Promise<void> => {
  await db.query("SET session_replication_role = 'replica'");
  const { rows } = await db.query<{ text: string }>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS text FROM pg_constraint
     WHERE connamespace = 'blue_cycle'::regnamespace AND contype = 'c' AND conrelid <> 0`,
  );
  for (const { text } of rows) await db.query(text);
};

/** Changes one column of one row; the restore puts the whole row back. */
const editOne = async (
  db: pg.Client,
  table: string,
  columns: readonly Column[],
  random: () => number,
): Promise<(Edit & { restore: () => Promise<void> }) | undefined> => {
  const { rows: all } = await db.query<{ ctid: string; row: Row }>(
    `SELECT ctid, to_jsonb(t) AS row FROM ${table} t ORDER BY ctid`,
  );
  // Of somebody erased only this much is known to a replay: that there was somebody.
  const rows = all.filter(({ row }) => !(table === 'collectors' && row.state === 'erased'));
  if (rows.length === 0) return undefined;
  for (let tries = 0; tries < 20; tries++) {
    const { ctid, row: before } = rows[Math.floor(random() * rows.length)]!;
    const column = columns[Math.floor(random() * columns.length)]!;
    await db.query('SAVEPOINT one');
    try {
      const { rows: changed } = await db.query<{ ctid: string; row: Row }>(
        `UPDATE ${table} t SET "${column.name}" = ${other(column)} WHERE ctid = $1 RETURNING ctid, to_jsonb(t) AS row`,
        [ctid],
      );
      if (changed.length !== 1) throw new Error(`${table}: ${changed.length} rows changed`);
      const restore = async () => {
        const { rowCount } = await db.query(`DELETE FROM ${table} t WHERE to_jsonb(t) = $1::jsonb`, [
          JSON.stringify(changed[0]!.row),
        ]);
        if (rowCount !== 1) throw new Error(`${table}: ${rowCount} rows put back`);
        await db.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1)`, [
          JSON.stringify(before),
        ]);
      };
      return { table, column: column.name, before, after: changed[0]!.row, restore };
    } catch (error) {
      if ((error as pg.DatabaseError).code !== '23505') throw error;
      await db.query('ROLLBACK TO one');
    }
  }
  return undefined;
};

const replayed = async (app: TestApp) => {
  const { config, keyring } = app.deps;
  return replayAndCompare({ url: app.urls.ownerUrl, schema: config.databaseSchema, keyring });
};

const started = async (t: Test): Promise<{ app: TestApp; db: pg.Client }> => {
  const app = await startTestApp(t);
  await fill(app);
  const { size } = await app.verify();
  for (const follower of [app.deps.follower, app.deps.anomalies])
    if (!(await follower.reaches(size - 1, 20_000))) throw new Error('a follower stands still');
  // Anomalies that were found are facts of their own.
  const { size: last } = await app.verify();
  if (!(await app.deps.follower.reaches(last - 1, 20_000))) throw new Error('the follower stands still');
  const db = await app.superuser();
  const before = await replayed(app);
  t.same(
    before.tables.filter(({ differences }) => differences > 0),
    [],
    'all is well before',
  );
  return { app, db };
};

t.test('C6: any edit in any derived table is found by a replay, and named by table and key', async (t) => {
  const { app, db } = await started(t);
  const seed = Number(process.env.EDIT_SEED ?? Date.now() % 1_000_000);
  const random = seeded(seed);
  await disarm(db);
  const names = TABLES.filter((table) => table.replayed).map(({ name }) => name);
  const columns = new Map<string, Column[]>();
  for (const name of names) columns.set(name, await columnsOf(db, name));
  const [edited, reached] = [new Set<string>(), new Set<string>()];
  let edits = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const made: (Edit & { restore: () => Promise<void> })[] = [];
    await db.query('BEGIN');
    for (const name of names) {
      const edit = await editOne(db, name, columns.get(name)!, random);
      if (edit !== undefined) made.push(edit);
    }
    await db.query('COMMIT');
    const { tables } = await replayed(app);
    for (const { table, column, before, after } of made) {
      edits++;
      edited.add(table);
      reached.add(`${table}.${column}`);
      if (JSON.stringify(before) === JSON.stringify(after)) t.fail(`${table}.${column} was not changed`);
      const { differences, first } = tables.find((compared) => compared.table === table)!;
      const isKey = columns.get(table)!.some(({ name, key }) => key && name === column);
      const keys = columns.get(table)!.filter(({ key }) => key);
      const named = first.some(
        ({ key, live }) =>
          keys.every(
            ({ name }) => JSON.stringify(key[name]) === JSON.stringify((isKey ? after : before)[name]),
          ) && JSON.stringify(live) === JSON.stringify(after),
      );
      if (differences !== (isKey ? 2 : 1) || !named)
        t.fail(
          `seed ${seed}: ${table}.${column}: ${differences} differences, ${JSON.stringify({ first, after })}`,
        );
    }
    const untouched = tables.filter(({ table }) => !made.some((edit) => edit.table === table));
    if (untouched.some(({ differences }) => differences > 0))
      t.fail(`seed ${seed}: a table nobody touched differs`);
    for (const { restore } of made) await restore();
  }
  const empty = names.filter((name) => !edited.has(name));
  t.comment(
    `seed ${seed}: ${edits} edits in ${edited.size} of ${names.length} tables, ${reached.size} different columns; empty: ${empty.join(', ')}`,
  );
  t.ok(edits > 30 * ROUNDS, 'most tables were edited in each round');
  const after = await replayed(app);
  t.same(
    after.tables.filter(({ differences }) => differences > 0).map(({ table }) => table),
    [],
    'and all is well again',
  );
});

t.test('a row taken away is found in every table', async (t) => {
  const { app, db } = await started(t);
  await disarm(db);
  const differing = async () =>
    (await replayed(app)).tables.filter(({ differences }) => differences > 0).map(({ table }) => table);
  const names = TABLES.filter((table) => table.replayed).map(({ name }) => name);
  const touched: string[] = [];
  for (const name of names) {
    const { rowCount } = await db.query(
      `DELETE FROM ${name} WHERE ctid = (SELECT ctid FROM ${name} ORDER BY ctid DESC LIMIT 1)`,
    );
    if (rowCount === 1) touched.push(name);
  }
  t.ok(touched.length > 30, `${touched.length} rows taken away`);
  t.same(await differing(), touched);
});

t.test('nobody is hidden by calling them erased, and no erasure is undone or made up', async (t) => {
  const { app, db } = await started(t);
  const collectors = async () =>
    (await replayed(app)).tables.find(({ table }) => table === 'collectors')!.differences;
  await disarm(db);
  for (const [what, text, differences] of [
    [
      'somebody is called erased',
      "UPDATE collectors SET state = 'erased' WHERE ctid = (SELECT min(ctid) FROM collectors WHERE state <> 'erased')",
      1,
    ],
    ['somebody erased is told of', "UPDATE collectors SET consent_version = '1' WHERE state = 'erased'", 2],
    [
      'somebody erased is named twice',
      "INSERT INTO collectors SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid()))).* FROM collectors c WHERE state = 'erased'",
      1,
    ],
    ['an erasure is gone', "DELETE FROM collectors WHERE state = 'erased'", 1],
    ['it stands at another fact', "UPDATE collectors SET last_seq = last_seq - 1 WHERE state = 'erased'", 2],
  ] as const) {
    await db.query('CREATE TEMP TABLE kept AS TABLE blue_cycle.collectors');
    const { rowCount } = await db.query(text);
    t.equal(rowCount, 1, `${what}: the attack changed something`);
    t.equal(await collectors(), differences, what);
    await db.query(
      'DELETE FROM collectors; INSERT INTO collectors TABLE pg_temp.kept; DROP TABLE pg_temp.kept',
    );
  }
});
