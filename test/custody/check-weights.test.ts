import { randomUUID } from 'node:crypto';
import t from 'tap';
import { anomalyTest } from '../anomalies/harness.ts';

t.test('a check weight passes within the error the scale may have in service', async (t) => {
  const { station, operator, site } = await anomalyTest(t);
  const enrol = async (more: object) =>
    (await station.client.post('/v1/devices', { siteId: station.siteId, name: '秤', ...more })).body
      .id as string;
  const id = await enrol({ scale: { class: 'III', eGrams: 10, minGrams: 0, maxGrams: 100_000 } });
  const check = (body: object, client = station.client, deviceId = id) =>
    client.post(`/v1/devices/${deviceId}/check-weights`, { checkedAt: '2026-11-20T06:00:00+08:00', ...body });
  // e = 10 g: ±10 g up to 5,000 g, ±20 g up to 20,000 g, ±30 g above.
  for (const [nominalGrams, readGrams, toleranceGrams, passed] of [
    [5_000, 5_010, 10, true],
    [5_000, 5_011, 10, false],
    [5_001, 4_981, 20, true],
    [20_000, 19_979, 20, false],
    [20_001, 20_031, 30, true],
  ] as const)
    t.match(await check({ nominalGrams, readGrams }), { status: 201, body: { toleranceGrams, passed } });
  const late = { nominalGrams: 1, readGrams: 1, checkedAt: '2030-01-01T00:00:00Z' };
  t.match(await check(late), { status: 422, body: { code: 'in_the_future' } });
  const phone = await enrol({});
  t.match(await check({ nominalGrams: 1, readGrams: 1 }, station.client, phone), {
    status: 409,
    body: { code: 'no_scale' },
  });
  const other = await site('station');
  t.equal((await check({ nominalGrams: 1, readGrams: 1 }, other.client)).status, 404);
  t.equal((await other.client.get(`/v1/devices/${id}/check-weights`)).status, 404);
  const twice = { id: randomUUID(), nominalGrams: 10, readGrams: 0 };
  const first = await check(twice);
  t.same((await check(twice)).body, first.body, 'the same again is answered again');
  const { items } = (await station.client.get(`/v1/devices/${id}/check-weights`)).body;
  t.equal(items.length, 6);
  t.match(items[5], {
    id: twice.id,
    day: '2026-11-20',
    nominalGrams: 10,
    readGrams: 0,
    toleranceGrams: 10,
    passed: true,
  });
  const { data } = (await operator.get(`/v1/ledger/entries/${items[0].seq}`)).body.entry;
  t.same(Object.keys(data).sort(), ['sealed', 'siteId']);
});

t.test('a weigh-in on a scale that passed no check weight that day', async (t) => {
  const { rule, weighIn, hits, station } = await anomalyTest(t);
  await rule('check-weight-missing');
  const scale = { class: 'III', eGrams: 10, minGrams: 0, maxGrams: 100_000 };
  const enrol = async (more: object) =>
    (await station.client.post('/v1/devices', { siteId: station.siteId, name: '秤', ...more })).body
      .id as string;
  const deviceId = await enrol({ scale });
  const phone = await enrol({});
  const check = (readGrams: number, day: string) =>
    station.client.post(`/v1/devices/${deviceId}/check-weights`, {
      nominalGrams: 5_000,
      readGrams,
      checkedAt: `${day}T06:00:00+08:00`,
    });
  await check(5_010, '2026-11-20');
  await weighIn({ deviceId });
  await weighIn({ deviceId: phone, collectedAt: '2026-11-21T10:00:00+08:00' });
  await weighIn({ collectedAt: '2026-11-21T10:00:00+08:00' });
  t.same(await hits(), [], 'checked that day; no scale; no device');
  await check(5_011, '2026-11-21');
  const next = await weighIn({ deviceId, collectedAt: '2026-11-21T10:00:00+08:00' });
  const before = await weighIn({ deviceId, collectedAt: '2026-11-19T10:00:00+08:00' });
  t.match(await hits(), [
    { rule: 'check-weight-missing', subjectId: next.lot.id, figures: { maxDays: 1 } },
    { subjectId: before.lot.id },
  ]);
  await rule('check-weight-missing', { maxDays: 3 });
  await weighIn({ deviceId, collectedAt: '2026-11-22T10:00:00+08:00' });
  t.equal((await hits()).length, 2, 'two days after it');
  const third = await weighIn({ deviceId, collectedAt: '2026-11-23T10:00:00+08:00' });
  const found = await hits();
  t.equal(found.length, 3);
  t.match(found[2], {
    subjectId: third.lot.id,
    reason: { en: 'The scale passed no check weight within 3 days, that of the weighing included.' },
  });
});
