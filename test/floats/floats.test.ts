import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, startTestApp, type TestApp } from '../support/app.ts';

const cny = (amount: number) => ({ amount, currency: 'CNY' });
const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const quay = async (app: TestApp) => {
  const { siteId, client, organisationId } = await app.site('station');
  const consent = { version: '1', at: ago(0) };
  const collectorId = ok(await client.post('/v1/collectors', { siteId, name: '渔民', consent })).id as string;
  const weighIn = (grossGrams: number, more: object = {}) =>
    client.post('/v1/collections', {
      ...{ id: randomUUID(), siteId, collectorId, material: 'pet', form: 'bottle' },
      ...{ originClass: 'sea-recovered', originEvidence: 'position', grossGrams, tareGrams: 0 },
      ...{ basis: 'weighed', collectedAt: ago(0), quote: { price: { ...cny(1), perGrams: 1 } }, ...more },
    });
  const cash = (amount: number, slip: string) => ({ settlement: { kind: 'cash', paid: cny(amount), slip } });
  const owed = async () => ok(await client.get(`/v1/collectors/${collectorId}/statement`), 200).balances[0];
  const kinds = async (): Promise<Record<string, number>> => {
    const { items } = ok(await app.operator.get('/v1/accounts'), 200);
    return Object.fromEntries(items.map((a: { kind: string; balance: number }) => [a.kind, a.balance]));
  };
  return { siteId, organisationId, client, collectorId, weighIn, cash, owed, kinds };
};

t.test('S5 the cash half: a shift is 500 short, and on nobody else', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client, weighIn, cash, owed, kinds } = await quay(app);
  ok(await weighIn(21_600));
  const opened = ok(await app.operator.post('/v1/cash-floats', { siteId, amount: cny(200_000) }));
  t.same(opened.balance, cny(200_000));
  const float = `/v1/cash-floats/${opened.id}`;
  const again = await app.operator.post('/v1/cash-floats', { siteId, amount: cny(1) });
  t.match(again, { status: 409, body: { code: 'float_exists', state: { floatId: opened.id } } });

  ok(await weighIn(8_234, { collectedAt: ago(60 * 9), ...cash(8_230, '000126') }));
  t.match(await owed(), { owed: 21_604 });
  const counted = ok(await client.post(`${float}/counts`, { counted: cny(191_270), shift: '早班' }));
  t.match(counted, { counted: cny(191_270), expected: cny(191_770), difference: cny(-500) });
  t.match(await owed(), { owed: 21_604, overpaid: 0 }, 'no collector pays for it');
  t.match(await kinds(), { float: 191_270, 'float-differences': 500, capital: -200_000 });
  const seen = ok(await client.get(float), 200);
  t.match(seen, { balance: 191_270, counts: [{ countId: counted.id, short: 500 }] });
  const book = ok(await client.get(`${float}/movements`), 200).items;
  t.match(
    book.map(({ kind, delta }: { kind: string; delta: number }) => [kind, delta]),
    [
      ['count', -500],
      ['payment', -8_230],
      ['top-up', 200_000],
    ],
  );
  const entry = ok(await app.operator.get(`/v1/ledger/entries/${counted.receipt.seq}`), 200);
  const said = JSON.stringify(entry).replace(/[0-9a-f-]{36,}|\d{4}-\d\d-\d\dT[^Z]*Z/g, '');
  t.notMatch(said, /191|500|早班/, 'no amount is public');
});

t.test('a payment told after a count explains what was short then', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client, weighIn, cash, kinds } = await quay(app);
  const opened = ok(
    await app.operator.post('/v1/cash-floats', { siteId, amount: cny(10_000), movedAt: ago(600) }),
  );
  const float = `/v1/cash-floats/${opened.id}`;
  const early = ok(await client.post(`${float}/counts`, { counted: cny(6_900), countedAt: ago(120) }));
  t.same(early.difference, cny(-3_100));
  ok(await weighIn(3_000, { collectedAt: ago(240), ...cash(3_000, '1') }));
  t.match(await kinds(), { float: 6_900, 'float-differences': 100 }, 'the phone synced late');
  t.match(ok(await client.get(float), 200).counts, [{ short: 100 }]);
  ok(await weighIn(900, { collectedAt: ago(60), ...cash(900, '2') }));
  t.match(await kinds(), { float: 6_000, 'float-differences': 100 }, 'paid after the count');
  const late = ok(await client.post(`${float}/counts`, { counted: cny(6_900), countedAt: ago(90) }));
  t.match(late, { expected: cny(6_900), difference: cny(0) }, 'a count told late knows what moved since');
  const more = ok(await client.post(`${float}/counts`, { counted: cny(6_050) }));
  t.same(more.difference, cny(50), 'more than there should be shows as well');
  t.match(await kinds(), { float: 6_050, 'float-differences': 50 });
});

t.test('paid in cash later, beyond what is owed, and beyond the cap of a day', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client, collectorId, weighIn, owed, kinds } = await quay(app);
  ok(await weighIn(10_000));
  const { id } = ok(await app.operator.post('/v1/cash-floats', { siteId, amount: cny(5_000) }));
  const float = `/v1/cash-floats/${id}`;
  ok(await app.operator.post(`${float}/cap`, { personDayCap: cny(6_000) }));
  const pay = (amount: number, more: object = {}) =>
    client.post(`${float}/payments`, { collectorId, amount: cny(amount), paidAt: ago(1), ...more });
  const key = { id: randomUUID() };
  t.match(ok(await pay(5_500, key)), { amount: cny(5_500), overpaid: cny(0) });
  const repeat = await pay(5_500, key);
  t.equal(repeat.status, 409, 'another moment is another content');
  t.match(await kinds(), { float: -500 }, 'it was paid: the float shows less than nothing');
  t.same(ok(await client.get(float), 200).overCap, []);
  t.match(ok(await pay(5_000)), { overpaid: cny(500) });
  t.match(await owed(), { owed: 0, overpaid: 500 });
  t.match(ok(await client.get(float), 200).overCap, [{ paid: 10_500 }]);
  t.equal((await pay(1, { collectorId: randomUUID() })).status, 422);
  t.equal((await pay(1, { amount: { amount: 1, currency: 'USD' } })).status, 422);
  t.equal((await pay(0)).status, 400);
  t.equal((await pay(1, { paidAt: ago(-60) })).body.code, 'in_the_future');
  const other = await app.site('station');
  t.equal((await other.client.get(float)).status, 404);
  t.equal((await other.client.post(`${float}/counts`, { counted: cny(0) })).status, 404);
  t.equal((await client.post(`${float}/movements`, { amount: cny(100) })).status, 403);
  const out = await app.operator.post(`${float}/movements`, { amount: cny(-1) });
  t.match(out, { status: 409, body: { code: 'beyond_balance' } });
  const bank = await app.operator.post(`${float}/movements`, { amount: cny(1), from: 'bank' });
  t.match(bank, { status: 409, body: { code: 'beyond_balance' } }, 'the bank has nothing');
  t.same(ok(await app.operator.post(`${float}/movements`, { amount: cny(6_000) })).balance, cny(500));
});

t.test('payments and counts at once: nothing is lost, nothing counted twice', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client, collectorId, weighIn, kinds } = await quay(app);
  ok(await weighIn(100_000));
  const { id } = ok(await app.operator.post('/v1/cash-floats', { siteId, amount: cny(100_000) }));
  const float = `/v1/cash-floats/${id}`;
  const pay = () =>
    client.post(`${float}/payments`, { collectorId, amount: cny(100), paidAt: new Date().toISOString() });
  const answers = await Promise.all([
    ...Array.from({ length: 30 }, pay),
    ...Array.from({ length: 3 }, () => client.post(`${float}/counts`, { counted: cny(100_000) })),
  ]);
  const counts = answers.filter(({ body }) => body.counted !== undefined);
  for (const { status } of answers) t.ok(status === 201 || status === 409, `${status}`);
  t.ok(counts.length >= 1, 'a count landed between them');
  const { float: left, 'float-differences': short = 0 } = await kinds();
  t.equal(left! + short, 100_000 - 30 * 100);
});
