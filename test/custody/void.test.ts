import t from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

t.test('a dispatch that never left is undone to the gram, and then dispatched again', async (t) => {
  const app = await startTestApp(t);
  const [from, to] = [await app.site('station'), await app.site('warehouse')];
  const weighIn = async (grossGrams: number): Promise<string> =>
    ok(
      await from.client.post('/v1/collections', {
        siteId: from.siteId,
        material: 'pet',
        form: 'bottle',
        originClass: 'shoreline',
        grossGrams,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: new Date().toISOString(),
      }),
    ).lot.id;
  const [a, b, c] = [await weighIn(500), await weighIn(300), await weighIn(200)];
  const mixed = ok(
    await from.client.post('/v1/process-runs', {
      siteId: from.siteId,
      step: 'consolidate',
      inputs: [a, b, c].map((lotId) => ({ lotId })),
      outputs: [{ material: 'pet', form: 'bottle', grams: 1_000 }],
      losses: [],
    }),
  ).outputs[0].lotId as string;
  const whole = await weighIn(70);
  const load = {
    fromSiteId: from.siteId,
    toSiteId: to.siteId,
    lots: [{ lotId: mixed, grams: 333 }, { lotId: whole }],
  };
  const shipment = ok(await from.client.post('/v1/shipments', load));
  const shares = async (lotId: string): Promise<number[]> =>
    ok(await from.client.get(`/v1/lots/${lotId}/provenance`), 200).items.map(
      (i: { grams: number }) => i.grams,
    );
  t.same(await shares(mixed), [334, 200, 133]);
  const path = `/v1/shipments/${shipment.id}/void`;
  t.equal((await to.client.post(path, { reason: '不是我的' })).status, 403, 'the receiver may not');
  t.equal((await (await app.site('station')).client.post(path, { reason: '别人' })).status, 404);
  const voided = ok(await from.client.post(path, { reason: '车没有来' }));
  t.same(voided.lots, [
    { lotId: whole, grams: 70 },
    { lotId: mixed, grams: 333 },
  ]);
  t.same(await shares(mixed), [500, 300, 200], 'the very grams came back');
  t.same(ok(await from.client.get(`/v1/lots/${mixed}/destinations`), 200).items, [], 'and nothing left');
  t.match(ok(await from.client.get(`/v1/lots/${whole}`), 200), { grams: 70, siteId: from.siteId });
  t.equal(ok(await from.client.get(`/v1/lots/${shipment.lots[0].lotId}`), 200).grams, 0);
  t.match(await from.client.post(path, { reason: '再来' }), {
    status: 409,
    body: { code: 'already_voided' },
  });
  t.match(await to.client.post(`/v1/shipments/${shipment.id}/receipt`, { measuredGrams: 403 }), {
    status: 409,
    body: { code: 'already_voided' },
  });
  const again = ok(await from.client.post('/v1/shipments', load));
  ok(await to.client.post(`/v1/shipments/${again.id}/receipt`, { measuredGrams: 403 }));
  const arrived = ok(await to.client.get(`/v1/lots/${again.lots[0].lotId}/provenance`), 200).items;
  t.same(
    arrived.map((i: { grams: number }) => i.grams),
    [166, 100, 67],
    'drawn again as the first time',
  );
  t.match(await from.client.post(`/v1/shipments/${again.id}/void`, { reason: '晚了' }), {
    status: 409,
    body: { code: 'already_received' },
  });
});

t.test('of a void and a receipt at once, one wins', async (t) => {
  const app = await startTestApp(t);
  const [from, to] = [await app.site('station'), await app.site('warehouse')];
  for (let round = 0; round < 5; round++) {
    const { lot } = ok(
      await from.client.post('/v1/collections', {
        siteId: from.siteId,
        material: 'pp',
        form: 'rope',
        originClass: 'shoreline',
        grossGrams: 900,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: new Date().toISOString(),
      }),
    );
    const { id } = ok(
      await from.client.post('/v1/shipments', {
        fromSiteId: from.siteId,
        toSiteId: to.siteId,
        lots: [{ lotId: lot.id }],
      }),
    );
    const answers = await Promise.all([
      from.client.post(`/v1/shipments/${id}/void`, { reason: '同时' }),
      to.client.post(`/v1/shipments/${id}/receipt`, { measuredGrams: 900 }),
    ]);
    t.same(answers.map(({ status }) => status).sort(), [201, 409]);
  }
});
