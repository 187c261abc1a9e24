import { randomUUID } from 'node:crypto';
import t from 'tap';
import { decodeVector } from '../../src/provenance/shares.ts';
import { AT, fen, tradeOf } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';

t.test('S9: sold once, an honest return, and no product too many', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, brandB, mixed, seal, sell, post } = await tradeOf(app, 200);
  const batch = await seal([{ lotId: await mixed([3_000_001, 2_500_003, 1_699_996]) }]);
  t.equal(batch.lot.grams, 7_200_000);

  const sale = (await sell(batch.id)).body;
  t.match(sale, { grams: 7_200_000, total: fen(10_800_000) });
  const again = await Promise.all(
    Array.from({ length: 10 }, () =>
      sell(batch.id, { buyerOrganisationId: brandB.organisationId, grams: 1_000_000 }),
    ),
  );
  for (const { body } of again) t.match(body, { status: 409, code: 'grams_gone', state: { grams: 0 } });

  const pay = (amount: number) => post(batch.id, 'payments', { amount: fen(amount), receivedAt: AT });
  t.match((await pay(6_480_000)).body, { outstanding: fen(4_320_000) });
  const cost = { kind: 'processing', amount: fen(5_000_000), incurredAt: AT };
  t.match((await post(batch.id, 'costs', cost)).body, { costs: fen(5_000_000) });
  t.equal((await post(batch.id, 'deliveries', { grams: 7_200_000, deliveredAt: AT })).status, 201);

  const returned = (
    await post(batch.id, 'returns', {
      grams: 1_200_000,
      measuredGrams: 1_188_000,
      siteId: seller.siteId,
      creditNote: fen(1_800_000),
      returnedAt: AT,
      reason: 'too moist',
    })
  ).body;
  t.match(returned, {
    bookedGrams: 1_200_000,
    measuredGrams: 1_188_000,
    toleranceGrams: 24_000,
    lossGrams: 12_000,
    onHold: false,
    outstanding: fen(2_520_000),
  });
  t.match((await pay(2_520_001)).body, { status: 409, code: 'overpaid', state: { outstanding: 2_520_000 } });
  t.match((await pay(2_520_000)).body, { received: fen(9_000_000), outstanding: fen(0) });
  t.equal((await brandA.client.get(`/v1/lots/${sale.lotId}`)).body.grams, 6_000_000);

  const product = { batchId: batch.id, unitMassGrams: 30, contentGrams: 15, market: 'CN' };
  t.match((await brandA.client.post('/v1/products', { ...product, units: 400_001 })).body, {
    status: 409,
    code: 'content_exceeds',
    state: { unitsThatFit: 400_000 },
  });
  t.match((await brandA.client.post('/v1/products', { ...product, units: 400_000 })).body, {
    grams: 6_000_000,
  });
  t.match((await brandA.client.post('/v1/products', { ...product, units: 1 })).body, {
    status: 409,
    code: 'content_exceeds',
    state: { unitsThatFit: 0 },
  });

  t.match((await seller.client.get(`/v1/lots/${returned.lotId}`)).body, { grams: 1_188_000, onHold: false });
  const second = await seal([{ lotId: returned.lotId }]);
  t.equal(second.lot.grams, 1_188_000);
  const racers = await Promise.all(
    [brandA, brandB].map((b) => sell(second.id, { id: randomUUID(), buyerOrganisationId: b.organisationId })),
  );
  t.same(racers.map((r) => r.status).sort(), [201, 409], 'the returned lot is sold once');
  const seq = racers.find((r) => r.status === 201)!.body.receipt.seq;
  const trail = (await seller.client.get(`/v1/lots/${second.lot.id}/trail`)).body.items;
  t.equal(trail.length, 3 + 5, 'three weigh-ins, a run, a batch, a sale, a return, a batch');
  t.match((await seller.client.get(`/v1/batches/${second.id}/provenance`)).body.lossesOnTheWay, [
    { kind: 'drained', grams: 12_000 },
  ]);

  // In stock + sold + lost = what came in, for every source.
  t.ok(await app.deps.follower.reaches(seq, 5_000));
  const { rows: sources } = await app.deps.pool.query('SELECT key, grams FROM sources');
  const { rows: held } = await app.deps.pool.query(`
    SELECT DISTINCT ON (v.lot_id) v.vector FROM lot_vectors v JOIN lots l ON l.id = v.lot_id
    WHERE l.grams > 0 ORDER BY v.lot_id, v.seq DESC`);
  const { rows: lost } = await app.deps.pool.query('SELECT vector FROM lot_losses');
  const sums = new Map<number, number>();
  for (const { vector } of [...held, ...lost]) {
    const { keys, grams } = decodeVector(vector);
    for (const [i, key] of keys.entries()) sums.set(key, (sums.get(key) ?? 0) + grams[i]!);
  }
  t.equal(sources.length, 3);
  for (const { key, grams } of sources) t.equal(sums.get(key), grams, `source ${key} is whole`);
});
