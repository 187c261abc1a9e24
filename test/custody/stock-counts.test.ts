import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

t.test('a count writes a shortage off over its lots, and makes a surplus a lot of no origin', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse');
  const weighIn = async (grossGrams: number, material = 'pet', form = 'bottle'): Promise<string> =>
    ok(
      await client.post('/v1/collections', {
        siteId,
        material,
        form,
        originClass: 'shoreline',
        grossGrams,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: new Date().toISOString(),
      }),
    ).lot.id;
  const [a, b, c] = [await weighIn(500), await weighIn(300), await weighIn(200)];
  const rope = await weighIn(1_000, 'pp', 'rope');
  const untouched = await weighIn(70, 'pe-hd', 'rigid');
  const path = `/v1/sites/${siteId}/stock-counts`;
  const count = {
    id: randomUUID(),
    cutOffAt: new Date().toISOString(),
    items: [
      { material: 'pet', form: 'bottle', countedGrams: 667 },
      { material: 'pp', form: 'rope', countedGrams: 1_040 },
      { material: 'pur', form: 'foam', countedGrams: 12 },
    ],
    note: '月底盘点',
  };
  const counted = ok(await client.post(path, count));
  t.match(counted.items, [
    { material: 'pet', bookedGrams: 1_000, countedGrams: 667, shortageGrams: 333, surplusGrams: 0 },
    { material: 'pp', bookedGrams: 1_000, countedGrams: 1_040, shortageGrams: 0, surplusGrams: 40 },
    { material: 'pur', bookedGrams: 0, countedGrams: 12, surplusGrams: 12 },
  ]);
  const lot = async (id: string) => ok(await client.get(`/v1/lots/${id}`), 200);
  const grams = [];
  for (const id of [a, b, c, rope, untouched]) grams.push((await lot(id)).grams);
  t.same(grams, [334, 200, 133, 1_000, 70]);
  t.match(await lot(counted.items[1].surplusLotId), {
    kind: 'surplus',
    material: 'pp',
    form: 'rope',
    originClass: 'none',
    grams: 40,
    claimableGrams: 0,
  });
  const stock = ok(await client.get(`/v1/sites/${siteId}/inventory`), 200).items;
  t.equal(
    stock.reduce((sum: number, item: { grams: number }) => sum + item.grams, 0),
    667 + 1_040 + 12 + 70,
    'the books say what was counted; what was not counted stays',
  );
  const again = await client.post(path, count);
  t.equal(again.headers['idempotency-replayed'], 'true');
  t.same(again.body, counted);
  t.match(ok(await client.get(path), 200).items, [{ id: counted.id, items: counted.items }]);

  const batch = ok(await client.post('/v1/batches', { inputs: [a, b, c].map((lotId) => ({ lotId })) }));
  const provenance = ok(await client.get(`/v1/batches/${batch.id}/provenance`), 200);
  t.match(provenance, { grams: 667, lossesOnTheWay: [{ kind: 'stock-shortage', grams: 333 }] });

  const stranger = await app.site('warehouse');
  t.equal((await stranger.client.post(path, { ...count, id: randomUUID() })).status, 404);
  t.equal((await stranger.client.get(path)).status, 404);
  const wrong = (change: object) => client.post(path, { ...count, id: randomUUID(), ...change });
  t.equal((await wrong({ items: [count.items[0], count.items[0]] })).status, 400, 'a kind twice');
  t.match(await wrong({ cutOffAt: new Date(Date.now() + 3_600_000).toISOString() }), {
    status: 422,
    body: { code: 'not_yet_counted' },
  });
});

t.test('counts and draws at once leave no gram unaccounted for', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse');
  const lotIds = [];
  for (let i = 0; i < 6; i++)
    lotIds.push(
      ok(
        await client.post('/v1/collections', {
          siteId,
          material: 'pet',
          form: 'bottle',
          originClass: 'shoreline',
          grossGrams: 1_000,
          tareGrams: 0,
          basis: 'weighed',
          collectedAt: new Date().toISOString(),
        }),
      ).lot.id,
    );
  const bale = (lotId: string) =>
    client.post('/v1/process-runs', {
      siteId,
      step: 'bale',
      inputs: [{ lotId, grams: 500 }],
      outputs: [{ material: 'pet', form: 'bale', grams: 500 }],
      losses: [],
    });
  const count = () =>
    client.post(`/v1/sites/${siteId}/stock-counts`, {
      cutOffAt: new Date().toISOString(),
      items: [{ material: 'pet', form: 'bottle', countedGrams: 2_000 }],
    });
  const answers = await Promise.all([count(), ...lotIds.map(bale), count()]);
  t.ok(answers.every(({ status }) => status === 201 || status === 409));
  const { items } = ok(await client.get(`/v1/sites/${siteId}/inventory`), 200);
  const of = (form: string): number => items.find((i: { form: string }) => i.form === form)?.grams ?? 0;
  const baled = answers.slice(1, -1).filter(({ status }) => status === 201).length;
  t.equal(of('bale'), 500 * baled);
  const lost = [answers[0]!, answers.at(-1)!]
    .filter(({ status }) => status === 201)
    .reduce((sum, { body }) => sum + body.items[0].shortageGrams - body.items[0].surplusGrams, 0);
  t.equal(of('bottle'), 6_000 - 500 * baled - lost);
});

t.test('what is sealed into a batch is not counted', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('recycler');
  const { lot } = ok(
    await client.post('/v1/collections', {
      siteId,
      material: 'pet',
      form: 'flake',
      originClass: 'shoreline',
      grossGrams: 100_000,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
    }),
  );
  ok(await client.post('/v1/batches', { inputs: [{ lotId: lot.id, grams: 60_000 }] }));
  const counted = ok(
    await client.post(`/v1/sites/${siteId}/stock-counts`, {
      cutOffAt: new Date().toISOString(),
      items: [{ material: 'pet', form: 'flake', countedGrams: 39_000 }],
    }),
  );
  t.match(counted.items, [{ bookedGrams: 40_000, shortageGrams: 1_000 }]);
});
