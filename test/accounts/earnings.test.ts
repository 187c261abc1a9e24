import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, type Client, startTestApp, type TestApp } from '../support/app.ts';

const cny = (amount: number) => ({ amount, currency: 'CNY' });
const perGram = (amount: number) => ({ price: { ...cny(amount), perGrams: 1 } });
const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

/** A station with registered collectors, and how to weigh in and to read what is owed. */
const station = async (app: TestApp, people = 1) => {
  const { siteId, client, organisationId } = await app.site('station');
  const collectors: string[] = [];
  for (let i = 0; i < people; i++) {
    const consent = { version: '1', at: new Date().toISOString() };
    collectors.push(ok(await client.post('/v1/collectors', { siteId, name: `渔民 ${i}`, consent })).id);
  }
  const weighIn = (more: object, by: Client = client): Promise<Answer> =>
    by.post('/v1/collections', {
      ...{ id: randomUUID(), siteId, material: 'pet', form: 'bottle', originClass: 'sea-recovered' },
      ...{ originEvidence: 'position', grossGrams: 10_000, tareGrams: 0, basis: 'weighed' },
      collectedAt: new Date().toISOString(),
      ...more,
    });
  const owed = async (collectorId: string) =>
    ok(await client.get(`/v1/collectors/${collectorId}/statement`), 200).balances[0];
  const balances = async (): Promise<Record<string, number>> => {
    const { items } = ok(await app.operator.get('/v1/accounts'), 200);
    const sums: Record<string, number> = {};
    for (const { kind, balance } of items) sums[kind] = (sums[kind] ?? 0) + balance;
    return sums;
  };
  const trial = async (asOfSeq?: number) =>
    ok(
      await app.operator.get(
        `/v1/accounts/trial-balance${asOfSeq === undefined ? '' : `?asOfSeq=${asOfSeq}`}`,
      ),
      200,
    ).items;
  return { siteId, organisationId, client, collectors, weighIn, owed, balances, trial };
};

t.test('an earning is owed to whoever brought it, and the buyer of record has spent it', async (t) => {
  const app = await startTestApp(t);
  const { collectors, weighIn, owed, balances, trial, client } = await station(app, 3);
  const [a, b, c] = collectors as [string, string, string];
  const first = ok(await weighIn({ collectorId: a, quote: perGram(1) }));
  t.same(first.earning, cny(10_000));
  t.match(await owed(a), { owed: 10_000, inPayment: 0, provisional: 0, inSuspense: 0, overpaid: 0 });
  t.match(await trial(), [{ currency: 'CNY', debit: 10_000, credit: 10_000, difference: 0 }]);

  const parties = [
    { collectorId: a, share: 1 },
    { collectorId: b, share: 1 },
    { collectorId: c, share: 1 },
  ];
  ok(await weighIn({ parties, quote: { price: { ...cny(1), perGrams: 1 } }, grossGrams: 10_001 }));
  t.same(
    [(await owed(a)).owed, (await owed(b)).owed, (await owed(c)).owed],
    [13_334, 3_334, 3_333],
    'what is over goes one each to the first',
  );
  t.match(await balances(), { payable: -20_001, purchases: 20_001 });
  t.match(await trial(first.receipt.seq), [{ debit: 10_000, credit: 10_000, difference: 0 }]);
  t.same(await trial(first.receipt.seq - 1), [], 'before it there was no money');
  t.equal((await app.operator.get('/v1/accounts/trial-balance?asOfSeq=999999')).status, 422);

  const statement = ok(await client.get(`/v1/collectors/${a}/statement?limit=1`), 200);
  t.match(statement.items, [{ type: 'collection.recorded.v1', delta: 3_334, after: 13_334 }]);
  const rest = ok(
    await client.get(`/v1/collectors/${a}/statement?limit=1&cursor=${statement.nextCursor}`),
    200,
  );
  t.match(rest.items, [{ subjectId: first.id, delta: 10_000, after: 10_000 }]);
  t.equal(rest.nextCursor, null);
  const other = await app.site('station');
  t.equal((await other.client.get(`/v1/collectors/${a}/statement`)).status, 404);

  ok(await weighIn({ collectorId: a, quote: perGram(0) }));
  ok(await weighIn({ collectorId: a }));
  t.equal((await owed(a)).owed, 13_334, 'a price of nothing, and none at all');
  const tooMuch = await weighIn({
    collectorId: a,
    quote: { price: { amount: Number.MAX_SAFE_INTEGER, currency: 'CNY', perGrams: 1 } },
  });
  t.match(tooMuch, { status: 422, body: { code: 'beyond_limit' } });
  const entry = await app.operator.get(`/v1/ledger/entries/${first.receipt.seq}`);
  t.notMatch(JSON.stringify(entry.body), /payable|purchases|earned|postings/, 'no money is public');
});

t.test('without a slip the tariff says the price, and its premium waits for a doubted origin', async (t) => {
  const app = await startTestApp(t);
  const { collectors, weighIn, owed, balances } = await station(app);
  const [a] = collectors as [string];
  const perKilo = (amount: number) => ({ ...cny(amount), perGrams: 1_000 });
  const tariff = ok(
    await app.operator.post('/v1/tariffs', {
      source: '第 4 号价目',
      startsAt: new Date().toISOString(),
      prices: [
        { material: 'pet', base: perKilo(150) },
        { material: 'pet', originClass: 'sea-recovered', base: perKilo(150), originPremium: perKilo(200) },
      ],
    }),
  );
  const plain = ok(await weighIn({ collectorId: a, originClass: 'land' }));
  t.same([plain.earning, plain.provisional], [cny(1_500), undefined]);
  const sea = ok(await weighIn({ collectorId: a }));
  t.same([sea.earning, sea.provisional], [cny(3_500), undefined]);
  const doubted = ok(await weighIn({ collectorId: a, originEvidence: 'none' }));
  t.match(doubted, { marks: ['origin-none'], earning: cny(3_500), provisional: cny(2_000) });
  t.match(await owed(a), { owed: 6_500, provisional: 2_000 });
  t.match(await balances(), { purchases: 4_500, premiums: 4_000, payable: -6_500, provisional: -2_000 });
  const scale = ok(await weighIn({ collectorId: a, collectedAt: '2020-06-01T08:00:00+08:00' }));
  t.match(scale.marks, ['late']);
  t.equal(scale.earning, undefined, 'no tariff was in force then');

  const old = new Date(Date.now() - 31 * 86_400_000).toISOString();
  const slip = (at: string) => ({ at, price: perKilo(900), tariffId: tariff.id });
  t.same(ok(await weighIn({ collectorId: a, quote: slip(new Date().toISOString()) })).earning, cny(9_000));
  t.same(
    ok(await weighIn({ collectorId: a, quote: slip(old) })).earning,
    cny(3_500),
    'a slip binds for 30 days, then the tariff holds',
  );
  t.match(await balances(), { purchases: 4_500 + 7_000 + 1_500, premiums: 4_000 + 2_000 + 2_000 });
});

t.test('money of people nobody knows waits in suspense', async (t) => {
  const app = await startTestApp(t);
  const { weighIn, balances, trial } = await station(app);
  ok(await weighIn({ bagTag: 'A-1', quote: perGram(1) }));
  ok(await weighIn({ collectorId: randomUUID(), quote: perGram(1) }));
  t.match(await balances(), { suspense: -20_000, purchases: 20_000 });
  t.match(await trial(), [{ difference: 0 }]);
});

t.test('what was given at the scale stands in the same fact', async (t) => {
  const app = await startTestApp(t);
  const { collectors, weighIn, owed, balances } = await station(app, 2);
  const [a, b] = collectors as [string, string];
  const cash = (amount: number) => ({ kind: 'cash', paid: cny(amount), slip: '000126' });
  ok(await weighIn({ collectorId: a, grossGrams: 8_234, quote: perGram(1), settlement: cash(8_230) }));
  t.match(await owed(a), { owed: 4 });
  t.match(await balances(), { float: -8_230, payable: -4 });
  ok(await weighIn({ collectorId: a, grossGrams: 100, quote: perGram(1), settlement: cash(200) }));
  t.match(await owed(a), { owed: 0, overpaid: 96 }, 'more than was owed');
  ok(await weighIn({ collectorId: b, settlement: { kind: 'goods', paid: cny(500) } }));
  t.match(await owed(b), { owed: 0, overpaid: 0 }, 'without a price, what was given is what it earned');
  t.match(await balances(), { goods: -500, float: -8_430, purchases: 8_234 + 100 + 500 });
  const mixed = await weighIn({
    collectorId: a,
    quote: perGram(1),
    settlement: { kind: 'cash', paid: { amount: 1, currency: 'USD' } },
  });
  t.match(mixed, { status: 422, body: { code: 'currency_mix' } });
  t.equal((await weighIn({ collectorId: a, quote: perGram(1), settlement: cash(-5) })).status, 422);
});

t.test('a correction is counter-posted; what was paid too much is no debt', async (t) => {
  const app = await startTestApp(t);
  const { collectors, weighIn, owed, balances, client } = await station(app);
  const [a] = collectors as [string];
  const correct = async (id: string, grossGrams: number) =>
    ok(await client.post(`/v1/collections/${id}/correction`, { grossGrams, reason: '打错' }));
  const first = ok(await weighIn({ collectorId: a, quote: perGram(1) }));
  await correct(first.id, 9_000);
  t.match(await owed(a), { owed: 9_000, overpaid: 0 }, 'less of what is unpaid');
  await correct(first.id, 9_500);
  t.match(await owed(a), { owed: 9_500, overpaid: 0 });
  const paid = ok(
    await weighIn({
      collectorId: a,
      grossGrams: 100_000,
      quote: perGram(1),
      settlement: { kind: 'cash', paid: cny(100_000) },
    }),
  );
  await correct(paid.id, 10_000);
  t.match(await owed(a), { owed: 9_500, overpaid: 90_000 }, 'the other bag keeps what it earned');
  await correct(paid.id, 12_000);
  t.match(await owed(a), { owed: 9_500, overpaid: 88_000 }, 'owed again is not paid again');
  ok(await client.post(`/v1/collections/${first.id}/void`, { reason: '登记两次' }));
  t.match(await owed(a), { owed: 0, overpaid: 88_000 });
  t.match(await balances(), { purchases: 12_000, float: -100_000, overpaid: 88_000 });
  const seen = ok(await client.get(`/v1/collections/${paid.id}`), 200);
  t.same(seen.earning, cny(12_000));
});

t.test('a corrected origin earns by the same tariff; what waits follows', async (t) => {
  const app = await startTestApp(t);
  const { collectors, weighIn, owed, balances, client } = await station(app);
  const [a] = collectors as [string];
  const perKilo = (amount: number) => ({ ...cny(amount), perGrams: 1_000 });
  ok(
    await app.operator.post('/v1/tariffs', {
      source: '第 4 号价目',
      startsAt: new Date().toISOString(),
      prices: [
        { material: 'pet', base: perKilo(150) },
        { material: 'pet', originClass: 'sea-recovered', base: perKilo(150), originPremium: perKilo(200) },
      ],
    }),
  );
  const sea = ok(await weighIn({ collectorId: a, originEvidence: 'none' }));
  t.match(await owed(a), { owed: 1_500, provisional: 2_000 });
  ok(await client.post(`/v1/collections/${sea.id}/correction`, { grossGrams: 5_000, reason: '打错' }));
  t.match(await owed(a), { owed: 750, provisional: 1_000 });
  const land = { originClass: 'land', reason: '岸上收来' };
  ok(await client.post(`/v1/collections/${sea.id}/correction`, land));
  t.match(await owed(a), { owed: 750, provisional: 0, overpaid: 0 });
  t.match(await balances(), { purchases: 750, premiums: 0 });
});

t.test('many at once on one account: every fen is posted', async (t) => {
  const app = await startTestApp(t);
  const { collectors, weighIn, owed, trial } = await station(app);
  const [a] = collectors as [string];
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      weighIn({ collectorId: a, quote: perGram(1), grossGrams: 1_000 + i }),
    ),
  );
  const sum = answers.reduce((total, answer) => total + ok(answer).earning.amount, 0);
  t.equal((await owed(a)).owed, sum);
  t.match(await trial(), [{ debit: sum, credit: sum, difference: 0 }]);
});

t.test('funds move between accounts of the programme, and the bank gives what it has', async (t) => {
  const app = await startTestApp(t);
  const { balances } = await station(app);
  const move = (from: object, to: object, amount: number) =>
    app.operator.post('/v1/transfers', { from, to, amount: cny(amount) });
  const [capital, bank, rail] = [{ kind: 'capital' }, { kind: 'bank' }, { kind: 'rail' }];
  ok(await move(capital, bank, 1_000));
  t.match(await move(bank, rail, 1_001), { status: 409, body: { code: 'beyond_balance' } });
  const race = await Promise.all(Array.from({ length: 12 }, () => move(bank, rail, 100)));
  t.equal(race.filter(({ status }) => status === 201).length, 10, 'of twelve at once ten fit');
  t.match(await balances(), { capital: -1_000, bank: 0, rail: 1_000 });
  t.match(await move(capital, capital, 1), { status: 422, body: { code: 'same_account' } });
  t.equal((await move(capital, { kind: 'payable' }, 1)).status, 400, 'what is owed moves otherwise');
  t.equal((await move(capital, { kind: 'goods', siteId: randomUUID() }, 1)).body.code, 'unknown_site');
  t.equal((await move(capital, bank, 0)).status, 400);
});
