import { randomUUID } from 'node:crypto';
import t from 'tap';
import { measure } from '../../src/pollutants/pollutants.ts';
import { startTestApp } from '../support/app.ts';

const capabilities = [
  { name: 'oily-water', licence: '浙危废经第 126 号', validUntil: '2030-12-31' },
  { name: 'waste-oil', licence: '浙危废经第 126 号', validUntil: '2025-12-31' },
  { name: 'lead-acid-battery' },
  { name: 'mixed-debris' },
];
const URL = '/v1/pollutant-receptions';

t.test('a vessel comes, and takes a numbered note home', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client, organisationId } = await app.site('warehouse', { capabilities });
  const settings = `/v1/sites/${siteId}/pollutant-settings`;
  t.match(await client.patch(settings, { notePrefix: 'WL' }), { status: 200, body: { notePrefix: 'WL' } });
  const vessel = await app.operator.post('/v1/vessels', {
    organisationId,
    name: '浙岭渔 <b>1</b>',
    number: 'ZLY-23456',
  });
  const body = {
    id: randomUUID(),
    siteId,
    vesselId: vessel.body.id,
    items: [
      { material: 'oily-water', millilitres: 262_500 },
      { material: 'waste-oil', millilitres: 1_005 },
      { material: 'lead-acid-battery', grams: 15_000, count: 1 },
      { material: 'mixed-debris', grams: 4_000 },
      { material: 'sewage', grams: 3_000, millilitres: 3_100 },
    ],
    receivedAt: '2026-11-20T23:30:00-05:00',
  };
  const made = await client.post(URL, body);
  t.equal(made.status, 201, JSON.stringify(made.body));
  t.match(made.body, { note: { number: 'WL-2026-000001' }, marks: [] });
  const items = [
    {
      material: 'oily-water',
      grams: 262_500,
      gramsFrom: 'computed',
      millilitres: 262_500,
      millilitresFrom: 'measured',
      density: { gramsPerLitre: 1_000, from: 'pollutants.v1' },
      storeUntil: '2027-11-21',
    },
    {
      material: 'waste-oil',
      grams: 905,
      gramsFrom: 'computed',
      millilitres: 1_005,
      millilitresFrom: 'measured',
      density: { gramsPerLitre: 900, from: 'pollutants.v1' },
      storeUntil: '2027-11-21',
      mark: 'licence-expired',
    },
    {
      material: 'lead-acid-battery',
      grams: 15_000,
      gramsFrom: 'measured',
      count: 1,
      storeUntil: '2027-11-21',
      mark: 'no-licence',
    },
    { material: 'mixed-debris', grams: 4_000, gramsFrom: 'measured' },
    {
      material: 'sewage',
      grams: 3_000,
      gramsFrom: 'measured',
      millilitres: 3_100,
      millilitresFrom: 'measured',
      mark: 'no-capability',
    },
  ];
  t.same(made.body.items, items, 'received, and marked where no licence covers it');
  const repeat = await client.post(URL, body);
  t.equal(repeat.headers['idempotency-replayed'], 'true');
  t.equal(repeat.body.note.number, 'WL-2026-000001', 'a repeat takes no number');
  t.match(await client.post(URL, { ...body, remark: 'x' }), {
    status: 409,
    body: { code: 'idempotency_conflict' },
  });

  const url = `${URL}/${body.id}`;
  t.match((await client.get(url)).body, { day: '2026-11-21', items, vesselId: vessel.body.id });
  const note = (await client.get(`${url}/note`)).body;
  t.match(note, {
    number: 'WL-2026-000001',
    site: { id: siteId, name: 'warehouse 站' },
    vessel: { name: '浙岭渔 <b>1</b>', number: 'ZLY-23456' },
    seq: made.body.receipt.seq,
    leafHash: made.body.receipt.leafHash,
  });
  const page = await client.get(`${url}/note/page`);
  t.match(page.headers, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='/,
  });
  for (const said of [
    'WL-2026-000001',
    '含油污水 Oily water',
    '262.5 L',
    '0.905 kg',
    '换算 computed',
    'ZLY-23456',
  ])
    t.ok(page.body.includes(said), said);
  t.notOk(page.body.includes('<b>1'), 'a name is text');

  const entry = (await app.operator.get(`/v1/ledger/entries/${made.body.receipt.seq}`)).body;
  const open = JSON.stringify(entry);
  for (const secret of [body.id, vessel.body.id, 'ZLY-23456', 'WL'])
    t.notOk(open.includes(secret), `${secret} is sealed`);
  const stranger = await app.site('warehouse');
  for (const path of [url, `${url}/note`, `${url}/note/page`])
    t.equal((await stranger.client.get(path)).status, 404, path);
});

t.test('numbers run by site and year without a gap, and no two notes share one', async (t) => {
  const app = await startTestApp(t);
  const [a, b] = [await app.site('warehouse', { capabilities }), await app.site('warehouse')];
  const receive = async ({ client, siteId }: typeof a, receivedAt = '2026-11-20T08:00:00+08:00', more = {}) =>
    client.post(URL, {
      siteId,
      vesselNumber: '浙岭渔 1',
      items: [{ material: 'oily-water', grams: 1_000 }],
      receivedAt,
      ...more,
    });
  const number = async (...asked: Parameters<typeof receive>) => (await receive(...asked)).body.note.number;
  t.equal(await number(a), 'P0001-2026-000001');
  t.equal(await number(b), 'P0002-2026-000001');
  const twenty = await Promise.all(Array.from({ length: 20 }, () => number(a)));
  t.same(
    twenty.sort(),
    Array.from({ length: 20 }, (_, i) => `P0001-2026-${String(i + 2).padStart(6, '0')}`),
    'twenty at once',
  );
  t.match(await receive(a, undefined, { siteId: randomUUID() }), {
    status: 422,
    body: { code: 'unknown_site' },
  });
  t.match(await receive(a, undefined, { siteId: b.siteId }), { status: 422, body: { code: 'unknown_site' } });
  t.equal(await number(a), 'P0001-2026-000022', 'a refusal takes no number');
  t.equal(await number(a, '2026-01-01T00:30:00+08:00'), 'P0001-2026-000023', 'the year of the quay');
  t.equal(await number(a, '2025-12-31T23:30:00+08:00'), 'P0001-2025-000001');
  const prefix = (of: typeof a, notePrefix: string) =>
    of.client.patch(`/v1/sites/${of.siteId}/pollutant-settings`, { notePrefix });
  t.equal((await prefix(a, 'WL')).status, 200);
  t.match(await prefix(b, 'WL'), { status: 409, body: { code: 'prefix_taken' } });
  t.equal((await prefix(b, 'P0001')).status, 400);
  t.equal(await number(a), 'WL-2026-000024', 'a new prefix goes on counting');
});

t.test('what cannot be is refused, what is doubtful is marked', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse', { capabilities });
  const body = {
    siteId,
    vesselNumber: '浙岭渔 1',
    items: [{ material: 'oily-water', grams: 1_000 }],
    receivedAt: '2026-11-20T08:00:00+08:00',
  };
  for (const [code, more] of [
    ['no_amount', { items: [{ material: 'oily-water' }] }],
    ['no_amount', { items: [{ material: 'waste-oil', millilitres: 1, gramsPerLitre: 100 }] }],
    ['no_density', { items: [{ material: 'hazardous-other', millilitres: 1_000 }] }],
    ['too_much', { items: [{ material: 'waste-oil', millilitres: 10_000_000_000, gramsPerLitre: 1_001 }] }],
    ['repeated_material', { items: [...body.items, ...body.items] }],
    ['not_yet', { receivedAt: new Date(Date.now() + 86_400_000).toISOString() }],
    ['unknown_declaration', { declarationId: randomUUID() }],
  ] as const)
    t.match(await client.post(URL, { ...body, ...more }), { status: 422, body: { code } }, code);
  t.equal((await client.post(URL, { ...body, items: [{ material: 'pet', grams: 1 }] })).status, 400);
  const unknown = await client.post(URL, {
    ...body,
    vesselNumber: undefined,
    vesselId: randomUUID(),
    receivedAt: '2025-11-20T08:00:00+08:00',
  });
  t.match(unknown, { status: 201, body: { marks: ['unresolved', 'late'] } });
  await app.operator.post(`/v1/sites/${siteId}/close`);
  t.match(await client.post(URL, body), { status: 201, body: { marks: ['site-closed'] } });
  const batch = await client.post(`${URL}/batch`, [
    { ...body, id: randomUUID() },
    { ...body },
    { ...body, id: randomUUID(), items: [] },
    { ...body, id: randomUUID(), siteId: randomUUID() },
  ]);
  t.same(
    batch.body.items.map((item: { status: number }) => item.status),
    [201, 400, 400, 422],
    'one bad item never costs the others',
  );
});

t.test('storage ends, by the law or by the site’s own days, and overdue stock says since when', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse', { capabilities });
  const receive = async (receivedAt: string, grams: number) =>
    (
      await client.post(URL, {
        siteId,
        vesselNumber: 'x',
        items: [
          { material: 'oily-water', grams },
          { material: 'sewage', grams },
        ],
        receivedAt,
      })
    ).body.receipt.seq as number;
  const first = await receive('2025-06-30T08:00:00+08:00', 700);
  await client.patch(`/v1/sites/${siteId}/pollutant-settings`, {
    storageDays: [{ material: 'oily-water', days: 90 }],
  });
  await receive('2026-11-20T08:00:00+08:00', 300);
  const url = `/v1/sites/${siteId}/pollutants`;
  const now = (await client.get(url)).body;
  t.match(now.items, [
    {
      material: 'oily-water',
      grams: 1_000,
      millilitres: 1_000,
      oldestDay: '2025-06-30',
      storeUntil: '2026-06-30',
      overdueSince: '2026-07-01',
      licence: null,
      flows: { received: 1_000, treated: 0 },
    },
    { material: 'sewage', grams: 1_000, storeUntil: null, overdueSince: null, licence: 'no-capability' },
  ]);
  t.match((await client.get(`${url}?asOfSeq=${first}`)).body, {
    asOfSeq: first,
    items: [{ grams: 700 }, { grams: 700 }],
  });
  t.same((await client.get(`${url}?asOfSeq=${first - 1}`)).body.items, []);
  t.match(await client.get(`${url}?asOfSeq=${now.asOfSeq + 1}`), {
    status: 422,
    body: { code: 'beyond_head' },
  });
});

t.test('what was measured and what was computed', async (t) => {
  t.match(measure({ material: 'waste-oil', grams: 900 }, ''), {
    grams: 900,
    gramsFrom: 'measured',
    millilitres: 1_000,
    millilitresFrom: 'computed',
  });
  t.match(measure({ material: 'oily-water', millilitres: 9_007_199_254, gramsPerLitre: 1_001 }, ''), {
    grams: 9_016_206_453,
    gramsFrom: 'computed',
    density: { gramsPerLitre: 1_001, from: 'given' },
  });
  t.match(measure({ material: 'hazardous-other', grams: 5 }, ''), {
    millilitres: null,
    millilitresFrom: null,
  });
});
