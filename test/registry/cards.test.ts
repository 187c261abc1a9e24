import t from 'tap';
import { cardNumber, isCardNumber } from '../../src/registry/cards.ts';
import { startTestApp } from '../support/app.ts';

t.test('a card number carries a check digit that one wrong digit breaks', async (t) => {
  // The textbook example of the Luhn formula: 7992739871 has the check digit 3.
  t.ok(isCardNumber('0000079927398713'));
  t.notOk(isCardNumber('0000079927398710'));
  const number = cardNumber(Buffer.alloc(16, 0xa7));
  t.ok(isCardNumber(number), number);
  for (let at = 0; at < number.length; at++)
    for (let by = 1; by < 10; by++) {
      const wrong = `${number.slice(0, at)}${(Number(number[at]) + by) % 10}${number.slice(at + 1)}`;
      if (isCardNumber(wrong)) t.fail(`${wrong} passes for ${number}`);
    }
});

t.test('a card is issued, replaced and blocked; neither number nor PIN is kept in clear', async (t) => {
  const app = await startTestApp(t);
  const [one, two] = [await app.site('station'), await app.site('station')];
  const { body: collector } = await one.client.post('/v1/collectors', { siteId: one.siteId, name: '林阿海' });
  const path = `/v1/collectors/${collector.id}/card`;
  t.match((await one.client.get(path)).body, { state: 'none', lockedUntil: null });
  t.match(await one.client.post(`${path}/block`), { status: 409, body: { code: 'no_card' } });
  const first = await one.client.post(path, { pin: '4711' }, { 'idempotency-key': 'card-1' });
  t.equal(first.status, 201);
  t.match(first.body, { id: collector.id, cardNumber: /^\d{16}$/ });
  const again = await one.client.post(path, { pin: '4711' }, { 'idempotency-key': 'card-1' });
  t.match(again.body, { id: collector.id, cardNumber: null, receipt: first.body.receipt }, 'shown once');
  t.equal((await one.client.post(path, { pin: '4712' }, { 'idempotency-key': 'card-1' })).status, 409);
  const second = await one.client.post(path, { pin: '471100' });
  t.not(second.body.cardNumber, first.body.cardNumber, 'another number');
  t.match((await one.client.get(path)).body, { state: 'active', seq: second.body.receipt.seq });
  for (const pin of ['471', '4711000', '47a1', ' 4711']) {
    const refused = await one.client.post(path, { pin });
    t.equal(refused.status, 400, pin);
    t.notOk(JSON.stringify(refused.body).includes(pin), 'and the answer does not repeat it');
  }
  for (const ask of [
    () => two.client.post(path, { pin: '4711' }),
    () => two.client.post(`${path}/block`),
    () => two.client.get(path),
  ])
    t.equal((await ask()).status, 404, 'nobody of another station');
  t.match((await one.client.post(`${path}/block`)).body, { id: collector.id, state: 'blocked' });
  t.match(await one.client.post(`${path}/block`), { status: 409, body: { code: 'card_blocked' } });

  const { rows } = await app.deps.pool.query('SELECT card_hash, pin FROM cards');
  t.equal(rows.length, 1, 'one card a person');
  t.match(rows[0].card_hash, /^[0-9a-f]{64}$/);
  t.equal(rows[0].pin.length, 48);
  t.notOk(rows[0].pin.includes('471100'));
  const { body: ledger } = await app.operator.get('/v1/ledger/entries?limit=1000');
  const facts = ledger.items.filter((e: { bytes: string }) => e.bytes.includes('collector.card-changed.v1'));
  t.equal(facts.length, 3);
  for (const { entry } of facts)
    t.same(
      Object.keys(entry.data).sort(),
      ['day', 'sealed', 'siteId'],
      'the type, the site and the day only',
    );
  for (const { seq } of facts) {
    const opened = JSON.stringify((await app.operator.get(`/v1/ledger/entries/${seq}/opening`)).body);
    for (const secret of [first.body.cardNumber, second.body.cardNumber, '471100', rows[0].card_hash])
      t.notOk(opened.includes(secret), 'not even sealed');
  }
});

t.test('an erasure takes the card, its PIN and its tries', async (t) => {
  const app = await startTestApp(t);
  const { client, siteId } = await app.site('station');
  const { body: collector } = await client.post('/v1/collectors', { siteId, name: '林阿海' });
  await client.post(`/v1/collectors/${collector.id}/card`, { pin: '4711' });
  const erase = `/v1/collectors/${collector.id}/personal-data`;
  await app.operator.delete(erase);
  t.equal((await app.operator.post(`/v1/collectors/${collector.id}/card`, { pin: '4711' })).status, 409);
  t.equal((await app.operator.delete(`${erase}?stage=erase`)).status, 200);
  const { rows } = await app.deps.pool.query('SELECT card_hash, pin, state FROM cards');
  t.same(rows, [{ card_hash: null, pin: null, state: 'erased' }]);
  t.match((await app.operator.get(`/v1/collectors/${collector.id}/card`)).body, { state: 'none' });
});
