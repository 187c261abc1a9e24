import t from 'tap';
import { sha256 } from '../../src/kernel/hash.ts';
import { checkSumProof } from '../../src/ledger/sum-tree.ts';
import { borneBy, coveredBy } from '../../src/proofs/covered.ts';
import { fen } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';
import { openedPayouts } from '../support/payouts.ts';
import { ok, settled, sharingOf } from '../support/sharing.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const price = { price: { amount: 1, currency: 'CNY', perGrams: 1 } };

t.test('what was earned first is paid first, and a correction counts to its weigh-in', (t) => {
  const earn = (seq: number, amount: number, origin = seq) => ({ seq, origin, delta: -amount, paid: 0 });
  const pay = (seq: number, amount: number) => ({ seq, origin: seq, delta: amount, paid: amount });
  const of = (...moves: Parameters<typeof coveredBy>[0][number][]) => Object.fromEntries(coveredBy(moves));
  t.same(of(earn(1, 100), earn(2, 100), pay(3, 150)), { 1: 100, 2: 50 });
  t.same(of(earn(1, 100), earn(2, 100)), { 1: 0, 2: 0 });
  // The second is voided: nothing of it was paid, and nothing of the first is for that.
  t.same(of(earn(1, 100), earn(2, 100), earn(4, -100, 2)), { 1: 0, 2: 0 });
  t.same(of(earn(1, 100), earn(2, 100), earn(4, -100, 2), pay(5, 60)), { 1: 60, 2: 0 });
  // A payment that came back covers nothing.
  t.same(of(earn(1, 100), pay(2, 100), pay(3, -100)), { 1: 0 });
  // Corrected upwards later, it is still what was earned first.
  t.same(of(earn(1, 100), earn(2, 50), earn(3, 20, 1), pay(4, 130)), { 1: 120, 2: 10 });
  t.equal(borneBy(100, 1, 3), 33);
  t.equal(borneBy(100, 3, 3), 100);
  t.equal(borneBy(100, 4, 3), 100, 'never more than all');
  t.equal(borneBy(2 ** 53 - 1, 2 ** 52, 2 ** 53 - 1), 2 ** 52, 'beyond 2^53 in between');
  t.end();
});

t.test('of X yuan, Y was paid to N people, Z is owed; each has a leaf, and nobody another’s', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const people = await s.people(7);
  const cards: { number: string; pin: string }[] = [];
  for (const id of people) {
    const { cardNumber } = ok(await app.operator.post(`/v1/collectors/${id}/card`, { pin: '4711' }));
    cards.push({ number: cardNumber, pin: '4711' });
  }
  const cash = (amount: number) => ({ settlement: { kind: 'cash', paid: fen(amount) } });
  const bags: { id: string; lotId: string }[] = [];
  // Four are paid at the scale, one in goods, one later in cash, one not yet.
  for (const [i, id] of people.entries()) {
    const grams = 10_000 + i;
    const more = i < 4 ? cash(grams) : i === 4 ? { settlement: { kind: 'goods', paid: fen(4_000) } } : {};
    bags.push(await s.weighIn(grams, { collectorId: id, quote: price, ...more }));
  }
  const batch = await s.seal(bags.map(({ lotId }) => ({ lotId })));
  const at = `/v1/batches/${batch.id}/payment-proofs`;
  const read = async (query = '', name = batch.code) =>
    (await app.app.inject(`/v1/batches/${name}/payment-proof${query}`)).json();
  t.match(await read(), { status: 404 }, 'nothing is shown that was not published');
  const first = ok(await app.operator.post(at, {}));
  const paidAtScale = 10_000 + 10_001 + 10_002 + 10_003 + 4_000;
  t.match(await read(), {
    ...{ batchId: batch.id, seq: first.receipt.seq, people: 5, count: 5, paid: paidAtScale },
    ...{ earned: null, owed: null },
  });
  t.match(await app.operator.post(at, {}), { status: 409, body: { code: 'too_few_changed' } });

  // One is paid from the float: the next proof would tell exactly how much.
  const float = ok(
    await app.operator.post('/v1/cash-floats', { siteId: s.seller.siteId, amount: fen(1_000_000) }),
  );
  const payCash = (i: number, amount: number) =>
    app.operator.post(`/v1/cash-floats/${float.id}/payments`, {
      ...{ collectorId: people[i], amount: fen(amount), paidAt: new Date().toISOString() },
    });
  ok(await payCash(5, 10_005));
  t.match(await app.operator.post(at, {}), { status: 409, body: { code: 'too_few_changed' } });
  t.match(await read(), { paid: paidAtScale, people: 5 });

  // The batch sells well: now everybody stands otherwise.
  const shares = [{ to: 'collectors', basisPoints: 10_000, base: 'margin-after-costs' }];
  ok(await app.operator.post('/v1/distribution-rules', { shares }));
  ok(await s.sell(batch.id));
  ok(await s.post(batch.id, 'payments', { amount: fen(70_021), receivedAt: new Date().toISOString() }));
  await settled(app);
  const second = ok(await app.operator.post(at, {}));
  const earned = 70_021 * 2;
  const paid = paidAtScale + 10_005;
  const shown = await read();
  t.match(shown, { earned, paid, owed: earned - paid, people: 6, count: 6, root: second.root });
  t.match(await read(`?asOfSeq=${second.receipt.seq - 1}`), { root: first.root }, 'as of before');
  t.match(await read('', batch.id), { root: second.root }, 'by id as by code');

  // Each person’s leaf leads to the public root, by card and PIN; the PIN of somebody else shows nothing.
  const mine = (i: number, pin = '4711') =>
    s.seller.client.post('/v1/payment-proofs/mine', { card: { ...cards[i], pin } });
  const expected = [10_000, 10_001, 10_002, 10_003, 4_000, 10_005];
  for (const [i, amount] of expected.entries()) {
    const { items } = ok(await mine(i), 200);
    t.match(items, [{ code: batch.code, seq: second.receipt.seq, amount }]);
    const { proof, root } = items[0];
    const path = proof.path.map((n: { hash: string; sum: number }) => ({ hash: hex(n.hash), sum: n.sum }));
    const way = { index: proof.index, count: proof.count, leafSalt: hex(proof.leafSalt), path };
    const check = (claimed: number) =>
      checkSumProof(sha256, { id: proof.id, amount: claimed }, way, {
        root: hex(root),
        total: shown.paid,
        count: shown.count,
      });
    t.doesNotThrow(() => check(amount));
    t.throws(() => check(amount + 1), /total|root/);
  }
  t.same(ok(await mine(6), 200).items, [], 'who was paid nothing has no leaf');
  t.equal((await mine(0, '1111')).status, 403);
  const { token } = ok(await app.operator.post(`/v1/collections/${bags[0]!.id}/links`, {}));
  const linked = (await app.app.inject(`/v1/links/${token}/payment-proofs`)).json();
  t.match(linked, { items: [{ amount: 10_000, root: second.root }] });
  t.equal((await app.app.inject('/v1/links/wrong/payment-proofs')).statusCode, 404);

  // Who has the database in hand moves a fen from one leaf to another: then no leaf is given out.
  const owner = await app.superuser();
  const leaves = `${app.deps.config.databaseSchema}.payment_leaves`;
  const cheat = (by: number) =>
    owner.query(`UPDATE ${leaves} SET paid = paid + $1 WHERE root = $2 AND paid = $3`, [
      by,
      second.root,
      by > 0 ? 10_000 : 10_000 - by,
    ]);
  await cheat(7);
  t.match(ok(await mine(1), 200), { items: [{ proof: null }] });
  await cheat(-7);
  t.match(ok(await mine(1), 200), { items: [{ proof: { count: 6 } }] });

  const log = JSON.stringify((await app.operator.get('/v1/ledger/entries?limit=1000')).body);
  for (const id of people) t.notOk(log.includes(id), 'nor who');
  t.notOk(/\b4000\b/.test(log), 'no amount of one person is public');
});

t.test('a part of a weigh-in bears its part of the money; a correction and a void lower it', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const people = await s.people(5);
  const bags: { id: string; lotId: string }[] = [];
  for (const id of people) {
    const settlement = { kind: 'goods', paid: fen(3_001) };
    bags.push(await s.weighIn(9_000, { collectorId: id, quote: price, settlement }));
  }
  // A third of each goes into the batch.
  const batch = await s.seal(bags.map(({ lotId }) => ({ lotId, grams: 3_000 })));
  const at = `/v1/batches/${batch.id}/payment-proofs`;
  ok(await app.operator.post(at, {}));
  const read = async () => (await app.app.inject(`/v1/batches/${batch.id}/payment-proof`)).json();
  t.match(await read(), { earned: 5 * 3_000, paid: 5 * 1_000, owed: 10_000, people: 5 });
  for (const { id } of bags)
    ok(await s.seller.client.post(`/v1/collections/${id}/correction`, { grossGrams: 6_000, reason: '水' }));
  ok(await app.operator.post(at, {}));
  // 6,000 fen each by now, over the 9,000 grams that came in; the batch holds a third of them.
  t.match(await read(), { earned: 5 * 2_000, paid: 5 * 1_000, owed: 5_000, people: 5 });
  for (const { id } of bags)
    ok(await s.seller.client.post(`/v1/collections/${id}/void`, { reason: '登记两次' }));
  t.match(await app.operator.post(at, {}), { status: 409, body: { code: 'too_few_people' } });
});

t.test('paid is what the rail confirmed; what comes back is not', async (t) => {
  const s = await openedPayouts(t, 6);
  const { app, collectors } = s;
  await s.fund('rail', 1_000_000);
  const lots: { lotId: string }[] = [];
  for (const [i, id] of collectors.entries()) lots.push({ lotId: (await s.earn(id, 1_000 + i)).lot.id });
  const batch = ok(await s.client.post('/v1/batches', { siteId: s.siteId, inputs: lots }));
  const at = `/v1/batches/${batch.id}/payment-proofs`;
  const publish = () => s.payer.post(at, {});
  t.match(await publish(), { status: 409, body: { code: 'too_few_people' } }, 'earned is not paid');
  for (const id of collectors) {
    const order = ok(await s.order(id, {}));
    ok(await s.approve(order.id));
    ok(await s.submit(order.id));
  }
  await s.tick();
  t.match(await publish(), { status: 409, body: { code: 'too_few_people' } }, 'sent is not paid');
  s.confirmAll();
  await s.tick(60_000);
  await s.tick(600_000);
  const { body, status } = await publish();
  t.match({ status, body }, { status: 201, body: { people: 6, paid: 6_015 } });
  t.match((await app.app.inject(`/v1/batches/${batch.code}/payment-proof`)).json(), {
    ...{ earned: 6_015, paid: 6_015, owed: 0, people: 6 },
  });
});
