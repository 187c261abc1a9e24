import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import t, { type Test } from 'tap';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { leafHash } from '../../src/ledger/entry.ts';
import { appendLeaf, packFrontier, unpackFrontier } from '../../src/ledger/merkle.ts';
import { LedgerFault } from '../../src/ledger/verify.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

type Refusal = { code: string | undefined; message: string };

const connect = async (t: Test, url: string, options = '-c search_path=blue_cycle'): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url, options });
  client.on('error', () => undefined);
  await client.connect();
  t.teardown(() => client.end());
  return client;
};

/** The SQLSTATE a statement is refused with, undefined when it went through; nothing of it stays. */
const refusalOf = async (client: pg.Client, text: string, values: unknown[] = []): Promise<Refusal> => {
  await client.query('BEGIN');
  try {
    await client.query(text, values);
    return { code: undefined, message: 'it went through' };
  } catch (error) {
    const { code, message } = error as pg.DatabaseError;
    return { code, message };
  } finally {
    await client.query('ROLLBACK');
  }
};

/** A programme with a chain of `n` weigh-ins, an entry a chunk, each about one person. */
const withEntries = async (t: Test, n: number): Promise<TestApp & { size: number; first: number }> => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const { size: first } = await app.verify();
  for (let i = 0; i < n; i++) {
    const { status } = await client.post('/v1/collections', {
      id: randomUUID(),
      siteId,
      collectorId: randomUUID(),
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      grossGrams: 1_000 + i,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
    });
    t.equal(status, 201);
  }
  return { ...app, size: (await app.verify()).size, first };
};

/** The first fault verify names; undefined when it finds none. */
const faultOf = async (app: TestApp): Promise<LedgerFault | undefined> => {
  try {
    await app.verify();
    return undefined;
  } catch (error) {
    if (error instanceof LedgerFault) return error;
    throw error;
  }
};

/** Changes rows and proves that it did. */
const tamper = async (t: Test, client: pg.Client, text: string, values: unknown[] = []): Promise<void> => {
  const { rowCount } = await client.query(text, values);
  t.ok((rowCount ?? 0) > 0, `tampered with ${rowCount} rows`);
};

const disableTriggers = (client: pg.Client) =>
  client.query('ALTER TABLE chunks DISABLE TRIGGER ALL; ALTER TABLE head DISABLE TRIGGER ALL');

t.test('the role of the API may read the ledger and append to it, and nothing else', async (t) => {
  const app = await withEntries(t, 3);
  const api = await connect(t, app.urls.apiUrl);
  const attacks = [
    `INSERT INTO chunks VALUES (999, '{1}', decode(repeat('00', 32), 'hex'), '\\x00')`,
    'UPDATE chunks SET bytes = bytes',
    'UPDATE chunks SET first_seq = first_seq + 1 WHERE first_seq = 1',
    'DELETE FROM chunks',
    'DELETE FROM chunks WHERE first_seq = 1',
    'TRUNCATE chunks',
    'TRUNCATE chunks CASCADE',
    'UPDATE head SET size = size + 1',
    'DELETE FROM head',
    'TRUNCATE head',
    `INSERT INTO head VALUES (true, 1, decode(repeat('00', 32), 'hex'), '', 0)`,
    `INSERT INTO head VALUES (true, 1, decode(repeat('00', 32), 'hex'), '', 0)
       ON CONFLICT (id) DO UPDATE SET size = 0`,
    `MERGE INTO head USING (SELECT true AS id) s ON head.id = s.id WHEN MATCHED THEN UPDATE SET size = 0`,
    `COPY chunks FROM STDIN`,
    'SELECT * FROM head FOR UPDATE',
    'SELECT * FROM head FOR NO KEY UPDATE',
    'SELECT * FROM head FOR SHARE',
    'SELECT * FROM head FOR KEY SHARE',
    'SELECT * FROM chunks FOR UPDATE',
    'LOCK TABLE head IN ACCESS EXCLUSIVE MODE',
    'LOCK TABLE chunks IN ROW EXCLUSIVE MODE',
    'ALTER TABLE chunks ADD COLUMN x int',
    'ALTER TABLE chunks DISABLE TRIGGER ALL',
    'ALTER TABLE chunks DISABLE TRIGGER append_only',
    'ALTER TABLE chunks OWNER TO CURRENT_USER',
    'ALTER TABLE head DISABLE TRIGGER ALL',
    'ALTER TABLE head RENAME TO head2',
    'DROP TABLE chunks',
    'DROP TRIGGER append_only ON chunks',
    'DROP FUNCTION refuse_change() CASCADE',
    `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'`,
    `CREATE FUNCTION blue_cycle.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    'CREATE TABLE blue_cycle.mine (id int)',
    'CREATE TRIGGER mine BEFORE INSERT ON chunks FOR EACH ROW EXECUTE FUNCTION refuse_change()',
    'CREATE TEMP TABLE mine (seq int8 REFERENCES blue_cycle.chunks (first_seq))',
    'CREATE RULE mine AS ON INSERT TO chunks DO INSTEAD NOTHING',
    'CREATE INDEX ON chunks (ends)',
    'CREATE SCHEMA mine',
    'SET session_replication_role = replica',
    'SET ROLE blue_cycle_owner',
    'ALTER FUNCTION ledger_lock() RESET ALL',
    `UPDATE kysely_migration SET name = name`,
    'DELETE FROM kysely_migration',
  ];
  const { size } = await app.verify();
  await app.deps.publisher.covering(size, 10_000);
  const before = await app.verify();
  for (const text of attacks) {
    const { code, message } = await refusalOf(api, text);
    // A temporary table may not point at a permanent one (42P16).
    const expected = /^CREATE TEMP/.test(text) ? ['42P16', '42501'] : ['42501'];
    t.ok(expected.includes(code ?? ''), `${text.slice(0, 70)}: ${code} ${message}`);
  }
  // Without the right to it a GRANT warns and gives nothing.
  await api.query('GRANT INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON chunks, head TO PUBLIC');
  t.equal(
    (await refusalOf(api, 'UPDATE head SET size = size + 1')).code,
    '42501',
    'it cannot grant itself more',
  );
  const { rows } = await api.query<{ n: number }>('SELECT count(*)::int4 AS n FROM chunks');
  t.ok(rows[0]!.n > 3, 'it may read');
  const { rows: owned } = await api.query(
    `SELECT relname FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)`,
  );
  t.same(owned, [], 'it owns nothing');
  t.same(await app.verify(), before);
});

type Append = {
  oldSize: number;
  oldHash: Buffer;
  newSize: number;
  newHash: Buffer;
  frontier: Buffer;
  clock: number;
  at: number;
  ends: number[];
  leaves: Buffer;
  bytes: Buffer;
};

const APPEND = 'SELECT ledger_append($1,$2,$3,$4,$5,$6,$7,$8::int4[],$9,$10)';

const valuesOf = (a: Append): unknown[] => [
  a.oldSize,
  a.oldHash,
  a.newSize,
  a.newHash,
  a.frontier,
  a.clock,
  a.at,
  a.ends,
  a.leaves,
  a.bytes,
];

/** A well-formed continuation of the ledger by one entry. */
const nextEntry = async (api: pg.Client): Promise<Append> => {
  const { rows } = await api.query<{ size: string; leaf_hash: Buffer; frontier: Buffer; at: string }>(
    'SELECT * FROM head',
  );
  const head = rows[0]!;
  const size = Number(head.size);
  const at = Math.max(Date.now(), Number(head.at));
  const bytes = Buffer.from(
    canonicalJson({
      v: 1,
      origin: 'localhost/blue-cycle',
      seq: size,
      at: new Date(at).toISOString(),
      type: 'test.appended.v1',
      actor: '00000000-0000-0000-0000-000000000000',
      prev: head.leaf_hash.toString('hex'),
      data: {},
    }),
  );
  const leaf = Buffer.from(leafHash(sha256, bytes));
  const frontier = unpackFrontier(head.frontier);
  appendLeaf(sha256, frontier, size, leaf);
  return {
    oldSize: size,
    oldHash: head.leaf_hash,
    newSize: size + 1,
    newHash: leaf,
    frontier: packFrontier(frontier),
    clock: Date.now(),
    at,
    ends: [bytes.length],
    leaves: leaf,
    bytes,
  };
};

t.test('the append function continues the ledger and refuses all else', async (t) => {
  const app = await withEntries(t, 2);
  const api = await connect(t, app.urls.apiUrl);
  const good = await nextEntry(api);
  const other = createHash('sha256').update('other').digest();
  const refused: [string, string, Partial<Append>][] = [
    ['a head that was left behind', 'BC001', { oldSize: good.oldSize - 1, newSize: good.newSize - 1 }],
    ['a head that is not there yet', 'BC001', { oldSize: good.oldSize + 1, newSize: good.newSize + 1 }],
    ['another last hash', 'BC001', { oldHash: other }],
    ['more entries than come', 'BC003', { newSize: good.newSize + 1 }],
    ['fewer entries than come', 'BC003', { newSize: good.oldSize }],
    ['another new hash than the last leaf', 'BC003', { newHash: other }],
    ['too few leaf hashes', 'BC003', { leaves: Buffer.alloc(0) }],
    ['too many leaf hashes', 'BC003', { leaves: Buffer.concat([good.leaves, good.leaves]) }],
    ['a leaf hash cut short', 'BC003', { leaves: good.leaves.subarray(0, 31) }],
    [
      'no entry',
      'BC003',
      { ends: [], leaves: Buffer.alloc(0), bytes: Buffer.alloc(0), newSize: good.oldSize },
    ],
    ['bytes beyond the last end', 'BC003', { bytes: Buffer.concat([good.bytes, Buffer.from(' ')]) }],
    ['bytes that end too early', 'BC003', { ends: [good.bytes.length + 1] }],
    ['a time before the head', 'BC003', { at: good.at - 3_600_000 }],
    ['a time ahead of the clock', 'BC003', { at: good.at + 3_600_000 }],
    ['a clock an hour ahead', 'BC002', { clock: good.clock + 3_600_000, at: good.at + 3_600_000 }],
    ['a clock 61 s behind', 'BC002', { clock: good.clock - 61_500 }],
  ];
  const before = await app.verify();
  for (const [what, expected, change] of refused) {
    const { code, message } = await refusalOf(api, APPEND, valuesOf({ ...good, ...change }));
    t.equal(code, expected, `${what}: ${message}`);
  }
  for (const [i, what] of Object.keys(good).entries()) {
    const values = valuesOf(good);
    values[i] = null;
    const { code } = await refusalOf(api, APPEND, values);
    t.ok(code !== undefined, `null for ${what}: ${code}`);
  }
  const unordered = { ends: [good.bytes.length + 9, good.bytes.length], newSize: good.newSize + 1 };
  const crossed = { ...good, ...unordered, leaves: Buffer.concat([good.leaves, good.leaves]) };
  t.ok((await refusalOf(api, APPEND, valuesOf(crossed))).code, 'ends that go back');
  t.same(await app.verify(), before, 'nothing of it stayed');
  await api.query(APPEND, valuesOf(good));
  t.equal((await app.verify()).size, before.size + 1, 'the same without its faults is taken');
});

t.test('the functions look up nothing in a schema of the caller', async (t) => {
  const app = await withEntries(t, 2);
  const api = await connect(t, app.urls.apiUrl, '');
  await api.query(`
    CREATE TEMP TABLE head (id boolean, size int8, leaf_hash bytea, frontier bytea, at int8);
    CREATE TEMP TABLE chunks (first_seq int8, ends int4[], leaves bytea, bytes bytea);
    CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2001-01-01'::timestamptz $$;
    CREATE FUNCTION pg_temp.length(bytea) RETURNS int4 LANGUAGE sql AS 'SELECT 32';
    CREATE FUNCTION pg_temp.abs(int8) RETURNS int8 LANGUAGE sql AS 'SELECT 0::int8';
    INSERT INTO pg_temp.head VALUES (true, 0, decode(repeat('00', 32), 'hex'), '', 0);
    SET search_path = pg_temp, blue_cycle`);
  const { rows } = await api.query<{ size: string }>('SELECT size FROM head');
  t.equal(rows[0]!.size, '0', 'the session itself sees its own head');
  const { rows: locked } = await api.query<{ size: string }>('SELECT size FROM blue_cycle.ledger_lock()');
  t.equal(Number(locked[0]!.size), app.size, 'the function sees the ledger’s');
  const zero = Buffer.alloc(32);
  const forged: Append = {
    oldSize: 0,
    oldHash: zero,
    newSize: 1,
    newHash: zero,
    frontier: zero,
    clock: Date.now(),
    at: Date.now(),
    ends: [2],
    leaves: zero,
    bytes: Buffer.from('{}'),
  };
  const { code } = await refusalOf(
    api,
    APPEND.replace('ledger_append', 'blue_cycle.ledger_append'),
    valuesOf(forged),
  );
  t.equal(code, 'BC001');
  t.equal((await app.verify()).size, app.size);
});

t.test('the owner and a superuser are refused too while the triggers stand', async (t) => {
  const app = await withEntries(t, 2);
  const before = await app.verify();
  for (const url of [app.urls.ownerUrl, app.urls.superuserUrl]) {
    const client = await connect(t, url);
    const { rows } = await client.query<{ rolsuper: boolean }>(
      'SELECT rolsuper FROM pg_roles WHERE rolname = current_user',
    );
    if (rows[0]!.rolsuper) await client.query('SET session_replication_role = replica');
    for (const text of [
      'UPDATE chunks SET bytes = bytes',
      'DELETE FROM chunks WHERE first_seq = 1',
      'TRUNCATE chunks',
      'DELETE FROM head',
      'TRUNCATE head',
      'UPDATE head SET size = size - 1',
      'UPDATE head SET at = at - 1, size = size + 1',
    ])
      t.equal(
        (await refusalOf(client, text)).code,
        '42501',
        `${rows[0]!.rolsuper ? 'superuser' : 'owner'}: ${text}`,
      );
  }
  t.same(await app.verify(), before);
});

t.test(
  'C1: one byte of an entry, changed by the owner with the triggers off, is found at that entry',
  async (t) => {
    const app = await withEntries(t, 6);
    await app.superuser();
    const owner = await connect(t, app.urls.ownerUrl);
    await disableTriggers(owner);
    const target = app.first + 2;
    // 1002 g become 9002 g: the JSON stays valid and canonical.
    await tamper(
      t,
      owner,
      `UPDATE chunks SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), '"grossGrams":1002', '"grossGrams":9002'), 'UTF8')
     WHERE first_seq = $1 AND position('"grossGrams":1002' IN convert_from(bytes, 'UTF8')) > 0`,
      [target],
    );
    t.match(await faultOf(app), { seq: target, kind: 'wrong-leaf' });
    await tamper(
      t,
      owner,
      `UPDATE chunks SET leaves = sha256('\\x00'::bytea || bytes) WHERE first_seq = $1`,
      [target],
    );
    t.match(
      await faultOf(app),
      { seq: target + 1, kind: 'broken-chain' },
      'hashed anew, the next entry tells',
    );
  },
);

t.test('C1: also by a superuser, and in any byte', async (t) => {
  const app = await withEntries(t, 4);
  const superuser = await app.superuser();
  await superuser.query('SET session_replication_role = replica');
  t.equal(
    (await refusalOf(superuser, 'UPDATE chunks SET bytes = bytes')).code,
    '42501',
    'replica alone does not help',
  );
  await disableTriggers(superuser);
  const target = app.first + 1;
  const { rows } = await superuser.query<{ n: number }>(
    'SELECT length(bytes) AS n FROM chunks WHERE first_seq = $1',
    [target],
  );
  const flip = 'UPDATE chunks SET bytes = set_byte(bytes, $2, get_byte(bytes, $2) # 1) WHERE first_seq = $1';
  for (let byte = 0; byte < rows[0]!.n; byte += 7) {
    const { rowCount } = await superuser.query(flip, [target, byte]);
    const fault = await faultOf(app);
    if (rowCount !== 1 || fault?.seq !== target)
      t.fail(`byte ${byte}: ${rowCount} rows, found at ${fault?.seq}`);
    await superuser.query(flip, [target, byte]);
  }
  t.equal((await app.verify()).size, app.size, 'all put back');
});

t.test('C2: an entry taken out of the middle is found there', async (t) => {
  const app = await withEntries(t, 6);
  const superuser = await app.superuser();
  await disableTriggers(superuser);
  const target = app.first + 3;
  await tamper(t, superuser, 'DELETE FROM chunks WHERE first_seq = $1', [target]);
  t.match(await faultOf(app), { seq: target, kind: 'wrong-seq' });
});

t.test('two entries that change places are found', async (t) => {
  const app = await withEntries(t, 6);
  const superuser = await app.superuser();
  await disableTriggers(superuser);
  const target = app.first + 2;
  await superuser.query('ALTER TABLE chunks DROP CONSTRAINT chunks_pkey');
  await tamper(
    t,
    superuser,
    'UPDATE chunks SET first_seq = 2 * $1::int8 + 1 - first_seq WHERE first_seq IN ($1::int8, $1::int8 + 1)',
    [target],
  );
  t.match(await faultOf(app), { seq: target });
});

t.test('a head that is not the ledger’s is found: its size, hash, frontier and time', async (t) => {
  const app = await withEntries(t, 4);
  const superuser = await app.superuser();
  await disableTriggers(superuser);
  const before = await superuser.query('SELECT * FROM head');
  const changes = [
    'UPDATE head SET size = size - 1',
    'UPDATE head SET size = size + 1',
    'UPDATE head SET size = size - 1, leaf_hash = (SELECT leaves FROM chunks ORDER BY first_seq DESC OFFSET 1 LIMIT 1)',
    'UPDATE head SET leaf_hash = set_byte(leaf_hash, 3, get_byte(leaf_hash, 3) # 1)',
    'UPDATE head SET frontier = set_byte(frontier, 0, get_byte(frontier, 0) # 1)',
    `UPDATE head SET frontier = ''`,
    'UPDATE head SET at = at + 60000',
    'UPDATE head SET at = at - 60000',
  ];
  for (const text of changes) {
    await tamper(t, superuser, text);
    t.match(await faultOf(app), { kind: 'wrong-head' }, text);
    const { size, leaf_hash, frontier, at } = before.rows[0];
    await superuser.query('UPDATE head SET size = $1, leaf_hash = $2, frontier = $3, at = $4', [
      size,
      leaf_hash,
      frontier,
      at,
    ]);
  }
  await app.verify();
});

t.test('an entry smuggled in beyond the head is found', async (t) => {
  const app = await withEntries(t, 2);
  const superuser = await app.superuser();
  await tamper(t, superuser, `INSERT INTO chunks VALUES ($1, '{2}', decode(repeat('00', 32), 'hex'), '{}')`, [
    app.size,
  ]);
  t.ok(await faultOf(app), 'the next append would fail on it for ever');
});

t.test(
  'what was sealed is found when it is changed or gone, and only an erased person’s may be gone',
  async (t) => {
    const app = await withEntries(t, 4);
    const superuser = await app.superuser();
    const target = app.first + 1;
    const flip = (table: string, column: string, where: string) =>
      `UPDATE ${table} SET ${column} = set_byte(${column}, 40, get_byte(${column}, 40) # 1) WHERE ${where} = $1`;
    for (const text of [
      flip('opening_chunks', 'bytes', 'first_seq'),
      flip('person_openings', 'sealed', 'seq'),
      'DELETE FROM opening_chunks WHERE first_seq = $1',
      'DELETE FROM person_openings WHERE seq = $1',
    ]) {
      await superuser.query('BEGIN; CREATE TEMP TABLE IF NOT EXISTS o AS TABLE opening_chunks; COMMIT');
      await superuser.query('CREATE TEMP TABLE IF NOT EXISTS p AS TABLE person_openings');
      await tamper(t, superuser, text, [target]);
      const fault = await faultOf(app).catch((error: Error) => error);
      t.match(fault, { seq: target, kind: 'wrong-seal' }, `${text.slice(0, 60)}: ${fault?.message}`);
      await superuser.query(`
      DELETE FROM opening_chunks; INSERT INTO opening_chunks TABLE pg_temp.o;
      DELETE FROM person_openings; INSERT INTO person_openings TABLE pg_temp.p`);
      await app.verify();
    }
  },
);
