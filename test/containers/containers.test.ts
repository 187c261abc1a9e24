import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, type Client, startTestApp, type TestApp } from '../support/app.ts';

type Place = Awaited<ReturnType<TestApp['site']>>;

const ok = (answer: Answer): Answer['body'] => {
  if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

const weighIn = (place: Place, grams: number, more: object = {}) =>
  place.client.post('/v1/collections', {
    id: randomUUID(),
    siteId: place.siteId,
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    grossGrams: grams,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
    collectorId: randomUUID(),
    ...more,
  });

const container = async (
  place: Place,
  tag: string,
  kind = 'big-bag',
): Promise<{ id: string; fillingId: string }> =>
  ok(await place.client.post('/v1/containers', { siteId: place.siteId, tag, kind, tareGrams: 1_800 }));

const collector = async (place: Place): Promise<string> =>
  ok(await place.client.post('/v1/collectors', { siteId: place.siteId, name: '王海生' })).id;

const read = async (client: Client, id: string) => ok(await client.get(`/v1/containers/${id}`));
const send = (from: Place, to: Place, more: object) =>
  from.client.post('/v1/shipments', { fromSiteId: from.siteId, toSiteId: to.siteId, ...more });
const refused = (answer: Answer) => [answer.status, answer.body.code];

t.test(
  'given six owners’ bags in one big-bag, when it is sealed, shipped, received 9 g short and drawn on, then every gram is whose it was',
  async (t) => {
    const app = await startTestApp(t);
    const station = await app.site('station');
    const recycler = await app.site('recycler');
    const bag = await container(station, 'JJ-SECRET-1');
    const grams = [500, 300, 200, 400, 350, 250];
    const lotIds: string[] = [];
    const entries: number[] = [];
    for (const g of grams) {
      const collectorId = await collector(station);
      const body = ok(await weighIn(station, g, { containerId: bag.id, collectorId }));
      t.same(body.marks, [], 'a known container leaves no mark');
      lotIds.push(body.lot.id);
      entries.push(body.receipt.seq);
    }
    t.match(await read(station.client, bag.id), {
      fillingId: bag.fillingId,
      lotCount: 6,
      grams: 2_000,
      tareGrams: 1_800,
      state: 'open',
      lots: lotIds.map((lotId, i) => ({ lotId, grams: grams[i] })),
    });
    t.match(ok(await station.client.get(`/v1/lots/${lotIds[0]}`)), {
      container: { containerId: bag.id, fillingId: bag.fillingId },
    });
    ok(
      await station.client.post(`/v1/containers/${bag.id}/seal`, {
        sealNumber: 'SEAL-7',
        measuredGrams: 2_004,
      }),
    );
    t.match(await read(station.client, bag.id), {
      state: 'sealed',
      measuredGrams: 2_004,
      grams: 2_000,
      sealNumber: 'SEAL-7',
    });

    const shipment = ok(await send(station, recycler, { containers: [bag.id] }));
    t.same(
      shipment.lots,
      lotIds.map((lotId, i) => ({ lotId, grams: grams[i] })),
      'whole, in the order filled',
    );
    t.match(await read(station.client, bag.id), {
      state: 'travelling',
      siteId: null,
      shipmentId: shipment.id,
    });
    t.same(ok(await recycler.client.get(`/v1/shipments/${shipment.id}`)).containers, [
      { containerId: bag.id, tag: 'JJ-SECRET-1' },
    ]);
    t.same(
      refused(await recycler.client.get(`/v1/containers/${bag.id}`)),
      [404, 'not_found'],
      'not theirs yet',
    );
    t.same(refused(await station.client.post(`/v1/containers/${bag.id}/open`)), [409, 'container_travels']);
    t.same(
      ok(await weighIn(station, 10, { containerId: bag.id })).marks,
      ['unresolved'],
      'nothing goes in on the way',
    );

    t.match(
      ok(await recycler.client.post(`/v1/shipments/${shipment.id}/receipt`, { measuredGrams: 1_991 })),
      {
        lossGrams: 9,
        onHold: false,
      },
    );
    t.match(await read(recycler.client, bag.id), {
      state: 'sealed',
      siteId: recycler.siteId,
      shipmentId: null,
      lotCount: 6,
      grams: 1_991,
      lots: [498, 299, 199, 398, 348, 249].map((g) => ({ grams: g })),
    });
    t.same(
      refused(await station.client.get(`/v1/containers/${bag.id}`)),
      [404, 'not_found'],
      'no longer theirs',
    );
    const alone = { siteId: recycler.siteId, step: 'bale', losses: [] };
    t.same(
      refused(
        await recycler.client.post('/v1/process-runs', {
          ...alone,
          inputs: [{ lotId: lotIds[0], grams: 5 }],
          outputs: [{ material: 'pet', form: 'bale', grams: 5 }],
        }),
      ),
      [409, 'in_container'],
      'no lot of a sealed container goes alone',
    );

    const sorted = ok(
      await recycler.client.post('/v1/process-runs', {
        siteId: recycler.siteId,
        step: 'sort',
        containers: [{ containerId: bag.id, grams: 1_000 }],
        outputs: [{ material: 'pet', form: 'bottle', grams: 1_000 }],
        losses: [],
      }),
    );
    // Each r·1000/1991: 250.1 150.2 99.9 199.9 174.8 125.1.
    const left = [248, 149, 99, 198, 173, 124];
    const half = await read(recycler.client, bag.id);
    t.match(half, { state: 'open', grams: 991, lotCount: 6, fillingId: null, sealNumber: null });
    t.same(
      half.lots.map((lot: { grams: number }) => lot.grams),
      left,
    );
    const baled = ok(await recycler.client.post('/v1/batches', { containers: [{ containerId: bag.id }] }));
    t.match(baled.lot, { grams: 991 });
    t.match(await read(recycler.client, bag.id), { state: 'open', grams: 0, lotCount: 0, lots: [] });
    const shares = async (lotId: string, seq: number) => {
      await app.deps.follower.reaches(seq, 5_000);
      const { body } = await recycler.client.get(`/v1/lots/${lotId}/provenance`);
      return body;
    };
    const sharesOfSorted = await shares(sorted.outputs[0].lotId, sorted.receipt.seq);
    t.same(
      sharesOfSorted.items.map((share: { seq: number; grams: number }) => [share.seq, share.grams]),
      [250, 150, 100, 200, 175, 125].map((g, i) => [entries[i], g]),
      'each owner’s part of what was sorted',
    );
    const provenance = ok(await recycler.client.get(`/v1/batches/${baled.id}/provenance`));
    t.match(provenance, { grams: 991, sources: 6, people: 6 });
    const { rows } = await app.deps.pool.query(
      'SELECT sum(grams)::int8 AS grams FROM lots WHERE site_id = $1',
      [recycler.siteId],
    );
    t.equal(rows[0].grams, 1_991, 'no gram is made, none is lost');

    const all = ok(await app.operator.get('/v1/ledger/entries?limit=1000'));
    const text = JSON.stringify(all.items);
    for (const secret of ['JJ-SECRET-1', 'SEAL-7', bag.id])
      t.notMatch(text, secret, `${secret} is not public`);
    const publicOf = async (seq: number) =>
      JSON.stringify((await app.operator.get(`/v1/ledger/entries/${seq}`)).body);
    t.match(await publicOf(entries[0]!), bag.fillingId, 'a weigh-in shows the filling');

    const again = ok(
      await weighIn(recycler, 100, { containerId: bag.id, collectorId: await collector(station) }),
    );
    const next = await read(recycler.client, bag.id);
    t.match(next, { grams: 100, lotCount: 1, state: 'open' });
    t.not(next.fillingId, bag.fillingId, 'the next filling is another');
    t.match(await publicOf(again.receipt.seq), next.fillingId);
  },
);

t.test('whole lots are put in and taken out, and leave when they go alone', async (t) => {
  const app = await startTestApp(t);
  const place = await app.site('station');
  const other = await app.site('station');
  const bag = await container(place, 'A');
  const second = await container(place, 'B');
  const lots: string[] = [];
  for (const g of [100, 200, 300]) lots.push(ok(await weighIn(place, g)).lot.id);
  const url = `/v1/containers/${bag.id}`;
  const named = (...ids: string[]) => ({ lots: ids.map((lotId) => ({ lotId })) });
  t.match(ok(await place.client.post(`${url}/fill`, named(...lots))), {
    id: bag.id,
    fillingId: bag.fillingId,
  });
  t.same(refused(await place.client.post(`/v1/containers/${second.id}/fill`, named(lots[0]!))), [
    409,
    'in_container',
  ]);
  t.same(refused(await place.client.post(`/v1/containers/${second.id}/take-out`, named(lots[0]!))), [
    409,
    'not_in_container',
  ]);
  t.same(refused(await place.client.post(`${url}/fill`, named(randomUUID()))), [422, 'unknown_lot']);
  t.same(refused(await place.client.post(`${url}/fill`, named(ok(await weighIn(other, 5)).lot.id))), [
    422,
    'unknown_lot',
  ]);
  t.same(refused(await place.client.post(`${url}/close`)), [409, 'container_holds']);
  ok(await place.client.post(`${url}/take-out`, named(lots[1]!)));
  t.match(await read(place.client, bag.id), { lotCount: 2, grams: 400 });
  const bale = (lotId: string, grams: number) =>
    place.client.post('/v1/process-runs', {
      siteId: place.siteId,
      step: 'bale',
      inputs: [{ lotId, grams }],
      outputs: [{ material: 'pet', form: 'bale', grams }],
      losses: [],
    });
  ok(await bale(lots[0]!, 40));
  t.match(
    await read(place.client, bag.id),
    { lotCount: 2, grams: 360 },
    'a part taken leaves the rest in it',
  );
  ok(await bale(lots[0]!, 60));
  t.match(await read(place.client, bag.id), { lotCount: 1, grams: 300 }, 'used up, it is out');
  ok(await send(place, other, named(lots[2]!)));
  t.match(await read(place.client, bag.id), { lotCount: 0, grams: 0, state: 'open', siteId: place.siteId });
  t.equal(
    ok(
      await place.client
        .get(`/v1/lots/${lots[2]}`)
        .then((a) => (a.status === 404 ? app.operator.get(`/v1/lots/${lots[2]}`) : a)),
    ).container,
    null,
  );
  ok(await place.client.post(`${url}/fill`, named(lots[1]!)));
  const refilled = await read(place.client, bag.id);
  t.match(refilled, { lotCount: 1, grams: 200 });
  t.not(refilled.fillingId, bag.fillingId);
});

t.test('a container is refused where it cannot be used, and says why', async (t) => {
  const app = await startTestApp(t);
  const place = await app.site('station');
  const other = await app.site('recycler');
  const id = randomUUID();
  const body = { id, siteId: place.siteId, tag: 'T-1', kind: 'bag' };
  const first = await place.client.post('/v1/containers', body);
  t.equal(first.status, 201);
  const repeat = await place.client.post('/v1/containers', body);
  t.same(repeat.body, first.body);
  t.equal(repeat.headers['idempotency-replayed'], 'true');
  t.same(refused(await place.client.post('/v1/containers', { ...body, id: randomUUID() })), [
    409,
    'tag_taken',
  ]);
  t.equal(
    (await place.client.post('/v1/containers', { ...body, id: randomUUID(), kind: 'box' })).status,
    400,
  );
  t.same(
    refused(await place.client.post('/v1/containers', { ...body, id: randomUUID(), siteId: other.siteId })),
    [422, 'unknown_site'],
  );
  t.equal(
    (await other.client.post('/v1/containers', { ...body, id: randomUUID(), siteId: other.siteId })).status,
    201,
    'another organisation may use the tag',
  );
  const url = `/v1/containers/${id}`;
  t.same(refused(await other.client.post(`${url}/seal`, {})), [404, 'not_found']);
  t.same(refused(await place.client.post(`${url}/seal`, {})), [409, 'container_empty']);
  t.same(refused(await place.client.post(`${url}/open`)), [409, 'container_open']);
  t.same(refused(await send(place, other, { containers: [id] })), [409, 'container_empty']);
  t.equal((await send(place, other, {})).status, 400, 'lots or containers');
  t.same(refused(await send(place, other, { containers: [randomUUID()] })), [422, 'unknown_container']);
  t.same(refused(await send(other, place, { containers: [id] })), [422, 'unknown_container']);
  const lotId = ok(await weighIn(place, 100, { containerId: id })).lot.id;
  t.same(ok(await weighIn(other, 7, { containerId: id })).marks, ['unresolved'], 'another’s container');
  t.same(refused(await send(place, other, { containers: [id, id] })), [422, 'container_named_twice']);
  t.same(refused(await send(place, other, { lots: [{ lotId }], containers: [id] })), [
    422,
    'lot_named_twice',
  ]);
  t.same(refused(await place.client.post('/v1/batches', { containers: [{ containerId: id, grams: 101 }] })), [
    409,
    'grams_gone',
  ]);
  ok(await place.client.post(`${url}/seal`, {}));
  t.same(
    ok(await weighIn(place, 9, { containerId: id })).marks,
    ['unresolved'],
    'nothing goes into a sealed one',
  );
  t.same(refused(await place.client.post(`${url}/seal`, {})), [409, 'container_sealed']);
  t.same(refused(await place.client.post(`${url}/take-out`, { lots: [{ lotId }] })), [
    409,
    'container_sealed',
  ]);
  t.same(refused(await send(place, other, { lots: [{ lotId }] })), [409, 'in_container']);
  t.match(ok(await place.client.post(`${url}/open`)), { fillingId: null });
  ok(await place.client.post(`${url}/take-out`, { lots: [{ lotId }] }));
  ok(await place.client.post(`${url}/close`));
  t.same(refused(await place.client.post(`${url}/close`)), [409, 'container_closed']);
  t.equal(
    (await place.client.post('/v1/containers', { ...body, id: randomUUID() })).status,
    201,
    'its tag is free again',
  );
  const found = ok(await place.client.get(`/v1/containers?siteId=${place.siteId}&tag=T-1`));
  t.same(
    found.items.map((c: { state: string }) => c.state),
    ['closed', 'open'],
  );
});

t.test('of two who draw on one container at once, one wins and the other learns what is left', async (t) => {
  const app = await startTestApp(t);
  const place = await app.site('station');
  const bag = await container(place, 'R');
  for (const g of [60, 40]) ok(await weighIn(place, g, { containerId: bag.id }));
  const draw = () => place.client.post('/v1/batches', { containers: [{ containerId: bag.id, grams: 70 }] });
  const answers = await Promise.all([draw(), draw()]);
  t.same(answers.map((a) => a.status).sort(), [201, 409]);
  t.match(answers.find((a) => a.status === 409)!.body, { code: 'grams_gone', state: { grams: 30 } });
  t.match(await read(place.client, bag.id), { grams: 30, lotCount: 2 });
});

t.test('a container of many lots keeps them all, and goes only up to 500', async (t) => {
  const app = await startTestApp(t);
  const [place, other] = [await app.site('station'), await app.site('recycler')];
  const bin = await container(place, 'BIN', 'bin');
  const upload = async (count: number) => {
    const items = Array.from({ length: count }, () => ({
      id: randomUUID(),
      siteId: place.siteId,
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      grossGrams: 10,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
      containerId: bin.id,
    }));
    ok(await place.client.post('/v1/collections/batch', items));
  };
  await upload(501);
  t.match(await read(place.client, bin.id), { lotCount: 501, grams: 5_010 });
  t.same(refused(await send(place, other, { containers: [bin.id] })), [422, 'too_many_lots']);
  const { lots } = await read(place.client, bin.id);
  ok(await place.client.post(`/v1/containers/${bin.id}/take-out`, { lots: [{ lotId: lots[3].lotId }] }));
  t.equal(ok(await send(place, other, { containers: [bin.id] })).lots.length, 500);
});
