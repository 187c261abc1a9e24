import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, type Client, startTestApp, type TestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

/** A warehouse with one lot of three weigh-ins, 500 + 300 + 200 g. */
const placeOf = async (app: TestApp) => {
  const { client, siteId } = await app.site('warehouse');
  const weighIn = async (grossGrams: number): Promise<string> =>
    ok(
      await client.post('/v1/collections', {
        siteId,
        bagTag: randomUUID(),
        material: 'pet',
        form: 'bottle',
        originClass: 'shoreline',
        grossGrams,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: new Date().toISOString(),
      }),
    ).lot.id;
  const inputs = [];
  for (const grams of [500, 300, 200]) inputs.push({ lotId: await weighIn(grams) });
  const run = ok(
    await client.post('/v1/process-runs', {
      siteId,
      step: 'consolidate',
      inputs,
      outputs: [{ material: 'pet', form: 'bottle', grams: 1_000 }],
      losses: [],
    }),
  );
  const lotId: string = run.outputs[0].lotId;
  const dispose = (lots: object[]): Promise<Answer> =>
    client.post('/v1/disposals', {
      siteId,
      lots,
      manifest: '3310022026000126',
      wasteCode: '900-003-S17',
      receiver: { name: '台州某固废处置厂', licence: '浙 126' },
      disposedAt: new Date().toISOString(),
    });
  const burn = (lots: object[], at: object = { siteId }): Promise<Answer> =>
    client.post('/v1/incidents', {
      ...at,
      kind: 'fire',
      lots,
      reference: '消 126',
      happenedAt: new Date().toISOString(),
    });
  const undo = (what: string, id: string, by: Client = client): Promise<Answer> =>
    by.post(`/v1/${what}/${id}/void`, { reason: '录错' });
  const lot = async (id: string) => ok(await client.get(`/v1/lots/${id}`), 200);
  const shares = async (id: string): Promise<number[]> =>
    ok(await client.get(`/v1/lots/${id}/provenance`), 200).items.map((i: { grams: number }) => i.grams);
  return { client, siteId, weighIn, run, lotId, dispose, burn, undo, lot, shares };
};

t.test('a disposal entered by mistake gives the very grams back', async (t) => {
  const app = await startTestApp(t);
  const { client, lotId, weighIn, dispose, undo, lot, shares } = await placeOf(app);
  const whole = await weighIn(77);
  const gone = ok(await dispose([{ lotId, grams: 333 }, { lotId: whole }]));
  t.same(await shares(lotId), [334, 200, 133]);
  t.match(await client.post(`/v1/disposals/${gone.id}/void`, {}), { status: 400 });
  t.equal((await undo('disposals', gone.id, (await app.site('station')).client)).status, 404);
  const voided = ok(await undo('disposals', gone.id));
  t.match(voided, {
    id: gone.id,
    state: 'voided',
    lots: [
      { lotId, grams: 333 },
      { lotId: whole, grams: 77 },
    ],
  });
  t.same([(await lot(lotId)).grams, (await lot(whole)).grams], [1_000, 77]);
  t.same(await shares(lotId), [500, 300, 200], 'the very grams');
  t.same(await shares(whole), [77]);
  t.same(ok(await client.get(`/v1/lots/${lotId}/destinations`), 200).items, [], 'and it went nowhere');
  t.match(ok(await client.get(`/v1/disposals/${gone.id}`), 200), { grams: 410, state: 'voided' });
  t.same((await app.deps.pool.query('SELECT seq FROM lot_exits')).rows, []);
  const entry = ok(await app.operator.get(`/v1/ledger/entries/${voided.receipt.seq}`), 200);
  t.notMatch(JSON.stringify(entry), /录错/, 'the reason is not public');
  t.match(await undo('disposals', gone.id), {
    status: 409,
    body: { code: 'already_voided', state: { disposalId: gone.id, seq: voided.receipt.seq } },
  });
});

t.test('two at once void a disposal once, and a repeat answers again', async (t) => {
  const app = await startTestApp(t);
  const { client, lotId, dispose, undo, lot } = await placeOf(app);
  const first = ok(await dispose([{ lotId, grams: 100 }]));
  const both = await Promise.all([undo('disposals', first.id), undo('disposals', first.id)]);
  t.same(both.map((r) => r.status).sort(), [201, 409]);
  const second = ok(await dispose([{ lotId }]));
  const [url, body] = [`/v1/disposals/${second.id}/void`, { id: randomUUID(), reason: '重复' }];
  const answers = [await client.post(url, body), await client.post(url, body)];
  t.same(answers[1]!.body, answers[0]!.body);
  t.equal(answers[1]!.headers['idempotency-replayed'], 'true');
  t.equal((await lot(lotId)).grams, 1_000);
});

t.test('a step is undone after what came after it', async (t) => {
  const app = await startTestApp(t);
  const { client, run, lotId, dispose, burn, undo, shares } = await placeOf(app);
  const [gone, burnt] = [ok(await dispose([{ lotId, grams: 333 }])), ok(await burn([{ lotId, grams: 7 }]))];
  const stands = await undo('process-runs', run.id);
  t.match(stands, {
    status: 409,
    body: { code: 'in_use', state: { lotId, grams: 660, seq: burnt.receipt.seq } },
  });
  ok(await undo('incidents', burnt.id));
  t.match(await undo('process-runs', run.id), { body: { code: 'in_use', state: { grams: 667 } } });
  ok(await undo('disposals', gone.id));
  t.same(await shares(lotId), [500, 300, 200]);
  const sampled = await client.post(`/v1/lots/${lotId}/samples`, { kind: 'moisture', basisPoints: 80 });
  t.equal(sampled.status, 201);
  ok(await undo('process-runs', run.id));
  t.same(await shares(lotId), [], 'a sample takes nothing');
});

t.test('nothing is given back into a sealed container, nor taken out of one', async (t) => {
  const app = await startTestApp(t);
  const { client, siteId, run, lotId, dispose, undo, lot } = await placeOf(app);
  const gone = ok(await dispose([{ lotId, grams: 100 }]));
  const { id } = ok(await client.post('/v1/containers', { siteId, tag: 'B 1', kind: 'bag' }));
  ok(await client.post(`/v1/containers/${id}/fill`, { lots: [{ lotId }] }));
  ok(await client.post(`/v1/containers/${id}/seal`, {}));
  t.match(await undo('disposals', gone.id), { status: 409, body: { code: 'in_container' } });
  ok(await client.post(`/v1/containers/${id}/open`, {}));
  ok(await undo('disposals', gone.id));
  t.match(await client.get(`/v1/containers/${id}`), { body: { grams: 1_000, lots: [{ lotId }] } });
  ok(await client.post(`/v1/containers/${id}/seal`, {}));
  t.match(await undo('process-runs', run.id), { status: 409, body: { code: 'in_container' } });
  ok(await client.post(`/v1/containers/${id}/open`, {}));
  ok(await undo('process-runs', run.id));
  t.equal((await lot(lotId)).grams, 0);
  t.match(await client.get(`/v1/containers/${id}`), { body: { grams: 0, lots: [] } });
});

t.test('an incident that did not happen, at a site and on the way', async (t) => {
  const app = await startTestApp(t);
  const { client, siteId, lotId, weighIn, burn, undo, shares } = await placeOf(app);
  const all = ok(await burn([{ lotId }]));
  t.same(await shares(lotId), [], 'and the follower has read that it holds nothing of any source');
  t.match(ok(await undo('incidents', all.id)), { lots: [{ lotId, grams: 1_000 }] });
  t.same(await shares(lotId), [500, 300, 200]);
  t.same((await app.deps.pool.query('SELECT seq FROM lot_losses')).rows, []);
  t.match(ok(await client.get(`/v1/incidents/${all.id}`), 200), { state: 'voided' });

  const to = await app.site('recycler');
  const load = ok(
    await client.post('/v1/shipments', {
      fromSiteId: siteId,
      toSiteId: to.siteId,
      lots: [{ lotId }, { lotId: await weighIn(50) }],
    }),
  );
  const lost = ok(await burn([{ lotId, grams: 333 }], { shipmentId: load.id }));
  const on = async () => ok(await client.get(`/v1/shipments/${load.id}`), 200).lots;
  t.match(await on(), [{ lotId, grams: 667 }, { grams: 50 }]);
  t.equal((await undo('incidents', lost.id, to.client)).status, 404, 'the load is its sender’s');
  ok(await undo('incidents', lost.id));
  t.match(await on(), [{ lotId, grams: 1_000 }, { grams: 50 }]);
  t.same(await shares(lotId), [500, 300, 200]);
  const late = ok(await burn([{ lotId, grams: 10 }], { shipmentId: load.id }));
  ok(await to.client.post(`/v1/shipments/${load.id}/receipt`, { measuredGrams: 1_040 }));
  t.match(await undo('incidents', late.id), {
    status: 409,
    body: { code: 'not_here', state: { lotId, siteId: to.siteId } },
  });
});

t.test('outside material that never came in', async (t) => {
  const app = await startTestApp(t);
  const { client, siteId, dispose, undo, lot, shares } = await placeOf(app);
  const admit = async () =>
    ok(
      await client.post('/v1/outside-materials', {
        siteId,
        kind: 'purchase',
        material: 'pet',
        form: 'flake',
        grams: 5_000,
        certificate: {
          body: 'x',
          number: '1',
          scope: 'y',
          fileSha256: 'a'.repeat(64),
          originClass: 'sea-recovered',
        },
      }),
    );
  const bought = await admit();
  t.equal(bought.lot.claimableGrams, 5_000);
  const gone = ok(await dispose([{ lotId: bought.lot.id, grams: 1 }]));
  t.match(await undo('outside-materials', bought.id), {
    status: 409,
    body: { code: 'in_use', state: { lotId: bought.lot.id, grams: 4_999, seq: gone.receipt.seq } },
  });
  ok(await undo('disposals', gone.id));
  t.equal((await undo('outside-materials', bought.id, (await app.site('station')).client)).status, 404);
  const voided = ok(await undo('outside-materials', bought.id));
  t.match(voided, { id: bought.id, state: 'voided', lots: [] });
  t.match(await lot(bought.lot.id), { grams: 0, claimableGrams: 0 });
  t.same(await shares(bought.lot.id), []);
  t.match(ok(await client.get(`/v1/outside-materials/${bought.id}`), 200), { state: 'voided' });
  t.match(await undo('outside-materials', bought.id), { status: 409, body: { code: 'already_voided' } });
  const source = await app.deps.pool.query(
    "SELECT grams, booked_grams, claimable_grams, accepted FROM sources WHERE kind = 'outside'",
  );
  t.same(source.rows, [{ grams: 5_000, booked_grams: 0, claimable_grams: 0, accepted: false }]);
  const { items } = ok(await client.get(`/v1/sites/${siteId}/inventory`), 200);
  t.match(items, [{ material: 'pet', form: 'bottle', grams: 1_000 }]);
});
