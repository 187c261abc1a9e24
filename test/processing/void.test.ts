import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, type Client, startTestApp, type TestApp } from '../support/app.ts';

type Site = { siteId: string; client: Client };

const weighIn = async ({ client, siteId }: Site, grams: number): Promise<string> => {
  const { body } = await client.post('/v1/collections', {
    siteId,
    bagTag: randomUUID(),
    material: 'pet',
    form: 'bottle',
    originClass: 'shoreline',
    grossGrams: grams,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
  });
  return body.lot.id;
};
type Input = { lotId: string; grams?: number };
const run = ({ client, siteId }: Site, inputs: Input[], out: number, lost: number): Promise<Answer> =>
  client.post('/v1/process-runs', {
    siteId,
    step: 'sort',
    inputs,
    outputs: [{ material: 'pet', form: 'bottle', grams: out }],
    losses: lost === 0 ? [] : [{ kind: 'spilled', grams: lost }],
  });
const undo = ({ client }: Site, { body }: Answer): Promise<Answer> =>
  client.post(`/v1/process-runs/${body.id}/void`, { reason: '投料批次选错' });
const sharesOf = async ({ client }: Site, lotId: string): Promise<{ seq: number; grams: number }[]> =>
  (await client.get(`/v1/lots/${lotId}/provenance`)).body.items.map((s: { seq: number; grams: number }) => ({
    seq: s.seq,
    grams: s.grams,
  }));
const grams = async ({ client }: Site, lotId: string): Promise<number> =>
  (await client.get(`/v1/lots/${lotId}`)).body.grams;
const settled = async (app: TestApp, { body }: Answer): Promise<boolean> =>
  app.deps.follower.reaches(body.receipt.seq, 5_000);

t.test('a void gives back the very grams, and the run is no longer the way of anything', async (t) => {
  const app = await startTestApp(t);
  const station = await app.site('station');
  const { client } = station;
  const bags = [await weighIn(station, 500), await weighIn(station, 300), await weighIn(station, 200)];
  const mixed = await run(
    station,
    bags.map((lotId) => ({ lotId })),
    1_000,
    0,
  );
  const lotId = mixed.body.outputs[0].lotId;
  const before = await sharesOf(station, lotId);
  const whole = await weighIn(station, 77);
  const wrong = await run(station, [{ lotId, grams: 333 }, { lotId: whole }], 300, 110);
  t.equal(wrong.status, 201, JSON.stringify(wrong.body));
  const made = wrong.body.outputs[0].lotId;
  t.same(
    (await sharesOf(station, lotId)).map((s) => s.grams),
    [334, 200, 133],
  );
  const voided = await undo(station, wrong);
  t.equal(voided.status, 201, JSON.stringify(voided.body));
  t.match(voided.body, { id: wrong.body.id, state: 'voided' });
  t.same(voided.body.inputs, [
    { lotId, grams: 333 },
    { lotId: whole, grams: 77 },
  ]);
  t.same(
    [await grams(station, lotId), await grams(station, whole), await grams(station, made)],
    [1_000, 77, 0],
  );
  t.same(await sharesOf(station, lotId), before, 'the very grams');
  t.same(await sharesOf(station, made), [], 'and the output is nobody’s');
  t.same(
    (await sharesOf(station, whole)).map((s) => s.grams),
    [77],
  );
  t.match((await client.get(`/v1/process-runs/${wrong.body.id}`)).body, { state: 'voided' });

  const items = async (url: string): Promise<number[]> =>
    (await client.get(url)).body.items.map((s: { seq: number }) => s.seq);
  t.same(await items(`/v1/lots/${lotId}/destinations`), []);
  t.same(await items(`/v1/lots/${bags[0]}/destinations`), [mixed.body.receipt.seq]);
  t.notOk((await items(`/v1/lots/${lotId}/trail`)).includes(wrong.body.receipt.seq));
  const batch = await client.post('/v1/batches', { inputs: [{ lotId }] });
  t.same((await client.get(`/v1/batches/${batch.body.id}/provenance`)).body.lossesOnTheWay, []);
  const entry = (await app.operator.get(`/v1/ledger/entries/${voided.body.receipt.seq}`)).body;
  t.notMatch(JSON.stringify(entry), /选错/, 'the reason is not public');

  const again = await undo(station, wrong);
  t.match(again, { status: 409, body: { code: 'already_voided', state: { runId: wrong.body.id } } });
});

t.test('runs on one lot may be voided in any order, a lot taken whole among them', async (t) => {
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    const app = await startTestApp(t);
    const station = await app.site('station');
    const bags = [await weighIn(station, 61), await weighIn(station, 40)];
    const mixed = await run(
      station,
      bags.map((lotId) => ({ lotId })),
      101,
      0,
    );
    const lotId = mixed.body.outputs[0].lotId;
    const before = await sharesOf(station, lotId);
    // The first takes a part, the second all the rest, which writes no vector of its own.
    const runs = [await run(station, [{ lotId, grams: 50 }], 50, 0), await run(station, [{ lotId }], 51, 0)];
    const taken = await Promise.all(runs.map((r) => sharesOf(station, r.body.outputs[0].lotId)));
    t.equal((await undo(station, runs[order[0]]!)).status, 201);
    t.same(await sharesOf(station, lotId), taken[order[0]], 'it holds what came back, and nothing else');
    const last = await undo(station, runs[order[1]]!);
    t.equal(last.status, 201);
    t.ok(await settled(app, last));
    t.same(await sharesOf(station, lotId), before);
    t.equal(await grams(station, lotId), 101);
  }
});

t.test('what was used since, has left, or is another’s is not voided', async (t) => {
  const app = await startTestApp(t);
  const [station, warehouse, stranger] = [
    await app.site('station'),
    await app.site('warehouse'),
    await app.site('station'),
  ];
  const [a, b] = [await weighIn(station, 1_000), await weighIn(station, 1_000)];
  const first = await run(station, [{ lotId: a, grams: 600 }], 600, 0);
  const made = first.body.outputs[0].lotId;
  const second = await run(station, [{ lotId: made, grams: 100 }], 100, 0);
  t.match(await undo(station, first), {
    status: 409,
    body: { code: 'in_use', state: { lotId: made, grams: 500 } },
  });
  t.match(await undo(stranger, first), { status: 404 });
  t.match(await station.client.post(`/v1/process-runs/${randomUUID()}/void`, { reason: 'x' }), {
    status: 404,
  });
  t.match(await station.client.post(`/v1/process-runs/${first.body.id}/void`, {}), { status: 400 });
  t.equal((await undo(station, second)).status, 201);
  const undone = await undo(station, first);
  t.equal(undone.status, 201, 'what came of it is whole again');
  t.ok(await settled(app, undone));
  t.equal(await grams(station, a), 1_000);
  t.same(
    (await sharesOf(station, a)).map((s) => s.grams),
    [1_000],
  );

  const third = await run(station, [{ lotId: b, grams: 400 }], 400, 0);
  await station.client.post('/v1/shipments', {
    fromSiteId: station.siteId,
    toSiteId: warehouse.siteId,
    lots: [{ lotId: b }],
  });
  t.match(await undo(station, third), { status: 409, body: { code: 'not_here', state: { lotId: b } } });
});

t.test('a run voided by two at once is voided once, and a repeat answers again', async (t) => {
  const app = await startTestApp(t);
  const station = await app.site('station');
  const lotId = await weighIn(station, 1_000);
  const one = await run(station, [{ lotId, grams: 600 }], 600, 0);
  const both = await Promise.all([undo(station, one), undo(station, one)]);
  t.same(both.map((r) => r.status).sort(), [201, 409]);
  t.equal(await grams(station, lotId), 1_000);
  const other = await run(station, [{ lotId, grams: 600 }], 600, 0);
  const body = { id: randomUUID(), reason: '重复' };
  const url = `/v1/process-runs/${other.body.id}/void`;
  const answers = [await station.client.post(url, body), await station.client.post(url, body)];
  t.same(answers[1]!.body, answers[0]!.body);
  t.equal(answers[1]!.headers['idempotency-replayed'], 'true');
});
