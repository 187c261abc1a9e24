import t from 'tap';
import { nextStepBack, type Outcome, type Step } from '../../src/rails/rail.ts';
import { ok, openedPayouts } from '../support/payouts.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A fisher who is owed 5,000 fen, all of it sent, and how to take that back. */
const sent = async (t: Parameters<typeof openedPayouts>[0], days: ('lost-before' | 'lost-after')[] = []) => {
  const world = await openedPayouts(t, 1);
  const [fisher] = world.collectors as [string];
  await world.earn(fisher, 5_000);
  await world.fund('rail', 20_000);
  const { id } = ok(await world.order(fisher, {}));
  ok(await world.approve(id));
  ok(await world.submit(id));
  world.sim.script = [...days];
  // One look only: what is lost stays lost for now.
  await world.worker.tick(world.now());
  return {
    ...world,
    ...{ id, fisher },
    takeBack: () => world.payer.post(`/v1/payout-orders/${id}/cancel`, { reason: '金额有误' }),
    ask: async () => ok(await world.payer.post(`/v1/payout-orders/${id}/ask`), 200),
    standing: () => world.owed(fisher),
  };
};

t.test('what waits for its payee is taken back by the rail, and only then owed again', async (t) => {
  const { orderOf, fisher, takeBack, sim, worker, now, tick, standing, confirmAll, order } = await sent(t);
  t.match(await orderOf(fisher), { state: 'awaiting-confirmation' });
  sim.books.cancelsSlowly = true;
  t.match(ok(await takeBack()), { state: 'cancelling' });
  const again = await takeBack();
  t.match([again.status, again.body.code], [409, 'order_cancelling']);
  t.match(await orderOf(fisher), { state: 'cancelling', confirmation: null }, 'he is not led to confirm');
  await worker.tick(now());
  t.match([...sim.books.bills.values()], [{ state: 'CANCELING' }], 'asked at once');
  await tick(2 * MINUTE);
  t.match(await orderOf(fisher), { state: 'cancelling' }, 'asked to is not done');
  t.match(await standing(), { owed: 5_000, inPayment: 5_000 });
  t.equal((await order(fisher, {})).body.code, 'below_minimum', 'nor may it be paid anew');
  for (const number of sim.books.bills.keys()) sim.books.settle(number, now());
  await tick(2 * MINUTE);
  const { state, steps } = await orderOf(fisher);
  t.equal(state, 'cancelled');
  t.same(
    steps.map(({ did, outcome }: { did: string; outcome: string }) => `${did} ${outcome}`),
    ['submit awaiting-confirmation', 'cancel cancelling', 'query cancelling', 'query cancelled'],
  );
  t.match(await standing(), { owed: 5_000, inPayment: 0 });
  confirmAll();
  t.equal(sim.books.paid(), 0);
  t.equal((await takeBack()).body.code, 'order_cancelled');
});

t.test('he confirmed before the rail was asked: it is paid', async (t) => {
  const { orderOf, fisher, takeBack, sim, tick, standing, confirmAll, balances } = await sent(t);
  confirmAll();
  ok(await takeBack());
  await tick();
  t.match(await orderOf(fisher), { state: 'paid' });
  t.equal(sim.books.paid(), 5_000);
  t.match(await standing(), { owed: 0, inPayment: 0 });
  t.match(await balances(), { rail: 15_000, payable: 0 });
});

t.test('the answer to the cancelling is lost: it is asked for, and asked to again', async (t) => {
  const { orderOf, fisher, takeBack, sim, tick, worker, now, standing } = await sent(t);
  sim.script = ['lost-before'];
  ok(await takeBack());
  await worker.tick(now());
  t.match([...sim.books.bills.values()], [{ state: 'WAIT_USER_CONFIRM' }], 'it never heard');
  await tick(2 * MINUTE);
  await tick(2 * MINUTE);
  t.match(await orderOf(fisher), { state: 'cancelled' });
  t.match(await standing(), { owed: 5_000, inPayment: 0 });
  const cancels = sim.requests.filter(({ path }) => path.endsWith('/cancel'));
  t.equal(cancels.length, 2);
});

t.test(
  'what the rail never heard of is not sent again, and ends once it could not be taken up',
  async (t) => {
    const { orderOf, fisher, takeBack, sim, tick, standing } = await sent(t, ['lost-before']);
    t.match(await orderOf(fisher), { state: 'unknown' });
    ok(await takeBack());
    for (let i = 0; i < 4; i++) await tick(5 * 3_600_000);
    t.match(await orderOf(fisher), { state: 'cancelling' }, 'after 20 hours it might still arrive');
    t.match(await standing(), { inPayment: 5_000 });
    await tick(5 * 3_600_000);
    t.match(await orderOf(fisher), { state: 'cancelled' });
    t.match(await standing(), { owed: 5_000, inPayment: 0 });
    const sendings = sim.requests.filter(
      ({ method, path }) => method === 'POST' && !path.endsWith('/cancel'),
    );
    t.equal(sendings.length, 1);
  },
);

t.test('the answer to the sending is lost: what it made is found and cancelled', async (t) => {
  const { orderOf, fisher, takeBack, sim, tick, standing } = await sent(t, ['lost-after']);
  t.match(await orderOf(fisher), { state: 'unknown' });
  ok(await takeBack());
  await tick();
  await tick(2 * MINUTE);
  t.match(await orderOf(fisher), { state: 'cancelled' });
  t.match([...sim.books.bills.values()], [{ state: 'CANCELLED' }]);
  t.match(await standing(), { owed: 5_000, inPayment: 0 });
});

t.test('what was paid comes back days later: it is owed again, once', async (t) => {
  const world = await sent(t);
  const { app, orderOf, fisher, sim, tick, standing, confirmAll, balances, ask, id, now } = world;
  confirmAll();
  await tick(2 * MINUTE);
  t.match(await orderOf(fisher), { state: 'paid' });
  t.match(await ask(), { state: 'paid', said: 'paid' });
  await tick(3 * DAY);
  const { rails } = app.deps.payouts;
  const rail = rails.get('wechat')!;
  const returned: Outcome = { kind: 'returned', code: '账户已销户', amount: 5_000 };
  rails.set('wechat', { ...rail, query: async () => ({ kind: 'failed', code: 'CLOSED' }) });
  t.match(
    await ask(),
    { state: 'paid', said: 'failed' },
    'an end that contradicts the other is not believed',
  );
  rails.set('wechat', { ...rail, query: async () => ({ ...returned, amount: 4_999 }) });
  t.match(await ask(), { state: 'paid' }, 'nor is another amount');
  t.match(await balances(), { rail: 15_000, payable: 0 });
  rails.set('wechat', { ...rail, query: async () => returned });
  t.match(await ask(), { state: 'returned', said: 'returned' });
  t.match(await ask(), { state: 'returned' });
  t.match(await standing(), { owed: 5_000, inPayment: 0 });
  t.match(await balances(), { rail: 20_000, payable: -5_000 });
  rails.set('wechat', rail);
  const second = ok(await world.order(fisher, {}));
  t.not(second.id, id);
  ok(await world.approve(second.id));
  ok(await world.submit(second.id));
  await tick();
  sim.books.confirm([...sim.books.bills.keys()].at(-1)!, now());
  await tick(2 * MINUTE);
  t.match(await orderOf(fisher), { state: 'paid', id: second.id });
  t.match(await balances(), { rail: 15_000, payable: 0 }, 'paid, returned, paid: 5,000 fen in the end');
});

t.test('what may be done next with what is to be taken back', async (t) => {
  const limits = { queryWindow: 30 * DAY, takesUpWithin: DAY };
  const step = (did: Step['did'], at: number, outcome?: Outcome): Step => ({
    ...{ did, at },
    ...(outcome === undefined ? {} : { outcome }),
  });
  const sending = step('submit', 0);
  const missing = (at: number) => step('query', at, { kind: 'not-found' });
  const lost: Outcome = { kind: 'unknown', code: 'no_answer' };
  const refused: Outcome = { kind: 'unknown', code: 'PARAM_ERROR', refused: true };
  const waiting = step('query', 5, { kind: 'awaiting-confirmation' });
  for (const [steps, now, next, why] of [
    [[sending], 1, 'cancel', 'nobody knows whether it was sent'],
    [[step('submit', 0, { kind: 'accepted' })], 1, 'cancel', 'it was'],
    [[sending, step('cancel', 1)], 2, 'query', 'killed while asking'],
    [[sending, step('cancel', 1, lost)], 2, 'query', 'the answer was lost'],
    [[sending, step('cancel', 1, { kind: 'cancelling' })], 2, 'query', 'under way'],
    [[sending, step('cancel', 1, lost), waiting], 6, 'cancel', 'it had not heard'],
    [[sending, step('query', 1, { kind: 'cancelling' })], 2, 'query', 'it had'],
    [[sending, missing(DAY)], DAY, 'query', 'it may still arrive'],
    [[sending, missing(DAY + 1)], DAY + 1, 'gone', 'now it cannot'],
    [[sending, missing(DAY - 1)], 2 * DAY, 'query', 'what counts is when it was asked for'],
    [[sending, waiting, missing(DAY + 9)], DAY + 9, 'query', 'it was there once'],
    [[step('submit', 0, refused), missing(2)], 3, 'gone', 'refused, verifiably'],
    [[sending, step('submit', 1, refused), missing(2)], 3, 'query', 'the first was not'],
    [[sending], 31 * DAY, 'by-hand', 'the rail has forgotten'],
  ] as const)
    t.equal(nextStepBack(steps, limits, now), next, why);
  const never = { queryWindow: 30 * DAY };
  t.equal(nextStepBack([sending, missing(29 * DAY)], never, 29 * DAY), 'query', 'nobody knows how long');
});
