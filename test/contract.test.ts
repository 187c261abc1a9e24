import { randomUUID } from 'node:crypto';
import t from 'tap';
import { startTestApp } from './support/app.ts';

t.test('the least that the contract asks for is enough', async (t) => {
  const { operator, client } = await startTestApp(t);
  const made = async (url: string, body: object) => {
    const answer = await operator.post(url, body);
    t.equal(answer.status, 201, `${url} ${JSON.stringify(answer.body)}`);
    t.match(answer.body.receipt, { seq: Number, leafHash: /^[0-9a-f]{64}$/ });
    return answer.body;
  };
  const { id: organisationId } = await made('/v1/organisations', { name: '椒江', kind: 'cooperative' });
  const location = { latE7: 286_600_000, lonE7: 1_214_400_000 };
  const { id: siteId } = await made('/v1/sites', { organisationId, kind: 'station', name: '站', location });
  const { id: collectorId } = await made('/v1/collectors', { siteId, name: '王海生' });
  await made('/v1/vessels', { siteId, name: '浙椒渔 1 号' });
  await made('/v1/devices', { siteId, name: '秤' });
  const key = await made('/v1/api-keys', { organisationId, role: 'station', holder: '家长' });
  const station = client(key.secret);
  const weighed = await station.post('/v1/collections', {
    siteId,
    collectorId,
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    grossGrams: 12_600,
    tareGrams: 600,
    basis: 'weighed',
    collectedAt: '2026-11-20T06:30:00+08:00',
  });
  t.equal(weighed.status, 201);
  t.match(weighed.body, { lot: { grams: 12_000, claimableGrams: 12_000 }, payGrams: 12_000, marks: [] });
  t.match((await station.get(`/v1/lots/${weighed.body.lot.id}`)).body, {
    grams: 12_000,
    claimableGrams: 12_000,
  });
  const batch = await station.post('/v1/batches', { inputs: [{ lotId: weighed.body.lot.id }] });
  t.equal(batch.status, 201);
  t.match(batch.body, { code: /^[0-9A-HJKMNP-TV-Z]{16}$/, lot: { grams: 12_000 } });
  t.equal((await station.get(`/v1/batches/${batch.body.id}/provenance`)).body.claimableGrams, 12_000);
  const again = await station.post('/v1/batches', { inputs: [{ lotId: randomUUID() }] });
  t.equal(again.status, 422);
});

t.test(
  'a repeat without an id is known by its Idempotency-Key, within one organisation and operation',
  async (t) => {
    const { site, operator } = await startTestApp(t);
    const one = await site('station');
    const two = await site('station');
    const body = { name: '船', number: '1' };
    const headers = { 'idempotency-key': 'k1' };
    const first = await one.client.post('/v1/vessels', body, headers);
    t.equal(first.status, 201);
    const repeat = await one.client.post('/v1/vessels', body, headers);
    t.same(repeat.body, first.body);
    t.equal(repeat.headers['idempotency-replayed'], 'true');
    t.equal(
      (await one.client.post('/v1/vessels', { name: '别' }, headers)).body.code,
      'idempotency_conflict',
    );
    const others = await two.client.post('/v1/vessels', body, headers);
    t.equal(others.status, 201);
    t.not(others.body.id, first.body.id, 'another organisation’s key is another');
    const unkeyed = await one.client.post('/v1/vessels', body);
    t.not(unkeyed.body.id, first.body.id, 'with neither a repeat is a new fact');
    const issued = await operator.post(
      '/v1/api-keys',
      { organisationId: one.organisationId, role: 'station', holder: 'x' },
      headers,
    );
    t.match(issued.body.secret, /^bck_/);
    const shown = await operator.post(
      '/v1/api-keys',
      { organisationId: one.organisationId, role: 'station', holder: 'x' },
      headers,
    );
    t.match(shown.body, { id: issued.body.id, secret: null }, 'a secret is shown once');
  },
);
