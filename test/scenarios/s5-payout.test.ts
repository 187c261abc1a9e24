import t from 'tap';
import { cny, ok, openedPayouts } from '../support/payouts.ts';

const HOUR = 3_600_000;

t.test('S5: the answer is lost, the process dies, he is at sea; one new order on his return', async (t) => {
  const world = await openedPayouts(t, 1);
  const { app, sim, collectors, earn, weighIn, order, approve, submit, payer, owed, balances } = world;
  const [fisher] = collectors as [string];
  await earn(fisher, 21_600);
  const settlement = { kind: 'cash', paid: cny(8_230), slip: '000126' };
  await weighIn(fisher, 8_234, { settlement });
  t.match(await owed(fisher), { owed: 21_604 }, 'four fen of the bag are left');
  await world.fund('rail', 100_000);

  const run = ok(await payer.post('/v1/payout-runs', { rail: 'wechat' }));
  t.match(run, { count: 1, total: 21_604 });
  await world.tick();
  t.equal((await payer.post(`/v1/payout-runs/${run.id}/approve`)).status, 403, 'maker = checker');
  ok(await world.checker.post(`/v1/payout-runs/${run.id}/approve`, { count: 1, total: 21_604 }));
  ok(await payer.post(`/v1/payout-runs/${run.id}/submit`));

  // Killed with the request answered and the answer not read: what was to be recorded of it never is.
  sim.script = ['lost-after'];
  const record = world.worker.told;
  world.worker.told = () => Promise.reject(new Error('killed'));
  await t.rejects(world.tick(), /killed/);
  world.worker.told = record;
  const lost = await world.orderOf(fisher);
  t.match(lost, { state: 'submitted', steps: [{ did: 'submit', outcome: null }] }, 'nobody knows');
  t.equal(sim.books.bills.size, 1);
  t.equal((await order(fisher, {})).body.code, 'below_minimum', 'nothing is free to be paid a second time');

  const other = await app.restart();
  t.teardown(() => other.close());
  const worker = await world.takeOver(other.deps);
  const tick = async (ms = 0): Promise<void> => {
    world.pass(ms);
    for (let i = 0; i < 5; i++) await worker.tick(world.now());
  };
  await tick();
  t.match(await world.orderOf(fisher), { state: 'awaiting-confirmation', reference: lost.reference });
  await tick(23 * HOUR);
  t.match(await world.orderOf(fisher), { state: 'awaiting-confirmation' });
  t.equal(sim.books.bills.size, 1, 'no new bill number before the closed state was read');
  await tick(73 * HOUR);
  t.match(await world.orderOf(fisher), { state: 'expired' });
  t.match(await owed(fisher), { owed: 21_604, inPayment: 0 }, 'owed again');
  t.equal(sim.books.bills.size, 1);

  const second = ok(await order(fisher, {}));
  t.match(second, { amount: 21_604, state: 'draft' });
  ok(await approve(second.id));
  ok(await submit(second.id));
  await tick();
  world.confirmAll();
  await tick(60_000);
  t.match(await world.orderOf(fisher), { state: 'paid', id: second.id });
  t.not((await world.orderOf(fisher)).reference, lost.reference);
  t.equal(sim.books.paid(), 21_604);
  t.match(await owed(fisher), { owed: 0, inPayment: 0, overpaid: 0 });
  const sums = await balances();
  t.equal(sums.purchases, 29_834);
  t.equal(-sums.float! + (100_000 - sums.rail!), 29_834, 'paid in total, never 51,438');
  const { items } = ok(await app.operator.get('/v1/accounts/trial-balance'), 200);
  t.match(items, [{ difference: 0 }]);
});

t.test('S5: the payee account changes after the approval: back to draft', async (t) => {
  const { collectors, earn, order, approve, submit, setPayee, tick, orderOf, sim } = await openedPayouts(
    t,
    1,
  );
  const [fisher] = collectors as [string];
  await earn(fisher, 21_604);
  const { id } = ok(await order(fisher, {}));
  ok(await approve(id));
  ok(await submit(id));
  await setPayee(fisher, 'o-new-phone');
  await tick();
  t.equal(sim.books.bills.size, 0);
  t.match(await orderOf(fisher), { state: 'held', approved: false, holds: ['payee-changed'] });
  await tick(72 * HOUR + 60_000);
  t.match(await orderOf(fisher), { state: 'draft', approved: false });
});
