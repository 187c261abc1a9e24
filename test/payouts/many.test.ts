import { randomUUID } from 'node:crypto';
import v8 from 'node:v8';
import vm from 'node:vm';
import t from 'tap';
import type { Attempt, Outcome } from '../../src/rails/rail.ts';
import { ok, openedPayouts } from '../support/payouts.ts';

const PEOPLE = 5_000;
const OWED = 700;
/** Rows read at once, and calls to the rail under way at once, at most. */
const ROWS = 1_000;
const CALLS = 8;
/** Each so manieth answer is lost. */
const LOST = 250;
const LANES = 64;
const UPLOAD = 200;

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;
const heapMiB = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

t.test('a run over 5,000 people: in parts, each paid once, and memory stays flat', async (t) => {
  const world = await openedPayouts(t, 0);
  const { app, client, siteId, payer, checker, worker, now, pass } = world;
  const consent = { version: '1', at: new Date().toISOString() };
  const price = { amount: 1, currency: 'CNY', perGrams: 1 };
  const people: string[] = [];
  const lane = async (): Promise<void> => {
    for (let i = people.push(randomUUID()); i <= PEOPLE; i = people.push(randomUUID())) {
      const id = people[i - 1]!;
      ok(await client.post('/v1/collectors', { id, siteId, name: `渔民 ${i}`, consent }));
      await world.setPayee(id, `o-${i}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  people.length = PEOPLE;
  for (let i = 0; i < PEOPLE; i += UPLOAD) {
    const bags = people.slice(i, i + UPLOAD).map((collectorId) => ({
      ...{ id: randomUUID(), siteId, collectorId, quote: { price } },
      ...{ material: 'pet', form: 'bottle', originClass: 'sea-recovered', originEvidence: 'position' },
      ...{ grossGrams: OWED, tareGrams: 0, basis: 'weighed', collectedAt: consent.at },
    }));
    const { items } = ok(await client.post('/v1/collections/batch', bags), 200);
    if (items.some(({ error }: { error?: object }) => error !== undefined)) throw new Error('refused');
  }
  await world.fund('rail', PEOPLE * OWED);

  const paid = new Map<string, string>();
  let [calls, most, sendings] = [0, 0, 0];
  const called = async (outcome: () => Outcome): Promise<Outcome> => {
    most = Math.max(most, ++calls);
    await new Promise(setImmediate);
    calls--;
    return outcome();
  };
  const { rails } = app.deps.payouts;
  const { callsPerSecond: _, ...limits } = rails.get('wechat')!.limits;
  rails.set('wechat', {
    ...rails.get('wechat')!,
    limits,
    submit: ({ reference, payee }: Attempt) =>
      called(() => {
        if (paid.has(reference)) return { kind: 'failed', code: 'SENT_TWICE' };
        paid.set(reference, payee.account);
        return ++sendings % LOST === 0 ? { kind: 'unknown', code: 'no_answer' } : { kind: 'paid' };
      }),
    query: (reference: string) =>
      called(() => (paid.has(reference) ? { kind: 'paid' } : { kind: 'not-found' })),
  });
  const { pool } = app.deps;
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<{ rows?: unknown[] }>;
  let rows = 0;
  pool.query = (async (...args: unknown[]) => {
    const answer = await query(...args);
    rows = Math.max(rows, answer?.rows?.length ?? 0);
    return answer;
  }) as never;

  const run = ok(await payer.post('/v1/payout-runs', { rail: 'wechat' }));
  t.match(run, { count: PEOPLE, total: PEOPLE * OWED });
  const read = async () => ok(await payer.get(`/v1/payout-runs/${run.id}`), 200);
  const heaps: number[] = [];
  /** Until it is so; what the heap holds is looked at as it goes. */
  const drive = async (isSo: (run: Awaited<ReturnType<typeof read>>) => boolean): Promise<void> => {
    for (let i = 0; i < 200; i++) {
      pass(1_000);
      await worker.tick(now());
      if (i % 5 === 4) heaps.push(heapMiB());
      if (i % 5 === 4 && isSo(await read())) return;
    }
    throw new Error('it stands still');
  };
  await drive(({ state }) => state !== 'drafting');
  t.match(await read(), { draftedCount: PEOPLE, draftedTotal: PEOPLE * OWED, asAnnounced: true });
  ok(await checker.post(`/v1/payout-runs/${run.id}/approve`, { count: PEOPLE, total: PEOPLE * OWED }));
  ok(await payer.post(`/v1/payout-runs/${run.id}/submit`));
  await drive(({ orders }) => orders.length === 1 && orders[0]!.state === 'paid');

  t.match((await read()).orders, [{ state: 'paid', count: PEOPLE, amount: PEOPLE * OWED }]);
  t.equal(paid.size, PEOPLE);
  t.equal(new Set(paid.values()).size, PEOPLE, 'everybody once, those whose answer was lost too');
  t.equal(sendings, PEOPLE, 'nothing was sent twice');
  const { items } = ok(await payer.get('/v1/accounts?kind=rail'), 200);
  t.match(items, [{ balance: 0 }], 'the rail gave what it had been given');
  const trial = ok(await payer.get('/v1/accounts/trial-balance'), 200);
  t.match(trial.items, [{ difference: 0 }]);
  const { rows: owed } = await app.deps.pool.query(
    "SELECT count(*)::int8 AS n FROM accounts WHERE kind = 'payable' AND (balance <> 0 OR held <> 0)",
  );
  t.equal(owed[0].n, 0, 'nobody is owed anything, nor is anything set aside');
  t.ok(rows > 100 && rows <= ROWS, `${rows} rows at once`);
  t.ok(most > 1 && most <= CALLS, `${most} calls at once`);
  const [least, highest] = [Math.min(...heaps), Math.max(...heaps)];
  t.comment(heaps.map((mib) => mib.toFixed(1)).join(' '));
  t.ok(highest - least < 16, `${(highest - least).toFixed(1)} MiB apart, over ${heaps.length} looks`);
});
