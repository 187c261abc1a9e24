import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};
const now = () => new Date().toISOString();

const shed = async (t: Test) => {
  const app = await startTestApp(t);
  const { client: station, siteId, organisationId } = await app.site('station');
  const weigh = async (grossGrams: number) => {
    const body = ok(
      await station.post('/v1/collections', {
        siteId,
        collectorId,
        material: 'pet',
        form: 'bottle',
        originClass: 'sea-recovered',
        grossGrams,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: now(),
      }),
    );
    return { id: body.id as string, lotId: body.lot.id as string, path: `/v1/lots/${body.lot.id}` };
  };
  const { id: collectorId } = ok(await station.post('/v1/collectors', { siteId, name: '林阿海' }));
  const second = await app.keyFor(
    ok(await app.operator.post('/v1/organisations', { name: '认证', kind: 'certifier' })).id,
    'certifier',
  );
  return { app, station, siteId, organisationId, weigh, second };
};

t.test('within tolerance a second weighing is only recorded; equal is within', async (t) => {
  const { app, station, weigh } = await shed(t);
  const { path, lotId } = await weigh(100_000);
  const before = ok(await station.get(path), 200);
  const sent = { id: randomUUID(), grossGrams: 100_200, tareGrams: 700, weighedAt: now(), reason: '换秤' };
  const first = ok(await station.post(`${path}/weighings`, sent));
  t.match(first, {
    id: sent.id,
    lotId,
    measuredGrams: 99_500,
    bookedGrams: 100_000,
    differenceGrams: -500,
    toleranceGrams: 500,
    onHold: false,
  });
  t.notOk('caseId' in first);
  const repeat = await station.post(`${path}/weighings`, sent);
  t.same([repeat.status, repeat.body], [201, first]);
  const above = { grossGrams: 100_500, tareGrams: 0, weighedAt: now() };
  t.match(ok(await station.post(`${path}/weighings`, above)), { differenceGrams: 500, onHold: false });
  t.same(ok(await station.get(path), 200), before, 'the lot is as it was');
  const page = ok(await station.get(`${path}/weighings?limit=1`), 200);
  t.match(page.items, [
    { id: sent.id, grossGrams: 100_200, tareGrams: 700, measuredGrams: 99_500, reason: '换秤' },
  ]);
  t.match(ok(await station.get(`${path}/weighings?cursor=${page.nextCursor}`), 200), {
    items: [{ measuredGrams: 100_500, caseId: null }],
    nextCursor: null,
  });
  for (const [body, status, code] of [
    [{ grossGrams: 500, tareGrams: 501, weighedAt: now() }, 422, 'tare_over_gross'],
    [{ grossGrams: 500, tareGrams: 0, weighedAt: '2099-01-01T00:00:00Z' }, 422, 'not_yet'],
    [{ grossGrams: 0, tareGrams: 0, weighedAt: now() }, 400, 'malformed'],
  ] as const)
    t.match(await station.post(`${path}/weighings`, body), { status, body: { code } });
  const { client: foreign } = await app.site('station');
  t.equal((await foreign.post(`${path}/weighings`, above)).status, 404);
  t.equal((await foreign.get(`${path}/weighings`)).status, 404);
  const { body: ledger } = await app.operator.get(`/v1/ledger/entries/${first.receipt.seq}`);
  t.notOk(ledger.bytes.includes(sent.id), 'an id made by a client is not public');
  t.notOk(ledger.bytes.includes('换秤'));
});

t.test('a scale’s own error widens the tolerance', async (t) => {
  const { station, siteId, weigh } = await shed(t);
  const scale = { class: 'III', eGrams: 1_000, minGrams: 20_000, maxGrams: 3_000_000 };
  const { id: deviceId } = ok(await station.post('/v1/devices', { siteId, name: '地磅', scale }));
  const { path } = await weigh(100_000);
  // ±1 e on the gross and ±1 e on the tare: 2,000 g.
  const body = { grossGrams: 118_000, tareGrams: 20_000, weighedAt: now(), deviceId };
  t.match(ok(await station.post(`${path}/weighings`, body)), { toleranceGrams: 2_000, onHold: false });
  t.match(ok(await station.post(`${path}/weighings`, { ...body, grossGrams: 117_999 })), {
    differenceGrams: -2_001,
    onHold: true,
  });
});

t.test('too little holds the lot until two decide; booked grams never rise', async (t) => {
  const { app, station, siteId, weigh, second } = await shed(t);
  const { path, lotId } = await weigh(100_000);
  const short = ok(
    await station.post(`${path}/weighings`, { grossGrams: 99_499, tareGrams: 0, weighedAt: now() }),
  );
  t.match(short, { differenceGrams: -501, toleranceGrams: 500, onHold: true, caseId: String });
  await app.deps.follower.reaches(short.receipt.seq, 5_000);
  t.match(ok(await station.get(path), 200), { grams: 100_000, claimableGrams: 99_499 });
  t.match(
    await station.post('/v1/process-runs', {
      siteId,
      step: 'shred',
      inputs: [{ lotId }],
      outputs: [{ material: 'pet', form: 'flake', grams: 100_000 }],
      losses: [],
    }),
    { status: 409, body: { code: 'on_hold', state: { caseId: short.caseId } } },
  );
  const more = ok(
    await station.post(`${path}/weighings`, { grossGrams: 99_400, tareGrams: 0, weighedAt: now() }),
  );
  t.match(more, { onHold: false, caseId: String }, 'what a scale says is recorded on a held lot too');
  t.match(ok(await app.operator.get('/v1/cases?kind=re-weighing'), 200).items, [
    { id: short.caseId, grams: 501, measuredGrams: 99_499, lotIds: [lotId] },
    { id: more.caseId, grams: 600, lotIds: [] },
  ]);
  const decide = (by = app.operator, outcome = 'loss') =>
    by.post(`/v1/cases/${short.caseId}/decision`, { outcome });
  t.match(await decide(app.operator, 'upheld'), { status: 422, body: { code: 'not_a_dispute' } });
  t.match(await decide(app.operator, 'explained'), { status: 409, body: { code: 'not_explained' } });
  t.equal((await decide(station)).status, 403);
  ok(await decide());
  t.match(ok(await decide(second)), { lossGrams: 501, lots: [{ lotId, grams: 99_499 }] });
  const { receipt: last } = ok(
    await station.post(`${path}/weighings`, { grossGrams: 120_000, tareGrams: 0, weighedAt: now() }),
  );
  await app.deps.follower.reaches(last.seq, 5_000);
  t.match(
    ok(await station.get(path), 200),
    { grams: 99_499, claimableGrams: 99_499 },
    'free, and no heavier',
  );
});

t.test('a correction of the weigh-in names the weighing and explains the case', async (t) => {
  const { app, station, weigh, second } = await shed(t);
  const [one, other] = [await weigh(10_000), await weigh(10_000)];
  const weighed = ok(
    await station.post(`${one.path}/weighings`, { grossGrams: 1_000, tareGrams: 0, weighedAt: now() }),
  );
  const body = { grossGrams: 1_000, reason: '多打了一个零', weighingId: weighed.id };
  t.match(await station.post(`/v1/collections/${other.id}/correction`, body), {
    status: 422,
    body: { code: 'unknown_weighing' },
  });
  const corrected = ok(await station.post(`/v1/collections/${one.id}/correction`, body));
  t.match(corrected, { payGrams: 1_000, lot: { grams: 1_000 }, deficitGrams: 0 });
  const opening = ok(await app.operator.get(`/v1/ledger/entries/${corrected.receipt.seq}/opening`), 200);
  t.match(opening.main.part, { weighingId: weighed.id });
  for (const by of [app.operator, second])
    ok(await by.post(`/v1/cases/${weighed.caseId}/decision`, { outcome: 'explained' }));
  const { receipt } = ok(
    await station.post(`${one.path}/weighings`, { grossGrams: 1_000, tareGrams: 0, weighedAt: now() }),
  );
  await app.deps.follower.reaches(receipt.seq, 5_000);
  t.match(ok(await station.get(one.path), 200), { grams: 1_000, claimableGrams: 1_000 });
});

t.test(
  'of two weighings at once one holds the lot; a lot on its way is weighed where it arrives',
  async (t) => {
    const { app, station, siteId, weigh } = await shed(t);
    const one = await weigh(10_000);
    const light = { grossGrams: 9_000, tareGrams: 0, weighedAt: now() };
    const both = await Promise.all([1, 2].map(() => station.post(`${one.path}/weighings`, light)));
    t.same(both.map(({ body }) => body.onHold).sort(), [false, true]);
    const sent = await weigh(5_000);
    const to = await app.site('warehouse');
    const load = { fromSiteId: siteId, toSiteId: to.siteId, lots: [{ lotId: sent.lotId }] };
    ok(await station.post('/v1/shipments', load));
    t.match(await station.post(`${sent.path}/weighings`, light), { status: 409, body: { code: 'not_here' } });
  },
);
