import { randomUUID } from 'node:crypto';
import t from 'tap';
import { ok, startLoads } from '../support/loads.ts';

const receiving = async (...args: Parameters<typeof startLoads>) => {
  const place = await startLoads(...args);
  const { to, app, lot } = place;
  const receive = async (path: string, body: object) => ok(await to.client.post(path, body));
  const undo = (path: string, client = to.client) => client.post(`${path}/void`, { reason: '少打了一个零' });
  const shipment = async (path: string) => ok(await app.operator.get(path.replace('/receipt', '')), 200);
  const shares = async (id: string): Promise<number[]> =>
    ok(await app.operator.get(`/v1/lots/${id}/provenance`), 200).items.map((i: { grams: number }) => i.grams);
  const grams = async (ids: readonly string[]) => Promise.all(ids.map(async (id) => (await lot(id)).grams));
  /** A bale of three weigh-ins, 500 + 300 + 200 g, at the station. */
  const bale = async (): Promise<string> => {
    const inputs = [];
    for (const gram of [500, 300, 200]) inputs.push({ lotId: await place.weighIn(place.from, gram) });
    return ok(
      await place.from.client.post('/v1/process-runs', {
        siteId: place.from.siteId,
        step: 'bale',
        inputs,
        outputs: [{ material: 'pet', form: 'bale', grams: 1_000 }],
        losses: [],
      }),
    ).outputs[0].lotId;
  };
  return { ...place, receive, undo, shipment, shares, grams, bale };
};

t.test('a receipt is undone to the gram, and the load is received anew', async (t) => {
  const { app, from, to, send, bale, receive, undo, shipment, shares, lot, stock } = await receiving(t);
  const lotId = await bale();
  ok(await app.operator.patch(`/v1/sites/${to.siteId}`, { toleranceBasisPoints: 5_000 }), 200);
  const { path } = await send(from, to.siteId, [lotId]);
  const before = await shipment(path);
  t.match(await receive(path, { measuredGrams: 667 }), { lossGrams: 333, onHold: false });
  t.same(await shares(lotId), [334, 200, 133]);
  t.match(await undo(path, from.client), { status: 403 });
  t.equal((await undo(path, (await app.site('warehouse')).client)).status, 404);
  t.match(ok(await undo(path)), { state: 'voided', lots: [{ lotId, grams: 1_000 }] });
  t.same(await shares(lotId), [500, 300, 200], 'the very grams');
  t.match(await lot(lotId), { siteId: null, grams: 1_000, claimableGrams: 1_000 });
  t.equal(await stock(to), 0);
  t.same(await shipment(path), { ...before, seq: before.seq }, 'the load is as it was');
  t.match(await undo(path), { status: 409, body: { code: 'not_received' } });
  t.match(await receive(path, { measuredGrams: 990 }), { lossGrams: 10 });
  const batch = ok(await to.client.post('/v1/batches', { siteId: to.siteId, inputs: [{ lotId }] }));
  t.match(ok(await to.client.get(`/v1/batches/${batch.id}/provenance`), 200), {
    grams: 990,
    lossesOnTheWay: [{ grams: 10 }],
  });
  t.match(await undo(path), { status: 409, body: { code: 'in_use', state: { lotId } } });
  ok(await to.client.post(`/v1/batches/${batch.id}/void`, { reason: '换批' }));
  ok(await undo(path));
  ok(await from.client.post(path.replace('receipt', 'void'), { reason: '车没有来' }));
  t.match(await lot(lotId), { siteId: from.siteId, grams: 1_000 });
});

t.test('a zero too few puts a load on hold; undone, nobody has to decide it', async (t) => {
  const { app, from, to, dispatch, receive, undo, lot, deciders } = await receiving(t);
  const { lots, path } = await dispatch(from, 6_000, 4_000);
  const { caseId, onHold } = await receive(path, { measuredGrams: 1_000 });
  t.ok(onHold);
  t.match(await lot(lots[0]!), { claimableGrams: 600 });
  ok(await undo(path));
  t.match(await lot(lots[0]!), { onHold: false, grams: 6_000, claimableGrams: 6_000 });
  t.match(ok(await app.operator.get('/v1/cases?state=withdrawn'), 200).items, [
    { id: caseId, overdue: false },
  ]);
  const [one] = await deciders();
  t.match(await one!.post(`/v1/cases/${caseId}/decision`, { outcome: 'loss' }), {
    status: 409,
    body: { code: 'withdrawn' },
  });
  const again = await receive(path, { measuredGrams: 9_000 });
  t.match(again, { onHold: true });
  for (const client of await deciders())
    ok(await client.post(`/v1/cases/${again.caseId}/decision`, { outcome: 'released' }));
  t.match(await undo(path), { status: 409, body: { code: 'already_decided' } });
  t.equal((await to.client.post(path, { measuredGrams: 1 })).status, 409, 'it is still received');
});

t.test('a surplus of the receipt goes with it, unless somebody used it', async (t) => {
  const { from, to, dispatch, receive, undo, lot, stock, grams } = await receiving(t);
  const first = await dispatch(from, 1_000);
  const over = await receive(first.path, { measuredGrams: 10_000 });
  t.match(await lot(over.surplusLotId), { grams: 9_000, onHold: true });
  ok(await undo(first.path));
  t.same(await grams([over.surplusLotId, ...first.lots]), [0, 1_000]);
  t.match(await receive(first.path, { measuredGrams: 1_003 }), { surplusGrams: 3 });
  t.equal(await stock(to), 1_003);
  const second = await dispatch(from, 1_000);
  const { surplusLotId } = await receive(second.path, { measuredGrams: 1_004 });
  const count = { cutOffAt: new Date().toISOString(), items: [] as object[] };
  count.items.push({ material: 'pet', form: 'bottle', countedGrams: 2_000 });
  ok(await to.client.post(`/v1/sites/${to.siteId}/stock-counts`, count));
  t.match(await undo(second.path), { status: 409, body: { code: 'in_use' } });
  t.ok((await lot(surplusLotId)).grams <= 4);
});

t.test('of a load that came in parts the last part is undone first', async (t) => {
  const { from, to, dispatch, receive, undo, shipment, stock } = await receiving(t);
  const { lots, path } = await dispatch(from, 1_000, 2_000, 3_000);
  const part = (i: number, measuredGrams: number, final = false) =>
    receive(path, { final, lots: [{ lotId: lots[i], measuredGrams }] });
  await part(1, 1_995);
  const one = await shipment(path);
  await part(0, 998);
  await part(2, 3_010);
  t.match(await shipment(path), { state: 'received', onTheWay: [], lossGrams: 7, surplusGrams: 10 });
  ok(await undo(path));
  t.match(await shipment(path), { state: 'dispatched', onTheWay: [lots[2]], lossGrams: 7, surplusGrams: 0 });
  ok(await undo(path));
  t.same(await shipment(path), one, 'as after the first part');
  t.equal(await stock(to), 1_995);
  ok(await from.client.post(path, { outcome: 'lost', lossKind: 'theft', note: '半路' }));
  t.match(await undo(path), { status: 409, body: { code: 'in_use' } }, 'more was said of it since');
});

t.test('one weighing of a milk run is undone for all its loads, and each seal stays in doubt', async (t) => {
  const { app, from, to, weighIn, send, receive, undo, lot, grams, stock } = await receiving(t);
  const b = await app.site('station');
  const one = await send(from, to.siteId, [await weighIn(from, 6_000)], { seals: ['A-1'] });
  const two = await send(b, to.siteId, [await weighIn(b, 4_000)]);
  const lots = [...one.lots, ...two.lots];
  ok(await to.client.post(two.path, { outcome: 'unweighed' }));
  const loadSeals = [{ shipmentId: one.id, sealIntact: false }];
  await receive(one.path, { measuredGrams: 9_950, alsoShipmentIds: [two.id], loadSeals });
  t.same(await grams(lots), [5_970, 3_980]);
  ok(await undo(two.path));
  t.same(await grams(lots), [6_000, 4_000]);
  t.match(await lot(lots[0]!), { siteId: null, claimableGrams: 0 }, 'its seal is still broken');
  t.match(
    await lot(lots[1]!),
    { siteId: to.siteId, claimableGrams: 4_000 },
    'taken in before it was weighed',
  );
  t.equal(await stock(to), 4_000);
  t.match(await receive(two.path, { measuredGrams: 3_990 }), { lossGrams: 10 });
  t.match(await receive(one.path, { measuredGrams: 6_000 }), { lossGrams: 0 });
});

t.test('a container travels back with all that is in it, or not at all', async (t) => {
  const { app, from, to, weighIn, receive, undo } = await receiving(t);
  const bag = async (lots: string[]): Promise<string> => {
    const body = { siteId: from.siteId, tag: randomUUID(), kind: 'bag' };
    const { id } = ok(await from.client.post('/v1/containers', body));
    const filled = { lots: lots.map((lotId) => ({ lotId })) };
    ok(await from.client.post(`/v1/containers/${id}/fill`, filled));
    return id;
  };
  const id = await bag([await weighIn(from, 6_000), await weighIn(from, 4_000)]);
  const sent = { fromSiteId: from.siteId, toSiteId: to.siteId, containers: [id] };
  const load = ok(await from.client.post('/v1/shipments', sent));
  const path = `/v1/shipments/${load.id}/receipt`;
  const container = async () => ok(await to.client.get(`/v1/containers/${id}`), 200);
  await receive(path, { measuredGrams: 9_990 });
  t.match(await container(), { siteId: to.siteId, grams: 9_990, lots: { length: 2 } });
  ok(await undo(path));
  t.match(ok(await from.client.get(`/v1/containers/${id}`), 200), {
    siteId: null,
    grams: 10_000,
    lots: { length: 2 },
  });
  await receive(path, { measuredGrams: 9_980 });
  t.match(await container(), { siteId: to.siteId, grams: 9_980, lots: { length: 2 } });
  const more = await weighIn({ ...to, client: app.operator }, 50);
  ok(await to.client.post(`/v1/containers/${id}/fill`, { lots: [{ lotId: more }] }));
  t.match(await undo(path), { status: 409, body: { code: 'in_use', state: { containerId: id } } });
});

t.test('of an undoing and a use at once one wins', async (t) => {
  const { from, to, dispatch, receive, undo, lot } = await receiving(t);
  const { lots, path } = await dispatch(from, 1_000);
  await receive(path, { measuredGrams: 1_000 });
  const [undone, used, second] = await Promise.all([
    undo(path),
    to.client.post('/v1/batches', { siteId: to.siteId, inputs: [{ lotId: lots[0] }] }),
    undo(path),
  ]);
  t.equal([undone, used, second].filter(({ status }) => status === 201).length, 1);
  t.equal((await lot(lots[0]!)).grams, used!.status === 201 ? 0 : 1_000);
});
