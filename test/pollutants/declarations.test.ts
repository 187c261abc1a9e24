import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { stateAt } from '../../src/pollutants/pollutants.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
const HOUR = 3_600_000;

const declaration = (siteId: string, more = {}) => ({
  siteId,
  vesselNumber: '浙岭渔 23456',
  items: [
    { material: 'oily-water', millilitres: 1_200_000 },
    { material: 'lead-acid-battery', count: 2 },
  ],
  port: '石塘',
  wantedFrom: at(0),
  wantedUntil: at(6 * HOUR),
  ...more,
});

const fleetOf = async (app: TestApp) => {
  const { body } = await app.operator.post('/v1/organisations', { name: '海上滴滴船队', kind: 'fleet' });
  const vessel = await app.operator.post('/v1/vessels', { organisationId: body.id, name: '滴滴 1 号' });
  return { client: await app.keyFor(body.id, 'carrier'), boatId: vessel.body.id as string };
};

t.test('a vessel asks, a boat is sent, another goes in its place, and the reception closes it', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse');
  const fleet = await fleetOf(app);
  const made = await fleet.client.post('/v1/pollutant-declarations', declaration(siteId));
  t.equal(made.status, 201, JSON.stringify(made.body));
  t.match(made.body, { state: 'declared', answerDueAt: String, receipt: { seq: Number } });
  const url = `/v1/pollutant-declarations/${made.body.id}`;
  t.match((await client.get(url)).body, {
    state: 'declared',
    vesselNumber: '浙岭渔 23456',
    port: '石塘',
    items: [
      { material: 'oily-water', millilitres: 1_200_000 },
      { material: 'lead-acid-battery', count: 2 },
    ],
  });

  const early = await client.post(`${url}/reassign`, { eta: at(HOUR) });
  t.match(early, { status: 409, body: { code: 'declaration_closed', state: { state: 'declared' } } });
  const two = await Promise.all([1, 2].map(() => client.post(`${url}/accept`, { eta: at(HOUR) })));
  t.same(two.map(({ status }) => status).sort(), [201, 409], 'one of two wins');
  t.match(await client.post(`${url}/accept`, { eta: at(HOUR) }), { status: 409 });
  const again = { boatId: fleet.boatId, eta: at(2 * HOUR), id: randomUUID() };
  t.match(await client.post(`${url}/reassign`, again), { status: 201, body: { state: 'accepted' } });
  const repeat = await client.post(`${url}/reassign`, again);
  t.equal(repeat.headers['idempotency-replayed'], 'true');
  t.match((await fleet.client.get(url)).body, { state: 'accepted', boatId: fleet.boatId, eta: again.eta });

  const received = await client.post('/v1/pollutant-receptions', {
    siteId,
    declarationId: made.body.id,
    items: [{ material: 'oily-water', millilitres: 1_150_000 }],
    receivedAt: at(0),
  });
  t.equal(received.status, 201, JSON.stringify(received.body));
  t.match((await fleet.client.get(url)).body, { state: 'received', receptionId: received.body.id });
  t.match((await client.get(`/v1/pollutant-receptions/${received.body.id}`)).body, {
    declarationId: made.body.id,
    vesselNumber: '浙岭渔 23456',
    marks: [],
  });
  for (const [what, body] of [
    ['cancel', { reason: 'x' }],
    ['accept', { eta: at(HOUR) }],
  ] as const)
    t.match(await app.operator.post(`${url}/${what}`, body), {
      status: 409,
      body: { code: 'declaration_closed', state: { state: 'received', receptionId: received.body.id } },
    });
  const twice = { siteId, declarationId: made.body.id, items: [{ material: 'sewage', grams: 1 }] };
  t.match(await client.post('/v1/pollutant-receptions', { ...twice, receivedAt: at(0) }), {
    status: 409,
    body: { code: 'declaration_closed' },
  });
});

t.test('what nobody answered is a state, listed and counted; late is better than never', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse');
  const fleet = await fleetOf(app);
  const declare = async (more = {}) =>
    (await fleet.client.post('/v1/pollutant-declarations', declaration(siteId, more))).body.id as string;
  const [silent, soon, refused, cancelled] = [
    await declare({ wantedUntil: at(400) }),
    await declare({ wantedUntil: at(400) }),
    await declare(),
    await declare(),
  ];
  const url = (id: string, rest = '') => `/v1/pollutant-declarations/${id}${rest}`;
  t.equal((await client.post(url(soon, '/accept'), { eta: at(100) })).status, 201);
  t.match((await client.post(url(refused, '/refuse'), { reason: '油罐已满' })).body, { state: 'refused' });
  t.match((await fleet.client.post(url(cancelled, '/cancel'), { reason: '改港' })).body, {
    state: 'cancelled',
  });
  await sleep(450);
  t.match((await client.get(url(silent))).body, { state: 'unanswered' });
  t.match((await client.get(url(soon))).body, { state: 'not-collected' });
  t.match((await client.get(url(refused))).body, { state: 'refused', reason: '油罐已满' });
  const { body } = await client.get('/v1/pollutant-declarations?state=unanswered');
  t.same(
    body.items.map((item: { id: string }) => item.id),
    [silent],
  );
  const counts = { declared: 0, accepted: 0, received: 0, refused: 1, cancelled: 1, unanswered: 1 };
  const seen = (await app.operator.get(`/v1/pollutant-declarations/counts?siteId=${siteId}`)).body;
  t.same(seen.counts, { ...counts, 'not-collected': 1 });
  t.equal(seen.total, 4);
  t.equal((await client.post(url(silent, '/accept'), { eta: at(HOUR) })).status, 201, 'late');
  t.match((await client.get(url(silent))).body, { state: 'accepted' });
});

t.test('refusals say what to write instead, and strangers see nothing', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse');
  const other = await app.site('warehouse');
  const fleet = await fleetOf(app);
  const ask = (more: object) => fleet.client.post('/v1/pollutant-declarations', declaration(siteId, more));
  for (const [code, more] of [
    ['unknown_site', { siteId: randomUUID() }],
    ['no_vessel', { vesselNumber: undefined }],
    ['unknown_vessel', { vesselId: randomUUID() }],
    ['no_amount', { items: [{ material: 'sewage' }] }],
    ['repeated_material', { items: [1, 2].map((count) => ({ material: 'sewage', count })) }],
    ['no_window', { wantedUntil: declaration(siteId).wantedFrom, wantedFrom: at(HOUR) }],
  ] as const)
    t.match(await ask(more), { status: 422, body: { code } }, code);
  t.match(await ask({ items: [{ material: 'pet', grams: 1 }] }), { status: 400 }, 'plastic is no pollutant');

  const { body } = await ask({});
  const url = `/v1/pollutant-declarations/${body.id}`;
  t.equal((await other.client.get(url)).status, 404);
  t.same((await other.client.get('/v1/pollutant-declarations')).body.items, []);
  for (const [what, sent] of [
    ['accept', { eta: at(HOUR) }],
    ['refuse', { reason: 'x' }],
    ['cancel', { reason: 'x' }],
  ] as const)
    t.equal((await other.client.post(`${url}/${what}`, sent)).status, 404, what);
  t.match(await client.post(`${url}/accept`, { eta: at(HOUR), siteId: other.siteId }), {
    status: 422,
    body: { code: 'unknown_site' },
  });
  t.match(await client.post(`${url}/accept`, { eta: at(HOUR), boatId: randomUUID() }), {
    status: 422,
    body: { code: 'unknown_vessel' },
  });
  t.match(await app.operator.post(`${url}/accept`, { eta: at(HOUR), siteId: other.siteId }), { status: 201 });
  t.match((await other.client.get(url)).body, { siteId: other.siteId, state: 'accepted' });
  t.equal((await client.get(url)).status, 404, 'whoever is no longer asked no longer sees it');

  const head = (await app.operator.get(`/v1/sites/${siteId}/pollutants`)).body.asOfSeq;
  const entry = (await app.operator.get(`/v1/ledger/entries/${head}`)).body;
  t.same(Object.keys(entry.entry.data).sort(), ['day', 'sealed', 'siteId']);
});

t.test('the state at a moment', async (t) => {
  const call = { wantedUntil: '2026-11-26T00:00:00Z', answerDueAt: '2026-11-25T00:00:00Z', eta: null };
  const state = (more: object, now: string) =>
    stateAt({ ...call, state: 'declared', ...more } as Parameters<typeof stateAt>[0], Date.parse(now));
  t.equal(state({}, '2026-11-24T23:59:59Z'), 'declared');
  t.equal(state({}, '2026-11-25T00:00:00Z'), 'unanswered');
  const accepted = { state: 'accepted', eta: '2026-11-27T08:00:00+08:00' };
  t.equal(state(accepted, '2026-11-26T23:59:59Z'), 'accepted');
  t.equal(state(accepted, '2026-11-27T00:00:00Z'), 'not-collected');
  t.equal(state({ ...accepted, state: 'received' }, '2027-01-01T00:00:00Z'), 'received');
});
