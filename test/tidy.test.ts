import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

const SRC = path.resolve(import.meta.dirname, '../src');

/** A room may import itself and the rooms before it. The order is the way a gram travels. */
const ROOMS = [
  'kernel',
  'rails',
  'ledger (pure)',
  'verifier',
  'db',
  'ledger',
  'http',
  'registry',
  'lots',
  'accounts',
  'supervision',
  'containers',
  'tariffs',
  'taxes',
  'floats',
  'collection',
  'stations',
  'payouts',
  'invoices',
  'reconciliation',
  'outside',
  'custody',
  'processing',
  'pollutants',
  'provenance',
  'anomalies',
  'resale',
  'trail',
  'distribution',
  'fund',
  'proofs',
  'schemes',
  'certificates',
  'statements',
  'credentials',
  'claims',
  'periods',
  'figures',
  'interop',
  'web',
  'audits',
  'passbook',
  'pages',
  'console',
  'composition',
  'cli',
];

/** The part of the ledger that does no I/O, and that a verifier takes along. */
const PURE = [
  ...['entry.ts', 'merkle.ts', 'proof.ts', 'note.ts', 'checkpoint.ts', 'tile-path.ts', 'sum-tree.ts'],
  ...['scan.ts', 'sealing.ts', 'verify.ts', 'key-history.ts'],
  ...[
    'tlog-proof.ts',
    'bundle.ts',
    'bundle-read.ts',
    'bundle-reasons.ts',
    'bundle-keys.ts',
    'bundle-verify.ts',
  ],
];

const roomOf = (file: string): string => {
  const [first, second] = file.split('/') as [string, string?];
  if (second === undefined) return 'composition';
  if (first === 'ledger' && PURE.includes(second)) return 'ledger (pure)';
  return first;
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const textOf = (file: string): string => readFileSync(path.join(SRC, file), 'utf8');
const importsOf = (file: string): string[] =>
  [...textOf(file).matchAll(/(?:from|import\()\s*'(\.[^']+\.ts)'/g)].map((m) =>
    path.relative(SRC, path.resolve(SRC, path.dirname(file), m[1]!)),
  );

t.test('a room imports only rooms before it', async (t) => {
  t.ok(files.length > 50, 'the sources were found');
  for (const file of files) {
    const rank = ROOMS.indexOf(roomOf(file));
    t.not(rank, -1, `${file} stands in a room of the list`);
    for (const imported of importsOf(file)) {
      const other = ROOMS.indexOf(roomOf(imported));
      // main.ts starts the command line, which composes nothing that composition needs.
      const starts = file === 'main.ts';
      if (other > rank && !starts) t.fail(`${file} imports ${imported}, which stands after it`);
    }
  }
});

t.test('no files import each other in a circle', async (t) => {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, trail: string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      t.fail(`circle: ${[...trail.slice(trail.indexOf(file)), file].join(' → ')}`);
      return;
    }
    state.set(file, 'open');
    for (const next of importsOf(file)) visit(next, [...trail, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  t.equal(state.size, files.length, 'every file was visited');
});

t.test('time and chance come in as arguments', async (t) => {
  const allowed = ['kernel/system.ts'];
  for (const file of files) {
    if (allowed.includes(file) || /^(cli|db)\//.test(file)) continue;
    t.notMatch(
      textOf(file),
      /Date\.now\(\)|new Date\(\)|Math\.random|randomUUID|randomBytes/,
      `${file} takes none`,
    );
  }
});

t.test('the pure part of the ledger does no I/O', async (t) => {
  for (const file of files.filter((f) => roomOf(f) === 'ledger (pure)'))
    t.notMatch(textOf(file), /from 'node:|from 'pg'/, `${file} imports neither node nor pg`);
});

t.test('only http knows status numbers, only the door writes', async (t) => {
  for (const file of files) {
    const room = roomOf(file);
    const writes =
      /INSERT INTO (lots|postings|sites|organisations|collectors|devices|vessels|shipments|batches|cases|ids)\b|insertInto|updateTable|deleteFrom/;
    if (!['cli', 'db', 'ledger'].includes(room))
      t.notMatch(textOf(file), writes, `${file} writes no table of the door`);
  }
});

t.test('no file has grown beyond reading', async (t) => {
  const LIMIT = 480;
  for (const file of files)
    t.ok(textOf(file).split('\n').length <= LIMIT, `${file} has at most ${LIMIT} lines`);
});
