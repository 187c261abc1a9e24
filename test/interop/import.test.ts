import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import { type ImportIo, type ImportOptions, runImport } from '../../src/cli/import.ts';
import { uuidV5 } from '../../src/interop/import/import.ts';
import { readMap } from '../../src/interop/import/map.ts';
import { bindRows, timeReader } from '../../src/interop/import/rows.ts';
import { e7PerDegree, type MassUnit, toGrams, toInteger } from '../../src/interop/import/units.ts';

const siteId = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001';
/** Published data that is not the project's to copy; looked for beside the checkout. */
const wheelFile = fileURLToPath(new URL('../../../shared/data/mister-trash-wheel.csv', import.meta.url));
const wheelMap = fileURLToPath(new URL('../../examples/mister-trash-wheel.map.json', import.meta.url));

const simpleMap = {
  defaults: { siteId, material: 'pet' },
  columns: {
    grossGrams: { column: 'Weight', unit: 'kg' },
    collectedAt: { column: 'Date', formats: ['YYYY-MM-DD'], timeZone: 'Asia/Shanghai' },
  },
};

type Body = { id: string; grossGrams: number; collectedAt: string; [member: string]: unknown };
type Item = { index: number; status: number; [member: string]: unknown };
type Fault =
  | 'drop before'
  | 'drop after'
  | 'cut the answer'
  | { status: number; headers?: Record<string, string>; body?: object };

/** A server that keeps weigh-ins as the contract says, and fails as told: `faults` are used up in order. */
async function fakeServer(
  t: Test,
  judge: (body: Body) => { status: number; error: object } | undefined = () => undefined,
) {
  const kept = new Map<string, { seq: number; text: string; body: Body }>();
  const faults: (Fault | undefined)[] = [];
  const uploads: { rows: number; authorization: string | undefined; path: string | undefined }[] = [];
  let inFlight = 0;
  const seen = { mostInFlight: 0, holdsFirstUntilSecond: false };
  const server: Server = createServer((request, response) => {
    inFlight += 1;
    seen.mostInFlight = Math.max(seen.mostInFlight, inFlight);
    response.on('close', () => (inFlight -= 1));
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', async () => {
      const bodies = JSON.parse(text) as Body[];
      uploads.push({ rows: bodies.length, authorization: request.headers.authorization, path: request.url });
      const fault = faults.shift();
      if (fault === 'drop before') return request.socket.destroy();
      if (typeof fault === 'object') {
        response.writeHead(fault.status, { 'content-type': 'application/problem+json', ...fault.headers });
        return response.end(
          JSON.stringify(fault.body ?? { title: 'Busy', status: fault.status, code: 'not_ready' }),
        );
      }
      const items = bodies.map((body, index): Item => {
        const refused = judge(body);
        if (refused) return { index, ...refused };
        const before = kept.get(body.id);
        if (before && before.text !== JSON.stringify(body)) {
          return { index, status: 409, error: { code: 'idempotency_conflict', title: 'Another body' } };
        }
        if (!before) kept.set(body.id, { seq: kept.size, text: JSON.stringify(body), body });
        return {
          index,
          status: 201,
          id: body.id,
          receipt: { seq: kept.get(body.id)!.seq },
          ...(before && { replayed: true }),
        };
      });
      await sleep(2);
      while (seen.holdsFirstUntilSecond && uploads.length < 2) await sleep(5);
      if (fault === 'drop after') return request.socket.destroy();
      const answer = JSON.stringify({ items });
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(answer),
      });
      if (fault !== 'cut the answer') return response.end(answer);
      return response.write(answer.slice(0, answer.length / 2), () => request.socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, kept, faults, uploads, seen };
}

function textSink() {
  const sink = { text: '', stream: new Writable() };
  sink.stream = new Writable({
    write(piece: Buffer, _encoding, done) {
      sink.text += piece.toString();
      done();
    },
  });
  return sink;
}

async function run(options: Partial<ImportOptions> & { file: string }, io: Partial<ImportIo> = {}) {
  const [stdout, stderr] = [textSink(), textSink()];
  Object.assign(stderr.stream, { isTTY: io.isTTY ?? false });
  const waits: number[] = [];
  const summary = await runImport(
    { apiKey: 'key-1', ...options },
    {
      fetch,
      random: () => 0.5,
      sleep: async (ms) => void waits.push(ms),
      stdout: stdout.stream,
      stderr: stderr.stream,
      isTTY: false,
      ...io,
    },
  );
  return { ...summary, out: stdout.text, err: stderr.text, waits };
}

function files(t: Test, csv: string | Buffer, map: unknown = simpleMap) {
  const folder = mkdtempSync(join(tmpdir(), 'import-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [file, mapFile] = [join(folder, 'rows.csv'), join(folder, 'map.json')];
  writeFileSync(file, csv);
  writeFileSync(mapFile, JSON.stringify(map));
  return { file, map: mapFile, folder };
}

const goodRows = (count: number) =>
  `Date,Weight\n${Array.from({ length: count }, (_, at) => `2024-05-01,${at}.25\n`).join('')}`;

const read = (format: string, text: string, timeZone = 'America/New_York') => {
  const reader = timeReader([format], timeZone);
  if (!reader.ok) return reader.reason;
  const reading = reader.value(text);
  return reading.ok ? reading.value : reading.reason;
};

t.test('decimal text becomes the nearest gram, half up, without a binary fraction in between', async (t) => {
  const vectors: [string, MassUnit, number][] = [
    ['1', 'short-ton', 907_185],
    ['3.4499999999999997', 'short-ton', 3_129_787],
    ['100', 'short-ton', 90_718_474],
    ['1', 'lb', 454],
    ['100000', 'lb', 45_359_237],
    ['2000', 'lb', 907_185],
    ['1.0005', 'kg', 1001],
    ['1.0004999999999999999999999999', 'kg', 1000],
    ['0.5', 'g', 1],
    ['0.49999999999999999999', 'g', 0],
    ['2.5', 'g', 3],
    ['1.5e-3', 'kg', 2],
    ['1.234E3', 't', 1_234_000_000],
    ['.5', 'kg', 500],
    ['5.', 'kg', 5000],
    ['+7', 'g', 7],
    ['0e999999999', 'g', 0],
    ['1e-999999999', 't', 0],
    ['9007199254740991', 'g', 9_007_199_254_740_991],
    ['9007199254740990.5', 'g', 9_007_199_254_740_991],
  ];
  for (const [text, unit, grams] of vectors)
    t.same(toGrams(text, unit), { ok: true, value: grams }, `${text} ${unit}`);

  t.same(toInteger('-28.46', { factor: e7PerDegree, signed: true }), { ok: true, value: -284_600_000 });
  t.same(toInteger('-0.00000005', { factor: e7PerDegree, signed: true }), { ok: true, value: 0 }, 'half up');
  t.same(toInteger('-0.00000006', { factor: e7PerDegree, signed: true }), { ok: true, value: -1 });
  t.same(toInteger('126000', { whole: true }), { ok: true, value: 126_000 });
});

t.test('what is no plain decimal number is refused with its reason', async (t) => {
  const vectors: [string, RegExp][] = [
    ['1,234.5', /thousands separator or a decimal comma/],
    ['3,45', /thousands separator or a decimal comma/],
    ["1'234", /thousands separator/],
    ['1 234', /thousands separator/],
    ['1\u202f234', /thousands separator/],
    ['-1', /is negative/],
    ['-0.1', /is negative/],
    ['9007199254740991.5', /2\^53/],
    ['1e999999999', /2\^53/],
    ['1'.repeat(101), /too long/],
    ...['', '.', 'e5', '1.2.3', '0x10', 'NaN', 'Infinity', '3 t', '３', '1e', '12 kg'].map(
      (text): [string, RegExp] => [text, /not a decimal number/],
    ),
  ];
  for (const [text, reason] of vectors) {
    const grams = toGrams(text, 'g');
    t.match(grams.ok ? grams.value : grams.reason, reason, JSON.stringify(text));
  }
  t.match(toInteger('12.5', { whole: true }), { ok: false, reason: /not a whole number/ });
});

t.test('dates are read by the listed formats, in the time zone, into RFC 3339', async (t) => {
  t.equal(read('M/D/YYYY', '5/16/2014'), '2014-05-16T00:00:00-04:00', 'a date is its midnight');
  t.equal(read('MM/DD/YY', '11/06/14'), '2014-11-06T00:00:00-05:00', 'a two-digit year');
  t.equal(read('MM/DD/YY', '5/6/21'), '2021-05-06T00:00:00-04:00', 'one digit where two are usual');
  t.equal(read('MM/DD/YY', '01/01/68', 'UTC'), '2068-01-01T00:00:00+00:00');
  t.equal(read('MM/DD/YY', '01/01/69', 'UTC'), '1969-01-01T00:00:00+00:00');
  t.equal(read('YYYYMMDD', '20240203', 'Asia/Shanghai'), '2024-02-03T00:00:00+08:00');
  t.equal(read('YYYY年M月D日 HH:mm', '2024年2月3日 08:05', 'Asia/Shanghai'), '2024-02-03T08:05:00+08:00');
  t.equal(read('D MMM YYYY h:mm A', '3 Feb 2024 12:05 am', 'Asia/Kolkata'), '2024-02-03T00:05:00+05:30');
  t.equal(
    read('YYYY-MM-DD[T]HH:mm:ss.SSSZ', '2024-02-03T01:02:03.450-02:00'),
    '2024-02-03T01:02:03.450-02:00',
  );
  t.equal(read('DD.MM.YYYY', '29.02.2024', 'UTC'), '2024-02-29T00:00:00+00:00');

  const notDates: [string, string][] = [
    ['M/D/YYYY', '2/29/2023'],
    ['M/D/YYYY', '13/1/2023'],
    ['M/D/YYYY', '0/1/2023'],
    ['M/D/YYYY', '5/16/14'],
    ['M/D/YY', '5/16/2014'],
    ['M/D/YYYY', '5/16/2014 '],
    ['YYYYMMDD', '2024203'],
    ['DD.MM.YYYY', '29x02x2024'],
    ['YYYY-MM-DD HH:mm', '2024-02-03 24:00'],
    ['YYYY-MM-DD h:mm A', '2024-02-03 13:00 PM'],
  ];
  for (const [format, text] of notDates)
    t.match(read(format, text), /is not a date as/, `${text} as ${format}`);

  t.match(read('dddd', 'Monday'), /no token known here/);
  t.match(read('YYYY-MM', '2024-05'), /lacks a year, a month or a day/);
  t.match(timeReader(['YYYY-MM-DD'], undefined), { ok: false, reason: /timeZone is needed/ });
});

t.test('where clocks are changed, the offset before the change decides', async (t) => {
  const newYork = (text: string) => read('YYYY-MM-DD HH:mm', text);
  t.equal(newYork('2024-03-10 01:59'), '2024-03-10T01:59:00-05:00');
  t.equal(
    newYork('2024-03-10 02:30'),
    '2024-03-10T02:30:00-05:00',
    'in the gap: the clock nobody put forward',
  );
  t.equal(newYork('2024-03-10 03:00'), '2024-03-10T03:00:00-04:00');
  t.equal(newYork('2024-11-03 01:30'), '2024-11-03T01:30:00-04:00', 'of two, the first');
  t.equal(newYork('2024-11-03 02:00'), '2024-11-03T02:00:00-05:00');
  const noMidnight = read('YYYY-MM-DD', '2018-11-04', 'America/Sao_Paulo') as string;
  t.equal(
    new Date(noMidnight).toISOString(),
    '2018-11-04T03:00:00.000Z',
    'the first instant of a day without midnight',
  );
});

t.test('without formats a time must be RFC 3339 already, and stays as written', async (t) => {
  const reader = timeReader(undefined);
  if (!reader.ok) return t.fail(reader.reason);
  t.same(reader.value('2024-02-03T01:02:03.12Z'), { ok: true, value: '2024-02-03T01:02:03.12Z' });
  for (const text of ['2024-02-03', '2024-02-30T00:00:00Z', '2024-02-03T01:02:03', '2024-2-3T1:2:3Z']) {
    t.notOk(reader.value(text).ok, text);
  }
});

t.test('a row becomes a body from defaults and columns, with codes, positions and lists', async (t) => {
  const map = readMap(
    {
      defaults: { material: 'pet', location: { method: 'gps', datum: 'wgs84' } },
      columns: {
        form: { column: '种类', values: { 瓶: 'bottle', 网: 'fishing-net' } },
        grossGrams: { column: 'kg', unit: 'kg' },
        tareGrams: { column: 'tare', unit: 'g' },
        count: { column: 'n' },
        collectedAt: { column: 'at' },
        'location.latE7': { column: 'lat', unit: 'degree' },
        'location.lonE7': { column: 'lon', unit: 'degree' },
        evidence: { column: 'files' },
      },
    },
    [`siteId=${siteId}`, 'material=pe-hd', 'location.method=declared'],
  );
  if (!map.ok) return t.fail(map.reason);
  const rows = bindRows(map.value, [' 种类 ', 'kg', 'tare', 'n', 'at', 'lat', 'lon', 'files', 'unused']);
  if (!rows.ok) return t.fail(rows.reason);
  const at = '2024-05-01T08:00:00+08:00';

  t.same(rows.value(['网', ' 12.3456 ', '500', '3', at, '28.46', '-121.9', '["ab"]', 'x']), {
    body: {
      siteId,
      material: 'pe-hd',
      form: 'fishing-net',
      originClass: 'none',
      basis: 'weighed',
      grossGrams: 12346,
      tareGrams: 500,
      count: 3,
      collectedAt: at,
      location: { method: 'declared', datum: 'wgs84', latE7: 284_600_000, lonE7: -1_219_000_000 },
      evidence: ['ab'],
    },
  });
  const bare = rows.value(['', '1', '', '', at, '', '', '', '']);
  t.match(bare, { body: { form: 'mixed', tareGrams: 0 } }, 'empty cells take the defaults');
  t.notOk('body' in bare && ('count' in bare.body || 'location' in bare.body), 'or leave the member out');
  t.match(rows.value(['罐', '', '-1', '1.5', 'May', 'north', '', '{', '']), {
    reasons: [
      /form: "罐" is not among the values/,
      /tareGrams: "-1" is negative/,
      /count: "1.5" is not a whole number/,
      /collectedAt: "May"/,
      /location.latE7: "north"/,
      /evidence: "{" is not JSON/,
      /grossGrams: the cell under "kg" is empty/,
    ],
  });
  t.match(rows.value(['瓶', '1']), { reasons: [/2 cells where the header has 9/] });
  t.match(rows.value(['constructor', '1', '', '', at, '', '', '', '']), {
    reasons: [/"constructor" is not among/],
  });
});

t.test('ids are name-based UUIDs of RFC 9562', async (t) => {
  t.equal(
    uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com'),
    '2ed6657d-e927-568b-95e1-2665a8aea6a2',
  );
});

t.test('lines are counted as an editor shows them, whatever quoting, line ends and blanks', async (t) => {
  const server = await fakeServer(t);
  const csv = [
    '\ufeff"Date",Weight,"a ""note"""\r\n', // 1
    '2024-05-01,1,plain\r\n', // 2
    '\r\n', // 3
    '  \n', // 4
    '2024-05-01,2,"over\r\ntwo, lines"\r\n', // 5, 6
    ',,\r\n', // 7
    '"2024-05-01","3",5" pipe\n', // 8
    '2024-05-01,4,"never closed\n', // 9
    '2024-05-01,5,"closed"\n', // 10
    '2024-05-01,6,"a"b\n', // 11
    '2024-05-01,7\n', // 12
    '2024-05-01,8,last', // 13
  ].join('');
  const { file, map, folder } = files(t, csv);
  const report = join(folder, 'report.ndjson');
  const result = await run({ file, map, url: server.url, report });

  t.match(result, { accepted: 5, replayed: 0, refused: 3, exitCode: 1 });
  const told = readFileSync(report, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  told.sort((a, b) => a.line - b.line);
  t.same(
    told.map(({ line, outcome }) => `${line} ${outcome}`),
    [
      ...[
        '2 accepted',
        '5 accepted',
        '8 accepted',
        '9 refused',
        '10 accepted',
        '11 refused',
        '12 refused',
        '13 accepted',
      ],
    ],
  );
  t.match(result.out, /^line 9: a quote is opened and never closed$/m);
  t.match(result.out, /^line 11: not a row of CSV/m);
  t.match(result.out, /^line 12: 2 cells where the header has 3$/m);
  t.match(result.out, /^8 rows: 5 accepted, 0 recorded before, 3 refused$/m);
  const sha256 = createHash('sha256').update(csv).digest('hex');
  for (const { line, id, seq, outcome } of told.filter(({ outcome }) => outcome === 'accepted')) {
    t.equal(server.kept.get(id)?.seq, seq, `${outcome} line ${line}`);
  }
  const namespace = '1275ae6c-5a2c-4160-a831-67367bb02e6e';
  t.ok(server.kept.has(uuidV5(namespace, `${sha256}:13`)), 'the id follows from file and line, for ever');
  t.same([...server.kept.values()].map(({ body }) => body.grossGrams).sort(), [1000, 2000, 3000, 5000, 8000]);
});

t.test('a file in another encoding is read when the map names it, and refused whole when not', async (t) => {
  const server = await fakeServer(t);
  // GB18030 for 重量 in the header.
  const csv = Buffer.concat([
    Buffer.from('Date,'),
    Buffer.from('d6d8c1bf', 'hex'),
    Buffer.from('\n2024-05-01,2\n'),
  ]);
  const map = { ...simpleMap, columns: { ...simpleMap.columns, grossGrams: { column: '重量', unit: 'kg' } } };
  const named = files(t, csv, { ...map, encoding: 'gb18030' });
  t.match(await run({ ...named, url: server.url }), { accepted: 1, exitCode: 0 });
  const unnamed = files(t, csv, map);
  t.match(await run({ ...unnamed, url: server.url }), { exitCode: 2, err: /not utf-8 text/ });
});

t.test('a second run records nothing twice, and says so', async (t) => {
  const server = await fakeServer(t);
  server.seen.holdsFirstUntilSecond = true;
  const { file, map, folder } = files(t, goodRows(2203));
  t.match(await run({ file, map, url: `${server.url}/` }), {
    accepted: 2203,
    replayed: 0,
    refused: 0,
    exitCode: 0,
  });
  t.match(await run({ file, map, url: server.url }), {
    accepted: 0,
    replayed: 2203,
    refused: 0,
    exitCode: 0,
  });
  t.equal(server.kept.size, 2203);
  t.equal(server.seen.mostInFlight, 2, 'two uploads are in flight, never more');
  t.ok(
    server.uploads.every(
      ({ rows, authorization, path }) =>
        rows <= 500 && authorization === 'Bearer key-1' && path === '/v1/collections/batch',
    ),
  );

  const otherMap = join(folder, 'other.json');
  writeFileSync(otherMap, JSON.stringify({ ...simpleMap, defaults: { siteId, material: 'pp' } }));
  const conflict = await run({ file, map: otherMap, url: server.url });
  t.match(conflict, { accepted: 0, refused: 2203, exitCode: 1, out: /line 2: 409 idempotency_conflict/ });
});

t.test('connections lost before, after and during an answer lose no row and double none', async (t) => {
  const server = await fakeServer(t);
  server.faults.push('drop before', 'drop after', 'cut the answer', undefined, 'drop after');
  const { file, map } = files(t, goodRows(2600));
  const result = await run({ file, map, url: server.url });
  t.equal(result.accepted + result.replayed, 2600);
  t.match(result, { refused: 0, exitCode: 0 });
  t.ok(result.replayed >= 500, 'what landed unheard is told as recorded before');
  t.equal(server.kept.size, 2600);
  t.match(result.err, /no answer \(.+\); trying again in 1 s/);
});

t.test('an import that gave up half-way is finished by the same command', async (t) => {
  const server = await fakeServer(t);
  const { file, map } = files(t, goodRows(2600));
  server.faults.push(
    undefined,
    undefined,
    'drop after',
    ...Array.from({ length: 60 }, () => 'drop before' as const),
  );
  const broken = await run({ file, map, url: server.url, giveUpAfterMs: 20_000, json: true });
  t.match(broken, { refused: 0, exitCode: 1 });
  const { stopped } = JSON.parse(broken.out);
  t.match(stopped, { reason: /gave up: no answer/, misuse: false });
  t.ok(server.kept.size >= 1000 && server.kept.size < 2600, 'a part is recorded');
  t.ok(stopped.afterLine <= server.kept.size + 1, 'every line up to the one named has its answer');

  server.faults.length = 0;
  const finished = await run({ file, map, url: server.url });
  t.match(finished, { refused: 0, exitCode: 0 });
  t.equal(finished.accepted + finished.replayed, 2600);
  t.equal(server.kept.size, 2600);
  t.same(
    [...server.kept.values()].map(({ body }) => body.grossGrams).sort((a, b) => a - b),
    Array.from({ length: 2600 }, (_, at) => at * 1000 + 250),
  );
});

t.test('a busy server is asked again when it says, else with growing pauses', async (t) => {
  const server = await fakeServer(t);
  const { file, map } = files(t, goodRows(3));
  server.faults.push(
    { status: 503, headers: { 'retry-after': '7' } },
    { status: 503 },
    { status: 502 },
    { status: 429 },
  );
  const result = await run({ file, map, url: server.url });
  t.match(result, { accepted: 3, exitCode: 0 });
  t.same(result.waits, [7000, 750, 1500, 3000]);
});

t.test('a busy answer for single rows repeats those rows only', async (t) => {
  let busy = 2;
  const server = await fakeServer(t, ({ grossGrams }) =>
    grossGrams === 1250 && busy-- > 0 ? { status: 503, error: { code: 'busy' } } : undefined,
  );
  const { file, map } = files(t, goodRows(3));
  t.match(await run({ file, map, url: server.url }), { accepted: 3, replayed: 0, exitCode: 0 });
  t.same(
    server.uploads.map(({ rows }) => rows),
    [3, 1, 1],
  );
});

t.test('what the server refuses is told with line and reason, and costs no other row', async (t) => {
  const server = await fakeServer(t, ({ grossGrams }) => {
    if (grossGrams !== 1250) return undefined;
    return {
      status: 422,
      error: {
        code: 'unknown_site',
        detail: 'No such site',
        errors: [{ pointer: '/siteId', reason: 'is not known' }],
      },
    };
  });
  const { file, map } = files(t, goodRows(4));
  const result = await run({ file, map, url: server.url, json: true });
  t.match(result, { accepted: 3, refused: 1, exitCode: 1 });
  t.match(JSON.parse(result.out), {
    accepted: 3,
    replayed: 0,
    refused: 1,
    refusals: [{ line: 3, reason: '422 unknown_site: No such site: /siteId is not known' }],
    exitCode: 1,
  });
});

t.test('a row on which the server fails is tried again, then refused alone', async (t) => {
  let failures = 0;
  const server = await fakeServer(t, ({ grossGrams }) => {
    if (grossGrams !== 1250 && (grossGrams !== 2250 || failures > 1)) return undefined;
    failures += 1;
    return { status: 500, error: { code: 'internal' } };
  });
  const { file, map } = files(t, goodRows(4));
  const result = await run({ file, map, url: server.url });
  t.match(result, { accepted: 3, refused: 1, exitCode: 1, out: /line 3: 500 internal/ });
  t.same(
    server.uploads.map(({ rows }) => rows),
    [4, 2, 1],
  );
});

t.test('rows that were counted need no weight, others do', async (t) => {
  const server = await fakeServer(t);
  const columns = { ...simpleMap.columns, count: { column: 'n' }, basis: { column: 'basis' } };
  const csv = 'Date,Weight,n,basis\n2024-05-01,,12,counted\n2024-05-01,3,,\n2024-05-01,,,\n';
  const { file, map } = files(t, csv, { ...simpleMap, columns });
  const result = await run({ file, map, url: server.url });
  t.match(result, { accepted: 2, refused: 1, out: /line 4: grossGrams: the cell under "Weight" is empty/ });
  t.match(
    [...server.kept.values()].map(({ body }) => body),
    [
      { count: 12, basis: 'counted' },
      { grossGrams: 3000, basis: 'weighed' },
    ],
  );
});

t.test('an upload that is too large is halved until it fits', async (t) => {
  const server = await fakeServer(t);
  const { file, map } = files(t, goodRows(8));
  server.faults.push(
    { status: 413 },
    { status: 413 },
    { status: 413 },
    { status: 413, body: { code: 'too_large' } },
  );
  const result = await run({ file, map, url: server.url });
  t.match(result, { accepted: 7, refused: 1, exitCode: 1, out: /line 2: 413 too_large/ });
  t.same(
    server.uploads.map(({ rows }) => rows),
    [8, 4, 2, 1, 1, 2, 4],
  );
});

t.test('used wrongly it exits 2, says what to change and sends nothing', async (t) => {
  const server = await fakeServer(t);
  const { file, map, folder } = files(t, goodRows(3));
  const { url } = server;
  const withMap = (source: unknown) => {
    const path = join(folder, 'wrong.json');
    writeFileSync(path, typeof source === 'string' ? source : JSON.stringify(source));
    return run({ file, map: path, url });
  };
  const { columns, defaults } = simpleMap;
  const date = columns.collectedAt;
  t.match(await run({ file, url }), { exitCode: 2, err: /no map/ });
  t.match(await run({ file, map: join(folder, 'none.json'), url }), { exitCode: 2, err: /cannot be read/ });
  t.match(await run({ file: join(folder, 'none.csv'), map, url }), { exitCode: 2, err: /there is no file/ });
  t.match(await run({ file: folder, map, url }), { exitCode: 2, err: /cannot read/ });
  t.match(await run({ file, map }), { exitCode: 2, err: /--url/ });
  t.match(await run({ file, map, url: 'nowhere' }), { exitCode: 2, err: /is not a URL/ });
  t.match(await run({ file, map, url, apiKey: '' }), { exitCode: 2, err: /BLUE_CYCLE_API_KEY/ });
  t.match(await run({ file, map, url, set: ['siteId=Site 4'] }), {
    exitCode: 2,
    err: /not a lower-case UUID/,
  });
  t.match(await run({ file, map, url, set: ['siteId'] }), { exitCode: 2, err: /field=value/ });
  t.match(await run({ file, map, url, set: ['__proto__.x=1'] }), { exitCode: 2, err: /not a member/ });
  t.match(await run({ file, map, url, report: join(folder, 'no', 'r') }), {
    exitCode: 2,
    err: /cannot write --report/,
  });
  t.match(await withMap('{'), { exitCode: 2, err: /cannot be read/ });
  t.match(await withMap({ columns, default: defaults }), { exitCode: 2, err: /default/ });
  t.match(await withMap({ columns }), { exitCode: 2, err: /siteId has neither.*material has neither/ });
  t.match(await withMap({ defaults, columns: { ...columns, id: { column: 'n' } } }), {
    exitCode: 2,
    err: /id cannot be mapped/,
  });
  t.match(await withMap({ defaults, columns: { ...columns, weight: { column: 'n' } } }), {
    exitCode: 2,
    err: /"weight" is not a member/,
  });
  t.match(await withMap({ defaults, columns: { ...columns, grossGrams: { column: 'Weight' } } }), {
    exitCode: 2,
    err: /needs a unit/,
  });
  t.match(
    await withMap({ defaults, columns: { ...columns, grossGrams: { column: 'Weight', unit: 'stone' } } }),
    { exitCode: 2, err: /unit/ },
  );
  t.match(
    await withMap({ defaults, columns: { ...columns, collectedAt: { ...date, timeZone: 'Mars/Base' } } }),
    { exitCode: 2, err: /IANA/ },
  );
  t.match(await withMap({ defaults, columns: { ...columns, collectedAt: { ...date, formats: ['Q'] } } }), {
    exitCode: 2,
    err: /no token/,
  });
  t.match(await withMap({ defaults, columns: { ...columns, grossGrams: { column: 'Mass', unit: 'g' } } }), {
    exitCode: 2,
    err: /there is no column "Mass"; the file has "Date", "Weight"/,
  });
  const twice = files(t, 'Date,Weight,Weight\n2024-05-01,1,2\n');
  t.match(await run({ ...twice, url }), { exitCode: 2, err: /more than one column "Weight"/ });
  const empty = files(t, '');
  t.match(await run({ ...empty, url, json: true }), { exitCode: 2, out: /^\{"refusals":\[\],.*is empty/ });
  const binary = files(t, Buffer.alloc(2_000_000, 'x'));
  t.match(await run({ ...binary, url }), { exitCode: 2, err: /over 1 MiB/ });
  t.equal(server.uploads.length, 0);

  server.faults.push({ status: 401, body: { title: 'Unauthorized', code: 'key_unknown' } });
  t.match(await run({ file, map, url }), { exitCode: 2, out: /stopped after line 1: 401 key_unknown/ });
});

t.test('progress goes to stderr, and only on a terminal', async (t) => {
  const server = await fakeServer(t);
  const { file, map } = files(t, goodRows(600));
  const quiet = await run({ file, map, url: server.url });
  t.equal(quiet.err, '');
  const shown = await run({ file, map, url: server.url, json: true }, { isTTY: true });
  t.match(shown.err, /100% \| 0 accepted, 600 replayed, 0 refused/);
  t.match(JSON.parse(shown.out), { replayed: 600, refusals: [] });
});

t.test(
  'all 629 real dumpsters convert, exact to the gram',
  { skip: !existsSync(wheelFile) && 'the published table is not here' },
  async (t) => {
    const server = await fakeServer(t);
    const options = { file: wheelFile, map: wheelMap, url: server.url, set: [`siteId=${siteId}`] };
    t.match(await run(options), { accepted: 629, replayed: 0, refused: 0, exitCode: 0 });
    t.match(await run(options), { accepted: 0, replayed: 629, refused: 0, exitCode: 0 });

    const rows = readFileSync(wheelFile, 'utf8')
      .trimEnd()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(','));
    let total = 0n;
    for (const cells of rows) {
      const [integer, fraction = ''] = cells[6]!.split('.') as [string, string?];
      const tenToThe20th = BigInt(integer + fraction.padEnd(20, '0')) * 90_718_474n;
      total += (tenToThe20th / 10n ** 21n + 5n) / 10n;
    }
    const bodies = [...server.kept.values()].map(({ body }) => body);
    t.equal(
      bodies.reduce((sum, { grossGrams }) => sum + BigInt(grossGrams), 0n),
      total,
    );
    const days = (texts: string[]) => texts.sort();
    t.same(
      days(bodies.map(({ collectedAt }) => collectedAt.slice(0, 10))),
      days(
        rows.map((cells) => {
          const [month, day, year] = cells[5]!.split('/') as [string, string, string];
          return `${year.padStart(4, '20')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
        }),
      ),
    );
  },
);

t.test('memory stays flat over 200,000 rows', async (t) => {
  const { file, map, folder } = files(t, '');
  const out = createWriteStream(file);
  out.write('Date,Weight,Note\n');
  for (let block = 0; block < 200; block += 1) {
    out.write(
      Array.from(
        { length: 1000 },
        (_, at) => `2024-05-01,${block}.${at},${at % 10 ? 'note' : '"a, note"'}\n`,
      ).join(''),
    );
  }
  await new Promise<void>((resolve) => out.end(resolve));

  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const samples: { heap: number; rss: number }[] = [];
  let uploads = 0;
  const statelessServer: typeof fetch = async (_url, init) => {
    const bodies = JSON.parse(String(init?.body)) as Body[];
    uploads += 1;
    if (uploads % 100 === 0) {
      collectGarbage();
      samples.push({ heap: process.memoryUsage().heapUsed, rss: process.memoryUsage.rss() });
    }
    return Response.json({
      items: bodies.map(({ id }, index) =>
        index % 5 === 0
          ? { index, status: 422, error: { code: 'no' } }
          : { index, status: 201, id, receipt: { seq: index } },
      ),
    });
  };
  const nowhere = new Writable({ write: (_piece, _encoding, done) => done() });
  const options = { file, map, url: 'http://127.0.0.1:1', report: join(folder, 'report.ndjson'), json: true };
  const result = await run(options, { fetch: statelessServer, stdout: nowhere });
  t.match(result, { accepted: 160_000, refused: 40_000, exitCode: 1 });
  const [first, last] = [samples[0]!, samples.at(-1)!];
  t.ok(last.heap - first.heap < 4_000_000, `heap grew by ${last.heap - first.heap} bytes over 150,000 rows`);
  t.ok(last.rss - first.rss < 64_000_000, `resident memory grew by ${last.rss - first.rss} bytes`);
});
