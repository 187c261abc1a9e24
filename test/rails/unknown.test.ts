import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { systemRandom } from '../../src/kernel/system.ts';
import { type Attempt, nextStep, type Step } from '../../src/rails/rail.ts';
import { BAD_DAYS, type BadDay, startWechatSimulator } from '../../src/rails/simulators/wechat.ts';
import { wechatRail } from '../../src/rails/wechat.ts';

/**
 * A driver that keeps rule 7, against a rail that has every bad day there is, and that is killed at every moment
 * there is. What it knows after a kill is what it had written down before it, as text.
 */
const DAY = 86_400_000;
let now = Date.parse('2026-11-24T12:00:00Z');
const means = { now: () => now, random: systemRandom };
const sim = await startWechatSimulator(means);
sim.slowness = 60;

type Order = { openid: string; owed: number; attempts: { reference: string; steps: Step[] }[] };

/** The ledger of this test: orders as text, by payee. Only what is in it survives a kill. */
const ledger = new Map<string, string>();
const read = (openid: string): Order => JSON.parse(ledger.get(openid)!);
const write = (order: Order): void => void ledger.set(order.openid, JSON.stringify(order));
const record = (openid: string, reference: string, change: (steps: Step[]) => void): void => {
  const order = read(openid);
  change(order.attempts.find((attempt) => attempt.reference === reference)!.steps);
  write(order);
};

const listener = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const said = rail.verifyNotification(request.headers, Buffer.concat(chunks));
    if (said.kind === 'told') {
      const openid = sim.books.bills.get(said.reference)!.openid;
      record(openid, said.reference, (steps) =>
        steps.push({ did: 'notification', at: now, outcome: said.outcome }),
      );
    }
    response.writeHead(said.kind === 'told' ? 204 : 401).end();
  });
});
await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
const notifyUrl = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;

/** Requests of dead processes that are still on their way: each leaves when it is let go, long after the kill. */
let ghosts: { leave: () => void; ended: Promise<unknown> }[] = [];
let holding: (() => void)[] | undefined;
const slowNetwork: typeof fetch = async (url, init) => {
  if (holding === undefined) return fetch(url, init);
  const held = holding;
  await new Promise<void>((leave) => held.push(leave));
  return fetch(url, { ...init, signal: null });
};
const letGhostsArrive = async (): Promise<void> => {
  const all = ghosts;
  ghosts = [];
  for (const { leave } of all) leave();
  await Promise.all(all.map(({ ended }) => ended));
};

const hasty = wechatRail({ ...sim.settings(notifyUrl), timeout: 40 }, { ...means, fetch: slowNetwork });
const patient = wechatRail(sim.settings(notifyUrl), { ...means, fetch });
let rail = hasty;

t.teardown(async () => {
  await sim.stop();
  listener.close();
  listener.closeAllConnections();
});

/** Where the process dies: before the sending, with the request under way, with the answer read and not written. */
const KILLS = ['never', 'before-sending', 'under-way', 'before-recording'] as const;
type Kill = (typeof KILLS)[number];

class Killed extends Error {}
let kills = 0;
const dies = (): never => {
  kills++;
  throw new Killed();
};

let references = 0;
const orderFor = (owed: number): Order => {
  const order = { openid: `o-${ledger.size + 1}`, owed, attempts: [] };
  write(order);
  return order;
};

const call = async <T>(kill: Kill, work: () => Promise<T>): Promise<T> => {
  if (kill === 'before-sending') dies();
  if (kill === 'under-way') {
    holding = [];
    const ended = work();
    const [leave] = holding;
    holding = undefined;
    if (leave === undefined) throw new Error('the request did not go through the slow network');
    ghosts.push({ leave, ended });
    dies();
  }
  const outcome = await work();
  if (kill === 'before-recording') dies();
  return outcome;
};

/** One step of the driver for one order. Everything it decides by, it reads. Says whether the order is settled. */
const step = async (openid: string, kill: Kill, cancel = false): Promise<boolean> => {
  const order = read(openid);
  const current = order.attempts.at(-1);
  const next = current === undefined ? 'free' : nextStep(current.steps, rail.limits, now);
  if (next === 'done') return true;
  if (next === 'by-hand') throw new Error(`by hand: ${JSON.stringify(order)}`);
  if (next === 'free') {
    order.attempts.push({ reference: `r${++references}`, steps: [] });
    write(order);
    return false;
  }
  const { reference, steps } = current!;
  if (next === 'submit') {
    record(openid, reference, (all) => all.push({ did: 'submit', at: now }));
    const index = steps.length;
    const attempt: Attempt = {
      reference,
      amount: order.owed,
      payee: { account: openid, ...(order.owed < 200_000 ? {} : { name: '王小明' }) },
      purpose: '塑料瓶',
    };
    const outcome = await call(kill, () => rail.submit(attempt));
    record(openid, reference, (all) => {
      all[index]!.outcome = outcome;
    });
    return false;
  }
  const did = cancel ? 'cancel' : 'query';
  const outcome = await call(kill, () =>
    cancel ? rail.cancel(reference) : rail.query(reference, steps[0]!.at),
  );
  record(openid, reference, (all) => all.push({ did, at: now, outcome }));
  return false;
};

/** A driver that takes silence for failure, to show that the same days would have made it pay twice. */
const naiveStep = async (order: Order): Promise<void> => {
  const attempt = { reference: `n${++references}`, amount: order.owed, purpose: '塑料瓶' };
  const outcome = await rail.submit({ ...attempt, payee: { account: order.openid } });
  if (outcome.kind === 'unknown') return naiveStep(order);
};

const paidTo = (openid: string): number[] =>
  sim.books.payments.filter((payment) => payment.openid === openid).map((payment) => payment.amount);
const confirmAll = (openid: string): void => {
  for (const bill of sim.books.bills.values())
    if (bill.openid === openid) sim.books.confirm(bill.number, now);
};

/** Good days from here on: every process lives, every payee confirms. Then the last ghosts arrive, and are confirmed. */
const settle = async (openid: string): Promise<void> => {
  sim.script = [];
  rail = patient;
  let steps = 0;
  while (steps < 20 && !(await step(openid, 'never'))) {
    confirmAll(openid);
    steps++;
  }
  rail = hasty;
  if (steps === 20) throw new Error(`not settled: ${ledger.get(openid)}`);
  await letGhostsArrive();
  confirmAll(openid);
};

type Life =
  | 'nothing'
  | 'confirms'
  | 'ghosts-arrive'
  | 'a-day-passes'
  | 'cancel'
  | 'told'
  | 'told-late-and-twice';
type Moment = { day: BadDay | 'good'; kill: Kill; life: Life };

const live = async ({ life }: Moment, openid: string): Promise<void> => {
  if (life === 'confirms') confirmAll(openid);
  if (life === 'ghosts-arrive') await letGhostsArrive();
  if (life === 'a-day-passes') now += DAY + 1;
  sim.books.tick(now);
  const mine = sim.outbox.filter((notification) => notification.url === notifyUrl);
  if (life === 'told' && mine.length > 0) await sim.deliver(mine.at(-1)!);
  // Out of order: the newest first, and each of them twice.
  if (life === 'told-late-and-twice')
    for (const one of [...mine].reverse()) for (const again of [one, one]) await sim.deliver(again);
};

const play = async (openid: string, moments: Moment[]): Promise<void> => {
  for (const moment of moments) {
    sim.script = [moment.day];
    try {
      await step(openid, moment.kill, moment.life === 'cancel');
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    await live(moment, openid);
  }
};

t.test('whatever happens, what is owed is paid once', async (t) => {
  const moment: fc.Arbitrary<Moment> = fc.record({
    day: fc.constantFrom('good' as const, ...BAD_DAYS),
    kill: fc.constantFrom(...KILLS),
    life: fc.constantFrom<Life>(
      ...([
        'nothing',
        'confirms',
        'ghosts-arrive',
        'a-day-passes',
        'cancel',
        'told',
        'told-late-and-twice',
      ] as const),
    ),
  });
  let renewed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(moment, { minLength: 4, maxLength: 20 }),
      fc.oneof(fc.integer({ min: 10, max: 199_999 }), fc.integer({ min: 200_000, max: 1_000_000 })),
      async (moments, owed) => {
        const { openid } = orderFor(owed);
        sim.outbox.length = 0;
        sim.books.balance = 1_000_000_000;
        await play(openid, moments);
        await settle(openid);
        renewed += read(openid).attempts.length - 1;
        return paidTo(openid).length === 1 && paidTo(openid)[0] === owed;
      },
    ),
    { numRuns: 60 },
  );
  t.ok(renewed > 3, `${renewed} orders went on under a new reference`);
  t.ok(kills > 60, `${kills} kills`);
});

t.test('killed a thousand times between sent and recorded', async (t) => {
  kills = 0;
  let seed = 20_261_124;
  const below = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const owed: [string, number][] = [];
  while (kills < 1_000) {
    const { openid, owed: amount } = orderFor(10 + below(100_000));
    owed.push([openid, amount]);
    sim.books.balance = 1_000_000_000;
    sim.script = [];
    await step(openid, 'never');
    for (let i = 0; i < 18; i++) {
      // What was sent is answered, lost on the way there or lost on the way back; two times of three the process dies.
      sim.script = [(['good', 'good', 'lost-after', 'lost-before', 'error-after'] as const)[below(5)]!];
      await step(openid, (['under-way', 'before-recording', 'never'] as const)[below(3)]!).catch((error) => {
        if (!(error instanceof Killed)) throw error;
      });
      if (below(4) === 0) await letGhostsArrive();
      if (below(6) === 0) confirmAll(openid);
      if (below(12) === 0) now += DAY + 1;
    }
    await settle(openid);
  }
  t.ok(kills >= 1_000, `${kills} kills`);
  for (const [openid, amount] of owed)
    if (paidTo(openid).join() !== String(amount))
      t.fail(`owed ${amount}, paid ${paidTo(openid)}: ${ledger.get(openid)}`);
  const total = owed.reduce((sum, [, amount]) => sum + amount, 0);
  const paid = owed.flatMap(([openid]) => paidTo(openid)).reduce((sum, amount) => sum + amount, 0);
  t.equal(paid, total, `${owed.length} orders, ${total} fen owed, ${paid} paid`);
});

t.test('the same days make a driver pay twice that takes silence for failure', async (t) => {
  rail = patient;
  const order = orderFor(21_604);
  sim.script = ['lost-after', 'error-after'];
  await naiveStep(order);
  confirmAll(order.openid);
  t.strictSame(paidTo(order.openid), [21_604, 21_604, 21_604]);
});

t.test('S5: the answer is lost, the process dies, he is at sea; one new order on his return', async (t) => {
  rail = patient;
  const { openid } = orderFor(21_604);
  await step(openid, 'never');
  sim.script = ['lost-after'];
  const death = await step(openid, 'before-recording').catch((error: unknown) => error);
  t.type(death, Killed);
  const kinds = (): unknown[] =>
    read(openid).attempts.map((a) => a.steps.map((s) => s.outcome?.kind ?? 'nothing'));
  t.strictSame(kinds(), [['nothing']], 'sent, and nothing known of it');
  await step(openid, 'never');
  t.strictSame(kinds(), [['nothing', 'awaiting-confirmation']]);
  now += 23 * 3_600_000;
  await step(openid, 'never');
  t.equal(read(openid).attempts.length, 1, 'no new reference before the closed state was read');
  now += 3 * DAY;
  await step(openid, 'never');
  t.equal(read(openid).attempts[0]!.steps.at(-1)!.outcome!.kind, 'closed');
  t.strictSame(paidTo(openid), []);
  await step(openid, 'never');
  await step(openid, 'never');
  confirmAll(openid);
  await step(openid, 'never');
  t.ok(await step(openid, 'never'), 'settled');
  t.equal(read(openid).attempts.length, 2);
  t.strictSame(paidTo(openid), [21_604]);
});
