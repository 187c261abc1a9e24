import { randomUUID } from 'node:crypto';
import t from 'tap';
import { anomalyFollower } from '../../src/anomalies/follower.ts';
import type { Client } from '../support/app.ts';
import { anomalyTest, type Hit } from './harness.ts';

t.test('a keeper whose deductions differ from the others’ at the station', async (t) => {
  const { rule, weighIn, hits, station, keyFor, operator, deps } = await anomalyTest(t);
  await rule('dry-yield', { maxDifferenceBasisPoints: 500, minWeighIns: 2 });
  const [mean, fair] = [station.client, await keyFor(station.organisationId, 'station')];
  const bag = (grams: number, client: Client, day = '2026-11-20') =>
    weighIn(
      {
        grossGrams: 10_000,
        deductions: grams === 0 ? undefined : [{ kind: 'water', grams, basis: 'agreement' }],
        collectedAt: `${day}T10:00:00+08:00`,
      },
      client,
    );
  // 100 % of 20,000 g, and 95 % of 20,000 g: a difference of just 500 basis points.
  for (const grams of [0, 0]) await bag(grams, fair);
  for (const grams of [400, 600]) await bag(grams, mean);
  await bag(9_000, mean, '2026-10-20');
  t.same(await hits(), [], 'at the limit, and a month of its own');
  // 28,499 of 30,000 g are 94.99 %, in basis points 9,499.
  const cause = await bag(501, mean);
  const [hit, ...rest] = await hits();
  t.same(rest, []);
  const keys = (await operator.get('/v1/api-keys?limit=100')).body.items;
  const own = keys.find(
    (k: { id: string; organisationId: string }) =>
      k.organisationId === station.organisationId && k.id !== fair.id,
  );
  t.match(hit, {
    rule: 'dry-yield',
    becomes: 'case',
    subjectId: station.siteId,
    keyId: own.id,
    causeSeq: cause.receipt.seq,
    figures: { ownBasisPoints: 9_499, othersBasisPoints: 10_000, weighIns: 3 },
    reason: { zh: '本月该家长过秤扣杂后剩 94.99%，同站其他人为 100%。' },
  });
  await bag(2_000, mean);
  // For them the others now take off too much, so the fair one is asked as well, once.
  for (const grams of [0, 0]) await bag(grams, fair);
  const all = await hits();
  t.same(
    all.map(({ keyId }: Hit) => keyId),
    [own.id, fair.id],
    'each keeper and month once, however long it lasts',
  );
  const { data } = (await operator.get(`/v1/ledger/entries/${hit!.seq}`)).body.entry;
  t.same(Object.keys(data).sort(), ['caseId', 'sealed', 'siteId'], 'the public sees the site, and no keeper');
  t.equal((await deps.pool.query('SELECT FROM marks WHERE code = $1', ['review'])).rowCount, 0);
});

t.test('a station whose loads are each within tolerance, and together are not', async (t) => {
  const { rule, weighIn, hits, station, site, operator } = await anomalyTest(t);
  const warehouse = await site('warehouse');
  await rule('station-receipts', { maxBasisPoints: 30, minLoads: 3 });
  const load = async (measuredGrams: number) => {
    const { lot } = await weighIn({ grossGrams: 10_000 });
    const sent = await station.client.post('/v1/shipments', {
      fromSiteId: station.siteId,
      toSiteId: warehouse.siteId,
      lots: [{ lotId: lot.id }],
    });
    const got = await warehouse.client.post(`/v1/shipments/${sent.body.id}/receipt`, { measuredGrams });
    t.equal(got.status, 201);
    t.notOk(got.body.caseId, 'within the tolerance of 50 g');
    return got.body.receipt.seq as number;
  };
  await load(9_960);
  await load(9_960);
  t.same(await hits(), [], 'too few loads');
  await load(9_990);
  t.same(await hits(), [], '90 g of 30,000 g are 30 basis points: the limit');
  // 131 g of 40,000 g are 32.75 basis points.
  const causeSeq = await load(9_959);
  const [hit, ...rest] = await hits();
  t.same(rest, []);
  t.match(hit, {
    rule: 'station-receipts',
    subjectId: station.siteId,
    causeSeq,
    figures: { bookedGrams: 40_000, loads: 4, missingGrams: 131, missingBasisPoints: 32 },
  });
  t.match(
    hit!.reason.en,
    'Of 40 kg that the station sent in 4 loads this month 0.131 kg did not arrive, 0.32 %:',
  );
  const [opened] = (await operator.get('/v1/cases')).body.items;
  t.match(opened, {
    id: hit!.id,
    kind: 'anomaly',
    subjectId: station.siteId,
    grams: 131,
    lotIds: [],
    state: 'open',
  });
  t.equal((await warehouse.client.get('/v1/cases')).body.items.length, 1, 'both ends are concerned');
});

t.test('a station whose loads of one day are each within tolerance, and together are not', async (t) => {
  const { rule, weighIn, hits, station, site } = await anomalyTest(t);
  const [warehouse, other] = [await site('warehouse'), await site('station')];
  await rule('station-day');
  await rule('station-receipts', { maxBasisPoints: 10_000 });
  const load = async (from: typeof station, measuredGrams: number) => {
    const { siteId, client } = from;
    const { lot } = await weighIn({ siteId, grossGrams: 10_000 }, client);
    const lots = [{ lotId: lot.id }];
    const sent = await client.post('/v1/shipments', { fromSiteId: siteId, toSiteId: warehouse.siteId, lots });
    const url = `/v1/shipments/${sent.body.id}/receipt`;
    const got = await warehouse.client.post(url, { measuredGrams });
    t.notOk(got.body.caseId, 'within the tolerance of 50 g');
    return { url, seq: got.body.receipt.seq as number };
  };
  await load(station, 9_950);
  await load(other, 9_950);
  t.same(await hits(), [], 'one load of each');
  const mistaken = await load(station, 9_950);
  const [first] = await hits();
  t.match(first, {
    rule: 'station-day',
    becomes: 'case',
    causeSeq: mistaken.seq,
    subjectId: station.siteId,
    figures: { bookedGrams: 20_000, loads: 2, missingGrams: 100, missingBasisPoints: 50 },
  });
  t.match(first!.reason.zh, '该站当日到货 2 车，发出 20 千克，少到 0.1 千克（0.5%）。');
  t.equal((await warehouse.client.post(`${mistaken.url}/void`, { reason: '看错' })).status, 201);
  await rule('station-day', { maxBasisPoints: 39 });
  await load(station, 9_971);
  const [, second, ...rest] = await hits();
  t.same(rest, []);
  // What was taken back is not counted: 79 g of 20,000 g are 39.5 basis points.
  t.match(second, { figures: { bookedGrams: 20_000, loads: 2, missingGrams: 79, missingBasisPoints: 39 } });
});

t.test('one account of two people, however it is written', async (t) => {
  const { rule, collector, hits, operator, settle } = await anomalyTest(t);
  const account = (number: string) => ({ account: { kind: 'bank', number, holder: '王海生' } });
  const first = await collector(account('6222 0212 0204 1701'));
  await collector(account('6222 0212 0204 1702'));
  await rule('same-account');
  const third = await collector(account('6222021202041703'));
  t.same(await hits(), []);
  await operator.patch(`/v1/collectors/${third}`, { phone: '+8613800000000' });
  await operator.patch(`/v1/collectors/${third}`, account('6222-0212-0204-1701'));
  const [hit, ...rest] = await hits();
  t.same(rest, []);
  t.match(hit, { rule: 'same-account', becomes: 'case', figures: { people: 2, maxPeople: 1 } });
  t.notMatch(JSON.stringify(hit), new RegExp(`${first}|${third}`), 'names nobody');
  const opening = (await operator.get(`/v1/ledger/entries/${hit!.seq}/opening`)).body;
  t.match(JSON.stringify(opening), first);
  t.match(JSON.stringify(opening), third);
  await operator.patch(`/v1/collectors/${third}`, { account: null });
  await collector(account('6222021202041703'));
  await settle();
  t.equal((await hits()).length, 1, 'an account given up is nobody’s');
});

t.test('what became of hits is told of each rule, and of all together in public', async (t) => {
  const { rule, weighIn, collector, hits, operator, station, keyFor, client, settle } = await anomalyTest(t);
  const anybody = client('');
  const figure = async (name: string, asOfSeq?: number) => {
    await settle();
    return (await anybody.get(`/v1/figures/${name}${asOfSeq === undefined ? '' : `?asOfSeq=${asOfSeq}`}`))
      .body;
  };
  t.match(await figure('field-check-share'), { numerator: 0, denominator: 0, basisPoints: null });
  await rule('piece-mass');
  await rule('same-account');
  const heavy = { grossGrams: 1_001, count: 20 };
  const [one, two, three] = [await weighIn(heavy), await weighIn(heavy), await weighIn(heavy)];
  await weighIn();
  const found = await hits();
  const before = await settle();
  t.match(await figure('field-check-share'), {
    name: 'field-check-share',
    version: 1,
    asOfSeq: before,
    numerator: 3,
    denominator: 4,
    basisPoints: 7_500,
  });
  // One corrected, one voided, one cleared, one set by hand, one case decided as a loss.
  await station.client.post(`/v1/collections/${one.id}/correction`, {
    grossGrams: 401,
    reason: '多打了一位',
  });
  await station.client.post(`/v1/collections/${two.id}/void`, { reason: '重复' });
  const body = (await operator.post('/v1/organisations', { name: '认证', kind: 'certifier' })).body;
  const [a, b] = [await keyFor(body.id, 'certifier'), await keyFor(body.id, 'certifier')];
  const third = found.find(({ subjectId }) => subjectId === three.lot.id)!;
  for (const who of [a, b]) await who.post(`/v1/marks/${third.id}/clearings`, {});
  const plain = await weighIn();
  await operator.post(`/v1/collections/${plain.id}/marks`, { code: 'review' });
  await operator.post(`/v1/collections/${plain.id}/marks`, { code: 'far-from-site' });
  await operator.post(`/v1/collections/${one.id}/marks`, { code: 'review' });
  const account = { account: { kind: 'bank', number: '1', holder: '王' } };
  await collector(account);
  await collector(account);
  const [opened] = await hits('&rule=same-account');
  for (const who of [a, b]) {
    const decided = await who.post(`/v1/cases/${opened!.id}/decision`, { outcome: 'loss' });
    t.equal(decided.status, 201, JSON.stringify(decided.body));
  }
  await settle();
  const { items } = (await operator.get('/v1/anomaly-rules')).body;
  const of = (code: string) => items.find((item: Hit) => item.code === code);
  t.match(of('piece-mass'), { hits: 3, confirmed: 2, refuted: 1, open: 0, precisionBasisPoints: 6_666 });
  t.match(of('same-account'), { hits: 1, confirmed: 1, refuted: 0, open: 0, precisionBasisPoints: 10_000 });
  t.match(of('dry-yield'), { hits: 0, precisionBasisPoints: null });
  t.match(await figure('anomaly-precision'), {
    numerator: 3,
    denominator: 4,
    basisPoints: 7_500,
    counts: { hits: 4, refuted: 1, open: 0 },
  });
  t.match(await figure('field-check-share'), { numerator: 4, denominator: 5, basisPoints: 8_000 });
  t.match(await figure('field-check-share', before), { numerator: 3, denominator: 4, basisPoints: 7_500 });
  t.match(await figure('anomaly-precision', before), {
    numerator: 0,
    denominator: 0,
    basisPoints: null,
    counts: { hits: 3, open: 3 },
  });
  t.match(await figure('field-check-share', three.receipt.seq), { numerator: 0, denominator: 3 });
  t.match(await anybody.get('/v1/figures/field-check-share?asOfSeq=1000000'), {
    status: 422,
    body: { code: 'beyond_head' },
  });
  t.equal((await anybody.get('/v1/figures/tonnes')).status, 404);
  t.same(
    (await anybody.get('/v1/figures')).body.items.slice(0, 2).map((item: Hit) => [item.name, item.version]),
    [
      ['field-check-share', 1],
      ['anomaly-precision', 1],
    ],
  );
});

t.test('a share is counted over many blocks of entries', async (t) => {
  const { weighIn, station, operator, settle, client } = await anomalyTest(t);
  const { id, receipt } = await weighIn();
  const { collectedAt } = { collectedAt: '2026-11-20T10:00:00+08:00' };
  const item = () => ({
    id: randomUUID(),
    siteId: station.siteId,
    material: 'pet',
    form: 'bottle',
    originClass: 'land',
    grossGrams: 100,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt,
  });
  for (const n of [1_000, 1_000, 300])
    await station.client.post('/v1/collections/batch', Array.from({ length: n }, item));
  await operator.post(`/v1/collections/${id}/marks`, { code: 'review' });
  const last = await settle();
  const at = async (seq: number) => {
    const { numerator, denominator } = (await client('').get(`/v1/figures/field-check-share?asOfSeq=${seq}`))
      .body;
    return [numerator, denominator];
  };
  t.same(await at(last), [1, 2_301]);
  const first = receipt.seq as number;
  for (const seq of [first, first + 1, 1_022, 1_023, 1_024, 1_025, 2_047, 2_048, last - 1])
    t.same(await at(seq), [0, seq - first + 1], `as of ${seq}`);
});

t.test(
  'two processes, and a restart between the door and the note of it, write a finding once',
  async (t) => {
    const { rule, weighIn, hits, deps, settle } = await anomalyTest(t);
    await rule('piece-mass');
    const { pool, keyring, door } = deps;
    const errors: Error[] = [];
    const process = () => anomalyFollower({ pool, keyring, door, onError: (error) => errors.push(error) });
    const second = process();
    await second.start();
    const bodies = await Promise.all(
      Array.from({ length: 40 }, (_, i) => weighIn({ grossGrams: 1_001 + i, count: 20 })),
    );
    t.equal((await hits()).length, 40);
    await second.stop();
    await deps.anomalies.stop();
    // The door has answered, and what waited was not yet taken away.
    const again = (await written(pool)).slice(0, 5);
    for (const { finding_id: key, cause_seq: seq, subject_id: lotId, ...hit } of again) {
      const { site_id: siteId, organisation_id: organisationId, rule: code, version, figures } = hit;
      const input = {
        lotId,
        seq,
        code: 'implausible-mass',
        siteId,
        organisationId,
        hits: [{ rule: code, version, figures }],
      };
      await pool.query("INSERT INTO anomaly_pending VALUES ($1, $2, 'mark', $3)", [
        key,
        seq,
        JSON.stringify(input),
      ]);
    }
    const late = await weighIn({ grossGrams: 1_001, count: 20 });
    const third = process();
    await third.start();
    await deps.anomalies.start();
    const found = await hits();
    await third.stop();
    t.equal(found.length, 41);
    t.equal(new Set(found.map(({ subjectId }) => subjectId)).size, 41);
    t.same(
      new Set(found.map(({ subjectId }) => subjectId)),
      new Set([...bodies, late].map(({ lot }) => lot.id)),
    );
    t.same(errors, []);
    await settle();
  },
);

const written = async (pool: { query(text: string): Promise<{ rows: Hit[] }> }): Promise<Hit[]> =>
  (await pool.query('SELECT * FROM anomaly_hits ORDER BY place')).rows;

t.test('erasure leaves nothing of what rules remember of a person', async (t) => {
  const { rule, weighIn, collector, operator, deps, settle } = await anomalyTest(t);
  await rule('deliveries-per-day', { maxDeliveries: 2 });
  await rule('duplicate-evidence');
  const account = { account: { kind: 'bank', number: '1', holder: '王' } };
  const [gone, stays] = [await collector(account), await collector(account)];
  const evidence = ['a'.repeat(64)];
  const parties = [gone, stays].map((collectorId) => ({ collectorId, share: 1 }));
  await weighIn({ parties, evidence });
  await weighIn({ collectorId: gone });
  await settle();
  const left = async (): Promise<number[]> => {
    const counts = [];
    for (const text of [
      "SELECT count(*)::int4 AS n FROM anomaly_tallies WHERE scope = 'person-day' AND subject = $1",
      'SELECT count(*)::int4 AS n FROM anomaly_evidence WHERE person_id = $1',
      'SELECT count(*)::int4 AS n FROM person_accounts WHERE person_id = $1',
    ])
      counts.push((await deps.pool.query<{ n: number }>(text, [gone])).rows[0]!.n);
    return counts;
  };
  t.same(await left(), [1, 1, 1]);
  t.equal((await operator.delete(`/v1/collectors/${gone}/personal-data`)).status, 200);
  t.equal((await operator.delete(`/v1/collectors/${gone}/personal-data?stage=erase`)).status, 200);
  await settle();
  t.same(await left(), [0, 0, 0], 'and a replay agrees');
});
