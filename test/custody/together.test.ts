import t from 'tap';
import { ok, startLoads } from '../support/loads.ts';

/** Three stations, each with a load on its way to the warehouse. */
const milkRun = async (...args: Parameters<typeof startLoads>) => {
  const place = await startLoads(...args);
  const [b, c] = [await place.app.site('station'), await place.app.site('station')];
  const loads = [
    await place.dispatch(place.from, 6_000, 4_000),
    await place.dispatch(b, 7_000),
    await place.dispatch(c, 3_000),
  ] as const;
  const [first, ...others] = loads;
  return { ...place, b, c, loads, path: first.path, alsoShipmentIds: others.map(({ id }) => id) };
};

t.test('one weighing closes the loads of three stations, its loss split to the gram', async (t) => {
  const { app, to, loads, path, alsoShipmentIds, lot, stock } = await milkRun(t);
  const receipt = ok(await to.client.post(path, { measuredGrams: 19_930, alsoShipmentIds }));
  t.match(receipt, {
    state: 'received',
    bookedGrams: 20_000,
    measuredGrams: 19_930,
    toleranceGrams: 100,
    lossGrams: 70,
    surplusGrams: 0,
    onHold: false,
  });
  t.same(receipt.shipments, [
    { id: loads[0].id, bookedGrams: 10_000, lossGrams: 35 },
    { id: loads[1].id, bookedGrams: 7_000, lossGrams: 25 },
    { id: loads[2].id, bookedGrams: 3_000, lossGrams: 10 },
  ]);
  // 35 over 6,000 and 4,000 g; 70 · 7,000 / 20,000 = 24.5 takes the gram before 10.5.
  t.same(
    receipt.lots.map(({ grams }: { grams: number }) => grams),
    [5_979, 3_986, 6_975, 2_990],
  );
  t.equal(await stock(to), 19_930);
  for (const [i, { id }] of loads.entries()) {
    const shipment = ok(await app.operator.get(`/v1/shipments/${id}`), 200);
    t.match(shipment, {
      state: 'received',
      lossGrams: [35, 25, 10][i],
      measuredGrams: null,
      arrivedSiteId: to.siteId,
      weighing: { measuredGrams: 19_930, shipmentIds: loads.map((load) => load.id) },
    });
    t.match(await to.client.post(`/v1/shipments/${id}/receipt`, { measuredGrams: 1 }), {
      status: 409,
      body: { code: 'already_received' },
    });
  }
  t.match(await lot(loads[0].lots[0]!), { grams: 5_979, claimableGrams: 5_979 });
});

t.test('beyond tolerance all loads are on hold under one case', async (t) => {
  const { app, from, b, to, loads, path, alsoShipmentIds, lot, decide } = await milkRun(t);
  const receipt = ok(await to.client.post(path, { measuredGrams: 19_000, alsoShipmentIds }));
  t.match(receipt, { onHold: true, lossGrams: 0 });
  for (const { id } of loads)
    t.match(ok(await app.operator.get(`/v1/shipments/${id}`), 200), { onHold: true, caseId: receipt.caseId });
  t.match(await lot(loads[1].lots[0]!), { grams: 7_000, claimableGrams: 6_650 });
  t.equal(ok(await b.client.get('/v1/cases'), 200).items.length, 1, 'each sender sees it');
  for (const { organisationId } of [from, b, to]) {
    const theirs = await app.keyFor(organisationId, 'regulator', { holder: '自己人' });
    t.equal((await theirs.post(`/v1/cases/${receipt.caseId}/decision`, { outcome: 'loss' })).status, 403);
  }
  t.match(await decide(receipt.caseId, { outcome: 'loss', lossKind: 'spilled' }), {
    lossGrams: 1_000,
    lots: [{ grams: 5_700 }, { grams: 3_800 }, { grams: 6_650 }, { grams: 2_850 }],
  });
  t.match(ok(await b.client.get(`/v1/shipments/${loads[1].id}`), 200), { onHold: false });
  t.match(await lot(loads[1].lots[0]!), { grams: 6_650, claimableGrams: 6_650 });
});

t.test('each load of a milk run has its own seals, and a broken one marks that load alone', async (t) => {
  const { app, from, to, b, c, send, weighIn, lot, deciders } = await milkRun(t);
  const loads: Awaited<ReturnType<typeof send>>[] = [];
  for (const [i, place] of [from, b, c].entries())
    loads.push(await send(place, to.siteId, [await weighIn(place, 1_000)], { seals: [`A-00012${i}`] }));
  const [one, two, three] = loads;
  const weigh = (more: object) =>
    to.client.post(one!.path, { measuredGrams: 3_000, alsoShipmentIds: [two!.id, three!.id], ...more });
  const seals = [
    { shipmentId: one!.id, seals: ['A-000120'], sealIntact: true },
    { shipmentId: two!.id, seals: ['B-1'] },
  ];
  t.equal((await weigh({ sealIntact: false })).status, 400, 'say of which load');
  t.equal((await weigh({ loadSeals: [{ shipmentId: one!.id }] })).status, 400);
  t.equal((await to.client.post(one!.path, { measuredGrams: 1_000, loadSeals: seals })).status, 400);
  const stranger = { shipmentId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a0ff', sealIntact: false };
  t.match(await weigh({ loadSeals: [...seals, stranger] }), {
    status: 422,
    body: { code: 'unknown_shipment', errors: [{ pointer: '/loadSeals/2/shipmentId' }] },
  });
  t.match(await weigh({ loadSeals: [...seals, seals[1]] }), {
    status: 422,
    body: { code: 'shipment_named_twice', errors: [{ pointer: '/loadSeals/2/shipmentId' }] },
  });
  const receipt = ok(await weigh({ loadSeals: seals }));
  t.same(
    receipt.shipments.map(({ marks }: { marks?: { code: string }[] }) => marks?.map(({ code }) => code)),
    [undefined, ['seal-broken'], undefined],
  );
  const claimable = async () =>
    Promise.all(loads.map(async ({ lots }) => (await lot(lots[0]!)).claimableGrams));
  t.same(await claimable(), [1_000, 0, 1_000]);
  const { entry } = ok(await app.operator.get(`/v1/ledger/entries/${receipt.receipt.seq}`), 200);
  t.notMatch(JSON.stringify(entry.data), /A-0001|B-1/, 'numbers of seals are private');
  const mark = receipt.shipments[1].marks[0].id;
  t.match(ok(await app.operator.get(`/v1/marks?subjectId=${two!.id}`), 200).items, [{ id: mark }]);
  for (const { organisationId } of [from, b, to]) {
    const theirs = await app.keyFor(organisationId, 'regulator', { holder: '自己人' });
    t.equal((await theirs.post(`/v1/marks/${mark}/clearings`, {})).status, 403, 'all of the run profit');
  }
  for (const client of await deciders()) ok(await client.post(`/v1/marks/${mark}/clearings`, {}));
  t.same(await claimable(), [1_000, 1_000, 1_000]);
});

t.test('what exceeds all loads is one surplus lot', async (t) => {
  const { to, loads, path, alsoShipmentIds, lot, stock } = await milkRun(t);
  const receipt = ok(await to.client.post(path, { grossGrams: 25_090, tareGrams: 5_000, alsoShipmentIds }));
  t.match(receipt, { surplusGrams: 90, onHold: false, lossGrams: 0 });
  t.match(await lot(receipt.surplusLotId), { grams: 90, kind: 'surplus', material: 'pet' });
  t.equal(await stock(to), 20_090);
  t.match(ok(await to.client.get(`/v1/shipments/${loads[2].id}`), 200), {
    weighing: { surplusGrams: 90, surplusLotId: receipt.surplusLotId, toleranceGrams: 100 },
  });
});

t.test('every load must be open and addressed to the site', async (t) => {
  const { app, from, to, b, loads, path, alsoShipmentIds, dispatch, send, weighIn } = await milkRun(t);
  const weigh = (ids: string[], more = {}) =>
    to.client.post(path, { measuredGrams: 10_000, alsoShipmentIds: ids, ...more });
  t.equal((await weigh([])).status, 400);
  t.equal((await weigh(alsoShipmentIds, { final: false })).status, 400);
  t.equal((await weigh(alsoShipmentIds, { outcome: 'returned' })).status, 400);
  t.equal(
    (await to.client.post(path, { alsoShipmentIds, lots: [{ lotId: loads[0].lots[0], measuredGrams: 1 }] }))
      .status,
    400,
  );
  t.equal((await weigh(Array(51).fill(alsoShipmentIds[0]))).status, 400, 'one over the cap');
  t.match(await weigh([loads[0].id]), { status: 422, body: { code: 'shipment_named_twice' } });
  t.match(await weigh([alsoShipmentIds[0]!, alsoShipmentIds[0]!]), {
    status: 422,
    body: { code: 'shipment_named_twice', errors: [{ pointer: '/alsoShipmentIds/1' }] },
  });
  const foreign = await app.site('warehouse');
  const theirs = await send(b, foreign.siteId, [await weighIn(b, 500)]);
  for (const unknown of ['0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a0ff', theirs.id])
    t.match(await weigh([unknown]), { status: 422, body: { code: 'unknown_shipment' } });
  const ours = await send(to, foreign.siteId, [await weighIn({ ...to, client: app.operator }, 500)]);
  t.match(await weigh([ours.id]), {
    status: 409,
    body: { code: 'not_addressed_here', state: { shipmentId: ours.id } },
  });
  const closed = await dispatch(b, 100);
  ok(await to.client.post(closed.path, { measuredGrams: 100 }));
  t.match(await weigh([closed.id]), {
    status: 409,
    body: { code: 'already_received', state: { shipmentId: closed.id } },
  });
  const back = await dispatch(b, 100);
  ok(await to.client.post(back.path, { outcome: 'refused' }));
  t.match(await weigh([back.id]), { status: 409, body: { code: 'refused', state: { shipmentId: back.id } } });
  t.equal((await from.client.post(path, { measuredGrams: 20_000, alsoShipmentIds })).status, 403);
});

t.test('of two weighings that share a load one wins', async (t) => {
  const { to, loads, path, alsoShipmentIds } = await milkRun(t);
  const [second] = alsoShipmentIds;
  const both = await Promise.all([
    to.client.post(path, { measuredGrams: 17_000, alsoShipmentIds: [second] }),
    to.client.post(loads[2].path, { measuredGrams: 10_000, alsoShipmentIds: [second] }),
  ]);
  t.same(both.map(({ status }) => status).sort(), [201, 409]);
});

t.test('a repeat of a milk run is answered as the first', async (t) => {
  const { to, path, alsoShipmentIds, stock } = await milkRun(t);
  const key = { 'idempotency-key': 'round-126' };
  const body = { measuredGrams: 19_990, alsoShipmentIds };
  const first = await to.client.post(path, body, key);
  t.same((await to.client.post(path, body, key)).body, first.body);
  t.equal(await stock(to), 19_990);
});

t.test('loads that arrived unweighed are weighed together later', async (t) => {
  const { to, loads, path, alsoShipmentIds, stock } = await milkRun(t);
  for (const load of loads) ok(await to.client.post(load.path, { outcome: 'unweighed' }));
  t.match(ok(await to.client.post(path, { measuredGrams: 19_930, alsoShipmentIds })), {
    lossGrams: 70,
    shipments: [{ lossGrams: 35 }, { lossGrams: 25 }, { lossGrams: 10 }],
  });
  t.equal(await stock(to), 19_930);
});

t.test(
  'fifty loads of ten lots are one fact of under 65,535 bytes; more than 500 lots are refused',
  async (t) => {
    const { app, from, to, send, weighIn } = await startLoads(t);
    const upload = Array.from({ length: 510 }, (_, i) => ({
      id: `0198f3a2-1c7e-7d1a-9c4e-${String(i).padStart(12, '0')}`,
      siteId: from.siteId,
      material: 'pet',
      form: 'bottle',
      originClass: 'shoreline',
      grossGrams: 9_000_000 + i,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
    }));
    const { items } = ok(await from.client.post('/v1/collections/batch', upload), 200);
    const lots = items.map((item: { lot: { id: string } }) => item.lot.id);
    const loads = [];
    for (let i = 0; i < 500; i += 10)
      loads.push(await send(from, to.siteId, lots.slice(i, i + 10), { seals: ['A-1'] }));
    const extra = await send(from, to.siteId, [await weighIn(from, 1)]);
    const booked = 500 * 9_000_000 + (499 * 500) / 2;
    const [first, ...others] = loads.map(({ id }) => id);
    t.match(
      await to.client.post(`/v1/shipments/${first}/receipt`, {
        measuredGrams: booked,
        alsoShipmentIds: [...others, extra.id],
      }),
      { status: 422, body: { code: 'too_many_lots' } },
    );
    const receipt = ok(
      await to.client.post(`/v1/shipments/${first}/receipt`, {
        measuredGrams: booked - 1_000_000,
        alsoShipmentIds: others,
        loadSeals: loads.map(({ id }) => ({ shipmentId: id, seals: ['B-1'] })),
      }),
    );
    t.equal(receipt.lots.length, 500);
    t.ok(receipt.shipments.every((load: { marks: object[] }) => load.marks.length === 1));
    const bytesOf = async ({ seq }: { seq: number }): Promise<number> => {
      const { body } = await app.operator.get(`/v1/ledger/entries/${seq}`);
      return Buffer.byteLength(JSON.stringify(body.entry));
    };
    const bytes = await bytesOf(receipt.receipt);
    t.ok(bytes < 65_535 && bytes > 40_000, `${bytes} bytes`);
    const undone = ok(
      await to.client.post(`/v1/shipments/${others.at(-1)}/receipt/void`, { reason: '少了' }),
    );
    t.equal(undone.lots.length, 500);
    const undoing = await bytesOf(undone.receipt);
    t.ok(undoing < 65_535 && undoing > 40_000, `undone: ${undoing} bytes`);
    t.comment(`received ${bytes}, undone ${undoing} bytes`);
  },
);
