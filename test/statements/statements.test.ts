import t from 'tap';
import { AT, fen } from '../resale/sealed.ts';
import type { TestApp } from '../support/app.ts';
import { PLAIN, setUp } from './harness.ts';

t.test('S9: a gram has one holder, and a return supersedes what was stated', async (t) => {
  const set = await setUp(t);
  const { app, ask, act, issue, becomes, first, brandA, brandB, seller } = set;
  const { batch, sale } = await set.soldBatch(3_000_001, 2_500_003, 1_699_996);
  const asked = (await ask(brandA.client, { batchId: batch.id, grams: 7_200_000 })).body;
  t.match(asked, { state: 'requested', grams: 7_200_000, code: null });
  const issued = await issue(asked.id);
  t.match(issued, { state: 'issued', code: /^[0-9A-Z]{16}$/ });

  await app.operator.put('/v1/schemes/plastic-credit', {
    rules: { ...(await rules(app)), exclusionGroup: 'offset' },
  });
  await app.operator.put('/v1/schemes/other-content', { rules: await rules(app) });
  await app.operator.put('/v1/schemes/footprint', {
    rules: { ...(await rules(app)), exclusionGroup: 'none' },
  });
  const others = await Promise.all(
    Array.from({ length: 10 }, () =>
      ask(seller.client, {
        batchId: batch.id,
        holderOrganisationId: brandB.organisationId,
        grams: 1_000_000,
      }),
    ),
  );
  for (const { body } of others)
    t.match(body, { status: 409, code: 'nothing_held', state: { remainingGrams: 0 } });
  const again = await Promise.all(
    Array.from({ length: 10 }, () => ask(brandA.client, { batchId: batch.id, grams: 1_000_000 })),
  );
  for (const { body } of again)
    t.match(body, {
      status: 409,
      code: 'grams_claimed',
      state: { remainingGrams: 0, eligibleGrams: 7_200_000 },
    });
  t.match((await ask(brandA.client, { batchId: batch.id, scheme: 'plastic-credit', grams: 1 })).body, {
    code: 'grams_claimed',
    state: { remainingGrams: 0 },
  });
  const reference = (await ask(brandA.client, { batchId: batch.id, scheme: 'other-content' })).body;
  t.match(reference, { state: 'requested', grams: 7_200_000 });
  t.match((await ask(brandA.client, { batchId: batch.id, scheme: 'footprint' })).body, { grams: 7_200_000 });
  t.match((await ask(brandA.client, { batchId: batch.id, scheme: 'footprint' })).body, { grams: 7_200_000 });

  const posted = (what: string, more: object) => set.post(batch.id, what, more);
  await posted('payments', { amount: fen(6_480_000), receivedAt: AT });
  await posted('deliveries', { grams: 7_200_000, deliveredAt: AT });
  const started = Date.now();
  const returned = await posted('returns', {
    grams: 1_200_000,
    measuredGrams: 1_188_000,
    siteId: seller.siteId,
    creditNote: fen(1_800_000),
    returnedAt: AT,
    reason: 'too moist',
  });
  t.equal(returned.status, 201);
  const old = await becomes(asked.id, 'superseded');
  t.ok(Date.now() - started < 60_000, 'within a minute');
  const next = await set.read(old.replacedBy);
  t.match(next, { state: 'issued', grams: 6_000_000, ofGrams: 6_000_000, replaces: asked.id });
  t.not(next.code, issued.code, 'under a code of its own');
  await becomes(reference.id, 'superseded');
  t.match((await ask(brandA.client, { batchId: batch.id, grams: 1 })).body, { state: { remainingGrams: 0 } });
  t.match((await act(first, asked.id, 'suspend', { reason: 'late' })).body, {
    status: 409,
    code: 'wrong_state',
    state: { state: 'superseded', replacedBy: next.id },
  });
  const product = { batchId: batch.id, saleId: sale.id, unitMassGrams: 30, contentGrams: 15, market: 'CN' };
  t.equal((await brandA.client.post('/v1/products', { ...product, units: 400_000 })).status, 201);
  await app.deps.follower.catchUp();
  t.match((await set.read(next.id)).state, 'issued', 'what went into products is held all the same');
  t.match((await brandA.client.get(`/v1/batches/${batch.id}/eligibility?scheme=${PLAIN}`)).body, {
    grams: 6_000_000,
    eligibleGrams: 6_000_000,
    reasons: [],
  });
});

const rules = async (app: TestApp) => (await app.operator.get(`/v1/schemes/${PLAIN}`)).body.rules;

t.test('a doubt upstream suspends only what it touches, and two people reinstate it', async (t) => {
  const set = await setUp(t);
  const { app, ask, act, issue, read, becomes, first, second, brandA } = set;
  const doubtful = await set.soldBatch(300_000, 200_000);
  const sound = await set.soldBatch(100_000, 50_000);
  const [a, b] = [
    (await ask(brandA.client, { batchId: doubtful.batch.id })).body,
    (await ask(brandA.client, { batchId: sound.batch.id })).body,
  ];
  await issue(a.id);
  await issue(b.id);
  const { body: provenance } = await app.operator.get(`/v1/lots/${doubtful.sale.lotId}/provenance`);
  const { body: all } = await app.operator.get('/v1/collections?limit=100');
  const collection = all.items.find(
    (item: { lot: { id: string } }) => item.lot.id === provenance.items[0].lotId,
  );
  const marked = await app.operator.post(`/v1/collections/${collection.id}/marks`, { code: 'review' });
  t.equal(marked.status, 201);
  t.match(await becomes(a.id, 'suspended'), { reason: 'eligible-below', grams: 500_000 });
  t.match(await read(b.id), { state: 'issued' });
  t.match((await app.operator.get(`/v1/batches/${doubtful.batch.id}/eligibility?scheme=${PLAIN}`)).body, {
    grams: 500_000,
    eligibleGrams: 200_000,
    reasons: [{ code: 'mark', mark: 'review', grams: 300_000 }],
  });
  t.match((await act(first, a.id, 'reinstate')).body, {
    status: 409,
    code: 'not_eligible',
    state: { grams: 500_000, eligibleGrams: 200_000 },
  });
  for (const client of [first, second])
    t.equal((await client.post(`/v1/marks/${marked.body.id}/clearings`, {})).status, 201);
  t.match((await act(first, a.id, 'reinstate')).body, { state: 'suspended' });
  t.match((await act(first, a.id, 'reinstate')).body, { status: 403, code: 'same_holder' });
  t.match((await act(second, a.id, 'reinstate')).body, { state: 'issued' });
  t.match(await read(a.id), { state: 'issued', reason: null });
  t.match((await act(first, a.id, 'revoke', { reason: '证据系伪造' })).body, { state: 'revoked' });
  t.match((await ask(brandA.client, { batchId: doubtful.batch.id })).body, { grams: 500_000 }, 'free again');
});

t.test('who may ask and who may decide', async (t) => {
  const set = await setUp(t);
  const { app, ask, act, issue, first, second, body, brandA, brandB, seller } = set;
  const { batch, sale } = await set.soldBatch(400_000, 100_000);
  const plain = { batchId: batch.id };
  t.match((await ask(brandB.client, plain)).body, { status: 422, code: 'unknown_batch' });
  t.match((await ask(brandA.client, { ...plain, scheme: 'no-such' })).body, { code: 'unknown_scheme' });
  t.match((await ask(brandA.client, { ...plain, grams: 500_001 })).body, {
    code: 'grams_claimed',
    state: { remainingGrams: 500_000 },
  });
  const racers = await Promise.all(
    Array.from({ length: 10 }, () => ask(brandA.client, { ...plain, grams: 100_000 })),
  );
  t.equal(racers.filter(({ status }) => status === 201).length, 5, 'as many as the grams allow');
  const [one, two, ...others] = racers.filter(({ status }) => status === 201).map((r) => r.body);
  t.match((await act(brandA.client, one.id, 'approve')).body, { status: 403 });
  const ownKey = await app.keyFor(seller.organisationId, 'certifier');
  t.match((await act(ownKey, one.id, 'approve')).body, { status: 403, code: 'profits' });
  t.match((await act(first, one.id, 'approve')).body, { state: 'in-review' });
  t.match((await act(first, one.id, 'approve')).body, { status: 403, code: 'same_holder' });
  const sameName = await app.keyFor(body.id, 'certifier', { holder: ' ｌi' });
  t.match((await act(sameName, one.id, 'approve')).body, { code: 'same_holder' }, 'written otherwise');
  const both = await Promise.all([act(second, one.id, 'approve'), act(second, one.id, 'approve')]);
  t.same(both.map(({ status }) => status).sort(), [201, 409], 'issued once');
  t.match((await act(first, two.id, 'refuse', { reason: '证据不足' })).body, { state: 'refused' });
  t.match((await act(brandB.client, others[0].id, 'withdraw', { reason: 'x' })).body, { status: 404 });
  t.match((await act(brandA.client, others[0].id, 'withdraw', { reason: 'not needed' })).body, {
    state: 'withdrawn',
  });
  t.match((await ask(brandA.client, { ...plain, grams: 200_001 })).body, {
    state: { remainingGrams: 200_000 },
  });
  t.equal((await brandB.client.get(`/v1/statements/${one.id}`)).status, 404);
  t.match((await brandA.client.get('/v1/statements')).body.items.length, 5);
  t.equal((await brandB.client.get('/v1/statements')).body.items.length, 0);
  t.match((await app.operator.get('/v1/statements?state=issued')).body.items.length, 1);

  const theirs = { rules: { ...(await rules(app)), issues: 'certificate' } };
  t.match((await app.operator.put('/v1/schemes/body-a', theirs)).body, { status: 422, code: 'not_a_body' });
  t.equal((await first.put('/v1/schemes/body-a', theirs)).status, 200);
  t.match((await app.operator.put('/v1/schemes/body-a', { rules: await rules(app) })).body, {
    status: 403,
    code: 'not_yours',
  });
  t.match((await first.put('/v1/schemes/body-a', theirs)).body, { status: 409, code: 'nothing_changed' });
  const certificate = (await ask(brandA.client, { ...plain, scheme: 'body-a' })).body;
  t.match((await act(app.operator, certificate.id, 'approve')).body, { code: 'not_its_body' });
  t.match(await issue(certificate.id), { state: 'issued' });
  t.equal((await app.client('no key at all').get('/v1/schemes')).body.items.length, 2, 'rules are public');
  t.ok(sale.lotId);
});

t.test('a code is answered by what the log says, for anyone', async (t) => {
  const set = await setUp(t);
  const { app, ask, act, issue, first, second, brandA, body } = set;
  const anyone = app.client('');
  const verify = async (code: string) => (await anyone.get(`/v1/verify/${code}`)).body;
  const { batch, sale } = await set.soldBatch(300_000, 200_000);
  const asked = (await ask(brandA.client, { batchId: batch.id, grams: 400_000 })).body;
  const { code } = await issue(asked.id);
  await first.put(`/v1/organisations/${body.id}/public-name`, { name: 'Body A', consent: 'by letter' });
  t.match(
    (await brandA.client.put(`/v1/organisations/${body.id}/public-name`, { name: 'x', consent: 'x' })).body,
    {
      status: 404,
    },
  );
  const { size } = await app.verify();
  t.ok(await app.deps.publisher.covering(size, 10_000));
  const valid = await verify(code);
  t.match(valid, {
    code,
    verdict: 'valid',
    reasons: [],
    signature: { valid: true, origin: app.deps.config.ledgerOrigin },
    statement: {
      grams: 400_000,
      ofGrams: 500_000,
      shareBasisPoints: 8_000,
      custodyModel: 'identity-preserved',
      scheme: { code: PLAIN, version: 1, issues: 'traceability-statement' },
      batch: { code: batch.code },
      approvedBy: [{ name: 'Body A' }, { name: 'Body A' }],
    },
    claim: { exclusionGroup: 'content', grams: 400_000, inProductsGrams: 0, remainingGrams: 400_000 },
  });
  t.notMatch(JSON.stringify(valid), brandA.organisationId, 'no buyer is public');
  const typed = ` ${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `
    .replaceAll('0', 'o')
    .replaceAll('1', 'l');
  t.match(await verify(encodeURIComponent(typed)), { verdict: 'valid' }, 'as people type it');
  const product = {
    batchId: batch.id,
    saleId: sale.id,
    units: 10,
    unitMassGrams: 100,
    contentGrams: 50,
    market: 'CN',
  };
  t.equal((await brandA.client.post('/v1/products', product)).status, 201);
  t.match((await verify(code)).claim, { inProductsGrams: 500, remainingGrams: 399_500 });

  const many = ['nonsense', code, '', 'x'.repeat(200), '0123456789ABCDEF', "'; DROP TABLE statements; --"];
  const { body: answered } = await anyone.post('/v1/verify', {
    codes: [...many, ...Array.from({ length: 994 }, (_, i) => `${i}`.padStart(16, '0'))],
  });
  t.same(
    answered.items.slice(0, 6).map(({ verdict }: { verdict: string }) => verdict),
    ['unknown', 'valid', 'unknown', 'unknown', 'unknown', 'unknown'],
  );
  t.equal(answered.items.length, 1_000);
  t.match((await anyone.post('/v1/verify', { codes: Array(1_001).fill(code) })).body, { status: 400 });

  await act(first, asked.id, 'suspend', { reason: '待查' });
  t.match(await verify(code), { verdict: 'suspended' });
  await act(first, asked.id, 'reinstate');
  await act(second, asked.id, 'reinstate');
  t.match(await verify(code), { verdict: 'valid' });
  const later = await app.app.inject({ method: 'GET', url: `/v1/verify/${code}` });
  t.equal(later.headers['cache-control'], 'no-store');

  // Somebody with every right on the database.
  const db = await app.superuser();
  const schema = app.deps.config.databaseSchema;
  await db.query(`SET search_path = ${schema}; ALTER TABLE chunks DISABLE TRIGGER ALL`);
  for (const [change, back] of [
    ['UPDATE statements SET grams = grams + 1', 'UPDATE statements SET grams = grams - 1'],
    ["UPDATE statements SET state = 'revoked'", "UPDATE statements SET state = 'issued'"],
    [
      "UPDATE statements SET custody_model = 'segregated'",
      "UPDATE statements SET custody_model = 'identity-preserved'",
    ],
    [
      'UPDATE statements SET valid_until = valid_until + 1',
      'UPDATE statements SET valid_until = valid_until - 1',
    ],
  ] as const) {
    t.equal((await db.query(change)).rowCount, 1, change);
    t.match(await verify(code), { verdict: 'tampered', reasons: ['tables-differ-from-log'] }, change);
    await db.query(back);
  }
  t.match(await verify(code), { verdict: 'valid' });
  // What is signed is not looked at again; leaves turned before that would stop this process from writing, rightly.
  t.ok(await app.deps.publisher.covering((await app.verify()).size, 10_000));
  const { rows } = await db.query('SELECT first_seq, leaves FROM chunks ORDER BY first_seq DESC');
  for (const { first_seq: at, leaves } of rows) {
    const turned = Buffer.from(leaves);
    turned[turned.length - 1]! ^= 1;
    await db.query('UPDATE chunks SET leaves = $2 WHERE first_seq = $1', [at, turned]);
  }
  const restarted = await app.restart();
  const seen = (await restarted.app.inject({ method: 'GET', url: `/v1/verify/${code}` })).json();
  t.match(seen, { verdict: 'tampered', reasons: ['not-in-the-signed-log'] });
  await restarted.close();
  for (const { first_seq: at, leaves } of rows)
    await db.query('UPDATE chunks SET leaves = $2 WHERE first_seq = $1', [at, leaves]);
  for (const name of ['append_only', 'append_only_truncate'])
    await db.query(`ALTER TABLE chunks ENABLE ALWAYS TRIGGER ${name}`);
  await db.end();
  t.match((await act(first, asked.id, 'revoke', { reason: '伪造' })).body, { state: 'revoked' });
  t.match(await verify(code), { verdict: 'revoked', reasons: ['revoked', 'latest-fact-not-signed-yet'] });
});
