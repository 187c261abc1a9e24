import { randomUUID } from 'node:crypto';
import t from 'tap';
import { openPayouts } from '../../src/payouts/payouts.ts';
import { ok, openedPayouts } from '../support/payouts.ts';

const HOUR = 3_600_000;

t.test('a dispute holds what its person is paid until it is answered', async (t) => {
  const world = await openedPayouts(t, 2);
  const { app, collectors, client, weighIn, order, approve, submit, tick, orderOf, sim } = world;
  const [a, b] = collectors as [string, string];
  const bag = await weighIn(a, 5_000);
  await weighIn(b, 5_000);
  for (const id of [a, b]) {
    const made = ok(await order(id, {}));
    ok(await approve(made.id));
  }
  const dispute = ok(await client.post(`/v1/collections/${bag.id}/dispute`, { about: 'weight' }));
  for (const id of [a, b]) ok(await submit((await orderOf(id)).id));
  await tick();
  t.match(await orderOf(a), { state: 'held', holds: ['dispute'], approved: false });
  t.match(await orderOf(b), { state: 'awaiting-confirmation', holds: [] }, 'the other is not in it');
  t.equal(sim.books.bills.size, 1);
  t.equal((await approve((await orderOf(a)).id)).body.code, 'order_held');
  const run = await world.payer.post('/v1/payout-runs', { rail: 'wechat' });
  t.equal(run.body.code, 'nothing_to_pay', 'what is held is set aside already');

  const certifier = ok(await app.operator.post('/v1/organisations', { name: '认证', kind: 'certifier' })).id;
  for (const holder of ['甲', '乙']) {
    const by = await app.keyFor(certifier, 'certifier', { holder });
    ok(await by.post(`/v1/cases/${dispute.id}/decision`, { outcome: 'rejected', note: '称重无误' }));
  }
  await tick(11_000);
  t.match(await orderOf(a), { state: 'draft', holds: [], approved: false }, 'it is approved anew');
  t.equal(sim.books.bills.size, 1);
  ok(await approve((await orderOf(a)).id));
  await tick();
  t.match(await orderOf(a), { state: 'awaiting-confirmation' }, 'and goes out, as it was submitted before');
});

t.test('an amount that asks for a name waits for it, and 72 hours, and no longer', async (t) => {
  const world = await openedPayouts(t, 1);
  const { collectors, earn, order, approve, submit, setPayee, tick, orderOf, sim } = world;
  const [a] = collectors as [string];
  await earn(a, 200_000);
  const { id } = ok(await order(a, {}));
  t.match(await orderOf(a), { state: 'held', holds: ['identity'] });
  await tick(11_000);
  t.match(await orderOf(a), { state: 'held', holds: ['identity'] }, 'time alone gives it no name');
  await setPayee(a, 'o-fisher-0', { name: '林阿海' });
  await tick();
  t.match(await orderOf(a), { state: 'held', holds: ['payee-changed'] });
  await tick(72 * HOUR + 60_000);
  t.match(await orderOf(a), { state: 'draft', holds: [] });
  sim.books.names.set('o-fisher-0', '林阿海');
  ok(await approve(id));
  ok(await submit(id));
  await tick();
  world.confirmAll();
  await tick(60_000);
  t.match(await orderOf(a), { state: 'paid', amount: 200_000 });
});

t.test('a shared account is paid once one of the two has another', async (t) => {
  const { collectors, earn, order, setPayee, tick, orderOf } = await openedPayouts(t, 2);
  const [a, b] = collectors as [string, string];
  for (const id of [a, b]) await earn(id, 5_000);
  for (const id of [a, b]) ok(await order(id, {}));
  await setPayee(b, 'o-fisher-0');
  await tick();
  t.match(await orderOf(a), { state: 'held', holds: ['account-shared'] });
  t.match(await orderOf(b), { state: 'held', holds: ['payee-changed', 'account-shared'] });
  await setPayee(b, 'o-fisher-1');
  await tick();
  t.match(await orderOf(a), { state: 'draft', holds: [] });
  t.match(await orderOf(b), { state: 'held', holds: ['payee-changed'] });
});

t.test('two workers, one order: one bill, one sending', async (t) => {
  const world = await openedPayouts(t, 1);
  const { app, collectors, earn, order, approve, submit, orderOf, sim, worker, now } = world;
  const twin = openPayouts({ ...app.deps, onError: (error) => t.fail(error.message) });
  twin.rails.set('wechat', app.deps.payouts.rails.get('wechat')!);
  const [a] = collectors as [string];
  await earn(a, 5_000);
  const { id } = ok(await order(a, {}));
  ok(await approve(id));
  ok(await submit(id));
  await Promise.all([worker.tick(now()), twin.worker.tick(now())]);
  const sendings = sim.requests.filter(({ method }) => method === 'POST');
  t.equal(sendings.length, 1, 'the other was refused by the door before it sent');
  t.match(await orderOf(a), { state: 'awaiting-confirmation' });
  const { steps } = await orderOf(a);
  t.equal(steps.filter(({ did }: { did: string }) => did === 'submit').length, 1, 'the other asked at most');
  t.equal(sim.books.bills.size, 1);
});

t.test('the smallest and the largest amount, another currency, nothing', async (t) => {
  const world = await openedPayouts(t, 2);
  const { collectors, weighIn, earn, order, payer, owed, tick } = world;
  const [a, b] = collectors as [string, string];
  const small = await order(a, {});
  t.match([small.status, small.body.code, small.body.state], [409, 'below_minimum', { amount: 0 }]);
  await earn(a, 1);
  t.match((await order(a, {})).body, { code: 'below_minimum', state: { amount: 1 } }, 'one fen stays owed');
  t.equal((await order(a, { amount: 0 })).status, 400);
  t.equal((await payer.post('/v1/payout-runs', { rail: 'wechat' })).body.code, 'nothing_to_pay');
  await earn(a, 8);
  t.equal((await order(a, {})).body.code, 'below_minimum', 'nor nine');
  await earn(a, 1);
  t.match(ok(await order(a, {})), { amount: 10 }, 'ten are enough');

  await earn(b, 1_000_001);
  t.equal((await order(b, { amount: 1_000_001 })).body.code, 'amount_above_maximum');
  t.match(
    ok(await order(b, {})),
    { amount: 1_000_000, holds: ['identity'] },
    'all, as far as one order goes',
  );
  t.match(await owed(b), { owed: 1_000_001, inPayment: 1_000_000 }, 'a fen stays owed');

  const dollars = { quote: { price: { amount: 1, currency: 'USD', perGrams: 1 } } };
  await weighIn(a, 5_000, dollars);
  for (const body of [{ currency: 'USD' }, { currency: 'USD', amount: 5_000 }]) {
    const mixed = await order(a, body);
    t.match([mixed.status, mixed.body.code], [422, 'currency_not_paid'], 'it would have been paid as yuan');
  }
  const run = await payer.post('/v1/payout-runs', { rail: 'wechat', currency: 'USD' });
  t.match([run.status, run.body.code], [422, 'currency_not_paid']);
  await earn(a, 300);
  t.match(ok(await order(a, {})), { amount: 300, currency: 'CNY' }, 'what is owed in dollars is no yuan');
  await tick();
  const { items } = ok(await payer.get('/v1/accounts/trial-balance'), 200);
  t.same(
    items.map(({ currency, difference }: { currency: string; difference: number }) => [currency, difference]),
    [
      ['CNY', 0],
      ['USD', 0],
    ],
  );
  t.equal((await order(randomUUID(), {})).body.code, 'unknown_collector');
});
