import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { FACT_TYPES } from '../../src/catalogue.ts';
import { splitByWeight } from '../../src/kernel/split.ts';
import { fen } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';
import { command, directory, environmentOf } from '../support/command.ts';
import { ok, settled, sharingOf } from '../support/sharing.ts';
import { story, trailIn } from '../trail/story.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CONTAINS = path.join(ROOT, 'openapi/contains-1.json');

const outsider = (...argv: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((done) => {
    const script = path.join(ROOT, 'examples/split.mjs');
    execFile(process.execPath, [script, ...argv], { maxBuffer: 2 ** 26 }, (error, out, err) =>
      done({ code: error === null ? 0 : ((error as { code?: number }).code ?? -1), out, err }),
    );
  });

t.test('without our code, to the gram what the shares of a batch are', async (t) => {
  const { file, batch, other } = await story(t);
  for (const { code } of [batch, other]) {
    const { trail } = await trailIn(file, code);
    const { code: exit, out, err } = await outsider(file, CONTAINS, '--json', '--shares', code);
    t.equal(exit, 0, err);
    t.same(
      JSON.parse(out).shares,
      trail.shares.map(({ seq, grams }) => ({ seq, grams })),
    );
  }
  const source = await readFile(path.join(ROOT, 'examples/split.mjs'), 'utf8');
  t.same(
    [...source.matchAll(/from '([^']*)'/g)].map(([, name]) => name),
    ['node:crypto', 'node:fs'],
  );
  t.match(await outsider(file), { code: 2, err: /usage/ });
});

/** Whose grams a lot holds stays as it is. */
const ONLY_TOUCH = [
  ...['container.filled.v1', 'container.lots-taken-out.v1', 'container.sealed.v1', 'lot.sampled.v1'],
  ...['lot.weighed.v1', 'material.marked.v1', 'shipment.unweighed.v1', 'batch.delivered.v1'],
];

t.test('it knows every fact that moves grams', async (t) => {
  const source = await readFile(path.join(ROOT, 'examples/split.mjs'), 'utf8');
  for (const { type, grams } of FACT_TYPES)
    if (!/^none/i.test(grams) && !type.startsWith('pollutant') && !ONLY_TOUCH.includes(type))
      t.ok(source.includes(`'${type}'`), `${type}: ${grams} Add it to EFFECTS in examples/split.mjs`);
});

t.test('anybody does the splits again whose total is public', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const grams = [30_011, 20_007, 10_003, 15_001, 25_013, 5_009];
  const people = await s.people(grams.length);
  const bags: { id: string; lotId: string; seq: number }[] = [];
  for (const [i, g] of grams.entries()) bags.push(await s.weighIn(g, { collectorId: people[i] }));
  const run = ok(
    await s.seller.client.post('/v1/process-runs', {
      ...{ siteId: s.seller.siteId, step: 'wash', inputs: bags.map(({ lotId }) => ({ lotId })) },
      outputs: [{ material: 'pet', form: 'flake', grams: 90_000 }],
      losses: [{ kind: 'drained', grams: grams.reduce((a, b) => a + b, 0) - 90_000 }],
      lineClean: true,
    }),
  );
  ok(
    await app.operator.post('/v1/distribution-rules', {
      shares: [
        { to: 'collectors', basisPoints: 6_000, base: 'margin-after-costs' },
        { to: 'fund', basisPoints: 2_000, base: 'margin-after-costs' },
        { to: 'operator', basisPoints: 1_000, base: 'margin-after-costs' },
      ],
      holdBack: { basisPoints: 1_000, days: 90 },
    }),
  );
  const batch = await s.tradeIn([{ lotId: run.outputs[0].lotId }], 100_003);
  await settled(app);
  const holder = ok(await app.operator.post('/v1/organisations', { name: '基金会', kind: 'fund' })).id;
  ok(await app.operator.post('/v1/fund/holder', { organisationId: holder }));
  const maker = await app.keyFor(holder, 'fund', { holder: '陈' });
  const checker = await app.keyFor(holder, 'fund', { holder: '林' });
  ok(await maker.post('/v1/fund/deposits', { source: 'grant', amount: fen(1_000_000) }));
  const give = async (amount: number, basis: object): Promise<void> => {
    const gift = { kind: 'money', amount: fen(amount), basis, description: '分配' };
    ok(
      await checker.post(`/v1/fund/proposals/${ok(await maker.post('/v1/fund/proposals', gift)).id}/approve`),
    );
    await settled(app);
  };
  await give(77_777, { of: 'batches', batchIds: [batch.id] });
  const correction = { grossGrams: 6_001, reason: '看错' };
  ok(await s.seller.client.post(`/v1/collections/${bags[5]!.id}/correction`, correction));
  const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  await give(33_331, { of: 'period', from: day, to: day });

  const file = path.join(await directory(t), 'a.ndjson');
  const { size } = await app.verify();
  await app.deps.publisher.covering(size, 5_000);
  t.match(await command(environmentOf(app), 'export', '--out', file), { code: 0 });
  const done = await outsider(file, CONTAINS, '--json');
  t.equal(done.code, 0, done.err);
  const { splits } = JSON.parse(done.out);
  t.match(splits, [{ amount: 60_002 }, { amount: 77_777 }, { amount: 33_331 }]);
  const period = splitByWeight(33_331, [...grams.slice(0, 5), 6_001]);
  for (const [i, person] of people.entries()) {
    const of = (n: number) =>
      splits[n].weighIns.find(({ seq }: { seq: number }) => seq === bags[i]!.seq).amount as number;
    t.equal(of(2), period[i]);
    t.equal(await s.owed(person), of(0) + of(1) + of(2), 'what the books owe each of them');
  }
  t.match(await outsider(file, CONTAINS), {
    code: 0,
    out: /weigh-in \d+ {2}\d+ g {2}\d+/,
    err: /3 splits.*0 faults/,
  });

  // A collectors' part that the rule does not give, and a table that is another.
  const text = await readFile(file, 'utf8');
  const forged = path.join(path.dirname(file), 'forged.ndjson');
  await writeFile(
    forged,
    text.replace('"collectors":60002', '"collectors":50002').replace('"fund":20001', '"fund":30001'),
  );
  t.notSame(await readFile(forged, 'utf8'), text);
  t.match(await outsider(forged, CONTAINS), { code: 1, err: /its parts do not follow from its rule/ });
  const table = path.join(path.dirname(file), 'contains.json');
  await writeFile(table, (await readFile(CONTAINS, 'utf8')).replace('"version": 1', '"version": 2'));
  t.match(await outsider(file, table), { code: 1, err: /another table/ });
});
