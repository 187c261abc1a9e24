import t from 'tap';
import { startTestApp } from '../support/app.ts';

const URL = '/v1/pollutant-receptions';

t.test('a zero too many is taken back to the gram, and the note’s number stays used', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse', { capabilities: [{ name: 'oily-water' }] });
  const other = await app.site('warehouse');
  const later = new Date(Date.now() + 86_400_000).toISOString();
  const call = await client.post('/v1/pollutant-declarations', {
    siteId,
    vesselNumber: 'x',
    items: [{ material: 'oily-water', grams: 1_000 }],
    wantedFrom: new Date().toISOString(),
    wantedUntil: later,
  });
  await client.post(`/v1/pollutant-declarations/${call.body.id}/accept`, { eta: later });
  const receive = async (grams: number, receivedAt: string, more = {}) =>
    (
      await client.post(URL, {
        siteId,
        vesselNumber: 'x',
        items: [{ material: 'oily-water', millilitres: grams }],
        receivedAt,
        ...more,
      })
    ).body;
  const stock = async (query = '') =>
    (await client.get(`/v1/sites/${siteId}/pollutants${query}`)).body.items[0];
  await receive(1_000, '2026-10-01T08:00:00+08:00');
  const wrong = await receive(10_000, '2026-10-02T08:00:00+08:00', { declarationId: call.body.id });
  await receive(500, '2026-10-03T08:00:00+08:00');
  const url = `${URL}/${wrong.id}`;
  const before = await stock();
  t.match(before, { grams: 11_500, oldestDay: '2026-10-01' });
  t.equal((await other.client.post(`${url}/void`, { reason: 'x' })).status, 404);
  const two = await Promise.all([1, 2].map(() => client.post(`${url}/void`, { reason: '多输了一个零' })));
  t.same(two.map(({ status }) => status).sort(), [201, 409]);
  t.match(two.find(({ status }) => status === 409)!.body, {
    code: 'voided_already',
    state: { number: wrong.note.number },
  });
  t.match(await stock(), {
    grams: 1_500,
    millilitres: 1_500,
    oldestDay: '2026-10-01',
    flows: { received: 11_500, voided: 10_000, lost: 0 },
  });
  t.same(await stock(`?asOfSeq=${wrong.receipt.seq + 1}`), before, 'before it was taken back');
  t.match((await client.get(url)).body, { voidReason: '多输了一个零', note: wrong.note });
  t.match((await client.get(`${url}/note`)).body, { voided: true });
  t.ok((await client.get(`${url}/note/page`)).body.includes('作废 VOID'));
  t.match((await client.get(`/v1/pollutant-declarations/${call.body.id}`)).body, {
    state: 'accepted',
    receptionId: null,
  });
  const right = await receive(1_000, '2026-10-02T08:00:00+08:00', { declarationId: call.body.id });
  t.match(right.note, { number: /-2026-000004$/ }, 'a note of its own');

  await client.post('/v1/pollutant-losses', {
    siteId,
    kind: 'spilled',
    items: [{ material: 'oily-water', grams: 1_200 }],
    happenedAt: '2026-10-04T08:00:00+08:00',
  });
  t.match(await stock(), { grams: 1_300, oldestDay: '2026-10-02' }, 'the first thousand went first');
  await client.post('/v1/pollutant-losses', {
    siteId,
    kind: 'spilled',
    items: [{ material: 'oily-water', grams: 400 }],
    happenedAt: '2026-10-04T08:00:00+08:00',
  });
  t.match(await client.post(`${URL}/${right.id}/void`, { reason: 'x' }), {
    status: 409,
    body: { code: 'not_enough', state: { material: 'oily-water', grams: 900 } },
  });
});
