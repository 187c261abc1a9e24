import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import t, { type Test } from 'tap';
import { startTestApp, type TestApp } from '../support/app.ts';

/** RFC 9457 Appendix A, with what every problem of ours has beside it. */
const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId', 'errors'],
  additionalProperties: false,
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string', minLength: 1 },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', minLength: 1 },
    code: { type: 'string', pattern: '^[a-z][a-z0-9_]*$' },
    requestId: { type: 'string', minLength: 1 },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'reason'],
        additionalProperties: false,
        properties: {
          pointer: { type: 'string', pattern: '^(/[^/]*)*$' },
          reason: { type: 'string', minLength: 1 },
          detail: { type: 'string', minLength: 1 },
        },
      },
    },
    state: { type: 'object' },
  },
};

const ajv = new Ajv2020({ allErrors: true, strict: false });
(addFormats as unknown as (a: Ajv2020) => void)(ajv);
const isProblem = ajv.compile(PROBLEM);
type Sent = { payload?: string | Buffer; headers?: Record<string, string>; method?: string; url?: string };
type Got = { status: number; body: Record<string, never> & { code?: string }; type: string; text: string };

/** Sends bytes exactly as given. */
const sender =
  (app: TestApp, secret: string) =>
  async ({ payload, headers = {}, method = 'POST', url = '/v1/collections' }: Sent): Promise<Got> => {
    const response = await app.app.inject({
      method: method as 'POST',
      url,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    });
    const type = String(response.headers['content-type'] ?? '');
    const body = /json/.test(type) ? response.json() : {};
    return { status: response.statusCode, body, type, text: response.body };
  };

const expectProblem = (
  t: Test,
  got: Got,
  status: number | number[],
  code: string | RegExp,
  what: string,
): void => {
  const statuses = [status].flat();
  t.ok(
    statuses.includes(got.status),
    `${what}: ${got.status}, expected ${statuses.join(' or ')} (${got.text.slice(0, 160)})`,
  );
  if (got.status < 400) return;
  t.match(got.body.code, code, `${what}: its code`);
  t.match(got.type, /^application\/problem\+json/, `${what}: its media type`);
  t.ok(isProblem(got.body), `${what}: a problem ${JSON.stringify(isProblem.errors)}`);
  t.notMatch(got.text, /\bat .*\.(ts|js):\d|node_modules|SELECT |INSERT /, `${what}: no stack, path or SQL`);
};

const bodyOf = (siteId: string, more: object = {}) => ({
  id: randomUUID(),
  siteId,
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  grossGrams: 12_600,
  tareGrams: 600,
  basis: 'weighed',
  collectedAt: '2026-11-24T06:30:00+08:00',
  ...more,
});

/** The body as text, with one member's value replaced by text that JSON.stringify would not write. */
const raw = (body: object, member: string, value: string): string =>
  JSON.stringify({ ...body, [member]: '@@' }).replace('"@@"', () => value);

const setUp = async (t: Test) => {
  const app = await startTestApp(t);
  const own = await app.site('station');
  const foreign = await app.site('station');
  return { app, ...own, foreign, send: sender(app, own.client.secret) };
};

t.test('what does not fit the schema is 400, and says where', async (t) => {
  const { siteId, send, app } = await setUp(t);
  const { size } = await app.verify();
  const good = bodyOf(siteId);
  const members: [string, string][] = [
    ...[
      '-1',
      '-0.5',
      '0.5',
      '1.5',
      '1e-7',
      '1e400',
      '-1e400',
      '9007199254740992',
      '9007199254740993',
      '1e21',
    ].map((n): [string, string] => ['grossGrams', n]),
    ['grossGrams', '0'],
    ['grossGrams', '-9223372036854775809'],
    ['grossGrams', '99999999999999999999999999999999999999'],
    ['grossGrams', '"12600"'],
    ['grossGrams', '[12600]'],
    ['grossGrams', '{"valueOf":1}'],
    ['grossGrams', 'true'],
    ['grossGrams', 'null'],
    ['tareGrams', '-1'],
    ['tareGrams', '1e400'],
    ['siteId', '7'],
    ['siteId', 'null'],
    ['siteId', `"${siteId.toUpperCase()}"`],
    ['siteId', `" ${siteId}"`],
    ['siteId', `"${siteId}\\n"`],
    ['siteId', `"{${siteId}}"`],
    ['siteId', `"${siteId.replaceAll('-', '')}"`],
    ['id', `"${good.id.toUpperCase()}"`],
    ['id', '""'],
    ['id', '{}'],
    ['collectorId', '"not-an-id"'],
    ['material', '"PET"'],
    ['material', '"oily-water"'],
    ['material', '["pet"]'],
    ['form', '"__proto__"'],
    ['originClass', '"constructor"'],
    ['basis', '"guessed"'],
    ['collectedAt', '"2026-11-24"'],
    ['collectedAt', '"2026-11-24T06:30:00"'],
    ['collectedAt', '"2026-02-30T06:30:00Z"'],
    ['collectedAt', '"2026-11-24T25:30:00Z"'],
    ['collectedAt', '"+012026-11-24T06:30:00Z"'],
    ['collectedAt', '1732400000'],
    ['bagTag', '"A\\u0000B"'],
    ['bagTag', '"\\ud800"'],
    ['bagTag', '"\\udc00\\ud800"'],
    ['bagTag', '"line\\nbreak"'],
    ['bagTag', '"\\u007f"'],
    ['bagTag', '"\\u0085"'],
    ['bagTag', '""'],
    ['bagTag', `"${'x'.repeat(61)}"`],
    ['deductions', '{}'],
    ['deductions', '[{"kind":"water","grams":-1,"basis":"sample"}]'],
    ['deductions', '[{"kind":"water","grams":1,"basis":"sample","more":1}]'],
    ['parties', '[]'],
    ['quote', '{"price":{"amount":1,"currency":"cny","perGrams":1}}'],
    ['quote', '{"price":{"amount":1,"currency":"CNY","perGrams":0}}'],
    ['quote', '{"price":{"amount":1,"currency":"CNY","perGrams":1,"perPiece":1}}'],
    ['location', '{"latE7":900000001,"lonE7":0}'],
    ['location', '{"latE7":0.1,"lonE7":0}'],
    ['evidence', '["zz"]'],
    ['grossgrams', '1'],
    ['unknown', 'null'],
    ['constructor', '{"prototype":{}}'],
    ['toString', '1'],
  ];
  for (const [member, value] of members) {
    const body = raw(good, member, value);
    expectProblem(t, await send({ payload: body }), 400, /^malformed$/, `${member} ${value.slice(0, 50)}`);
  }
  for (const member of [
    'siteId',
    'material',
    'form',
    'originClass',
    'basis',
    'tareGrams',
    'grossGrams',
    'collectedAt',
  ]) {
    const { [member as 'id']: _, ...body } = good;
    const got = await send({ payload: JSON.stringify(body) });
    expectProblem(t, got, 400, 'malformed', `without ${member}`);
    t.match(got.body, { errors: [{ pointer: `/${member}` }] }, `it names ${member}`);
  }
  t.equal((await app.verify()).size, size, 'nothing of it was recorded');
});

t.test(
  'each fault of a problem says its detail, under the name RFC 9457 uses for it in its example',
  async (t) => {
    const { siteId, send } = await setUp(t);
    const { body } = await send({ payload: raw(bodyOf(siteId), 'grossGrams', '-1') });
    const [fault] = (body as unknown as { errors: { detail?: string; pointer: string }[] }).errors;
    t.equal(fault?.pointer, '/grossGrams');
    t.type(fault?.detail, 'string', 'section 3: errors are objects with detail and pointer');
  },
);

t.test('bodies that are not one JSON object in UTF-8 are refused before anything reads them', async (t) => {
  const { siteId, send, app } = await setUp(t);
  const { size } = await app.verify();
  const good = JSON.stringify(bodyOf(siteId));
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const bytes: [string, string | Buffer][] = [
    ['nothing', ''],
    ['blanks', '   \n'],
    ['null', 'null'],
    ['a number', '1'],
    ['a string', '"x"'],
    ['a list', `[${good}]`],
    ['half of it', good.slice(0, good.length / 2)],
    ['two of it', good + good],
    ['a byte order mark', `\ufeff${good}`],
    [
      'a byte that is not UTF-8',
      Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from(',"bagTag":"\xff"}', 'latin1')]),
    ],
    [
      'an overlong NUL',
      Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from(',"bagTag":"\xc0\x80"}', 'latin1')]),
    ],
    [
      'a surrogate in UTF-8',
      Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from(',"bagTag":"\xed\xa0\x80"}', 'latin1')]),
    ],
    ['UTF-16', Buffer.from(good, 'utf16le')],
    ['a raw NUL', good.replace('"pet"', '"p\u0000et"')],
    ['a member twice', good.replace('{', '{"grossGrams":1,')],
    ['a member twice, once escaped', good.replace('{', '{"gross\\u0047rams":1,')],
    ['a member twice, deeper', good.replace(/}$/, ',"location":{"latE7":1,"latE7":2,"lonE7":3}}')],
    ['__proto__', good.replace('{', '{"__proto__":{"material":"pet"},')],
    ['__proto__, escaped', good.replace('{', '{"\\u005f_proto__":{},')],
    ['65 levels', good.replace(/}$/, `,"notes":${nested(65)}}`)],
    ['100,000 levels', nested(100_000)],
    ['100,000 levels of objects', '{"a":'.repeat(30_000)],
    ['a trailing comma', good.replace(/}$/, ',}')],
    ['NaN', raw(bodyOf(siteId), 'grossGrams', 'NaN')],
    ['Infinity', raw(bodyOf(siteId), 'grossGrams', 'Infinity')],
    ['hexadecimal', raw(bodyOf(siteId), 'grossGrams', '0x10')],
    ['a leading zero', raw(bodyOf(siteId), 'grossGrams', '012')],
    ['a comment', `/* */${good}`],
    ['single quotes', good.replaceAll('"', "'")],
  ];
  for (const [what, payload] of bytes) {
    const start = performance.now();
    expectProblem(
      t,
      await send({ payload, headers: { 'content-type': 'application/json' } }),
      400,
      'malformed',
      what,
    );
    t.ok(performance.now() - start < 1_000, `${what}: quickly`);
  }
  for (const [what, headers] of [
    ['text', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['a type like ours', { 'content-type': 'application/jsonp' }],
    ['a broken type', { 'content-type': ';;;' }],
    ['UTF-16 by name', { 'content-type': 'application/json; charset=utf-16' }],
    ['Latin 1 by name', { 'content-type': 'application/json; charset=iso-8859-1' }],
    ['gzip', { 'content-encoding': 'gzip' }],
    ['gzip twice', { 'content-encoding': 'gzip, gzip' }],
  ] as [string, Record<string, string>][])
    expectProblem(t, await send({ payload: good, headers }), 415, 'unsupported_media_type', what);
  const big = raw(bodyOf(siteId), 'bagTag', `"${'x'.repeat(300_000)}"`);
  expectProblem(t, await send({ payload: big }), 413, 'body_too_large', '300 kB');
  t.equal((await app.verify()).size, size, 'nothing of it was recorded');
  const utf8 = await send({ payload: good, headers: { 'content-type': 'application/json; charset=UTF-8' } });
  t.equal(utf8.status, 201, 'and the plain body is taken');
});

t.test('text is kept to the last bit, whatever script or direction, or refused', async (t) => {
  const { siteId, client } = await setUp(t);
  for (const bagTag of [
    '椒江-7',
    '\u202eABC',
    'e\u0301',
    '\u00e9',
    '\u{1f30a}',
    '\u200b',
    "'; DROP TABLE head; --",
    '<b>',
    '=1+1',
    '\ufeffx',
  ]) {
    const body = bodyOf(siteId, { bagTag });
    t.equal((await client.post('/v1/collections', body)).status, 201, JSON.stringify(bagTag));
    const read = await client.get(`/v1/collections/${body.id}`);
    t.equal(read.body.bagTag, bagTag, 'and comes back the same');
  }
});

t.test('well-formed numbers at the edges are taken exactly, or refused, and never as −0', async (t) => {
  const { siteId, send, client, app } = await setUp(t);
  const most = bodyOf(siteId, { grossGrams: 10_000_000_000, tareGrams: 0 });
  t.equal((await client.post('/v1/collections', most)).body.lot.grams, 10_000_000_000);
  for (const [member, value] of [
    ['tareGrams', '-0'],
    ['tareGrams', '0e5'],
    ['tareGrams', '6e2'],
    ['tareGrams', '600.0'],
  ] as const) {
    const got = await send({ payload: raw(bodyOf(siteId), member, value) });
    t.ok([201, 400].includes(got.status), `${value}: ${got.status}`);
  }
  const { rows } = await app.deps.pool.query<{ n: number }>(
    `SELECT count(*)::int4 AS n FROM chunks WHERE convert_from(bytes, 'UTF8') ~ ':-0[,}]'`,
  );
  t.equal(rows[0]!.n, 0);
});

t.test('ids that are unknown or another’s are 422 in a body and 404 in a path', async (t) => {
  const { siteId, send, client, foreign } = await setUp(t);
  for (const [what, id] of [
    ['unknown', randomUUID()],
    ['foreign', foreign.siteId],
    ['nil', '00000000-0000-0000-0000-000000000000'],
    ['an organisation’s', foreign.organisationId],
  ] as const)
    expectProblem(
      t,
      await send({ payload: JSON.stringify(bodyOf(id)) }),
      422,
      'unknown_site',
      `${what} site`,
    );
  const theirs = bodyOf(foreign.siteId);
  t.equal((await foreign.client.post('/v1/collections', theirs)).status, 201);
  const paths = [randomUUID(), theirs.id, siteId, foreign.siteId].map((id) => `/v1/collections/${id}`);
  paths.push(`/v1/sites/${foreign.siteId}`, `/v1/sites/${randomUUID()}`);
  paths.push(`/v1/organisations/${foreign.organisationId}`, `/v1/organisations/${randomUUID()}`);
  for (const url of paths)
    expectProblem(
      t,
      await send({ method: 'GET', url }),
      404,
      'not_found',
      url.replace(/[0-9a-f-]{36}/, 'ID'),
    );
  for (const id of [siteId.toUpperCase(), 'x', '%00', '..%2f..', '%zz', 'a'.repeat(300), "1'--"]) {
    const got = await send({ method: 'GET', url: `/v1/collections/${id}` });
    expectProblem(t, got, [400, 404, 414], /^[a-z_]+$/, `path ${id.slice(0, 20)}`);
  }
  const listed = await client.get(`/v1/collections?siteId=${foreign.siteId}`);
  t.same(listed.body.items, [], 'a list filtered by a foreign site is empty');
  for (const [id, status] of [
    ['unknown collector', { collectorId: randomUUID() }],
    ['unknown vessel', { vesselId: randomUUID() }],
    ['unknown container', { containerId: randomUUID() }],
    ['unknown device', { deviceId: randomUUID() }],
  ] as const) {
    const got = await client.post('/v1/collections', bodyOf(siteId, status));
    t.equal(got.status, 201, `${id} is taken`);
    t.ok(got.body.marks.includes('unresolved'), 'and marked unresolved');
  }
});

t.test('weights that cannot be are 422 whatever the state', async (t) => {
  const { siteId, send } = await setUp(t);
  for (const [what, more] of [
    ['tare as heavy as gross', { tareGrams: 12_600 }],
    ['tare heavier than gross', { tareGrams: 13_000 }],
    ['more water than bag', { deductions: [{ kind: 'water', grams: 12_001, basis: 'sample' }] }],
    [
      'a count without grams per piece',
      { basis: 'counted', count: 3, tareGrams: 0, material: 'pvc', grossGrams: undefined },
    ],
    ['a count that disagrees', { basis: 'counted', count: 3, tareGrams: 0, grossGrams: 61 }],
  ] as [string, object][])
    expectProblem(t, await send({ payload: JSON.stringify(bodyOf(siteId, more)) }), 422, /^[a-z_]+$/, what);
});

t.test('the identity of a write', async (t) => {
  const { siteId, client, app, foreign, send } = await setUp(t);
  const mine = bodyOf(siteId);
  t.equal((await client.post('/v1/collections', mine)).status, 201);
  const taken = await foreign.client.post('/v1/collections', { ...mine, siteId: foreign.siteId });
  t.equal(taken.status, 409);
  t.equal(taken.body.code, 'id_taken');
  t.same(taken.body.state ?? {}, {}, 'of which the other learns nothing');
  const changed = await send({ payload: JSON.stringify({ ...mine, bagTag: 'x' }) });
  expectProblem(t, changed, 409, 'idempotency_conflict', 'same id, other content');
  t.type((changed.body as { state?: { seq?: number } }).state?.seq, 'number', 'with the state it ran into');
  const reordered = Object.fromEntries(Object.entries(mine).reverse());
  const replay = await client.post('/v1/collections', reordered);
  t.equal(replay.headers['idempotency-replayed'], 'true', 'members in another order are the same body');

  const { id: _, ...nameless } = bodyOf(siteId);
  const first = await client.post('/v1/collections', nameless, { 'idempotency-key': 'k 1' });
  const again = await client.post('/v1/collections', nameless, { 'idempotency-key': 'k 1' });
  t.equal(first.status, 201);
  t.same(again.body, first.body, 'a body without id is known by its Idempotency-Key');
  t.equal(again.headers['idempotency-replayed'], 'true');
  const other = await client.post(
    '/v1/collections',
    { ...nameless, grossGrams: 13_000 },
    { 'idempotency-key': 'k 1' },
  );
  t.equal(other.body.code, 'idempotency_conflict');
  const theirs = { ...nameless, siteId: foreign.siteId };
  const independent = await foreign.client.post('/v1/collections', theirs, { 'idempotency-key': 'k 1' });
  t.equal(independent.status, 201, 'another organisation’s same key is another key');
  const fresh = await Promise.all([1, 2].map(() => client.post('/v1/collections', nameless)));
  t.not(fresh[0]!.body.id, fresh[1]!.body.id, 'with neither a repeat is a new fact');
  const named = bodyOf(siteId);
  await client.post('/v1/collections', named, { 'idempotency-key': 'k 1' });
  t.equal((await client.get(`/v1/collections/${named.id}`)).status, 200, 'an id in the body comes first');
  for (const key of ['', 'x'.repeat(256)]) {
    const got = await client.post('/v1/collections', nameless, { 'idempotency-key': key });
    t.equal(got.status, 400, `a key of ${key.length} characters`);
  }
  const refused = bodyOf(randomUUID());
  t.equal((await client.post('/v1/collections', refused)).status, 422);
  t.equal(
    (await client.post('/v1/collections', { ...refused, siteId })).status,
    201,
    'a refusal is not remembered',
  );
  const key = { organisationId: foreign.organisationId, role: 'station', holder: '家长', id: randomUUID() };
  const issued = await app.operator.post('/v1/api-keys', key);
  const reissued = await app.operator.post('/v1/api-keys', key);
  t.type(issued.body.secret, 'string');
  t.equal(reissued.body.secret, null, 'a secret is shown once');
});

t.test('eight at once with one id are one fact, posted alone and in one upload', async (t) => {
  const { siteId, client, app } = await setUp(t);
  const { size } = await app.verify();
  const alone = bodyOf(siteId);
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.post('/v1/collections', alone)));
  t.same(
    answers.map((a) => a.status),
    Array(8).fill(201),
  );
  t.equal(answers.filter((a) => a.headers['idempotency-replayed'] === 'true').length, 7);
  t.equal(new Set(answers.map((a) => JSON.stringify(a.body))).size, 1, 'and all got one answer');
  const twin = bodyOf(siteId);
  const upload = await client.post('/v1/collections/batch', [twin, alone, twin]);
  const items = upload.body.items as { status: number; replayed?: boolean; receipt: object }[];
  t.same(items.map((i) => [i.status, i.replayed ?? false]).sort(), [
    [201, false],
    [201, true],
    [201, true],
  ]);
  t.same(items[0]!.receipt, items[2]!.receipt);
  t.equal((await app.verify()).size, size + 2);
});

t.test('in an upload one bad item or line costs nobody else', async (t) => {
  const { siteId, foreign, client, send } = await setUp(t);
  const url = '/v1/collections/batch';
  const good = () => bodyOf(siteId);
  const { id: _, ...nameless } = good();
  const theirs = bodyOf(foreign.siteId);
  await foreign.client.post('/v1/collections', theirs);
  const items: [unknown, number, string?][] = [
    [good(), 201],
    [{ ...good(), grossGrams: -1 }, 400],
    [good(), 201],
    [null, 400],
    ['text', 400],
    [[], 400],
    [nameless, 400],
    [{ ...good(), unknown: 1 }, 400],
    [bodyOf(randomUUID()), 422],
    [{ ...theirs, siteId }, 409],
    [{ ...good(), bagTag: '\ud800' }, 400],
    [{ ...good(), bagTag: 'a\u0000b' }, 400],
    [good(), 201],
  ];
  const answered = await send({ url, payload: JSON.stringify(items.map(([item]) => item)) });
  t.equal(answered.status, 200);
  const results = (answered.body as unknown as { items: { index: number; status: number; error?: object }[] })
    .items;
  t.same(
    results.map((r) => r.status),
    items.map(([, status]) => status),
  );
  t.same(
    results.map((r) => r.index),
    items.map((_item, i) => i),
  );
  for (const { error } of results)
    if (error !== undefined) t.ok(isProblem(error), JSON.stringify(isProblem.errors));

  const huge = `[${JSON.stringify(good())},${raw(good(), 'grossGrams', '1e400')},${JSON.stringify(good())}]`;
  const withHuge = await send({ url, payload: huge });
  t.same(
    (withHuge.body as unknown as { items?: { status: number }[] }).items?.map((i) => i.status),
    [201, 400, 201],
    `a number beyond all numbers costs its own item only (${withHuge.status})`,
  );

  const lines: [string | Buffer, number][] = [
    [JSON.stringify(good()), 201],
    ['{broken', 400],
    [JSON.stringify(good()), 201],
    [Buffer.from('"\xff"', 'latin1'), 400],
    ['['.repeat(70) + ']'.repeat(70), 400],
    [JSON.stringify(good()).replace('{', '{"__proto__":1,'), 400],
    [JSON.stringify(good()).replace('{', '{"basis":"weighed",'), 400],
    [raw(good(), 'grossGrams', '1e400'), 400],
    [JSON.stringify(good()), 201],
  ];
  const payload = Buffer.concat(lines.flatMap(([line]) => [Buffer.from(line), Buffer.from('\r\n\n')]));
  const nd = await send({ url, payload, headers: { 'content-type': 'application/x-ndjson' } });
  t.equal(nd.status, 200);
  t.same(
    (nd.body as unknown as { items: { status: number }[] }).items.map((i) => i.status),
    lines.map(([, status]) => status),
  );

  const many = (n: number) => JSON.stringify(Array.from({ length: n }, good));
  expectProblem(t, await send({ url, payload: many(1_001) }), [400, 413], /^[a-z_]+$/, '1,001 items');
  const nd1001 = Array.from({ length: 1_001 }, () => JSON.stringify(good())).join('\n');
  const type = { 'content-type': 'application/x-ndjson' };
  expectProblem(
    t,
    await send({ url, payload: nd1001, headers: type }),
    [400, 413],
    /^[a-z_]+$/,
    '1,001 lines',
  );
  for (const empty of ['[]', '{}', '""'])
    expectProblem(t, await send({ url, payload: empty }), 400, 'malformed', empty);
  expectProblem(t, await send({ url, payload: '\n\n', headers: type }), 400, 'malformed', 'no line');
  const over = await send({ url, payload: `[${`${JSON.stringify(good())},`.repeat(20_000)}1]` });
  expectProblem(t, over, 413, 'body_too_large', 'over 4 MiB');
  const all = await client.post(url, JSON.parse(many(1_000)));
  t.equal(all.body.items?.filter((i: { status: number }) => i.status === 201).length, 1_000, 'and 1,000 go');
});

t.test('what a route does not read is refused, not passed over', async (t) => {
  const { app, siteId, foreign } = await setUp(t);
  const send = sender(app, app.operator.secret);
  const url = `/v1/sites/${foreign.siteId}/close`;
  expectProblem(
    t,
    await send({ url, payload: '{"reason":"x"}' }),
    400,
    'malformed',
    'a member nobody reads, on a close',
  );
  expectProblem(t, await send({ url, payload: '[1]' }), 400, 'malformed', 'a list, on a close');
  const still = await app.operator.get(`/v1/sites/${foreign.siteId}`);
  t.equal(still.body.state, 'active', 'and nothing was closed');
  for (const query of [
    'limit=0',
    'limit=-1',
    'limit=1001',
    'limit=1.5',
    'limit=',
    'limit=1&limit=2',
    'limit=0x10',
    'limit=1e1',
    'x=1',
    'siteId=',
    `siteId=${siteId.toUpperCase()}`,
  ])
    expectProblem(t, await send({ method: 'GET', url: `/v1/collections?${query}` }), 400, 'malformed', query);
  const encode = (s: string) => Buffer.from(s).toString('base64url');
  for (const cursor of [
    '',
    'x',
    '%00',
    encode('-1'),
    encode('1.5'),
    encode('1e3'),
    encode('9007199254740992'),
    encode("1' OR 1=1"),
    encode(' 1'),
    encode('0x1'),
    encode('Infinity'),
    `${encode('12')}==`,
    'A'.repeat(101),
  ])
    for (const list of ['collections', 'sites', 'organisations', 'api-keys'])
      expectProblem(
        t,
        await send({ method: 'GET', url: `/v1/${list}?cursor=${cursor}` }),
        400,
        'malformed',
        `${list} from ${cursor}`,
      );
  t.equal(
    (await send({ method: 'GET', url: `/v1/collections?cursor=${encode('9007199254740991')}` })).status,
    200,
  );
  for (const seq of ['-1', '1.5', 'x', '9007199254740992', '1e400', '99999999999999999999', ''])
    expectProblem(
      t,
      await send({ method: 'GET', url: `/v1/ledger/entries/${seq}` }),
      [400, 404],
      /^(malformed|not_found)$/,
      `entry ${seq}`,
    );
  expectProblem(
    t,
    await send({ method: 'GET', url: '/v1/ledger/entries/9007199254740991' }),
    404,
    'not_found',
    'entry 2^53 − 1',
  );
  t.equal((await send({ method: 'GET', url: '/v1/ledger/entries?fromSeq=9007199254740991' })).status, 200);
  for (const [method, path] of [
    ['GET', '/v1/nothing'],
    ['PUT', '/v1/collections'],
    ['DELETE', '/v1/collections'],
    ['POST', '/v1/collections/'],
    ['GET', '//v1/collections'],
    ['GET', '/v1/%zz'],
    ['OPTIONS', '/v1/collections'],
  ] as const)
    expectProblem(t, await send({ method, url: path }), [400, 404, 405], /^[a-z_]+$/, `${method} ${path}`);
});

t.test('keys that are not keys are 401', async (t) => {
  const { app, siteId } = await setUp(t);
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Basic eDp5',
    `Bearer ${'x'.repeat(5_000)}`,
    `Bearer a b`,
    "Bearer ' OR 1=1--",
    'bearer \u00e9',
  ]) {
    const got = await app.app.inject({
      method: 'POST',
      url: '/v1/collections',
      headers: { authorization },
      payload: bodyOf(siteId),
    });
    t.equal(got.statusCode, 401, authorization.slice(0, 30));
    t.equal(got.json().code, 'unauthenticated');
    t.ok(got.headers['www-authenticate']);
  }
});

const SOCKETS = 50;

t.test('slow clients are shown out within 15 s, and nobody else waits for them', async (t) => {
  const { app, siteId, client } = await setUp(t);
  await app.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  let open = 0;
  const closedAfter: number[] = [];
  const drip = (head: string): { socket: Socket; timer: NodeJS.Timeout } => {
    const socket = connect(port, '127.0.0.1');
    const start = performance.now();
    socket.on('connect', () => open++);
    socket.on('error', () => undefined);
    socket.on('close', () => closedAfter.push(performance.now() - start));
    socket.resume();
    socket.write(head);
    const timer = setInterval(() => socket.writable && socket.write('x'), 500);
    return { socket, timer };
  };
  const slow = Array.from({ length: SOCKETS }, () =>
    drip(`POST /v1/collections HTTP/1.1\r\nhost: x\r\nx-slow: `),
  );
  const head = `POST /v1/collections HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${client.secret}\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{`;
  slow.push(...Array.from({ length: SOCKETS }, () => drip(head)));
  const start = performance.now();
  const took: number[] = [];
  while (performance.now() - start < 15_000 && closedAfter.length < 2 * SOCKETS) {
    const from = performance.now();
    const answer = await fetch(`${url}/v1/collections`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.secret}`, 'content-type': 'application/json' },
      body: JSON.stringify(bodyOf(siteId)),
    });
    await answer.text();
    if (answer.status !== 201) t.fail(`a normal request got ${answer.status}`);
    took.push(performance.now() - from);
    await sleep(100);
  }
  for (const { socket, timer } of slow) {
    clearInterval(timer);
    socket.destroy();
  }
  took.sort((a, b) => a - b);
  t.equal(open, 2 * SOCKETS, 'all slow clients were connected');
  t.equal(
    closedAfter.length,
    2 * SOCKETS,
    `all were closed, the last after ${Math.max(...closedAfter).toFixed(0)} ms`,
  );
  t.ok(took.length > 20, `${took.length} normal requests meanwhile`);
  t.ok(
    took[Math.floor(took.length * 0.99)]! < 1_000,
    `99 of 100 within ${took[Math.floor(took.length * 0.99)]!.toFixed(0)} ms`,
  );
});
