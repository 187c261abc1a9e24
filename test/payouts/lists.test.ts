import { createHash, randomUUID } from 'node:crypto';
import t from 'tap';
import { banked, submittedRun } from '../support/paper.ts';
import { ok, openedPayouts } from '../support/payouts.ts';

t.test('a bank batch: one file, the same bytes again, and no order in two of them', async (t) => {
  const world = await openedPayouts(t, 3, banked);
  const { payer, client, collectors, orderOf } = world;
  const runId = await submittedRun(world, 'bank', [10_001, 20_002, 30_003]);
  t.match(await orderOf(collectors[0]!), { state: 'approved' }, 'nothing is sent by itself');
  t.equal((await client.post('/v1/payout-lists', { rail: 'bank' })).status, 403);

  const id = randomUUID();
  const list = ok(await payer.post('/v1/payout-lists', { id, rail: 'bank', runId }));
  t.match(list, { id, count: 3, total: 60_006, leftOut: [] });
  t.match(list.number, /^DF\d{8}-[0-9a-f]{10}$/);
  const again = await payer.post('/v1/payout-lists', { id, rail: 'bank', runId });
  t.match([again.status, again.body.number], [201, list.number], 'asked again it is the same list');
  t.match((await payer.post('/v1/payout-lists', { rail: 'bank', runId })).body.code, 'nothing_to_send');
  const first = await orderOf(collectors[0]!);
  t.match(first, { state: 'submitted', reference: first.id.replaceAll('-', '') });
  const taken = await payer.post(`/v1/payout-orders/${first.id}/cancel`, { reason: 'x' });
  t.match([taken.status, taken.body.code], [409, 'order_on_list'], 'no rail can be asked to take it back');

  const file = await payer.get(`/v1/payout-lists/${id}/file`);
  t.equal(file.status, 200);
  const rows = (file.body as string).replace('\ufeff', '').trimEnd().split('\r\n');
  t.match(rows[0], /^序号,业务参考号,收款人户名/);
  t.ok(rows.includes(`1,${first.reference},渔民 0,6222000000000010,100.01,塑料回收款`));
  t.equal(rows.at(-1), '合计,3,,,600.06,');
  const view = ok(await payer.get(`/v1/payout-lists/${id}`), 200);
  t.equal(createHash('sha256').update(file.body).digest('hex'), view.fileSha256);
  t.match(view, { rail: 'bank', runId, total: 60_006, orderIds: [first.id, /./, /./] });
  t.match(ok(await payer.get('/v1/payout-lists'), 200).items, [{ id }]);
  t.equal((await client.get(`/v1/payout-lists/${id}/file`)).status, 403, 'accounts are for payers alone');
});

t.test('a line the bank would not take stays behind; a payee that moved since does too', async (t) => {
  const world = await openedPayouts(t, 3, banked);
  const { payer, client, collectors, orderOf } = world;
  const runId = await submittedRun(world, 'bank', [10_000, 20_000, 30_000]);
  const [a, b] = collectors as [string, string];
  await client.post(`/v1/collectors/${a}/payee`, { rail: 'bank', name: '别人', account: '6222999999999999' });
  const list = ok(await payer.post('/v1/payout-lists', { rail: 'bank', runId }));
  const left = (await orderOf(a)).id;
  t.match(list, { count: 2, total: 50_000, leftOut: [{ orderId: left, code: 'payee_changed' }] });
  t.notMatch((await payer.get(`/v1/payout-lists/${list.id}/file`)).body, '6222999999999999');
  t.match(await orderOf(b), { state: 'submitted' });

  const formula = await openedPayouts(t, 1, (i) => ({ ...banked(i), name: '=1+1' }));
  const [c] = formula.collectors as [string];
  await formula.earn(c, 5_000);
  const { id } = ok(await formula.order(c, { rail: 'bank' }));
  ok(await formula.approve(id));
  ok(await formula.submit(id));
  const none = await formula.payer.post('/v1/payout-lists', { rail: 'bank' });
  t.match(
    [none.status, none.body],
    [409, { code: 'nothing_to_send', state: { leftOut: [{ orderId: id, code: 'cell_form' }] } }],
  );
});

t.test('a cash list: of one site, printed in both languages, no script in a name', async (t) => {
  const names = ['<script>alert(1)</script>', '王小明'];
  const world = await openedPayouts(t, 2, (i) => ({ rail: 'cash', name: names[i] }));
  const { payer, collectors, earn, siteId } = world;
  const [a, b] = collectors as [string, string];
  for (const [id, fen] of [
    [a, 8_230],
    [b, 1],
  ] as const) {
    await earn(id, fen);
    const order = ok(await world.order(id, { rail: 'cash' }));
    ok(await world.approve(order.id));
    ok(await world.submit(order.id));
  }
  t.equal((await payer.post('/v1/payout-lists', { rail: 'cash' })).body.code, 'site_missing');
  const list = ok(await payer.post('/v1/payout-lists', { rail: 'cash', siteId, day: '2026-11-25' }));
  const page = await payer.get(`/v1/payout-lists/${list.id}/file`);
  t.match(page.headers['content-type'], /^text\/html/);
  t.match(page.headers['content-security-policy'], /^default-src 'none'; style-src 'sha256-/);
  for (const part of [
    '82.30',
    '0.01',
    '82.31',
    '王小明',
    '签名或手印',
    'Signature or thumb',
    list.number,
    '2026-11-25',
    '&#60;script&#62;',
  ])
    t.ok((page.body as string).includes(part), part);
  t.notMatch(page.body, '<script');
});
