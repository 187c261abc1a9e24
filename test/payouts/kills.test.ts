import t from 'tap';
import { openPayouts } from '../../src/payouts/payouts.ts';
import type { Rail } from '../../src/rails/rail.ts';
import { ok, openedPayouts } from '../support/payouts.ts';

const DAY = 86_400_000;
const CUTS = 1_000;
const PEOPLE = 32;
const OWED = 100_000_000;

/** Where a process dies: before the sending, with the request under way, with the answer read and not recorded. */
const MOMENTS = ['before-sending', 'under-way', 'before-recording'] as const;
type Moment = (typeof MOMENTS)[number];

const never = new Promise<never>(() => undefined);

t.test('a thousand sendings cut off before their answer was recorded; then two at once', async (t) => {
  const world = await openedPayouts(t, PEOPLE);
  const { app, sim, collectors, earn, payer, checker, pass, now } = world;
  const { rails: patient } = app.deps.payouts;
  const rail = patient.get('wechat')!;
  for (const id of collectors) await earn(id, OWED);
  await world.fund('rail', PEOPLE * OWED);
  sim.books.balance = PEOPLE * OWED;

  let seed = 20_261_124;
  const below = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };

  /** Requests of dead processes, still on their way. */
  let ghosts: (() => Promise<unknown>)[] = [];
  const cut = { 'before-sending': 0, 'under-way': 0, 'before-recording': 0 };

  /** A process whose life ends at its nth sending; what else it had under way is cut off with it. */
  const processOf = (moment: Moment | undefined, nth: number) => {
    let dead = false;
    let die = (): void => undefined;
    const death = new Promise<void>((resolve) => {
      die = () => {
        dead = true;
        resolve();
      };
    });
    let sendings = 0;
    const { callsPerSecond: _, ...limits } = rail.limits;
    const cutOff = (where: Moment): Promise<never> => {
      cut[where]++;
      return never;
    };
    const mortal: Rail = {
      ...rail,
      limits,
      submit: async (attempt) => {
        if (dead) return cutOff('before-sending');
        const last = moment !== undefined && ++sendings >= nth;
        if (last && moment !== 'before-recording') {
          if (moment === 'under-way') ghosts.push(() => rail.submit(attempt));
          die();
          return cutOff(moment);
        }
        const outcome = await rail.submit(attempt);
        if (last) die();
        return dead ? cutOff('before-recording') : outcome;
      },
      query: async (reference, sentAt) => {
        const outcome = dead ? never : await rail.query(reference, sentAt);
        return dead ? never : outcome;
      },
    };
    const { deps } = app;
    const payouts = openPayouts({ ...deps, onError: (error) => t.fail(error.message) });
    payouts.rails.set('wechat', mortal);
    return {
      /** Until there is nothing left to do, or it dies. */
      live: (rounds = 3) =>
        Promise.race([
          death,
          (async () => {
            for (let i = 0, did = 1; did > 0 && i < rounds; i++) did = await payouts.worker.tick(now());
          })(),
        ]),
    };
  };

  /** An order for each of some people who have none open: made, approved, submitted. */
  const order = async (): Promise<void> => {
    const amount = 1_000 + below(150_000);
    const collectorIds = collectors.filter(() => below(3) > 0);
    await Promise.all(
      collectorIds.map(async (collectorId) => {
        const made = ok(await payer.post('/v1/payout-orders', { collectorId, rail: 'wechat', amount }));
        ok(await checker.post(`/v1/payout-orders/${made.id}/approve`));
        ok(await payer.post(`/v1/payout-orders/${made.id}/submit`));
      }),
    );
  };
  const arrive = async (): Promise<void> => {
    const all = ghosts;
    ghosts = [];
    await Promise.all(all.map((leave) => leave()));
  };

  const cuts = (): number => Object.values(cut).reduce((sum, n) => sum + n, 0);
  let lives = 0;
  while (cuts() < CUTS) {
    if (lives++ % 3 === 0) await order();
    const days = ['good', 'good', 'good', 'lost-after', 'lost-before', 'error-after'] as const;
    sim.script = Array.from({ length: 6 }, () => days[below(days.length)]!);
    await processOf(MOMENTS[below(3)]!, 1 + below(8)).live();
    if (below(3) === 0) await arrive();
    if (below(4) === 0) world.confirmAll();
    if (below(25) === 0) pass(DAY + 1);
  }
  t.ok(cut['under-way'] > 10 && cut['before-recording'] > 100, 'of each kind there were some');
  t.ok(cuts() >= CUTS, `${JSON.stringify(cut)} in ${lives} lives`);

  // Good days, and two processes on the same orders.
  for (let i = 0; i < 8; i++) {
    sim.script = [];
    if (i < 3) await order();
    if (i === 4) await arrive();
    await Promise.all([processOf(undefined, 0).live(40), processOf(undefined, 0).live(40)]);
    world.confirmAll();
    pass(DAY / 2);
  }
  const { rows } = await app.deps.pool.query<{ state: string; n: number; amount: number }>(
    'SELECT state, count(*)::int8 AS n, sum(amount)::int8 AS amount FROM payout_orders GROUP BY 1 ORDER BY 1',
  );
  const states = Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  t.same(
    Object.keys(states).filter((state) => !['expired', 'failed', 'paid'].includes(state)),
    [],
    'all ended',
  );
  t.ok(states.expired! > 0 && states.paid! > 100, JSON.stringify(states));
  const paid = rows.find(({ state }) => state === 'paid')!.amount;
  t.equal(sim.books.paid(), paid, 'the rail paid what the orders say, once');
  for (const [i, id] of collectors.entries()) {
    const got = sim.books.payments
      .filter(({ openid }) => openid === `o-fisher-${i}`)
      .reduce((sum, { amount }) => sum + amount, 0);
    t.match(await world.owed(id), { owed: OWED - got, inPayment: 0 }, `fisher ${i} got ${got}`);
  }
  const used = new Set(sim.books.payments.map(({ number }) => number));
  t.equal(used.size, sim.books.payments.length, 'no bill was paid twice');
});
