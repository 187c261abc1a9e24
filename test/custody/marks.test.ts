import t from 'tap';
import type { Client } from '../support/app.ts';
import { ok, startLoads } from '../support/loads.ts';

const marked = async (...args: Parameters<typeof startLoads>) => {
  const place = await startLoads(...args);
  const people = await place.deciders();
  const mark = async (what: string, id: string, client: Client, code = 'review'): Promise<string> =>
    ok(await client.post(`/v1/${what}/${id}/marks`, { code, note: '照片不符' })).id;
  const clear = async (markId: string): Promise<void> => {
    for (const client of people) ok(await client.post(`/v1/marks/${markId}/clearings`, {}));
  };
  const claimable = async (...ids: string[]): Promise<number[]> => {
    const found = [];
    for (const id of ids) found.push((await place.lot(id)).claimableGrams as number);
    return found;
  };
  return { ...place, mark, clear, claimable };
};

t.test('a mark on a lot stops the claim of it and of what was made of it, until two clear it', async (t) => {
  const { app, from, to, weighIn, send, mark, clear, claimable } = await marked(t);
  const [a, b] = [await weighIn(from, 6_000), await weighIn(from, 4_000)];
  const load = await send(from, to.siteId, [a, b]);
  t.match(await from.client.post(`/v1/lots/${a}/marks`, { code: 'review' }), {
    status: 409,
    body: { code: 'on_the_way', state: { shipmentId: load.id } },
  });
  ok(await to.client.post(load.path, { measuredGrams: 10_000 }));
  const baled = ok(
    await to.client.post('/v1/process-runs', {
      siteId: to.siteId,
      step: 'bale',
      inputs: [{ lotId: a, grams: 5_000 }, { lotId: b }],
      outputs: [{ material: 'pet', form: 'bale', grams: 9_000 }],
      losses: [],
    }),
  ).outputs[0].lotId as string;
  t.same(await claimable(a, b, baled), [1_000, 0, 9_000]);
  t.match(await to.client.post(`/v1/lots/${a}/marks`, { code: 'far-from-site' }), { status: 400 });
  t.match(await (await app.site('station')).client.post(`/v1/lots/${a}/marks`, { code: 'review' }), {
    status: 404,
  });
  const first = await mark('lots', a, to.client);
  t.same(await claimable(a, baled), [0, 4_000], 'the 5,000 g of it in the bale are in doubt');
  const second = await mark('lots', a, app.operator, 'duplicate-evidence');
  const listed = ok(await app.operator.get(`/v1/marks?lotId=${a}`), 200).items;
  t.match(listed, [
    { id: first, subjectKind: 'lot', subjectId: a, code: 'review', state: 'open', lotIds: [a] },
    { id: second, code: 'duplicate-evidence' },
  ]);
  const theirs = await app.keyFor(to.organisationId, 'regulator', { holder: '自己人' });
  t.match(await theirs.post(`/v1/marks/${first}/clearings`, {}), { status: 403, body: { code: 'profits' } });
  await clear(first);
  t.same(await claimable(a, baled), [0, 4_000], 'the other mark is open');
  await clear(second);
  t.same(await claimable(a, baled), [1_000, 9_000]);
  t.match(await app.operator.post(`/v1/marks/${second}/clearings`, {}), {
    status: 409,
    body: { code: 'already_cleared' },
  });
});

t.test('a mark on a load is one on all its lots, wherever they are', async (t) => {
  const { app, from, to, dispatch, send, mark, clear, claimable } = await marked(t);
  const load = await dispatch(from, 6_000, 4_000);
  ok(await to.client.post(load.path, { measuredGrams: 10_000 }));
  const recycler = await app.site('recycler');
  const next = await send(to, recycler.siteId, [load.lots[0]!]);
  t.equal((await recycler.client.post(`/v1/shipments/${load.id}/marks`, { code: 'review' })).status, 404);
  const markId = await mark('shipments', load.id, to.client, 'seal-broken');
  t.same(await claimable(...load.lots), [0, 0]);
  t.same(ok(await from.client.get(`/v1/shipments/${load.id}`), 200).marks, ['seal-broken']);
  t.equal(ok(await from.client.get('/v1/marks'), 200).items.length, 1, 'the sender sees it');
  t.equal(ok(await to.client.get(`/v1/marks?subjectId=${load.id}`), 200).items.length, 1);
  ok(await recycler.client.post(next.path, { measuredGrams: 6_000 }));
  for (const { organisationId } of [from, to, recycler]) {
    const theirs = await app.keyFor(organisationId, 'regulator', { holder: '自己人' });
    t.match(await theirs.post(`/v1/marks/${markId}/clearings`, {}), {
      status: 403,
      body: { code: 'profits' },
    });
  }
  t.same(await claimable(...load.lots), [0, 0], 'the receipt leaves it as it is');
  await clear(markId);
  t.same(await claimable(...load.lots), [6_000, 4_000]);
  t.same(ok(await from.client.get(`/v1/shipments/${load.id}`), 200).marks, []);
});

t.test('what is drawn from a marked lot later is in doubt too, and free with it', async (t) => {
  const { from, to, weighIn, mark, clear, claimable } = await marked(t);
  const whole = await weighIn(from, 6_000);
  const markId = await mark('lots', whole, from.client, 'origin-none');
  const body = { fromSiteId: from.siteId, toSiteId: to.siteId, lots: [{ lotId: whole, grams: 2_000 }] };
  const { lots } = ok(await from.client.post('/v1/shipments', body));
  t.same(await claimable(whole, lots[0].lotId), [0, 0]);
  await clear(markId);
  t.same(await claimable(whole, lots[0].lotId), [4_000, 2_000]);
});

t.test('a mark on a run is one on all it made', async (t) => {
  const { from, to, weighIn, mark, clear, claimable } = await marked(t);
  const input = await weighIn(from, 10_000);
  const run = ok(
    await from.client.post('/v1/process-runs', {
      siteId: from.siteId,
      step: 'sort',
      inputs: [{ lotId: input }],
      outputs: [
        { material: 'pet', form: 'bottle', grams: 8_000 },
        { material: 'pet', form: 'film', grams: 2_000 },
      ],
      losses: [],
    }),
  );
  const made = run.outputs.map(({ lotId }: { lotId: string }) => lotId) as string[];
  t.same(await claimable(...made), [8_000, 2_000]);
  t.equal((await from.client.post(`/v1/process-runs/${run.id}/marks`, { code: 'seal-broken' })).status, 400);
  t.equal((await to.client.post(`/v1/process-runs/${run.id}/marks`, { code: 'review' })).status, 404);
  const markId = await mark('process-runs', run.id, from.client);
  t.same(await claimable(...made), [0, 0]);
  t.ok(ok(await from.client.get(`/v1/process-runs/${run.id}`), 200).marks.includes('review'));
  await clear(markId);
  t.same(await claimable(...made), [8_000, 2_000]);
});

t.test('two who agree clear the mark of a certificate that had expired', async (t) => {
  const { app, mark: _, clear, claimable } = await marked(t);
  const recycler = await app.site('recycler');
  const bought = ok(
    await recycler.client.post('/v1/outside-materials', {
      siteId: recycler.siteId,
      kind: 'purchase',
      material: 'pet',
      form: 'flake',
      grams: 5_000,
      certificate: {
        body: 'Control Union',
        number: 'OBP-2024-0126',
        scope: 'ocean-bound PET',
        fileSha256: 'a'.repeat(64),
        originClass: 'shoreline',
        claimableGrams: 3_000,
        validUntil: '2024-01-01',
      },
    }),
  );
  const lotId = bought.lot.id as string;
  t.same(await claimable(lotId), [0]);
  const [mark] = ok(await app.operator.get(`/v1/marks?lotId=${lotId}`), 200).items;
  t.match(mark, { subjectKind: 'outside-material', code: 'certificate-expired', state: 'open' });
  await clear(mark.id);
  t.same(await claimable(lotId), [3_000], 'what the certificate says');
  t.same(ok(await recycler.client.get(`/v1/outside-materials/${bought.id}`), 200).marks, []);
});

t.test('a repeat of a mark is the same mark, and of two who clear last one wins', async (t) => {
  const { app, from, weighIn, deciders } = await marked(t);
  const lotId = await weighIn(from, 6_000);
  const body = { id: '0198f3a2-1c7e-4d1a-9c4e-2f60c1b7a126', code: 'review' };
  const first = await from.client.post(`/v1/lots/${lotId}/marks`, body);
  t.same((await from.client.post(`/v1/lots/${lotId}/marks`, body)).body, first.body);
  t.match(await from.client.post(`/v1/lots/${lotId}/marks`, { ...body, code: 'origin-none' }), {
    status: 409,
    body: { code: 'idempotency_conflict' },
  });
  const [one, two] = await deciders();
  ok(await one!.post(`/v1/marks/${first.body.id}/clearings`, {}));
  const both = await Promise.all(
    [two!, app.operator].map((c) => c.post(`/v1/marks/${first.body.id}/clearings`, {})),
  );
  t.same(both.map(({ status }) => status).sort(), [201, 409]);
});

t.test('two who agree clear a mark that was set on a weigh-in by hand', async (t) => {
  const { app, from, clear, claimable, weighIn } = await marked(t);
  const id = '0198f3a2-1c7e-4d1a-9c4e-2f60c1b7a127';
  const lotId = await weighIn(from, 6_000, { id });
  const mark = ok(await from.client.post(`/v1/collections/${id}/marks`, { code: 'far-from-site' })).id;
  t.same(await claimable(lotId), [0]);
  t.equal(ok(await app.operator.get(`/v1/marks?lotId=${lotId}`), 200).items[0].id, mark);
  await clear(mark);
  t.same(await claimable(lotId), [6_000]);
});
