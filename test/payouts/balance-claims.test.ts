import { randomUUID } from 'node:crypto';
import t from 'tap';
import { replayAndCompare } from '../../src/replay.ts';
import type { Client } from '../support/app.ts';
import { ok, openedPayouts } from '../support/payouts.ts';

const HOUR = 3_600_000;
const HEIR = { rail: 'cash', name: '林小海', ...{ relation: '女儿', evidenceHash: 'ab'.repeat(32) } };
const PROOF = { relation: '女儿', evidenceHash: 'ab'.repeat(32) };

t.test('what an erased person was owed goes to an heir, by two people, after 72 hours', async (t) => {
  const world = await openedPayouts(t, 3);
  const { app, operator, payer, twin, checker, client, collectors, earn, owed } = world;
  const [gone, daughter, alive] = collectors as [string, string, string];
  await earn(gone, 5_000);
  await earn(alive, 700);
  const accounts = async () => ok(await payer.get('/v1/accounts?kind=payable'), 200).items;
  const accountOf = async (fen: number): Promise<string> =>
    (await accounts()).find(({ balance }: { balance: number }) => balance === -fen).id;
  const account = await accountOf(5_000);
  const claim = (by: Client, id: string, more: object = {}) =>
    by.post(`/v1/accounts/${id}/claim`, { collectorId: daughter, ...PROOF, ...more });
  const refused = async (answer: ReturnType<typeof claim>, status: number, code: string) =>
    t.match(await answer, { status, body: { code } }, code);

  await refused(claim(payer, account), 409, 'not_erased');
  ok(await operator.delete(`/v1/collectors/${gone}/personal-data`), 200);
  await refused(claim(payer, account), 409, 'not_erased');
  ok(await operator.delete(`/v1/collectors/${gone}/personal-data?stage=erase`), 200);
  t.equal((await operator.post(`/v1/collectors/${gone}/heir`, HEIR)).status, 409, 'no heir can be named');
  await refused(claim(payer, await accountOf(700)), 409, 'not_erased');
  await refused(claim(payer, account, { collectorId: randomUUID() }), 422, 'unknown_collector');
  await refused(claim(payer, account, { collectorId: gone }), 409, 'collector_erased');
  t.equal((await claim(payer, randomUUID())).status, 404);
  t.equal((await claim(client, account)).status, 403, 'a station does not');
  const purchases = ok(await payer.get('/v1/accounts?kind=purchases'), 200).items[0].id;
  await refused(claim(payer, purchases), 409, 'not_a_persons');
  t.equal((await payer.get(`/v1/accounts/${account}/claim`)).status, 404);
  const at = (deed: string) => `/v1/accounts/${account}/claim/${deed}`;
  await refused(checker.post(at('approve'), { proposalSeq: 1 }), 409, 'no_claim');

  const first = ok(await claim(payer, account));
  const second = ok(await claim(payer, account));
  const proposalSeq = second.receipt.seq;
  await refused(checker.post(at('approve'), { proposalSeq: first.receipt.seq }), 409, 'another_claim');
  t.match(await checker.post(at('approve'), { proposalSeq }), {
    ...{ status: 409, body: { code: 'claim_rests', state: { from: /T/ } } },
  });
  t.match(ok(await payer.get(`/v1/accounts/${account}/claim`), 200), {
    ...{ state: 'proposed', collectorId: daughter, proposalSeq, currency: 'CNY', amount: null, ...PROOF },
  });

  // Time is what the ledger says. So the proposal is made older where a process that starts reads it.
  const owner = await app.superuser();
  const shift = (hours: number) =>
    owner.query('UPDATE balance_claims SET proposed_at = proposed_at - $1::int8', [hours * HOUR]);
  const later = async (hours: number) => {
    await shift(hours);
    const { app: process, close } = await app.restart();
    const send = async ({ secret }: Client, deed: string, body: object) => {
      const answer = await process.inject({
        ...{ method: 'POST', url: at(deed), payload: body },
        headers: { authorization: `Bearer ${secret}` },
      });
      return { status: answer.statusCode, body: answer.json(), headers: {} };
    };
    return { send, close };
  };
  const soon = await later(71);
  await refused(soon.send(checker, 'approve', { proposalSeq }), 409, 'claim_rests');
  await soon.close();
  const then = await later(2);
  await refused(then.send(payer, 'approve', { proposalSeq }), 403, 'same_holder');
  await refused(then.send(twin, 'approve', { proposalSeq }), 403, 'same_holder');
  const both = await Promise.all([
    then.send(checker, 'approve', { proposalSeq }),
    then.send(checker, 'approve', { proposalSeq }),
  ]);
  t.same(both.map(({ status }) => status).sort(), [201, 409], 'once');
  t.match(both.find(({ status }) => status === 201)!.body, { state: 'approved', amount: 5_000 });
  await then.close();
  await shift(-73);
  t.match(await owed(daughter), { owed: 5_000 });
  t.match(await owed(alive), { owed: 700 });
  t.match(
    (await accounts()).find(({ id }: { id: string }) => id === account),
    { balance: 0 },
  );
  await refused(claim(payer, account), 409, 'nothing_owed');
  await refused(checker.post(at('reject'), { proposalSeq }), 409, 'claim_approved');
  t.match(ok(await payer.get('/v1/accounts/trial-balance'), 200).items, [{ difference: 0 }]);

  // She is paid like anybody, and her passbook says where it came from; it is no income that was paid.
  const { token } = ok(await operator.post(`/v1/collectors/${daughter}/passbook-links`, {}));
  const { pass } = ok(await app.client('x').post('/v1/passbooks', { link: token }), 200);
  t.match(ok(await app.client('x').get(`/v1/passbooks/${pass}`), 200).accounts[0], {
    ...{ owed: 5_000, earned: 0, paid: 0, money: [{ kind: 'inherited', amount: 5_000 }] },
  });
  const log = JSON.stringify(ok(await operator.get('/v1/ledger/entries?limit=1000'), 200));
  for (const secret of [daughter, account, PROOF.evidenceHash, '女儿']) t.notOk(log.includes(secret));
  const { config, keyring } = app.deps;
  const where = { url: app.urls.ownerUrl, schema: config.databaseSchema, keyring };
  const { tables } = await replayAndCompare(where);
  t.same(
    tables.filter(({ differences }) => differences > 0),
    [],
    'the ledger alone leads to the same tables',
  );
});

t.test('a claim is rejected, or its claimant erased, before the money goes', async (t) => {
  const world = await openedPayouts(t, 2);
  const { operator, payer, checker, collectors, earn, weighIn } = world;
  const [gone, claimant] = collectors as [string, string];
  await earn(gone, 5_000);
  await weighIn(randomUUID(), 900, { collectorId: undefined, bagTag: 'A-1' });
  const erase = async (id: string) => {
    ok(await operator.delete(`/v1/collectors/${id}/personal-data`), 200);
    ok(await operator.delete(`/v1/collectors/${id}/personal-data?stage=erase`), 200);
  };
  const accountOf = async (kind: string): Promise<string> =>
    ok(await payer.get(`/v1/accounts?kind=${kind}`), 200).items[0].id;
  const [owedTo, waits] = [await accountOf('payable'), await accountOf('suspense')];
  await erase(gone);
  const claim = (id: string) => payer.post(`/v1/accounts/${id}/claim`, { collectorId: claimant, ...PROOF });
  t.match(await claim(waits), { status: 409, body: { code: 'nobody_known' } }, 'somebody may be found yet');
  const { receipt } = ok(await claim(owedTo));
  const sent = { proposalSeq: receipt.seq };
  ok(await payer.post(`/v1/accounts/${owedTo}/claim/reject`, sent));
  t.match(await checker.post(`/v1/accounts/${owedTo}/claim/approve`, sent), {
    ...{ status: 409, body: { code: 'claim_rejected' } },
  });
  const again = ok(await claim(owedTo));
  await erase(claimant);
  t.match(ok(await payer.get(`/v1/accounts/${owedTo}/claim`), 200), {
    ...{ state: 'proposed', collectorId: null, relation: null, evidenceHash: null },
  });
  ok(await checker.post(`/v1/accounts/${owedTo}/claim/reject`, { proposalSeq: again.receipt.seq }));
});
