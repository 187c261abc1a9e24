import t from 'tap';
import { ok, startLoads } from '../support/loads.ts';

const LOST = { outcome: 'lost', lossKind: 'lost-at-sea', note: '渔船沉没' };

t.test('a load reported lost keeps its grams on hold until others decide', async (t) => {
  const { app, from, to, dispatch, lot, decide } = await startLoads(t);
  const { id, lots, path } = await dispatch(from, 10_000, 5_000);
  const [a, b] = lots as [string, string];
  t.equal((await to.client.post(path, { outcome: 'lost' })).status, 400, 'say what befell it');
  t.equal((await to.client.post(path, { outcome: 'lost', lossKind: 'theft' })).status, 400, 'and why');
  t.equal((await to.client.post(path, { ...LOST, measuredGrams: 1 })).status, 400, 'no scale speaks of it');
  t.equal((await to.client.post(path, { measuredGrams: 1, lossKind: 'theft' })).status, 400);
  t.match(await (await app.site('station')).client.post(path, LOST), { status: 404 });
  const lost = ok(await to.client.post(path, LOST));
  t.match(lost, { state: 'lost', bookedGrams: 15_000, lossGrams: 0, measuredGrams: null, onHold: true });
  t.match(ok(await from.client.get(`/v1/shipments/${id}`), 200), {
    state: 'lost',
    onHold: true,
    caseId: lost.caseId,
  });
  t.match(await lot(a), { grams: 10_000, claimableGrams: 0 });
  t.match(await from.client.post(path, LOST), { status: 409, body: { code: 'on_hold' } });
  t.match(await to.client.post(path, { measuredGrams: 15_000 }), {
    status: 409,
    body: { code: 'on_hold', state: { caseId: lost.caseId } },
  });
  t.match(await from.client.post(`/v1/shipments/${id}/void`, { reason: '作废' }), {
    status: 409,
    body: { code: 'already_lost' },
  });
  t.match(ok(await app.operator.get('/v1/cases'), 200).items, [
    { id: lost.caseId, kind: 'load-lost', grams: 15_000, lotIds: lots, state: 'open' },
  ]);
  const theirs = await app.keyFor(to.organisationId, 'regulator', { holder: '收货方' });
  t.match(await theirs.post(`/v1/cases/${lost.caseId}/decision`, { outcome: 'loss' }), {
    status: 403,
    body: { code: 'profits' },
  });
  t.match(await app.operator.post(`/v1/cases/${lost.caseId}/decision`, { outcome: 'explained' }), {
    status: 409,
    body: { code: 'not_explained', state: { missingGrams: 15_000 } },
  });
  const decided = await decide(lost.caseId, { outcome: 'loss', lossKind: 'lost-at-sea' });
  t.match(decided, {
    lossGrams: 15_000,
    lots: [
      { lotId: a, grams: 0 },
      { lotId: b, grams: 0 },
    ],
  });
  t.match(await from.client.post(path, LOST), { status: 409, body: { code: 'already_lost' } });
  // The sea gives it back: what arrives after all is a surplus, since its grams are written off.
  const found = ok(await to.client.post(path, { measuredGrams: 900 }));
  t.match(found, { state: 'received', bookedGrams: 0, surplusGrams: 900, onHold: false });
  t.match(await lot(found.surplusLotId), { grams: 900, claimableGrams: 0, kind: 'surplus' });
});

t.test('a load that was found travels on, and is received as it is', async (t) => {
  const { from, to, dispatch, lot, decide, stock } = await startLoads(t);
  const { lots, path } = await dispatch(from, 10_000);
  const lost = ok(await from.client.post(path, LOST));
  await decide(lost.caseId, { outcome: 'released' });
  t.match(await lot(lots[0]!), { grams: 10_000, claimableGrams: 10_000 });
  t.match(ok(await to.client.post(path, { measuredGrams: 9_980 })), { state: 'received', lossGrams: 20 });
  t.equal(await stock(to), 9_980);
});

t.test('with an incident of the load its rest is lost at once, and no case opens', async (t) => {
  const { app, from, to, dispatch, lot } = await startLoads(t);
  const [load, other] = [await dispatch(from, 10_000, 5_000), await dispatch(from, 7_000)];
  const incident = async (shipmentId: string, lotId: string, grams: number) =>
    ok(
      await from.client.post('/v1/incidents', {
        shipmentId,
        kind: 'theft',
        lots: [{ lotId, grams }],
        reference: '椒公刑 2026-0126',
        happenedAt: new Date().toISOString(),
      }),
    ).id as string;
  const [incidentId, elsewhere] = [
    await incident(load.id, load.lots[0]!, 4_000),
    await incident(other.id, other.lots[0]!, 1),
  ];
  for (const wrong of [elsewhere, '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a0ff'])
    t.match(await to.client.post(load.path, { outcome: 'lost', incidentId: wrong }), {
      status: 422,
      body: { code: 'unknown_incident' },
    });
  const lost = ok(await to.client.post(load.path, { outcome: 'lost', incidentId }));
  t.match(lost, { state: 'lost', bookedGrams: 11_000, lossGrams: 11_000, onHold: false });
  t.notOk('caseId' in lost);
  t.match(await lot(load.lots[0]!), { grams: 0 });
  t.same(ok(await app.operator.get('/v1/cases'), 200).items, []);
  t.match(ok(await from.client.get(`/v1/shipments/${load.id}`), 200), {
    state: 'lost',
    lossGrams: 11_000,
    onHold: false,
  });
});

t.test('the rest of a load is lost after a part arrived', async (t) => {
  const { from, to, dispatch, stock } = await startLoads(t);
  const { lots, path } = await dispatch(from, 10_000, 5_000);
  ok(await to.client.post(path, { final: false, lots: [{ lotId: lots[0], measuredGrams: 10_000 }] }));
  t.match(ok(await to.client.post(path, LOST)), { state: 'lost', bookedGrams: 5_000 });
  t.equal(await stock(to), 10_000);
});

t.test('of two who report it at once one is recorded, and a repeat gets the first answer', async (t) => {
  const { from, to, dispatch } = await startLoads(t);
  const { path } = await dispatch(from, 10_000);
  const both = await Promise.all([from.client.post(path, LOST), to.client.post(path, LOST)]);
  t.same(both.map(({ status }) => status).sort(), [201, 409]);
  const other = await dispatch(from, 10_000);
  const key = { 'idempotency-key': 'lost-1' };
  const first = await to.client.post(other.path, LOST, key);
  const again = await to.client.post(other.path, LOST, key);
  t.same(again.body, first.body);
  t.match(await to.client.post(other.path, { ...LOST, lossKind: 'theft' }, key), {
    status: 409,
    body: { code: 'idempotency_conflict' },
  });
});

t.test('what arrives where no scale is goes on as booked, and is judged when it is weighed', async (t) => {
  const { from, to, dispatch, lot, stock } = await startLoads(t);
  const { id, lots, path } = await dispatch(from, 10_000, 5_000);
  t.equal((await to.client.post(path, { outcome: 'unweighed', measuredGrams: 5 })).status, 400);
  t.equal((await from.client.post(path, { outcome: 'unweighed' })).status, 403);
  t.match(ok(await to.client.post(path, { outcome: 'unweighed', note: '码头没有秤' })), {
    state: 'unweighed',
    bookedGrams: 15_000,
    measuredGrams: null,
    lossGrams: 0,
  });
  t.match(ok(await to.client.get(`/v1/shipments/${id}`), 200), {
    state: 'unweighed',
    unweighed: lots,
    onTheWay: [],
    measuredGrams: null,
    arrivedSiteId: to.siteId,
  });
  t.equal(await stock(to), 15_000);
  t.match(await lot(lots[0]!), { claimableGrams: 10_000 }, 'weighed once, at the weigh-in');
  for (const outcome of ['unweighed', 'refused', 'lost'])
    t.match(await to.client.post(path, outcome === 'lost' ? LOST : { outcome }), {
      status: 409,
      body: { code: 'already_received' },
    });
  t.match(ok(await to.client.post(path, { measuredGrams: 14_940 })), {
    state: 'received',
    toleranceGrams: 75,
    lossGrams: 60,
    lots: [
      { lotId: lots[0], grams: 9_960 },
      { lotId: lots[1], grams: 4_980 },
    ],
  });
  t.match(ok(await to.client.get(`/v1/shipments/${id}`), 200), {
    state: 'received',
    unweighed: [],
    bookedGrams: 15_000,
    measuredGrams: 14_940,
  });
});

t.test('an unweighed lot that was used is judged where it is weighed next', async (t) => {
  const { app, from, to, dispatch, send, lot } = await startLoads(t);
  const { lots, path } = await dispatch(from, 10_000, 5_000);
  ok(await to.client.post(path, { outcome: 'unweighed' }));
  const recycler = await app.site('recycler');
  const next = await send(to, recycler.siteId, [lots[0]!]);
  t.match(await to.client.post(path, { measuredGrams: 15_000 }), {
    status: 409,
    body: { code: 'in_use', state: { lotId: lots[0] } },
  });
  t.match(ok(await recycler.client.post(next.path, { measuredGrams: 9_000 })), { onHold: true });
  t.match(await lot(lots[0]!), { grams: 10_000, claimableGrams: 9_000 });
});
