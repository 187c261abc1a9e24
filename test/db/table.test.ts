import fc from 'fast-check';
import t from 'tap';
import { insertSteps, pipeline } from '../../src/db/pipeline.ts';
import { copySql, insertSql, selectSql, table, toArrays, toCopy, updateSql } from '../../src/db/table.ts';
import { startTestApp } from '../support/app.ts';

type Row = {
  id: string;
  text: string | null;
  list: unknown;
  bytes: Buffer | null;
  big: number | null;
  small: number;
  yes: boolean;
};
const things = table<Row>('things', 'id', {
  id: 'uuid',
  text: 'text',
  list: 'json',
  bytes: 'bytea',
  big: 'int8',
  small: 'int2',
  yes: 'boolean',
});

const row: fc.Arbitrary<Row> = fc.record({
  id: fc.uuid(),
  text: fc.option(
    fc.oneof(fc.constantFrom('', 'NULL', '{}', 'a"b\\c', "o'clock", '小蓝, 之家\n'), fc.string()),
  ),
  list: fc.option(fc.jsonValue()),
  bytes: fc.option(fc.uint8Array().map((b) => Buffer.from(b))),
  big: fc.option(fc.maxSafeInteger()),
  small: fc.integer({ min: -32_768, max: 32_767 }),
  yes: fc.boolean(),
}) as fc.Arbitrary<Row>;

t.test('rows of every type come back as they were written, and as they were changed', async (t) => {
  const { superuser } = await startTestApp(t);
  const db = await superuser();
  await db.query(`CREATE TEMPORARY TABLE things
    (id uuid PRIMARY KEY, text text, list json, bytes bytea, big int8, small int2, yes boolean)`);
  const read = async (ids: string[]) => {
    const { rows } = await db.query<Row>(selectSql(things as never), [ids]);
    return new Map(rows.map((r) => [r.id, { ...r, big: r.big === null ? null : Number(r.big) }]));
  };
  const rid = (r: Row): Row => ({ ...r, text: r.text?.replaceAll('\0', '') ?? null });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(row, { selector: (r) => r.id, minLength: 1, maxLength: 8 }),
      fc.nat(),
      async (raw, n) => {
        const written = raw.map(rid).filter((r) => JSON.stringify(r.list)?.includes('\\u0000') !== true);
        await db.query('TRUNCATE things');
        if (n % 2 === 0) await db.query(insertSql(things, 1), toArrays(things, written));
        else await pipeline(db, insertSteps(things, written));
        const same = async (expected: Row[]) => {
          const found = await read(expected.map((r) => r.id));
          return expected.every((r) => JSON.stringify(found.get(r.id)) === JSON.stringify(r));
        };
        if (!(await same(written))) return false;
        const changed = written.map((r, i) => ({ ...r, text: `${n} "\\ ${i}`, bytes: null, small: i }));
        const { rowCount } = await db.query(updateSql(things as never), toArrays(things, changed));
        return rowCount === changed.length && (await same(changed));
      },
    ),
    { numRuns: 150 },
  );
  t.pass('150 sets of rows');
});

const named = (id: number, text = 'a'): Row => ({
  id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  text,
  list: null,
  bytes: null,
  big: id,
  small: 0,
  yes: true,
});

t.test('a pipeline lands whole or not at all, and its connection can be used again', async (t) => {
  const { superuser } = await startTestApp(t);
  const db = await superuser();
  await db.query(`CREATE TEMPORARY TABLE things
    (id uuid PRIMARY KEY, text text, list json, bytes bytea, big int8, small int2, yes boolean)`);
  const count = async (): Promise<number> =>
    (await db.query<{ n: number }>('SELECT count(*)::int4 AS n FROM things')).rows[0]!.n;
  const few = (from: number) => insertSteps(things, [named(from)]);
  const many = (from: number) => insertSteps(things, [named(from), named(from + 1), named(from + 2)]);
  const taken = { code: '23505', table: 'things' };
  await t.rejects(pipeline(db, [...few(1), ...many(1)]), taken, 'a copy meets a row of the same pipeline');
  t.equal(await count(), 0);
  await t.rejects(pipeline(db, [...many(1), ...few(2)]), taken, 'a row meets a copy');
  t.equal(await count(), 0);
  const update = { text: 'UPDATE things SET small = 1', values: [] };
  t.same(await pipeline(db, [...few(1), ...many(2), update]), [1, 3, 4], 'how many rows each step touched');
  t.same(await pipeline(db, [...few(5), ...many(6)]), [1, 3], 'prepared statements are used again');
  await db.query('BEGIN');
  await pipeline(db, [...few(9), ...many(10)]);
  await db.query('ROLLBACK');
  t.equal(await count(), 8, 'inside a transaction it commits nothing');
  const large = Array.from({ length: 3_000 }, (_, i) => named(100 + i, '海'.repeat(200)));
  t.same(await pipeline(db, insertSteps(things, large)), [3_000], 'more than fits a first buffer');
  t.equal((await db.query('SELECT FROM things WHERE text = $1', ['海'.repeat(200)])).rowCount, 3_000);
  await t.rejects(
    pipeline(db, [...few(20), { text: 'SELECT pg_terminate_backend(pg_backend_pid())', values: [] }]),
    { code: '57P01' },
    'a lost connection rejects',
  );
});

t.test('rows that a column cannot hold are refused before they are sent', async (t) => {
  t.equal(copySql(things), 'COPY things (id, text, list, bytes, big, small, yes) FROM STDIN (FORMAT binary)');
  const refused: Partial<Row>[] = [
    { id: 'x' },
    { id: `${named(1).id}0` },
    { id: named(1).id.replace('4', 'g') },
    { id: named(1).id.replace('4', '海') },
    { big: 1.5 },
    { big: 2 ** 53 },
    { small: 40_000 },
  ];
  for (const change of refused)
    t.throws(() => toCopy(things, [{ ...named(1), ...change }]), RangeError, JSON.stringify(change));
  t.equal(toCopy(things, []).length, 21, 'a header and an end');
});
