import { randomUUID } from 'node:crypto';
import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { AT, fen, tradeOf } from './sealed.ts';

t.test('an unsealed batch gives its inputs back the very grams', async (t) => {
  const app = await startTestApp(t);
  const { seller, mixed, weighIn, seal, post, sell, shares } = await tradeOf(app);
  const a = await mixed([500, 300, 200]);
  const b = await weighIn(400);
  const before = await shares(a);
  const batch = await seal([{ lotId: a, grams: 333 }, { lotId: b }]);
  t.equal(batch.lot.grams, 733);
  // Others take all that is left of the first lot: what comes back is then all that it holds.
  const other = await seal([{ lotId: a }]);
  const taken = await shares(other.lot.id);
  t.match(await post(batch.id, 'void', {}), { status: 400 });
  const unsealed = await post(batch.id, 'void', { reason: 'the wrong lot' });
  t.match(unsealed, {
    status: 201,
    body: {
      id: batch.id,
      state: 'unsealed',
      lots: [
        { lotId: a, grams: 333 },
        { lotId: b, grams: 400 },
      ],
    },
  });
  t.equal((await seller.client.get(`/v1/lots/${a}`)).body.grams, 333);
  t.equal((await seller.client.get(`/v1/lots/${b}`)).body.grams, 400);
  t.equal((await seller.client.get(`/v1/lots/${batch.lot.id}`)).body.grams, 0);
  t.same(
    await shares(a),
    before.map(([seq, grams], i) => [seq, grams - taken[i]![1]]),
    'the very grams',
  );
  t.match((await post(batch.id, 'void', { reason: 'again' })).body, {
    status: 409,
    code: 'already_unsealed',
  });
  t.match((await sell(batch.id)).body, { status: 409, code: 'already_unsealed' });
  t.equal((await seller.client.get(`/v1/batches/${batch.id}`)).body.state, 'unsealed');
  t.equal((await seller.client.get(`/v1/batches/${batch.id}/provenance`)).status, 404);
  const { items } = (await seller.client.get(`/v1/lots/${b}/destinations`)).body;
  t.same(items, [], 'the sealing leads nowhere');
  const again = await seal([{ lotId: b }]);
  t.equal(again.lot.grams, 400, 'the grams are free');

  // Taken whole by two batches one after the other, and given back by both.
  await post(other.id, 'void', { reason: 'x' });
  t.same(await shares(a), before, 'all of it is whole again');
});

t.test('a batch that was sold, used or moved stays sealed', async (t) => {
  const app = await startTestApp(t);
  const { seller, weighIn, seal, post, sell } = await tradeOf(app);
  const lotId = await weighIn(1_000);
  const batch = await seal([{ lotId, grams: 600 }]);
  const { siteId: elsewhere } = await app.site('warehouse');
  const sent = await seller.client.post('/v1/shipments', {
    fromSiteId: seller.siteId,
    toSiteId: elsewhere,
    lots: [{ lotId }],
  });
  t.equal(sent.status, 201);
  t.match((await post(batch.id, 'void', { reason: 'x' })).body, { status: 409, code: 'not_here' });
  const used = await seal([{ lotId: await weighIn(100) }]);
  const run = await seller.client.post('/v1/process-runs', {
    siteId: seller.siteId,
    step: 'bale',
    inputs: [{ lotId: used.lot.id }],
    outputs: [{ material: 'pet', form: 'bale', grams: 100 }],
    losses: [],
  });
  t.equal(run.status, 201);
  t.match((await post(used.id, 'void', { reason: 'x' })).body, {
    status: 409,
    code: 'in_use',
    state: { lotId: used.lot.id, seq: run.body.receipt.seq },
  });
  t.match((await sell(used.id)).body, { status: 409, code: 'grams_gone', state: { grams: 0 } });
  const sold = await seal([{ lotId: await weighIn(100) }]);
  t.equal((await sell(sold.id)).status, 201);
  t.match((await post(sold.id, 'void', { reason: 'x' })).body, { status: 409, code: 'already_sold' });
});

t.test('a reserved batch sells to its buyer alone, until then or until released', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, brandB, weighIn, seal, post, sell } = await tradeOf(app);
  const batch = await seal([{ lotId: await weighIn(1_000) }]);
  const soon = new Date(Date.now() + 1_200).toISOString();
  const later = new Date(Date.now() + 86_400_000).toISOString();
  const reserve = (buyerId: string, until: string) => post(batch.id, 'reservation', { buyerId, until });
  t.match((await reserve(brandA.organisationId, AT.replace('2026', '2020'))).body, { code: 'in_the_past' });
  t.match((await reserve(randomUUID(), later)).body, { status: 422, code: 'unknown_organisation' });
  t.match((await reserve(seller.organisationId, later)).body, { status: 422, code: 'own_organisation' });
  t.match((await post(batch.id, 'release', {})).body, { status: 409, code: 'not_reserved' });
  t.equal((await brandA.client.get(`/v1/batches/${batch.id}`)).status, 404);
  t.match(await reserve(brandA.organisationId, later), {
    status: 201,
    body: { id: batch.id, buyerId: brandA.organisationId, until: later },
  });
  t.match((await brandA.client.get(`/v1/batches/${batch.id}`)).body, {
    reservation: { buyerId: brandA.organisationId, until: later },
    sales: [],
    costs: null,
  });
  t.equal((await brandA.client.get(`/v1/batches/${batch.id}/provenance`)).status, 200);
  t.equal((await brandB.client.get(`/v1/batches/${batch.id}/provenance`)).status, 404);
  const toB = { buyerOrganisationId: brandB.organisationId, grams: 100 };
  t.match((await sell(batch.id, toB)).body, { status: 409, code: 'reserved', state: { until: later } });
  t.match((await reserve(brandB.organisationId, later)).body, { status: 409, code: 'reserved' });
  t.match((await post(batch.id, 'void', { reason: 'x' })).body, { status: 409, code: 'reserved' });
  t.equal((await sell(batch.id, { grams: 100 })).status, 201, 'its buyer may');
  t.equal((await post(batch.id, 'release', {})).status, 201);
  t.equal((await sell(batch.id, toB)).status, 201);
  t.equal((await reserve(brandA.organisationId, soon)).status, 201);
  t.match((await sell(batch.id, toB)).body, { code: 'reserved' });
  await new Promise((done) => setTimeout(done, Math.max(0, Date.parse(soon) - Date.now()) + 5));
  t.equal((await sell(batch.id, toB)).status, 201, 'past its time it binds nobody');
  t.equal((await seller.client.get(`/v1/batches/${batch.id}`)).body.reservation, null);
});

t.test('one gram is sold once', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, brandB, mixed, seal, sell, shares } = await tradeOf(app);
  const batch = await seal([{ lotId: await mixed([500, 300, 200]) }]);
  t.match((await sell(batch.id, { buyerOrganisationId: randomUUID() })).body, {
    code: 'unknown_organisation',
  });
  t.match((await sell(batch.id, { buyerOrganisationId: seller.organisationId })).body, {
    code: 'own_organisation',
  });
  t.match(
    (await sell(batch.id, { price: { amount: Number.MAX_SAFE_INTEGER, currency: 'CNY', perGrams: 1 } })).body,
    {
      status: 422,
      code: 'too_much_money',
    },
  );
  t.equal((await sell(batch.id, {}, brandA.client)).status, 403);
  t.equal((await sell(batch.id, {}, (await app.site('station')).client)).status, 404);
  const request = { id: randomUUID(), grams: 333, contract: 'BC-2026-7' };
  const first = await sell(batch.id, request);
  // 333 × 1500 / 1000 = 499.5, half up.
  t.match(first, { status: 201, body: { id: request.id, grams: 333, total: fen(500) } });
  t.same((await sell(batch.id, request)).body, first.body, 'a repeat sells nothing more');
  t.match((await sell(batch.id, { ...request, grams: 1 })).body, { code: 'idempotency_conflict' });
  t.same(
    (await shares(first.body.lotId)).map(([, grams]) => grams),
    [166, 100, 67],
    'drawn as any other',
  );
  t.match((await sell(batch.id, { grams: 668 })).body, {
    status: 409,
    code: 'grams_gone',
    state: { grams: 667 },
  });
  const racers = await Promise.all(
    Array.from({ length: 8 }, () => sell(batch.id, { buyerOrganisationId: brandB.organisationId })),
  );
  t.same(racers.map((r) => r.status).sort(), [201, ...Array(7).fill(409)], 'one wins');
  for (const { body } of racers.filter((r) => r.status === 409))
    t.match(body, { code: 'grams_gone', state: { grams: 0 } });
  const winner = racers.find((r) => r.status === 201)!.body;
  t.match(winner, { grams: 667, total: fen(1_001) });

  const views = await Promise.all(
    [seller.client, brandA.client, brandB.client, app.operator].map(
      async (client) => (await client.get(`/v1/batches/${batch.id}`)).body.sales,
    ),
  );
  t.same(
    views.map((sales) => sales.map((s: { grams: number }) => s.grams)),
    [[333, 667], [333], [667], [333, 667]],
    'a buyer sees its own',
  );
  t.match(views[1], [
    { buyerId: brandA.organisationId, money: { total: 500, outstanding: 500, contract: 'BC-2026-7' } },
  ]);
  const certifier = await app.keyFor(seller.organisationId, 'certifier');
  const { organisationId } = await app.site('station');
  const stranger = await app.keyFor(organisationId, 'certifier');
  t.match((await stranger.get(`/v1/batches/${batch.id}`)).body, {
    costs: null,
    sales: [{ money: null }, { money: null }],
  });
  t.match((await certifier.get(`/v1/batches/${batch.id}`)).body.sales[0].money, { total: 500 });
  t.equal((await brandA.client.get('/v1/batches')).body.items.length, 1);
  t.equal((await (await app.keyFor(organisationId, 'brand')).get('/v1/batches')).body.items.length, 0);
  t.equal((await brandA.client.get(`/v1/lots/${first.body.lotId}`)).body.grams, 333);

  // Nothing of buyer, price or contract is public.
  const entry = JSON.stringify((await app.operator.get(`/v1/ledger/entries/${first.body.receipt.seq}`)).body);
  t.notMatch(entry, brandA.organisationId);
  t.notMatch(entry, /1500|BC-2026-7|total/);
});

t.test(
  'delivered in parts, never more than was sold; the last brings the lot to the buyer’s site',
  async (t) => {
    const app = await startTestApp(t);
    const { seller, weighIn, seal, sell, post } = await tradeOf(app);
    const buyer = await app.site('warehouse');
    const batch = await seal([{ lotId: await weighIn(1_000) }]);
    const deliver = (grams: number, more = {}) =>
      post(batch.id, 'deliveries', { grams, deliveredAt: AT, ...more });
    t.match((await deliver(1)).body, { status: 409, code: 'not_sold' });
    const sale = (await sell(batch.id, { buyerOrganisationId: buyer.organisationId, grams: 700 })).body;
    const { siteId } = buyer;
    t.match((await deliver(1, { siteId: seller.siteId })).body, { status: 422, code: 'unknown_site' });
    t.match(await deliver(400, { siteId }), {
      status: 201,
      body: { saleId: sale.id, grams: 400, deliveredGrams: 400 },
    });
    t.equal((await buyer.client.get(`/v1/lots/${sale.lotId}`)).body.siteId, null, 'not all is there');
    t.match((await deliver(301)).body, { status: 409, code: 'over_delivered', state: { grams: 300 } });
    const racers = await Promise.all([deliver(300, { siteId }), deliver(300, { siteId })]);
    t.same(racers.map((r) => r.status).sort(), [201, 409]);
    t.equal((await buyer.client.get(`/v1/lots/${sale.lotId}`)).body.siteId, siteId);
    t.match((await buyer.client.get(`/v1/sites/${siteId}/inventory`)).body.items, [{ grams: 700 }]);
    await sell(batch.id, { grams: 100 });
    t.match((await deliver(1)).body, { status: 409, code: 'sale_needed', state: { sales: 2 } });
    t.match((await deliver(1, { saleId: randomUUID() })).body, { status: 422, code: 'unknown_sale' });
    const [, second] = (await seller.client.get(`/v1/batches/${batch.id}`)).body.sales;
    t.equal((await deliver(100, { saleId: second.id })).status, 201);
  },
);

t.test('paid in parts, never more than is owed after credit notes', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, weighIn, seal, sell, post } = await tradeOf(app);
  const batch = await seal([{ lotId: await weighIn(1_000_000) }]);
  const pay = (amount: number, currency = 'CNY') =>
    post(batch.id, 'payments', { amount: { amount, currency }, receivedAt: AT, reference: 'SWIFT 1' });
  const sale = (await sell(batch.id)).body;
  t.same(sale.total, fen(1_500_000));
  t.match((await pay(1, 'EUR')).body, { status: 422, code: 'other_currency' });
  t.equal((await pay(0)).status, 400);
  t.match((await pay(500_000)).body, {
    saleId: sale.id,
    received: fen(500_000),
    outstanding: fen(1_000_000),
  });
  t.match((await pay(1_000_001)).body, { status: 409, code: 'overpaid', state: { outstanding: 1_000_000 } });
  const back = (more: object) =>
    post(batch.id, 'returns', {
      grams: 1_000,
      siteId: seller.siteId,
      returnedAt: AT,
      reason: 'torn',
      ...more,
    });
  t.match((await back({ creditNote: fen(1_500_001) })).body, {
    status: 409,
    code: 'over_credited',
    state: { left: 1_500_000 },
  });
  t.match((await back({ creditNote: { amount: 1, currency: 'EUR' } })).body, { code: 'other_currency' });
  t.match((await back({ creditNote: fen(400_000) })).body, { outstanding: fen(600_000), lossGrams: 0 });
  const racers = await Promise.all([pay(600_000), pay(600_000)]);
  t.same(racers.map((r) => r.status).sort(), [201, 409]);
  const cost = (amount: object) => post(batch.id, 'costs', { kind: 'transport', amount, incurredAt: AT });
  t.match((await cost(fen(70))).body, { batchId: batch.id, costs: fen(70) });
  t.match((await cost({ amount: 9, currency: 'EUR' })).body, { costs: { amount: 9, currency: 'EUR' } });
  t.match((await cost(fen(30))).body, { costs: fen(100) });
  t.match((await cost(fen(Number.MAX_SAFE_INTEGER))).body, { status: 422, code: 'too_much_money' });
  t.match((await seller.client.get(`/v1/batches/${batch.id}`)).body, {
    costs: [
      { currency: 'CNY', amount: 100 },
      { currency: 'EUR', amount: 9 },
    ],
    sales: [{ returnedGrams: 1_000, money: { received: 1_100_000, credited: 400_000, outstanding: 0 } }],
  });
  const kinds = async (client: typeof seller.client) =>
    (await client.get(`/v1/batches/${batch.id}/entries`)).body.items.map(
      (e: { kind: string; amount: number }) => `${e.kind} ${e.amount}`,
    );
  const own = ['payment 500000', 'return 400000', 'payment 600000'];
  t.same(await kinds(seller.client), [...own, 'cost 70', 'cost 9', 'cost 30']);
  t.same(await kinds(brandA.client), own, 'a buyer sees its own, and no costs');
  const regulator = await app.keyFor((await app.site('station')).organisationId, 'regulator');
  t.same([...new Set((await kinds(regulator)).map((k: string) => k.split(' ')[1]))], ['null']);
});

t.test('a return beyond tolerance is recorded, and a case decides it', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, weighIn, seal, sell, post } = await tradeOf(app);
  const batch = await seal([{ lotId: await weighIn(10_000) }]);
  const sale = (await sell(batch.id)).body;
  const back = (more: object) =>
    post(batch.id, 'returns', { siteId: seller.siteId, returnedAt: AT, reason: 'torn', ...more });
  const short = (await back({ grams: 1_000, measuredGrams: 979 })).body;
  t.match(short, { bookedGrams: 1_000, measuredGrams: 979, toleranceGrams: 20, lossGrams: 0, onHold: true });
  t.match((await seller.client.get(`/v1/lots/${short.lotId}`)).body, {
    grams: 1_000,
    onHold: true,
    caseId: short.caseId,
  });
  const decide = async () => {
    const { body } = await app.operator.post('/v1/organisations', { name: '监管', kind: 'regulator' });
    return (await app.keyFor(body.id, 'regulator')).post(`/v1/cases/${short.caseId}/decision`, {
      outcome: 'loss',
    });
  };
  t.match((await decide()).body, { state: 'proposed' });
  t.match((await decide()).body, {
    state: 'decided',
    lossGrams: 21,
    lots: [{ lotId: short.lotId, grams: 979 }],
  });
  const more = (await back({ grams: 1_000, measuredGrams: 1_005 })).body;
  t.match(more, { lossGrams: 0, surplusGrams: 5, onHold: false });
  t.equal((await seller.client.get(`/v1/lots/${more.lotId}`)).body.grams, 1_000, 'booked grams never rise');
  t.match((await seller.client.get(`/v1/lots/${more.surplusLotId}`)).body, {
    grams: 5,
    originClass: 'none',
    claimableGrams: 0,
  });
  const within = (await back({ grams: 1_000, measuredGrams: 980 })).body;
  t.match(within, { toleranceGrams: 20, lossGrams: 20, onHold: false }, 'equal is within');
  t.match((await back({ grams: 7_001 })).body, { status: 409, code: 'grams_gone', state: { grams: 7_000 } });
  const other = await app.site('recycler');
  t.match((await back({ grams: 1, siteId: other.siteId })).body, { status: 422, code: 'unknown_site' });
  t.equal((await brandA.client.get(`/v1/lots/${sale.lotId}`)).body.grams, 7_000);
});

t.test('products hold no more than the maker does, and a gram ends in one', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, brandB, mixed, seal, sell, post, shares } = await tradeOf(app);
  const batch = await seal([{ lotId: await mixed([600, 400]) }]);
  const make = (client: typeof seller.client, more: object) =>
    client.post('/v1/products', {
      batchId: batch.id,
      units: 10,
      unitMassGrams: 30,
      contentGrams: 15,
      market: 'CN',
      ...more,
    });
  t.match((await make(brandA.client, {})).body, { status: 422, code: 'unknown_batch' });
  t.match((await make(brandA.client, { batchId: randomUUID() })).body, {
    status: 422,
    code: 'unknown_batch',
  });
  const sale = (await sell(batch.id, { grams: 500 })).body;
  t.match((await make(brandB.client, { saleId: sale.id })).body, { code: 'unknown_batch' });
  t.match((await make(brandA.client, { contentGrams: 31 })).body, { status: 422, code: 'content_over_mass' });
  t.match((await make(brandA.client, { units: 34 })).body, {
    status: 409,
    code: 'content_exceeds',
    state: { grams: 500, unitsThatFit: 33 },
  });
  const racers = await Promise.all([make(brandA.client, { units: 20 }), make(brandA.client, { units: 20 })]);
  t.same(racers.map((r) => r.status).sort(), [201, 409]);
  const made = racers.find((r) => r.status === 201)!.body;
  t.equal(made.grams, 300);
  t.same(
    (await shares(made.lotId)).map(([, grams]) => grams),
    [180, 120],
  );
  t.match((await brandA.client.get(`/v1/products/${made.id}`)).body, {
    organisationId: brandA.organisationId,
    saleId: sale.id,
    units: 20,
    market: 'CN',
  });
  t.equal((await brandB.client.get(`/v1/products/${made.id}`)).status, 404);
  t.same((await brandB.client.get('/v1/products')).body.items, []);
  t.equal((await brandA.client.get('/v1/products')).body.items.length, 1);
  const entry = (await app.operator.get(`/v1/ledger/entries/${made.receipt.seq}`)).body;
  t.notMatch(JSON.stringify(entry), brandA.organisationId, 'no buyer is public');
  const back = { grams: 201, siteId: seller.siteId, returnedAt: AT, reason: 'x' };
  t.match((await post(batch.id, 'returns', back)).body, { code: 'grams_gone', state: { grams: 200 } });
  t.match((await make(seller.client, { saleId: sale.id })).body, { status: 422, code: 'unknown_sale' });
  t.match((await make(seller.client, { units: 34 })).body, {
    code: 'content_exceeds',
    state: { unitsThatFit: 33 },
  });
  t.equal((await make(seller.client, { units: 33 })).status, 201, 'the owner, of what it did not sell');
  t.match((await sell(batch.id, { grams: 6 })).body, { code: 'grams_gone', state: { grams: 5 } });
  t.equal(
    (await make(app.operator, { units: 13, saleId: sale.id })).status,
    201,
    'the operator for the buyer',
  );
  await sell(batch.id, { grams: 5 });
  t.match((await make(brandA.client, { units: 1 })).body, { code: 'sale_needed' });
});
