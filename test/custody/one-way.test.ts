import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { factTypes } from '../../src/catalogue.ts';
import { shipments } from '../../src/custody/custody.tables.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { readFacts } from '../../src/ledger/store.ts';
import { type AnyTable, Missing, World } from '../../src/ledger/world.ts';
import { lots } from '../../src/lots/lots.tables.ts';
import { processRuns } from '../../src/processing/processing.tables.ts';
import { batches } from '../../src/resale/resale.tables.ts';
import { cases } from '../../src/supervision/cases.tables.ts';
import { type Client, startTestApp, type TestApp } from '../support/app.ts';

type Place = Awaited<ReturnType<TestApp['site']>>;

/** A lot of so many grams, weighed in at the site. */
const lotOf = async (place: Place, grams: number, more: object = {}): Promise<string> => {
  const answer = await place.client.post('/v1/collections', {
    id: randomUUID(),
    siteId: place.siteId,
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    grossGrams: grams + 600,
    tareGrams: 600,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
    ...more,
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.lot.id;
};

const send = (from: Place, to: Place, sent: object[], more: object = {}) =>
  from.client.post('/v1/shipments', { fromSiteId: from.siteId, toSiteId: to.siteId, lots: sent, ...more });

/** Sends whole lots and answers the shipment's id. */
const shipped = async (from: Place, to: Place, lotIds: string[]): Promise<string> => {
  const answer = await send(
    from,
    to,
    lotIds.map((lotId) => ({ lotId })),
  );
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.id;
};

const weighbridge = async (app: TestApp, place: Place): Promise<string> => {
  const scale = { class: 'III', eGrams: 20_000, minGrams: 400_000, maxGrams: 60_000_000 };
  const answer = await app.operator.post('/v1/devices', { siteId: place.siteId, name: '地磅', scale });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.id;
};

/** Two people of a certifier that has no part in anything. */
const certifiers = async (app: TestApp): Promise<[Client, Client]> => {
  const { body } = await app.operator.post('/v1/organisations', { name: '认证机构', kind: 'certifier' });
  return [await app.keyFor(body.id, 'certifier'), await app.keyFor(body.id, 'certifier')];
};

const inventory = async (client: Client, siteId: string, asOfSeq?: number) =>
  client.get(`/v1/sites/${siteId}/inventory${asOfSeq === undefined ? '' : `?asOfSeq=${asOfSeq}`}`);

/** Applies every fact to an empty world, and compares each row with the database's. */
const expectReplayGivesTheSameRows = async (t: Test, { deps }: TestApp): Promise<void> => {
  const world = new World();
  const places: unknown[] = [];
  const touched = new Map<AnyTable, Set<string>>(
    [lots, shipments, cases, processRuns, batches].map((table) => [table as AnyTable, new Set()]),
  );
  const put = world.put.bind(world);
  world.put = (table, row) => {
    touched.get(table as AnyTable)?.add(String(row[table.key]));
    put(table, row);
  };
  const add = world.add.bind(world);
  world.add = (journal, row) => {
    if (journal.name === 'lot_places' || journal.name === 'postings')
      places.push({ journal: journal.name, ...row });
    add(journal, row);
  };
  for (const fact of await readFacts(deps.pool, sha256, deps.keyring, 0, 100_000)) {
    for (let done = false; !done; ) {
      const before = places.length;
      try {
        factTypes.get(fact.type)!.apply(world, fact as never);
        world.keep();
        done = true;
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        world.drop();
        places.length = before;
        for (const [table, ids] of error.wanted) world.load(table, ids, []);
      }
    }
  }
  for (const [table, ids] of touched) {
    const fields = table.columns.map((c) => `${c.column} AS "${c.field}"`).join(', ');
    const { rows } = await deps.pool.query(`SELECT ${fields} FROM ${table.name}`);
    t.equal(rows.length, ids.size, `as many ${table.name}`);
    for (const row of rows) t.same(world.get(table, row.id), row, `${table.name} ${row.id}`);
  }
  const { rows } = await deps.pool.query(
    `SELECT 'postings' AS journal, account::text AS id, seq, delta || ' ' || after AS what FROM postings
     UNION ALL SELECT 'lot_places', lot_id::text, seq, coalesce(site_id::text, 'nowhere') FROM lot_places`,
  );
  const key = (r: Record<string, unknown>) =>
    r.journal === 'postings'
      ? `postings ${r.account} ${r.seq} ${r.delta} ${r.after}`
      : `lot_places ${r.lotId} ${r.seq} ${r.siteId ?? 'nowhere'}`;
  t.same(
    places.map((r) => key(r as Record<string, unknown>)).sort(),
    rows.map((r) => `${r.journal} ${r.id} ${r.seq} ${r.what}`).sort(),
    'the same journals',
  );
};

t.test('S1: a wet bag goes its way to flake, and every gram is told', async (t) => {
  const app = await startTestApp(t);
  const station = await app.site('station');
  const works = await app.site('recycler', { toleranceBasisPoints: 500 });
  const bag = await lotOf(station, 12_000);
  const shipmentId = await shipped(station, works, [bag]);
  t.match((await station.client.get(`/v1/lots/${bag}`)).body, { siteId: null, shipmentId, grams: 12_000 });

  const receipt = await works.client.post(`/v1/shipments/${shipmentId}/receipt`, { measuredGrams: 11_640 });
  t.equal(receipt.status, 201);
  t.match(receipt.body, {
    id: shipmentId,
    measuredGrams: 11_640,
    bookedGrams: 12_000,
    toleranceGrams: 600,
    lossGrams: 360,
    surplusGrams: 0,
    onHold: false,
    lots: [{ lotId: bag, grams: 11_640 }],
  });
  t.notOk('caseId' in receipt.body || 'surplusLotId' in receipt.body);

  const sort = {
    siteId: works.siteId,
    step: 'sort',
    inputs: [{ lotId: bag }],
    outputs: [
      { material: 'pet', form: 'bottle', grams: 9_100 },
      { material: 'pp', form: 'rigid', grams: 780 },
      { material: 'residue', form: 'mixed', grams: 1_120 },
    ],
    losses: [{ kind: 'evaporated', grams: 640 }],
  };
  const light = await works.client.post('/v1/process-runs', { ...sort, losses: [] });
  t.match(light, {
    status: 422,
    body: { code: 'out_of_balance', detail: /11640 g, outputs 11000 g and losses 0 g/ },
  });
  const sorted = await works.client.post('/v1/process-runs', sort);
  t.match(sorted, {
    status: 201,
    body: { outputs: [{ grams: 9_100 }, { grams: 780 }, { grams: 1_120 }], marks: [] },
  });
  const washed = await works.client.post('/v1/process-runs', {
    siteId: works.siteId,
    step: 'wash',
    inputs: [{ lotId: sorted.body.outputs[0].lotId }],
    outputs: [
      { material: 'pet', form: 'flake', grams: 7_550 },
      { material: 'sludge', form: 'mixed', grams: 830 },
    ],
    losses: [{ kind: 'evaporated', grams: 720 }],
    at: '2026-01-01T08:00:00+08:00',
    note: '第一班',
  });
  t.match(washed, { status: 201, body: { marks: ['no-line-clean'] } });
  t.match((await works.client.get(`/v1/process-runs/${washed.body.id}`)).body, {
    step: 'wash',
    lineClean: false,
    state: 'completed',
  });

  const flake = washed.body.outputs[0].lotId;
  const sealed = await works.client.post('/v1/batches', { siteId: works.siteId, inputs: [{ lotId: flake }] });
  t.match(sealed, {
    status: 201,
    body: { code: /^[0-9A-HJKMNP-TV-Z]{16}$/, lot: { grams: 7_550, material: 'pet', form: 'flake' } },
  });
  t.match((await works.client.get(`/v1/batches/${sealed.body.id}`)).body, {
    code: sealed.body.code,
    state: 'sealed',
  });
  t.match((await works.client.get('/v1/batches')).body.items, [{ id: sealed.body.id }]);
  t.equal((await station.client.get(`/v1/batches/${sealed.body.id}`)).status, 404, 'another’s');

  const stock = await inventory(works.client, works.siteId);
  const grams = stock.body.items.map((i: { grams: number }) => i.grams).sort((a: number, b: number) => a - b);
  t.same(grams, [780, 830, 1_120, 7_550]);
  t.equal(360 + 780 + 1_120 + 640 + 7_550 + 830 + 720, 12_000);

  await t.test('and its stock can be told after any entry', async (t) => {
    const at = async (place: Place, seq: number) => {
      const { body } = await inventory(place.client, place.siteId, seq);
      t.equal(body.asOfSeq, seq);
      return body.items.map(
        (i: { material: string; form: string; grams: number; lots: number }) =>
          `${i.grams} ${i.material} ${i.form} in ${i.lots}`,
      );
    };
    const receivedAt = receipt.body.receipt.seq;
    t.same(await at(station, receivedAt - 2), ['12000 pet bottle in 1']);
    t.same(await at(station, receivedAt - 1), [], 'on its way');
    t.same(await at(works, receivedAt - 1), [], 'not yet there');
    t.same(await at(works, receivedAt), ['11640 pet bottle in 1']);
    t.same(await at(works, sorted.body.receipt.seq), [
      '9100 pet bottle in 1',
      '780 pp rigid in 1',
      '1120 residue mixed in 1',
    ]);
    t.same(
      await at(works, sealed.body.receipt.seq),
      stock.body.items.map(
        (i: { material: string; form: string; grams: number }) => `${i.grams} ${i.material} ${i.form} in 1`,
      ),
    );
    const beyond = await inventory(works.client, works.siteId, stock.body.asOfSeq + 1);
    t.match(beyond, { status: 422, body: { code: 'beyond_head' } });
    t.equal((await inventory(station.client, works.siteId)).status, 404, 'another’s site');
  });
  await expectReplayGivesTheSameRows(t, app);
});

t.test('S2: the weighbridge gives more, gives too much, gives too little', async (t) => {
  const app = await startTestApp(t);
  const station = await app.site('station');
  const works = await app.site('recycler');
  const deviceId = await weighbridge(app, works);
  const bags = await Promise.all(
    Array.from({ length: 84 }, (_, i) => lotOf(station, i < 80 ? 23_810 : 23_800)),
  );
  const arrive = async (lotIds: string[], grossGrams: number) => {
    const id = await shipped(station, works, lotIds);
    return works.client.post(`/v1/shipments/${id}/receipt`, { grossGrams, tareGrams: 6_080_000, deviceId });
  };
  const first = await arrive(bags, 8_120_000);
  t.match(first, {
    status: 201,
    body: {
      bookedGrams: 2_000_000,
      measuredGrams: 2_040_000,
      toleranceGrams: 40_000,
      surplusGrams: 40_000,
      lossGrams: 0,
      onHold: false,
    },
  });
  t.notOk('caseId' in first.body);
  t.match((await works.client.get(`/v1/lots/${first.body.surplusLotId}`)).body, {
    kind: 'surplus',
    material: 'pet',
    originClass: 'none',
    grams: 40_000,
    onHold: false,
  });

  const wet = await lotOf(station, 1_000_000);
  const second = await arrive([wet], 7_180_000);
  t.match(second, {
    status: 201,
    body: { surplusGrams: 100_000, lossGrams: 0, onHold: false, lots: [{ grams: 1_000_000 }] },
  });
  t.match((await works.client.get(`/v1/lots/${second.body.surplusLotId}`)).body, {
    onHold: true,
    caseId: second.body.caseId,
  });
  t.match(
    (await works.client.get(`/v1/lots/${wet}`)).body,
    { onHold: false, siteId: works.siteId },
    'the load itself is free',
  );

  const short = await Promise.all([lotOf(station, 400_000), lotOf(station, 600_000)]);
  const third = await arrive(short, 7_020_000);
  t.match(third, {
    status: 201,
    body: { measuredGrams: 940_000, lossGrams: 0, surplusGrams: 0, onHold: true },
  });
  t.same(third.body.lots, [
    { lotId: short[0], grams: 400_000 },
    { lotId: short[1], grams: 600_000 },
  ]);
  t.match((await works.client.get('/v1/cases?state=open')).body.items, [
    { id: second.body.caseId, kind: 'receipt-surplus', grams: 100_000 },
    { id: third.body.caseId, kind: 'receipt-short', grams: 60_000, subjectId: third.body.id },
  ]);
  t.equal(first.body.measuredGrams + second.body.measuredGrams + third.body.measuredGrams, 4_080_000);

  await t.test('a load on hold is neither processed nor sent nor sealed', async (t) => {
    const use = { siteId: works.siteId, inputs: [{ lotId: short[0], grams: 1_000 }] };
    const outputs = [{ material: 'pet', form: 'bottle', grams: 1_000 }];
    for (const answer of [
      await works.client.post('/v1/process-runs', { ...use, step: 'sort', outputs, losses: [] }),
      await works.client.post('/v1/batches', use),
      await send(works, station, [{ lotId: short[1] }]),
    ])
      t.match(answer, { status: 409, body: { code: 'on_hold', state: { caseId: third.body.caseId } } });
  });

  await t.test('two people who do not profit decide', async (t) => {
    const decide = (by: Client, id: string, body: object) => by.post(`/v1/cases/${id}/decision`, body);
    const [li, wang] = await certifiers(app);
    const profiting = await app.keyFor(works.organisationId, 'regulator');
    const released = { outcome: 'released', note: '下过雨' };
    t.match(await decide(profiting, third.body.caseId, released), { status: 403, body: { code: 'profits' } });
    t.equal((await decide(works.client, third.body.caseId, released)).status, 403, 'the role may not');
    t.match(await decide(li, randomUUID(), released), { status: 404 });
    const proposed = await decide(li, third.body.caseId, released);
    t.match(proposed, {
      status: 201,
      body: { id: third.body.caseId, state: 'proposed', lossGrams: null, lots: [] },
    });
    t.match(await decide(li, third.body.caseId, released), { status: 403, body: { code: 'same_holder' } });
    const other = await decide(wang, third.body.caseId, { outcome: 'loss' });
    t.match(
      other,
      { status: 201, body: { state: 'proposed', outcome: 'loss' } },
      'another outcome is another proposal',
    );
    t.equal((await works.client.get(`/v1/lots/${short[0]}`)).body.onHold, true, 'still on hold');
    const theft = { outcome: 'loss', lossKind: 'theft' };
    t.match(
      (await decide(li, third.body.caseId, theft)).body,
      { state: 'proposed' },
      'and so is another kind of loss',
    );
    const decided = await decide(wang, third.body.caseId, theft);
    t.match(decided, {
      status: 201,
      body: {
        state: 'decided',
        lossKind: 'theft',
        lossGrams: 60_000,
        lots: [
          { lotId: short[0], grams: 376_000 },
          { lotId: short[1], grams: 564_000 },
        ],
      },
    });
    t.match(await decide(wang, third.body.caseId, released), {
      status: 409,
      body: { code: 'already_decided' },
    });
    t.match((await works.client.get(`/v1/lots/${short[1]}`)).body, {
      grams: 564_000,
      onHold: false,
      caseId: null,
    });
    t.match((await works.client.get(`/v1/shipments/${third.body.id}`)).body, {
      onHold: false,
      caseId: third.body.caseId,
    });

    await decide(li, second.body.caseId, released);
    t.match(await decide(wang, second.body.caseId, released), {
      status: 201,
      body: { state: 'decided', lossGrams: 0 },
    });
    t.match((await works.client.get(`/v1/lots/${second.body.surplusLotId}`)).body, {
      grams: 100_000,
      onHold: false,
    });
    t.match((await app.operator.get('/v1/cases?state=open')).body.items, []);
  });
  await expectReplayGivesTheSameRows(t, app);
});

t.test('loads', async (t) => {
  const app = await startTestApp(t);
  const station = await app.site('station');
  const works = await app.site('recycler');
  const stranger = await app.site('warehouse');

  await t.test('a part of a lot travels as a lot of its own, the rest stays', async (t) => {
    const [whole, halved] = [await lotOf(station, 5_000), await lotOf(station, 8_000)];
    const sent = await send(station, works, [
      { lotId: whole, grams: 5_000 },
      { lotId: halved, grams: 3_000 },
    ]);
    t.equal(sent.status, 201);
    const [first, second] = sent.body.lots;
    t.same(first, { lotId: whole, grams: 5_000 }, 'all of it is the lot itself');
    t.not(second.lotId, halved);
    t.match((await station.client.get(`/v1/lots/${halved}`)).body, { grams: 5_000, siteId: station.siteId });
    t.match((await station.client.get(`/v1/lots/${second.lotId}`)).body, {
      kind: 'part',
      grams: 3_000,
      siteId: null,
      shipmentId: sent.body.id,
    });
    const readings = [
      { lotId: second.lotId, measuredGrams: 2_990 },
      { lotId: whole, measuredGrams: 4_990 },
    ];
    const got = await works.client.post(`/v1/shipments/${sent.body.id}/receipt`, {
      lots: readings,
      outcome: 'received',
      final: true,
    });
    t.match(got, { status: 201, body: { measuredGrams: 7_980, toleranceGrams: 40, lossGrams: 20 } });
    t.same(
      got.body.lots,
      [
        { lotId: whole, grams: 4_987 },
        { lotId: second.lotId, grams: 2_993 },
      ],
      '12.5 and 7.5: the tie goes to the earlier',
    );
    t.match((await works.client.get(`/v1/lots/${second.lotId}`)).body, {
      siteId: works.siteId,
      shipmentId: null,
    });
  });

  await t.test('a load is received once, and only where it arrives', async (t) => {
    const id = await shipped(station, works, [await lotOf(station, 1_000)]);
    const receive = (client: Client, body: object, headers = {}) =>
      client.post(`/v1/shipments/${id}/receipt`, body, headers);
    t.equal((await receive(station.client, { measuredGrams: 1_000 })).status, 403);
    t.equal((await receive(stranger.client, { measuredGrams: 1_000 })).status, 404);
    t.equal((await stranger.client.get(`/v1/shipments/${id}`)).status, 404);
    const key = { 'idempotency-key': 'gate 1' };
    const first = await receive(works.client, { measuredGrams: 1_000 }, key);
    t.equal(first.status, 201);
    const again = await receive(works.client, { measuredGrams: 1_000 }, key);
    t.match(again, { status: 201, headers: { 'idempotency-replayed': 'true' } });
    t.same(again.body, first.body);
    t.match(await receive(works.client, { measuredGrams: 990 }), {
      status: 409,
      body: { code: 'already_received', state: { measuredGrams: 1_000 } },
    });
  });

  await t.test('a measurement is said in one way, and can be', async (t) => {
    const id = await shipped(station, works, [await lotOf(station, 1_000)]);
    const receive = (body: object) => works.client.post(`/v1/shipments/${id}/receipt`, body);
    for (const body of [
      {},
      { grossGrams: 5 },
      { tareGrams: 5 },
      { measuredGrams: 5, grossGrams: 5, tareGrams: 0 },
      { measuredGrams: -1 },
      { measuredGrams: 1, outcome: 'refused' },
    ])
      t.equal((await receive(body)).status, 400, JSON.stringify(body));
    t.match(await receive({ grossGrams: 5, tareGrams: 6 }), {
      status: 422,
      body: { code: 'tare_over_gross' },
    });
    t.match(await receive({ lots: [{ lotId: randomUUID(), measuredGrams: 1 }] }), {
      status: 422,
      body: { code: 'unknown_lot' },
    });
    const deviceId = randomUUID();
    t.match(
      await receive({ measuredGrams: 1_000, deviceId }),
      { status: 201, body: { toleranceGrams: 5 } },
      'an unknown scale is no reason to refuse',
    );
  });

  await t.test('a load that never arrived is on hold with all its grams', async (t) => {
    const lotId = await lotOf(station, 1_000);
    const id = await shipped(station, works, [lotId]);
    t.match(await works.client.post(`/v1/shipments/${id}/receipt`, { measuredGrams: 0 }), {
      status: 201,
      body: { onHold: true, lots: [{ grams: 1_000 }] },
    });
    const [li, wang] = await certifiers(app);
    const { caseId } = (await works.client.get(`/v1/shipments/${id}`)).body;
    for (const by of [li, wang]) await by.post(`/v1/cases/${caseId}/decision`, { outcome: 'released' });
    t.match((await works.client.get(`/v1/lots/${lotId}`)).body, { grams: 0, onHold: false });
  });

  await t.test('wrong requests are told what is wrong', async (t) => {
    const lotId = await lotOf(station, 1_000);
    const foreign = await lotOf(works, 1_000);
    t.match(await send(station, station, [{ lotId }]), { status: 422, body: { code: 'same_site' } });
    t.match(await send(station, { ...works, siteId: randomUUID() }, [{ lotId }]), {
      status: 422,
      body: { code: 'unknown_site' },
    });
    t.match(await send({ ...works, client: station.client }, station, [{ lotId: foreign }]), {
      status: 422,
      body: { code: 'unknown_site' },
    });
    t.match(await send(station, works, [{ lotId: foreign }]), { status: 422, body: { code: 'unknown_lot' } });
    t.match(await send(station, works, [{ lotId }, { lotId }]), {
      status: 422,
      body: { code: 'lot_named_twice' },
    });
    t.match(await send(station, works, [{ lotId, grams: 1_001 }]), {
      status: 409,
      body: { code: 'grams_gone', state: { grams: 1_000 } },
    });
    t.equal((await send(station, works, [])).status, 400);
  });

  await t.test(
    'of ten that race for the same grams, as many win as there are grams for, and the rest hear what is left',
    async (t) => {
      const lotId = await lotOf(station, 1_000);
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => send(station, works, [{ lotId, grams: 300 }])),
      );
      const won = answers.filter((a) => a.status === 201);
      t.equal(won.length, 3);
      for (const lost of answers.filter((a) => a.status !== 201))
        t.match(lost, { status: 409, body: { code: 'grams_gone', state: { grams: 100 } } });
      t.equal((await station.client.get(`/v1/lots/${lotId}`)).body.grams, 100);
    },
  );

  await t.test('lots that differ give a surplus that promises nothing', async (t) => {
    const id = await shipped(station, works, [
      await lotOf(station, 1_000),
      await lotOf(station, 1_000, { material: 'pp', form: 'rigid' }),
    ]);
    const { body } = await works.client.post(`/v1/shipments/${id}/receipt`, { measuredGrams: 2_010 });
    t.match((await works.client.get(`/v1/lots/${body.surplusLotId}`)).body, {
      material: 'mixed-plastic',
      form: 'mixed',
      originClass: 'none',
      grams: 10,
    });
  });

  await t.test('a carrier reads what it carries, and no more', async (t) => {
    const { body: carrier } = await app.operator.post('/v1/organisations', {
      name: '承运人',
      kind: 'carrier',
    });
    const driver = await app.keyFor(carrier.id, 'carrier');
    const [carried] = [
      await send(station, works, [{ lotId: await lotOf(station, 700) }], {
        carrier: carrier.id,
        vehicle: '浙J·12345',
        seals: ['S-1'],
      }),
    ];
    t.match((await driver.get('/v1/shipments')).body.items, [
      { id: carried.body.id, vehicle: '浙J·12345', seals: ['S-1'] },
    ]);
    t.equal((await driver.get('/v1/shipments')).body.items.length, 1);
    t.equal(
      (await driver.post(`/v1/shipments/${carried.body.id}/receipt`, { measuredGrams: 700 })).status,
      403,
    );
    const { body: entry } = await app.operator.get(`/v1/ledger/entries/${carried.body.receipt.seq}`);
    t.notMatch(entry.bytes, /12345|S-1/, 'neither plate nor seal is public');
    t.notOk(entry.bytes.includes(carrier.id), 'nor the carrier');
  });

  await t.test('lists are of one’s own', async (t) => {
    t.same((await stranger.client.get('/v1/shipments')).body.items, []);
    t.same((await stranger.client.get('/v1/cases')).body.items, []);
    const mine = (await works.client.get('/v1/shipments?limit=2')).body;
    t.equal(mine.items.length, 2);
    t.match((await works.client.get(`/v1/shipments?limit=2&cursor=${mine.nextCursor}`)).body.items[0], {
      toSiteId: works.siteId,
    });
  });
  await expectReplayGivesTheSameRows(t, app);
});

t.test('runs', async (t) => {
  const app = await startTestApp(t);
  const works = await app.site('recycler', {
    norms: [{ step: 'wash-pelletise', material: 'pet', minBasisPoints: 6_500, maxBasisPoints: 8_000 }],
  });
  const run = (body: object) =>
    works.client.post('/v1/process-runs', { siteId: works.siteId, losses: [], ...body });

  await t.test('S8: a yield above the norm stands, marked', async (t) => {
    const lotId = await lotOf(works, 10_000_000, { form: 'bale' });
    const answer = await run({
      step: 'wash-pelletise',
      inputs: [{ lotId }],
      outputs: [{ material: 'pet', form: 'pellet', grams: 9_600_000 }],
      losses: [{ kind: 'evaporated', grams: 400_000 }],
    });
    t.match(answer, { status: 201, body: { marks: ['yield-above-range', 'no-line-clean'] } });
    const { body } = await app.operator.get(`/v1/ledger/entries/${answer.body.receipt.seq}`);
    t.match(body.entry.data, { maxYieldBasisPoints: 8_000, inputs: [{ lotId, grams: 10_000_000 }] });
  });

  await t.test(
    'many lots are consolidated into one, origins that differ are no longer one class',
    async (t) => {
      const inputs = await Promise.all(
        ['shoreline', 'shoreline', 'land'].map(async (originClass) => ({
          lotId: await lotOf(works, 1_000, { originClass }),
        })),
      );
      const outputs = [{ material: 'pet', form: 'bottle', grams: 3_000 }];
      t.match(await run({ step: 'consolidate', inputs, outputs: [{ ...outputs[0], form: 'flake' }] }), {
        status: 422,
        body: { code: 'other_form' },
      });
      const answer = await run({ step: 'consolidate', inputs, outputs });
      t.match(answer, { status: 201, body: { marks: [] } });
      t.match((await works.client.get(`/v1/lots/${answer.body.outputs[0].lotId}`)).body, {
        grams: 3_000,
        originClass: null,
      });
      t.match(await run({ step: 'consolidate', inputs, outputs }), {
        status: 409,
        body: { code: 'grams_gone', state: { grams: 0 } },
      });
    },
  );

  await t.test('500 lots go into one run, and its fact fits an entry', async (t) => {
    const inputs: { lotId: string }[] = [];
    for (let i = 0; i < 5; i++)
      inputs.push(
        ...(await Promise.all(
          Array.from({ length: 100 }, async () => ({ lotId: await lotOf(works, 1_000) })),
        )),
      );
    const outputs = Array.from({ length: 100 }, () => ({
      material: 'pe-hd',
      form: 'fishing-net',
      grams: 5_000,
    }));
    t.equal((await run({ step: 'sort', inputs, outputs })).status, 201);
    t.equal((await run({ step: 'sort', inputs: [...inputs, { lotId: randomUUID() }], outputs })).status, 400);
  });

  await t.test('a run in the future, a pollutant from plastic, a batch of two kinds: 422', async (t) => {
    const [pet, pp] = [await lotOf(works, 10), await lotOf(works, 10, { material: 'pp' })];
    const outputs = [{ material: 'waste-oil', form: 'liquid', grams: 10 }];
    t.match(await run({ step: 'wash', inputs: [{ lotId: pet }], outputs }), {
      status: 422,
      body: { code: 'pollutant_in_plastic' },
    });
    t.match(
      await run({
        step: 'wash',
        inputs: [{ lotId: pet }],
        outputs: [],
        losses: [{ kind: 'fire', grams: 10 }],
        at: '2999-01-01T00:00:00Z',
      }),
      {
        status: 422,
        body: { code: 'not_yet_run' },
      },
    );
    const batch = { siteId: works.siteId, inputs: [{ lotId: pet }, { lotId: pp }] };
    t.match(await works.client.post('/v1/batches', batch), { status: 422, body: { code: 'mixed_inputs' } });
    const id = randomUUID();
    const one = { id, siteId: works.siteId, inputs: [{ lotId: pet, grams: 4 }] };
    const sealed = await works.client.post('/v1/batches', one);
    t.match(sealed, { status: 201, body: { id, lot: { grams: 4 } } });
    t.match(
      await works.client.post('/v1/batches', one),
      { status: 201, body: sealed.body },
      'a repeat gets the same code',
    );
  });
  await expectReplayGivesTheSameRows(t, app);
});
