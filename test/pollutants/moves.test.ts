import { randomUUID } from 'node:crypto';
import t from 'tap';
import { startTestApp, type TestApp } from '../support/app.ts';

const at = '2026-11-20T08:00:00+08:00';
const capabilities = [
  { name: 'pollutants', licence: '浙危废经第 126 号', validUntil: '2030-12-31' },
  { name: 'treatment', licence: '浙危废经第 127 号' },
];

type Item = { material: string; grams: number; millilitres: number; flows: Record<string, number> };

const warehouse = async (app: TestApp, more: object = { capabilities }) => {
  const made = await app.site('warehouse', more);
  const receive = (...items: object[]) =>
    made.client.post('/v1/pollutant-receptions', {
      siteId: made.siteId,
      vesselNumber: 'x',
      items,
      receivedAt: at,
    });
  const stock = async (): Promise<Record<string, Item>> =>
    Object.fromEntries(
      (await made.client.get(`/v1/sites/${made.siteId}/pollutants`)).body.items.map((item: Item) => [
        item.material,
        item,
      ]),
    );
  return { ...made, receive, stock };
};

t.test('received = in stock + treated + lost, to the gram, over two sites and every way', async (t) => {
  const app = await startTestApp(t);
  const [a, b] = [await warehouse(app), await warehouse(app)];
  await a.receive({ material: 'oily-water', millilitres: 1_000_003 }, { material: 'waste-oil', grams: 900 });
  await a.receive({ material: 'oily-water', grams: 999_997, millilitres: 1_000_000 });

  const sent = await a.client.post('/v1/pollutant-transfers', {
    fromSiteId: a.siteId,
    toSiteId: b.siteId,
    items: [{ material: 'oily-water', grams: 777_777 }, { material: 'waste-oil' }],
    manifest: '3310812026000126',
    vehicle: '浙J·12345',
    dispatchedAt: at,
  });
  t.equal(sent.status, 201, JSON.stringify(sent.body));
  // 777,777 × 2,000,003 / 2,000,000, rounded down.
  t.same(sent.body.items, [
    { material: 'oily-water', grams: 777_777, millilitres: 777_778 },
    { material: 'waste-oil', grams: 900, millilitres: 1_000 },
  ]);
  const url = `/v1/pollutant-transfers/${sent.body.id}`;
  t.match((await b.client.get(url)).body, { state: 'on-the-way', manifest: '3310812026000126' });
  t.equal((await b.client.get('/v1/pollutant-transfers')).body.items.length, 1);
  const arrival = {
    items: [
      { material: 'oily-water', grams: 777_000 },
      { material: 'waste-oil', grams: 905 },
    ],
    arrivedAt: at,
  };
  t.equal((await a.client.post(`${url}/receipt`, arrival)).status, 404, 'whoever receives it says what came');
  for (const [code, items] of [
    ['not_sent', [...arrival.items, { material: 'sewage', grams: 1 }]],
    ['not_measured', [arrival.items[0]]],
    ['repeated_material', [arrival.items[0], arrival.items[0]]],
    ['no_amount', [{ material: 'oily-water' }, arrival.items[1]]],
  ] as const)
    t.match(
      await b.client.post(`${url}/receipt`, { ...arrival, items }),
      { status: 422, body: { code } },
      code,
    );
  const two = await Promise.all([1, 2].map(() => b.client.post(`${url}/receipt`, arrival)));
  t.same(two.map(({ status }) => status).sort(), [201, 409], 'it arrives once');
  t.match((await a.client.get(url)).body, {
    state: 'arrived',
    items: [
      { material: 'oily-water', grams: 777_777, arrivedGrams: 777_000, lostGrams: 777, surplusGrams: 0 },
      { material: 'waste-oil', grams: 900, arrivedGrams: 905, lostGrams: 0, surplusGrams: 5 },
    ],
  });

  const treated = await b.client.post('/v1/pollutant-treatments', {
    siteId: b.siteId,
    method: 'oil-separation',
    items: [{ material: 'oily-water', grams: 700_000 }],
    residues: [
      { material: 'waste-oil', grams: 30_000, millilitres: 33_000 },
      { material: 'sludge', grams: 5_000 },
    ],
    treatedAt: at,
  });
  t.match(treated, { status: 201, body: { closedGrams: 665_000, marks: [] } }, JSON.stringify(treated.body));
  t.match((await b.client.get(`/v1/pollutant-treatments/${treated.body.id}`)).body, {
    grams: 700_000,
    plant: { licence: '浙危废经第 127 号' },
    residues: [{ material: 'waste-oil' }, { material: 'sludge', grams: 5_000 }],
  });
  const lost = await b.client.post('/v1/pollutant-losses', {
    siteId: b.siteId,
    kind: 'spilled',
    items: [{ material: 'oily-water', grams: 1_000 }],
    happenedAt: at,
    reference: '海事 2026-018',
  });
  t.equal(lost.status, 201);
  t.match((await b.client.get(`/v1/pollutant-losses/${lost.body.id}`)).body, {
    grams: 1_000,
    kind: 'spilled',
  });

  const [here, there] = [await a.stock(), await b.stock()];
  t.match(here, {
    'oily-water': { grams: 1_222_223, millilitres: 1_222_225, flows: { received: 2_000_000, sent: 777_777 } },
    'waste-oil': { grams: 0, millilitres: 0, flows: { received: 900, sent: 900 } },
  });
  t.match(there, {
    'oily-water': { grams: 76_000, flows: { arrived: 777_000, treated: 700_000, lost: 1_000 } },
    'waste-oil': { grams: 30_905, flows: { arrived: 905, residue: 30_000 } },
    sludge: { grams: 5_000, flows: { residue: 5_000 } },
  });
  for (const { material, grams, flows } of [...Object.values(here), ...Object.values(there)]) {
    const [come, gone] = [
      flows.received! + flows.arrived! + flows.residue!,
      flows.sent! + flows.treated! + flows.lost!,
    ];
    t.equal(come, grams + gone, material);
  }
  const inStock = [...Object.values(here), ...Object.values(there)].reduce(
    (sum, { grams }) => sum + grams,
    0,
  );
  t.equal(
    2_000_000 + 900 + 5,
    inStock + 665_000 + 1_000 + 777,
    'received + surplus = in stock + closed + lost',
  );
  t.same((await b.client.get(`/v1/sites/${b.siteId}/inventory`)).body.items, [], 'sludge of oil is no lot');
});

t.test('nobody takes what is not there, and of two who want the same one wins', async (t) => {
  const app = await startTestApp(t);
  const [a, b] = [await warehouse(app), await warehouse(app)];
  await a.receive({ material: 'oily-water', grams: 1_000 });
  const send = (grams: number, more = {}) =>
    a.client.post('/v1/pollutant-transfers', {
      fromSiteId: a.siteId,
      toSiteId: b.siteId,
      items: [{ material: 'oily-water', grams }],
      dispatchedAt: at,
      ...more,
    });
  const lose = () =>
    a.client.post('/v1/pollutant-losses', {
      siteId: a.siteId,
      kind: 'spilled',
      items: [{ material: 'oily-water', grams: 600 }],
      happenedAt: at,
    });
  const two = await Promise.all([send(600), lose()]);
  t.same(two.map(({ status }) => status).sort(), [201, 409]);
  t.match(two.find(({ status }) => status === 409)!.body, {
    code: 'not_enough',
    state: { material: 'oily-water', grams: 400 },
  });
  t.match(await send(401), { status: 409, body: { code: 'not_enough', state: { grams: 400 } } });
  const rest = { id: randomUUID(), items: [{ material: 'oily-water' }] };
  t.match(await send(0, rest), { status: 201, body: { items: [{ grams: 400 }] } }, 'all that is left');
  t.equal((await send(0, rest)).headers['idempotency-replayed'], 'true');
  t.match(await send(1), { status: 409, body: { state: { grams: 0 } } });
  for (const [code, more] of [
    ['same_site', { toSiteId: a.siteId }],
    ['unknown_site', { toSiteId: randomUUID() }],
    ['unknown_site', { fromSiteId: b.siteId }],
    ['not_yet', { dispatchedAt: new Date(Date.now() + 86_400_000).toISOString() }],
  ] as const)
    t.match(await send(1, more), { status: 422, body: { code } }, code);
});

t.test('a treatment is worth its paper', async (t) => {
  const app = await startTestApp(t);
  const bare = await warehouse(app, {});
  const own = await warehouse(app, {
    capabilities: [{ name: 'treatment', licence: '浙危废经第 128 号', validUntil: '2025-12-31' }],
  });
  await bare.receive({ material: 'waste-oil', grams: 1_000 });
  await own.receive({ material: 'waste-oil', grams: 1_000 }, { material: 'oily-water', grams: 1_000 });
  const plant = { name: '台州某危废处置厂', licence: '浙危废经第 126 号' };
  const paper = { plant, manifest: '3310812026000126', wasteCode: '900-249-08' };
  const treat = ({ client, siteId }: typeof bare, more: object) =>
    client.post('/v1/pollutant-treatments', {
      siteId,
      method: 'oil-refining',
      items: [{ material: 'waste-oil', grams: 400 }],
      treatedAt: at,
      ...more,
    });
  for (const [code, more] of [
    ['no_licence', {}],
    ['no_licence', { ...paper, plant: { name: 'x' } }],
    ['no_manifest', { ...paper, manifest: undefined }],
    ['no_waste_code', { ...paper, wasteCode: undefined }],
    ['residue_elsewhere', { ...paper, residues: [{ material: 'sludge', grams: 1 }] }],
  ] as const)
    t.match(await treat(bare, more), { status: 422, body: { code } }, code);
  for (const [code, residues] of [
    ['residue_is_input', [{ material: 'waste-oil', grams: 1 }]],
    ['residue_above_input', [{ material: 'sludge', grams: 401 }]],
    ['repeated_material', [1, 2].map((grams) => ({ material: 'sludge', grams }))],
  ] as const)
    t.match(await treat(own, { residues }), { status: 422, body: { code } }, code);
  t.match(await treat(own, { residues: [{ material: 'sludge', grams: 400 }] }), {
    status: 201,
    body: { closedGrams: 0, marks: ['licence-expired'] },
  });
  const done = await treat(bare, paper);
  t.match(done, { status: 201, body: { closedGrams: 400, marks: [] } });
  t.match((await bare.client.get(`/v1/pollutant-treatments/${done.body.id}`)).body, paper);
  const open = JSON.stringify((await app.operator.get(`/v1/ledger/entries/${done.body.receipt.seq}`)).body);
  for (const secret of [paper.manifest, plant.name, plant.licence, done.body.id])
    t.notOk(open.includes(secret), `${secret} is sealed`);
  t.match((await bare.stock())['waste-oil'], { grams: 600, flows: { treated: 400 } });
});
