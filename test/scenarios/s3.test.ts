import { randomUUID } from 'node:crypto';
import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { cny, ok, openedPayouts } from '../support/payouts.ts';

const PRICE = { amount: 1, currency: 'CNY', perGrams: 1 };

t.test('S3 an honest accident: one zero too many, found late', async (t) => {
  const world = await openedPayouts(t, 1);
  const { app } = world;
  const [fisher] = world.collectors as [string];
  const station = { siteId: world.siteId, client: world.client };
  const warehouse = await app.site('warehouse');
  const certifiers = await app.operator.post('/v1/organisations', { name: '认证', kind: 'certifier' });
  const [first, second] = [
    await app.keyFor(certifiers.body.id, 'certifier', { holder: '甲' }),
    await app.keyFor(certifiers.body.id, 'certifier', { holder: '乙' }),
  ];
  const weighIn = async (grams: number, more: object = {}) =>
    ok(
      await station.client.post('/v1/collections', {
        id: randomUUID(),
        siteId: station.siteId,
        bagTag: randomUUID(),
        material: 'pet',
        form: 'bottle',
        originClass: 'sea-recovered',
        originEvidence: 'position',
        grossGrams: grams,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: new Date().toISOString(),
        quote: { price: PRICE },
        ...more,
      }),
    );
  const bags = [];
  for (let i = 0; i < 9; i++) bags.push(await weighIn(10_000));
  const paid = { kind: 'cash', paid: cny(100_000) };
  const tenth = await weighIn(100_000, { collectorId: fisher, settlement: paid });
  bags.push(tenth);
  t.same(tenth.earning, { amount: 100_000, currency: 'CNY' });

  const shipment = ok(
    await station.client.post('/v1/shipments', {
      fromSiteId: station.siteId,
      toSiteId: warehouse.siteId,
      lots: bags.map((bag) => ({ lotId: bag.lot.id })),
    }),
  );
  const received = ok(
    await warehouse.client.post(`/v1/shipments/${shipment.id}/receipt`, { measuredGrams: 100_000 }),
  );
  t.match(received, { bookedGrams: 190_000, measuredGrams: 100_000, lossGrams: 0, onHold: true });
  const gramsOf = async (id: string): Promise<number> =>
    ok(await warehouse.client.get(`/v1/lots/${id}`), 200).grams;
  for (const bag of bags.slice(0, 9)) t.equal(await gramsOf(bag.lot.id), 10_000, 'the others keep theirs');

  const sort = {
    siteId: warehouse.siteId,
    step: 'sort',
    inputs: bags.map((bag) => ({ lotId: bag.lot.id })),
    outputs: [{ material: 'pet', form: 'bottle', grams: 100_000 }],
    losses: [],
    at: new Date(Date.now() - 3_600_000).toISOString(),
  };
  t.match(await warehouse.client.post('/v1/process-runs', sort), {
    status: 409,
    body: { code: 'on_hold', state: { caseId: received.caseId } },
  });
  const decide = (by: typeof first) =>
    by.post(`/v1/cases/${received.caseId}/decision`, { outcome: 'explained', note: '第十袋多打一个零' });
  t.match(await decide(first), {
    status: 409,
    body: { code: 'not_explained', state: { missingGrams: 90_000 } },
  });

  const corrected = ok(
    await station.client.post(`/v1/collections/${tenth.id}/correction`, {
      grossGrams: 10_000,
      reason: '多打一个零',
    }),
  );
  t.match(corrected, {
    lot: { id: tenth.lot.id, grams: 10_000 },
    payGrams: 10_000,
    earning: { amount: 10_000, currency: 'CNY' },
    deficitGrams: 0,
  });
  t.match(ok(await decide(first)), { state: 'proposed' });
  t.match(ok(await decide(second)), { state: 'decided', outcome: 'explained', lossGrams: 0 });
  for (const bag of bags) t.equal(await gramsOf(bag.lot.id), 10_000, 'ten lots of 10,000 g');

  const run = ok(await warehouse.client.post('/v1/process-runs', sort));
  t.equal(run.outputs[0].grams, 100_000, 'the sort is entered late');
  const shown = ok(await warehouse.client.get(`/v1/shipments/${shipment.id}`), 200);
  t.match(shown, { lossGrams: 0, measuredGrams: 100_000 }, 'the carrier lost nothing');
  const view = ok(await station.client.get(`/v1/collections/${tenth.id}`), 200);
  t.match(view, { grossGrams: 10_000, payGrams: 10_000, state: 'corrected', lot: { gramsLeft: 0 } });

  t.match(await world.owed(fisher), { owed: 0, overpaid: 90_000 }, 'an error of the station, no debt of his');
  await world.fund('rail', 100_000);
  const consent = async (given: boolean) =>
    ok(
      await station.client.post(`/v1/collectors/${fisher}/netting-consent`, {
        ...{ given, at: new Date().toISOString() },
      }),
    );
  await world.earn(fisher, 30_000);
  const asked = ok(await world.order(fisher, {}));
  t.match(asked, { amount: 30_000, netted: 0 }, 'without consent nothing');
  ok(await world.payer.post(`/v1/payout-orders/${asked.id}/cancel`, { reason: '先问本人' }));
  await consent(true);
  const netting = ok(await world.order(fisher, {}));
  t.match(netting, { amount: 24_000, netted: 6_000 }, 'a fifth at most');
  ok(await world.approve(netting.id));
  ok(await world.submit(netting.id));
  await world.tick();
  world.confirmAll();
  await world.tick(60_000);
  t.match(await world.orderOf(fisher), { state: 'paid', amount: 24_000, netted: 6_000 });
  t.match(await world.owed(fisher), { owed: 0, inPayment: 0, overpaid: 84_000 });
  t.equal(world.sim.books.paid(), 24_000);
  await consent(false);
  await world.earn(fisher, 30_000);
  t.match(ok(await world.order(fisher, {})), { amount: 30_000, netted: 0 }, 'taken back, nothing again');
  const trial = ok(await app.operator.get('/v1/accounts/trial-balance'), 200);
  t.match(trial.items, [{ currency: 'CNY', difference: 0 }]);

  const everything = ok(await app.client('nobody').get('/v1/ledger/entries?limit=1000'), 200);
  const factAt = (seq: number) => everything.items[seq].entry;
  for (const bag of bags.slice(0, 9)) t.equal(factAt(bag.receipt.seq).data.grossGrams, 10_000);
  t.equal(factAt(tenth.receipt.seq).data.grossGrams, 100_000, 'the old fact still stands');
  t.match(factAt(corrected.receipt.seq), { type: 'collection.corrected.v1', seq: corrected.receipt.seq });
  t.equal(everything.nextSeq, null, 'none is missing');
});

t.test(
  'a correction after the grams were used is a deficit that lowers what is claimable downstream',
  async (t) => {
    const app = await startTestApp(t);
    const { siteId, client } = await app.site('station');
    const collector = await client.post('/v1/collectors', {
      siteId,
      name: '渔民',
      consent: { version: '1', at: '2026-01-01T00:00:00+08:00' },
    });
    const collection = {
      id: randomUUID(),
      siteId,
      collectorId: collector.body.id,
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      originEvidence: 'position',
      grossGrams: 12_000,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
      quote: { price: PRICE },
    };
    const { body: weighIn } = await client.post('/v1/collections', collection);
    t.equal(weighIn.lot.claimableGrams, 12_000);
    const run = await client.post('/v1/process-runs', {
      siteId,
      step: 'bale',
      inputs: [{ lotId: weighIn.lot.id, grams: 10_000 }],
      outputs: [{ material: 'pet', form: 'bale', grams: 10_000 }],
      losses: [],
    });
    const bale = run.body.outputs[0].lotId as string;
    const claimable = async (id: string) => (await client.get(`/v1/lots/${id}`)).body.claimableGrams;
    t.equal(await claimable(bale), 10_000);
    const batch = await client.post('/v1/batches', { siteId, inputs: [{ lotId: bale, grams: 5_000 }] });
    const provenance = async () => (await client.get(`/v1/batches/${batch.body.id}/provenance`)).body;
    t.equal((await provenance()).claimableGrams, 5_000);

    const correct = (change: object) =>
      client.post(`/v1/collections/${weighIn.id}/correction`, { ...change, reason: '错' });
    const down = await correct({ grossGrams: 9_000 });
    t.match(down, { status: 201, body: { deficitGrams: 1_000, payGrams: 9_000 } });
    t.equal((await client.get(`/v1/lots/${weighIn.lot.id}`)).body.grams, 0, 'the own lot gave what it held');
    t.equal(await claimable(bale), 4_500, '5,000 g left of 10,000 g of which 9,000 g were there');
    t.equal((await provenance()).claimableGrams, 4_500, 'and so the sealed batch');
    const { body: cases } = await client.get('/v1/cases');
    t.match(cases.items, [{ kind: 'weigh-in-deficit', grams: 1_000, subjectId: weighIn.lot.id }]);

    const up = await correct({ grossGrams: 11_000 });
    t.match(up.body, { deficitGrams: 0 });
    t.type(up.body.surplusLotId, 'string', 'once drawn on, more is a surplus');
    t.equal((await client.get(`/v1/lots/${up.body.surplusLotId}`)).body.grams, 1_000);
    t.equal(await claimable(up.body.surplusLotId), 0);
    t.equal((await provenance()).claimableGrams, 5_000);

    const land = await correct({ originClass: 'land' });
    t.equal(land.status, 201);
    t.equal(
      (await client.get(`/v1/lots/${bale}`)).body.originClass,
      'land',
      'lots made of it are of its class',
    );
    const balesAt = async (asOfSeq: number) =>
      (await client.get(`/v1/sites/${siteId}/inventory?asOfSeq=${asOfSeq}`)).body.items.filter(
        (item: { form: string }) => item.form === 'bale',
      );
    const { seq } = land.body.receipt;
    const bales = { material: 'pet', form: 'bale', grams: 10_000, lots: 2 };
    t.match(await balesAt(seq), [{ ...bales, originClass: 'land', claimableGrams: 0 }]);
    t.match(await balesAt(seq - 1), [{ ...bales, originClass: 'sea-recovered', claimableGrams: 10_000 }]);
    const corrected = await provenance();
    t.match(corrected, { claimableGrams: 0, custodyModel: 'controlled-blending' });
    t.same(corrected.byOriginClass, [{ originClass: 'land', grams: 5_000 }]);
    t.match(await correct({ originClass: 'land' }), { status: 422, body: { code: 'no_change' } });

    t.match(await client.post(`/v1/collections/${weighIn.id}/void`, { reason: '无此事' }), {
      status: 201,
      body: { payGrams: 0, lot: { loweredGrams: 0 } },
    });
    t.match(await correct({ grossGrams: 1 }), { status: 409, body: { code: 'already_voided' } });
    t.match((await client.get(`/v1/collections/${weighIn.id}`)).body, {
      state: 'voided',
      payGrams: 0,
      earning: null,
    });
  },
);

t.test('a void before anybody drew on the lot takes its grams away', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const other = await app.site('station');
  const { body: weighIn } = await client.post('/v1/collections', {
    siteId,
    material: 'pe-hd',
    form: 'rigid',
    originClass: 'shoreline',
    grossGrams: 700,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
  });
  const path = `/v1/collections/${weighIn.id}/void`;
  t.equal((await other.client.post(path, { reason: '别人的' })).status, 404);
  t.equal(
    (await client.post('/v1/collections/0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a0ff/void', { reason: 'x' })).status,
    404,
  );
  t.match((await client.post(path, { reason: '重复' })).body, { lot: { loweredGrams: 700 } });
  t.equal((await client.get(`/v1/lots/${weighIn.lot.id}`)).body.grams, 0);
  t.match(await client.post(path, { reason: '再来' }), { status: 409, body: { code: 'already_voided' } });
});
