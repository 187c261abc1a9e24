import { randomUUID } from 'node:crypto';
import t from 'tap';
import { startTestApp } from '../support/app.ts';

const weighIn = (siteId: string, more: object = {}) => ({
  id: randomUUID(),
  siteId,
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  originEvidence: 'position',
  grossGrams: 12_600,
  tareGrams: 600,
  basis: 'weighed',
  deductions: [{ kind: 'water', grams: 1_800, basis: 'sample' }],
  collectedAt: new Date().toISOString(),
  ...more,
});

t.test('a wet bag keeps its three weights, and a repeat gets the first answer', async (t) => {
  const { site } = await startTestApp(t);
  const station = await site('station');
  const body = weighIn(station.siteId, { quote: { price: { amount: 1, currency: 'CNY', perGrams: 1 } }, bagTag: 'A-17' });
  const first = await station.client.post('/v1/collections', body);
  t.equal(first.status, 201);
  t.match(first.body, {
    id: body.id,
    lot: { grams: 12_000, claimableGrams: 0 },
    payGrams: 10_200,
    marks: ['unresolved'],
    earning: { amount: 10_200, currency: 'CNY' },
  });
  const again = await station.client.post('/v1/collections', body);
  t.equal(again.status, 201);
  t.equal(again.headers['idempotency-replayed'], 'true');
  t.same(again.body, first.body);
  const other = await station.client.post('/v1/collections', { ...body, grossGrams: 12_601 });
  t.equal(other.status, 409);
  t.equal(other.body.code, 'idempotency_conflict');
  const read = await station.client.get(`/v1/collections/${body.id}`);
  t.match(read.body, { id: body.id, payGrams: 10_200, bagTag: 'A-17', lot: { gramsLeft: 12_000 } });
});
