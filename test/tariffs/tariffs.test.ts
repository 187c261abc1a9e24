import { randomUUID } from 'node:crypto';
import t from 'tap';
import { pricesOn } from '../../src/tariffs/tariffs.ts';
import { startTestApp } from '../support/app.ts';

const price = (amount: number, more: object = {}) => ({
  material: 'pet',
  base: { amount, currency: 'CNY', perGrams: 1_000 },
  ...more,
});
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

t.test('one tariff is in force at a moment, and the next takes over at its start', async (t) => {
  const { operator, site, keyFor } = await startTestApp(t);
  const { client, siteId, organisationId } = await site('station');
  const other = await site('station');
  const payer = await keyFor(organisationId, 'payer');
  const buyerId = (await operator.post('/v1/organisations', { name: '买方', kind: 'brand' })).body.id;
  const publish = async (startsAt: string, prices: object[], more: object = {}) =>
    operator.post('/v1/tariffs', { source: '第 4 号价目', startsAt, prices, ...more });
  const effective = async (hours: number, at = siteId) =>
    (await client.get(`/v1/tariffs/effective?siteId=${at}&at=${encodeURIComponent(inHours(hours))}`)).body;

  t.match(await effective(0), { tariff: null, supersededAt: null });
  const first = await publish(inHours(0), [
    price(150),
    price(300, { originClass: 'sea-recovered', siteIds: [siteId], originPremium: price(200).base }),
  ]);
  t.equal(first.status, 201);
  const third = await publish(inHours(48), [price(170)], { buyerId });
  const start = inHours(24);
  await publish(start, [price(111)]);
  const second = await payer.post('/v1/tariffs', { source: '更正', startsAt: start, prices: [price(160)] });
  t.equal(second.status, 201);

  t.match(await effective(0.1), { tariff: { id: first.body.id }, supersededAt: start });
  t.equal((await effective(0.1)).tariff.prices.length, 2);
  t.equal(
    (await effective(0.1, other.siteId)).tariff.prices.length,
    1,
    'a price of another site is not shown',
  );
  const listed = (await other.client.get(`/v1/tariffs/${first.body.id}`)).body;
  t.match(listed, { prices: [{ base: { amount: 150 } }] });
  t.equal(listed.prices.length, 1, 'nor in the tariff itself');
  t.match(await effective(25), { tariff: { id: second.body.id, prices: [{ base: { amount: 160 } }] } });
  t.match(await effective(49), { tariff: { id: third.body.id, buyerId: null }, supersededAt: null });
  t.equal((await effective(-1)).tariff, null, 'nothing was in force before the first');
  t.equal((await operator.get(`/v1/tariffs/${third.body.id}`)).body.buyerId, buyerId);
  t.equal((await client.get('/v1/tariffs')).body.items.length, 4);
  t.equal((await client.get(`/v1/tariffs/${randomUUID()}`)).status, 404);
  const entry = await operator.get(`/v1/ledger/entries/${third.body.receipt.seq}`);
  t.notMatch(
    JSON.stringify(entry.body),
    new RegExp(`170|价目|${buyerId}`),
    'prices and buyers are not public',
  );
});

t.test('what a tariff cannot be, and a repeat', async (t) => {
  const { operator, site, keyFor } = await startTestApp(t);
  const { client, organisationId } = await site('station');
  const brand = await keyFor(organisationId, 'brand');
  const body = (prices: object[], more: object = {}) => ({
    id: randomUUID(),
    source: 'x',
    startsAt: inHours(1),
    prices,
    ...more,
  });
  const code = async (sent: object) => (await operator.post('/v1/tariffs', sent)).body.code;
  t.equal(await code(body([price(1)], { startsAt: inHours(-1) })), 'already_started');
  t.equal(await code(body([price(1), price(2)])), 'duplicate_price');
  t.equal(await code(body([price(1), price(2, { form: 'bottle' })])), undefined);
  const [siteA, siteB] = [randomUUID(), randomUUID()];
  t.equal(
    await code(body([price(1, { siteIds: [siteA, siteB] }), price(2, { siteIds: [siteB, siteA] })])),
    'duplicate_price',
  );
  const perPiece = { amount: 20, currency: 'CNY', perPiece: 1 };
  t.equal(await code(body([price(1, { originPremium: perPiece })])), 'premium_differs');
  t.equal(await code(body([price(1, { siteIds: [randomUUID()] })])), 'unknown_site');
  t.equal(await code(body([price(1)], { buyerId: randomUUID() })), 'unknown_organisation');
  t.equal(await code(body([])), 'malformed');
  t.equal(await code(body([price(1, { season: { from: '13-01', to: '02-01' } })])), 'malformed');
  const sent = body([price(1)]);
  const first = await operator.post('/v1/tariffs', sent);
  const again = await operator.post('/v1/tariffs', sent);
  t.equal(again.headers['idempotency-replayed'], 'true');
  t.same(again.body, first.body);
  t.equal((await operator.post('/v1/tariffs', { ...sent, source: 'y' })).body.code, 'idempotency_conflict');
  t.equal((await client.post('/v1/tariffs', sent)).status, 403);
  t.equal(
    (await brand.get('/v1/tariffs')).status,
    403,
    'who buys from the programme does not see what it pays',
  );
});

t.test('a season may go over the new year', (t) => {
  const winter = [{ ...price(1), season: { from: '11-16', to: '02-28' } }] as Parameters<typeof pricesOn>[0];
  const holds = (day: string) => pricesOn(winter, day).length === 1;
  t.same(['2026-11-15', '2026-11-16', '2026-12-31', '2027-02-28', '2027-03-01'].map(holds), [
    false,
    true,
    true,
    true,
    false,
  ]);
  t.end();
});
