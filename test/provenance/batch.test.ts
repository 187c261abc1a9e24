import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

const sum = (items: { grams: number }[]): number => items.reduce((total, { grams }) => total + grams, 0);

t.test('a gram goes from the scale to a batch, and the batch knows every gram', async (t) => {
  const { site, operator, client, keyFor, deps } = await startTestApp(t);
  const station = await site('station', { toleranceBasisPoints: 500 });
  const recycler = await site('recycler', { toleranceBasisPoints: 500 });
  const ok = (answer: Answer, status = 201): Answer['body'] => {
    if (answer.status !== status) t.fail(JSON.stringify(answer.body));
    return answer.body;
  };
  const people = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
      return ok(
        await station.client.post('/v1/collectors', { siteId: station.siteId, name: `渔民 ${i}`, consent }),
      ).id;
    }),
  );
  const upload = Array.from({ length: 30 }, (_, i) => ({
    id: randomUUID(),
    siteId: station.siteId,
    collectorId: people[i % 6],
    material: 'pet',
    form: 'bottle',
    originClass: i % 3 === 0 ? 'sea-recovered' : i % 3 === 1 ? 'shoreline' : 'land',
    originEvidence: 'position',
    grossGrams: 1_000 + 37 * i,
    tareGrams: 100,
    basis: 'weighed',
    ...(i % 5 === 0 ? { deductions: [{ kind: 'water', grams: 91, basis: 'sample' }] } : {}),
    collectedAt: new Date(Date.now() - i * 86_400_000).toISOString(),
  }));
  const { items } = ok(await station.client.post('/v1/collections/batch', upload), 200);
  t.same([...new Set(items.map((i: { status: number }) => i.status))], [201]);
  const grams = upload.reduce((total, w) => total + w.grossGrams - w.tareGrams, 0);
  const gathered = ok(
    await station.client.post('/v1/process-runs', {
      siteId: station.siteId,
      step: 'consolidate',
      inputs: items.map((i: { lot: { id: string } }) => ({ lotId: i.lot.id })),
      outputs: [{ material: 'pet', form: 'bottle', grams }],
      losses: [],
    }),
  );
  const shipment = ok(
    await station.client.post('/v1/shipments', {
      fromSiteId: station.siteId,
      toSiteId: recycler.siteId,
      lots: [{ lotId: gathered.outputs[0].lotId }],
    }),
  );
  const lost = Math.floor(grams * 0.04);
  const received = ok(
    await recycler.client.post(`/v1/shipments/${shipment.id}/receipt`, { measuredGrams: grams - lost }),
  );
  t.match(received, { lossGrams: lost, onHold: false });
  const left = grams - lost;
  const [pellets, sludge] = [Math.floor(left * 0.7), Math.floor(left * 0.1)];
  const run = ok(
    await recycler.client.post('/v1/process-runs', {
      siteId: recycler.siteId,
      step: 'wash-pelletise',
      inputs: [{ lotId: gathered.outputs[0].lotId }],
      outputs: [
        { material: 'pet', form: 'pellet', grams: pellets },
        { material: 'sludge', form: 'mixed', grams: sludge },
      ],
      losses: [{ kind: 'evaporated', grams: left - pellets - sludge }],
      lineClean: true,
    }),
  );
  const batch = ok(
    await recycler.client.post('/v1/batches', {
      siteId: recycler.siteId,
      inputs: [{ lotId: run.outputs[0].lotId, grams: pellets - 1_000 }],
    }),
  );
  const whole = pellets - 1_000;
  const provenance = ok(await recycler.client.get(`/v1/batches/${batch.id}/provenance`), 200);
  t.equal(provenance.grams, whole);
  t.equal(sum(provenance.byOriginClass), whole, 'origin classes sum to the batch');
  t.equal(sum(provenance.bySite), whole);
  t.equal(sum(provenance.byDay), whole);
  t.equal(provenance.sources, 30);
  t.equal(provenance.people, 6);
  t.equal(provenance.custodyModel, 'controlled-blending', 'land bottles are in it');
  t.same(provenance.lossesOnTheWay, [
    { kind: 'drained', grams: lost },
    { kind: 'evaporated', grams: left - pellets - sludge },
  ]);
  const accepted = provenance.byOriginClass
    .filter((o: { originClass: string }) => o.originClass !== 'land')
    .reduce((total: number, o: { grams: number }) => total + o.grams, 0);
  t.equal(provenance.claimableGrams, accepted, 'land bottles are not claimable');

  const shares = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '?limit=7' : `?limit=7&cursor=${cursor}`;
    const page = ok(await recycler.client.get(`/v1/lots/${batch.lot.id}/provenance${query}`), 200);
    shares.push(...page.items);
    cursor = page.nextCursor;
  }
  t.equal(shares.length, 30);
  t.equal(sum(shares), whole, 'shares sum to the batch, gram by gram');

  const trail = ok(await recycler.client.get(`/v1/lots/${batch.lot.id}/trail?limit=1000`), 200);
  t.equal(trail.items.length, 30 + 4, 'thirty weigh-ins, a consolidation, a receipt, a run, a batch');
  t.equal(trail.items[0].seq, batch.receipt.seq);
  const from = ok(await station.client.get(`/v1/lots/${items[0].lot.id}/destinations`), 200);
  t.same(
    from.items.map((s: { seq: number }) => s.seq),
    [gathered.receipt.seq, received.receipt.seq, run.receipt.seq, batch.receipt.seq],
  );

  const stranger = await site('station');
  t.equal((await stranger.client.get(`/v1/batches/${batch.id}/provenance`)).status, 404);
  const brand = await keyFor(stranger.organisationId, 'brand');
  const asBrand = () => client(brand.secret).get(`/v1/batches/${batch.id}/provenance`);
  t.equal((await asBrand()).status, 404, 'a brand that bought nothing of it may not ask');
  const sale = ok(
    await recycler.client.post(`/v1/batches/${batch.id}/sale`, {
      buyerOrganisationId: stranger.organisationId,
      grams: 1_000,
      price: { amount: 1_500, currency: 'CNY', perGrams: 1_000 },
    }),
  );
  t.equal((await asBrand()).body.grams, whole, 'one that bought of it may');
  for (const lotId of [batch.lot.id, sale.lotId])
    for (const what of ['provenance', 'trail', 'destinations'])
      t.equal((await client(brand.secret).get(`/v1/lots/${lotId}/${what}`)).status, 200, what);
  t.equal((await client(brand.secret).get(`/v1/lots/${run.outputs[0].lotId}/trail`)).status, 404);
  t.equal((await operator.get(`/v1/batches/${randomUUID()}/provenance`)).status, 404);
  t.ok(await deps.follower.reaches(batch.receipt.seq));
});

t.test('grams are conserved for every source: in stock + lost = what came in', async (t) => {
  const { site, deps, superuser } = await startTestApp(t);
  const station = await site('station');
  const lots: string[] = [];
  for (let i = 0; i < 5; i++) {
    const { body } = await station.client.post('/v1/collections', {
      siteId: station.siteId,
      bagTag: `t${i}`,
      material: 'pet',
      form: 'bottle',
      originClass: 'shoreline',
      grossGrams: 501 + 113 * i,
      tareGrams: 1,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
    });
    lots.push(body.lot.id);
  }
  let seq = 0;
  for (let round = 0; round < 12; round++) {
    const lotId = lots[round % 5]!;
    const { body } = await station.client.post('/v1/process-runs', {
      siteId: station.siteId,
      step: 'sort',
      inputs: [
        { lotId, grams: 31 + round },
        { lotId: lots[(round + 1) % lots.length], grams: 17 },
      ],
      outputs: [{ material: 'pet', form: 'bale', grams: 29 }],
      losses: [{ kind: 'evaporated', grams: 19 + round }],
    });
    if (body.outputs === undefined) t.fail(JSON.stringify(body));
    lots.push(body.outputs[0].lotId);
    seq = body.receipt.seq;
  }
  t.ok(await deps.follower.reaches(seq));
  const { decodeVector } = await import('../../src/provenance/shares.ts');
  const db = await superuser();
  const { rows: sources } = await db.query('SELECT key::int, lot_id, grams::int FROM sources');
  const held = new Map<number, number>(sources.map((s) => [s.key, 0]));
  const add = (bytes: Buffer): void => {
    const v = decodeVector(bytes);
    for (const [i, key] of v.keys.entries()) held.set(key, held.get(key)! + v.grams[i]!);
  };
  const { rows: live } = await db.query(`
    SELECT l.id, l.seq::int, l.grams::int, v.vector FROM lots l
    LEFT JOIN LATERAL (SELECT vector FROM lot_vectors WHERE lot_id = l.id ORDER BY seq DESC LIMIT 1) v ON true
    WHERE l.grams > 0`);
  for (const lot of live) {
    if (lot.vector !== null) add(lot.vector);
    else held.set(lot.seq * 128, held.get(lot.seq * 128)! + lot.grams);
  }
  const { rows: losses } = await db.query('SELECT vector FROM lot_losses');
  t.equal(losses.length, 12);
  for (const { vector } of losses) add(vector);
  for (const source of sources) t.equal(held.get(source.key), source.grams, `source ${source.key} is whole`);
});
