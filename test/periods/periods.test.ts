import { randomUUID } from 'node:crypto';
import t from 'tap';
import { buildApp } from '../../src/app.ts';
import { dayIn } from '../../src/kernel/time.ts';
import { firstAfter, monthOf } from '../../src/periods/periods.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

t.test('the first position after a moment is found without reading all', async (t) => {
  for (let size = 0; size <= 33; size++)
    for (let first = 0; first <= size; first++) {
      let asked = 0;
      const found = await firstAfter(size, async (seq) => {
        asked++;
        return seq >= first;
      });
      if (found !== first) t.fail(`${found}, not ${first} of ${size}`);
      if (asked > 6) t.fail(`${asked} positions of ${size} were asked`);
    }
  t.equal(await firstAfter(1_000_000, async (seq) => seq >= 777_777), 777_777);
});

const TIME_ZONE = 'Asia/Shanghai';
const DAY = 86_400_000;
const monthAt = (ms: number): string => monthOf(dayIn(TIME_ZONE, ms));

/** The API upon the same database, with a clock that runs ahead. */
const appLater = ({ deps }: TestApp, ms: number) => buildApp({ ...deps, clock: () => deps.clock() + ms });

const waiting = (answer: { body: { openItems: { kind: string; id: string; grams: number }[] } }) =>
  answer.body.openItems.map(({ kind, id, grams }) => `${kind} ${id} ${grams}`);

t.test('S1: residue and sludge wait for a disposal, and until then the period does not close', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('recycler');
  const made = async (url: string, body: object) => {
    const answer = await client.post(url, body);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  const bag = await made('/v1/collections', {
    siteId,
    bagTag: randomUUID(),
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    grossGrams: 11_640,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
  });
  const sort = await made('/v1/process-runs', {
    siteId,
    step: 'sort',
    inputs: [{ lotId: bag.lot.id }],
    outputs: [
      { material: 'pet', form: 'bottle', grams: 9_100 },
      { material: 'pp', form: 'rigid', grams: 780 },
      { material: 'residue', form: 'mixed', grams: 1_120 },
    ],
    losses: [{ kind: 'evaporated', grams: 640 }],
  });
  const wash = await made('/v1/process-runs', {
    siteId,
    step: 'wash',
    inputs: [{ lotId: sort.outputs[0].lotId }],
    outputs: [
      { material: 'pet', form: 'flake', grams: 7_550 },
      { material: 'sludge', form: 'mixed', grams: 830 },
    ],
    losses: [{ kind: 'evaporated', grams: 720 }],
  });
  const [residue, sludge] = [sort.outputs[2].lotId, wash.outputs[1].lotId];
  const month = monthAt(app.deps.clock());
  const open = [`waste-in-stock ${residue} 1120`, `waste-in-stock ${sludge} 830`];
  const now = await client.get(`/v1/sites/${siteId}/periods/${month}`);
  t.equal(now.status, 200, JSON.stringify(now.body));
  t.match(now.body, { siteId, month, isOver: false, closable: false });
  t.same(waiting(now), open, '1,950 g wait');
  t.equal(monthAt(Date.parse(now.body.openItems[0].since)), month);
  const before = await client.get(`/v1/sites/${siteId}/periods/2020-01`);
  t.match(before.body, { isOver: true, closable: true });
  t.same(before.body.openItems, [], 'what came later does not hold an earlier month open');

  const later = await appLater(app, 40 * DAY);
  t.teardown(() => later.close());
  const ask = async () => {
    const response = await later.inject({
      method: 'GET',
      url: `/v1/sites/${siteId}/periods/${month}`,
      headers: { authorization: `Bearer ${client.secret}` },
    });
    return { status: response.statusCode, body: response.json() };
  };
  const over = await ask();
  t.match(over.body, { isOver: true, closable: false });
  t.same(waiting(over), open);
  const dispose = (lots: object[]) =>
    made('/v1/disposals', {
      siteId,
      lots,
      manifest: '3310022026000126',
      wasteCode: '900-003-S17',
      receiver: { name: '某厂', licence: '浙 126' },
      disposedAt: new Date().toISOString(),
    });
  await dispose([{ lotId: residue }, { lotId: sludge, grams: 829 }]);
  t.same(waiting(await ask()), [`waste-in-stock ${sludge} 1`], 'to the gram');
  await dispose([{ lotId: sludge }]);
  const closed = await ask();
  t.match(closed.body, { isOver: true, closable: true });
  t.same(closed.body.openItems, []);
});

t.test('loads on the way, open cases and lots on hold keep both ends open', async (t) => {
  const { site, operator, deps, keyFor } = await startTestApp(t);
  const [station, warehouse] = [await site('station'), await site('warehouse')];
  const month = monthAt(deps.clock());
  const open = async ({ siteId, client }: typeof station) =>
    waiting(await client.get(`/v1/sites/${siteId}/periods/${month}`));
  t.same(await open(station), []);
  const bag = await station.client.post('/v1/collections', {
    siteId: station.siteId,
    bagTag: randomUUID(),
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    grossGrams: 10_000,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
  });
  const lotId = bag.body.lot.id;
  const load = await station.client.post('/v1/shipments', {
    fromSiteId: station.siteId,
    toSiteId: warehouse.siteId,
    lots: [{ lotId, grams: 8_000 }],
  });
  const travelling = [`load-on-the-way ${load.body.id} 8000`];
  t.same([await open(station), await open(warehouse)], [travelling, travelling]);
  const received = await warehouse.client.post(`/v1/shipments/${load.body.id}/receipt`, {
    measuredGrams: 5_000,
  });
  const { caseId } = received.body;
  const held = `lot-on-hold ${load.body.lots[0].lotId} 8000`;
  const question = `open-case ${caseId} 3000`;
  t.same(await open(station), [question]);
  t.same(await open(warehouse), [held, question].sort());
  for (let i = 0; i < 2; i++) {
    const { id } = (await operator.post('/v1/organisations', { name: '监管', kind: 'regulator' })).body;
    const client = await keyFor(id, 'regulator');
    const decided = await client.post(`/v1/cases/${caseId}/decision`, { outcome: 'loss' });
    t.equal(decided.status, 201, JSON.stringify(decided.body));
  }
  t.same([await open(station), await open(warehouse)], [[], []]);
  const get = (path: string) => station.client.get(`/v1/sites/${path}`);
  t.equal((await get(`${warehouse.siteId}/periods/${month}`)).status, 404, 'a foreign site');
  t.equal((await get(`${randomUUID()}/periods/${month}`)).status, 404);
  for (const wrong of ['2026-13', '2026-1', '2026-11-01', 'now'])
    t.equal((await get(`${station.siteId}/periods/${wrong}`)).status, 400, wrong);
});
