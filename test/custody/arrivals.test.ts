import t, { type Test } from 'tap';
import { type Answer, type Client, startTestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

const place = async (t: Test) => {
  const app = await startTestApp(t);
  const [from, to] = [await app.site('station'), await app.site('warehouse')];
  /** A load of lots of these grams, on its way. */
  const dispatch = async (...grams: number[]) => {
    const lots = [];
    for (const grossGrams of grams) {
      const { lot } = ok(
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
      );
      lots.push({ lotId: lot.id as string });
    }
    const body = { fromSiteId: from.siteId, toSiteId: to.siteId, lots };
    const { id } = ok(await from.client.post('/v1/shipments', body));
    return { id: id as string, lots: lots.map(({ lotId }) => lotId), path: `/v1/shipments/${id}/receipt` };
  };
  const stock = async ({ client, siteId }: { client: Client; siteId: string }): Promise<number> =>
    ok(await client.get(`/v1/sites/${siteId}/inventory`), 200).items.reduce(
      (sum: number, item: { grams: number }) => sum + item.grams,
      0,
    );
  return { app, from, to, dispatch, stock };
};

t.test('a load arrives in parts, and the last part settles what is left', async (t) => {
  const { from, to, dispatch, stock } = await place(t);
  const { id, lots, path } = await dispatch(10_000, 20_000, 30_000);
  const read = async () => ok(await to.client.get(`/v1/shipments/${id}`), 200);
  const part = ok(
    await to.client.post(path, { final: false, lots: [{ lotId: lots[1], measuredGrams: 19_950 }] }),
  );
  t.match(part, { state: 'dispatched', bookedGrams: 20_000, measuredGrams: 19_950, lossGrams: 50 });
  t.match(await read(), { state: 'dispatched', onTheWay: [lots[0], lots[2]], bookedGrams: 60_000 });
  t.equal(await stock(to), 19_950);
  t.match(await to.client.post(path, { final: false, lots: [{ lotId: lots[1], measuredGrams: 1 }] }), {
    status: 422,
    body: { code: 'unknown_lot' },
  });
  t.match(await from.client.post(`/v1/shipments/${id}/void`, { reason: '晚了' }), {
    status: 409,
    body: { code: 'already_received' },
  });
  t.equal((await to.client.post(path, { final: false, measuredGrams: 5 })).status, 400, 'say which arrived');
  const rest = ok(await to.client.post(path, { measuredGrams: 40_100 }));
  t.match(rest, { state: 'received', bookedGrams: 40_000, surplusGrams: 100, onHold: false });
  t.match(await read(), {
    state: 'received',
    onTheWay: [],
    bookedGrams: 60_000,
    measuredGrams: 60_050,
    lossGrams: 50,
    surplusGrams: 100,
    arrivedSiteId: to.siteId,
  });
  t.equal(await stock(to), 60_050);
  t.match(await to.client.post(path, { measuredGrams: 1 }), {
    status: 409,
    body: { code: 'already_received' },
  });
});

t.test('parts named one by one end the load with the last of them', async (t) => {
  const { to, dispatch } = await place(t);
  const { lots, path } = await dispatch(100, 200);
  const arrive = async (lotId: string, measuredGrams: number) =>
    ok(await to.client.post(path, { final: false, lots: [{ lotId, measuredGrams }] }));
  t.equal((await arrive(lots[0]!, 100)).state, 'dispatched');
  t.equal((await arrive(lots[1]!, 200)).state, 'received');
});

t.test('what is refused travels back, and the sender weighs it in again', async (t) => {
  const { from, to, dispatch, stock } = await place(t);
  const { id, path } = await dispatch(10_000, 5_000);
  t.equal((await from.client.post(path, { outcome: 'refused' })).status, 403, 'the sender cannot refuse');
  t.equal((await to.client.post(path, { outcome: 'refused', measuredGrams: 5 })).status, 400);
  t.match(ok(await to.client.post(path, { outcome: 'refused', note: '太湿' })), {
    state: 'refused',
    bookedGrams: 0,
    lots: [],
  });
  t.equal(await stock(to), 0);
  t.match(await to.client.post(path, { measuredGrams: 15_000 }), { status: 409, body: { code: 'refused' } });
  t.match(await to.client.post(path, { outcome: 'returned', measuredGrams: 15_000 }), { status: 403 });
  const back = ok(await from.client.post(path, { outcome: 'returned', measuredGrams: 14_980 }));
  t.match(back, { state: 'returned', bookedGrams: 15_000, lossGrams: 20 });
  t.equal(await stock(from), 14_980);
  t.match(ok(await from.client.get(`/v1/shipments/${id}`), 200), {
    state: 'returned',
    arrivedSiteId: from.siteId,
  });
});

t.test('a load that arrived elsewhere stands there', async (t) => {
  const { app, from, to, dispatch, stock } = await place(t);
  const other = (
    await app.operator.post('/v1/sites', {
      organisationId: to.organisationId,
      kind: 'warehouse',
      name: '二号仓',
      location: { latE7: 286_600_000, lonE7: 1_214_400_000 },
    })
  ).body.id as string;
  const { path } = await dispatch(7_000);
  const divert = (client: Client, siteId?: string) =>
    client.post(path, {
      outcome: 'diverted',
      measuredGrams: 7_000,
      ...(siteId === undefined ? {} : { siteId }),
    });
  t.equal((await divert(to.client)).status, 400, 'say where');
  t.match(await divert(from.client, other), { status: 422, body: { code: 'unknown_site' } });
  t.equal((await divert((await app.site('warehouse')).client, other)).status, 404);
  t.match(ok(await divert(to.client, other)), { state: 'diverted', bookedGrams: 7_000 });
  t.equal(await stock({ client: to.client, siteId: other }), 7_000);
  t.equal(await stock(to), 0);
});

t.test('a part on hold is on hold until its case is decided, whatever the next part weighs', async (t) => {
  const { app, to, dispatch } = await place(t);
  const { id, lots, path } = await dispatch(100_000, 100_000);
  const first = ok(
    await to.client.post(path, { final: false, lots: [{ lotId: lots[0], measuredGrams: 50_000 }] }),
  );
  t.match(first, { onHold: true });
  t.match(ok(await to.client.post(path, { measuredGrams: 150_000 })), {
    surplusGrams: 50_000,
    onHold: false,
  });
  const read = async () => ok(await to.client.get(`/v1/shipments/${id}`), 200);
  t.equal((await read()).onHold, true);
  const certifiers = (await app.operator.post('/v1/organisations', { name: '认证', kind: 'certifier' })).body
    .id;
  for (const holder of ['甲', '乙'])
    ok(
      await (await app.keyFor(certifiers, 'certifier', { holder })).post(
        `/v1/cases/${first.caseId}/decision`,
        {
          outcome: 'loss',
        },
      ),
    );
  t.equal((await read()).onHold, false);
});

t.test('whoever took in a diverted load sees it, and may not decide about it', async (t) => {
  const { app, dispatch } = await place(t);
  const other = await app.site('warehouse');
  const { id, path } = await dispatch(100_000);
  const diverted = ok(
    await app.operator.post(path, { outcome: 'diverted', siteId: other.siteId, measuredGrams: 90_000 }),
  );
  t.match(diverted, { onHold: true, state: 'diverted' });
  t.equal((await other.client.get(`/v1/shipments/${id}`)).status, 200);
  t.equal(ok(await other.client.get('/v1/shipments'), 200).items.length, 1);
  t.equal(ok(await other.client.get('/v1/cases'), 200).items.length, 1);
  const theirs = await app.keyFor(other.organisationId, 'regulator', { holder: '自己人' });
  t.match(await theirs.post(`/v1/cases/${diverted.caseId}/decision`, { outcome: 'released' }), {
    status: 403,
    body: { code: 'profits' },
  });
});

t.test('a load that was refused travelled, and cannot be undone', async (t) => {
  const { from, to, dispatch } = await place(t);
  const { id, path } = await dispatch(500);
  ok(await to.client.post(path, { outcome: 'refused' }));
  t.match(await from.client.post(`/v1/shipments/${id}/void`, { reason: '作废' }), {
    status: 409,
    body: { code: 'refused' },
  });
});
