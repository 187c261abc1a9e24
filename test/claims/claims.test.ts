import t from 'tap';
import { claimBooks } from '../../src/cli/doctor.claims.ts';
import { AT } from '../resale/sealed.ts';
import type { Client } from '../support/app.ts';
import { claimsOf } from './harness.ts';

t.test('a claim goes from reserved to retired, and the sums hold at each step', async (t) => {
  const set = await claimsOf(t);
  const { sold, stated, reserve, on, read, product, book, brandB, anyone, app } = set;
  const { batch, sale } = await sold([{ grams: 600_000 }, { grams: 400_000 }]);
  const { id: statementId, code } = await stated({ batchId: batch.id });
  const saleId = sale.id;

  const reserved = (await reserve({ statementIds: [statementId], grams: 10_000 })).body;
  t.match(reserved, { state: 'reserved', grams: 10_000, part: null });
  t.match(await read(reserved.id), { serials: [{ firstGram: 1, lastGram: 10_000 }], saleId });
  t.match(await book(saleId), { reserved: 10_000, issued: 0, used: [[1, 10_000]] });
  t.match((await on(reserved.id, 'retire', { productId: saleId })).body, { code: 'wrong_state' });
  t.match((await on(reserved.id, 'issue', {}, brandB.client)).body, { status: 404 });
  t.match((await on(reserved.id, 'issue')).body, { state: 'issued' });
  t.match((await on(reserved.id, 'issue')).body, { code: 'wrong_state', state: { state: 'issued' } });

  const toB = { grams: 4_000, toOrganisationId: brandB.organisationId };
  t.match((await on(reserved.id, 'transfer', toB)).body, { status: 422, code: 'goods_needed' });
  const goods = { reference: 'DN-1' };
  t.match((await on(reserved.id, 'transfer', { ...toB, grams: 10_001, goods })).body, { code: 'grams_gone' });
  const handed = (await on(reserved.id, 'transfer', { ...toB, goods })).body;
  t.match(handed, { state: 'transferred', grams: 4_000 });
  t.match(await read(handed.part), {
    ...{ state: 'transferred', holderId: brandB.organisationId, splitFrom: reserved.id },
    serials: [{ firstGram: 1, lastGram: 4_000 }],
  });
  t.match(await read(reserved.id), { state: 'issued', grams: 6_000 });
  t.equal((await set.brand.get(`/v1/claims/${handed.part}`)).status, 404, 'it is another’s by now');

  const { body: made } = await product(batch.id, saleId, { units: 100, contentGrams: 30 });
  t.match((await on(reserved.id, 'retire', {})).body, { code: 'product_needed' });
  const { body: text } = await set.brand.get(`/v1/claims/${reserved.id}/text?productId=${made.id}`);
  t.match(text, { basisPoints: 3_000, grams: 3_000, market: 'CN' });
  t.match(
    text.text.en,
    `Ocean plastic: 30 % of the mass of this product. Chain of custody: identity preserved`,
  );
  t.match(text.text.zh, '海洋塑料：占本产品质量的 30%');
  t.match(text.text.zh, code);
  t.notMatch(text.text.zh, '认证');
  const name = { name: '蓝鲸日化', consent: 'x' };
  await set.brand.put(`/v1/organisations/${set.brandA.organisationId}/public-name`, name);
  const retired = (await on(reserved.id, 'retire', { productId: made.id, consent: 'by letter' })).body;
  t.match(retired, { state: 'retired', grams: 3_000 });
  t.same((await read(retired.part)).retirement.text, text.text);
  const { body: twin } = await product(batch.id, saleId, { units: 100, contentGrams: 31 });
  t.match((await on(reserved.id, 'retire', { productId: twin.id })).body, {
    code: 'content_exceeds',
    state: { unitsThatFit: 96, gramsPerUnit: 31 },
  });
  t.match((await on(reserved.id, 'retire', { productId: made.id })).body, {
    code: 'claimed_already',
    state: { claimId: retired.part },
  });
  t.match((await on(reserved.id, 'cancel', { grams: 1_000, reason: 'given up' })).body, {
    state: 'cancelled',
  });
  t.match(await book(saleId), {
    reserved: 0,
    issued: 10_000,
    tradable: 6_000,
    retired: 3_000,
    cancelled: 1_000,
  });

  const held = (await reserve({ statementIds: [statementId] })).body;
  t.match(held, { grams: 990_000 }, 'what was given up is never claimed again');
  t.match((await reserve({ statementIds: [statementId] })).body, {
    code: 'grams_claimed',
    state: { remainingGrams: 0 },
  });
  t.match((await on(held.id, 'cancel', { reason: 'no order' })).body, { state: 'released' });
  t.match(await book(saleId), { reserved: 0, issued: 10_000, used: [[1, 10_000]] });

  const { body: register } = await anyone.get('/v1/register');
  t.equal(register.items.length, 4, 'not what was only reserved and let go');
  const line = register.items.find(({ claimId }: { claimId: string }) => claimId === retired.part);
  t.match(line, {
    ...{ batchCode: batch.code, statements: [{ code, scheme: 'traceability-statement', state: 'issued' }] },
    ...{ state: 'retired', retiredFor: '蓝鲸日化', basisPoints: 3_000, units: 100, text: text.text },
  });
  for (const id of [set.brandA.organisationId, brandB.organisationId, made.id])
    t.notMatch(JSON.stringify(register), id, 'no buyer and no product is public');
  t.equal(
    (await anyone.get(`/v1/register?state=retired&statement=${code.toLowerCase()}`)).body.items.length,
    1,
  );
  t.same((await anyone.get('/v1/register?statement=nonsense')).body.items, []);
  t.same((await anyone.get('/v1/register?group=offset')).body.items, []);
  const paged = await anyone.get('/v1/register?limit=3');
  t.equal((await anyone.get(`/v1/register?cursor=${paged.body.nextCursor}`)).body.items.length, 1);
  const csv = await app.app.inject({ method: 'GET', url: '/v1/register.csv?state=retired' });
  t.match(csv.headers['content-type'], 'text/csv');
  const [head, only, ...none] = csv.body.trimEnd().split('\r\n');
  t.match(head, 'claimId,batchCode,statements');
  t.match(
    only,
    new RegExp(`^${retired.part},${batch.code},${code},traceability-statement,content,3000,.*蓝鲸日化`),
  );
  t.same(none, []);

  const { size } = await app.verify();
  await app.deps.publisher.covering(size, 10_000);
  t.match((await anyone.get(`/v1/verify/${code}`)).body, {
    verdict: 'valid',
    claim: {
      ...{ grams: 1_000_000, inProductsGrams: 6_100, remainingGrams: 993_900 },
      claims: {
        ...{ reservedGrams: 0, tradableGrams: 6_000, retiredGrams: 3_000, cancelledGrams: 1_000 },
        retiredFor: [{ name: '蓝鲸日化', grams: 3_000 }],
      },
    },
  });
});

t.test('ten at once get no more than there is, and a gram has one holder', async (t) => {
  const { sold, stated, scheme, reserve, claim, read, book, brandB, brand, app } = await claimsOf(t);
  const { batch, sale } = await sold([{ grams: 500_000 }]);
  const { id } = await stated({ batchId: batch.id });
  const asked = await Promise.all(
    Array.from({ length: 10 }, () => reserve({ statementIds: [id], grams: 100_000 })),
  );
  const won = asked.filter(({ status }) => status === 201);
  t.equal(won.length, 5, 'as many as the grams allow');
  for (const { status, body } of asked)
    if (status !== 201) t.match(body, { status: 409, code: 'grams_claimed', state: { remainingGrams: 0 } });
  const serials = await Promise.all(won.map(async ({ body }) => (await read(body.id)).serials[0].firstGram));
  t.same(
    serials.sort((a, b) => a - b),
    [1, 100_001, 200_001, 300_001, 400_001],
    'no gram twice',
  );
  t.match(await book(sale.id), { used: [[1, 500_000]], reserved: 500_000 });

  await scheme('other-content', {});
  const other = await stated({ batchId: batch.id, scheme: 'other-content' });
  t.match((await reserve({ statementIds: [other.id], grams: 1 })).body, {
    code: 'serials_claimed',
    state: { remainingGrams: 0 },
  });
  for (const { body } of won) await brand.post(`/v1/claims/${body.id}/cancel`, { reason: 'x' });
  const both = await claim({ statementIds: [id, other.id] });
  t.match(await read(both.id), { grams: 500_000, statementIds: [id, other.id] }, 'two schemes, one holder');

  const unknown = { status: 422, code: 'unknown_statement' };
  t.match((await reserve({ statementIds: [id] }, brandB.client)).body, unknown, 'another’s');
  t.match((await reserve({ statementIds: [id, id] })).body, { code: 'named_twice' });
  await scheme('footprint', { exclusionGroup: 'none' });
  const footprint = await stated({ batchId: batch.id, scheme: 'footprint' });
  t.match((await reserve({ statementIds: [footprint.id] })).body, { code: 'no_claim_needed' });
  const elsewhere = await sold([{ grams: 1_000 }]);
  const its = await stated({ batchId: elsewhere.batch.id });
  t.match((await reserve({ statementIds: [its.id, other.id] })).body, { code: 'other_sale' });
  await scheme('plastic-credit', { exclusionGroup: 'offset' });
  const third = await sold([{ grams: 1_000 }]);
  const [a, b] = [
    await stated({ batchId: third.batch.id, grams: 600 }),
    await stated({ batchId: third.batch.id, scheme: 'plastic-credit' }),
  ];
  t.equal(b.grams, 400);
  t.match((await reserve({ statementIds: [a.id, b.id] })).body, { code: 'groups_mixed' });
  t.match(await read((await claim({ statementIds: [b.id] })).id), {
    serials: [{ firstGram: 601, lastGram: 1_000 }],
  });
  t.match(await read((await claim({ statementIds: [a.id] })).id), {
    serials: [{ firstGram: 1, lastGram: 600 }],
  });
  const asks = { batchId: third.batch.id, grams: 100, scheme: 'plastic-credit' };
  t.match((await brand.post('/v1/statements', asks)).body, { code: 'grams_claimed' });
  await scheme('a-pre-check', { issues: 'pre-check' });
  const fourth = await sold([{ grams: 1_000 }]);
  const pre = await stated({ batchId: fourth.batch.id, scheme: 'a-pre-check' });
  t.match((await reserve({ statementIds: [pre.id] })).body, { code: 'pre_check' });
  const late = { statementIds: [its.id], until: '2020-01-01T00:00:00Z' };
  t.match((await reserve(late)).body, { code: 'until_out_of_range' });

  // Somebody with every right on the database: the table's own rule, and whoever goes around it.
  const db = await app.superuser();
  await db.query(`SET search_path = ${app.deps.config.databaseSchema}`);
  const looked = async () => claimBooks({ db: app.deps.pool });
  const change = (sql: string) => db.query(`UPDATE gram_books SET ${sql} WHERE id = $1`, [sale.id]);
  await t.rejects(change('tradable = tradable + 1'), /violates check constraint/);
  t.match(await looked(), { state: 'ok' });
  t.equal((await change('tradable = tradable - 1, cancelled = cancelled + 1')).rowCount, 1);
  t.match(await looked(), { state: 'fail', text: sale.id });
  await change('tradable = tradable + 1, cancelled = cancelled - 1');
  t.match(await looked(), { state: 'ok' });
});

t.test('what happens to a statement happens to its claims', async (t) => {
  const { sold, stated, act, claim, reserve, on, read, becomes, product, book, ...set } = await claimsOf(t);
  const { first, second, brand, seller, app } = set;
  const { batch, sale } = await sold([{ grams: 1_000_000 }]);
  const { id } = await stated({ batchId: batch.id });
  const inProduct = await claim({ statementIds: [id], grams: 500 });
  const made = (await product(batch.id, sale.id)).body;
  t.match((await on(inProduct.id, 'retire', { productId: made.id })).body, { state: 'retired', part: null });
  const [traded, waiting] = [
    await claim({ statementIds: [id], grams: 700_000 }),
    (await reserve({ statementIds: [id], grams: 100_000 })).body,
  ];

  await act(first, id, 'suspend', { reason: '待查' });
  const goods = { reference: 'DN-1' };
  const toB = { toOrganisationId: set.brandB.organisationId, goods };
  const early = (await on(traded.id, 'transfer', toB)).body;
  t.match(early.code, /statement_not_issued|wrong_state/, 'at once, before anything was written');
  t.match(await becomes(traded.id, 'frozen'), { cause: 'statement-suspended' });
  await becomes(waiting.id, 'frozen');
  t.match(await read(inProduct.id), { state: 'retired' });
  t.match((await on(traded.id, 'cancel', { reason: 'x' })).body, {
    code: 'wrong_state',
    state: { state: 'frozen' },
  });
  t.match(await book(sale.id), { reserved: 100_000, tradable: 700_000, retired: 500, issued: 700_500 });
  await act(first, id, 'reinstate');
  await act(second, id, 'reinstate');
  t.match(await becomes(traded.id, 'issued'), { cause: null });
  await becomes(waiting.id, 'reserved');

  // 400 kg come back: 600 kg are held, and the one in the product goes before all others.
  await set.post(batch.id, 'deliveries', { grams: 1_000_000, deliveredAt: AT });
  const back = { grams: 400_000, measuredGrams: 400_000, siteId: seller.siteId, returnedAt: AT, reason: 'x' };
  t.equal((await set.post(batch.id, 'returns', back)).status, 201);
  await becomes(waiting.id, 'released');
  const left = await read(traded.id);
  t.match(left, { state: 'issued', grams: 599_500 });
  const { body: statement } = await app.operator.get(`/v1/statements/${left.statementIds[0]}`);
  t.match(statement, { state: 'issued', grams: 600_000, replaces: id });
  t.match(await read(inProduct.id), { state: 'retired', statementIds: [statement.id] });
  const { body: all } = await app.operator.get(`/v1/claims?saleId=${sale.id}&state=recalled`);
  t.match(all.items, [{ grams: 100_500, cause: 'fewer-grams', splitFrom: traded.id }]);
  t.match((await reserve({ statementIds: [statement.id] })).body, { state: { remainingGrams: 0 } });
  t.match(await book(sale.id), { tradable: 599_500, retired: 500, cancelled: 100_500, issued: 700_500 });

  await act(first, statement.id, 'revoke', { reason: '证据系伪造' });
  t.match(await becomes(traded.id, 'recalled'), { cause: 'statement-ended' });
  t.match(await becomes(inProduct.id, 'recalled'), { cause: 'statement-ended', productId: made.id });
  t.match(await book(sale.id), { tradable: 0, retired: 0, cancelled: 700_500, used: [] });
  const anew = await stated({ batchId: batch.id });
  const again = await claim({ statementIds: [anew.id], grams: 500 });
  t.match((await on(again.id, 'retire', { productId: made.id })).body, { state: 'retired' }, 'claimed anew');
  const voided = await brand.post(`/v1/products/${made.id}/void`, { reason: 'never made' });
  t.equal(voided.status, 201);
  t.match(await becomes(again.id, 'recalled'), { cause: 'product-voided' });
});

t.test('what another register lists is not claimed here, and what both have stands still', async (t) => {
  const { sold, stated, claim, reserve, on, becomes, book, anyone, ...set } = await claimsOf(t);
  const { app, brand, brandB, first, ask } = set;
  const { batch, sale } = await sold([{ grams: 1_000 }]);
  const { id } = await stated({ batchId: batch.id, grams: 600 });
  const one = await claim({ statementIds: [id], grams: 500 });
  const listing = { statementId: id, register: 'Verra', number: 'PWRM0001-12', grams: 300 };
  const tell = (body: object, client: Client = brand) => client.post('/v1/outside-listings', body);
  t.match((await tell(listing, brandB.client)).body, { code: 'unknown_statement' });
  t.match((await tell({ ...listing, grams: 1_001 })).body, { code: 'more_than_sold' });
  t.match((await tell(listing)).body, { state: 'listed', overlapGrams: 0 });
  t.match((await tell({ ...listing, number: ' pwrm0001-12' })).body, { code: 'listed_already' });
  t.match((await ask({ batchId: batch.id })).body, { grams: 100 }, 'only 100 g are left to state');
  t.match(await book(sale.id), {
    elsewhere: 300,
    used: [
      [1, 500],
      [701, 1_000],
    ],
  });
  const second = (await tell({ ...listing, number: '13', grams: 50 }, first)).body;
  t.match(second, { overlapGrams: 50 });
  t.match(await becomes(one.id, 'frozen'), { cause: 'listed-elsewhere' });
  t.match((await reserve({ statementIds: [id] })).body, {
    code: 'listed_elsewhere',
    state: { overlapGrams: 50 },
  });
  t.match((await anyone.get('/v1/outside-listings')).body.items, [
    { register: 'Verra', number: 'PWRM0001-12', grams: 300, overlapGrams: 0 },
    { grams: 50, overlapGrams: 50 },
  ]);
  const withdraw = (client: Client = first) =>
    client.post(`/v1/outside-listings/${second.id}/withdraw`, { reason: 'x' });
  t.equal((await withdraw(brand)).status, 403, 'nobody frees grams he sold elsewhere');
  t.match((await withdraw()).body, { state: 'withdrawn' });
  t.match((await withdraw()).body, { code: 'wrong_state' });
  await becomes(one.id, 'issued');
  t.match((await on(one.id, 'cancel', { reason: 'x' })).body, { state: 'cancelled' });
  t.equal((await app.operator.get('/v1/claims')).body.items.length, 1);
});
