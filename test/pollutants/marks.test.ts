import t from 'tap';
import { ok, startLoads } from '../support/loads.ts';

const at = '2026-11-20T08:00:00+08:00';
const URL = '/v1/pollutant-receptions';

const received = async (...args: Parameters<typeof startLoads>) => {
  const { app, deciders } = await startLoads(...args);
  const capabilities = [
    { name: 'lead-acid-battery' },
    { name: 'waste-oil', licence: 'x', validUntil: '2025-01-01' },
  ];
  const place = await app.site('warehouse', { capabilities });
  const receive = async (client = place.client) =>
    ok(
      await client.post(URL, {
        siteId: place.siteId,
        items: [
          { material: 'lead-acid-battery', grams: 15_000 },
          { material: 'waste-oil', grams: 900 },
          { material: 'mixed-debris', grams: 4_000 },
          { material: 'sewage', grams: 3_000 },
        ],
        receivedAt: at,
      }),
    );
  const marksOf = async (subjectId: string, state?: string) =>
    ok(
      await app.operator.get(
        `/v1/marks?subjectId=${subjectId}${state === undefined ? '' : `&state=${state}`}`,
      ),
      200,
    ).items;
  return { app, place, deciders, receive, marksOf };
};

t.test('what is doubtful about pollutants is cleared by two who do not profit', async (t) => {
  const { app, place, deciders, receive, marksOf } = await received(t);
  const { id, receipt } = await receive();
  const listed = await marksOf(id);
  t.match(listed, [
    { code: 'unresolved', material: null, subjectKind: 'pollutant-reception', siteId: place.siteId },
    { code: 'no-licence', material: 'lead-acid-battery', state: 'open', seq: receipt.seq },
    { code: 'licence-expired', material: 'waste-oil' },
    { code: 'no-capability', material: 'mixed-debris' },
    { code: 'no-capability', material: 'sewage' },
  ]);
  t.equal(new Set(listed.map((mark: { id: string }) => mark.id)).size, 5);
  t.equal(ok(await place.client.get('/v1/marks?code=no-licence'), 200).items.length, 1);
  t.equal(ok(await (await app.site('warehouse')).client.get('/v1/marks'), 200).items.length, 0);

  const url = `/v1/marks/${listed[4].id}/clearings`;
  const theirs = await app.keyFor(place.organisationId, 'regulator', { holder: '自己人' });
  t.match(await theirs.post(url, {}), { status: 403, body: { code: 'profits' } });
  const [first, second] = await deciders();
  t.match(ok(await first!.post(url, { note: '许可证已补交' })), { state: 'proposed' });
  t.match(await first!.post(url, {}), { status: 403, body: { code: 'same_holder' } });
  t.equal((await marksOf(id, 'open')).length, 5, 'one alone clears nothing');
  const cleared = ok(await second!.post(url, {}));
  t.equal(cleared.state, 'cleared');
  t.match(await app.operator.post(url, {}), { status: 409, body: { code: 'already_cleared' } });

  t.match(
    (await marksOf(id, 'open')).map((mark: { material: string }) => mark.material),
    [null, 'lead-acid-battery', 'waste-oil', 'mixed-debris'],
    'the same code of another material stays',
  );
  const seen = ok(await place.client.get(`${URL}/${id}`), 200);
  t.same(
    seen.items.map(({ mark }: { mark?: string }) => mark),
    ['no-licence', 'licence-expired', 'no-capability', undefined],
  );
  t.same(seen.marks, ['unresolved']);
  t.same(ok(await place.client.get(URL), 200).items, [seen]);
  const note = ok(await place.client.get(`${URL}/${id}/note`), 200);
  t.equal(note.items[3].mark, 'no-capability', 'the note stays as it was given');

  const { entry } = ok(await app.operator.get(`/v1/ledger/entries/${cleared.receipt.seq}`), 200);
  t.match(entry, { type: 'pollutant-mark.cleared.v1', data: { seq: receipt.seq, material: 'sewage' } });
  t.notMatch(JSON.stringify(entry.data), id, 'the id of the reception is private');
});

t.test('who recorded it may not clear it, be it the operator', async (t) => {
  const { app, deciders, receive, marksOf } = await received(t);
  const { id } = await receive(app.operator);
  const url = `/v1/marks/${(await marksOf(id))[0].id}/clearings`;
  t.match(await app.operator.post(url, {}), { status: 403, body: { code: 'profits' } });
  for (const client of await deciders()) ok(await client.post(url, {}));
  t.equal((await marksOf(id, 'open')).length, 4);
});

t.test('what arrived from another site, or was treated, is cleared alike', async (t) => {
  const { app, place, deciders, receive, marksOf } = await received(t);
  await receive();
  const bare = await app.site('warehouse', {
    capabilities: [{ name: 'treatment', licence: 'x', validUntil: '2025-01-01' }],
  });
  const { id } = ok(
    await place.client.post('/v1/pollutant-transfers', {
      fromSiteId: place.siteId,
      toSiteId: bare.siteId,
      items: [{ material: 'waste-oil' }],
      dispatchedAt: at,
    }),
  );
  ok(
    await bare.client.post(`/v1/pollutant-transfers/${id}/receipt`, {
      items: [{ material: 'waste-oil', grams: 900 }],
      arrivedAt: at,
    }),
  );
  const treated = ok(
    await bare.client.post('/v1/pollutant-treatments', {
      siteId: bare.siteId,
      method: 'oil-refining',
      items: [{ material: 'waste-oil' }],
      treatedAt: at,
    }),
  );
  t.same(treated.marks, ['licence-expired']);
  const people = await deciders();
  for (const [subjectId, code, subjectKind] of [
    [id, 'no-capability', 'pollutant-transfer'],
    [treated.id, 'licence-expired', 'pollutant-treatment'],
  ]) {
    const [mark, ...others] = await marksOf(subjectId);
    t.match(mark, { code, subjectKind, siteId: bare.siteId });
    t.same(others, []);
    for (const client of people) ok(await client.post(`/v1/marks/${mark.id}/clearings`, {}));
    t.same(await marksOf(subjectId, 'open'), []);
  }
  t.same(ok(await bare.client.get(`/v1/pollutant-treatments/${treated.id}`), 200).marks, []);
});
