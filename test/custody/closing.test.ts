import t from 'tap';
import { ok, startLoads } from '../support/loads.ts';

t.test('of those who close one case at once, one does, and its loss is drawn once', async (t) => {
  const { app, from, to, dispatch, deciders, stock } = await startLoads(t);
  const load = await dispatch(from, 60_000, 40_000);
  const { caseId } = ok(await to.client.post(load.path, { measuredGrams: 90_000 }));
  const url = `/v1/cases/${caseId}/decision`;
  const loss = { outcome: 'loss', lossKind: 'theft' };
  const [first, second] = await deciders();
  const [third] = await deciders('regulator');
  t.match(ok(await first!.post(url, loss)), { state: 'proposed', lossGrams: null });
  const answers = await Promise.all([second!, third!, app.operator].map((by) => by.post(url, loss)));
  t.same(answers.map(({ status }) => status).sort(), [201, 409, 409]);
  const decided = answers.find(({ status }) => status === 201)!;
  t.match(decided.body, { state: 'decided', lossGrams: 10_000 });
  for (const { status, body } of answers)
    if (status === 409) t.match(body, { code: 'already_decided', state: { caseId } });
  await app.deps.follower.reaches(decided.body.receipt.seq, 10_000);
  t.equal(await stock(to), 90_000);
  t.match(await first!.post(url, loss), { status: 409, body: { code: 'already_decided' } });
});

t.test('two who see it differently decide nothing, whoever comes first', async (t) => {
  const { app, from, to, dispatch, deciders } = await startLoads(t);
  const load = await dispatch(from, 100_000);
  const { caseId } = ok(await to.client.post(load.path, { measuredGrams: 90_000 }));
  const url = `/v1/cases/${caseId}/decision`;
  const [first, second] = await deciders();
  const [a, b] = await Promise.all([
    first!.post(url, { outcome: 'loss', lossKind: 'theft' }),
    second!.post(url, { outcome: 'released' }),
  ]);
  t.match([a, b], [{ body: { state: 'proposed' } }, { body: { state: 'proposed' } }]);
  const [held] = ok(await app.operator.get('/v1/cases'), 200).items;
  t.match(held, { id: caseId, state: 'proposed', lossGrams: null });
  const { outcome } = held.proposal;
  const other = outcome === 'loss' ? first! : second!;
  t.match(await other.post(url, { outcome, ...(outcome === 'loss' ? { lossKind: 'theft' } : {}) }), {
    status: 403,
    body: { code: 'same_holder' },
  });
});
