import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { AT, fen, tradeOf } from './sealed.ts';

t.test('a sale, its money, its costs and their undoing stand on both sides of the books', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, weighIn, seal, sell, post } = await tradeOf(app);
  const batch = await seal([{ lotId: await weighIn(7_200_000) }]);
  const balances = async () => {
    const { items } = (await app.operator.get('/v1/accounts')).body;
    return Object.fromEntries(
      items.map((a: { kind: string; balance: number; organisationId: string }) => [
        `${a.kind} ${a.organisationId === brandA.organisationId ? 'buyer' : 'seller'}`,
        a.balance,
      ]),
    );
  };
  const made = await post(batch.id, 'sale', {
    buyerOrganisationId: brandA.organisationId,
    price: { ...fen(1_500), perGrams: 1_000 },
  });
  t.same(await balances(), { 'receivable buyer': 10_800_000, 'sales seller': -10_800_000 });
  const reason = { reason: '打错' };
  t.equal((await post(batch.id, 'sale/void', reason)).status, 201);
  t.same(await balances(), { 'receivable buyer': 0, 'sales seller': 0 });

  t.equal((await sell(batch.id)).status, 201);
  const paid = await post(batch.id, 'payments', { amount: fen(6_480_000), receivedAt: AT });
  const cost = { kind: 'processing', amount: fen(5_000_000), incurredAt: AT };
  const booked = await post(batch.id, 'costs', cost);
  t.same(await balances(), {
    'receivable buyer': 4_320_000,
    'sales seller': -10_800_000,
    'bank seller': 6_480_000,
    'batch-costs seller': 5_000_000,
    'creditors seller': -5_000_000,
  });
  const returned = {
    grams: 1_200_000,
    siteId: seller.siteId,
    creditNote: fen(1_800_000),
    returnedAt: AT,
    reason: 'too moist',
  };
  t.equal((await post(batch.id, 'returns', returned)).status, 201);
  t.match(await balances(), { 'receivable buyer': 2_520_000, 'sales seller': -9_000_000 });
  for (const { body } of [paid, booked])
    t.equal((await post(batch.id, 'entries/void', { entrySeq: body.receipt.seq, ...reason })).status, 201);
  t.same(await balances(), {
    'receivable buyer': 9_000_000,
    'sales seller': -9_000_000,
    'bank seller': 0,
    'batch-costs seller': 0,
    'creditors seller': 0,
  });
  const trial = async (query = '') =>
    (await app.operator.get(`/v1/accounts/trial-balance${query}`)).body.items;
  t.match(await trial(), [{ debit: 9_000_000, credit: 9_000_000, difference: 0 }]);
  t.match(await trial(`?asOfSeq=${paid.body.receipt.seq}`), [{ debit: 10_800_000, difference: 0 }]);
  const entry = await app.operator.get(`/v1/ledger/entries/${made.body.receipt.seq}`);
  t.notMatch(JSON.stringify(entry.body), /receivable|10800000|postings/, 'no money is public');
});

t.test('each step of a trade is taken by a process that has read nothing yet', async (t) => {
  const app = await startTestApp(t);
  const other = await app.restart();
  t.teardown(() => other.close());
  const { seller, weighIn, seal, sell, post } = await tradeOf(app);
  const batch = await seal([{ lotId: await weighIn(10_000) }]);
  /** Somebody else writes: what this process had loaded may not be believed any more. */
  const cold = async <Answer>(step: () => Promise<Answer>): Promise<Answer> => {
    const { statusCode } = await other.app.inject({
      method: 'POST',
      url: '/v1/organisations',
      headers: { authorization: `Bearer ${app.operator.secret}` },
      payload: { name: 'x', kind: 'station' },
    });
    t.equal(statusCode, 201);
    return step();
  };
  const at = { deliveredAt: AT };
  t.equal((await cold(() => sell(batch.id, { grams: 5_000 }))).status, 201);
  t.equal((await cold(() => post(batch.id, 'sale/void', { reason: 'x' }))).status, 201);
  t.equal((await cold(() => sell(batch.id))).status, 201);
  const cost = { kind: 'processing', amount: fen(10), incurredAt: AT };
  const booked = await cold(() => post(batch.id, 'costs', cost));
  t.equal((await cold(() => post(batch.id, 'payments', { amount: fen(20), receivedAt: AT }))).status, 201);
  t.equal((await cold(() => post(batch.id, 'deliveries', { grams: 10_000, ...at }))).status, 201);
  const back = { grams: 1_000, measuredGrams: 10, siteId: seller.siteId, creditNote: fen(5) };
  const returned = await cold(() => post(batch.id, 'returns', { ...back, returnedAt: AT, reason: 'x' }));
  t.match(returned, { status: 201, body: { onHold: true } });
  const wrong = { entrySeq: booked.body.receipt.seq, reason: 'x' };
  t.equal((await cold(() => post(batch.id, 'entries/void', wrong))).status, 201);
});
