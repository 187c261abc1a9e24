import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Decider } from '../../src/collection/deciding.follower.ts';
import { type Answer, type Client, startTestApp, type TestApp } from '../support/app.ts';

const cny = (amount: number) => ({ amount, currency: 'CNY' });
const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};
const DAY = 86_400_000;

/** A station under a tariff with a premium of 2 yuan a kilogram for what comes from the sea. */
const quay = async (app: TestApp) => {
  const { siteId, client, organisationId } = await app.site('station');
  const perKilo = (amount: number) => ({ ...cny(amount), perGrams: 1_000 });
  ok(
    await app.operator.post('/v1/tariffs', {
      source: '第 4 号价目',
      startsAt: new Date().toISOString(),
      prices: [{ material: 'pet', base: perKilo(150), originPremium: perKilo(200) }],
    }),
  );
  const register = async (id?: string): Promise<string> => {
    const consent = { version: '1', at: new Date().toISOString() };
    return ok(await client.post('/v1/collectors', { ...(id ? { id } : {}), siteId, name: '渔民', consent }))
      .id;
  };
  const weighIn = async (more: object) =>
    ok(
      await client.post('/v1/collections', {
        ...{ id: randomUUID(), siteId, material: 'pet', form: 'bottle', originClass: 'sea-recovered' },
        ...{ originEvidence: 'none', grossGrams: 10_000, tareGrams: 0, basis: 'weighed' },
        collectedAt: new Date().toISOString(),
        ...more,
      }),
    );
  const owed = async (id: string) => ok(await client.get(`/v1/collectors/${id}/statement`), 200).balances[0];
  const balances = async (): Promise<Record<string, number>> => {
    const sums: Record<string, number> = {};
    for (const { kind, balance } of ok(await app.operator.get('/v1/accounts'), 200).items)
      sums[kind] = (sums[kind] ?? 0) + balance;
    return sums;
  };
  const decide = (by: Client, id: string, body: object) => by.post(`/v1/collections/${id}/premium`, body);
  return { siteId, client, organisationId, register, weighIn, owed, balances, decide };
};

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('it did not come');
    await sleep(10);
  }
};

t.test('somebody else than the station decides about a premium, once', async (t) => {
  const app = await startTestApp(t);
  const { client, organisationId, register, weighIn, owed, balances, decide } = await quay(app);
  const a = await register();
  const [first, second, third] = [
    await weighIn({ collectorId: a }),
    await weighIn({ collectorId: a }),
    await weighIn({ collectorId: a }),
  ];
  t.match(await owed(a), { owed: 4_500, provisional: 6_000 });
  const listed = ok(await client.get('/v1/provisional-earnings?limit=1'), 200);
  t.match(listed.items, [{ collectionId: first.id, amount: 2_000 }]);
  t.ok(listed.nextCursor);
  t.equal((await decide(client, first.id, { outcome: 'owed' })).status, 403);
  const profiting = await app.keyFor(organisationId, 'payer');
  t.match(await decide(profiting, first.id, { outcome: 'owed' }), { status: 403, body: { code: 'profits' } });
  ok(await decide(app.operator, first.id, { outcome: 'owed' }));
  t.match(await owed(a), { owed: 6_500, provisional: 4_000 });
  t.match(await decide(app.operator, first.id, { outcome: 'refused', reason: '无证据' }), {
    status: 409,
    body: { code: 'already_decided', state: { outcome: 'owed' } },
  });
  t.equal((await decide(app.operator, second.id, { outcome: 'refused' })).status, 400, 'a reason is needed');
  ok(await decide(app.operator, second.id, { outcome: 'refused', reason: '照片不是海上' }));
  t.match(await owed(a), { owed: 6_500, provisional: 2_000 });
  t.match(await balances(), { purchases: 4_500, premiums: 4_000 });
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => decide(app.operator, third.id, { outcome: 'owed' })),
  );
  t.same(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409]);
  t.match(await owed(a), { owed: 8_500, provisional: 0 });

  const correct = (id: string) =>
    client.post(`/v1/collections/${id}/correction`, { grossGrams: 5_000, reason: '打错' });
  ok(await correct(second.id));
  t.match(await owed(a), { owed: 7_750 }, 'what was refused stays refused');
  ok(await correct(first.id));
  t.match(await owed(a), { owed: 6_000, overpaid: 0 }, 'what was decided as owed is owed');
  t.match(await balances(), { purchases: 3_000, premiums: 3_000 });
});

t.test('undecided after 14 days the programme pays', async (t) => {
  const app = await startTestApp(t);
  const { client, register, weighIn, owed, balances } = await quay(app);
  const a = await register();
  const { id, lot } = await weighIn({ collectorId: a });
  const review = ok(await client.post(`/v1/collections/${id}/marks`, { code: 'review' })).id;
  const { body } = await app.operator.post('/v1/organisations', { name: '认证', kind: 'certifier' });
  const [first, second] = [
    await app.keyFor(body.id, 'certifier', { holder: '甲' }),
    await app.keyFor(body.id, 'certifier', { holder: '乙' }),
  ];
  await until(async () => ok(await first.get('/v1/marks'), 200).items.length === 2);
  const [origin] = ok(await first.get('/v1/marks'), 200).items;
  t.match(origin, { code: 'origin-none', subjectId: lot.id });
  ok(await first.post(`/v1/marks/${origin.id}/clearings`, {}));
  const { pool, db, keyring, door, programme, follower } = app.deps;
  const at = (days: number) =>
    new Decider({
      ...{ pool, db, keyring, door, programme, reads: follower },
      clock: () => Date.now() + days * DAY,
      onError: (error) => t.fail(error.message),
    });
  await at(13).act();
  t.match(await owed(a), { owed: 1_500, provisional: 2_000 });
  await Promise.all([at(14.1).act(), at(14.1).act(), at(15).act()]);
  t.match(await owed(a), { owed: 3_500, provisional: 0 });
  t.match(await balances(), { premiums: 2_000 });

  // What nobody decided in time is never claimable (domain, rule 4), were it proposed before.
  for (const by of [first, second])
    t.match(await by.post(`/v1/marks/${origin.id}/clearings`, {}), {
      status: 409,
      body: { code: 'left_undecided', state: { lotId: lot.id } },
    });
  for (const by of [first, second]) ok(await by.post(`/v1/marks/${review}/clearings`, {}));
  t.match(ok(await app.operator.get(`/v1/lots/${lot.id}`), 200), { claimableGrams: 0 });
  t.match(ok(await first.get('/v1/marks?state=open'), 200).items, [{ id: origin.id }]);
});

t.test('a mark that two people cleared lets the premium go', async (t) => {
  const app = await startTestApp(t);
  const { register, weighIn, owed } = await quay(app);
  const a = await register();
  const { id } = await weighIn({ collectorId: a });
  const { body } = await app.operator.post('/v1/organisations', { name: '认证', kind: 'certifier' });
  const people = [
    await app.keyFor(body.id, 'certifier', { holder: '甲' }),
    await app.keyFor(body.id, 'certifier', { holder: '乙' }),
  ];
  await until(async () => ok(await people[0]!.get('/v1/marks'), 200).items.length > 0);
  const mark = ok(await people[0]!.get('/v1/marks'), 200).items[0].id;
  for (const by of people) ok(await by.post(`/v1/marks/${mark}/clearings`, { note: '轨迹已核对' }));
  await until(async () => (await owed(a)).provisional === 0);
  t.match(await owed(a), { owed: 3_500, provisional: 0 });
  t.match(await app.operator.post(`/v1/collections/${id}/premium`, { outcome: 'owed' }), { status: 409 });
});

t.test('money in suspense goes to whoever it was of', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client, register, weighIn, owed, balances } = await quay(app);
  const quote = { price: { ...cny(1), perGrams: 1 } };
  const later = randomUUID();
  const bag = await weighIn({ bagTag: 'A-1', quote });
  const early = await weighIn({ collectorId: later, quote });
  t.match(await balances(), { suspense: -20_000 });
  await register(later);
  await until(async () => (await owed(later)).owed === 10_000);
  t.match(await owed(later), { inSuspense: 0 });
  ok(await client.post(`/v1/collections/${early.id}/correction`, { grossGrams: 9_000, reason: '打错' }));
  t.match(await owed(later), { owed: 9_000, overpaid: 0 });

  const a = await register();
  const name = (id: string, collectorId: string) =>
    client.post(`/v1/collections/${id}/naming`, { collectorId, reason: '凭袋标' });
  t.match(await name(bag.id, randomUUID()), { status: 422, body: { code: 'unknown_collector' } });
  t.match(await name(early.id, a), { status: 409, body: { code: 'names_somebody' } });
  t.same(ok(await name(bag.id, a)).collectorId, a);
  t.match(await name(bag.id, later), { status: 409, body: { code: 'already_named' } });
  t.match(await owed(a), { owed: 10_000 });
  ok(await client.post(`/v1/collections/${bag.id}/correction`, { grossGrams: 12_000, reason: '打错' }));
  t.match(await owed(a), { owed: 12_000 });
  t.match(await balances(), { suspense: 0, payable: -21_000 });
  const batch = ok(await client.post('/v1/batches', { siteId, inputs: [{ lotId: bag.lot.id }] }));
  const shown = ok(await app.operator.get(`/v1/batches/${batch.id}/provenance`), 200);
  t.equal(shown.grams, 12_000);
});
