import { randomUUID } from 'node:crypto';
import t from 'tap';
import { ok, openedPayouts } from '../support/payouts.ts';

const DAY = 86_400_000;
const EVIDENCE = 'c0'.repeat(32);

t.test('what nobody can be paid is listed after 180 days, and paid when somebody can be', async (t) => {
  const world = await openedPayouts(t, 3);
  const { collectors, earn, order, approve, submit, payer, client, tick, orderOf, owed, operator } = world;
  const [a, b, c] = collectors as [string, string, string];
  const consent = { version: '1', at: new Date().toISOString() };
  const { id: nowhere } = ok(
    await client.post('/v1/collectors', { siteId: world.siteId, name: '未留账户', consent }),
  );
  for (const id of [a, b, c, nowhere]) await earn(id, 5_000);
  const first = ok(await order(a, {}));
  ok(await approve(first.id));
  ok(await submit(first.id));
  await tick();
  await tick(2 * DAY);
  t.match(await orderOf(a), { state: 'expired' });
  ok(await operator.delete(`/v1/collectors/${c}/personal-data`), 200);
  ok(await operator.delete(`/v1/collectors/${c}/personal-data?stage=erase`), 200);
  const list = async () => ok(await payer.get('/v1/unclaimed'), 200);
  await tick(177 * DAY);
  t.same(await list(), { items: [], nextCursor: null, totals: [] }, 'after 179 days it is merely owed');

  await tick(2 * DAY);
  const { items, totals } = await list();
  t.same(totals, [{ currency: 'CNY', count: 4, amount: 20_000 }]);
  const of = (id: string | null) =>
    items.find(({ collectorId }: { collectorId: string | null }) => collectorId === id);
  t.match(of(a), { amount: 5_000, left: 5_000, reason: 'expired' });
  t.match(of(b), { reason: 'not-ordered' });
  t.match(of(nowhere), { reason: 'no-payee' });
  t.match(
    of(null),
    { amount: 5_000, left: 5_000, reason: 'erased' },
    'an erased person is owed what was owed',
  );
  await tick(DAY);
  t.equal((await list()).items.length, 4, 'found once');
  const page = ok(await payer.get('/v1/unclaimed?limit=3'), 200);
  const rest = ok(await payer.get(`/v1/unclaimed?limit=3&cursor=${page.nextCursor}`), 200);
  t.same([...page.items, ...rest.items], items);
  t.equal((await client.get('/v1/unclaimed')).status, 403);

  // He earns more meanwhile; what was owed first is paid first.
  await earn(b, 1_000);
  const float = ok(
    await operator.post('/v1/cash-floats', {
      siteId: world.siteId,
      amount: { amount: 9_000, currency: 'CNY' },
    }),
  );
  const inCash = async (fen: number) => {
    const amount = { amount: fen, currency: 'CNY' };
    const paidAt = new Date().toISOString();
    ok(await client.post(`/v1/cash-floats/${float.id}/payments`, { collectorId: b, amount, paidAt }));
    await tick(3_600_000);
  };
  await inCash(4_000);
  const left = (await list()).items.find(({ collectorId }: { collectorId: string }) => collectorId === b);
  t.match(left, { amount: 5_000, left: 1_000 });
  await inCash(1_000);
  t.match(await owed(b), { owed: 1_000 });
  const after = await list();
  t.equal(after.items.length, 3, 'claimed');
  t.same(after.totals, [{ currency: 'CNY', count: 3, amount: 15_000 }]);
  const trial = ok(await payer.get('/v1/accounts/trial-balance'), 200);
  t.match(trial.items, [{ difference: 0 }]);
});

t.test('money in suspense is listed after 180 days, and belongs to whoever is named then', async (t) => {
  const world = await openedPayouts(t, 1);
  const { collectors, weighIn, payer, client, tick, owed } = world;
  const bag = await weighIn(randomUUID(), 700, { collectorId: undefined, bagTag: 'A-1' });
  const list = async () => ok(await payer.get('/v1/unclaimed'), 200);
  await tick(179 * DAY);
  t.same((await list()).items, []);
  await tick(2 * DAY);
  const { items, totals } = await list();
  t.match(items, [{ amount: 700, left: 700, reason: 'nobody-known', collectorId: null }]);
  t.equal(items[0].weighInSeq, bag.receipt.seq, 'where to look for whose it is');
  t.same(totals, [{ currency: 'CNY', count: 1, amount: 700 }]);
  const [a] = collectors as [string];
  ok(await client.post(`/v1/collections/${bag.id}/naming`, { collectorId: a, reason: '凭袋标' }));
  t.match(await owed(a), { owed: 700 }, 'nothing lapsed meanwhile');
  await tick(DAY);
  // The ledger's clock stands at the first day, so what he was named for counts as old at once.
  t.match((await list()).items, [{ amount: 700, reason: 'not-ordered', collectorId: a, weighInSeq: null }]);
});

t.test('an heir is proposed by one, approved by another, rests, and is paid what was owed', async (t) => {
  const world = await openedPayouts(t, 1);
  const { app, collectors, earn, order, approve, submit, payer, checker, client, tick, orderOf, sim } = world;
  const [a] = collectors as [string];
  await earn(a, 5_000);
  const consented = { given: true, at: new Date().toISOString() };
  ok(await client.post(`/v1/collectors/${a}/netting-consent`, consented));
  const drafted = ok(await order(a, {}));
  ok(await approve(drafted.id));
  const path = `/v1/collectors/${a}/heir`;
  const heir = { rail: 'wechat', account: 'o-daughter', name: '林小海', relation: '女儿' };
  t.equal((await payer.get(path)).status, 404);
  t.equal((await payer.post(`${path}/approve`, { proposalSeq: 1 })).body.code, 'no_heir');
  t.equal((await client.post(path, { ...heir, evidenceHash: 'a certificate' })).status, 400);
  t.equal((await client.post(path, heir)).status, 400, 'no evidence');
  t.equal(
    (await payer.post(path, { ...heir, evidenceHash: EVIDENCE })).status,
    403,
    'who pays proposes nobody',
  );
  const early = ok(await client.post(path, { ...heir, account: 'o-cousin', evidenceHash: EVIDENCE }));
  const made = ok(await client.post(path, { ...heir, evidenceHash: EVIDENCE }));
  const { seq: proposalSeq } = made.receipt;
  t.match(ok(await payer.get(path), 200), {
    ...{ state: 'proposed', proposalSeq, name: '林小海', relation: '女儿', account: 'hter', paid: false },
    evidenceHash: EVIDENCE,
  });
  t.match((await client.get(`/v1/collectors/${a}/payee`)).body, { account: 'er-0' }, 'proposed is not paid');
  const stale = await checker.post(`${path}/approve`, { proposalSeq: early.receipt.seq });
  t.match([stale.status, stale.body.code], [409, 'another_heir']);
  t.equal((await client.post(`${path}/approve`, { proposalSeq })).status, 403, 'a station approves nothing');

  ok(await checker.post(`${path}/approve`, { proposalSeq }));
  t.equal((await checker.post(`${path}/approve`, { proposalSeq })).body.code, 'heir_approved');
  ok(await submit(drafted.id));
  await tick();
  t.match(await orderOf(a), { state: 'held', approved: false, holds: ['payee-changed'] });
  t.equal(sim.books.bills.size, 0, 'the approval was of another payee');
  const back = await client.post(`/v1/collectors/${a}/payee`, { rail: 'wechat', account: 'o-keeper' });
  t.match([back.status, back.body.code], [409, 'heir_stands'], 'nobody takes it over alone');
  t.match(ok(await client.get(`/v1/collectors/${a}/payee`), 200), { netting: false, account: 'hter' });
  await tick(73 * 3_600_000);
  ok(await approve(drafted.id));
  await tick();
  world.confirmAll();
  await tick(60_000);
  t.match(await orderOf(a), { state: 'paid' });
  t.match(sim.books.payments, [{ openid: 'o-daughter', amount: 5_000 }]);
  t.match(ok(await payer.get(path), 200), { state: 'approved', paid: true });

  const second = ok(await client.post(path, { ...heir, account: 'o-son', evidenceHash: EVIDENCE }));
  t.match(ok(await payer.get(path), 200), { state: 'proposed', paid: false });
  ok(await checker.post(`${path}/reject`, { proposalSeq: second.receipt.seq }));
  t.equal((await client.post(`/v1/collectors/${a}/payee`, { rail: 'wechat', account: 'x' })).status, 409);
  t.match((await client.get(`/v1/collectors/${a}/payee`)).body, { account: 'hter' }, 'who stood stands');
  ok(await app.operator.delete(`/v1/collectors/${a}/personal-data`), 200);
  ok(await app.operator.delete(`/v1/collectors/${a}/personal-data?stage=erase`), 200);
  t.equal((await payer.get(path)).status, 404, 'gone with the one who died');
  t.equal((await client.post(path, { ...heir, evidenceHash: EVIDENCE })).status, 404);
});

t.test('whoever proposes an heir does not approve it, by whatever key', async (t) => {
  const world = await openedPayouts(t, 1);
  const { app, collectors } = world;
  const [a] = collectors as [string];
  const path = `/v1/collectors/${a}/heir`;
  const operators = app.deps.programme.operatorId;
  const one = await app.keyFor(operators, 'operator', { holder: '赵 总' });
  const same = await app.keyFor(operators, 'operator', { holder: '赵总' });
  const other = await app.keyFor(operators, 'operator', { holder: '钱总' });
  const heir = { rail: 'wechat', account: 'o-x', name: '林小海', relation: '配偶', evidenceHash: EVIDENCE };
  const { receipt } = ok(await one.post(path, heir));
  for (const key of [one, same]) {
    const refused = await key.post(`${path}/approve`, { proposalSeq: receipt.seq });
    t.match([refused.status, refused.body.code], [403, 'same_holder']);
  }
  ok(await other.post(`${path}/approve`, { proposalSeq: receipt.seq }));
});
