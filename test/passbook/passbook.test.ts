import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { AT, fen, tradeOf } from '../resale/sealed.ts';
import type { Answer } from '../support/app.ts';
import { openedPayouts } from '../support/payouts.ts';
import { cny, ok, quay } from './harness.ts';

const refused = (t: Test, { status, body }: Answer, expected: number, code: string) =>
  t.match({ status, code: body.code }, { status: expected, code });

/** What stands on all accounts of the person is what the passbook says they earned less what they were paid. */
const addsUp = (t: Test, book: Answer['body']) => {
  for (const a of book.accounts) {
    const waits = book.items.reduce(
      (sum: number, { earned }: { earned: { waits: number } | null }) => sum + (earned?.waits ?? 0),
      0,
    );
    t.equal(
      a.earned + waits - a.paid,
      a.owed + a.provisional + a.inSuspense - a.overpaid,
      `${a.currency}: earned less paid is what stands`,
    );
    t.equal(
      a.months.reduce((sum: number, m: { earned: number }) => sum + m.earned, 0),
      a.earned,
    );
  }
};

t.test('a collector reads what each bag earned, was paid and is owed', async (t) => {
  const { app, client, collector, weigh, open, read } = await quay(t);
  const lin = await collector();
  const wang = await collector('王海生');
  const sure = await weigh(lin.id, { settlement: { kind: 'cash', paid: cny(1_000) } });
  const doubted = await weigh(lin.id, { originEvidence: 'none' });
  const { collectorId: _, ...shared } = {
    collectorId: undefined,
    parties: [
      { collectorId: lin.id, share: 2 },
      { collectorId: wang.id, share: 1 },
    ],
  };
  const together = await weigh(undefined as never, shared);
  const wrong = await weigh(lin.id);
  ok(
    await client.post(`/v1/collections/${wrong.id}/correction`, { grossGrams: 11_600, reason: '多打一公斤' }),
  );
  const twice = await weigh(lin.id);
  ok(await client.post(`/v1/collections/${twice.id}/void`, { reason: '登记两次' }));

  const pass = await open({ card: lin.card });
  const book = await read(pass);
  const bag = (id: string) => book.items.find((item: { id: string }) => item.id === id);
  t.match(bag(sure.id), {
    site: { name: '大陈岛站' },
    ...{ grossGrams: 12_600, tareGrams: 600, netGrams: 12_000, deductionGrams: 2_000, payGrams: 10_000 },
    earned: { base: 1_500, premium: 2_000, waits: 0, settled: 1_000 },
    ...{
      why: [],
      state: 'recorded',
      parties: 1,
      open: true,
      destinations: { leftGrams: 12_000, batches: [] },
    },
  });
  t.match(bag(doubted.id), {
    earned: { base: 1_500, premium: 2_000, waits: 2_000, decision: 'open' },
    why: ['origin-none'],
  });
  t.match(
    bag(together.id),
    { parties: 2, earned: { base: 1_000, premium: 1_333 } },
    'of a shared bag their own part',
  );
  t.match(bag(wrong.id), {
    ...{ state: 'corrected', grossGrams: 11_600, payGrams: 9_000, earned: { base: 1_350, premium: 1_800 } },
    change: { reason: '多打一公斤', grossGrams: 12_600, payGrams: 10_000 },
  });
  t.match(bag(twice.id), { state: 'voided', open: false, change: { reason: '登记两次' } });
  t.match(book, { name: '林阿海', bags: 4, open: 4, lifetimeGrams: 47_000 });
  const month = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7);
  t.match(book.accounts, [
    {
      ...{ currency: 'CNY', earned: 3_500 + 1_500 + 2_333 + 3_150, paid: 1_000, provisional: 2_000 },
      months: [{ month, bags: 4, grams: 47_000, paid: 1_000 }],
      money: [{ kind: 'scale', amount: 1_000, subjectId: sure.id }],
    },
  ]);
  addsUp(t, book);
  const hers = await read(await open({ card: wang.card }));
  t.same(
    hers.items.map(({ id }: { id: string }) => id),
    [together.id],
    'nobody else’s bags',
  );
  t.match(hers.items[0], { earned: { base: 500, premium: 667 } });
  addsUp(t, hers);

  ok(
    await app.operator.post(`/v1/collections/${doubted.id}/premium`, {
      outcome: 'refused',
      reason: '无证据',
    }),
  );
  const later = await read(pass);
  const decided = later.items.find((item: { id: string }) => item.id === doubted.id);
  t.match(decided, { earned: { base: 1_500, premium: 0, waits: 0, decision: 'refused' }, why: [] });
  addsUp(t, later);

  const first = await read(pass, '?limit=2');
  const second = await read(pass, `?limit=2&cursor=${first.nextCursor}`);
  const third = await read(pass, `?limit=2&cursor=${second.nextCursor}`);
  const paged = [first, second, third].flatMap(({ items }) => items.map(({ id }: { id: string }) => id));
  t.same(
    paged,
    later.items.map(({ id }: { id: string }) => id),
  );
  t.equal(third.nextCursor, null);
});

t.test('one link opens all of a person’s open weigh-ins, once', async (t) => {
  const { client, anyone, collector, weigh, open, read, link } = await quay(t);
  const lin = await collector();
  const wang = await collector('王海生');
  const bags = [await weigh(lin.id), await weigh(lin.id), await weigh(lin.id)];
  const hers = await weigh(wang.id);
  const made = await link(lin.id);
  t.match(made.path, /^\/b\/[\w-]{12}$/);
  const racing = await Promise.all(
    Array.from({ length: 5 }, () => anyone.post('/v1/passbooks', { link: made.token })),
  );
  t.same(racing.map(({ status }) => status).sort(), [200, 404, 404, 404, 404], 'five at once open it once');
  const { pass } = racing.find(({ status }) => status === 200)!.body;
  const { items } = await read(pass);
  t.equal(items.length, 3);
  const say = (what: string, body: object) => anyone.post(`/v1/passbooks/${pass}/${what}`, body);
  const seenOf = (id: string) => items.find((item: { id: string }) => item.id === id).seenSha256;
  const sent = { collectionId: bags[0].id, seenSha256: seenOf(bags[0].id) };
  const confirmed = ok(await say('confirmations', sent));
  t.match(confirmed, { id: bags[0].id, method: 'sms' });
  t.same((await say('confirmations', sent)).body, confirmed, 'sent once more it is answered once more');
  refused(
    t,
    await say('confirmations', { ...sent, collectionId: bags[1].id, seenSha256: 'a'.repeat(64) }),
    409,
    'values_changed',
  );
  refused(t, await say('confirmations', { ...sent, collectionId: hers.id }), 404, 'not_found');
  refused(t, await say('confirmations', { ...sent, collectionId: randomUUID() }), 404, 'not_found');
  refused(t, await say('disputes', { collectionId: hers.id, about: 'weight' }), 404, 'not_found');
  const dispute = { collectionId: bags[1].id, about: 'weight', claimedGrams: 13_000, note: '秤没有归零' };
  t.match(ok(await say('disputes', dispute)), { about: 'weight', way: 'sms' });
  refused(t, await say('disputes', { ...dispute, note: '再说一次' }), 409, 'dispute_open');
  refused(
    t,
    await say('disputes', { collectionId: bags[2].id, about: 'price', claimedGrams: 1 }),
    400,
    'malformed',
  );
  const now = await read(pass);
  t.equal(now.open, 1, 'one is left');
  t.match(
    now.items.find((item: { id: string }) => item.id === bags[1].id),
    { open: false, dispute: { about: 'weight', outcome: null } },
  );
  t.match(ok(await client.get(`/v1/collections/${bags[0].id}/confirmations`), 200).items, [
    { method: 'sms', current: true },
  ]);
  t.match(await read(await open({ card: wang.card })), { open: 1, bags: 1 }, 'hers was not touched');
});

t.test('who opens a passbook, and when it closes', async (t) => {
  const { app, client, anyone, collector, weigh, open, link } = await quay(t);
  const lin = await collector();
  const bag = await weigh(lin.id);
  const at = (pass: string) => anyone.get(`/v1/passbooks/${pass}`);
  const tryPin = (pin: string) => anyone.post('/v1/passbooks', { card: { ...lin.card, pin } });
  refused(t, await tryPin('0000'), 403, 'wrong_card_or_pin');
  refused(t, await anyone.post('/v1/passbooks', { card: { number: lin.card.number } }), 400, 'malformed');
  refused(t, await anyone.post('/v1/passbooks', {}), 400, 'malformed');
  refused(t, await anyone.post('/v1/passbooks', { card: lin.card, link: 'x' }), 400, 'malformed');
  refused(t, await at('x'), 404, 'not_found');

  const closed = await open({ card: lin.card });
  t.equal((await at(closed)).headers['cache-control'], 'no-store');
  ok(await anyone.delete(`/v1/passbooks/${closed}`), 200);
  refused(t, await at(closed), 404, 'not_found');

  const over = await open({ card: lin.card });
  await app.deps.pool.query('UPDATE passbook_passes SET expires_at = $1', [Date.now()]);
  refused(t, await at(over), 404, 'not_found');
  const { token } = await link(lin.id);
  await app.deps.pool.query('UPDATE passbook_links SET expires_at = $1', [Date.now()]);
  refused(t, await anyone.post('/v1/passbooks', { link: token }), 404, 'not_found');

  const lost = await open({ card: lin.card });
  const { items } = (await at(lost)).body;
  const voice = { collectionId: bag.id, seenSha256: items[0].seenSha256 };
  ok(await client.post(`/v1/collectors/${lin.id}/card/block`), 200);
  refused(t, await at(lost), 404, 'not_found');
  refused(t, await anyone.post(`/v1/passbooks/${lost}/confirmations`, voice), 404, 'not_found');
  ok(await client.post(`/v1/collectors/${lin.id}/card`, { pin: '4711' }));

  const byLink = ok(await anyone.post('/v1/passbooks', { link: (await link(lin.id)).token }), 200).pass;
  const unused = (await link(lin.id)).token;
  ok(await client.delete(`/v1/collectors/${lin.id}/personal-data`), 200);
  refused(t, await at(byLink), 404, 'not_found');
  refused(t, await anyone.post('/v1/passbooks', { link: unused }), 404, 'not_found');
  t.equal((await client.post(`/v1/collectors/${lin.id}/passbook-links`, {})).status, 404);
  ok(await app.operator.delete(`/v1/collectors/${lin.id}/personal-data?stage=erase`), 200);
  const { rows } = await app.deps.pool.query(
    'SELECT (SELECT count(*) FROM passbook_links)::int4 AS links, (SELECT count(*) FROM passbook_passes)::int4 AS passes',
  );
  t.same(rows, [{ links: 0, passes: 0 }], 'nothing is left of them');
});

t.test('five wrong PINs lock the card, thirty wrong tries the address', async (t) => {
  const { anyone, collector, open } = await quay(t);
  const lin = await collector();
  const card = (pin: string, number = lin.card.number) =>
    anyone.post('/v1/passbooks', { card: { number, pin } });
  const many = await Promise.all(Array.from({ length: 12 }, () => card('0000')));
  const count = (code: string) => many.filter(({ body }) => body.code === code).length;
  t.same([count('wrong_card_or_pin'), count('card_locked')], [5, 7], 'many at once get no more than five');
  refused(t, await card('4711'), 409, 'card_locked');
  const wang = await collector('王海生');
  for (let i = 0; i < 3; i++) await open({ card: wang.card });
  const unknown = '0000079927398713';
  for (let i = 13; i < 30; i++) refused(t, await card('4711', unknown), 403, 'wrong_card_or_pin');
  const late = await card('4711', unknown);
  refused(t, late, 429, 'too_many_tries');
  t.ok(Number(late.headers['retry-after']) > 0);
  refused(t, await anyone.post('/v1/passbooks', { link: 'x' }), 429, 'too_many_tries');
  refused(t, await anyone.post('/v1/passbooks', { card: wang.card }), 429, 'too_many_tries');
});

t.test('payouts, what comes back of them, and what is under way', async (t) => {
  const s = await openedPayouts(t, 1);
  const [id] = s.collectors as [string];
  await s.fund('rail', 100_000);
  await s.earn(id, 9_000);
  const order = ok(await s.order(id, {}));
  const { token } = ok(await s.client.post(`/v1/collectors/${id}/passbook-links`, {}));
  const anyone = s.app.client('x');
  const { pass } = ok(await anyone.post('/v1/passbooks', { link: token }), 200);
  const read = async () => ok(await anyone.get(`/v1/passbooks/${pass}`), 200);
  t.match((await read()).accounts, [
    { owed: 9_000, inPayment: 9_000, paid: 0, underWay: [{ id: order.id, state: 'draft', amount: 9_000 }] },
  ]);
  ok(await s.approve(order.id));
  ok(await s.submit(order.id));
  await s.tick();
  s.confirmAll();
  await s.tick(60_000);
  const book = await read();
  t.match(book.accounts, [
    {
      ...{ owed: 0, inPayment: 0, earned: 9_000, paid: 9_000, underWay: [] },
      money: [{ kind: 'paid', amount: 9_000, rail: 'wechat', subjectId: order.id }],
    },
  ]);
  addsUp(t, book);
});

t.test('what became of a bag: the batch, its grams in it, and the bonus', async (t) => {
  const { app } = await quay(t);
  const made = await tradeOf(app, 200);
  const { seller, seal, sell, post } = made;
  const shares = [
    { to: 'collectors', basisPoints: 6_000, base: 'margin-after-costs' },
    { to: 'fund', basisPoints: 4_000, base: 'margin-after-costs' },
  ];
  ok(await app.operator.post('/v1/distribution-rules', { shares }));
  const consent = { version: '1', at: new Date().toISOString() };
  const { id } = ok(
    await app.operator.post('/v1/collectors', { siteId: seller.siteId, name: '渔民', consent }),
  );
  const weigh = async (collectorId: string | undefined, grossGrams: number) =>
    ok(
      await seller.client.post('/v1/collections', {
        ...{ id: randomUUID(), siteId: seller.siteId, material: 'pet', form: 'bottle', collectorId },
        ...{ originClass: 'sea-recovered', originEvidence: 'position', grossGrams, tareGrams: 0 },
        ...{ basis: 'weighed', collectedAt: new Date().toISOString() },
      }),
    ).lot.id as string;
  const mine = await weigh(id, 1_000_000);
  const batch = await seal([{ lotId: mine, grams: 600_000 }, { lotId: await weigh(undefined, 600_000) }]);
  ok(await sell(batch.id));
  ok(await post(batch.id, 'payments', { amount: fen(1_000_000), receivedAt: AT }));
  const { token } = ok(await app.operator.post(`/v1/collectors/${id}/passbook-links`, {}));
  const anyone = app.client('x');
  const { pass } = ok(await anyone.post('/v1/passbooks', { link: token }), 200);
  let book: Answer['body'];
  for (let i = 0; i < 200; i++) {
    book = ok(await anyone.get(`/v1/passbooks/${pass}`), 200);
    if (book.accounts[0].money.length > 0) break;
    await new Promise((done) => setTimeout(done, 20));
  }
  const code = ok(await app.operator.get(`/v1/batches/${batch.id}`), 200).code;
  t.match(book.items[0].destinations, {
    leftGrams: 400_000,
    batches: [{ code, material: 'pet', form: 'bottle', grams: 600_000 }],
  });
  t.match(book.accounts[0].money, [{ kind: 'bonus', batchCode: code, amount: 300_000 }]);
  addsUp(t, book);
  const said = JSON.stringify(book);
  for (const secret of ['买家', 'buyerId', seller.organisationId])
    t.notOk(said.includes(secret), `no ${secret}`);
});
