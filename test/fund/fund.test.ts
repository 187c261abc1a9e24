import t from 'tap';
import { shownMonths } from '../../src/fund/months.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { splitByWeight } from '../../src/kernel/split.ts';
import { checkSumProof } from '../../src/ledger/sum-tree.ts';
import { fen } from '../resale/sealed.ts';
import { type Client, startTestApp, type TestApp } from '../support/app.ts';
import { ok, settled, sharingOf } from '../support/sharing.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const anonymous = (app: TestApp): Client => app.client('');

/** A fund with a legal holder, and two people who keep it. */
const fundOf = async (app: TestApp) => {
  const organisation = ok(await app.operator.post('/v1/organisations', { name: '基金会', kind: 'fund' }))
    .id as string;
  ok(await app.operator.post('/v1/fund/holder', { organisationId: organisation }));
  const maker = await app.keyFor(organisation, 'fund', { holder: '陈秘书' });
  const checker = await app.keyFor(organisation, 'fund', { holder: '林监事' });
  const read = async (query = '') => {
    const answer = await app.app.inject({ method: 'GET', url: `/v1/fund${query}` });
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return answer.json();
  };
  const book = async () => ok(await app.operator.get('/v1/fund'), 200);
  const propose = (body: object) => maker.post('/v1/fund/proposals', body);
  const approve = (id: string, by: Client = checker) => by.post(`/v1/fund/proposals/${id}/approve`);
  const stateOf = async (id: string) => ok(await maker.get(`/v1/fund/proposals/${id}`), 200);
  return { organisation, maker, checker, read, book, propose, approve, stateOf };
};

const carbon = { source: 'carbon-trade', amount: fen(10_050_000) };

t.test('the first carbon trade: 60 % of 100,500 yuan to the producers by their shares', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const early = await app.operator.post('/v1/fund/deposits', carbon);
  t.match(early, { status: 409, body: { code: 'fund_without_holder' } });
  const fund = await fundOf(app);
  const deposit = ok(await fund.maker.post('/v1/fund/deposits', { ...carbon, payer: '买方银行 8812' }));
  t.match(await fund.read(), {
    holder: { organisationId: fund.organisation, publicName: null },
    items: [{ currency: 'CNY', balance: 10_050_000, deposited: 10_050_000, given: 0 }],
    deposits: [{ source: 'carbon-trade', amount: fen(10_050_000), seq: deposit.receipt.seq }],
    accounts: null,
  });

  // Tonnes of shellfish of each producer: 2,223 in all.
  const tonnes = [700, 500, 400, 300, 200, 123];
  const producers = await s.people(tonnes.length);
  const shares = producers.map((collectorId, i) => ({ collectorId, share: tonnes[i] }));
  const { id } = ok(
    await fund.propose({
      kind: 'money',
      ofDeposit: { depositId: deposit.id, basisPoints: 6_000 },
      basis: { of: 'shares', shares },
      description: '大陈岛贻贝碳汇首笔交易，按养殖吨数返还',
    }),
  );
  t.match(await fund.book(), { accounts: [{ balance: 10_050_000, reserved: 6_030_000 }] }, 'set aside');
  t.match((await fund.read()).items, [{ balance: 10_050_000 }], 'and not given yet');
  t.match(await fund.approve(id, fund.maker), { status: 403, body: { code: 'same_holder' } });
  const twin = await app.keyFor(fund.organisation, 'fund', { holder: '陈 秘书' });
  t.match(
    await fund.approve(id, twin),
    { status: 403, body: { code: 'same_holder' } },
    'nor by a second key',
  );
  const outsider = await app.keyFor(s.seller.organisationId, 'fund', { holder: '路人' });
  t.equal((await fund.approve(id, outsider)).status, 403, 'nor by another organisation');
  ok(await fund.approve(id));
  t.match(await fund.approve(id), { status: 409 }, 'once only');
  await settled(app);

  const parts = splitByWeight(6_030_000, tonnes);
  for (const [i, producer] of producers.entries()) t.equal(await s.owed(producer), parts[i]);
  const open = await fund.read();
  t.match(open, {
    items: [{ balance: 4_020_000, deposited: 10_050_000, given: 6_030_000, givenInMoney: 6_030_000 }],
    distributions: [{ kind: 'money', amount: fen(6_030_000), people: 6, basis: 'shares', units: null }],
  });
  t.match(await fund.book(), { accounts: [{ balance: 4_020_000, reserved: 0 }] }, 'as the accounts say');
  t.match(await s.balances(), { payable: -6_030_000, fund: -4_020_000, undistributed: 0, bank: 10_050_000 });
  const before = await fund.read(`?asOfSeq=${open.distributions[0].seq - 1}`);
  t.match(before.items, [{ balance: 10_050_000, given: 0 }], 'as of the entry before');
  t.same(before.distributions, []);

  // Each leaf leads to the public root, and with another amount it does not.
  const [given] = open.distributions;
  for (const [i, producer] of producers.entries()) {
    const { items } = ok(await app.operator.get(`/v1/collectors/${producer}/fund-distributions`), 200);
    t.match(items, [{ amount: parts[i], root: given.root }]);
    const { proof } = items[0];
    const path = proof.path.map((n: { hash: string; sum: number }) => ({ hash: hex(n.hash), sum: n.sum }));
    const way = { index: proof.index, count: proof.count, leafSalt: hex(proof.leafSalt), path };
    const check = (amount: number) =>
      checkSumProof(sha256, { id: proof.id, amount }, way, {
        root: hex(given.root),
        total: 6_030_000,
        count: 6,
      });
    t.doesNotThrow(() => check(parts[i]!));
    t.throws(() => check(parts[i]! - 1), /total|root/);
  }
  const station = await app.site('station');
  t.equal((await station.client.get(`/v1/collectors/${producers[0]}/fund-distributions`)).status, 404);
  const log = JSON.stringify((await app.operator.get('/v1/ledger/entries?limit=1000')).body);
  for (const amount of parts) t.notOk(new RegExp(`\\b${amount}\\b`).test(log), 'no amount of one person');
  for (const secret of [...producers, '8812', '贻贝']) t.notMatch(log, secret, 'nor who, nor free text');
});

t.test('in kind: described, valued, counted, and by two people', async (t) => {
  const app = await startTestApp(t);
  const fund = await fundOf(app);
  ok(await fund.maker.post('/v1/fund/deposits', { source: 'donation', amount: fen(100_000) }));
  const insurance = {
    ...{ kind: 'insurance', amount: fen(60_000), units: 60, people: 60 },
    description: '渔民意外险一年，保单 PX-77',
  };
  t.match(await fund.propose({ ...insurance, people: 4 }), { status: 400 }, 'not for four people');
  const { id } = ok(await fund.propose(insurance));
  const { status, body } = await fund.propose({ ...insurance, amount: fen(40_001) });
  t.match(
    { status, body },
    { status: 409, body: { code: 'beyond_balance' } },
    'what is set aside is not there',
  );
  const other = ok(await fund.propose({ ...insurance, kind: 'goods', amount: fen(40_000) }));
  ok(await fund.approve(id));
  ok(await fund.checker.post(`/v1/fund/proposals/${other.id}/reject`, { reason: '太贵' }));
  t.match(await fund.stateOf(other.id), { state: 'rejected', checker: '林监事' });
  t.match(await fund.read(), {
    items: [{ balance: 40_000, given: 60_000, givenInKind: 60_000, givenInMoney: 0 }],
    distributions: [{ kind: 'insurance', amount: fen(60_000), people: 60, units: 60, root: null }],
  });
  t.match(await fund.book(), { accounts: [{ balance: 40_000, reserved: 0 }] });
  const { body: log } = await app.operator.get('/v1/ledger/entries?limit=1000');
  t.notMatch(JSON.stringify(log), /PX-77|太贵/, 'what it is lies sealed');
  t.match(await fund.propose({ ...insurance, amount: { amount: 1, currency: 'USD' } }), { status: 409 });
  for (const amount of [0, -1])
    t.equal((await fund.propose({ ...insurance, amount: fen(amount) })).status, 400, `${amount} fen`);
});

t.test('by the shares of batches, and of a period; nobody erased, never fewer than five', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const fund = await fundOf(app);
  ok(await fund.maker.post('/v1/fund/deposits', { source: 'grant', amount: fen(1_000_003) }));
  const grams = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000];
  const people = await s.people(grams.length);
  const lots = [];
  for (const [i, g] of grams.entries()) lots.push(await s.weighIn(g, { collectorId: people[i] }));
  const unknown = await s.weighIn(7_000, { bagTag: 'A-9' });
  const few = await s.seal(lots.slice(0, 4).map(({ lotId }) => ({ lotId })));
  const rest = await s.seal([...lots.slice(4), unknown].map(({ lotId }) => ({ lotId })));
  const give = (amount: number, basis: object) =>
    fund.propose({ kind: 'money', amount: fen(amount), basis, description: '年终' });
  const refused = await give(1_000, { of: 'batches', batchIds: [few.id] });
  t.match(refused, { status: 409, body: { code: 'too_few_people', state: { people: 4 } } });
  t.match(await give(1_000, { of: 'batches', batchIds: [few.id, few.id] }), { status: 422 });
  const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  t.match(await give(1_000, { of: 'period', from: day, to: '2001-01-01' }), {
    status: 422,
    body: { code: 'period_ends_first' },
  });
  t.match(await give(1_000, { of: 'period', from: '2001-01-01', to: '2001-12-31' }), {
    status: 409,
    body: { code: 'too_few_people', state: { people: 0 } },
  });
  const both = ok(await give(280_001, { of: 'batches', batchIds: [few.id, rest.id] }));
  ok(await fund.approve(both.id));
  await settled(app);
  // Who brought the seventh bag is not known yet: theirs waits in suspense.
  const parts = splitByWeight(280_001, [...grams, 7_000]);
  for (const [i, id] of people.entries()) t.equal(await s.owed(id), parts[i]);
  t.match(await s.balances(), { suspense: -parts[6]!, undistributed: 0, fund: -(1_000_003 - 280_001) });

  ok(await s.seller.client.post(`/v1/collections/${lots[5]!.id}/void`, { reason: '重复' }));
  const period = ok(await give(700_002, { of: 'period', from: day, to: day, siteId: s.seller.siteId }));
  ok(await fund.approve(period.id));
  await settled(app);
  const second = splitByWeight(700_002, [...grams.slice(0, 5), 7_000]);
  for (const [i, id] of people.slice(0, 5).entries()) t.equal(await s.owed(id), parts[i]! + second[i]!);
  t.equal(await s.owed(people[5]!), parts[5], 'a voided weigh-in has no share in a period');
  t.match(await fund.stateOf(period.id), { state: 'given', total: 700_002, people: 5 });

  // Between the proposal and its approval somebody goes: four would be left, and nothing is given.
  const five = await s.people(5);
  const shares = five.map((collectorId) => ({ collectorId, share: 1 }));
  const late = ok(await give(1_000, { of: 'shares', shares }));
  t.match(await give(1, { of: 'shares', shares: [...shares, shares[0]] }), {
    status: 422,
    body: { code: 'duplicate_collector' },
  });
  ok(await app.operator.delete(`/v1/collectors/${five[0]}/personal-data`), 200);
  t.equal((await app.operator.delete(`/v1/collectors/${five[0]}/personal-data?stage=erase`)).status, 200);
  ok(await fund.approve(late.id));
  await settled(app);
  t.match(await fund.stateOf(late.id), { state: 'lapsed', total: null });
  t.match(await fund.book(), { accounts: [{ balance: 20_000, reserved: 0 }] });
});

t.test('the share of trade comes in, and is shown in sums over five sales only', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const fund = await fundOf(app);
  const shares = [{ to: 'fund', basisPoints: 2_000, base: 'margin-after-costs' }];
  ok(
    await app.operator.post('/v1/distribution-rules', { shares, holdBack: { basisPoints: 1_000, days: 0 } }),
  );
  const [person] = await s.people(1);
  for (let i = 1; i <= 5; i++)
    await s.tradeIn([await s.weighIn(100_000, { collectorId: person })], 10_000 * i + 5);
  await settled(app);
  for (let i = 0; i < 300 && (await s.balances())['hold-back'] !== 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const all = await fund.book();
  t.match(all, { accounts: [{ balance: 30_005 }] }, 'with what had been held back');
  t.match(all.items, [{ balance: 0, fromTrade: [], tradeNotShown: true }], 'the month is not over');

  // The same as if it had been in another month.
  const { pool } = app.deps;
  const owner = await app.superuser();
  const schema = app.deps.config.databaseSchema;
  const days = async (by: number) =>
    owner.query(`UPDATE ${schema}.fund_inflows SET at = at + $1::int8 * 86400000`, [by]);
  await days(-40);
  const shown = await fund.read();
  t.match(shown.items, [
    { balance: 30_005, fromTrade: [{ sales: 5, amount: 30_005 }], tradeNotShown: false },
  ]);
  const { rows } = await pool.query(
    'SELECT max(seq) AS seq FROM fund_inflows WHERE distribution_id IS NOT NULL',
  );
  const four = await fund.read(`?asOfSeq=${Number(rows[0].seq) - 1}`);
  t.match(four.items, [{ balance: 0, fromTrade: [], tradeNotShown: true }], 'four sales tell nothing');
  await days(40);
});

t.test('no two answers differ by fewer than five sales', (t) => {
  const of = (...months: [string, number][]) =>
    months.flatMap(([month, sales]) =>
      Array.from({ length: sales }, (_, i) => ({ month, sale: `${month} ${i}`, amount: 1 })),
    );
  const inflows = of(['2026-01', 3], ['2026-02', 1], ['2026-04', 6], ['2026-05', 5], ['2026-06', 4]);
  const sums = (month: string) => shownMonths(inflows, month);
  t.same(sums('2026-04'), { sums: [], notShown: 19 });
  t.same(sums('2026-05').sums, [{ from: '2026-01', to: '2026-04', sales: 10, amount: 10 }]);
  t.same(sums('2026-08').sums.slice(1), [{ from: '2026-05', to: '2026-05', sales: 5, amount: 5 }]);
  t.equal(sums('2026-08').notShown, 4);
  const twice = [...of(['2026-01', 4]), { month: '2026-01', sale: '2026-01 0', amount: 9 }];
  t.same(shownMonths(twice, '2026-02').sums, [], 'two receipts of one sale are one sale');
  t.end();
});

t.test('cut off between what was committed to and its credits; kept leaves that were changed', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const fund = await fundOf(app);
  ok(await fund.maker.post('/v1/fund/deposits', { source: 'other', amount: fen(100_000) }));
  const { door } = app.deps;
  const record = door.record.bind(door);
  let [cut, changed] = [0, false];
  const owner = await app.superuser();
  const schema = app.deps.config.databaseSchema;
  door.record = (async (...sent: Parameters<typeof record>) => {
    if (sent[0].name !== 'fund-gift.credit') return record(...sent);
    if (cut++ > 0) return record(...sent);
    // Somebody with the database in hand moves ten fen between two people before the rest is written.
    await owner.query(
      `UPDATE ${schema}.distribution_leaves SET amount = amount + CASE place WHEN 0 THEN 10 ELSE -10 END WHERE place < 2`,
    );
    changed = true;
    throw new Error('cut off');
  }) as typeof door.record;
  const people = await s.people(5);
  const shares = people.map((collectorId) => ({ collectorId, share: 1 }));
  const { id } = ok(
    await fund.propose({
      ...{ kind: 'money', amount: fen(50_000), description: '分配' },
      basis: { of: 'shares', shares },
    }),
  );
  ok(await fund.approve(id));
  for (let i = 0; i < 100 && !changed; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  t.ok(changed);
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.match(await fund.stateOf(id), { state: 'committed' }, 'nobody is credited what was not committed to');
  t.equal(cut, 1);
  for (const person of people) t.equal(await s.owed(person), 0);
  await owner.query(`UPDATE ${schema}.distribution_leaves SET amount = 10000`);
  await settled(app);
  t.match(await fund.stateOf(id), { state: 'given', total: 50_000 });
  for (const person of people) t.equal(await s.owed(person), 10_000);
  t.match(await s.balances(), { payable: -50_000, undistributed: 0, fund: -50_000 });
});

t.test('who may name the holder, and which', async (t) => {
  const app = await startTestApp(t);
  const name = (body: object) => app.operator.post('/v1/fund/holder', body);
  const unknown = '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001';
  t.match(await name({ organisationId: unknown }), { status: 422, body: { code: 'unknown_organisation' } });
  const { id } = ok(await app.operator.post('/v1/organisations', { name: 'x', kind: 'fund' }));
  const trader = ok(
    await app.operator.post('/v1/organisations', { name: '个体户', kind: 'station', naturalPerson: true }),
  ).id;
  t.match(await name({ organisationId: trader }), { status: 422, body: { code: 'not_a_legal_person' } });
  t.match(await name({ organisationId: id, publicName: '基金会' }), {
    status: 422,
    body: { code: 'consent_needed' },
  });
  ok(await name({ organisationId: id, publicName: '基金会', consent: '授权书 1' }));
  t.match((await app.app.inject('/v1/fund')).json(), { holder: { publicName: '基金会' } });
  t.match(await anonymous(app).get('/v1/fund?asOfSeq=9999'), { status: 401 }, 'a key that is none');
  t.equal((await app.app.inject('/v1/fund?asOfSeq=9999')).statusCode, 422);
});
