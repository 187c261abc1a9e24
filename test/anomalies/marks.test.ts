import { randomUUID } from 'node:crypto';
import t from 'tap';
import { anomalyTest } from './harness.ts';

t.test('no rule acts before somebody put it in force', async (t) => {
  const { weighIn, hits, operator } = await anomalyTest(t);
  await weighIn({ grossGrams: 100_000, count: 20 });
  t.same(await hits(), []);
  const { items } = (await operator.get('/v1/anomaly-rules')).body;
  t.equal(items.length, 10);
  for (const item of items)
    t.match(item, { version: 1, enabled: false, seq: null, hits: 0, precisionBasisPoints: null });
});

t.test('mean mass of a piece: both limits are still as expected, a gram beyond is not', async (t) => {
  const { rule, weighIn, hits, operator, station, settle } = await anomalyTest(t);
  // 20 bottles of 20 g are 400 g; 50 % to 250 % of it are 200 g to 1,000 g.
  const set = await rule('piece-mass');
  t.match(set, {
    version: 2,
    enabled: true,
    parameters: { minBasisPoints: 5_000, maxBasisPoints: 25_000, minCount: 20 },
  });
  for (const grossGrams of [200, 1_000]) await weighIn({ grossGrams, count: 20 });
  await weighIn({ grossGrams: 5_000, count: 19 });
  t.same(await hits(), []);
  const heavy = await weighIn({ grossGrams: 1_001, count: 20 });
  t.same([heavy.marks, heavy.lot.claimableGrams, heavy.earning.amount], [['unresolved'], 0, 1_001]);
  const light = await weighIn({ grossGrams: 199, count: 20 });
  const found = await hits();
  t.equal(found.length, 2);
  t.match(found[0], {
    rule: 'piece-mass',
    version: 2,
    becomes: 'mark',
    subjectId: heavy.lot.id,
    siteId: station.siteId,
    causeSeq: heavy.receipt.seq,
    figures: {
      grams: 1_001,
      count: 20,
      meanMilligrams: 50_050,
      minMilligrams: 10_000,
      maxMilligrams: 50_000,
    },
    reason: {
      en: '20 pieces weigh 1.001 kg, 50.05 g each; from 10 g to 50 g were to be expected.',
      zh: '20 件共重 1.001 千克，每件 50.05 克；预期为 10 至 50 克。',
    },
    outcome: 'open',
  });
  t.match(found[1], { subjectId: light.lot.id, figures: { meanMilligrams: 9_950 } });
  const marks = (await operator.get('/v1/marks?code=implausible-mass')).body.items;
  t.same(
    marks.map((m: { id: string; subjectId: string; state: string }) => [m.id, m.subjectId, m.state]),
    found.map((hit) => [hit.id, hit.subjectId, 'open']),
    'each is a mark like any other',
  );
  const entry = (await operator.get(`/v1/ledger/entries/${found[0]!.seq}`)).body.entry;
  t.equal(entry.actor, '00000000-0000-0000-0000-000000000000');
  t.same(Object.keys(entry.data).sort(), ['code', 'markId', 'sealed', 'seq', 'subjectId', 'subjectKind']);
  const last = await settle();
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal(await settle(), last, 'it hits once');
});

t.test(
  'a mark of a rule withholds the claim and leaves pay alone, until two who do not profit clear it',
  async (t) => {
    const { rule, weighIn, collector, hits, operator, station, keyFor, settle } = await anomalyTest(t);
    await rule('piece-mass');
    const collectorId = await collector();
    const body = await weighIn({ grossGrams: 1_001, count: 20, collectorId, bagTag: undefined });
    t.same(
      [body.marks, body.lot.claimableGrams, body.earning.amount],
      [[], 1_001, 1_001],
      'the weigh-in itself is clean',
    );
    const [hit] = await hits();
    const claimable = async () => (await operator.get(`/v1/lots/${body.lot.id}`)).body.claimableGrams;
    t.equal(await claimable(), 0);
    const view = (await operator.get(`/v1/collections/${body.id}`)).body;
    t.match(view, { marks: ['implausible-mass'], earning: { amount: 1_001 }, payGrams: 1_001 });
    const { id } = (await operator.post('/v1/organisations', { name: '认证', kind: 'certifier' })).body;
    const [one, two] = [await keyFor(id, 'certifier'), await keyFor(id, 'certifier')];
    t.equal((await station.client.post(`/v1/marks/${hit!.id}/clearings`, {})).status, 403);
    t.match((await one.post(`/v1/marks/${hit!.id}/clearings`, {})).body, { state: 'proposed' });
    t.match((await two.post(`/v1/marks/${hit!.id}/clearings`, {})).body, { state: 'cleared' });
    await settle();
    t.equal(await claimable(), 1_001);
    t.match(await hits(), [{ outcome: 'refuted' }], 'a false alarm');
  },
);

t.test('deliveries of a person a day', async (t) => {
  const { rule, weighIn, collector, hits } = await anomalyTest(t);
  await rule('deliveries-per-day', { maxDeliveries: 3 });
  const [one, two] = [await collector(), await collector()];
  for (const collectorId of [one, two, one, one]) await weighIn({ collectorId });
  await weighIn({ collectorId: one, collectedAt: '2026-11-21T00:30:00+08:00' });
  t.same(await hits(), [], 'three of one day, and one of the next');
  const fourth = await weighIn({ collectorId: one, collectedAt: '2026-11-20T23:59:00+08:00' });
  const [hit] = await hits();
  t.match(hit, {
    rule: 'deliveries-per-day',
    subjectId: fourth.lot.id,
    figures: { deliveries: 4, maxDeliveries: 3 },
  });
  t.equal(hit!.reason.zh, '同一人当日第 4 次交售；预期不超过 3 次。');
});

t.test('what compares facts of a person shows review and nothing else', async (t) => {
  const { rule, weighIn, collector, hits, operator } = await anomalyTest(t);
  await rule('deliveries-per-day', { maxDeliveries: 1 });
  await rule('piece-mass');
  const collectorId = await collector();
  await weighIn({ collectorId });
  const both = await weighIn({ collectorId, grossGrams: 1_001, count: 20 });
  const found = await hits();
  t.same(
    found.map((hit) => [hit.rule, hit.subjectId]),
    [
      ['piece-mass', both.lot.id],
      ['deliveries-per-day', both.lot.id],
    ],
  );
  t.equal(found[0]!.id, found[1]!.id, 'one fact a weigh-in');
  t.equal((await operator.get(`/v1/ledger/entries/${found[0]!.seq}`)).body.entry.data.code, 'review');
});

t.test('kilograms of a person an hour', async (t) => {
  const { rule, weighIn, collector, hits } = await anomalyTest(t);
  await rule('person-hour', { maxGramsPerHour: 1_000, minHours: 2 });
  const [one, two, three] = [await collector(), await collector(), await collector()];
  // 2,000 g in what counts as two hours; a third hour allows 1,000 g more.
  await weighIn({ collectorId: one, grossGrams: 2_000 });
  await weighIn({ collectorId: one, grossGrams: 1_000, collectedAt: '2026-11-20T13:00:00+08:00' });
  // Two people share 4,001 g: 2,000 g each.
  const parties = [two, three].map((collectorId) => ({ collectorId, share: 1 }));
  await weighIn({ parties, grossGrams: 4_001 });
  t.same(await hits(), []);
  const beyond = await weighIn({ collectorId: one, grossGrams: 1, collectedAt: '2026-11-20T12:00:00+08:00' });
  const [hit, ...rest] = await hits();
  t.same(rest, []);
  t.match(hit, { subjectId: beyond.lot.id, figures: { grams: 3_001, minutes: 180, maxGramsPerHour: 1_000 } });
  t.equal(
    hit!.reason.en,
    '3.001 kg of one person in a day of 180 minutes; at most 1 kg an hour was to be expected.',
  );
});

t.test('a position far from the site, with the accuracy of both', async (t) => {
  const { rule, weighIn, hits, LOCATION } = await anomalyTest(t);
  await rule('far-from-site', { maxMetres: 1_000 });
  // A hundredth of a degree north is 1,111 m on the sphere (2π·6,371,008.8/36,000 = 1,111.95).
  const location = { ...LOCATION, latE7: LOCATION.latE7 + 100_000, method: 'gps' };
  await weighIn({ location: { ...location, accuracyM: 111 } });
  await weighIn({ location: { ...location, method: 'track' } });
  t.same(await hits(), [], 'within accuracy, and where a track began');
  const { lot } = await weighIn({ location: { ...location, accuracyM: 110 } });
  const [hit] = await hits();
  t.match(hit, {
    rule: 'far-from-site',
    subjectId: lot.id,
    figures: { metres: 1_001, accuracyM: 110, maxMetres: 1_000 },
  });
});

t.test('evidence used before, by whomever, in the same upload too', async (t) => {
  const { rule, weighIn, collector, hits } = await anomalyTest(t);
  const photo = (n: string) => n.repeat(64);
  await weighIn({ evidence: [photo('a')] });
  await rule('duplicate-evidence');
  const collectorId = await collector();
  await weighIn({ evidence: [photo('a')] });
  await weighIn({ evidence: [photo('b'), photo('b')], collectorId });
  t.same(await hits(), [], 'a rule counts from when it was put in force; twice in one weigh-in is once');
  const again = await weighIn({ evidence: [photo('c'), photo('b')] });
  const [hit, ...rest] = await hits();
  t.same(rest, []);
  t.match(hit, { rule: 'duplicate-evidence', subjectId: again.lot.id, figures: { earlier: 1 } });
});

t.test('a rule looks at the sites it was told, in the version that stood before the weigh-in', async (t) => {
  const { rule, weighIn, hits, operator, station, site } = await anomalyTest(t);
  const other = await site('station');
  await rule('piece-mass', {}, { siteIds: [other.siteId] });
  await weighIn({ grossGrams: 1_001, count: 20 });
  t.same(await hits(), []);
  await weighIn({ grossGrams: 1_001, count: 20, siteId: other.siteId }, other.client);
  t.match(await hits(), [{ version: 2, siteId: other.siteId }]);
  t.same(
    (await station.client.get('/v1/anomalies')).body.items,
    [],
    'what is found at another’s site is not shown',
  );
  t.equal((await other.client.get('/v1/anomalies')).body.items.length, 1);
  const third = await operator.put('/v1/anomaly-rules/piece-mass', {
    siteIds: null,
    parameters: { minCount: 10 },
  });
  t.match(third.body, {
    version: 3,
    enabled: true,
    siteIds: null,
    parameters: { minCount: 10, maxBasisPoints: 25_000 },
  });
  await weighIn({ grossGrams: 501, count: 10 });
  t.match((await hits())[1], { version: 3, siteId: station.siteId });
  await operator.put('/v1/anomaly-rules/piece-mass', { enabled: false });
  await weighIn({ grossGrams: 501, count: 10 });
  t.equal((await hits()).length, 2);
});

t.test('what may be said of a rule, and by whom', async (t) => {
  const { operator, station } = await anomalyTest(t);
  const put = (code: string, body: object) => operator.put(`/v1/anomaly-rules/${code}`, body);
  t.match(await put('no-such', { enabled: true }), { status: 404, body: { code: 'not_found' } });
  t.match(await put('toString', { enabled: true }), { status: 404 });
  t.match(await put('piece-mass', { parameters: { toString: 1 } }), {
    status: 422,
    body: { code: 'unknown_parameter' },
  });
  t.match(await put('piece-mass', { parameters: { minCount: 0 } }), {
    status: 422,
    body: {
      code: 'parameter_out_of_range',
      errors: [{ pointer: '/parameters/minCount', reason: 'must be 1 to 1000000 pieces' }],
    },
  });
  t.match(await put('piece-mass', { siteIds: [randomUUID()] }), {
    status: 422,
    body: { code: 'unknown_site' },
  });
  t.match(await put('piece-mass', { enabled: false }), { status: 409, body: { code: 'nothing_changed' } });
  t.equal((await put('piece-mass', {})).status, 400);
  t.equal((await station.client.put('/v1/anomaly-rules/piece-mass', { enabled: true })).status, 403);
  t.equal((await station.client.get('/v1/anomaly-rules')).status, 403);
});
