import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

t.test('S8 a fraud: factory scrap takes a trip through the shredder', async (t) => {
  const app = await startTestApp(t);
  const norms = [{ step: 'wash-pelletise', material: 'pet', minBasisPoints: 6_500, maxBasisPoints: 8_000 }];
  const { siteId, client, organisationId } = await app.site('recycler', { norms });
  const body = (await app.operator.post('/v1/organisations', { name: '认证', kind: 'certifier' })).body;
  const certifier = (holder: string) => app.keyFor(body.id, 'certifier', { holder });
  const [first, second] = [await certifier('甲'), await certifier('乙')];
  const collector = ok(
    await app.operator.post('/v1/collectors', {
      siteId,
      name: '渔民',
      consent: { version: '1', at: '2026-01-01T00:00:00+08:00' },
    }),
  );
  const bales = ok(
    await client.post('/v1/collections', {
      id: randomUUID(),
      siteId,
      collectorId: collector.id,
      material: 'pet',
      form: 'bale',
      originClass: 'sea-recovered',
      originEvidence: 'position',
      grossGrams: 10_000_000,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
    }),
  );
  t.equal(bales.lot.claimableGrams, 10_000_000);
  const run = ok(
    await client.post('/v1/process-runs', {
      siteId,
      step: 'wash-pelletise',
      inputs: [{ lotId: bales.lot.id }],
      outputs: [{ material: 'pet', form: 'pellet', grams: 9_600_000 }],
      losses: [{ kind: 'evaporated', grams: 400_000 }],
    }),
  );
  t.same(run.marks, ['yield-above-range', 'no-line-clean'], 'the run stands, marked');
  const batch = ok(await client.post('/v1/batches', { siteId, inputs: [{ lotId: run.outputs[0].lotId }] }));
  const provenance = async () => ok(await client.get(`/v1/batches/${batch.id}/provenance`), 200);
  t.match(await provenance(), { grams: 9_600_000, claimableGrams: 0 });
  const scheme = 'traceability-statement';
  ok(await app.operator.put(`/v1/schemes/${scheme}`, {}), 200);
  const brand = ok(await app.operator.post('/v1/organisations', { name: '品牌', kind: 'brand' }));
  const price = { amount: 1_500, currency: 'CNY', perGrams: 1_000 };
  ok(await client.post(`/v1/batches/${batch.id}/sale`, { buyerOrganisationId: brand.id, price }));
  const ask = () => client.post('/v1/statements', { batchId: batch.id, scheme });
  t.match((await ask()).body, {
    code: 'grams_claimed',
    state: { eligibleGrams: 0, remainingGrams: 0, reasons: [{ code: 'yield', grams: 9_600_000 }] },
  });

  const { items: marks } = ok(await first.get(`/v1/marks?state=open&siteId=${siteId}`), 200);
  t.same(marks.map((m: { code: string }) => m.code).sort(), ['no-line-clean', 'yield-above-range']);
  t.match(marks[0], { subjectKind: 'process-run', subjectId: run.id });
  const clear = (by: typeof first, mark: { id: string }) =>
    by.post(`/v1/marks/${mark.id}/clearings`, { note: '看过录像' });
  const own = await app.keyFor(organisationId, 'certifier', { holder: '自己人' });
  t.match(await clear(own, marks[0]), { status: 403, body: { code: 'profits' } });
  t.equal((await client.post(`/v1/marks/${marks[0].id}/clearings`, {})).status, 403);
  t.equal((await clear(first, { id: randomUUID() })).status, 404);
  for (const mark of marks) {
    t.match(ok(await clear(first, mark)), { state: 'proposed' });
    t.match(await clear(first, mark), { status: 403, body: { code: 'same_holder' } });
    t.match(ok(await clear(second, mark)), { id: mark.id, state: 'cleared' });
    t.match(await clear(first, mark), { status: 409, body: { code: 'already_cleared' } });
  }
  const cleared = await provenance();
  t.equal(cleared.claimableGrams, 8_000_000, 'at most what the norm lets come out');
  t.equal(cleared.custodyModel, 'controlled-blending', 'and never segregated');
  t.same(ok(await client.get(`/v1/process-runs/${run.id}`), 200).marks, []);
  t.match(ok(await client.get(`/v1/batches/${batch.id}/eligibility?scheme=${scheme}`), 200), {
    ...{ grams: 9_600_000, eligibleGrams: 8_000_000, custodyModel: 'controlled-blending' },
    reasons: [{ code: 'yield', grams: 1_600_000 }],
  });
  t.match((await client.post('/v1/statements', { batchId: batch.id, scheme, grams: 8_000_001 })).body, {
    state: { remainingGrams: 8_000_000 },
  });
  t.match(ok(await ask()), { grams: 8_000_000 });
});

t.test(
  'two people clear the mark of a weigh-in, and its grams are claimable wherever they went',
  async (t) => {
    const app = await startTestApp(t);
    const { siteId, client } = await app.site('station');
    const certifiers = (await app.operator.post('/v1/organisations', { name: '认证', kind: 'certifier' }))
      .body.id;
    const second = await app.keyFor(certifiers, 'certifier', { holder: '乙' });
    const weighIn = ok(
      await client.post('/v1/collections', {
        siteId,
        bagTag: 'B-1',
        material: 'pp',
        form: 'rope',
        originClass: 'fishing-gear',
        grossGrams: 5_000,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: new Date().toISOString(),
      }),
    );
    t.match(weighIn, { marks: ['unresolved'], lot: { claimableGrams: 0 } });
    const run = ok(
      await client.post('/v1/process-runs', {
        siteId,
        step: 'bale',
        inputs: [{ lotId: weighIn.lot.id, grams: 2_000 }],
        outputs: [{ material: 'pp', form: 'bale', grams: 2_000 }],
        losses: [],
      }),
    );
    const claimable = async (id: string) => ok(await client.get(`/v1/lots/${id}`), 200).claimableGrams;
    const bale = run.outputs[0].lotId as string;
    t.equal(await claimable(bale), 0);
    const { items } = ok(await client.get('/v1/marks'), 200);
    t.match(items, [{ code: 'unresolved', subjectId: weighIn.lot.id, state: 'open' }]);
    const clear = (by: typeof second | typeof client) => by.post(`/v1/marks/${items[0].id}/clearings`, {});
    ok(await clear(app.operator));
    ok(await clear(second));
    t.equal(await claimable(bale), 2_000);
    t.equal(await claimable(weighIn.lot.id), 3_000);
    t.same(ok(await client.get(`/v1/collections/${weighIn.id}`), 200).marks, []);

    const doubt = ok(
      await second.post(`/v1/collections/${weighIn.id}/marks`, { code: 'review', note: '存疑' }),
    );
    t.equal(await claimable(bale), 0, 'a doubt found later reaches what was made of it');
    t.same(ok(await client.get(`/v1/collections/${weighIn.id}`), 200).marks, ['review']);
    t.same(
      ok(await client.get('/v1/marks?state=open'), 200).items.map((m: { id: string }) => m.id),
      [doubt.id],
    );
    const stranger = await app.site('station');
    t.equal(
      (await stranger.client.post(`/v1/collections/${weighIn.id}/marks`, { code: 'review' })).status,
      404,
    );
    t.same(ok(await stranger.client.get('/v1/marks'), 200).items, []);
  },
);
