import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import t, { type Test } from 'tap';
import { verdictOf } from '../../src/passbook/statements.queries.ts';
import { monthsBetween, paidIn } from '../../src/passbook/statements.ts';
import { openedPayouts } from '../support/payouts.ts';
import { cny, ok, quay } from './harness.ts';

const MONTH = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7);
const ASKED = { lender: '台州某银行', from: MONTH, to: MONTH };

/** As a lender's own program does, with nothing of ours: the example. */
const readAlone = (t: Test, jws: string, keys: unknown) => {
  const dir = t.testdir({ 'statement.jws': `${jws}\n`, 'keys.json': JSON.stringify(keys) });
  const script = path.resolve(import.meta.dirname, '../../examples/check-income-statement.mjs');
  const run = spawnSync(process.execPath, [script, `${dir}/statement.jws`, `${dir}/keys.json`], {
    encoding: 'utf8',
  });
  return { status: run.status, said: run.status === 0 ? JSON.parse(run.stdout) : null, why: run.stderr };
};

t.test('a lender reads what was paid, offline by its signature, and whether it still stands', async (t) => {
  const s = await openedPayouts(t, 2);
  const [id, other] = s.collectors as [string, string];
  const anyone = s.app.client('x');
  await s.fund('rail', 100_000);
  await s.earn(id, 9_000);
  const order = ok(await s.order(id, {}));
  ok(await s.approve(order.id));
  ok(await s.submit(order.id));
  await s.tick();
  s.confirmAll();
  await s.tick(60_000);
  await s.weighIn(id, 5_000, { settlement: { kind: 'cash', paid: cny(2_000) } });
  await s.weighIn(id, 700, { settlement: { kind: 'goods', paid: cny(700) } });
  const open = async (of: string): Promise<string> => {
    const { token } = ok(await s.client.post(`/v1/collectors/${of}/passbook-links`, {}));
    return ok(await anyone.post('/v1/passbooks', { link: token }), 200).pass;
  };
  const book = `/v1/passbooks/${await open(id)}`;
  const list = `${book}/income-statements`;
  const issued = ok(await anyone.post(list, ASKED));
  const keys = ok(await anyone.get('/v1/income-statements/keys'), 200);
  const { said } = readAlone(t, issued.jws, keys);
  t.match(readAlone(t, issued.jws, { keys: [] }), { status: 1, why: /no key/ });
  const [header, body, signature] = issued.jws.split('.') as [string, string, string];
  const text = Buffer.from(body, 'base64url').toString().replace('"paid":11000', '"paid":91000');
  const raised = [header, Buffer.from(text).toString('base64url'), signature].join('.');
  t.not(raised, issued.jws);
  t.match(readAlone(t, raised, keys), { status: 1, why: /does not fit/ });
  t.match(readAlone(t, 'x', keys), { status: 1, why: /no JSON Web Signature/ });
  t.match(said, {
    ...{ iss: s.app.deps.config.ledgerOrigin, person: '渔民 0', lender: '台州某银行', currency: 'CNY' },
    ...{ paid: 11_000, overpaid: 0, months: [{ month: MONTH, paid: 11_000 }] },
    ways: [
      { way: 'cash', paid: 2_000 },
      { way: 'wechat', paid: 9_000 },
    ],
  });
  t.equal((said.exp as number) - (said.iat as number), 90 * 86_400);
  t.notMatch(JSON.stringify(said), /3000|9700/, 'what is owed, and goods, are not in it');
  const check = () => anyone.get(`/v1/income-statements/${said.code}`);
  const ask = async (jws: string) =>
    ok(await anyone.post('/v1/income-statements/verification', { jws }), 200);
  const stands = ok(await check(), 200);
  t.match(stands, { state: 'valid' });
  t.notMatch(JSON.stringify(stands), /渔民|银行|11000/, 'the public check names nobody');
  t.match(await ask(issued.jws), { verdict: 'valid', statement: { paid: 11_000 } });

  const places = [...issued.jws].flatMap((c: string, i: number) => (c === '.' || i % 7 !== 0 ? [] : [i]));
  for (const i of [...places, issued.jws.length - 1]) {
    const bent = `${issued.jws.slice(0, i)}${issued.jws[i] === 'A' ? 'B' : 'A'}${issued.jws.slice(i + 1)}`;
    const { verdict } = await verdictOf(s.app.deps, bent, Date.now());
    if (verdict !== 'tampered') t.fail(`character ${i} may be changed: ${verdict}`);
  }
  t.match(await ask('x.y.z'), { verdict: 'tampered', statement: null });
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  t.match(await ask(`${none}.${issued.jws.split('.')[1]}.`), { verdict: 'tampered' });

  const at = (said.exp as number) * 1_000;
  const { deps } = s.app;
  t.match(await verdictOf(deps, issued.jws, at - 1), { verdict: 'valid' });
  t.match(await verdictOf(deps, issued.jws, at), { verdict: 'expired' });

  const second = ok(await anyone.post(list, ASKED));
  t.not(second.id, issued.id, 'another is another');
  const sent = { ...ASKED, id: randomUUID() };
  const third = ok(await anyone.post(list, sent));
  t.same(ok(await anyone.post(list, sent)), third, 'sent once more it is the same, signature and all');
  const stranger = `/v1/passbooks/${await open(other)}`;
  const revocation = { statementId: issued.id };
  t.equal((await anyone.post(`${stranger}/revocations`, revocation)).status, 404, 'not another’s');
  t.same(ok(await anyone.get(`${stranger}/income-statements`), 200).items, []);
  ok(await anyone.post(`${book}/revocations`, revocation), 200);
  t.match(await ask(issued.jws), { verdict: 'revoked' });
  t.match(ok(await check(), 200), { state: 'revoked' });
  t.match(ok(await anyone.get(list), 200).items, [
    { id: third.id, state: 'valid', jws: third.jws },
    { id: second.id, state: 'valid' },
    { id: issued.id, lender: '台州某银行', state: 'revoked' },
  ]);
  t.equal((await anyone.get('/v1/income-statements/nothing')).status, 404);

  const facts = ok(await s.operator.get(`/v1/ledger/entries/${issued.receipt.seq}`), 200);
  t.notMatch(JSON.stringify(facts), /渔民|银行|11000/, 'nothing of it is public in the ledger');
  ok(await s.client.delete(`/v1/collectors/${id}/personal-data`), 200);
  t.match(await ask(second.jws), { verdict: 'revoked' }, 'restricted is gone for lenders too');
  ok(await s.operator.delete(`/v1/collectors/${id}/personal-data?stage=erase`), 200);
  t.match(await ask(second.jws), { verdict: 'revoked' });
  t.match(ok(await s.operator.post('/v1/collectors', { siteId: s.siteId, name: 'x' })), { id: /./ });
});

t.test('at the station: with card and PIN, or a consent signed on paper', async (t) => {
  const { app, client, collector, weigh, anyone } = await quay(t);
  const [lin, wang] = [await collector(), await collector('王海生')];
  await weigh(lin.id, { settlement: { kind: 'cash', paid: cny(1_000) } });
  const list = `/v1/collectors/${lin.id}/income-statements`;
  const refused = async (body: object, status: number, code: string, by = client) => {
    const answer = await by.post(list, { ...ASKED, ...body });
    t.match({ status: answer.status, code: answer.body.code }, { status, code });
  };
  await refused({}, 400, 'malformed');
  await refused({ card: { number: lin.card.number } }, 400, 'malformed');
  await refused({ card: lin.card, evidence: ['a'.repeat(64)] }, 400, 'malformed');
  await refused({ card: { ...lin.card, pin: '0000' } }, 403, 'wrong_card_or_pin');
  await refused({ card: wang.card }, 422, 'not_theirs');
  await refused({ card: lin.card, to: '2099-01' }, 422, 'wrong_period');
  await refused({ card: lin.card, expiresInDays: 181 }, 400, 'malformed');
  await refused({ card: lin.card }, 404, 'not_found', (await app.site('station')).client);
  const withCard = ok(await client.post(list, { ...ASKED, card: lin.card }));
  const onPaper = ok(await client.post(list, { ...ASKED, lender: '另一家', evidence: ['a'.repeat(64)] }));
  const listed = ok(await client.get(list), 200).items;
  t.match(listed, [
    { id: onPaper.id, lender: '另一家', state: 'valid' },
    { id: withCard.id, state: 'valid' },
  ]);
  t.notOk('jws' in listed[0], 'a station does not get them again');
  ok(await client.post(`/v1/income-statements/${withCard.id}/revoke`), 200);
  const again = await client.post(`/v1/income-statements/${withCard.id}/revoke`);
  t.match(again, { status: 409, body: { code: 'already_revoked' } });
  const { client: foreign } = await app.site('station');
  for (const id of [onPaper.id, randomUUID()])
    t.equal((await foreign.post(`/v1/income-statements/${id}/revoke`)).status, 404);
  const ask = async (jws: string) =>
    ok(await anyone.post('/v1/income-statements/verification', { jws }), 200).verdict;
  t.same([await ask(withCard.jws), await ask(onPaper.jws)], ['revoked', 'valid']);
});

t.test('months and money of a statement', async (t) => {
  t.same(monthsBetween('2025-11', '2026-02', '2026-02-01'), ['2025-11', '2025-12', '2026-01', '2026-02']);
  t.equal(monthsBetween('2023-03', '2026-02', '2026-02-28').length, 36);
  for (const [from, to] of [
    ['2026-02', '2026-01'],
    ['2026-02', '2026-03'],
    ['2023-02', '2026-02'],
  ] as const)
    t.throws(() => monthsBetween(from, to, '2026-02-28'), { code: 'wrong_period' });
  const line = { tax: 0, seq: 1, batchCode: null, subjectId: null };
  const money = [
    { ...line, kind: 'paid' as const, rail: 'wechat', day: '2026-01-31', amount: 900 },
    { ...line, kind: 'returned' as const, rail: 'wechat', day: '2026-02-03', amount: 400 },
    { ...line, kind: 'bonus' as const, rail: null, day: '2026-02-03', amount: 5_000 },
    { ...line, kind: 'scale' as const, rail: 'goods', day: '2026-02-03', amount: 70 },
    { ...line, kind: 'scale' as const, rail: null, day: '2026-02-03', amount: 30 },
    { ...line, kind: 'cash' as const, rail: 'cash', day: '2026-03-01', amount: 8 },
  ];
  t.same(paidIn(money, ['2026-01', '2026-02']), {
    months: [
      { month: '2026-01', paid: 900 },
      { month: '2026-02', paid: -370 },
    ],
    paid: 530,
    ways: [
      { way: 'cash', paid: 30 },
      { way: 'wechat', paid: 500 },
    ],
  });
});
