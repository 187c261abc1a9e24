import { randomUUID } from 'node:crypto';
import t from 'tap';
import { cny, ok, quay } from './harness.ts';

t.test('a weigh-in and its payment in one SMS each', async (t) => {
  const { app, client, siteId, collector, weigh } = await quay(t);
  const lin = await collector();
  const wang = await collector('王海生');
  const bag = await weigh(lin.id, { originEvidence: 'none', settlement: { kind: 'cash', paid: cny(500) } });
  const read = async (path: string, by = client) => ok(await by.get(path), 200);
  const text = await read(`/v1/collections/${bag.id}/receipt-text`);
  const code = `${bag.receipt.seq}-${bag.receipt.leafHash.slice(0, 6)}`;
  t.equal(text.code, code);
  t.match(text.zh, /聚酯 PET瓶计价10千克，应得35\.00元，其中20\.00元待定，已付5\.00元。/);
  t.match(
    text.en,
    /gross 12\.6, tare 0\.6, deducted 2, paid for 10 kg; earned CNY 35\.00 \(CNY 20\.00 undecided\), given CNY 5\.00/,
  );
  t.ok(text.zh.endsWith(`凭证${code}`));
  const corrected = ok(
    await client.post(`/v1/collections/${bag.id}/correction`, { grossGrams: 11_600, reason: '多打' }),
  );
  const again = await read(`/v1/collections/${bag.id}/receipt-text`);
  t.equal(
    again.code,
    `${corrected.receipt.seq}-${corrected.receipt.leafHash.slice(0, 6)}`,
    'of the fact in force',
  );
  t.match(again.zh, /更正.*计价9千克，应得31\.50元/);
  const parties = [
    { collectorId: lin.id, share: 2 },
    { collectorId: wang.id, share: 1 },
  ];
  const shared = await weigh(undefined as never, { parties });
  t.match((await read(`/v1/collections/${shared.id}/receipt-text`)).zh, /应得35\.00元/);
  t.match(
    (await read(`/v1/collections/${shared.id}/receipt-text?collectorId=${wang.id}`)).zh,
    /应得11\.67元/,
  );
  const stranger = await client.get(`/v1/collections/${shared.id}/receipt-text?collectorId=${randomUUID()}`);
  t.match(stranger, { status: 422, body: { code: 'not_a_party' } });
  const free = await weigh(lin.id, { material: 'glass' });
  t.match((await read(`/v1/collections/${free.id}/receipt-text`)).zh, /价格未定/);
  ok(await client.post(`/v1/collections/${free.id}/void`, { reason: '重复' }));
  t.match((await read(`/v1/collections/${free.id}/receipt-text`)).zh, /称重已作废/);
  const link = 'https://b.example/b/Ab3dEf7hJk9m';
  const linked = await read(`/v1/collections/${bag.id}/receipt-text?link=${encodeURIComponent(link)}`);
  t.ok(linked.zh.endsWith(link) && linked.en.endsWith(link));
  const bad = `/v1/collections/${bag.id}/receipt-text?link=${encodeURIComponent('https://b.example/ 元')}`;
  t.equal((await client.get(bad)).status, 400);

  const float = ok(await app.operator.post('/v1/cash-floats', { siteId, amount: cny(10_000) }));
  const paid = ok(
    await client.post(`/v1/cash-floats/${float.id}/payments`, {
      ...{ collectorId: lin.id, amount: cny(1_000), paidAt: new Date().toISOString() },
    }),
  );
  const payment = await read(`/v1/payments/${paid.id}/receipt-text`);
  t.match(payment.zh, /已付您10\.00元（现金签领），尚欠您/);
  t.match(payment.en, /paid you CNY 10\.00/);

  const foreign = await app.site('station');
  for (const path of [`/v1/payments/${paid.id}`, `/v1/collections/${bag.id}`])
    t.equal((await foreign.client.get(`${path}/receipt-text`)).status, 404, 'not another’s');
  for (const id of [bag.id, lin.id, randomUUID()])
    t.equal((await client.get(`/v1/payments/${id}/receipt-text`)).status, 404, 'no payment');
  ok(await client.delete(`/v1/collectors/${lin.id}/personal-data`), 200);
  t.equal((await client.get(`/v1/payments/${paid.id}/receipt-text`)).status, 404, 'gone for the station');
});
