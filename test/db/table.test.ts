import fc from 'fast-check';
import t from 'tap';
import { insertSql, selectSql, table, toArrays, updateSql } from '../../src/db/table.ts';
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
        await db.query(insertSql(things, 1), toArrays(things, written));
        const same = async (expected: Row[]) => {
          const found = await read(expected.map((r) => r.id));
          return expected.every((r) => JSON.stringify(found.get(r.id)) === JSON.stringify(r));
        };
        if (!(await same(written))) return false;
        const changed = written.map((r, i) => ({ ...r, text: `${n} "\\ ${i}`, bytes: null, small: i }));
        const { rowCount } = await db.query(updateSql(things as never, 1), toArrays(things, changed));
        return rowCount === changed.length && (await same(changed));
      },
    ),
    { numRuns: 150 },
  );
  t.pass('150 sets of rows');
});
