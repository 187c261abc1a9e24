import { randomUUID } from 'node:crypto';
import t from 'tap';
import { SimulatedBank } from '../../src/rails/simulators/bank.ts';
import type { Answer } from '../support/app.ts';
import { banked, submittedRun } from '../support/paper.ts';
import { cny, ok, openedPayouts } from '../support/payouts.ts';

type World = Awaited<ReturnType<typeof openedPayouts>>;

const today = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
const line = (more: object) => ({
  ...{ id: randomUUID(), source: 'bank', rail: 'bank', serial: randomUUID(), day: today(), kind: 'other' },
  ...more,
});
const queueOf = async ({ payer }: World, query = '?state=open') =>
  ok(await payer.get(`/v1/reconciliation/items${query}`), 200).items;
const told = async ({ payer }: World, lines: readonly object[]) =>
  ok(await payer.post('/v1/statement-lines/batch', lines), 200).items;
const decide = ({ body, status }: Answer) => [status, body.code ?? body.state];

t.test('a bank batch, its results, its returns, and the statement of the bank', async (t) => {
  const world = await openedPayouts(t, 4, banked);
  const { payer, checker, collectors, orderOf, owed, balances } = world;
  ok(
    await payer.post('/v1/transfers', {
      from: { kind: 'capital' },
      to: { kind: 'bank' },
      amount: cny(200_000),
      reference: 'TOPUP-1',
    }),
  );
  const runId = await submittedRun(world, 'bank', [10_001, 20_002, 30_003, 40_004]);
  const list = ok(await payer.post('/v1/payout-lists', { rail: 'bank', runId }));
  const bank = new SimulatedBank();
  bank.owners.set('6222000000000011', '别的人');
  const { results } = bank.take(Buffer.from((await payer.get(`/v1/payout-lists/${list.id}/file`)).body));
  const tell = (csv: Buffer) =>
    payer.post(`/v1/payout-lists/${list.id}/results`, { csv: csv.toString('utf8') });

  for (const bad of ['cut', 'wrong-total'] as const)
    t.match(ok(await tell(results(bad)), 200), { taken: 0, queue: [{ code: 'total_differs' }] }, bad);
  t.match(await orderOf(collectors[0]!), { state: 'submitted' }, 'of a broken file nothing is taken');
  t.equal((await tell(Buffer.from('nonsense'))).status, 422);

  const forgotten = ok(await tell(results('forgotten')), 200);
  t.match(forgotten, { lines: 3, taken: 3, missing: [(await orderOf(collectors[3]!)).reference], queue: [] });
  t.match(await orderOf(collectors[0]!), { state: 'paid' });
  t.match(await orderOf(collectors[1]!), {
    state: 'failed',
    steps: [{ did: 'submit' }, { code: 'name_not_correct' }],
  });
  t.match(await owed(collectors[1]!), { owed: 20_002, inPayment: 0 }, 'what failed is owed again');
  const first = (await orderOf(collectors[0]!)).id;
  const stranger = ok(await tell(results('stranger')), 200);
  t.match(stranger, { taken: 1, repeated: 3, queue: [{ code: 'unknown_reference', itemId: /./ }] });
  const again = ok(await tell(results('stranger')), 200);
  t.match(again, { taken: 0, repeated: 4, queue: [{ itemId: stranger.queue[0].itemId }] }, 'twice is once');
  const double = ok(await tell(results('duplicate-line')), 200);
  t.match(double.queue, [{ code: 'duplicate_line' }]);
  ok(await tell(results('contradiction')), 200);
  ok(await tell(results('other-amount')), 200);
  t.same((await queueOf(world)).map(({ reason }: { reason: string }) => reason).sort(), [
    'amount-differs',
    'contradicts',
    'contradicts',
    'missing-here',
    'twice',
  ]);
  t.match(
    await balances(),
    { bank: 200_000 - 80_008, unmatched: undefined },
    'what a file says alone moves no money',
  );

  const statement = [
    line({ serial: 'B1', amount: cny(200_000), reference: 'TOPUP-1' }),
    line({ serial: 'B2', kind: 'paid', amount: cny(-100_010), reference: list.number }),
    line({ serial: 'B3', amount: cny(20_002), reference: list.number }),
  ];
  t.match(await told(world, statement), [
    { outcome: 'matched' },
    { outcome: 'matched' },
    { outcome: 'matched' },
  ]);
  t.match(await told(world, statement), [{ replayed: true }, { replayed: true }, { replayed: true }]);
  const [copy] = await told(world, [{ ...statement[1], id: randomUUID() }]);
  t.match(
    copy,
    { status: 409, error: { code: 'line_known' } },
    'the same line with another id is the same line',
  );
  t.match(await told(world, [line({ kind: 'paid', amount: cny(-100_010), reference: list.number })]), [
    { outcome: 'twice' },
  ]);
  t.match(
    await balances(),
    { bank: 200_000 - 80_008 - 100_010, unmatched: 100_010 },
    'it is gone, and not for what we know',
  );
  const complete = { source: 'bank', rail: 'bank', from: today(), to: today() };
  t.match(
    ok(await payer.post('/v1/rail-statements', complete)),
    { missing: 0 },
    'the sum of the list speaks of each of its orders',
  );
  const match = ok(await payer.get(`/v1/payout-orders/${first}/match`), 200);
  t.match(match, {
    state: 'paid',
    amount: 10_001,
    rail: { told: 'paid' },
    bank: { lines: [{ serial: 'B2' }] },
  });

  const reference = (await orderOf(collectors[0]!)).reference;
  const [early] = await told(world, [
    line({ serial: 'R1', kind: 'returned', amount: cny(10_001), reference }),
  ]);
  t.equal(early.outcome, 'late-return');
  t.match(await owed(collectors[0]!), { owed: 0 }, 'a statement alone gives nothing back');
  const back = ok(await tell(bank.returns([reference])), 200);
  t.match(back, { taken: 1, queue: [] });
  t.match(await orderOf(collectors[0]!), { state: 'returned' });
  t.match(await owed(collectors[0]!), { owed: 10_001, inPayment: 0 });
  t.match(ok(await payer.get(`/v1/reconciliation/items/${early.id}`), 200), {
    state: 'closed',
    decision: { as: 'resolved' },
  });

  const [twice] = await queueOf(world, '?state=open&reason=twice').then((all) =>
    all.filter((one: { suspense: number }) => one.suspense > 0),
  );
  const url = `/v1/reconciliation/items/${twice.id}/decisions`;
  const off = { as: 'to-account', to: 'write-offs', reason: '银行重复扣款，追索不成' };
  t.match(decide(await payer.post(url, { as: 'explained', reason: '没事' })), [409, 'suspense_must_drain']);
  t.match(decide(await payer.post(url, { as: 'accept-return', reason: 'x' })), [
    409,
    'decision_does_not_fit',
  ]);
  t.match(decide(await payer.post(url, { as: 'to-account', reason: 'x' })), [422, 'account_missing']);
  t.match(decide(await payer.post(url, off)), [201, 'proposed']);
  t.match(decide(await payer.post(url, off)), [403, 'same_holder']);
  t.match(decide(await world.twin.post(url, off)), [403, 'same_holder'], 'the same name is the same person');
  t.match(
    decide(await checker.post(url, { ...off, to: 'creditors' })),
    [201, 'proposed'],
    'something else is another proposal',
  );
  t.match(decide(await checker.post(url, off)), [201, 'proposed']);
  t.match(decide(await payer.post(url, off)), [201, 'closed']);
  t.match(decide(await checker.post(url, off)), [409, 'item_closed']);
  t.match(await balances(), { unmatched: 0, 'write-offs': 100_010 }, 'the suspense drained');
  const summary = ok(await payer.get('/v1/reconciliation'), 200);
  t.match(summary.suspense, [{ currency: 'CNY', balance: 0, ofItems: 0, sinceSeq: null, ageDays: 0 }]);
  t.match(
    summary.open.find(({ reason }: { reason: string }) => reason === 'missing-here'),
    { count: 1, name: { zh: '我方无此笔' } },
  );
  t.equal((await world.client.get('/v1/reconciliation')).status, 403);
});

t.test(
  'the bank lacks what we paid; unknown money waits in suspense until two people say what it was',
  async (t) => {
    const world = await openedPayouts(t, 2, banked);
    const { payer, checker, collectors, orderOf, owed, balances } = world;
    const transfer = ok(
      await payer.post('/v1/transfers', {
        from: { kind: 'capital' },
        to: { kind: 'bank' },
        amount: cny(90_000),
      }),
    );
    const runId = await submittedRun(world, 'bank', [10_000, 20_000]);
    const list = ok(await payer.post('/v1/payout-lists', { rail: 'bank', runId }));
    const bank = new SimulatedBank();
    const { results } = bank.take(Buffer.from((await payer.get(`/v1/payout-lists/${list.id}/file`)).body));
    ok(await payer.post(`/v1/payout-lists/${list.id}/results`, { csv: results().toString('utf8') }), 200);
    const [a, b] = [await orderOf(collectors[0]!), await orderOf(collectors[1]!)];
    const days = { source: 'bank', rail: 'bank', from: today(), to: today() };
    const before = { ...days, from: '2020-01-01', to: '2020-01-31' };
    t.match(
      ok(await payer.post('/v1/rail-statements', before)),
      { missing: 0 },
      'of other days nothing is missing',
    );
    t.equal((await payer.post('/v1/rail-statements', { ...days, to: '2020-01-01' })).status, 422);
    t.match(ok(await payer.post('/v1/rail-statements', days)), { missing: 2 });
    t.match(
      ok(await payer.post('/v1/rail-statements', days)),
      { missing: 0 },
      'asked again, nothing is missing twice',
    );
    await told(world, [line({ kind: 'paid', amount: cny(-10_000), reference: a.reference })]);
    const [open, ...none] = await queueOf(world);
    t.match(open, {
      reason: 'missing-at-bank',
      orderId: b.id,
      amount: -20_000,
      name: { en: 'Missing at the bank' },
    });
    t.same(none, [], 'the other was found');

    const url = `/v1/reconciliation/items/${open.id}/decisions`;
    const never = { as: 'accept-return', reason: '银行确认未付' };
    t.match(decide(await payer.post(url, never)), [201, 'proposed']);
    t.match(decide(await world.twin.post(url, never)), [403, 'same_holder']);
    t.match(await orderOf(collectors[1]!), { state: 'paid' }, 'by one person nothing moves');
    t.match(decide(await checker.post(url, never)), [201, 'closed']);
    t.match(await orderOf(collectors[1]!), { state: 'returned' });
    t.match(await owed(collectors[1]!), { owed: 20_000, inPayment: 0 });

    const lines = [
      line({ serial: 'U1', amount: cny(5_000) }),
      line({ serial: 'U2', amount: cny(-700), reference: 'FEE' }),
      line({ serial: 'U3', kind: 'paid', amount: cny(-3_000), reference: a.id }),
      line({ serial: 'U4', amount: cny(90_000) }),
    ];
    const items = await told(world, lines);
    t.match(items, [
      { outcome: 'no-reference' },
      { outcome: 'missing-here' },
      { outcome: 'missing-here' },
      { outcome: 'matched' },
    ]);
    const imported = ok(await payer.get('/v1/statement-lines'), 200).items;
    const topUp = imported.find(({ serial }: { serial: string }) => serial === 'U4');
    t.equal(topUp.bookedSeq, transfer.receipt.seq);
    t.match(await balances(), { bank: 90_000 - 10_000 + 5_000 - 3_700, unmatched: -5_000 + 3_700 });
    const [dup] = await told(world, [line({ serial: 'U5', amount: cny(90_000) })]);
    t.equal(dup.outcome, 'no-reference', 'a booking is matched with one line only');
    const summary = ok(await payer.get('/v1/reconciliation'), 200);
    t.match(summary.suspense, [
      { balance: -5_000 + 3_700 - 90_000, ofItems: -5_000 + 3_700 - 90_000, sinceSeq: /\d/ },
    ]);
    const both = async (id: string, body: object) => {
      const at = `/v1/reconciliation/items/${id}/decisions`;
      const proposed = decide(await payer.post(at, { reason: '查明', ...body }));
      return proposed[0] === 201 ? decide(await checker.post(at, { reason: '查明', ...body })) : proposed;
    };
    const seq = transfer.receipt.seq;
    t.match(await both(dup.id, { as: 'booked-elsewhere', bookedSeq: seq }), [409, 'booking_matched']);
    t.match(await both(items[0].id, { as: 'booked-elsewhere', bookedSeq: seq }), [409, 'booked_differs']);
    t.match(await both(dup.id, { as: 'to-account', to: 'capital' }), [201, 'closed']);
    t.match(await both(items[0].id, { as: 'to-account', to: 'capital' }), [201, 'closed']);
    t.match(await both(items[1].id, { as: 'to-account', to: 'write-offs' }), [201, 'closed']);
    t.match(await both(items[2].id, { as: 'counts-as-paid' }), [409, 'decision_does_not_fit']);
    t.match(await both(items[2].id, { as: 'to-account', to: 'creditors' }), [201, 'closed']);
    t.match(await balances(), { unmatched: 0, capital: -185_000, creditors: 3_000 });
    const bad = { ...line({ kind: 'paid', amount: cny(5) }) };
    t.match(await told(world, [bad, line({ amount: cny(1), rail: 'wechat' })]), [
      { status: 400 },
      { status: 400 },
    ]);
  },
);

t.test(
  'WeChat Pay tells: twice, late, forged, replayed, for what had ended, for what is not ours',
  async (t) => {
    const world = await openedPayouts(t, 3);
    const { app, payer, checker, sim, collectors, orderOf, owed, balances, now, fund } = world;
    await fund('rail', 100_000);
    await app.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.app.server.address() as { port: number };
    const url = `http://127.0.0.1:${port}/v1/rails/wechat/notifications`;
    await submittedRun(world, 'wechat', [10_000, 20_000, 30_000]);
    const [a, b, c] = [
      await orderOf(collectors[0]!),
      await orderOf(collectors[1]!),
      await orderOf(collectors[2]!),
    ];
    const last = () => ({ ...sim.outbox.at(-1)!, url });

    sim.books.confirm(a.reference, now());
    const first = last();
    t.notOk(await sim.deliver(first, { forged: true }));
    t.notOk(await sim.deliver(first, { tampered: true }));
    t.notOk(await sim.deliver(first, { signedAt: now() - 301_000 }), 'an old delivery, replayed');
    t.match(await orderOf(collectors[0]!), { state: 'awaiting-confirmation' }, 'none of these is believed');
    const unsigned = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: first.body,
    });
    t.match(
      [unsigned.status, await unsigned.json()],
      [401, { code: 'FAIL', message: /Wechatpay-Timestamp/ }],
    );
    t.ok(await sim.deliver(first));
    t.match(await orderOf(collectors[0]!), {
      state: 'paid',
      steps: [{}, { did: 'notification', outcome: 'paid' }],
    });
    const size = (await app.verify()).size;
    t.ok(await sim.deliver(first), 'told again, it is taken again');
    t.equal((await app.verify()).size, size, 'and changes nothing');

    // Nobody confirmed in time: the bill closed and is owed again. Then the rail says it was paid all the same.
    await world.tick(25 * 3_600_000);
    t.match(await orderOf(collectors[1]!), { state: 'expired' });
    const bill = sim.books.bills.get(b.reference)!;
    Object.assign(bill, { state: 'WAIT_USER_CONFIRM', createdAt: now() });
    sim.books.confirm(b.reference, now());
    const contradiction = last();
    t.ok(await sim.deliver(contradiction));
    t.ok(await sim.deliver(contradiction));
    t.match(await orderOf(collectors[1]!), { state: 'expired' }, 'an end is an end');
    t.match(await queueOf(world), [
      { reason: 'paid-after-end', orderId: b.id, amount: -20_000, suspense: 0 },
    ]);
    t.match(await owed(collectors[1]!), { owed: 20_000 });

    const wechat = (more: object) => line({ source: 'rail', rail: 'wechat', ...more });
    const items = await told(world, [
      wechat({ kind: 'paid', amount: cny(-10_000), reference: a.reference }),
      wechat({ kind: 'paid', amount: cny(-20_000), reference: b.reference }),
      wechat({ kind: 'failed', amount: cny(-30_000), reference: c.reference }),
      wechat({ kind: 'paid', amount: cny(-9_999), reference: 'someoneElse' }),
    ]);
    t.match(items, [
      { outcome: 'matched' },
      { outcome: 'paid-after-end' },
      { outcome: 'matched' },
      { outcome: 'missing-here' },
    ]);
    t.match(await balances(), { rail: 100_000 - 10_000 - 20_000 - 9_999, unmatched: 29_999 });
    const at = `/v1/reconciliation/items/${items[1].id}/decisions`;
    const paid = { as: 'counts-as-paid', reason: '本人确认收到' };
    t.match(decide(await payer.post(at, paid)), [201, 'proposed']);
    t.match(decide(await checker.post(at, paid)), [201, 'closed']);
    t.match(
      await owed(collectors[1]!),
      { owed: 0, inPayment: 0 },
      'what reached the person is not paid again',
    );
    t.equal((await world.order(collectors[1]!, {})).status, 409);
    t.match(await balances(), { unmatched: 9_999, payable: -30_000 });
    const rows = await world.app.deps.pool.query(
      'SELECT account_id, by, amount, sent FROM payments ORDER BY seq',
    );
    t.match(
      rows.rows,
      [
        { by: 'wechat', amount: 10_000, sent: 10_000 },
        { by: 'wechat', amount: 20_000, sent: 20_000 },
      ],
      'it was paid by WeChat: proofs and figures count it',
    );
    t.not(rows.rows[0].account_id, rows.rows[1].account_id);
    const link = ok(await world.app.operator.post(`/v1/collectors/${collectors[1]}/passbook-links`, {}));
    const anyone = world.app.client('x');
    const { pass } = ok(await anyone.post('/v1/passbooks', { link: link.token }), 200);
    t.match(ok(await anyone.get(`/v1/passbooks/${pass}`), 200).accounts[0], {
      ...{ owed: 0, earned: 20_000, paid: 20_000 },
      money: [{ kind: 'paid', rail: 'wechat', amount: 20_000, subjectId: b.id }],
    });

    const late = await told(world, [
      wechat({ kind: 'returned', amount: cny(10_000), reference: a.reference }),
    ]);
    t.match(late, [{ outcome: 'late-return' }]);
    t.match((await payer.post(`/v1/reconciliation/items/${late[0].id}/recheck`)).body, {
      code: 'still_open',
    });
  },
);

t.test('a cash list: signed, for another, by nobody; twice, too early, by who handed it out', async (t) => {
  const world = await openedPayouts(t, 4, (i) => ({ rail: 'cash', name: `渔民 ${i}` }));
  const { payer, siteId, collectors, orderOf, owed } = world;
  await submittedRun(world, 'cash', [1, 8_230, 300, 400]);
  const list = ok(await payer.post('/v1/payout-lists', { rail: 'cash', siteId }));
  const orders = await Promise.all(collectors.map(orderOf));
  const signedAt = new Date().toISOString();
  const sign = (i: number, more: object) => ({
    orderId: orders[i].id,
    amount: cny(orders[i].amount),
    signed: 'thumb',
    signedAt,
    ...more,
  });
  const post = (entries: object[]) => payer.post(`/v1/payout-lists/${list.id}/signatures`, { entries });
  const entries = [
    sign(0, { evidence: 'ab'.repeat(32) }),
    sign(1, { signed: 'representative', representativeId: collectors[0] }),
    sign(2, { signed: 'nobody' }),
    sign(3, { amount: cny(399) }),
    sign(3, { signedAt: '2020-01-01T00:00:00Z' }),
    sign(3, { signed: 'representative' }),
  ];
  const done = ok(await post(entries), 200);
  t.match(done, { taken: 3, repeated: 0 });
  t.same(
    done.queue.map(({ line, code }: { line: number; code: string }) => [line, code]),
    [
      [4, 'amount_differs'],
      [5, 'signed_before_list'],
      [6, 'representative_is_payee'],
    ],
  );
  t.match(await Promise.all(collectors.map(orderOf)), [
    { state: 'paid' },
    { state: 'paid' },
    { state: 'expired' },
    { state: 'submitted' },
  ]);
  t.match(await owed(collectors[2]!), { owed: 300, inPayment: 0 }, 'who did not come is owed it still');
  t.match(ok(await post(entries), 200), { taken: 0, repeated: 3 }, 'typed in again it is the same');
  t.match((await post([sign(0, { amount: { amount: 1, currency: 'USD' } })])).body.code, 'currency_differs');
  t.equal((await payer.post(`/v1/payout-lists/${list.id}/results`, { csv: 'x' })).body.code, 'cash_list');
  const other = ok(await post([sign(0, { signed: 'signature' })]), 200);
  t.match(other.queue, [{ code: 'signed_otherwise' }], 'a signature is not exchanged for another');
  const match = ok(await payer.get(`/v1/payout-orders/${orders[0].id}/match`), 200);
  t.match(match, { state: 'paid', rail: { told: 'paid', lines: [{ kind: 'paid', outcome: 'matched' }] } });
  t.match(await world.balances(), { float: -8_231 }, 'the station’s float paid it');
});
