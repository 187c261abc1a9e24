import { randomUUID } from 'node:crypto';
import t from 'tap';
import { ok, openedPayouts } from '../support/payouts.ts';

t.test('a run: made by one, approved by another, sent, confirmed, paid', async (t) => {
  const world = await openedPayouts(t, 3);
  const { collectors, earn, payer, checker, tick, orderOf, owed, balances, sim } = world;
  for (const [i, id] of collectors.entries()) await earn(id, 10_000 + i);
  await world.fund('rail', 50_000);
  const run = ok(await payer.post('/v1/payout-runs', { rail: 'wechat' }));
  t.match(run, { state: 'drafting', count: 3, total: 30_003 });
  t.equal((await checker.post(`/v1/payout-runs/${run.id}/approve`)).body.code, 'run_drafting');
  await tick();
  const drafted = ok(await payer.get(`/v1/payout-runs/${run.id}`), 200);
  t.match(drafted, { state: 'drafted', draftedCount: 3, draftedTotal: 30_003, asAnnounced: true });
  t.match(drafted.orders, [{ state: 'draft', count: 3, amount: 30_003, netted: 0 }]);
  t.match(await owed(collectors[0]!), { owed: 10_000, inPayment: 10_000 });

  const own = await payer.post(`/v1/payout-runs/${run.id}/approve`);
  t.match([own.status, own.body.code], [403, 'same_holder'], 'maker = checker');
  const twin = await world.twin.post(`/v1/payout-runs/${run.id}/approve`);
  t.equal(twin.status, 403, 'the same name with another key is the same person');
  const other = await checker.post(`/v1/payout-runs/${run.id}/approve`, { count: 3, total: 1 });
  t.match([other.status, other.body.code], [409, 'run_differs']);
  ok(await checker.post(`/v1/payout-runs/${run.id}/approve`, { count: 3, total: 30_003 }));
  t.equal((await checker.post(`/v1/payout-runs/${run.id}/approve`)).status, 409);
  await tick();
  t.equal(sim.books.bills.size, 0, 'approved is not sent');
  ok(await payer.post(`/v1/payout-runs/${run.id}/submit`));
  await tick();
  t.equal(sim.books.bills.size, 3);
  const first = await orderOf(collectors[0]!);
  t.match(first, { state: 'awaiting-confirmation', approved: true, amount: 10_000, runId: run.id });
  t.ok(first.confirmation, 'the page on which he confirms');
  for (const number of sim.books.bills.keys()) sim.books.confirm(number, world.now());
  await tick(60_000);
  t.match(await orderOf(collectors[0]!), { state: 'paid', confirmation: null });
  t.equal(sim.books.paid(), 30_003);
  t.match(await balances(), { payable: 0, rail: 50_000 - 30_003, capital: -50_000 });
  const again = await payer.post('/v1/payout-runs', { rail: 'wechat' });
  t.match([again.status, again.body.code], [409, 'nothing_to_pay'], 'what is paid is not owed');
  const last = ok(await payer.get(`/v1/collectors/${collectors[0]}/statement`), 200);
  t.match(last.items[0], { type: 'payout-attempt.answered.v1', delta: -10_000, subjectId: first.id });
});

t.test('what an order may not be', async (t) => {
  const { collectors, earn, payer, client, order, operator } = await openedPayouts(t, 2);
  const [a, b] = collectors as [string, string];
  await earn(a, 5_000);
  for (const [body, status, code] of [
    [{ amount: 0 }, 400, 'malformed'],
    [{ amount: 1 }, 422, 'amount_below_minimum'],
    [{ amount: 5_001 }, 409, 'beyond_balance'],
    [{ amount: Number.MAX_SAFE_INTEGER }, 409, 'beyond_balance'],
    [{ currency: 'USD' }, 422, 'currency_not_paid'],
    [{ rail: 'bank' }, 409, 'no_payee'],
    [{ collectorId: b }, 409, 'below_minimum'],
    [{ collectorId: randomUUID() }, 422, 'unknown_collector'],
  ] as const) {
    const answer = await order(a, body);
    t.match([answer.status, answer.body.code], [status, code], JSON.stringify(body));
  }
  t.equal((await client.post('/v1/payout-orders', { collectorId: a, rail: 'wechat' })).status, 403);
  const first = ok(await order(a, { amount: 3_000 }));
  t.match((await order(a, { amount: 2_001 })).body, { code: 'beyond_balance', state: { free: 2_000 } });
  t.equal((await payer.post(`/v1/payout-orders/${first.id}/submit`)).status, 409, 'not approved');
  ok(await payer.post(`/v1/payout-orders/${first.id}/cancel`, { reason: '算错' }));
  t.equal((await order(a, { amount: 5_000 })).status, 201, 'taken back, it is owed again');

  ok(await operator.delete(`/v1/collectors/${b}/personal-data`), 200);
  ok(await operator.delete(`/v1/collectors/${b}/personal-data?stage=erase`), 200);
  const erased = await order(b, {});
  t.match([erased.status, erased.body.code], [409, 'collector_erased']);
});

t.test('an order of somebody erased meanwhile is taken back unsent', async (t) => {
  const { collectors, earn, order, approve, submit, tick, payer, operator, sim } = await openedPayouts(t, 1);
  const [a] = collectors as [string];
  await earn(a, 5_000);
  const { id } = ok(await order(a, {}));
  ok(await approve(id));
  ok(await operator.delete(`/v1/collectors/${a}/personal-data`), 200);
  ok(await operator.delete(`/v1/collectors/${a}/personal-data?stage=erase`), 200);
  ok(await submit(id));
  await tick();
  t.match(ok(await payer.get(`/v1/payout-orders/${id}`), 200), { state: 'cancelled', collectorId: null });
  t.equal(sim.books.bills.size, 0);
});

t.test('a payee that changes: the approval lapses, and the order rests for 72 hours', async (t) => {
  const world = await openedPayouts(t, 2);
  const { collectors, earn, order, approve, submit, tick, orderOf, setPayee, payer, sim } = world;
  const [a, b] = collectors as [string, string];
  await earn(a, 5_000);
  const { id } = ok(await order(a, {}));
  ok(await approve(id));
  ok(await submit(id));
  await setPayee(a, 'o-somebody-else');
  await tick();
  t.equal(sim.books.bills.size, 0, 'nothing went to the new account, nor to the old');
  t.match(await orderOf(a), { state: 'held', approved: false, holds: ['payee-changed'] });
  t.equal((await approve(id)).body.code, 'order_held');
  t.equal((await payer.post(`/v1/payout-orders/${id}/release`)).body.code, 'held_by_rule');
  await tick(71 * 3_600_000);
  t.match(await orderOf(a), { state: 'held' });
  await tick(2 * 3_600_000);
  t.match(await orderOf(a), { state: 'draft', approved: false, holds: [] });
  await tick();
  t.equal(sim.books.bills.size, 0, 'it needs to be approved anew');
  ok(await approve(id));
  await tick();
  t.match([...sim.books.bills.values()], [{ openid: 'o-somebody-else', amount: 5_000 }]);

  await earn(b, 4_000);
  ok(await order(b, {}));
  const early = await setPayee(b, 'o-third');
  t.ok(early);
  const second = await orderOf(b);
  const raced = await approve(second.id);
  t.match([raced.status, raced.body.code], [409, 'payee_changed'], 'before anybody looked');
});

t.test('an account of two people, and an amount that asks for a name, wait', async (t) => {
  const { collectors, earn, order, setPayee, tick, orderOf, approve } = await openedPayouts(t, 3);
  const [a, b, c] = collectors as [string, string, string];
  for (const id of [a, b]) await earn(id, 5_000);
  await earn(c, 200_000);
  t.match(ok(await order(a, {})), { state: 'draft' });
  await setPayee(b, 'o-fisher-0');
  t.match(ok(await order(b, {})), { state: 'held', holds: ['payee-changed', 'account-shared'] });
  await tick();
  t.match(await orderOf(a), { state: 'held', holds: ['account-shared'] }, 'the first of the two waits too');
  const large = ok(await order(c, {}));
  t.match(large, { state: 'held', holds: ['identity'], amount: 200_000 });
  t.equal((await approve(large.id)).status, 409);
});

t.test('what was overpaid is netted with consent only, and a fifth at most', async (t) => {
  const world = await openedPayouts(t, 1);
  const { collectors, overpay, earn, order, approve, submit, tick, confirmAll, owed, client, balances } =
    world;
  const [a] = collectors as [string];
  await overpay(a, 90_000);
  await earn(a, 30_000);
  t.match(await owed(a), { owed: 30_000, overpaid: 90_000 });
  const without = ok(await order(a, {}));
  t.match(without, { amount: 30_000, netted: 0 });
  ok(await world.payer.post(`/v1/payout-orders/${without.id}/cancel`, { reason: '先问本人' }));
  const consent = (given: boolean) =>
    client.post(`/v1/collectors/${a}/netting-consent`, { given, at: new Date().toISOString() });
  ok(await consent(true));
  const { id, amount, netted } = ok(await order(a, {}));
  t.same([amount, netted], [24_000, 6_000]);
  ok(await approve(id));
  ok(await submit(id));
  await tick();
  confirmAll();
  await tick(60_000);
  t.match(await owed(a), { owed: 0, inPayment: 0, overpaid: 84_000 });
  t.match(await balances(), { payable: 0, unmatched: -24_000, overpaid: 84_000 });
  await world.fund('unmatched', 24_000);
  t.match(await balances(), { unmatched: 0, capital: -24_000 }, 'the suspense drained');
  ok(await consent(false));
  await earn(a, 1_000);
  t.match(ok(await order(a, {})), { amount: 1_000, netted: 0 });
});
