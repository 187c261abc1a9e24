import t from 'tap';
import { alarmDays, classBounds } from '../../src/periods/stock-ages.ts';
import { ok, startLoads } from '../support/loads.ts';

const DAY_MS = 86_400_000;

t.test('classes of age and the time to act', async (t) => {
  t.same([0, 1, 4].map(classBounds), [
    { fromDays: 365, toDays: null },
    { fromDays: 90, toDays: 365 },
    { fromDays: 0, toDays: 7 },
  ]);
  t.equal(alarmDays({ material: 'pet', days: 10 }), 8);
  t.equal(alarmDays({ material: 'pet', days: 10, alarmDays: 3 }), 3);
  t.equal(alarmDays({ material: 'pet', days: 0 }), 0);
});

const aging = async (...args: Parameters<typeof startLoads>) => {
  const place = await startLoads(...args);
  const { app } = place;
  const limit = (siteId: string, storageLimits: object[]) =>
    app.operator.patch(`/v1/sites/${siteId}`, { storageLimits });
  const inDays = (days: number) => new Date(Date.now() + days * DAY_MS + 60_000).toISOString();
  const ages = async (siteId: string, days: number) =>
    ok(
      await app.operator.get(`/v1/sites/${siteId}/stock-ages?asOf=${encodeURIComponent(inDays(days))}`),
      200,
    );
  /** When what made or moved the lot last was recorded. */
  const recordedAt = async (seq: number): Promise<string> => {
    const { body } = await app.operator.get(`/v1/ledger/entries/${seq}`);
    return (body.entry ?? body).at;
  };
  return { ...place, limit, ages, recordedAt };
};

t.test('stock grows old, is an alarm, and lapses', async (t) => {
  const { app, from, limit, ages, weighIn, recordedAt, lot } = await aging(t);
  const lotId = await weighIn(from, 6_000);
  await weighIn(from, 4_000, { material: 'pp', form: 'rope' });
  t.match(await ages(from.siteId, 40), {
    classes: [
      { material: 'pet', form: 'bottle', fromDays: 30, toDays: 90, grams: 6_000, lots: 1 },
      { material: 'pp', form: 'rope', fromDays: 30, toDays: 90, grams: 4_000, lots: 1 },
    ],
    alarms: [],
  });
  ok(await limit(from.siteId, [{ material: 'pet', days: 30 }]), 200);
  t.same(ok(await from.client.get(`/v1/sites/${from.siteId}`), 200).storageLimits, [
    { material: 'pet', days: 30 },
  ]);
  t.same((await ages(from.siteId, 23)).alarms, []);
  const alarm = { lotId, material: 'pet', form: 'bottle', grams: 6_000, limitDays: 30 };
  const since = await recordedAt((await lot(lotId)).seq);
  t.same((await ages(from.siteId, 24)).alarms, [{ ...alarm, since, days: 24, state: 'alarm' }]);
  t.match((await ages(from.siteId, 29)).alarms, [{ state: 'alarm', days: 29 }]);
  t.same((await ages(from.siteId, 30)).alarms, [{ ...alarm, since, days: 30, state: 'lapsed' }]);
  t.match((await ages(from.siteId, 400)).classes[0], { fromDays: 365, toDays: null });
  t.match((await ages(from.siteId, 3)).classes[0], { fromDays: 0, toDays: 7 });
  const now = ok(await from.client.get(`/v1/sites/${from.siteId}/stock-ages`), 200);
  t.match(now, { siteId: from.siteId, alarms: [] });
  t.equal((await (await app.site('station')).client.get(`/v1/sites/${from.siteId}/stock-ages`)).status, 404);
  t.equal((await from.client.get(`/v1/sites/${from.siteId}/stock-ages?asOf=gestern`)).status, 400);
  ok(await limit(from.siteId, []), 200);
  t.same((await ages(from.siteId, 30)).alarms, []);
});

t.test('a limit that cannot be is refused', async (t) => {
  const { from, limit } = await aging(t);
  for (const wrong of [
    [{ material: 'pet', days: -1 }],
    [{ material: 'plastik', days: 1 }],
    [{ material: 'pet', days: 5, alarmDays: 6 }],
    [
      { material: 'pet', days: 5 },
      { material: 'pet', days: 6 },
    ],
  ])
    t.equal((await limit(from.siteId, wrong)).status, 400, JSON.stringify(wrong));
  t.equal((await from.client.patch(`/v1/sites/${from.siteId}`, { storageLimits: [] })).status, 403);
});

t.test(
  'what is made at a site is as old as the oldest gram in it; what arrives is young again',
  async (t) => {
    const { app, from, to, limit, ages, weighIn, send, lot, recordedAt } = await aging(t);
    const [old, young] = [await weighIn(from, 6_000), await weighIn(from, 4_000)];
    const made = await recordedAt((await lot(old)).seq);
    const run = async (inputs: object[], grams: number): Promise<string> =>
      ok(
        await from.client.post('/v1/process-runs', {
          siteId: from.siteId,
          step: 'bale',
          inputs,
          outputs: [{ material: 'pet', form: 'bale', grams }],
          losses: [],
        }),
      ).outputs[0].lotId;
    const bale = await run([{ lotId: young }, { lotId: old, grams: 1_000 }], 5_000);
    const again = await run([{ lotId: bale, grams: 3_000 }], 3_000);
    for (const site of [from, to]) ok(await limit(site.siteId, [{ material: 'pet', days: 1 }]), 200);
    const sinceOf = async (siteId: string) =>
      Object.fromEntries(
        (await ages(siteId, 2)).alarms.map((a: { lotId: string; since: string }) => [a.lotId, a.since]),
      );
    t.same(await sinceOf(from.siteId), { [old]: made, [bale]: made, [again]: made });

    // A dispatch that never left makes nothing younger.
    const never = await send(from, to.siteId, [again]);
    ok(await from.client.post(`/v1/shipments/${never.id}/void`, { reason: '车没有来' }));
    t.equal((await sinceOf(from.siteId))[again], made);

    const load = await send(from, to.siteId, [again]);
    const arrived = ok(await to.client.post(load.path, { measuredGrams: 3_000 }));
    t.same(await sinceOf(to.siteId), { [again]: await recordedAt(arrived.receipt.seq) });
    t.same(await sinceOf(from.siteId), { [old]: made, [bale]: made });
    t.equal(ok(await app.operator.get('/v1/cases'), 200).items.length, 0);
  },
);

t.test('stock whose time has run out keeps the period open', async (t) => {
  const { app, from, limit, weighIn } = await aging(t);
  const lotId = await weighIn(from, 6_000);
  const month = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7);
  const period = async () => ok(await app.operator.get(`/v1/sites/${from.siteId}/periods/${month}`), 200);
  t.match(await period(), { closable: true, openItems: [] });
  ok(await limit(from.siteId, [{ material: 'pet', days: 0 }]), 200);
  t.match(await period(), {
    closable: false,
    openItems: [{ kind: 'storage-lapsed', id: lotId, grams: 6_000 }],
  });
});

t.test('received anew after its receipt was undone, a lot is as old as it was', async (t) => {
  const { from, to, ages, limit, dispatch, recordedAt } = await aging(t);
  ok(await limit(to.siteId, [{ material: 'pet', days: 0 }]), 200);
  const { path } = await dispatch(from, 1_000);
  const receive = async () => ok(await to.client.post(path, { measuredGrams: 1_000 }));
  const first = await receive();
  const since = await recordedAt(first.receipt.seq);
  const alarms = async () => (await ages(to.siteId, 1)).alarms;
  t.match(await alarms(), [{ since }]);
  ok(await to.client.post(`${path}/void`, { reason: '少打了一个零' }));
  t.same(await alarms(), [], 'it is on its way');
  await receive();
  t.match(await alarms(), [{ since }], 'nobody makes stock young by receiving it twice');
});
