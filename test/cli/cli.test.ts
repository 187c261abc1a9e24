import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import t, { type Test } from 'tap';
import { Failed, Misuse } from '../../src/cli/io.ts';
import { serve } from '../../src/cli/serve.ts';
import { readConfig } from '../../src/config.ts';
import { durabilityFaults } from '../../src/db/durability.ts';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { NoteSigner } from '../../src/ledger/log-key.ts';
import { formatNote, parseNote } from '../../src/ledger/note.ts';
import { seal } from '../../src/ledger/sealing.ts';
import { TABLES } from '../../src/tables.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { command, type Ran } from '../support/command.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

const directory = async (t: Test): Promise<string> => {
  const made = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-cli-'));
  await chmod(made, 0o711);
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
};

const weighIn = (siteId: string, more: object = {}) => ({
  id: randomUUID(),
  siteId,
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  grossGrams: 12_600,
  tareGrams: 600,
  basis: 'weighed',
  collectedAt: new Date().toISOString(),
  ...more,
});

type Played = TestApp & { env: Record<string, string>; url: string; collectorId: string; size: number };

/** A station with two collectors and some weigh-ins, listening, and the environment a command would see. */
const play = async (t: Test): Promise<Played> => {
  const test = await startTestApp(t);
  const { client, siteId } = await test.site('station', { toleranceBasisPoints: 50 });
  const collector = await client.post('/v1/collectors', {
    siteId,
    name: '渔民 一',
    consent: { version: '2026-1', at: '2026-11-24T06:30:00+08:00' },
  });
  t.equal(collector.status, 201);
  const collectorId = collector.body.id as string;
  for (const more of [{ collectorId }, { collectorId: randomUUID() }, {}, { collectorId, grossGrams: 5_000 }])
    t.equal((await client.post('/v1/collections', weighIn(siteId, more))).status, 201);
  t.equal((await test.operator.patch(`/v1/sites/${siteId}`, { toleranceBasisPoints: 80 })).status, 200);
  const { size } = await test.verify();
  await test.deps.follower.reaches(size - 1, 5_000);
  t.ok(await test.deps.publisher.covering(size, 5_000));
  await test.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = test.app.server.address() as { port: number };
  const url = `http://127.0.0.1:${port}`;
  const env = {
    DATABASE_URL: test.urls.apiUrl,
    DATABASE_OWNER_URL: test.urls.ownerUrl,
    BLUE_CYCLE_DATA_DIR: test.deps.config.dataDir,
    BLUE_CYCLE_URL: url,
    BLUE_CYCLE_API_KEY: test.operator.secret,
  };
  return { ...test, env, url, collectorId, size };
};

/** Changes exactly what the statement says, past every trigger, and proves that it did. */
const tamper = async (t: Test, db: pg.Client, table: string, text: string): Promise<void> => {
  await db.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  const { rowCount } = await db.query(text);
  await db.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ALL`).catch(() => undefined);
  t.ok((rowCount ?? 0) >= 1, `${rowCount} rows tampered with`);
};

t.test('every command explains itself, and wrong use ends with 2', async (t) => {
  const all = [
    'serve',
    'migrate',
    'import',
    'verify',
    'export',
    'replay',
    'key',
    'doctor',
    'demo',
    'bench',
    'witness',
  ];
  const { out } = await command({}, '--help');
  for (const name of all) {
    t.match(out, new RegExp(`^  ${name}\\b`, 'm'));
    const help = await command({}, name, '--help');
    t.match(help, { code: 0, err: '' });
    t.match(help.out, `Usage: blue-cycle ${name}`);
  }
  for (const name of ['issue', 'rotate', 'revoke', 'list'])
    t.match(await command({}, 'key', name, '--help'), { code: 0, out: /--url[\s\S]*--json/ });
  t.match(await command({}, 'import', 'weigh-ins', '--help'), {
    code: 0,
    out: /--map[\s\S]*--set[\s\S]*--report/,
  });

  const wrong: [string[], RegExp, Record<string, string>?][] = [
    [[], /Usage/],
    [['nonsense'], /unknown command/],
    [['verify', '--nonsense'], /unknown option/],
    [['verify', '--url', 'http://127.0.0.1:1', '--file', 'x'], /cannot be used with/],
    [['verify', '--file', '/there/is/none'], /no file/],
    [['verify', '--url', 'ftp://x'], /not the address of a server/],
    [['verify', '--database', 'mysql://x'], /postgresql:/],
    [['verify', '--checkpoint', 'x'], /no file x/],
    [['verify'], /BLUE_CYCLE_DATADIR is not a setting/, { BLUE_CYCLE_DATADIR: '.' }],
    [['export'], /--out/],
    [['export', '--out', '/nowhere/x', '--url', 'http://127.0.0.1:1'], /cannot write/],
    [
      ['export', '--out', '/tmp/x', '--openings', '/tmp/y', '--url', 'http://127.0.0.1:1'],
      /needs the database/,
    ],
    [['key', 'list'], /no server/],
    [['key', 'list', '--url', 'http://127.0.0.1:1'], /no key/],
    [['import', 'weigh-ins', 'x.csv'], /--map/],
    [['import', 'weigh-ins', 'x.csv', '--map', 'm.json'], /no server/],
    [['demo', '--port', '70000'], /0 to 65535/],
    [['verify', '--witness', 'x'], /verifier key/],
    [['witness'], /--log/],
    [['witness', '--log', 'x'], /verifier key of a log/],
  ];
  for (const [argv, err, env = {}] of wrong) {
    const ran = await command(env, ...argv);
    t.match(ran, { code: 2, out: '' }, argv.join(' '));
    t.match(ran.err, err, argv.join(' '));
  }
  t.match(await command({}, 'verify', '--url', 'http://127.0.0.1:1', '--json'), {
    code: 1,
    out: '',
    err: /No server answers/,
  });
  t.match(new Misuse('x'), { name: 'Misuse' });
  t.match(new Failed('x'), { name: 'Failed' });
});

t.test('a good ledger verifies from server, database and export, also by an outsider’s script', async (t) => {
  const { env, url, size, collectorId, deps } = await play(t);
  const here = await directory(t);
  const [out, openings, second] = ['a.ndjson', 'openings.ndjson', 'b.ndjson'].map((name) =>
    path.join(here, name),
  ) as [string, string, string];
  const exported = await command(env, 'export', '--out', out, '--openings', openings, '--json');
  t.match(exported, { code: 0, err: '' });
  t.match(JSON.parse(exported.out), { ok: true, size });

  const answers = [];
  for (const which of [['--url', url], [], ['--file', out], ['--database', env.DATABASE_URL!]]) {
    const ran = await command(env, 'verify', '--json', ...which);
    t.match(ran, { code: 0, err: '' }, `verify ${which.join(' ')}`);
    answers.push(JSON.parse(ran.out));
  }
  const [{ root, leafHash }] = answers;
  for (const answer of answers) t.match(answer, { ok: true, size, root, leafHash, notUnderstood: {} });
  t.equal(answers[0].openings, 0);
  t.ok(answers[3].openings > size / 2, 'openings are checked where the keys are');
  t.match(
    (await command(env, 'verify')).out,
    new RegExp(
      `^good: ${size} entries, .* a second\\nhead  ${leafHash}\\nroot  ${root}\\nheld against a checkpoint over ${size} entries`,
    ),
  );

  t.equal((await command(env, 'export', '--out', second, '--url', url)).code, 0);
  const bytes = await readFile(out);
  t.ok(bytes.equals(await readFile(second)), 'a server exports the same bytes');
  const lines = bytes.toString('utf8').split('\n');
  t.equal(lines.pop(), '', 'lines end in a line break, the last too');
  const note = JSON.parse(lines.pop()!).checkpoint as string;
  t.match(note, new RegExp(`^localhost/blue-cycle\n${size}\n[^\n]+\n\n— localhost/blue-cycle [^\n]+\n$`));
  t.equal(await (await fetch(`${url}/log/checkpoint`)).text(), note);
  t.equal(lines.length, size);

  const parts = (await readFile(openings, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal((await stat(openings)).mode & 0o077, 0, 'openings are for their owner alone');
  t.ok(parts.some((part) => part.personId === collectorId && part.part === 0));
  for (const { seq, part, salt, bytes } of parts) {
    const made = seal(sha256, Buffer.from(salt, 'hex'), JSON.parse(bytes)).seal;
    const main = JSON.parse(parts.find((p) => p.seq === seq && p.part === 'main').bytes);
    t.equal(
      made,
      part === 'main' ? JSON.parse(lines[seq]!).data.sealed : main.personSeals[part],
      `entry ${seq}, ${part}`,
    );
  }

  const outsider = await node('examples/verify-export.mjs', out);
  t.match(outsider, {
    code: 0,
    out: new RegExp(
      `good: ${size} entries of ${deps.config.ledgerOrigin}\\nhead  ${leafHash}\\nroot  ${root}`,
    ),
  });
  const source = await readFile(path.join(ROOT, 'examples/verify-export.mjs'), 'utf8');
  const besides = await readFile(path.join(ROOT, 'examples/log-keys.mjs'), 'utf8');
  t.ok(source.split('\n').length <= 101, 'the script has at most 100 lines');
  t.same(
    [source, besides].map((text) => [...text.matchAll(/from '([^']*)'/g)].map(([, name]) => name)),
    [['node:crypto', 'node:fs', './log-keys.mjs'], ['node:crypto']],
    'none of it is ours',
  );

  const flipped = Buffer.from(bytes);
  const at = bytes.indexOf('"grossGrams":12600') + 14;
  flipped[at]! ^= 1;
  const bad: [string, Buffer, RegExp][] = [
    ['one flipped bit', flipped, /broken-chain|wrong-head/],
    [
      'a line left out',
      Buffer.from([...lines.slice(0, 2), ...lines.slice(3), signed(note)].join('\n')),
      /entry 2 \(wrong-seq\)/,
    ],
    ['the last line left out', Buffer.from([...lines.slice(0, -1), signed(note)].join('\n')), /wrong-head/],
    [
      'a note of another size',
      Buffer.from([...lines, signed(note.replace(`\n${size}\n`, `\n${size - 1}\n`))].join('\n')),
      /wrong-head/,
    ],
    [
      'a note of another key',
      Buffer.from([...lines, signed(forger.note(parseNote(note).text))].join('\n')),
      /wrong-signature/,
    ],
    [
      'a note of another root',
      Buffer.from([...lines, signed(otherRoot(note))].join('\n')),
      /wrong-(signature|checkpoint)/,
    ],
    ['another size', Buffer.from([...lines, head(size + 1, leafHash)].join('\n')), /wrong-head/],
    ['another head', Buffer.from([...lines, head(size, 'f'.repeat(64))].join('\n')), /wrong-head/],
    ['no head', Buffer.from(`${lines.join('\n')}\n`), /wrong-head/],
    ['cut off', bytes.subarray(0, bytes.length - 5), /not-json/],
    [
      'Windows line ends',
      Buffer.from(bytes.toString('utf8').replaceAll('\n', '\r\n')),
      /entry 0 \(not-canonical\)/,
    ],
    ['something behind the head', Buffer.concat([bytes, Buffer.from('{}\n')]), /wrong-head/],
  ];
  for (const [what, content, reason] of bad) {
    const copy = path.join(here, 'bad.ndjson');
    await writeFile(copy, content);
    const ran = await command(env, 'verify', '--file', copy);
    t.equal(ran.code, 1, what);
    t.match(ran.out, reason, what);
    t.match(
      await node('examples/verify-export.mjs', copy),
      { code: 1, err: /BAD at entry/ },
      `${what}, by the script`,
    );
  }
});

const signed = (note: string): string => `${JSON.stringify({ checkpoint: note })}\n`;

/** Signs under the log's name, with a key that is not the log's. */
const forger = new NoteSigner('localhost/blue-cycle', Buffer.alloc(32, 7));

const otherRoot = (note: string): string => {
  const { origin, size } = parseCheckpoint(parseNote(note).text);
  const { signatures } = parseNote(note);
  return formatNote({ text: formatCheckpoint({ origin, size, root: Buffer.alloc(32, 1) }), signatures });
};

t.test('last month’s checkpoint finds a ledger cut short, and one that was written anew', async (t) => {
  const { env, url, size, client, deps } = await play(t);
  const here = await directory(t);
  const [out, kept, other] = ['a.ndjson', 'kept', 'b.ndjson'].map((name) => path.join(here, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(kept, await (await fetch(`${url}/log/checkpoint`)).text());
  const organisation = await client(env.BLUE_CYCLE_API_KEY!).post('/v1/organisations', {
    name: '新',
    kind: 'brand',
  });
  t.equal(organisation.status, 201);
  t.ok(await deps.publisher.covering(size + 1, 5_000));
  const check = (...which: string[]) => command(env, 'verify', '--json', '--checkpoint', kept, ...which);
  for (const which of [
    ['--url', url],
    ['--database', env.DATABASE_URL!],
  ]) {
    const ran = await check(...which);
    t.match(ran, { code: 0 }, which.join(' '));
    t.same(JSON.parse(ran.out).checkpoints, [size, size + 1], 'nothing before it changed');
  }

  t.equal((await command(env, 'export', '--out', out)).code, 0);
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n').slice(0, -1);
  const judge = async (entries: string[]) => {
    const leafHash = toHex(leafHashOf(entries.at(-1)!));
    await writeFile(other, [...entries, head(entries.length, leafHash)].join('\n'));
    t.equal((await command(env, 'verify', '--file', other)).code, 0, 'without a checkpoint it looks good');
    const ran = await check('--file', other);
    t.equal(ran.code, 1);
    return JSON.parse(ran.out);
  };
  t.match(await judge(lines.slice(0, 3)), { kind: 'cut-off', seq: 3 });
  let prev = '0'.repeat(64);
  const anew = lines.map((line, seq) => {
    const entry = JSON.parse(line);
    const more = seq === 4 ? { data: { ...entry.data, note: 1 } } : {};
    const written = canonicalJson({ ...entry, ...more, prev });
    prev = toHex(leafHashOf(written));
    return written;
  });
  t.not(anew.at(-1), lines.at(-1), 'everything after it was hashed again');
  t.match(await judge(anew), { kind: 'wrong-checkpoint', seq: size - 1 });
  await writeFile(kept, 'nonsense');
  t.match(JSON.parse((await check('--file', other)).out), { kind: 'wrong-checkpoint' });
});

const leafHashOf = (text: string) => sha256(Buffer.concat([Buffer.of(0), Buffer.from(text)]));

const head = (size: number, leafHash: string): string => `${JSON.stringify({ head: { size, leafHash } })}\n`;

const node = async (...argv: string[]): Promise<Ran> => {
  const child = spawn(process.execPath, argv, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk) => out.push(String(chunk)));
  child.stderr.on('data', (chunk) => err.push(String(chunk)));
  const [code] = await once(child, 'close');
  return { code, out: out.join(''), err: err.join('') };
};

t.test('whoever changes the ledger past all protection is found out, by position and kind', async (t) => {
  const cases: {
    what: string;
    table: string;
    change: string;
    seq: number | RegExp;
    kind: string;
    openings?: true;
  }[] = [
    {
      what: 'a byte of an entry',
      table: 'chunks',
      change: `UPDATE chunks SET bytes = set_byte(bytes, position('"tareGrams":600'::bytea in bytes) + 11, ascii('7'))
               WHERE position('"tareGrams":600'::bytea in bytes) > 0`,
      seq: /^\d+$/,
      kind: 'wrong-leaf',
    },
    {
      what: 'an entry taken out of the middle',
      table: 'chunks',
      change: 'DELETE FROM chunks WHERE first_seq = 3',
      seq: 3,
      kind: 'wrong-seq',
    },
    {
      what: 'the last entry taken away',
      table: 'chunks',
      change: 'DELETE FROM chunks WHERE first_seq = (SELECT max(first_seq) FROM chunks)',
      seq: /^\d+$/,
      kind: 'wrong-head',
    },
    {
      what: 'a leaf hash',
      table: 'chunks',
      change: 'UPDATE chunks SET leaves = set_byte(leaves, 0, 255 - get_byte(leaves, 0)) WHERE first_seq = 2',
      seq: 2,
      kind: 'wrong-leaf',
    },
    {
      what: 'the hash of the head',
      table: 'head',
      change: 'UPDATE head SET leaf_hash = set_byte(leaf_hash, 0, 255 - get_byte(leaf_hash, 0))',
      seq: /^\d+$/,
      kind: 'wrong-head',
    },
    {
      what: 'a head too long',
      table: 'head',
      change: 'UPDATE head SET size = size + 1',
      seq: /^\d+$/,
      kind: 'wrong-head',
    },
    {
      what: 'a head that leaves the last entry out',
      table: 'head',
      change: `UPDATE head SET size = size - 1, leaf_hash = (SELECT leaves FROM chunks WHERE first_seq = head.size - 2)`,
      seq: /^\d+$/,
      kind: 'wrong-head',
    },
    {
      what: 'the frontier',
      table: 'head',
      change: 'UPDATE head SET frontier = set_byte(frontier, 0, 255 - get_byte(frontier, 0))',
      seq: /^\d+$/,
      kind: 'wrong-head',
    },
    {
      what: 'an opening',
      table: 'opening_chunks',
      change:
        'UPDATE opening_chunks SET bytes = set_byte(bytes, 40, 255 - get_byte(bytes, 40)) WHERE first_seq = 2',
      seq: 2,
      kind: 'wrong-seal',
    },
    {
      what: 'an opening taken away',
      table: 'opening_chunks',
      change: 'DELETE FROM opening_chunks WHERE first_seq = 2',
      seq: 2,
      kind: 'wrong-seal',
    },
    {
      what: 'a person’s opening',
      table: 'person_openings',
      change:
        'UPDATE person_openings SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE seq = (SELECT max(seq) FROM person_openings)',
      seq: /^\d+$/,
      kind: 'wrong-seal',
    },
  ];
  const { env, superuser, url, size } = await play(t);
  const db = await superuser();
  await db.query('SET session_replication_role = replica');
  await t.rejects(db.query('DELETE FROM chunks'), { code: '42501' }, 'triggers hold even then');
  await db.query('SET session_replication_role = origin');
  for (const { what, table, change, seq, kind } of cases) {
    await db.query(`CREATE TEMP TABLE kept AS TABLE ${table}`);
    await tamper(t, db, table, change);
    const ran = await command(env, 'verify', '--json', '--database', env.DATABASE_URL!);
    t.equal(ran.code, 1, what);
    const found = JSON.parse(ran.out);
    t.match(found, { ok: false, seq: typeof seq === 'number' ? seq : Number, kind, reason: /./ }, what);
    const told = await command(env, 'verify', '--database', env.DATABASE_URL!);
    t.match(told, { code: 1, out: `BAD at entry ${found.seq} (${kind})` }, what);
    if (what === 'a byte of an entry') {
      t.match(
        await command(env, 'verify', '--url', url),
        { code: 1, out: /wrong-tile/ },
        'a server shows it too',
      );
      const out = path.join(await directory(t), 'x.ndjson');
      t.match(await command(env, 'export', '--out', out), { code: 1, out: /nothing was written/ });
      await t.rejects(stat(out), { code: 'ENOENT' });
    }
    await db.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await db.query(`DELETE FROM ${table}`);
    await db.query(`INSERT INTO ${table} SELECT * FROM kept`);
    await db.query('DROP TABLE kept');
    t.match(
      JSON.parse((await command(env, 'verify', '--json', '--database', env.DATABASE_URL!)).out),
      { ok: true, size },
      `${what}, put back`,
    );
  }
});

t.test(
  'a replay gives the same tables row for row, and finds whatever else was written into them',
  async (t) => {
    const { env, superuser, operator, collectorId, size, urls, deps } = await play(t);
    type Compared = { table: string; rows: number; differences: number; first: object[] };
    const replay = async (): Promise<{ code: number; size: number; tables: Compared[] }> => {
      const ran = await command(env, 'replay', '--json');
      return { code: ran.code, ...JSON.parse(ran.out || `{"err":${JSON.stringify(ran.err)}}`) };
    };
    const differing = ({ tables }: { tables: Compared[] }) => tables.filter((c) => c.differences > 0);
    const equal = await replay();
    t.match(equal, { code: 0, size, ok: true, notUnderstood: {} });
    t.same(differing(equal), []);
    const rows = Object.fromEntries(equal.tables.map((c) => [c.table, c.rows]));
    t.match(rows, {
      lots: 4,
      postings: 4,
      sites: 1,
      organisations: 2,
      collectors: 2,
      programme: 1,
      api_keys: 2,
    });

    t.equal((await operator.delete(`/v1/collectors/${collectorId}/personal-data`)).status, 200);
    t.equal((await operator.delete(`/v1/collectors/${collectorId}/personal-data?stage=erase`)).status, 200);
    const erased = await replay();
    t.match(erased, { code: 0, size: size + 2 });
    t.same(differing(erased), [], 'somebody erased is absent on both sides');
    t.equal(erased.tables.find((c) => c.table === 'collectors')!.rows, 1);

    const db = await superuser();
    const schemas = async () =>
      (await db.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'blue_cycle%'")).rows;
    t.same(await schemas(), [{ nspname: 'blue_cycle' }], 'no scratch is left behind');

    const {
      rows: [lot],
    } = await db.query('SELECT id, grams FROM lots ORDER BY seq LIMIT 1');
    await tamper(t, db, 'lots', `UPDATE lots SET grams = grams + 1 WHERE id = '${lot.id}'`);
    await tamper(
      t,
      db,
      'postings',
      `DELETE FROM postings WHERE account <> '${lot.id}' AND seq = (SELECT max(seq) FROM postings)`,
    );
    await tamper(t, db, 'sites', "UPDATE sites SET norms = '[{}]'");
    const found = await replay();
    t.equal(found.code, 1);
    t.same(
      differing(found)
        .map((c) => [c.table, c.differences])
        .sort(),
      [
        ['lots', 1],
        ['postings', 1],
        ['sites', 1],
      ],
    );
    const told = await command(env, 'replay');
    t.match(told, { code: 1, out: /^NOT EQUAL/ });
    t.match(told.out, `id ${lot.id}: grams is ${Number(lot.grams) + 1}, by the ledger ${lot.grams}`);
    t.match(told.out, 'only in the ledger');

    const alone = { DATABASE_URL: urls.apiUrl, BLUE_CYCLE_DATA_DIR: deps.config.dataDir };
    t.match(
      await command(alone, 'replay'),
      { code: 1, err: /DATABASE_OWNER_URL/ },
      'the API’s role may not make a schema',
    );
    t.same(await schemas(), [{ nspname: 'blue_cycle' }]);
  },
);

t.test('every table that facts fill is compared by a replay', async (t) => {
  const { superuser } = await startTestApp(t);
  const db = await superuser();
  const { rows } = await db.query(
    "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'blue_cycle'",
  );
  const known = new Set(TABLES.map(({ name }) => name));
  // What the ledger keeps of itself is checked by `verify`; tries at a card's PIN are no facts.
  const own = [
    'card_tries',
    ...['head', 'chunks', 'opening_chunks', 'tree_tiles', 'checkpoints', 'key_checkpoints'],
    ...['followers', 'kysely_migration', 'kysely_migration_lock'],
    // What a split was worked out to be, until the follower has written it; the fact commits to it.
    ...['distribution_pending', 'distribution_leaves', 'fund_pending'],
    // Leaves of published proofs are held against the root in the ledger; an open passbook is no fact.
    ...['payment_leaves', 'passbook_passes'],
    'console_sessions',
  ];
  t.same(
    rows.map(({ name }) => name).filter((name) => !known.has(name) && !own.includes(name)),
    [],
  );
  t.same(
    TABLES.filter(({ replayed }) => !replayed)
      .map(({ name }) => name)
      .sort(),
    [
      'anomaly_pending',
      'api_key_secrets',
      'cards',
      'confirmation_links',
      'ids',
      'passbook_links',
      'people',
      'person_accounts',
      'person_identities',
      'person_openings',
      'statement_checks',
    ],
    'only these are restored from a backup',
  );
});

t.test('doctor looks at everything, and says what to do', async (t) => {
  const { env, deps, superuser, urls } = await play(t);
  const look = async (more: Record<string, string> = {}) => {
    const ran = await command({ ...env, ...more }, 'doctor', '--json');
    const { ok, checks } = JSON.parse(ran.out) as {
      ok: boolean;
      checks: { check: string; state: string; text: string }[];
    };
    t.equal(ran.code, ok ? 0 : 1);
    return Object.fromEntries(checks.map(({ check, state, text }) => [check, `${state} ${text}`]));
  };
  const good = await look();
  t.same(Object.keys(good), [
    'node',
    'configuration',
    'disk',
    'private key',
    'wechat pay',
    'database',
    'durability',
    'migrations',
    'privileges',
    'clock',
    'ledger',
    'openings',
    'log key',
    'claims',
  ]);
  for (const [check, text] of Object.entries(good)) if (check !== 'disk') t.match(text, /^ok /, check);
  const told = await command(env, 'doctor');
  t.match(told, { code: 0, err: '', out: /^ok {4}node[\s\S]*Backup: [\s\S]*Restore: / });

  const file = deps.config.privateKeyFile;
  await chmod(file, 0o644);
  t.match(await look(), { 'private key': /^fail .*chmod 600/ });
  await chmod(file, 0o600);
  const other = path.join(await directory(t), 'other');
  await writeFile(other, `${'ab'.repeat(32)}\n`, { mode: 0o600 });
  t.match(await look({ PRIVATE_KEY_FILE: other }), { openings: /^fail .*not the key/ });
  t.match(await look({ PRIVATE_KEY_FILE: `${other}-gone` }), {
    'private key': /^warn/,
    openings: /^fail .*restore/,
  });
  t.match(await look({ LEDGER_ORIGIN: 'elsewhere.example/x' }), {
    ledger: /^fail .*LEDGER_ORIGIN=localhost\/blue-cycle/,
  });
  t.match(await look({ DATABASE_SCHEMA: 'elsewhere' }), { database: /^fail .*elsewhere/ });
  const nowhere = 'postgresql://x:y@127.0.0.1:1/z';
  t.match(await look({ DATABASE_URL: nowhere, DATABASE_OWNER_URL: nowhere }), {
    database: /^fail .*cannot be reached/,
  });
  t.match(await look({ PORT: 'x' }), { configuration: /^fail .*PORT/ });
  t.match(await look({ DATABASE_URL: urls.ownerUrl }), { privileges: /^warn .*triggers/ });
  t.match(await look({ DATABASE_URL: urls.superuserUrl }), { privileges: /^warn .*superuser/ });

  const db = await superuser();
  await tamper(t, db, 'head', 'UPDATE head SET size = size + 1');
  t.match(await look(), { ledger: /^fail .*run verify/ });

  const settings = (off: string) => ({
    query: async () => ({
      rows: ['fsync', 'full_page_writes'].map((name) => ({ name, setting: name === off ? 'off' : 'on' })),
    }),
  });
  t.match(await durabilityFaults(settings('fsync') as never), [/^fsync is off/]);
  t.same(await durabilityFaults(settings('') as never), []);
});

t.test('keys are issued, listed, rotated and revoked through the API', async (t) => {
  const { env, deps } = await play(t);
  const organisation = deps.programme.operatorId;
  const issued = await command(
    env,
    'key',
    'issue',
    '--organisation',
    organisation,
    '--role',
    'auditor',
    '--holder',
    '审计 一',
    '--json',
  );
  t.equal(issued.code, 0);
  const { id, secret } = JSON.parse(issued.out);
  const shows = async (key: string) =>
    (await command({ ...env, BLUE_CYCLE_API_KEY: key }, 'key', 'list')).code;
  const mine = async () =>
    (
      await fetch(new URL('/v1/organisations', env.BLUE_CYCLE_URL), {
        headers: { authorization: `Bearer ${secret}` },
      })
    ).status;
  t.equal(await mine(), 200);
  t.equal(await shows(secret), 1, 'an auditor may not list keys');
  const listed = await command(env, 'key', 'list');
  t.match(listed.out, new RegExp(`^${id}  active   auditor    ${organisation}  审计 一$`, 'm'));
  t.notMatch(listed.out, secret);
  const rotated = await command(env, 'key', 'rotate', id);
  t.match(rotated, { code: 0, out: /^bck_[\w-]{43}\nrotated / });
  t.equal(await mine(), 401);
  t.match(await command(env, 'key', 'revoke', id), { code: 0, out: `revoked ${id}` });
  t.match(await command(env, 'key', 'revoke', id), { code: 1, err: /revoked/ });
  t.match(await command(env, 'key', 'revoke', randomUUID()), { code: 1, err: /404/ });
  t.match(await command({ ...env, BLUE_CYCLE_API_KEY: 'wrong' }, 'key', 'list'), { code: 2, err: /401/ });
  t.match(
    await command(env, 'key', 'issue', '--organisation', organisation, '--role', 'pope', '--holder', 'x'),
    { code: 2, err: /role/ },
  );
});

t.test('a CSV goes in through the command line, once', async (t) => {
  const { env, deps, operator } = await play(t);
  const here = await directory(t);
  const [csv, map] = [path.join(here, 'a.csv'), path.join(here, 'map.json')];
  const { rows } = await deps.pool.query('SELECT id FROM sites');
  await writeFile(csv, 'Date,Weight\n11/20/2026,1.5\n11/21/2026,nothing\n');
  await writeFile(
    map,
    JSON.stringify({
      defaults: {
        material: 'mixed-debris',
        form: 'mixed',
        originClass: 'waterway',
        basis: 'weighed',
        tareGrams: 0,
      },
      columns: {
        grossGrams: { column: 'Weight', unit: 'kg' },
        collectedAt: { column: 'Date', formats: ['M/D/YYYY'], timeZone: 'Asia/Shanghai' },
      },
    }),
  );
  const argv = ['import', 'weigh-ins', csv, '--map', map, '--set', `siteId=${rows[0].id}`, '--json'];
  const key = operator.secret;
  for (const [accepted, replayed] of [
    [1, 0],
    [0, 1],
  ]) {
    const ran = await command({ ...env, BLUE_CYCLE_API_KEY: key }, ...argv);
    t.equal(ran.code, 1, 'a row was refused');
    t.match(JSON.parse(ran.out), { accepted, replayed, refused: 1, refusals: [{ line: 3 }] });
  }
});

t.test(
  'a server founds its programme, survives the loss of its PostgreSQL, and continues after a restart',
  async (t) => {
    const dataDir = path.join(await directory(t), 'data');
    const env = { BLUE_CYCLE_DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent' };
    t.match(await command(env, 'doctor'), { code: 0, out: /^warn {2}database .*no database/m });
    t.match(await command(env, 'replay'), { code: 1, err: /private key file/ });
    const served = await serve(readConfig(env));
    t.teardown(() => served.close());
    t.match(served.deps.firstKey, /^bck_/);
    t.equal(served.deps.appendOnly, 'privileges-and-triggers');
    const ready = async () => (await fetch(`${served.url}/health/ready`)).status;
    t.equal(await ready(), 200);
    const client = { ...env, BLUE_CYCLE_URL: served.url, BLUE_CYCLE_API_KEY: served.deps.firstKey! };
    // Beside the server: its PostgreSQL is used, not a second one started.
    t.match(await command(client, 'replay'), { code: 0, out: /^equal: 2 entries/ });
    t.match(await command(client, 'doctor'), { code: 0, out: /blue_cycle_api cannot change the ledger/ });
    t.match(await command(env, 'serve'), { code: 1, err: /in use by process/ });
    t.match(await command(env, 'migrate'), { code: 1, err: /A server migrates when it starts/ });
    t.equal(await ready(), 200, 'none of them disturbed it');

    const pid = Number(
      (await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0],
    );
    const since = performance.now();
    process.kill(pid, 'SIGKILL');
    const until = async (status: number, withinMs: number): Promise<number> => {
      for (;;) {
        if ((await ready()) === status) return performance.now() - since;
        if (performance.now() - since > withinMs) return Number.POSITIVE_INFINITY;
        await sleep(10);
      }
    };
    const lost = await until(503, 2_000);
    t.ok(lost < 2_000, `not ready after ${Math.round(lost)} ms`);
    const back = await until(200, 30_000);
    t.ok(back < 30_000, `ready again after ${Math.round(back)} ms`);
    t.match(await command(client, 'key', 'list'), { code: 0, out: /bootstrap/ });
    t.match(await command(client, 'verify'), { code: 0 });
    await served.close();
    await served.close();
    t.match(await command(env, 'migrate'), { code: 0, out: /up to date/ });

    const again = await serve(readConfig(env));
    t.teardown(() => again.close());
    t.equal(again.deps.firstKey, undefined, 'a key is shown once');
    await again.close();
    t.match(await command(env, 'replay'), { code: 0, out: /^equal: 2 entries/ }, 'also where no server runs');
    await t.rejects(
      serve(readConfig({ ...env, LEDGER_ORIGIN: 'other.example' })),
      /LEDGER_ORIGIN=localhost\/blue-cycle/,
    );
  },
);

t.test('the process ends in order on SIGTERM, with what was asked of it answered', async (t) => {
  const dataDir = path.join(await directory(t), 'data');
  // Without what the test runner has its children load.
  const child = spawn(
    'sh',
    ['-c', 'unset NODE_OPTIONS; exec "$0" serve --json', path.join(ROOT, 'bin/blue-cycle')],
    {
      env: { PATH: process.env.PATH, BLUE_CYCLE_DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const closed = once(child, 'close');
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    closed.then(() => Promise.reject(new Error(err))),
  ]);
  const { url } = JSON.parse(String(line)) as { url: string };
  while (!err.includes('bck_')) await sleep(10);
  const key = /bck_[\w-]+/.exec(err)![0];
  const post = (name: string) =>
    fetch(`${url}/v1/organisations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, kind: 'station' }),
    });
  t.equal((await post('一')).status, 201);
  const settled = Promise.allSettled(Array.from({ length: 50 }, (_, i) => post(String(i))));
  t.equal((await post('二')).status, 201);
  const since = performance.now();
  child.kill('SIGTERM');
  const [code, signal] = await closed;
  const took = performance.now() - since;
  t.same([code, signal], [0, null], err);
  t.ok(took < 10_000, `ended after ${Math.round(took)} ms`);
  await t.rejects(stat(path.join(dataDir, 'postgres', 'postmaster.pid')), { code: 'ENOENT' });

  const answered = (await settled).map((answer) => (answer.status === 'fulfilled' ? answer.value.status : 0));
  // 0: the connection was closed before the request was read, so that nothing was promised.
  t.same(
    [...new Set(answered)].filter((status) => ![0, 201, 503].includes(status)),
    [],
  );
  const again = await serve(readConfig({ BLUE_CYCLE_DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent' }));
  t.teardown(() => again.close());
  const { rows } = await again.deps.pool.query("SELECT name FROM organisations WHERE kind = 'station'");
  const kept = new Set(rows.map(({ name }) => name));
  const acknowledged = ['一', '二', ...answered.flatMap((status, i) => (status === 201 ? [String(i)] : []))];
  t.same(
    acknowledged.filter((name) => !kept.has(name)),
    [],
    `what was acknowledged is there, ${acknowledged.length} of 52`,
  );
});
