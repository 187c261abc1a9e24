import { randomUUID } from 'node:crypto';
import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { ok } from '../support/loads.ts';
import { AT, fen, tradeOf } from './sealed.ts';

t.test('a sale entered by mistake is undone, and the batch sold again or unsealed', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, brandB, mixed, seal, sell, post, shares } = await tradeOf(app);
  const lotId = await mixed([500, 300, 200]);
  const batch = await seal([{ lotId }]);
  const before = await shares(batch.lot.id);
  const wrong = (await sell(batch.id, { grams: 333 })).body;
  t.same(
    (await shares(batch.lot.id)).map(([, grams]) => grams),
    [334, 200, 133],
  );
  t.equal((await brandA.client.get(`/v1/batches/${batch.id}`)).status, 200);
  t.equal((await post(batch.id, 'sale/void', { reason: 'x' }, brandA.client)).status, 403);
  const stranger = await app.site('recycler');
  t.equal((await post(batch.id, 'sale/void', { reason: 'x' }, stranger.client)).status, 404);
  t.match(await post(batch.id, 'sale/void', { reason: 'x', saleId: randomUUID() }), {
    status: 422,
    body: { code: 'unknown_sale' },
  });
  t.match(await post(batch.id, 'void', { reason: 'x' }), { status: 409, body: { code: 'already_sold' } });
  const voided = await post(batch.id, 'sale/void', { reason: '买方录错' });
  t.match(voided, {
    status: 201,
    body: { id: wrong.id, state: 'voided', lots: [{ lotId: batch.lot.id, grams: 333 }] },
  });
  t.same(await shares(batch.lot.id), before, 'the very grams');
  t.same(await shares(wrong.lotId), []);
  t.equal((await brandA.client.get(`/v1/batches/${batch.id}`)).status, 404, 'it bought nothing');
  t.match((await seller.client.get(`/v1/batches/${batch.id}`)).body.sales, [
    { id: wrong.id, state: 'voided' },
  ]);
  const entry = (await app.operator.get(`/v1/ledger/entries/${voided.body.receipt.seq}`)).body;
  t.notMatch(JSON.stringify(entry), new RegExp(`录错|${brandA.organisationId}|1500`), 'no buyer, no price');
  t.match(await post(batch.id, 'sale/void', { reason: 'x' }), { status: 409, body: { code: 'not_sold' } });
  t.match(await post(batch.id, 'sale/void', { reason: 'x', saleId: wrong.id }), {
    status: 409,
    body: { code: 'already_voided', state: { saleId: wrong.id, seq: voided.body.receipt.seq } },
  });
  t.match(await post(batch.id, 'payments', { amount: fen(1), receivedAt: AT }), {
    body: { code: 'not_sold' },
  });

  // All of it to another: taken whole, it writes no shares of its own.
  const right = (await sell(batch.id, { buyerOrganisationId: brandB.organisationId })).body;
  t.equal(right.grams, 1_000);
  t.equal((await post(batch.id, 'sale/void', { reason: 'x' })).status, 201);
  t.same(await shares(batch.lot.id), before);
  t.equal((await post(batch.id, 'void', { reason: 'x' })).status, 201);
  t.same(await shares(lotId), before, 'as if it had never been sealed');
});

t.test('of several sales the one meant is named', async (t) => {
  const app = await startTestApp(t);
  const { weighIn, seal, sell, post } = await tradeOf(app);
  const batch = await seal([{ lotId: await weighIn(1_000) }]);
  const [a, b, c] = [
    (await sell(batch.id, { grams: 100 })).body,
    (await sell(batch.id, { grams: 200 })).body,
    (await sell(batch.id, { grams: 300 })).body,
  ];
  const undo = (saleId?: string) => post(batch.id, 'sale/void', { reason: 'x', ...(saleId && { saleId }) });
  t.match(await undo(), { status: 409, body: { code: 'sale_needed' } });
  t.equal((await undo(c.id)).status, 201);
  t.equal((await undo(a.id)).status, 201);
  const pay = (more: object) => post(batch.id, 'payments', { amount: fen(1), receivedAt: AT, ...more });
  t.match(await pay({}), { status: 409, body: { code: 'sale_needed' } }, 'which was the last is not guessed');
  t.match(await pay({ saleId: a.id }), { status: 409, body: { code: 'already_voided' } });
  t.equal((await pay({ saleId: b.id })).status, 201);
  const d = (await sell(batch.id)).body;
  t.equal(d.grams, 800, 'what came back is sold again');
  const both = await Promise.all([undo(d.id), undo(d.id)]);
  t.same(both.map((r) => r.status).sort(), [201, 409]);
});

t.test('what a sale led to is undone first', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, weighIn, seal, sell, post, shares } = await tradeOf(app);
  const undo = (batchId: string) => post(batchId, 'sale/void', { reason: 'x' });
  const soldOf = async (grams: number) => {
    const batch = await seal([{ lotId: await weighIn(grams) }]);
    return { batch, sale: (await sell(batch.id)).body };
  };
  const paid = await soldOf(1_000);
  await post(paid.batch.id, 'payments', { amount: fen(1_000), receivedAt: AT });
  t.match(await undo(paid.batch.id), { status: 409, body: { code: 'paid', state: { received: 1_000 } } });
  const delivered = await soldOf(1_000);
  await post(delivered.batch.id, 'deliveries', { grams: 400, deliveredAt: AT });
  t.match(await undo(delivered.batch.id), {
    status: 409,
    body: { code: 'delivered', state: { deliveredGrams: 400 } },
  });
  const returned = await soldOf(1_000);
  await post(returned.batch.id, 'returns', {
    grams: 100,
    siteId: seller.siteId,
    returnedAt: AT,
    reason: 'x',
  });
  t.match(await undo(returned.batch.id), { status: 409, body: { code: 'returned' } });

  const { batch, sale } = await soldOf(1_000);
  const product = (
    await brandA.client.post('/v1/products', {
      batchId: batch.id,
      units: 10,
      unitMassGrams: 30,
      contentGrams: 25,
      market: 'CN',
    })
  ).body;
  t.match(await undo(batch.id), {
    status: 409,
    body: { code: 'made_into_products', state: { productGrams: 250 } },
  });
  const unmake = (client = brandA.client) =>
    client.post(`/v1/products/${product.id}/void`, { reason: '件数错' });
  t.equal((await unmake(seller.client)).status, 404, 'the product is the buyer’s');
  const unmade = await unmake();
  t.match(unmade, {
    status: 201,
    body: { id: product.id, state: 'voided', lots: [{ lotId: sale.lotId, grams: 250 }] },
  });
  const entry = (await app.operator.get(`/v1/ledger/entries/${unmade.body.receipt.seq}`)).body;
  t.notMatch(JSON.stringify(entry), brandA.organisationId, 'no buyer is public');
  t.match((await brandA.client.get(`/v1/products/${product.id}`)).body, { state: 'voided', units: 10 });
  t.match(await unmake(), { status: 409, body: { code: 'already_voided' } });
  t.same(
    (await shares(sale.lotId)).map(([, grams]) => grams),
    [1_000],
  );
  t.equal((await undo(batch.id)).status, 201);
  t.match(
    await brandA.client.post('/v1/products', {
      batchId: batch.id,
      units: 1,
      unitMassGrams: 30,
      contentGrams: 25,
      market: 'CN',
    }),
    { status: 422, body: { code: 'unknown_batch' } },
  );
});

t.test('an owner’s product, and grams that moved since', async (t) => {
  const app = await startTestApp(t);
  const { seller, mixed, seal, sell, post, shares } = await tradeOf(app);
  const batch = await seal([{ lotId: await mixed([500, 300, 200]) }]);
  const before = await shares(batch.lot.id);
  const make = async () =>
    (
      await seller.client.post('/v1/products', {
        batchId: batch.id,
        units: 9,
        unitMassGrams: 37,
        contentGrams: 37,
        market: 'CN',
      })
    ).body;
  const unmake = (id: string) => seller.client.post(`/v1/products/${id}/void`, { reason: 'x' });
  const first = await make();
  t.equal((await unmake(first.id)).status, 201);
  t.same(await shares(batch.lot.id), before);
  const second = await make();
  const sale = await sell(batch.id, { grams: 100 });
  t.equal(sale.status, 201);
  const elsewhere = await app.operator.post('/v1/sites', {
    organisationId: seller.organisationId,
    kind: 'recycler',
    name: '二厂',
    location: { latE7: 286_600_000, lonE7: 1_214_400_000 },
  });
  const load = await seller.client.post('/v1/shipments', {
    fromSiteId: seller.siteId,
    toSiteId: elsewhere.body.id,
    lots: [{ lotId: batch.lot.id }],
  });
  t.match(await unmake(second.id), { status: 409, body: { code: 'not_here' } });
  t.match(await post(batch.id, 'sale/void', { reason: 'x' }), { status: 409, body: { code: 'not_here' } });
  t.equal(
    (await seller.client.post(`/v1/shipments/${load.body.id}/void`, { reason: '车没有来' })).status,
    201,
  );
  t.equal((await post(batch.id, 'sale/void', { reason: 'x' })).status, 201);
  t.equal((await unmake(second.id)).status, 201);
  t.same(await shares(batch.lot.id), before);
});

t.test(
  'costs, payments and deliveries entered by mistake are countered, and then the sale itself',
  async (t) => {
    const app = await startTestApp(t);
    const { seller, brandA, mixed, seal, sell, post, shares } = await tradeOf(app);
    const batch = await seal([{ lotId: await mixed([500, 300, 200]) }]);
    const before = await shares(batch.lot.id);
    const cost = (amount: number) =>
      post(batch.id, 'costs', { kind: 'transport', amount: fen(amount), incurredAt: AT });
    const [right, wrong] = [await cost(500), await cost(5_000)];
    t.match(wrong.body.costs, fen(5_500));
    const undo = (entrySeq: number, client = seller.client, batchId = batch.id) =>
      post(batchId, 'entries/void', { entrySeq, reason: '金额录错' }, client);
    const voided = await undo(wrong.body.receipt.seq);
    t.match(voided, {
      status: 201,
      body: { batchId: batch.id, entrySeq: wrong.body.receipt.seq, kind: 'cost' },
    });
    const entry = (await app.operator.get(`/v1/ledger/entries/${voided.body.receipt.seq}`)).body;
    t.notMatch(JSON.stringify(entry), /录错|5000|transport/, 'no amount, no reason');
    t.same((await seller.client.get(`/v1/batches/${batch.id}`)).body.costs, [fen(500)]);
    t.match(await undo(wrong.body.receipt.seq), {
      status: 409,
      body: { code: 'already_voided', state: { seq: voided.body.receipt.seq } },
    });
    t.match(await undo(voided.body.receipt.seq), { status: 422, body: { code: 'not_voidable' } });
    t.match(await undo(1), { status: 422, body: { code: 'unknown_entry' } });
    t.equal((await undo(right.body.receipt.seq, brandA.client)).status, 403);
    t.equal((await undo(right.body.receipt.seq, (await app.site('recycler')).client)).status, 404);
    const other = await seal([{ lotId: await mixed([5, 5]) }]);
    t.match(await undo(right.body.receipt.seq, seller.client, other.id), { body: { code: 'unknown_entry' } });

    const sale = (await sell(batch.id)).body;
    t.same(sale.total, fen(1_500));
    const paid = await post(batch.id, 'payments', { amount: fen(1_000), receivedAt: AT });
    const both = await Promise.all([undo(paid.body.receipt.seq), undo(paid.body.receipt.seq)]);
    t.same(both.map((r) => r.status).sort(), [201, 409]);
    const money = async () => (await seller.client.get(`/v1/batches/${batch.id}`)).body.sales[0].money;
    t.match(await money(), { received: 0, outstanding: 1_500 });

    const buyers = (
      await app.operator.post('/v1/sites', {
        organisationId: brandA.organisationId,
        kind: 'manufacturer',
        name: '买方工厂',
        location: { latE7: 286_600_000, lonE7: 1_214_400_000 },
      })
    ).body;
    const deliver = async (grams: number, more: object = {}) =>
      (await post(batch.id, 'deliveries', { grams, deliveredAt: AT, ...more })).body;
    const first = await deliver(400);
    const last = await deliver(600, { siteId: buyers.id });
    const lot = async () => (await brandA.client.get(`/v1/lots/${sale.lotId}`)).body;
    t.equal((await lot()).siteId, buyers.id);
    const product = {
      batchId: batch.id,
      saleId: sale.id,
      units: 1,
      unitMassGrams: 30,
      contentGrams: 10,
      market: 'CN',
    };
    const made = (await brandA.client.post('/v1/products', product)).body;
    t.equal((await undo(first.receipt.seq)).status, 201, 'a product does not keep the grams from the road');
    t.equal((await lot()).siteId, null, 'not all is delivered any more');
    t.match(await brandA.client.post(`/v1/products/${made.id}/void`, { reason: 'x' }), {
      status: 409,
      body: { code: 'not_here' },
    });
    await deliver(400, { siteId: buyers.id });
    t.equal((await lot()).siteId, buyers.id);
    const unmade = await brandA.client.post(`/v1/products/${made.id}/void`, { reason: 'x' });
    t.equal(unmade.status, 201);
    const drawn = await app.operator.post('/v1/process-runs', {
      siteId: buyers.id,
      step: 'bale',
      inputs: [{ lotId: sale.lotId, grams: 100 }],
      outputs: [{ material: 'pet', form: 'bale', grams: 100 }],
      losses: [],
    });
    t.equal(drawn.status, 201, JSON.stringify(drawn.body));
    t.match(await undo(last.receipt.seq), {
      status: 409,
      body: { code: 'in_use', state: { lotId: sale.lotId, grams: 900 } },
    });
    await app.operator.post(`/v1/process-runs/${drawn.body.id}/void`, { reason: 'x' });
    t.equal((await undo(last.receipt.seq)).status, 201);
    const { items } = (await seller.client.get(`/v1/batches/${batch.id}/entries`)).body;
    const sums = (member: string) => items.reduce((sum: number, item: never) => sum + (item[member] ?? 0), 0);
    t.same([items.length, sums('grams'), sums('amount')], [10, 400, 500], 'what counts is the sum');
    t.match(items.at(-1), { kind: 'delivery', grams: -600, voids: last.receipt.seq, note: '金额录错' });
    t.match(await post(batch.id, 'sale/void', { reason: 'x' }), { body: { code: 'delivered' } });
    t.equal((await undo(items[8].seq)).status, 201);
    t.equal((await post(batch.id, 'sale/void', { reason: 'x' })).status, 201);
    t.same(await shares(batch.lot.id), before, 'as if it had never been sold');
  },
);

t.test(
  'a return entered by mistake is undone to the gram and the fen, and then the sale itself',
  async (t) => {
    const app = await startTestApp(t);
    const { seller, brandA, mixed, seal, sell, post, shares } = await tradeOf(app);
    ok(await app.operator.patch(`/v1/sites/${seller.siteId}`, { toleranceBasisPoints: 2_000 }), 200);
    const batch = await seal([{ lotId: await mixed([500, 300, 200]) }]);
    const sealed = await shares(batch.lot.id);
    const sale = (await sell(batch.id)).body;
    const bought = await shares(sale.lotId);
    const back = async (more: object) =>
      ok(await post(batch.id, 'returns', { siteId: seller.siteId, returnedAt: AT, reason: 'torn', ...more }));
    const undo = (entrySeq: number, client = seller.client) =>
      post(batch.id, 'entries/void', { entrySeq, reason: '退货录错' }, client);
    const lot = async (id: string) => ok(await app.operator.get(`/v1/lots/${id}`), 200);
    const sold = async () => ok(await seller.client.get(`/v1/batches/${batch.id}`), 200).sales[0];

    const wrong = await back({ grams: 333, measuredGrams: 300, creditNote: fen(400) });
    t.match(wrong, { lossGrams: 33, outstanding: fen(1_100) });
    t.same(
      (await shares(sale.lotId)).map(([, grams]) => grams),
      [334, 200, 133],
    );
    t.equal((await undo(wrong.receipt.seq, brandA.client)).status, 403);
    const voided = ok(await undo(wrong.receipt.seq));
    t.match(voided, { kind: 'return', entrySeq: wrong.receipt.seq });
    t.same(await shares(sale.lotId), bought, 'the very grams');
    t.match(await sold(), { returnedGrams: 0, money: { credited: 0, outstanding: 1_500 } });
    t.equal((await lot(wrong.lotId)).grams, 0);
    const { entry } = ok(await app.operator.get(`/v1/ledger/entries/${voided.receipt.seq}`), 200);
    t.notMatch(
      JSON.stringify(entry.data),
      new RegExp(`录错|:400[,}]|${brandA.organisationId}`),
      'no amount, no buyer',
    );
    t.match(await undo(wrong.receipt.seq), { status: 409, body: { code: 'already_voided' } });
    t.match(await undo(voided.receipt.seq), { status: 422, body: { code: 'not_voidable' } });

    const short = await back({ grams: 500, measuredGrams: 50 });
    t.ok(short.onHold);
    ok(await undo(short.receipt.seq));
    t.match(ok(await app.operator.get('/v1/cases?state=withdrawn'), 200).items, [{ id: short.caseId }]);
    const over = await back({ grams: 500, measuredGrams: 800 });
    ok(await undo(over.receipt.seq));
    t.match(await lot(over.surplusLotId), { grams: 0, onHold: false });

    const used = await back({ grams: 500 });
    const again = ok(await seller.client.post('/v1/batches', { inputs: [{ lotId: used.lotId, grams: 1 }] }));
    t.match(await undo(used.receipt.seq), {
      status: 409,
      body: { code: 'in_use', state: { lotId: used.lotId } },
    });
    ok(await seller.client.post(`/v1/batches/${again.id}/void`, { reason: '换批' }));
    t.match(await post(batch.id, 'sale/void', { reason: 'x' }), { body: { code: 'returned' } });
    ok(await undo(used.receipt.seq));
    ok(await post(batch.id, 'sale/void', { reason: 'x' }));
    t.same(await shares(batch.lot.id), sealed);
  },
);
