import { randomUUID } from 'node:crypto';
import t from 'tap';
import { lessened, monthsUpTo, taxOn, withhold } from '../../src/taxes/taxes.ts';
import { startTestApp } from '../support/app.ts';
import { CNY, ok, taxed } from './harness.ts';

const RATES = { vatBasisPoints: 100, vatFreeUpTo: 10_000_000, incomeTaxBasisPoints: 50 };

t.test('half a percent is prepaid, and VAT only once a month sells more than 100,000 yuan', (t) => {
  t.same(taxOn(10_000, RATES), { vat: 0, incomeTax: 50 });
  t.same(taxOn(99, RATES), { vat: 0, incomeTax: 0 }, '0.495 fen');
  t.same(taxOn(100, RATES), { vat: 0, incomeTax: 1 }, 'half a fen is rounded up');
  t.same(taxOn(10_100_000, RATES), { vat: 0, incomeTax: 50_500 }, '101,000 yuan are 100,000 without VAT');
  t.same(
    taxOn(10_100_001, RATES),
    { vat: 100_000, incomeTax: 50_000 },
    'one fen more, and all of it bears VAT',
  );
  t.same(taxOn(Number.MAX_SAFE_INTEGER, { ...RATES, vatFreeUpTo: 0 }).vat, 89_180_190_641_000);
  t.end();
});

t.test('a month withholds the same however it is cut', (t) => {
  const month = { gross: 0, vat: 0, incomeTax: 0 };
  let seed = 7;
  for (let i = 0; i < 5_000; i++) {
    seed = (seed * 48_271) % 2_147_483_647;
    const gross = seed % 9_000;
    const tax = withhold(RATES, month, gross);
    t.ok(tax.vat + tax.incomeTax <= gross);
    month.gross += gross;
    month.vat += tax.vat;
    month.incomeTax += tax.incomeTax;
  }
  t.ok(month.gross > 10_100_000, `${month.gross} lies beyond the limit`);
  t.same({ vat: month.vat, incomeTax: month.incomeTax }, taxOn(month.gross, RATES));
  t.same(lessened({ gross: 300, vat: 3, incomeTax: 2 }, 0), { gross: 0, vat: 0, incomeTax: 0 });
  t.same(lessened({ gross: 300, vat: 3, incomeTax: 2 }, 150), { gross: 150, vat: 2, incomeTax: 1 });
  t.same(monthsUpTo('2026-01', 3), ['2025-11', '2025-12', '2026-01']);
  t.end();
});

t.test('what a seller who agreed is owed is net, and the tax is owed to the tax office', async (t) => {
  const app = await startTestApp(t);
  const { rule, consent, weighIn, owed, balances, trial, collectors, client } = await taxed(app, 2);
  const [a, b] = collectors as [string, string];
  ok(await weighIn({ collectorId: a }));
  t.equal((await owed(a)).owed, 10_000, 'no rule yet');
  await rule();
  ok(await weighIn({ collectorId: a }));
  t.equal((await owed(a)).owed, 20_000, 'nobody agreed yet');
  await consent(a);
  const net = ok(await weighIn({ collectorId: a }));
  t.same(net.earning, CNY(10_000), 'the earning is the gross');
  t.equal((await owed(a)).owed, 29_950);
  t.same(net.tax, { vat: 0, incomeTax: 50, net: 9_950 });
  t.match(await balances(), { purchases: 30_000, payable: -29_950, 'tax-withheld': -50 });

  const parties = [
    { collectorId: a, share: 1 },
    { collectorId: b, share: 1 },
  ];
  ok(await weighIn({ parties }));
  t.match([(await owed(a)).owed, (await owed(b)).owed], [29_950 + 4_975, 5_000], 'each by their own consent');
  await consent(a, false);
  ok(await weighIn({ collectorId: a }));
  t.equal((await owed(a)).owed, 44_925, 'withdrawn');
  t.match(await trial(), [{ difference: 0 }]);
  const facts = await app.operator.get('/v1/ledger/entries?limit=100');
  t.notMatch(JSON.stringify(facts.body), /incomeTax|"gross"|invoicedGross|accountId/, 'no tax is public');
  t.equal((await client.post('/v1/tax-rules', {})).status, 403);
});

t.test('a correction counter-posts the tax, and a void gives all of it back', async (t) => {
  const app = await startTestApp(t);
  const { rule, consent, weighIn, owed, balances, trial, collectors, client } = await taxed(app);
  const [a] = collectors as [string];
  await rule();
  await consent(a);
  const { id } = ok(await weighIn({ collectorId: a }));
  const correct = (grossGrams: number) =>
    client.post(`/v1/collections/${id}/correction`, { grossGrams, reason: '复核' });
  ok(await correct(4_000));
  t.equal((await owed(a)).owed, 3_980);
  t.match(await balances(), { payable: -3_980, purchases: 4_000, 'tax-withheld': -20 });
  ok(await correct(9_000));
  t.equal((await owed(a)).owed, 8_955);
  ok(await weighIn({ collectorId: a }));
  ok(await client.post(`/v1/collections/${id}/void`, { reason: '误录' }));
  t.match(await owed(a), { owed: 9_950, overpaid: 0 });
  t.match(await balances(), { purchases: 10_000, 'tax-withheld': -50 });
  t.match(await trial(), [{ difference: 0 }]);
});

t.test('what waits is taxed once it is owed, and never when the programme pays it', async (t) => {
  const app = await startTestApp(t);
  const { rule, consent, weighIn, owed, balances, trial, collectors, client, siteId } = await taxed(app);
  const [a] = collectors as [string];
  await rule();
  await consent(a);
  const perKilo = (amount: number) => ({ ...CNY(amount), perGrams: 1_000 });
  const prices = [{ material: 'pet', base: perKilo(100), originPremium: perKilo(300) }];
  ok(await app.operator.post('/v1/tariffs', { source: '价目', startsAt: new Date().toISOString(), prices }));
  const doubted = { collectorId: a, originEvidence: 'none', quote: undefined };
  const first = ok(await weighIn(doubted));
  t.match(await owed(a), { owed: 995, provisional: 3_000 });
  const others = (await app.operator.post('/v1/organisations', { name: '总部', kind: 'brand' })).body.id;
  const payer = await app.keyFor(others, 'payer');
  ok(await payer.post(`/v1/collections/${first.id}/premium`, { outcome: 'owed' }));
  t.match(await owed(a), { owed: 3_980, provisional: 0 }, 'as if it had been owed at once');
  t.match(await balances(), { 'tax-withheld': -20, premiums: 3_000, purchases: 1_000 });
  ok(await client.post(`/v1/collections/${first.id}/void`, { reason: '误录' }));
  t.match(await owed(a), { owed: 0, overpaid: 0 });
  const second = ok(await weighIn(doubted));
  ok(await payer.post(`/v1/collections/${second.id}/premium`, { outcome: 'refused', reason: '不符' }));
  t.match(await owed(a), { owed: 995, provisional: 0 });
  t.match(await balances(), { 'tax-withheld': -5 });
  t.match(await trial(), [{ difference: 0 }]);
  t.ok(siteId);
});

t.test('a kind that stands on no invoice is taxed at its flat rate', async (t) => {
  const app = await startTestApp(t);
  const { rule, consent, weighIn, owed, balances, collectors } = await taxed(app, 2);
  const [a, b] = collectors as [string, string];
  await rule({ flat: [{ kind: 'subsidy', basisPoints: 2_000 }] });
  await consent(a);
  const perKilo = (amount: number) => ({ ...CNY(amount), perGrams: 1_000 });
  const prices = [
    {
      ...{ material: 'pet', base: perKilo(100), originPremium: perKilo(300) },
      income: { originPremium: 'subsidy' },
    },
  ];
  ok(await app.operator.post('/v1/tariffs', { source: '价目', startsAt: new Date().toISOString(), prices }));
  const { tax } = ok(await weighIn({ collectorId: a, quote: undefined }));
  t.same(tax, { vat: 0, incomeTax: 605, net: 3_395 }, '5 of the purchase, 600 of the subsidy');
  t.equal((await owed(a)).owed, 3_395);
  ok(await weighIn({ collectorId: b, quote: undefined }));
  t.equal((await owed(b)).owed, 3_400, 'who did not agree sells without an invoice');
  t.match(await balances(), { 'tax-withheld': -1_205 });
  const statement = ok(await app.operator.get(`/v1/collectors/${a}/statement`), 200);
  t.match(statement.items[0], {
    delta: 3_395,
    income: [
      { kind: 'purchase', amount: 1_000 },
      { kind: 'subsidy', amount: 3_000 },
    ],
    tax: { vat: 0, incomeTax: 605 },
  });
});

t.test('a rule says one thing of each kind and buyer, from now on', async (t) => {
  const app = await startTestApp(t);
  const { rule, collectors, consent } = await taxed(app);
  const refused = async (code: string, more: Record<string, unknown>) =>
    t.match(await rule(more, 422), { code }, `${code} ${JSON.stringify(more).slice(0, 60)}`);
  await refused('already_started', { startsAt: '2024-04-29T00:00:00+08:00' });
  const flat = { kind: 'wage', basisPoints: 300 };
  await refused('duplicate_kind', { flat: [flat, flat] });
  const issuer = { organisationId: randomUUID(), registration: '备 1' };
  await refused('unknown_organisation', { issuers: [issuer] });
  const self = { organisationId: app.deps.programme.operatorId, registration: '备 1' };
  await refused('duplicate_issuer', { issuers: [self, self] });
  const first = await rule();
  t.match(ok(await app.operator.get('/v1/tax-rules/effective'), 200), { rule: { id: first.id, version: 1 } });
  const second = await rule({ startsAt: new Date(Date.now() + 3_600_000).toISOString() });
  t.match(ok(await app.operator.get('/v1/tax-rules'), 200).items, [{ version: 1 }, { version: 2 }]);
  t.match(ok(await app.operator.get(`/v1/tax-rules/${second.id}`), 200), {
    reverseInvoicing: { limit: 500_000_000 },
  });
  const at = new Date().toISOString();
  const url = `/v1/collectors/${collectors[0]}/invoicing-consent`;
  t.match(await app.operator.post(url, { given: true, at, buyerId: randomUUID() }), { status: 422 });
  t.equal(
    (await app.operator.post(`/v1/collectors/${randomUUID()}/invoicing-consent`, { given: true, at })).status,
    404,
  );
  await consent(collectors[0]!);
});
