import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { AT, tradeOf } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';
import { command, directory, environmentOf } from '../support/command.ts';
import type { Forgeable } from '../support/forge.ts';
import { forge, leaveOut, ok, pointerIn, story, trailIn } from './story.ts';

t.test('a public export alone says what the API says of a batch', async (t) => {
  const { app, file, batch, other, recycler } = await story(t);
  for (const { id, code, lot } of [batch, other]) {
    const { trail, ...judged } = await trailIn(file, id);
    t.match(judged, { code: 0, ok: true });
    t.same(trail.faults, []);
    const said = ok(await recycler.client.get(`/v1/batches/${id}/provenance`));
    const { byOriginClass, bySite, byDay, lossesOnTheWay, grams } = trail;
    t.same(
      { byOriginClass, bySite, byDay, lossesOnTheWay, grams, sources: trail.shares.length },
      {
        byOriginClass: said.byOriginClass,
        bySite: said.bySite,
        byDay: said.byDay,
        lossesOnTheWay: said.lossesOnTheWay,
        grams: said.grams,
        sources: said.sources,
      },
    );
    const shares = ok(await app.operator.get(`/v1/lots/${lot.id}/provenance?limit=1000`)).items;
    t.same(trail.shares, shares, 'to the gram');
    for (const name of [code, lot.id]) t.same((await trailIn(file, name)).trail.shares, shares);
  }
  const way = await outsider(file, batch.code);
  t.match(way, { code: 0, err: '', out: '20 facts on the way of 20000 g; 0 faults' });
  const source = await readFile(path.resolve(import.meta.dirname, '../../examples/trail.mjs'), 'utf8');
  t.ok(source.split('\n').length <= 121, 'the script has at most 120 lines');
  t.same(
    [...source.matchAll(/from '([^']*)'/g)].map(([, name]) => name),
    ['node:fs'],
  );
  t.match(await outsider(file, 'X'.repeat(16)), { code: 2, err: 'no batch' });
  t.match(await outsider(file), { code: 2, err: 'usage' });
  const told = await command({}, 'verify', '--file', file, '--batch', batch.code);
  t.match(told, {
    code: 0,
    out: /batch .*, made at \d+ of 20,000 g\n[\s\S]*process-run.completed.v1\n[\s\S]*shares by shares.v1: 20,000 g of 4 sources/,
  });
  for (const [argv, code, err] of [
    [['--batch', batch.code], 2, /--file/],
    [['--file', file, '--batch', 'x'], 2, /no code of a batch/],
    [['--file', file, '--batch', 'X'.repeat(16)], 1, /No batch or lot/],
  ] as const)
    t.match(await command({}, 'verify', ...argv), { code, out: '', err });
});

/** The example for outsiders. */
const outsider = (...argv: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((done) => {
    const script = path.resolve(import.meta.dirname, '../../examples/trail.mjs');
    execFile(process.execPath, [script, ...argv], (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });

t.test('the way leads through a buyer and back, and through a load that was undone', async (t) => {
  const app = await startTestApp(t);
  const { seller, brandA, mixed, seal, sell, post } = await tradeOf(app, 200);
  const first = await seal([{ lotId: await mixed([3_000_001, 2_500_003, 1_699_996]) }]);
  const sale = (await sell(first.id, { grams: 2_000_000 })).body;
  const mistaken = (await sell(first.id, { grams: 1_000 })).body;
  ok(await post(first.id, 'sale/void', { saleId: mistaken.id, reason: 'twice' }));
  ok(await post(first.id, 'deliveries', { saleId: sale.id, grams: 2_000_000, deliveredAt: AT }));
  const made = {
    batchId: first.id,
    saleId: sale.id,
    units: 1_000,
    unitMassGrams: 30,
    contentGrams: 15,
    market: 'CN',
  };
  ok(await brandA.client.post('/v1/products', made));
  const back = ok(
    await post(first.id, 'returns', {
      saleId: sale.id,
      grams: 1_200_000,
      measuredGrams: 1_188_000,
      siteId: seller.siteId,
      returnedAt: AT,
      reason: 'too moist',
    }),
  );
  const elsewhere = await app.site('recycler');
  const load = ok(
    await seller.client.post('/v1/shipments', {
      fromSiteId: seller.siteId,
      toSiteId: elsewhere.siteId,
      lots: [{ lotId: back.lotId, grams: 500_000 }],
    }),
  );
  const burnt = ok(
    await seller.client.post('/v1/incidents', {
      kind: 'fire',
      shipmentId: load.id,
      lots: [{ lotId: load.lots[0].lotId, grams: 7 }],
      happenedAt: AT,
      reference: 'fire brigade 3',
    }),
  );
  ok(await seller.client.post(`/v1/incidents/${burnt.id}/void`, { reason: 'another load' }));
  ok(await seller.client.post(`/v1/shipments/${load.id}/void`, { reason: 'the road is closed' }));
  const second = await seal([{ lotId: back.lotId, grams: 1_100_000 }]);
  const { size } = await app.verify();
  await app.deps.publisher.covering(size, 5_000);
  const file = path.join(await directory(t), 'a.ndjson');
  t.equal((await command(environmentOf(app), 'export', '--out', file)).code, 0);
  for (const { id, code, lot } of [first, second]) {
    const { trail } = await trailIn(file, id);
    t.same(trail.faults, []);
    const said = ok(await app.operator.get(`/v1/batches/${id}/provenance`));
    t.same(trail.lossesOnTheWay, said.lossesOnTheWay);
    t.same(trail.byDay, said.byDay);
    t.equal(trail.gramsNow, ok(await app.operator.get(`/v1/lots/${lot.id}`)).grams);
    const way = await outsider(file, code);
    t.match(way, {
      code: 0,
      err: '',
      out: `${trail.steps.length} facts on the way of ${trail.grams} g; 0 faults`,
    });
  }
  const shares = ok(await app.operator.get(`/v1/lots/${second.lot.id}/provenance?limit=1000`)).items;
  t.same((await trailIn(file, second.id)).trail.shares, shares);
});

t.test('a fact left out shows, whoever signs', async (t) => {
  const { file, batch, here } = await story(t);
  const { trail } = await trailIn(file, batch.id);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const [forged, kept] = [path.join(here, 'b.ndjson'), path.join(here, 'kept')];
  await writeFile(kept, JSON.parse(lines.at(-1)!).checkpoint);
  /** Taken out with every trace, these leave a history in which they never happened. */
  const silent: string[] = [];
  t.equal(trail.steps.length, 20);
  for (const { seq, type } of trail.steps.slice(0, -1)) {
    const without = (instead: (left: Forgeable, holder: object) => number | undefined) =>
      forge(file, forged, (facts) => {
        const left = structuredClone(facts[seq]!);
        leaveOut(facts, seq, (holder) => instead(left, holder) ?? seq);
      });
    t.ok(await without(() => undefined));
    const found = await trailIn(forged, batch.id);
    t.match(await outsider(forged, batch.code), { code: 1, err: /BAD at entry/ }, `${type}, by the script`);
    t.match(found, { code: 1, kind: 'trail-wrong-pointer' }, `${type} at ${seq}`);
    t.ok(found.trail.faults.every((fault) => fault.seq >= seq));
    // Whoever forges every later pointer as well.
    t.ok(await without((left, holder) => pointerIn(left, holder)));
    if ((await trailIn(forged, batch.id)).code === 0) silent.push(type);
    const ran = await command({}, 'verify', '--file', forged, '--checkpoint', kept);
    t.match(ran, { code: 1, out: /BAD/ }, 'a checkpoint kept from before finds every one');
  }
  t.same(silent, ['lot.sampled.v1', 'shipment.voided.v1', 'incident.reported.v1', 'stock.counted.v1']);
});

t.test('pointers, grams and lots that were changed are named', async (t) => {
  const { file, batch, here, pile, nets, bottles, partLot, washed, south } = await story(t);
  const forged = path.join(here, 'b.ndjson');
  const { trail } = await trailIn(file, batch.id);
  const seqOf = (type: string, at = 0): number => trail.steps.filter((step) => step.type === type)[at]!.seq;
  const run = washed.receipt.seq as number;
  const [corrected, dispatched] = [seqOf('collection.corrected.v1'), seqOf('shipment.dispatched.v1', 1)];
  const received = seqOf('shipment.received.v1');
  type Attack = [what: string, kind: string, seq: number, (facts: Forgeable[]) => void];
  const data = (facts: Forgeable[], seq: number) => facts[seq]!.entry.data;
  const attacks: Attack[] = [
    [
      'a pointer to a fact of something else',
      'trail-wrong-pointer',
      run,
      (facts) => {
        data(facts, run).inputs[0].seq = 3;
      },
    ],
    [
      'a pointer that passes a fact over',
      'trail-left-out',
      dispatched,
      (facts) => {
        data(facts, dispatched).lots[0].seq = seqOf('process-run.completed.v1', 1);
      },
    ],
    [
      'a pointer to what comes after',
      'trail-wrong-pointer',
      received,
      (facts) => {
        data(facts, received).lots[0].seq = run;
      },
    ],
    [
      'the pointer of a shipment',
      'trail-wrong-pointer',
      received,
      (facts) => {
        data(facts, received).seq = 2;
      },
    ],
    [
      'more grams weighed in, and none of them used',
      'trail-wrong-grams',
      seqOf('shipment.dispatched.v1', 2),
      (facts) => {
        const weighed = data(facts, seqOf('collection.recorded.v1', 3));
        weighed.grossGrams += 100;
        weighed.payGrams += 100;
      },
    ],
    [
      'fewer grams corrected',
      'trail-wrong-grams',
      seqOf('process-run.completed.v1'),
      (facts) => {
        data(facts, corrected).lotChangeGrams -= 1;
      },
    ],
    [
      'grams made in a run',
      'trail-wrong-grams',
      run,
      (facts) => {
        data(facts, run).outputs[0].grams += 1;
      },
    ],
    [
      'grams drawn that were not there',
      'trail-wrong-grams',
      run,
      (facts) => {
        data(facts, run).inputs[1].grams += 1;
        data(facts, run).losses[0].grams += 1;
      },
    ],
    [
      'a loss on the way hidden',
      'trail-wrong-grams',
      received,
      (facts) => {
        data(facts, received).lots[0].lossGrams -= 100;
      },
    ],
    [
      'two lots exchanged in the run',
      'trail-wrong-pointer',
      run,
      (facts) => {
        const { inputs } = data(facts, run);
        [inputs[0].lotId, inputs[1].lotId] = [inputs[1].lotId, inputs[0].lotId];
      },
    ],
    [
      'two lots exchanged with their pointers',
      'trail-wrong-grams',
      run,
      (facts) => {
        const { inputs } = data(facts, run);
        const [a, b] = [inputs[0], inputs[1]];
        inputs[0] = { ...b, grams: a.grams };
        inputs[1] = { ...a, grams: b.grams };
      },
    ],
    [
      'sent by a station that never had it',
      'trail-wrong-place',
      dispatched,
      (facts) => {
        data(facts, dispatched).fromSiteId = south.siteId;
      },
    ],
    [
      'one lot twice',
      'trail-twice',
      run,
      (facts) => {
        const { inputs } = data(facts, run);
        inputs[2] = { ...inputs[1], grams: 5_000 };
        inputs[1].grams -= 5_000;
        inputs[0].grams += 5_000;
      },
    ],
    [
      'a lot that began twice',
      'trail-twice',
      seqOf('collection.recorded.v1', 1),
      (facts) => {
        const first = data(facts, seqOf('collection.recorded.v1'));
        data(facts, seqOf('collection.recorded.v1', 1)).lotId = first.lotId;
      },
    ],
    [
      'a shape that is not its type’s',
      'trail-wrong-shape',
      received,
      (facts) => {
        data(facts, received).lots[0].grams = 1;
      },
    ],
    [
      'the void of what was not done',
      'trail-wrong-grams',
      seqOf('process-run.voided.v1'),
      (facts) => {
        data(facts, seqOf('process-run.voided.v1')).inputs[0].grams += 1;
      },
    ],
  ];
  for (const [what, kind, seq, change] of attacks) {
    t.ok(await forge(file, forged, change), what);
    const { trail: judged, code } = await trailIn(forged, batch.id);
    t.equal(code, 1, what);
    if (!judged.faults.some((fault) => fault.kind === kind && fault.seq === seq))
      t.fail(`${what}: ${JSON.stringify(judged.faults)}, not ${kind} at ${seq}`);
  }
  t.ok(new Set([pile, nets.lotId, bottles.lotId, partLot]).size === 4);
});
