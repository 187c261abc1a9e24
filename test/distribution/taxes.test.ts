import t from 'tap';
import { AT, fen } from '../resale/sealed.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ok, settled, sharingOf } from '../support/sharing.ts';
import { CNY } from '../taxes/harness.ts';

const collectorsGet = (more: object = {}) => ({
  shares: [
    { to: 'collectors', basisPoints: 6_000, base: 'margin-after-costs' },
    { to: 'operator', basisPoints: 2_000, base: 'margin-after-costs' },
  ],
  holdBack: { basisPoints: 0, days: 90 },
  ...more,
});

/** A seller whose invoices stand for what its collectors sell, some who agree, and what the books say. */
const taxedSharing = async (app: TestApp, agreeing: number, others: number, rule: object = {}) => {
  const s = await sharingOf(app);
  const { organisationId } = s.seller;
  const taxRule = {
    ...{ source: '国家税务总局公告2024年第5号', startsAt: new Date().toISOString() },
    reverseInvoicing: {
      issuers: [{ organisationId, registration: '台商再生备 2024-017' }],
      ...{ kinds: ['purchase', 'price-supplement'], vatBasisPoints: 100, vatFreeUpTo: 10_000_000 },
      ...{ incomeTaxBasisPoints: 50, limit: 500_000_000 },
    },
    ...rule,
  };
  ok(await app.operator.post('/v1/tax-rules', taxRule));
  const people = await s.people(agreeing + others);
  for (const id of people.slice(0, agreeing))
    ok(
      await app.operator.post(`/v1/collectors/${id}/invoicing-consent`, {
        ...{ given: true, at: new Date().toISOString(), buyerId: organisationId },
      }),
    );
  const trial = async (): Promise<object[]> =>
    ok(await app.operator.get('/v1/accounts/trial-balance'), 200).items;
  const statement = async (id: string) => ok(await app.operator.get(`/v1/collectors/${id}/statement`), 200);
  return { ...s, people, trial, statement };
};

t.test('a bonus is taxed as a price supplement, the root commits to what it is before tax', async (t) => {
  const app = await startTestApp(t);
  const s = await taxedSharing(app, 5, 1);
  ok(await app.operator.post('/v1/distribution-rules', collectorsGet()));
  const bags = [];
  for (const collectorId of s.people) bags.push(await s.weighIn(100_000, { collectorId }));
  bags.push(await s.weighIn(100_000, { bagTag: 'A-1' }));
  const batch = await s.tradeIn(bags, 700_000);
  await settled(app);
  // 420,000 to seven, each 60,000: of five 0.5 %, of who did not agree and of nobody known nothing.
  for (const id of s.people.slice(0, 5)) t.equal(await s.owed(id), 59_700);
  t.equal(await s.owed(s.people[5]!), 60_000);
  const before = await s.balances();
  t.match(before, {
    ...{ payable: -5 * 59_700 - 60_000, suspense: -60_000, 'tax-withheld': -1_500 },
    ...{ bonuses: 560_000, 'operator-share': -140_000, undistributed: 0 },
  });
  t.match(await s.trial(), [{ difference: 0 }]);
  const { items } = await s.statement(s.people[0]!);
  t.match(items[0], {
    ...{ type: 'distribution.credited.v1', delta: 59_700, after: 59_700 },
    income: [{ kind: 'price-supplement', amount: 60_000 }],
    tax: { vat: 0, incomeTax: 300 },
  });
  const [leaf] = ok(await app.operator.get(`/v1/collectors/${s.people[0]}/distributions`), 200).items;
  t.match(leaf, { amount: 60_000, tax: { vat: 0, incomeTax: 300 }, proof: { count: 7 } });
  const sales = ok(await app.operator.get('/v1/reverse-invoices/due'), 200).items;
  t.equal(sales.length, 5);
  t.match(sales[0], { gross: 60_000, vat: 0, incomeTax: 300, consent: true });

  // The collector reads what is owed, and what was withheld.
  const { token } = ok(await app.operator.post(`/v1/collectors/${s.people[0]}/passbook-links`, {}));
  const { pass } = ok(await app.client('x').post('/v1/passbooks', { link: token }), 200);
  const { accounts } = ok(await app.client('x').get(`/v1/passbooks/${pass}`), 200);
  t.match(accounts[0], {
    owed: 59_700,
    earned: 60_000,
    money: [{ kind: 'bonus', amount: 59_700, tax: 300 }],
  });

  // A return is covered by the operator; what collectors got, and the tax on it, stays.
  ok(await s.post(batch.id, 'deliveries', { grams: 700_000, deliveredAt: AT }));
  ok(
    await s.post(batch.id, 'returns', {
      ...{ grams: 70_000, siteId: s.seller.siteId, returnedAt: AT, reason: '退' },
      creditNote: fen(420_000),
    }),
  );
  await settled(app);
  const after = await s.balances();
  const { payable, suspense, 'tax-withheld': tax } = after;
  t.same({ payable, suspense, tax }, { payable: before.payable, suspense: before.suspense, tax: -1_500 });
  t.equal(after['operator-share'], -140_000 + 56_000, 'who covers it is the operator');
  t.match(await s.trial(), [{ difference: 0 }]);

  // No invoice can be issued: the seller gets back what was withheld.
  const month = sales[0].month;
  const { organisationId: buyerId } = s.seller;
  const released = ok(
    await app.operator.post('/v1/reverse-invoices/releases', {
      ...{ collectorId: s.people[0], buyerId, month, reason: '平台停用' },
    }),
  );
  t.match(released, { sales: 1, vat: 0, incomeTax: 300 });
  t.equal(await s.owed(s.people[0]!), 60_000);
  t.match(
    ok(await app.operator.get(`/v1/collectors/${s.people[0]}/distributions`), 200).items,
    [{ tax: { vat: 0, incomeTax: 0 }, amount: 60_000 }],
    'and says so',
  );

  const log = JSON.stringify((await app.operator.get('/v1/ledger/entries?limit=1000')).body);
  t.notMatch(log, /incomeTax|"gross"|\b59700\b/, 'no tax is public');
});

t.test('the rule says what a bonus is, and the tax rule what of that is withheld', async (t) => {
  const app = await startTestApp(t);
  const flat = [
    { kind: 'subsidy', basisPoints: 2_000 },
    { kind: 'price-supplement', basisPoints: 100 },
  ];
  const s = await taxedSharing(app, 1, 1, { flat });
  const rule = ok(await app.operator.post('/v1/distribution-rules', collectorsGet({ income: 'subsidy' })));
  t.match(ok(await app.operator.get('/v1/distribution-rules'), 200).items, [
    { id: rule.id, income: 'subsidy' },
  ]);
  const bags = [];
  for (const collectorId of s.people) bags.push(await s.weighIn(100_000, { collectorId }));
  await s.tradeIn(bags, 100_000);
  await settled(app);
  for (const id of s.people) {
    t.equal(await s.owed(id), 24_000, 'a subsidy stands on no invoice: a fifth, agreed or not');
    t.match((await s.statement(id)).items[0], {
      ...{ income: [{ kind: 'subsidy', amount: 30_000 }], tax: { vat: 0, incomeTax: 6_000 } },
    });
  }
  t.match(await s.balances(), { 'tax-withheld': -12_000, payable: -48_000 });
  t.match(await s.trial(), [{ difference: 0 }]);
});

t.test('a bonus counts to its month: weigh-ins and bonuses together pass the limit of VAT', async (t) => {
  const app = await startTestApp(t);
  const s = await taxedSharing(app, 1, 0);
  ok(await app.operator.post('/v1/distribution-rules', collectorsGet()));
  const [id] = s.people;
  const { organisationId: buyerId } = s.seller;
  const prices = [{ material: 'pet', base: { ...CNY(1), perGrams: 1 } }];
  ok(
    await app.operator.post('/v1/tariffs', {
      ...{ source: '价目', startsAt: new Date().toISOString(), buyerId, prices },
    }),
  );
  const bag = await s.weighIn(10_000_000, { collectorId: id });
  t.equal(await s.owed(id!), 10_000_000 - 50_000, '100,000 yuan, free of VAT');
  // No costs were booked of the batch.
  await s.tradeIn([bag], 11_000_000);
  await settled(app);
  const bonus = 11_000_000 * 0.6;
  const sales = Math.round((10_000_000 + bonus) / 1.01);
  const vat = 10_000_000 + bonus - sales;
  const incomeTax = Math.round(sales * 0.005);
  t.equal(await s.owed(id!), 10_000_000 + bonus - vat - incomeTax, 'all of the month bears VAT');
  t.match(await s.balances(), { 'vat-payable': -vat, 'tax-withheld': -incomeTax });
  t.match(await s.trial(), [{ difference: 0 }]);
});

t.test('once all that is owed after tax is paid, the proof says that nothing is owed', async (t) => {
  const app = await startTestApp(t);
  const s = await taxedSharing(app, 5, 0);
  const { organisationId: buyerId, siteId } = s.seller;
  ok(await app.operator.post('/v1/distribution-rules', collectorsGet()));
  const prices = [{ material: 'pet', base: { ...CNY(1), perGrams: 1 } }];
  ok(
    await app.operator.post('/v1/tariffs', {
      ...{ source: '价目', startsAt: new Date().toISOString(), buyerId, prices },
    }),
  );
  const bags = [];
  for (const collectorId of s.people) bags.push(await s.weighIn(100_000, { collectorId }));
  const batch = await s.tradeIn(bags, 700_000);
  await settled(app);
  const float = ok(await app.operator.post('/v1/cash-floats', { siteId, amount: fen(1_000_000) }));
  const each = 100_000 - 500 + 84_000 - 420;
  for (const collectorId of s.people) {
    t.equal(await s.owed(collectorId), each);
    ok(
      await app.operator.post(`/v1/cash-floats/${float.id}/payments`, {
        ...{ collectorId, amount: fen(each), paidAt: new Date().toISOString() },
      }),
    );
  }
  ok(await app.operator.post(`/v1/batches/${batch.id}/payment-proofs`, {}));
  const proof = (await app.app.inject(`/v1/batches/${batch.code}/payment-proof`)).json();
  t.match(proof, { earned: 5 * each, paid: 5 * each, owed: 0, people: 5 });
});
