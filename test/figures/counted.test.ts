import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { estimateOf, SHIPPED_FACTORS } from '../../src/figures/emission-factors.ts';
import { sparing } from '../../src/figures/sparing.ts';
import { startTestApp } from '../support/app.ts';
import { sharingOf } from '../support/sharing.ts';
import { ok, story } from '../trail/story.ts';

type Item = { of: string; values: Record<string, number> };
const NAMES = [
  ...['deliveries', 'people', 'masses-by-step', 'losses', 'income-paid', 'cases', 'disputes'],
  ...['statements', 'audits', 'co2e-avoided-estimate'],
];

t.test('masses, losses, deliveries and cases: to the gram, and the same again as of any entry', async (t) => {
  const { app, north, recycler, spare, nets, post, weigh } = await story(t);
  const figure = async (name: string, asOfSeq?: number) => {
    const answer = await app.app.inject(
      `/v1/figures/${name}${asOfSeq === undefined ? '' : `?asOfSeq=${asOfSeq}`}`,
    );
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return answer.json();
  };
  const valuesOf = ({ items }: { items: Item[] }) =>
    Object.fromEntries(items.map(({ of, values }) => [of, values]));

  t.match(await figure('deliveries'), {
    counts: { deliveries: 6, weighIns: 7, voided: 1, receptions: 0 },
    numerator: null,
    basisPoints: null,
  });
  const masses = valuesOf(await figure('masses-by-step'));
  t.match(masses, {
    // 10,007 + 9,501 as corrected + 7,013 + 12,345 + 500; the one that was voided is none.
    'collected pet': { grams: 39_366 },
    'collected pa6': { grams: 20_011 },
    // The run that was undone is in neither.
    'processed consolidate': { used: 26_521, made: 26_521 },
    'processed wash': { used: 36_500, made: 31_000, lost: 5_500 },
  });
  const sum = async (table: string) =>
    (await app.deps.pool.query(`SELECT coalesce(sum(grams), 0)::int8 AS grams FROM ${table}`)).rows[0].grams;
  const losses = await figure('losses');
  t.match(valuesOf(losses), { evaporated: { grams: 5_500 }, 'stock-shortage': { grams: 11 } });
  t.equal(losses.counts.grams, await sum('lot_losses'));
  t.equal((await figure('cases')).counts.opened, (await app.operator.get('/v1/cases')).body.items.length);

  ok(
    await app.operator.post('/v1/emission-factors', {
      ...{ scope: 'test', moistureBasisPoints: 100, substitutionBasisPoints: 9_000 },
      collectionTransportGrams: 250,
    }),
  );
  // 27,000 g of flake less 1 % water; pa6 has no factor.
  t.match((await figure('co2e-avoided-estimate')).counts, {
    factorSet: 1,
    dryGrams: 26_730,
    avoidedGrams: 48_114,
    collectionGrams: 6_683,
    estimateGrams: 41_431,
  });

  const at = (await figure('deliveries')).asOfSeq as number;
  const before = new Map<string, unknown>();
  for (const name of NAMES) before.set(name, await figure(name));
  // Everything that can be taken back is: what was so then stays so.
  const more = await weigh(north, 1_000);
  await post(north, `/v1/collections/${more.id}/correction`, { grossGrams: 800, reason: 'x' });
  await post(recycler, `/v1/collections/${spare.id}/void`, { reason: 'x' });
  const lost = await post(recycler, '/v1/incidents', {
    ...{ kind: 'fire', siteId: recycler.siteId, lots: [{ lotId: nets.lotId, grams: 700 }], reference: 'x' },
    happenedAt: new Date().toISOString(),
  });
  t.equal((await figure('losses')).counts.grams, losses.counts.grams + 700);
  await post(recycler, `/v1/incidents/${lost.id}/void`, { reason: 'x' });
  t.equal((await figure('losses')).counts.grams, losses.counts.grams, 'taken back');
  t.equal((await figure('losses')).counts.grams, await sum('lot_losses'));
  const load = await weigh(north, 1_000);
  const sent = await post(north, '/v1/shipments', {
    ...{ fromSiteId: north.siteId, toSiteId: recycler.siteId, lots: [{ lotId: load.lotId }] },
  });
  await post(recycler, `/v1/shipments/${sent.id}/receipt`, { measuredGrams: 990 });
  t.equal((await figure('losses')).counts.grams, losses.counts.grams + 10, 'on the way');
  await post(recycler, `/v1/shipments/${sent.id}/receipt/void`, { reason: 'x' });
  const dry = await post(recycler, '/v1/process-runs', {
    ...{ siteId: recycler.siteId, step: 'sort', inputs: [{ lotId: nets.lotId, grams: 600 }] },
    ...{
      outputs: [{ material: 'pa6', form: 'fishing-net', grams: 550 }],
      losses: [{ kind: 'drained', grams: 50 }],
    },
  });
  t.equal((await figure('losses')).counts.grams, losses.counts.grams + 50, 'in processing');
  await post(recycler, `/v1/process-runs/${dry.id}/void`, { reason: 'x' });
  t.equal((await figure('losses')).counts.grams, losses.counts.grams, 'all of it taken back');
  t.equal((await figure('losses')).counts.grams, await sum('lot_losses'));
  ok(
    await app.operator.post('/v1/emission-factors', {
      ...{ scope: 'test', source: 'own', factors: [{ material: 'pet', virginGrams: 1, recycledGrams: 2 }] },
      ...{ moistureBasisPoints: 0, substitutionBasisPoints: 10_000, collectionTransportGrams: 0 },
    }),
  );
  t.match(
    (await figure('co2e-avoided-estimate')).counts,
    { factorSet: 2, estimateGrams: -27 },
    'it may be a loss',
  );
  t.match((await figure('masses-by-step')).items, [{}]);
  t.notSame(await figure('masses-by-step', at), { ...(await figure('masses-by-step')), asOfSeq: at });
  for (const name of NAMES) t.same(await figure(name, at), before.get(name), `${name} as of then`);
  t.same((await figure('co2e-avoided-estimate', 3)).counts, {}, 'before any set was in force');
  t.same((await figure('masses-by-step', 0)).items, []);

  const raw = await app.app.inject(`/v1/figures/losses/file?asOfSeq=${at}`);
  t.match(raw.headers, {
    'content-type': /text\/csv/,
    'content-disposition': new RegExp(`losses-v1-${at}\\.csv`),
  });
  const lines = raw.body.split('\r\n');
  t.equal(lines[0], '\ufefffigure,version,asOfSeq,scope,of,value,number');
  t.ok(lines.includes(`losses,1,${at},all sites of this programme,,grams,${losses.counts.grams}`));
  t.ok(lines.includes(`losses,1,${at},all sites of this programme,evaporated,grams,5500`));
  t.equal((await app.app.inject('/v1/figures/nothing/file')).statusCode, 404);
  t.equal((await app.app.inject('/v1/figures/losses/file?asOfSeq=999999')).statusCode, 422);
  t.equal((await app.app.inject('/v1/figures/constructor')).statusCode, 404);
});

t.test('people and income of months that are over, never of four, and in fives', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const figure = async (name: string) => (await app.app.inject(`/v1/figures/${name}`)).json();
  const month = (back: number) => {
    const [year, m] = new Date(Date.now() + 8 * 3_600_000).toISOString().split('-').map(Number);
    return new Date(Date.UTC(year!, m! - 1 - back, 15)).toISOString().slice(0, 7);
  };
  const known = await s.people(7);
  const bring = (collectorId: string, back: number) =>
    s.weighIn(1_000, { collectorId, collectedAt: `${month(back)}-15T12:00:00+08:00` });
  for (const id of known) await s.weighIn(1_000, { collectorId: id });
  t.same((await figure('people')).items, [], 'this month is not over');
  for (const id of known.slice(0, 4)) await bring(id, 1);
  t.same((await figure('people')).items, [], 'four are not shown');
  for (const id of known) await bring(id, 2);
  await bring(known[0]!, 2);
  t.same((await figure('people')).items, [
    { of: 'all', values: { people: 5 } },
    { of: month(2), values: { people: 5 } },
  ]);
  await s.weighIn(1_000, { bagTag: 'nobody known', collectedAt: `${month(2)}-15T12:00:00+08:00` });
  t.equal((await figure('people')).items.length, 2);
  t.same((await figure('income-paid')).items, []);
});

t.test('an estimate is rounded against itself, and a material without a factor is none', (t) => {
  const set = {
    factors: [...SHIPPED_FACTORS],
    ...{ moistureBasisPoints: 0, substitutionBasisPoints: 10_000, collectionTransportGrams: 1 },
  };
  t.match(estimateOf([{ material: 'pet', grams: 1 }], set), [
    { dryGrams: 1, avoidedGrams: 2, collectionGrams: 1, estimateGrams: 1 },
  ]);
  t.same(estimateOf([{ material: 'pa6', grams: 1_000 }], set), []);
  t.same(estimateOf([{ material: 'pet', grams: -5 }], set), [], 'more used up than made');
  const worse = { ...set, factors: [{ material: 'pet', virginGrams: 1, recycledGrams: 2 }] };
  t.match(estimateOf([{ material: 'pet', grams: 1 }], worse), [{ avoidedGrams: -1, estimateGrams: -2 }]);
  const great = estimateOf([{ material: 'pet', grams: 2_000_000_000_000 }], set);
  t.match(great, [{ avoidedGrams: 4_000_000_000_000 }], 'beyond 2^53 in between');
  t.end();
});

t.test('factors: one each, with their source', async (t) => {
  const app = await startTestApp(t);
  const set = { scope: 'x', moistureBasisPoints: 0, substitutionBasisPoints: 0, collectionTransportGrams: 0 };
  const factor = { material: 'pet', virginGrams: 1, recycledGrams: 2 };
  const refused = async (more: object) =>
    (await app.operator.post('/v1/emission-factors', { ...set, ...more })).body.code;
  t.equal(await refused({ factors: [factor] }), 'source_needed');
  t.equal(await refused({ source: 'x', factors: [factor, factor] }), 'duplicate_material');
  t.equal(await refused({ source: 'x', factors: [{ ...factor, material: 'sewage' }] }), 'malformed');
  t.equal(await refused({ collectionTransportGrams: undefined }), 'malformed', 'yours to measure');
  const both = await Promise.all([1, 2].map(() => app.operator.post('/v1/emission-factors', set)));
  t.same(both.map(({ body }) => body.version).sort(), [1, 2]);
  const { items } = (await app.app.inject('/v1/emission-factors')).json();
  t.match(items, [{ version: 1, source: /PMC2873020/, factors: SHIPPED_FACTORS }, { version: 2 }]);
});

t.test(
  'figures are counted one at a time, once for all who ask, and what took long is given again',
  async (t) => {
    const once = sparing<number>();
    let [running, most, runs] = [0, 0, 0];
    const count = async (ms = 5): Promise<number> => {
      most = Math.max(most, ++running);
      await sleep(ms);
      running--;
      return ++runs;
    };
    const same = await Promise.all(Array.from({ length: 10 }, () => once('a', () => count())));
    t.same(same, Array(10).fill(1));
    await Promise.all(Array.from({ length: 10 }, (_, i) => once(`b${i}`, () => count())));
    t.same([runs, most], [11, 1]);
    await t.rejects(
      once('c', () => Promise.reject(new Error('lost'))),
      /lost/,
    );
    t.equal(await once('c', () => count()), 12, 'an error is not kept, nor what was quick');
    t.equal(await once('slow', () => count(1_050)), 13);
    t.equal(await once('slow', () => count()), 13);
    const many = await Promise.allSettled(
      Array.from({ length: 70 }, (_, i) => once(`d${i}`, () => count(1))),
    );
    t.equal(many.filter(({ status }) => status === 'rejected').length, 6, 'no more than 64 wait');
  },
);
