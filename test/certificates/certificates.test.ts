import { randomUUID } from 'node:crypto';
import t from 'tap';
import { tradeOf } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';

const PRE_CHECK = 'ocean-bound-pre-check';

t.test('a certificate is a gate in time: what was weighed outside it is out of scope', async (t) => {
  const app = await startTestApp(t);
  const trade = await tradeOf(app);
  const { seller, brandA } = trade;
  const { body } = await app.operator.post('/v1/organisations', { name: 'Body', kind: 'certifier' });
  const certifiers = [
    await app.keyFor(body.id, 'certifier', { holder: 'Li' }),
    await app.keyFor(body.id, 'certifier', { holder: 'Zhou' }),
  ] as const;
  t.equal((await app.operator.put(`/v1/schemes/${PRE_CHECK}`, {})).status, 200);
  const { rules } = (await app.operator.get(`/v1/schemes/${PRE_CHECK}`)).body;
  t.match(rules.says.en, /NOT an OBP certificate/);
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  const person = { siteId: seller.siteId, name: '王海生', consent };
  const { id: collectorId } = (await app.operator.post('/v1/collectors', person)).body;
  const scale = { class: 'III', eGrams: 10, minGrams: 0, maxGrams: 1_000_000 };
  const device = { siteId: seller.siteId, name: 'scale', scale };
  const { id: deviceId } = (await app.operator.post('/v1/devices', device)).body;
  const known = { collectorId, originClass: 'shoreline' };
  const batch = await trade.seal([
    { lotId: await trade.weighIn(300_000, 'pet', { ...known, deviceId }) },
    { lotId: await trade.weighIn(100_000, 'pet', known) },
    { lotId: await trade.weighIn(50_000, 'pet', { ...known, deviceId, originEvidence: 'declared' }) },
  ]);
  await trade.sell(batch.id);
  const eligibility = async () =>
    (await app.operator.get(`/v1/batches/${batch.id}/eligibility?scheme=${PRE_CHECK}`)).body;
  t.match(await eligibility(), {
    grams: 450_000,
    eligibleGrams: 0,
    reasons: [
      { code: 'evidence', grams: 50_000 },
      { code: 'scale-unknown', grams: 100_000 },
      { code: 'out-of-scope', grams: 300_000 },
    ],
  });

  const certificate = {
    organisationId: seller.organisationId,
    body: '某认证机构',
    approvalNumber: 'CNCA-R-2002-001',
    number: 'OBP/COL 0001',
    schemes: [PRE_CHECK],
    scope: 'Collection, Jiaojiang',
    siteIds: [seller.siteId],
    validFrom: '2020-01-01',
    validUntil: '2020-12-31',
    fileSha256: 'ab'.repeat(32),
    checkedAt: '2026-11-01T00:00:00+08:00',
  };
  const register = (more: object) =>
    app.operator.post('/v1/certificates/external', { ...certificate, ...more });
  t.equal((await register({})).status, 201);
  t.match((await eligibility()).eligibleGrams, 0, 'it ended years ago');
  t.match((await register({ number: 'obp-col-0001' })).body, { status: 409, code: 'registered_already' });
  t.match((await register({ number: 'x', siteIds: [randomUUID()] })).body, {
    status: 422,
    code: 'unknown_site',
  });
  t.match((await register({ number: 'x', schemes: ['no-such'] })).body, { code: 'unknown_scheme' });
  t.match((await register({ number: 'x', validUntil: '2019-01-01' })).body, { status: 400 });
  t.match((await brandA.client.post('/v1/certificates/external', certificate)).body, { status: 403 });
  const { id } = (await register({ number: '0002', validFrom: '2026-01-01', validUntil: '2099-12-31' })).body;
  t.match(await eligibility(), { eligibleGrams: 300_000, custodyModel: 'identity-preserved' });

  const asked = (await brandA.client.post('/v1/statements', { batchId: batch.id, scheme: PRE_CHECK })).body;
  t.match(asked, { state: 'requested', grams: 300_000 });
  for (const by of certifiers) await by.post(`/v1/statements/${asked.id}/approve`, {});
  const state = async () => (await app.operator.get(`/v1/statements/${asked.id}`)).body.state;
  t.equal(await state(), 'issued');
  const check = (more: object) => certifiers[0].post(`/v1/certificates/external/${id}/checks`, more);
  t.match((await check({ checkedAt: '2019-01-01T00:00:00Z', state: 'in-force' })).body, {
    code: 'older_check',
  });
  t.match((await check({ checkedAt: '2099-01-01T00:00:00Z', state: 'in-force' })).body, {
    code: 'in_the_future',
  });
  t.match((await check({ checkedAt: new Date().toISOString(), state: 'withdrawn' })).body, { status: 400 });
  const withdrawn = { checkedAt: new Date().toISOString(), state: 'withdrawn', endedOn: '2026-02-01' };
  t.match((await check(withdrawn)).body, { state: 'withdrawn' });
  for (let i = 0; (await state()) !== 'suspended' && i < 400; i++)
    await new Promise((resolve) => setTimeout(resolve, 25));
  t.equal(await state(), 'suspended', 'what rests on a withdrawn certificate is suspended by itself');
  const again = { checkedAt: new Date().toISOString(), state: 'in-force' };
  t.match((await check(again)).body, { state: 'in-force' });
  for (const by of certifiers) await by.post(`/v1/statements/${asked.id}/reinstate`, {});
  t.equal(await state(), 'issued');
  const { items } = (await app.client('').get('/v1/certificates/external')).body;
  t.match(items, [
    { number: 'OBP/COL 0001', body: '某认证机构', state: 'in-force' },
    { number: '0002', checkedAt: again.checkedAt, endedOn: null },
  ]);
  t.equal(
    (await app.client('').get(`/v1/certificates/external/${id}`)).body.approvalNumber,
    'CNCA-R-2002-001',
  );
  t.equal((await app.client('').get(`/v1/certificates/external/${randomUUID()}`)).status, 404);
});
