import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { decodeVector } from '../../src/provenance/shares.ts';
import { type Client, startTestApp, type TestApp } from '../support/app.ts';

const weighIn = async (client: Client, siteId: string, grams: number, more: object = {}): Promise<string> => {
  const { status, body } = await client.post('/v1/collections', {
    siteId,
    bagTag: randomUUID(),
    material: 'pet',
    form: 'bottle',
    originClass: 'shoreline',
    grossGrams: grams,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
    ...more,
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.lot.id;
};
const paper = () => ({
  manifest: '3310022026000126',
  wasteCode: '900-003-S17',
  receiver: { name: '台州某固废处置厂', licence: '浙 126' },
  disposedAt: new Date(Date.now() - 60_000).toISOString(),
});
const gramsOf = async (client: Client, lotId: string): Promise<number> =>
  (await client.get(`/v1/lots/${lotId}`)).body.grams;

/** In stock + lost + left for good, by source, against what each source brought in. */
const assertConserved = async (t: Test, app: TestApp): Promise<void> => {
  const { rows: head } = await app.deps.pool.query('SELECT size FROM head');
  t.ok(await app.deps.follower.reaches(head[0].size - 1, 5_000));
  const { rows: sources } = await app.deps.pool.query('SELECT key, lot_id, grams FROM sources');
  const held = new Map<number, number>(sources.map((s) => [s.key, 0]));
  const add = (bytes: Buffer): void => {
    const v = decodeVector(bytes);
    for (const [i, key] of v.keys.entries()) held.set(key, held.get(key)! + v.grams[i]!);
  };
  const { rows: live } = await app.deps.pool.query(`
    SELECT l.id, l.seq, l.place, l.grams, v.vector, v.grams AS sum FROM lots l
    LEFT JOIN LATERAL (SELECT vector, grams FROM lot_vectors WHERE lot_id = l.id ORDER BY seq DESC LIMIT 1) v ON true
    WHERE l.grams > 0`);
  for (const lot of live) {
    if (lot.vector === null)
      held.set(lot.seq * 128 + lot.place, held.get(lot.seq * 128 + lot.place)! + lot.grams);
    else {
      add(lot.vector);
      t.equal(lot.sum, lot.grams, 'a lot in stock is its vector');
    }
  }
  const { rows: gone } = await app.deps.pool.query(
    'SELECT vector FROM lot_losses UNION ALL SELECT vector FROM lot_exits',
  );
  for (const { vector } of gone) add(vector);
  for (const source of sources) t.equal(held.get(source.key), source.grams, `source ${source.key} is whole`);
};

t.test('residue goes with its manifest, scrap and floats without', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const lots = [await weighIn(client, siteId, 701), await weighIn(client, siteId, 1_303)];
  const run = await client.post('/v1/process-runs', {
    siteId,
    step: 'sort',
    inputs: lots.map((lotId) => ({ lotId })),
    outputs: [
      { material: 'pet', form: 'bottle', grams: 1_000 },
      { material: 'residue', form: 'mixed', grams: 900 },
    ],
    losses: [{ kind: 'evaporated', grams: 104 }],
  });
  const [bottles, residue] = run.body.outputs;
  const body = { id: randomUUID(), siteId, lots: [{ lotId: residue.lotId }], ...paper(), measuredGrams: 880 };
  const disposed = await client.post('/v1/disposals', { ...body, vehicle: '浙J·12345', note: '第二车' });
  t.equal(disposed.status, 201, JSON.stringify(disposed.body));
  t.match(disposed.body, {
    id: body.id,
    way: 'disposal',
    grams: 900,
    measuredGrams: 880,
    lots: [{ lotId: residue.lotId, grams: 900 }],
  });
  t.equal(await gramsOf(client, residue.lotId), 0);
  const again = await client.post('/v1/disposals', { ...body, vehicle: '浙J·12345', note: '第二车' });
  t.same(again.body, disposed.body, 'a repeat is the same write');
  const entry = (await app.operator.get(`/v1/ledger/entries/${disposed.body.receipt.seq}`)).body;
  t.notMatch(JSON.stringify(entry), /3310022026000126|900-003-S17|台州|浙|第二车/, 'the paper is not public');

  const released = await client.post('/v1/disposals', {
    siteId,
    way: 'released-uncertified',
    lots: [{ lotId: bottles.lotId, grams: 333 }],
    receiver: { name: '废品站' },
    disposedAt: paper().disposedAt,
  });
  t.match(released, { status: 201, body: { way: 'released-uncertified', grams: 333, measuredGrams: null } });
  const reused = await client.post('/v1/disposals', {
    siteId,
    way: 'reused',
    lots: [{ lotId: bottles.lotId, grams: 67 }],
    disposedAt: paper().disposedAt,
  });
  t.equal(reused.status, 201);
  t.equal(await gramsOf(client, bottles.lotId), 600);

  t.match((await client.get(`/v1/disposals/${body.id}`)).body, {
    way: 'disposal',
    manifest: '3310022026000126',
    wasteCode: '900-003-S17',
    receiver: { licence: '浙 126' },
    vehicle: '浙J·12345',
    grams: 900,
    measuredGrams: 880,
    lots: [{ lotId: residue.lotId, grams: 900 }],
  });
  t.equal((await client.get('/v1/disposals')).body.items.length, 3);
  await assertConserved(t, app);
  const destinations = (await client.get(`/v1/lots/${lots[0]}/destinations`)).body.items;
  t.same(
    destinations.map((s: { seq: number }) => s.seq),
    [run, disposed, released, reused].map((a) => a.body.receipt.seq),
    'a lot’s destinations end at the plant',
  );
  t.match(destinations[1], { inputs: [{ lotId: residue.lotId, grams: 900 }], outputs: [], losses: [] });
  const trail = (await client.get(`/v1/lots/${bottles.lotId}/trail`)).body.items;
  t.notOk(
    trail.some((s: { seq: number }) => s.seq === released.body.receipt.seq),
    'what left is not where the rest comes from',
  );
  const batch = await client.post('/v1/batches', { siteId, inputs: [{ lotId: bottles.lotId }] });
  t.match(
    (await client.get(`/v1/batches/${batch.body.id}/provenance`)).body.lossesOnTheWay,
    [{ kind: 'evaporated', grams: 104 }],
    'nor is it a loss',
  );
  const { rows } = await app.deps.pool.query('SELECT way, grams FROM lot_exits ORDER BY seq');
  t.same(rows, [
    { way: 'disposal', grams: 900 },
    { way: 'released-uncertified', grams: 333 },
    { way: 'reused', grams: 67 },
  ]);
});

t.test('a disposal without its paper, of gone or foreign grams, is refused', async (t) => {
  const { site } = await startTestApp(t);
  const { siteId, client } = await site('station');
  const stranger = await site('station');
  const lotId = await weighIn(client, siteId, 1_000);
  const ask = (more: object, by = client) =>
    by.post('/v1/disposals', { siteId, lots: [{ lotId }], ...paper(), ...more });
  for (const [more, status, code] of [
    [{ manifest: undefined }, 422, 'no_manifest'],
    [{ wasteCode: undefined }, 422, 'no_waste_code'],
    [{ receiver: undefined }, 422, 'no_licence'],
    [{ receiver: { name: '某厂' } }, 422, 'no_licence'],
    [{ disposedAt: new Date(Date.now() + 3_600_000).toISOString() }, 422, 'not_yet'],
    [{ lots: [{ lotId: randomUUID() }] }, 422, 'unknown_lot'],
    [{ lots: [{ lotId }, { lotId }] }, 422, 'lot_named_twice'],
    [{ lots: [{ lotId, grams: 1_001 }] }, 409, 'grams_gone'],
    [{ lots: [] }, 400, 'malformed'],
    [{ way: 'burnt' }, 400, 'malformed'],
  ] as const)
    t.match(await ask(more), { status, body: { code } }, JSON.stringify(more));
  t.match(await ask({}, stranger.client), { status: 422, body: { code: 'unknown_site' } });
  const both = await Promise.all([ask({}), ask({})]);
  t.same(both.map((a) => a.status).sort(), [201, 409], 'one wins');
  const id = both.find((a) => a.status === 201)!.body.id;
  t.equal((await stranger.client.get(`/v1/disposals/${id}`)).status, 404);
  t.same((await stranger.client.get('/v1/disposals')).body.items, []);
});

t.test('a fire takes grams of a site, the sea those of a load', async (t) => {
  const app = await startTestApp(t);
  const [station, warehouse, stranger] = [
    await app.site('station'),
    await app.site('warehouse', { toleranceBasisPoints: 0 }),
    await app.site('station'),
  ];
  const { siteId, client } = station;
  const [burnt, sent, stays] = [
    await weighIn(client, siteId, 1_000),
    await weighIn(client, siteId, 5_000),
    await weighIn(client, siteId, 300),
  ];
  const what = { reference: '消防认定 2026-126', happenedAt: new Date(Date.now() - 60_000).toISOString() };
  const body = { id: randomUUID(), siteId, kind: 'fire', lots: [{ lotId: burnt, grams: 400 }], ...what };
  const fire = await client.post('/v1/incidents', body);
  t.match(fire, { status: 201, body: { id: body.id, kind: 'fire', grams: 400, lots: [{ lotId: burnt }] } });
  t.same((await client.post('/v1/incidents', body)).body, fire.body);
  t.equal(await gramsOf(client, burnt), 600);
  const entry = (await app.operator.get(`/v1/ledger/entries/${fire.body.receipt.seq}`)).body;
  t.notMatch(JSON.stringify(entry), /消防认定/, 'the reference is not public');

  const load = await client.post('/v1/shipments', {
    fromSiteId: siteId,
    toSiteId: warehouse.siteId,
    lots: [{ lotId: sent }],
  });
  const shipmentId = load.body.id;
  const atSea = { shipmentId, kind: 'lost-at-sea', lots: [{ lotId: sent, grams: 2_000 }], ...what };
  for (const [more, status, code] of [
    [{ siteId: undefined }, 400, 'malformed'],
    [{ shipmentId }, 400, 'malformed'],
    [{ kind: 'evaporated' }, 400, 'malformed'],
    [{ lots: [{ lotId: sent }] }, 409, 'not_here'],
    [{ siteId: undefined, shipmentId, lots: [{ lotId: stays }] }, 409, 'not_here'],
    [{ siteId: undefined, shipmentId: randomUUID() }, 422, 'unknown_shipment'],
    [{ lots: [{ lotId: burnt, grams: 601 }] }, 409, 'grams_gone'],
    [{ happenedAt: new Date(Date.now() + 3_600_000).toISOString() }, 422, 'not_yet'],
  ] as const)
    t.match(
      await client.post('/v1/incidents', { ...body, id: undefined, ...more }),
      { status, body: { code } },
      JSON.stringify(more),
    );
  t.match(await stranger.client.post('/v1/incidents', atSea), {
    status: 422,
    body: { code: 'unknown_shipment' },
  });
  const lost = await client.post('/v1/incidents', atSea);
  t.match(lost, { status: 201, body: { kind: 'lost-at-sea', grams: 2_000 } });
  t.match((await client.get(`/v1/shipments/${shipmentId}`)).body, { lots: [{ lotId: sent, grams: 3_000 }] });
  const received = await warehouse.client.post(`/v1/shipments/${shipmentId}/receipt`, {
    measuredGrams: 3_000,
  });
  t.match(
    received,
    { status: 201, body: { bookedGrams: 3_000, lossGrams: 0, onHold: false } },
    'what was lost at sea is not missing again',
  );
  t.match((await client.get(`/v1/incidents/${lost.body.id}`)).body, {
    siteId: null,
    shipmentId,
    kind: 'lost-at-sea',
    reference: '消防认定 2026-126',
    grams: 2_000,
  });
  t.equal((await client.get('/v1/incidents')).body.items.length, 2);
  t.same((await stranger.client.get('/v1/incidents')).body.items, []);
  t.equal((await stranger.client.get(`/v1/incidents/${body.id}`)).status, 404);
  await assertConserved(t, app);
  const batch = await warehouse.client.post('/v1/batches', { inputs: [{ lotId: sent }] });
  t.same((await warehouse.client.get(`/v1/batches/${batch.body.id}/provenance`)).body.lossesOnTheWay, [
    { kind: 'lost-at-sea', grams: 2_000 },
  ]);
});
