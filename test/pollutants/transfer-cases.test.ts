import t from 'tap';
import { ok, startLoads } from '../support/loads.ts';

const at = '2026-11-20T08:00:00+08:00';
const capabilities = [{ name: 'pollutants', licence: '浙危废经第 126 号', validUntil: '2030-12-31' }];

/** Two warehouses; what the first received of a vessel, 100,000 g of oily water and 10,000 g of waste oil, is on its way. */
const sending = async (...args: Parameters<typeof startLoads>) => {
  const place = await startLoads(...args);
  const { app } = place;
  const [a, b] = [
    await app.site('warehouse', { capabilities }),
    await app.site('warehouse', { capabilities }),
  ];
  const send = async (): Promise<string> => {
    const items = [
      { material: 'oily-water', grams: 100_000, millilitres: 100_000 },
      { material: 'waste-oil', grams: 10_000, millilitres: 11_000 },
    ];
    const vesselNumber = '浙临渔 126';
    const received = { siteId: a.siteId, vesselNumber, items, receivedAt: at };
    ok(await a.client.post('/v1/pollutant-receptions', received));
    const { id } = ok(
      await a.client.post('/v1/pollutant-transfers', {
        fromSiteId: a.siteId,
        toSiteId: b.siteId,
        items: items.map(({ material }) => ({ material })),
        dispatchedAt: at,
      }),
    );
    return id;
  };
  const arrive = async (id: string, oilyWater: number, wasteOil: number) =>
    ok(
      await b.client.post(`/v1/pollutant-transfers/${id}/receipt`, {
        items: [
          { material: 'oily-water', grams: oilyWater },
          { material: 'waste-oil', grams: wasteOil },
        ],
        arrivedAt: at,
      }),
    );
  const openAt = async (siteId: string): Promise<{ kind: string; id: string; grams: number }[]> => {
    const month = new Date().toISOString().slice(0, 7);
    const { openItems } = ok(await app.operator.get(`/v1/sites/${siteId}/periods/${month}`), 200);
    return openItems.map(({ kind, id, grams }: { kind: string; id: string; grams: number }) => ({
      kind,
      id,
      grams,
    }));
  };
  return { ...place, a, b, send, arrive, openAt };
};

t.test('what arrives within tolerance of each material asks nothing', async (t) => {
  const { app, send, arrive } = await sending(t);
  // 50 basis points: 500 g of the water, 50 g of the oil; equal is within.
  t.notOk('caseId' in (await arrive(await send(), 99_500, 10_050)));
  t.same(ok(await app.operator.get('/v1/cases'), 200).items, []);
});

t.test('beyond it a case opens, which neither of the two may decide', async (t) => {
  const { app, a, b, send, arrive, openAt, deciders } = await sending(t);
  const id = await send();
  const travelling = [{ kind: 'pollutants-on-the-way', id, grams: 110_000 }];
  t.same(await openAt(a.siteId), travelling);
  t.same(await openAt(b.siteId), travelling, 'a month does not close while it travels');
  // The water alone is within; of both together 49 g of oil too few would be as well.
  const { caseId, receipt } = await arrive(id, 99_600, 9_949);
  t.match(ok(await app.operator.get('/v1/cases'), 200).items, [
    {
      id: caseId,
      kind: 'pollutant-transfer',
      subjectId: id,
      state: 'open',
      grams: 51,
      measuredGrams: 109_549,
    },
  ]);
  for (const { siteId } of [a, b])
    t.same(await openAt(siteId), [{ kind: 'open-case', id: caseId, grams: 51 }]);
  const { entry } = ok(await app.operator.get(`/v1/ledger/entries/${receipt.seq}`), 200);
  t.notMatch(JSON.stringify(entry.data), new RegExp(`${id}|${a.organisationId}`), 'who sent it is private');
  const decision = { outcome: 'loss', lossKind: 'spilled' };
  for (const { organisationId } of [a, b]) {
    const theirs = await app.keyFor(organisationId, 'regulator', { holder: '自己人' });
    t.equal((await theirs.post(`/v1/cases/${caseId}/decision`, decision)).status, 403);
  }
  for (const client of await deciders()) ok(await client.post(`/v1/cases/${caseId}/decision`, decision));
  for (const { siteId } of [a, b]) t.same(await openAt(siteId), []);
  const { items } = ok(await b.client.get(`/v1/sites/${b.siteId}/pollutants`), 200);
  t.same(
    items.map(({ grams }: { grams: number }) => grams).sort(),
    [9_949, 99_600],
    'what was measured is what is there',
  );
});

t.test('far too much is a case as well', async (t) => {
  const { app, send, arrive } = await sending(t);
  const { caseId } = await arrive(await send(), 100_501, 0);
  t.match(ok(await app.operator.get('/v1/cases'), 200).items, [{ id: caseId, grams: 10_501 }]);
});
