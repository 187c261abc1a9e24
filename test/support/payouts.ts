import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import type { Deps } from '../../src/deps.ts';
import { systemRandom } from '../../src/kernel/system.ts';
import { startWechatSimulator } from '../../src/rails/simulators/wechat.ts';
import { wechatRail } from '../../src/rails/wechat.ts';
import { type Answer, startTestApp } from './app.ts';

export const cny = (amount: number) => ({ amount, currency: 'CNY' });

export const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

/**
 * An API with a simulated WeChat Pay, collectors who are paid by it, and two people who pay. Nothing is driven but by
 * `tick`, which lets so many milliseconds pass first.
 */
export const openedPayouts = async (
  t: Test,
  people: number,
  /** Where each is paid. */
  payeeOf: (i: number) => object = (i) => ({ rail: 'wechat', account: `o-fisher-${i}` }),
) => {
  const app = await startTestApp(t);
  let passed = 0;
  const now = (): number => Date.now() + passed;
  const sim = await startWechatSimulator({ now, random: systemRandom });
  t.teardown(() => sim.stop());
  const railOf = (timeout = 2_000) =>
    wechatRail({ ...sim.settings('http://127.0.0.1:1/told'), timeout }, { now, random: systemRandom, fetch });
  /** Takes the driving of a process into the test's hands. */
  const takeOver = async ({ payouts }: Pick<Deps, 'payouts'>) => {
    await payouts.worker.stop();
    payouts.rails.set('wechat', railOf());
    return payouts.worker;
  };
  const worker = await takeOver(app.deps);
  const pass = (ms: number): void => {
    passed += ms;
    sim.books.tick(now());
  };
  const tick = async (ms = 0): Promise<void> => {
    pass(ms);
    for (let did = 1, i = 0; did > 0 && i < 50; i++) did = await worker.tick(now());
  };
  const { siteId, client } = await app.site('station');
  const organisation = ok(
    await app.operator.post('/v1/organisations', { name: '付款单位', kind: 'payer' }),
  ).id;
  const payer = await app.keyFor(organisation, 'payer', { holder: '王会计' });
  const twin = await app.keyFor(organisation, 'payer', { holder: '王 会计' });
  const checker = await app.keyFor(organisation, 'payer', { holder: '李出纳' });
  const collectors: string[] = [];
  const setPayee = async (id: string, account: string, more: object = {}) =>
    ok(await client.post(`/v1/collectors/${id}/payee`, { rail: 'wechat', account, ...more }));
  for (let i = 0; i < people; i++) {
    const consent = { version: '1', at: new Date().toISOString() };
    const { id } = ok(await client.post('/v1/collectors', { siteId, name: `渔民 ${i}`, consent }));
    collectors.push(id);
    ok(await client.post(`/v1/collectors/${id}/payee`, payeeOf(i)));
  }
  const weighIn = async (collectorId: string, grossGrams: number, more: object = {}) =>
    ok(
      await client.post('/v1/collections', {
        ...{ id: randomUUID(), siteId, material: 'pet', form: 'bottle', originClass: 'sea-recovered' },
        ...{ originEvidence: 'position', grossGrams, tareGrams: 0, basis: 'weighed', collectorId },
        collectedAt: new Date().toISOString(),
        quote: { price: { ...cny(1), perGrams: 1 } },
        ...more,
      }),
    );
  const owed = async (id: string) => ok(await client.get(`/v1/collectors/${id}/statement`), 200).balances[0];
  const balances = async (): Promise<Record<string, number>> => {
    const sums: Record<string, number> = {};
    for (const { kind, balance } of ok(await app.operator.get('/v1/accounts?limit=1000'), 200).items)
      sums[kind] = (sums[kind] ?? 0) + balance;
    return sums;
  };
  const ordersOf = async (id: string) =>
    ok(await payer.get(`/v1/payout-orders?collectorId=${id}`), 200).items as { id: string; state: string }[];
  return {
    ...{ app, sim, now, worker, takeOver, tick, pass, siteId, client, operator: app.operator, collectors },
    ...{ payer, twin, checker, setPayee, weighIn, owed, balances, ordersOf },
    /** Puts so many fen of the operator's capital there. */
    fund: async (kind: 'rail' | 'unmatched', fen: number) =>
      ok(await payer.post('/v1/transfers', { from: { kind: 'capital' }, to: { kind }, amount: cny(fen) })),
    /** Owes the collector so many fen. */
    earn: (id: string, fen: number) => weighIn(id, fen),
    /** Pays so many fen at the scale for a bag that turns out to be empty. */
    overpay: async (id: string, fen: number) => {
      const bag = await weighIn(id, fen, { settlement: { kind: 'cash', paid: cny(fen) } });
      ok(await client.post(`/v1/collections/${bag.id}/void`, { reason: '登记两次' }));
    },
    order: (collectorId: string, more: object) =>
      payer.post('/v1/payout-orders', { collectorId, rail: 'wechat', ...more }),
    approve: (id: string) => checker.post(`/v1/payout-orders/${id}/approve`),
    submit: (id: string) => payer.post(`/v1/payout-orders/${id}/submit`),
    confirmAll: () => {
      for (const number of sim.books.bills.keys()) sim.books.confirm(number, now());
    },
    /** The newest order of a collector, with its steps. */
    orderOf: async (id: string) =>
      ok(await payer.get(`/v1/payout-orders/${(await ordersOf(id)).at(-1)!.id}`), 200),
  };
};
