import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { sha256 } from '../../src/kernel/hash.ts';
import { splitByWeight } from '../../src/kernel/split.ts';
import { checkSumProof } from '../../src/ledger/sum-tree.ts';
import { AT, fen, tradeOf } from '../resale/sealed.ts';
import { type Answer, startTestApp, type TestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** Whatever is to be shared out was. */
const settled = async ({ deps }: TestApp): Promise<void> => {
  for (let i = 0; i < 500; i++) {
    const { rows } = await deps.pool.query(
      `SELECT (SELECT size FROM head) - (SELECT seq FROM followers WHERE name = 'distributions')
         + (SELECT count(*) FROM distribution_pending) AS open`,
    );
    if (Number(rows[0].open) === 0) return;
    await sleep(20);
  }
  throw new Error('distributions stand still');
};

/** A batch of six people's weigh-ins and one nobody's, 7,200,000 g, and the money of its trade. */
const trade = async (
  app: TestApp,
  rule: object | null,
  grams = [1_000_001, 2_000_003, 500_000, 700_000, 999_996, 2_000_000],
) => {
  const made = await tradeOf(app, 200);
  const { seller, seal, sell, post } = made;
  const collectors: string[] = [];
  const inputs: { lotId: string }[] = [];
  const weighIn = async (grossGrams: number, more: object): Promise<{ lotId: string }> => {
    const body = ok(
      await seller.client.post('/v1/collections', {
        ...{ id: randomUUID(), siteId: seller.siteId, material: 'pet', form: 'bottle' },
        ...{ originClass: 'sea-recovered', originEvidence: 'position', grossGrams, tareGrams: 0 },
        ...{ basis: 'weighed', collectedAt: new Date().toISOString(), ...more },
      }),
    );
    return { lotId: body.lot.id };
  };
  for (const amount of grams) {
    const consent = { version: '1', at: new Date().toISOString() };
    const { id } = ok(
      await app.operator.post('/v1/collectors', { siteId: seller.siteId, name: '渔民', consent }),
    );
    collectors.push(id);
    inputs.push(await weighIn(amount, { collectorId: id }));
  }
  if (rule !== null) ok(await app.operator.post('/v1/distribution-rules', rule));
  const batch = await seal(inputs);
  ok(await sell(batch.id));
  const pay = async (amount: number) =>
    ok(await post(batch.id, 'payments', { amount: fen(amount), receivedAt: AT }));
  const cost = async (amount: number) =>
    ok(await post(batch.id, 'costs', { kind: 'processing', amount: fen(amount), incurredAt: AT }));
  const balances = async (): Promise<Record<string, number>> => {
    const sums: Record<string, number> = {};
    for (const { kind, balance } of ok(await app.operator.get('/v1/accounts?limit=500'), 200).items)
      sums[kind] = (sums[kind] ?? 0) + balance;
    return sums;
  };
  const owed = async (id: string): Promise<number> =>
    ok(await app.operator.get(`/v1/collectors/${id}/statement`), 200).balances[0].owed;
  const distributions = async () =>
    ok(await seller.client.get(`/v1/batches/${batch.id}/distributions`), 200).items;
  return { ...made, batch, collectors, grams, pay, cost, balances, owed, distributions, weighIn };
};

const margin = (collectors: number, fund: number, operator: number, more: object = {}) => ({
  shares: [
    { to: 'collectors', basisPoints: collectors, base: 'margin-after-costs' },
    { to: 'fund', basisPoints: fund, base: 'margin-after-costs' },
    { to: 'operator', basisPoints: operator, base: 'margin-after-costs' },
  ],
  ...more,
});

t.test(
  'S9: the margin is shared as it is received, and a return takes nothing from collectors',
  async (t) => {
    const app = await startTestApp(t);
    const rule = margin(6_000, 2_000, 2_000, { holdBack: { basisPoints: 1_000, days: 90 } });
    const s = await trade(app, rule);
    const { batch, collectors, grams, post, seller } = s;
    await s.cost(5_000_000);
    const first = await s.pay(6_480_000);
    await settled(app);
    t.match(await s.distributions(), [
      {
        receiptSeq: first.receipt.seq,
        state: 'credited',
        ruleVersion: 1,
        people: 6,
        money: {
          added: { 'margin-after-costs': 1_480_000 },
          ...{ total: 1_480_000, collectors: 888_000, fund: 296_000, operator: 296_000, heldBack: 59_200 },
        },
      },
    ]);
    const parts = splitByWeight(888_000, grams);
    for (const [i, id] of collectors.entries()) t.equal(await s.owed(id), parts[i], 'by the grams');
    t.match(await s.balances(), {
      payable: -888_000,
      fund: -266_400,
      'operator-share': -266_400,
      'hold-back': -59_200,
      undistributed: 0,
      bonuses: 1_480_000,
    });

    const returned = {
      grams: 1_200_000,
      measuredGrams: 1_188_000,
      siteId: seller.siteId,
      creditNote: fen(1_800_000),
      returnedAt: AT,
      reason: 'too moist',
    };
    ok(await post(batch.id, 'deliveries', { grams: 7_200_000, deliveredAt: AT }));
    ok(await post(batch.id, 'returns', returned));
    await settled(app);
    t.equal((await s.balances()).payable, -888_000, 'nothing of what was not yet paid');
    await s.pay(2_520_000);
    await settled(app);
    const all = await s.distributions();
    const sum = (name: string) =>
      all.reduce((total: number, { money }: { money: Record<string, number> }) => total + money[name]!, 0);
    t.same(
      [sum('collectors'), sum('fund'), sum('operator'), sum('total')],
      [2_400_000, 800_000, 800_000, 4_000_000],
    );
    const second = splitByWeight(1_512_000, grams);
    for (const [i, id] of collectors.entries()) t.equal(await s.owed(id), parts[i]! + second[i]!);
    t.match(await s.balances(), { payable: -2_400_000, 'hold-back': -160_000, bonuses: 4_000_000 });

    // Each person's leaf leads to the public root; with another amount it does not.
    const { body: entries } = await app.operator.get('/v1/ledger/entries?limit=1000');
    const committed = entries.items
      .map((e: { entry?: object }) => e.entry ?? e)
      .filter((e: { type: string }) => e.type === 'distribution.committed.v1');
    t.equal(committed.length, 2);
    t.match(committed[0].data.split, { total: 1_480_000, collectors: 888_000, count: 6, people: 6 });
    for (const [i, id] of collectors.entries()) {
      const { items } = ok(await app.operator.get(`/v1/collectors/${id}/distributions`), 200);
      t.same(
        items.map((item: { amount: number }) => item.amount),
        [parts[i], second[i]],
      );
      const { proof, amount, root } = items[0];
      t.equal(root, committed[0].data.root);
      const way = proof.path.map((n: { hash: string; sum: number }) => ({ hash: hex(n.hash), sum: n.sum }));
      const given = { index: proof.index, count: proof.count, leafSalt: hex(proof.leafSalt), path: way };
      const { count, collectors: total } = committed[0].data.split;
      const check = (claimed: number) =>
        checkSumProof(sha256, { id: proof.id, amount: claimed }, given, { root: hex(root), total, count });
      t.doesNotThrow(() => check(amount));
      t.throws(() => check(amount + 1), /total|root/);
    }
    const other = await app.site('station');
    t.equal((await other.client.get(`/v1/collectors/${collectors[0]}/distributions`)).status, 404);
    const brands = ok(await s.brandA.client.get(`/v1/batches/${batch.id}/distributions`), 200).items;
    t.equal(brands[0].money, null, 'a buyer sees no margin');
    const log = JSON.stringify(entries);
    for (const amount of [...parts, ...second])
      t.notMatch(log, new RegExp(`\\b${amount}\\b`), 'no amount of one person is public');
  },
);

t.test(
  'what was shared out of money that goes back is covered by the hold-back, then the operator',
  async (t) => {
    const app = await startTestApp(t);
    const s = await trade(app, margin(6_000, 2_000, 2_000, { holdBack: { basisPoints: 1_000, days: 90 } }));
    await s.pay(10_800_000);
    await settled(app);
    const before = await s.balances();
    t.match(before, { payable: -6_480_000, 'hold-back': -432_000, 'operator-share': -1_944_000 });
    ok(await s.post(s.batch.id, 'deliveries', { grams: 7_200_000, deliveredAt: AT }));
    const back = (creditNote: number) => ({
      ...{
        grams: 100_000,
        siteId: s.seller.siteId,
        creditNote: fen(creditNote),
        returnedAt: AT,
        reason: '退',
      },
    });
    ok(await s.post(s.batch.id, 'returns', back(400_000)));
    await settled(app);
    t.match(await s.balances(), {
      payable: -6_480_000,
      'hold-back': -32_000,
      'operator-share': -1_944_000,
      bonuses: 10_400_000,
    });
    ok(await s.post(s.batch.id, 'returns', back(100_000)));
    await settled(app);
    t.match(await s.balances(), {
      payable: -6_480_000,
      'hold-back': 0,
      fund: before.fund,
      'operator-share': -1_944_000 + 68_000,
      bonuses: 10_300_000,
    });
  },
);

t.test('a cost booked late, a payment voided, and a rule that comes later', async (t) => {
  const app = await startTestApp(t);
  const s = await trade(app, null);
  await s.pay(1_000_000);
  await settled(app);
  t.same(await s.distributions(), [], 'no rule, nothing shared out');
  ok(await app.operator.post('/v1/distribution-rules', margin(5_000, 1, 1)));
  const paid = await s.pay(100_000);
  await settled(app);
  t.match(await s.distributions(), [{ money: { collectors: 50_000, fund: 10, operator: 10 } }]);
  await s.cost(60_000);
  await settled(app);
  t.equal((await s.balances()).payable, -50_000, 'a late cost takes nothing back');
  await s.pay(100_000);
  await settled(app);
  t.match((await s.distributions())[1], { money: { added: { 'margin-after-costs': 40_000 } } });
  t.equal((await s.balances()).payable, -70_000, 'the next receipt makes up for it first');
  const wrong = { entrySeq: paid.receipt.seq, reason: '打错' };
  ok(await s.post(s.batch.id, 'entries/void', wrong));
  await settled(app);
  const covered = await s.balances();
  t.equal(covered.payable, -70_000, 'collectors keep what they were credited');
  t.equal(covered['operator-share'], -14 + 50_020, 'the operator covers it');
  await s.pay(100_000);
  await settled(app);
  t.equal((await s.balances()).payable, -120_000);
});

t.test(
  'people nobody knows wait in suspense, what nobody brought and the erased are the fund’s',
  async (t) => {
    const app = await startTestApp(t);
    const s = await trade(
      app,
      { shares: [{ to: 'collectors', basisPoints: 10_000, base: 'margin-after-costs' }] },
      [1_000, 1_000],
    );
    const unknown = await s.weighIn(1_000, { bagTag: 'A-1' });
    const outside = ok(
      await s.seller.client.post('/v1/outside-materials', {
        ...{ siteId: s.seller.siteId, kind: 'purchase', material: 'pet', form: 'bottle', grams: 1_000 },
      }),
    );
    const shared = await s.weighIn(3_000, {
      parties: [
        { collectorId: s.collectors[0], share: 2 },
        { collectorId: s.collectors[1], share: 1 },
      ],
    });
    const consent = { version: '1', at: new Date().toISOString() };
    const gone = ok(
      await app.operator.post('/v1/collectors', { siteId: s.seller.siteId, name: '已走', consent }),
    ).id;
    const theirs = await s.weighIn(1_000, { collectorId: gone });
    const batch = await s.seal([unknown, { lotId: outside.lot.id }, shared, theirs]);
    ok(await app.operator.delete(`/v1/collectors/${gone}/personal-data`), 200);
    const erased = await app.operator.delete(`/v1/collectors/${gone}/personal-data?stage=erase`);
    ok(await s.sell(batch.id));
    ok(await s.post(batch.id, 'payments', { amount: fen(6_001), receivedAt: AT }));
    await settled(app);
    t.equal(erased.body.state, 'erased');
    t.match(await s.balances(), {
      suspense: -1_000,
      payable: -3_001,
      fund: -2_000,
      undistributed: 0,
    });
    t.equal(await s.owed(s.collectors[0]!), 2_001);
    const items = ok(await app.operator.get(`/v1/collectors/${s.collectors[0]}/distributions`), 200).items;
    t.match(items, [{ amount: 2_001, proof: null }], 'fewer than five people: sums on the way would tell');
    const { body } = await app.operator.get('/v1/ledger/entries?limit=1000');
    t.notOk(/[:,]6001[,}]/.test(JSON.stringify(body)), 'nor the total');
  },
);

t.test('two processes and a restart credit each receipt once', async (t) => {
  const app = await startTestApp(t);
  const s = await trade(app, margin(6_000, 2_000, 2_000));
  const other = await app.restart();
  for (let i = 0; i < 10; i++) await s.pay(100_001 + i);
  await settled(app);
  await other.close();
  const items = await s.distributions();
  t.equal(items.length, 10);
  const total = 10 * 100_001 + 45;
  t.equal(
    items.reduce((sum: number, { money }: { money: { total: number } }) => sum + money.total, 0),
    total,
  );
  t.match(await s.balances(), { bonuses: total, undistributed: 0 });
});

t.test('cut off between what was committed to and its credits, it goes on with the same', async (t) => {
  const app = await startTestApp(t);
  const s = await trade(app, margin(6_000, 2_000, 2_000));
  const { door } = app.deps;
  const record = door.record.bind(door);
  let cut = 0;
  door.record = (async (...sent: Parameters<typeof record>) => {
    if (sent[0].name === 'distribution.credit' && cut++ < 2) throw new Error('cut off');
    return record(...sent);
  }) as typeof door.record;
  await s.pay(1_480_000);
  await settled(app);
  t.equal(cut, 3, 'twice cut off, once done');
  t.match(await s.distributions(), [{ state: 'credited', money: { total: 1_480_000 } }]);
  t.match(await s.balances(), { payable: -888_000, undistributed: 0, bonuses: 1_480_000 });
});

t.test('what is held back is released on its date', async (t) => {
  const app = await startTestApp(t);
  const s = await trade(app, margin(6_000, 2_000, 2_000, { holdBack: { basisPoints: 10_000, days: 0 } }));
  await s.pay(1_000);
  for (let i = 0; i < 200 && (await s.balances())['hold-back'] !== 0; i++) await sleep(50);
  t.match(await s.balances(), { payable: -600, fund: -200, 'operator-share': -200, 'hold-back': 0 });
});

t.test('every share names its base, and none shares out more than there is', async (t) => {
  const app = await startTestApp(t);
  const publish = (body: object) => app.operator.post('/v1/distribution-rules', body);
  const share = (basisPoints: number, base: string, to = 'collectors') => ({ to, basisPoints, base });
  const refused = async (body: object, code: string) =>
    t.match(await publish(body), { status: 422, body: { code } });
  await refused(margin(6_000, 2_000, 2_001), 'more_than_whole');
  const one = share(1, 'margin-after-costs');
  await refused({ shares: [one, one] }, 'duplicate_share');
  await refused({ shares: [share(1, 'received-without-vat')] }, 'vat_needed');
  await refused({ shares: [share(1, 'premium-over-reference')] }, 'reference_needed');
  t.equal((await publish({ shares: [share(0, 'margin-after-costs')] })).status, 400);
  const s = await trade(app, {
    shares: [share(1_000, 'received-without-vat'), share(5_000, 'premium-over-reference', 'fund')],
    vatBasisPoints: 1_300,
    reference: { ...fen(1_200), perGrams: 1_000 },
  });
  await s.pay(1_130_000);
  await settled(app);
  t.match(await s.distributions(), [
    {
      money: {
        added: { 'received-without-vat': 1_000_000, 'premium-over-reference': 226_000 },
        ...{ collectors: 100_000, fund: 113_000, operator: 0 },
      },
    },
  ]);
  const { items } = ok(await app.client('').get('/v1/distribution-rules'), 200);
  t.match(items, [{ version: 1, vatBasisPoints: 1_300 }]);
  t.notMatch(JSON.stringify(items), /1200/, 'a reference price is a price');
  const { body } = await app.operator.get('/v1/ledger/entries?limit=1000');
  t.notMatch(JSON.stringify(body), /113000|226000/, 'a total over such a base is sealed');
});
