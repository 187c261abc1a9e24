import { randomUUID } from 'node:crypto';
import t from 'tap';
import { ok, startLoads } from '../support/loads.ts';

const sealed = async (...args: Parameters<typeof startLoads>) => {
  const place = await startLoads(...args);
  const { from, to, weighIn, send } = place;
  /** A load under two seals. */
  const load = async () =>
    send(from, to.siteId, [await weighIn(from, 6_000), await weighIn(from, 4_000)], {
      seals: ['A-000126', 'A-000127'],
    });
  const claimable = async (ids: readonly string[]): Promise<number> => {
    let sum = 0;
    for (const id of ids) sum += (await place.lot(id)).claimableGrams;
    return sum;
  };
  return { ...place, load, claimable };
};

t.test('seals as they were are no mark, in whatever order they are read', async (t) => {
  const { app, to, load, claimable } = await sealed(t);
  const { lots, path } = await load();
  const receipt = ok(
    await to.client.post(path, { measuredGrams: 10_000, seals: ['A-000127', 'A-000126'], sealIntact: true }),
  );
  t.notOk('marks' in receipt);
  const unseen = await load();
  t.notOk('marks' in ok(await to.client.post(unseen.path, { measuredGrams: 10_000 })), 'nobody looked');
  t.equal(await claimable([...lots, ...unseen.lots]), 20_000);
  t.same(ok(await app.operator.get('/v1/marks?code=seal-broken'), 200).items, []);
});

t.test('a broken seal or another marks what arrived, until two clear it', async (t) => {
  const { app, from, to, load, claimable, deciders } = await sealed(t);
  for (const seen of [{ seals: ['A-000126', 'B-1'] }, { sealIntact: false }, { seals: [] }]) {
    const { id, lots, path } = await load();
    const receipt = ok(await to.client.post(path, { measuredGrams: 9_980, ...seen }));
    t.match(receipt, { lossGrams: 20, onHold: false, marks: [{ code: 'seal-broken' }] });
    t.equal(await claimable(lots), 0);
    t.same(ok(await from.client.get(`/v1/shipments/${id}`), 200).marks, ['seal-broken']);
    const entry = await app.operator.get(`/v1/ledger/entries/${receipt.receipt.seq}`);
    t.notMatch(JSON.stringify(entry.body), /A-0001|B-1/, 'numbers of seals are private');
    const [mark] = receipt.marks;
    t.match(ok(await app.operator.get(`/v1/marks?subjectId=${id}`), 200).items, [
      { id: mark.id, subjectKind: 'shipment', seq: receipt.receipt.seq, lotIds: lots },
    ]);
    const theirs = await app.keyFor(from.organisationId, 'regulator', { holder: '发货方' });
    t.equal((await theirs.post(`/v1/marks/${mark.id}/clearings`, {})).status, 403);
    for (const client of await deciders()) ok(await client.post(`/v1/marks/${mark.id}/clearings`, {}));
    t.equal(await claimable(lots), 9_980);
  }
});

t.test('what arrives unweighed is looked at too; what nobody takes in is not', async (t) => {
  const { to, load, claimable } = await sealed(t);
  const { lots, path } = await load();
  t.equal((await to.client.post(path, { outcome: 'refused', sealIntact: false })).status, 400);
  const other = await load();
  t.equal(
    (
      await to.client.post(path, {
        measuredGrams: 20_000,
        alsoShipmentIds: [other.id],
        sealIntact: false,
      })
    ).status,
    400,
    'say of which load',
  );
  t.match(ok(await to.client.post(path, { outcome: 'unweighed', sealIntact: false })), {
    state: 'unweighed',
    marks: [{ code: 'seal-broken' }],
  });
  t.equal(await claimable(lots), 0);
  ok(await to.client.post(path, { measuredGrams: 10_000 }));
  t.equal(await claimable(lots), 0, 'weighing it clears no seal');
});

t.test('containers are weighed each for itself, with the lots beside them', async (t) => {
  const { from, to, weighIn, lot, stock } = await sealed(t);
  const bag = async (...grams: number[]): Promise<string> => {
    const { id } = ok(
      await from.client.post('/v1/containers', { siteId: from.siteId, tag: randomUUID(), kind: 'bag' }),
    );
    const lots = [];
    for (const gram of grams) lots.push({ lotId: await weighIn(from, gram) });
    ok(await from.client.post(`/v1/containers/${id}/fill`, { lots }));
    return id;
  };
  const [a, b, loose] = [await bag(6_000, 4_000), await bag(5_000), await weighIn(from, 1_000)];
  const { id, lots } = ok(
    await from.client.post('/v1/shipments', {
      fromSiteId: from.siteId,
      toSiteId: to.siteId,
      containers: [a, b],
      lots: [{ lotId: loose }],
    }),
  );
  const receive = (body: object) => to.client.post(`/v1/shipments/${id}/receipt`, body);
  const weighed = (containerId: string, measuredGrams: number) => ({ containerId, measuredGrams });
  t.equal((await receive({ measuredGrams: 16_000, containers: [weighed(a, 1)] })).status, 400);
  t.match(await receive({ containers: [weighed(a, 10_000), weighed(b, 5_000)] }), {
    status: 422,
    body: { code: 'lot_not_measured' },
  });
  t.match(await receive({ containers: [weighed(loose, 1)] }), {
    status: 422,
    body: { code: 'unknown_container' },
  });
  t.match(await receive({ containers: [weighed(a, 1), weighed(a, 1)] }), {
    status: 422,
    body: { code: 'container_named_twice' },
  });
  const first = ok(await receive({ final: false, containers: [weighed(a, 9_960)] }));
  t.match(first, { state: 'dispatched', bookedGrams: 10_000, lossGrams: 40, toleranceGrams: 50 });
  t.same(
    first.lots.map(({ grams }: { grams: number }) => grams),
    [5_976, 3_984],
  );
  t.match(ok(await to.client.get(`/v1/containers/${a}`), 200), { siteId: to.siteId, grams: 9_960 });
  const rest = ok(
    await receive({ containers: [weighed(b, 5_010)], lots: [{ lotId: loose, measuredGrams: 995 }] }),
  );
  t.match(rest, { state: 'received', bookedGrams: 6_000, measuredGrams: 6_005, surplusGrams: 5 });
  t.match(await lot(loose), { grams: 1_000 });
  t.equal(lots.length, 4);
  t.equal(await stock(to), 15_965);
});

t.test('a container sealed at another weight than is booked in it is marked, beyond tolerance', async (t) => {
  const { app, from, to, weighIn, claimable, deciders } = await sealed(t);
  const scale = ok(
    await from.client.post('/v1/devices', {
      siteId: from.siteId,
      name: '台秤',
      scale: {
        class: 'III',
        eGrams: 100,
        minGrams: 2_000,
        maxGrams: 300_000,
        seal: 'S-1',
        certificate: 'C-1',
        validUntil: '2036-01-01',
      },
    }),
  ).id;
  const bag = async (measuredGrams?: number, more = {}) => {
    const { id } = ok(
      await from.client.post('/v1/containers', { siteId: from.siteId, tag: randomUUID(), kind: 'bag' }),
    );
    const lots = [await weighIn(from, 6_000), await weighIn(from, 4_000)];
    const filled = { lots: lots.map((lotId) => ({ lotId })) };
    ok(await from.client.post(`/v1/containers/${id}/fill`, filled));
    const answer = ok(await from.client.post(`/v1/containers/${id}/seal`, { measuredGrams, ...more }));
    return { id: id as string, lots, answer };
  };
  for (const within of [undefined, 10_000, 9_950, 10_050]) t.notOk('mark' in (await bag(within)).answer);
  t.notOk('mark' in (await bag(9_900, { deviceId: scale })).answer, 'the scale may err by 100 g');
  t.match((await bag(9_899, { deviceId: scale })).answer, { mark: { code: 'container-weight' } });
  const { id, lots, answer } = await bag(9_949);
  t.equal(await claimable(lots), 0);
  t.match(ok(await app.operator.get(`/v1/marks?lotId=${lots[0]}`), 200).items, [
    { id: answer.mark.id, subjectKind: 'container', subjectId: answer.fillingId, lotIds: lots },
  ]);
  const sent = { fromSiteId: from.siteId, toSiteId: to.siteId, containers: [id] };
  const load = ok(await from.client.post('/v1/shipments', sent));
  ok(await to.client.post(`/v1/shipments/${load.id}/receipt`, { measuredGrams: 10_000 }));
  for (const { organisationId } of [from, to]) {
    const theirs = await app.keyFor(organisationId, 'regulator', { holder: '自己人' });
    t.equal((await theirs.post(`/v1/marks/${answer.mark.id}/clearings`, {})).status, 403);
  }
  t.equal(await claimable(lots), 0);
  for (const client of await deciders()) ok(await client.post(`/v1/marks/${answer.mark.id}/clearings`, {}));
  t.equal(await claimable(lots), 10_000);
});
