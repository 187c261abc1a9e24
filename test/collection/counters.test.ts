import fc from 'fast-check';
import t from 'tap';
import { dueOf, GAP_PATIENCE_MS, missing, overdue, see } from '../../src/registry/counters.ts';
import type { CounterRun } from '../../src/registry/device-lines.tables.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { phoneOf } from '../support/phone.ts';

t.test('in any order of arrival the same counters are missing', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 60 }), { minLength: 1, maxLength: 40 }), (counters) => {
      const runs: CounterRun[] = [];
      for (const [at, counter] of counters.entries())
        if (see(runs, { counter, seq: counter, lotId: '', at }).repeated) return false;
      const sorted = [...counters].sort((a, b) => a - b);
      const gone = [];
      for (let c = 1; c < sorted.at(-1)!; c++) if (!sorted.includes(c)) gone.push(c);
      const listed = missing(runs, 99).flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      return (
        JSON.stringify(listed) === JSON.stringify(gone) &&
        runs.every((run) => run.seq === run.from) &&
        counters.every((counter) => see(runs, { counter, seq: 0, lotId: '', at: 0 }).repeated)
      );
    }),
  );
  t.end();
});

t.test('a gap is marked after 30 days, or when its device is closed, and waits on when it is cut', (t) => {
  const runs: CounterRun[] = [];
  const day = GAP_PATIENCE_MS / 30;
  see(runs, { counter: 1, seq: 10, lotId: 'a', at: 0 });
  t.equal(dueOf(runs, false), null, 'nothing is missing');
  see(runs, { counter: 6, seq: 11, lotId: 'b', at: day });
  t.equal(dueOf(runs, false), 31 * day);
  t.same(overdue(runs, false, 31 * day - 1, 9), []);
  t.match(overdue(runs, false, 31 * day, 9), [{ from: 6, seq: 11 }]);
  t.match(overdue(runs, true, day, 9), [{ from: 6 }], 'nothing comes from a closed device');
  see(runs, { counter: 3, seq: 12, lotId: 'c', at: 20 * day });
  t.same(missing(runs, 9), [
    { from: 2, to: 2 },
    { from: 4, to: 5 },
  ]);
  t.match(overdue(runs, false, 31 * day, 9), [{ from: 3 }, { from: 6 }], 'both halves waited since day one');
  for (const run of runs) run.marked = true;
  t.match(see(runs, { counter: 2, seq: 13, lotId: 'd', at: 32 * day }).filled, { seq: 12, marked: true });
  t.match(see(runs, { counter: 5, seq: 14, lotId: 'e', at: 32 * day }).filled, { seq: 11, marked: true });
  t.match(
    overdue(runs, false, 32 * day, 9),
    [{ from: 5, seq: 14 }],
    'what is still missing is said of the next',
  );
  see(runs, { counter: 4, seq: 15, lotId: 'f', at: 33 * day });
  t.match(runs, [{ from: 1, to: 6, seq: 10 }]);
  t.equal(runs.length, 1);
  t.end();
});

const start = async (app: TestApp) => {
  const { client, siteId } = await app.site('station');
  const collector = await client.post('/v1/collectors', { siteId, name: '王海生' });
  const phone = phoneOf(siteId, collector.body.id);
  const enrolled = await client.post('/v1/devices', { siteId, name: '手机', publicKey: phone.publicKey });
  const deviceId = enrolled.body.id as string;
  phone.deviceId = deviceId;
  const settled = async () => {
    const { rows } = await app.deps.pool.query('SELECT size FROM head');
    await app.deps.follower.reaches(rows[0].size - 1, 5_000);
  };
  const record = async (body: object): Promise<{ id: string; lotId: string; marks: string[] }> => {
    const answer = await client.post('/v1/collections', body);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return { id: answer.body.id, lotId: answer.body.lot.id, marks: answer.body.marks };
  };
  const marksOf = async (id: string): Promise<string[]> => {
    await settled();
    return (await client.get(`/v1/collections/${id}`)).body.marks;
  };
  const claimable = async (lotId: string): Promise<number> => {
    await settled();
    return (await client.get(`/v1/lots/${lotId}`)).body.claimableGrams;
  };
  const device = async () => {
    await settled();
    return (await client.get(`/v1/devices/${deviceId}`)).body;
  };
  return { client, siteId, phone, deviceId, record, marksOf, claimable, device };
};

t.test('a gap is seen by the device, marked when it is closed, and goes when it fills', async (t) => {
  const app = await startTestApp(t);
  const { client, phone, deviceId, record, marksOf, device } = await start(app);
  const bodies = [1, 2, 3, 4, 5, 6].map(() => phone.weighIn());
  for (const i of [5, 0, 3]) await record(bodies[i]!);
  t.match(await device(), {
    counter: 6,
    missing: [
      { from: 2, to: 3 },
      { from: 5, to: 5 },
    ],
  });
  t.same(await marksOf(bodies[5]!.id), [], 'a gap is no doubt yet: phones come back late');
  await record(bodies[4]!);
  t.same((await device()).missing, [{ from: 2, to: 3 }]);

  t.equal((await client.post(`/v1/devices/${deviceId}/close`)).status, 200);
  t.same(await marksOf(bodies[3]!.id), ['counter-gap']);
  t.same(await marksOf(bodies[5]!.id), [], 'the one after the gap, no other');
  const late = await record(bodies[2]!);
  t.same(late.marks, ['device-closed'], 'late uploads of a closed device still arrive');
  t.same(await marksOf(bodies[3]!.id), [], 'nothing is missing right before it');
  t.same(await marksOf(bodies[2]!.id), ['device-closed', 'counter-gap']);
  await record(bodies[1]!);
  t.same(await marksOf(bodies[2]!.id), ['device-closed']);
  t.match(await device(), { counter: 6, missing: [] });
  const { body } = await app.operator.get('/v1/marks?code=counter-gap&state=open');
  t.same(body.items, []);
});

t.test('two weigh-ins under one counter are both marked, and neither may be claimed', async (t) => {
  const app = await startTestApp(t);
  const { client, siteId, phone, deviceId, record, marksOf, claimable } = await start(app);
  const [first, other] = [phone.weighIn({ counter: 1 }), phone.weighIn({ counter: 2 })];
  const { lotId } = await record(first);
  await record(other);
  const run = await client.post('/v1/process-runs', {
    siteId,
    step: 'shred',
    inputs: [{ lotId }],
    outputs: [{ material: 'pet', form: 'flake', grams: 10_000 }],
    losses: [],
  });
  const flake = run.body.outputs[0].lotId;
  t.equal(await claimable(flake), 10_000);
  const fork = phone.weighIn({ counter: 1, grossGrams: 20_500 });
  await record(fork);
  t.same(await marksOf(first.id), ['counter-repeated']);
  t.same(await marksOf(fork.id), ['counter-repeated']);
  t.same(await marksOf(other.id), []);
  t.equal(await claimable(flake), 0, 'nor what was made of it');
  await record(fork);
  const third = phone.weighIn({ counter: 1, grossGrams: 30_500 });
  await record(third);
  t.same(await marksOf(third.id), ['counter-repeated']);
  const { body } = await app.operator.get('/v1/marks?code=counter-repeated');
  t.equal(body.items.length, 3, 'each once; a repeated upload is no fork');
  const forged = { ...phone.weighIn({ counter: 2 }), grossGrams: 99_500 };
  await record(forged);
  t.same(await marksOf(forged.id), ['not-attested'], 'a counter nobody signed says nothing');
  t.same(await marksOf(other.id), []);
  t.equal((await client.get(`/v1/devices/${deviceId}`)).body.counter, 2);
});

t.test('an enrolled-again phone counts anew; what the old key signed before still arrives', async (t) => {
  const app = await startTestApp(t);
  const { client, phone, deviceId, record, marksOf, device } = await start(app);
  const [first, late] = [phone.weighIn(), phone.weighIn()];
  const stolen = () => phone.weighIn({ collectedAt: new Date(Date.now() + 60_000).toISOString() });
  const afterwards = stolen();
  await record(first);
  t.match(await device(), { counter: 1, missing: [] });
  phone.loseKey();
  await client.post(`/v1/devices/${deviceId}/enrol`, { publicKey: phone.publicKey });
  t.match(await device(), { counter: 0, missing: [] });
  const [anew, next] = [phone.weighIn(), phone.weighIn()];
  t.same((await record(anew)).marks, [], 'counter 1 again, and no fork');
  t.same((await record(late)).marks, [], 'signed before with the key that was lost');
  t.same((await record(afterwards)).marks, ['not-attested'], 'a lost key signs for nothing later');
  await record(next);
  t.match(await device(), { counter: 2, missing: [] });
  t.same(await marksOf(first.id), []);
  t.same(await marksOf(anew.id), []);
});

t.test(
  'of many gaps at once the first are marked with the fact that told of them, the others with the next',
  async (t) => {
    const app = await startTestApp(t);
    const { client, phone, deviceId, record, device } = await start(app);
    const every = Array.from({ length: 20 }, (_, i) => phone.weighIn({ counter: 2 * i + 2 }));
    const { body } = await client.post('/v1/collections/batch', every);
    t.ok(body.items.every((item: { status: number }) => item.status === 201));
    t.match(await device(), { counter: 40, missing: { length: 20 } });
    const gaps = async () => {
      await device();
      return (await app.operator.get('/v1/marks?code=counter-gap&limit=100')).body.items.length;
    };
    t.equal(await gaps(), 0);
    await client.post(`/v1/devices/${deviceId}/close`);
    t.equal(await gaps(), 16);
    await record({ ...phone.weighIn({ counter: 41 }), attestation: undefined });
    t.equal(await gaps(), 20);
  },
);
