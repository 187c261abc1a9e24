import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { factTypes } from '../../src/catalogue.ts';
import { selectSql } from '../../src/db/table.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { readEntries, readFacts } from '../../src/ledger/store.ts';
import { Missing, World } from '../../src/ledger/world.ts';
import { collectors, devices, vessels } from '../../src/registry/registry.tables.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const CONSENT = { version: '2026-1', at: '2026-11-24T06:30:00+08:00' };
const NUMBER = '33100219800101123x';

const person = (siteId: string, more: object = {}) => ({
  siteId,
  name: '林阿海',
  phone: '+8613800000000',
  consent: CONSENT,
  ...more,
});

const weighIn = (siteId: string, more: object = {}) => ({
  id: randomUUID(),
  siteId,
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  originEvidence: 'position',
  grossGrams: 12_600,
  tareGrams: 600,
  basis: 'weighed',
  collectedAt: new Date().toISOString(),
  ...more,
});

/** Every row of every table as text; bytes are in hex. */
const dump = async ({ deps }: TestApp): Promise<Map<string, string[]>> => {
  const { rows: tables } = await deps.pool.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'blue_cycle'",
  );
  const found = new Map<string, string[]>();
  for (const { name } of tables) {
    const { rows } = await deps.pool.query<{ row: string }>(
      `SELECT t::text AS row FROM blue_cycle."${name}" t`,
    );
    found.set(
      name,
      rows.map(({ row }) => row),
    );
  }
  return found;
};

/** Names of the tables where the text stands, as text or as bytes. */
const tablesWith = (rows: Map<string, string[]>, canary: string): string[] => {
  const forms = [canary, Buffer.from(canary).toString('hex')];
  return [...rows]
    .filter(([, texts]) => texts.some((row) => forms.some((form) => row.includes(form))))
    .map(([name]) => name)
    .sort();
};

/** Applies every fact, as the ledger and its openings tell it, to an empty world. */
const replay = async ({ deps }: TestApp): Promise<World> => {
  const world = new World();
  for (const fact of await readFacts(deps.pool, sha256, deps.keyring, 0, 10_000)) {
    for (;;) {
      try {
        factTypes.get(fact.type)!.apply(world, fact);
        world.keep();
        break;
      } catch (error) {
        world.drop();
        if (!(error instanceof Missing)) throw error;
        for (const [table, ids] of error.wanted) world.load(table, ids, []);
      }
    }
  }
  return world;
};

const expectSameAfterReplay = async (t: Test, test: TestApp): Promise<void> => {
  const { inserted } = (await replay(test)).changes();
  for (const table of [collectors, devices, vessels]) {
    const names = table.columns.map(({ column, field }) => `${column} AS "${field}"`).join(', ');
    const { rows } = await test.deps.pool.query(`SELECT ${names} FROM ${table.name}`);
    const live = rows.filter(({ state }) => !(table === (collectors as never) && state === 'erased'));
    const told = (inserted.get(table as never) ?? []) as { id: string }[];
    const sorted = (list: { id: string }[]) => list.map((row) => ({ retainUntil: null, ...row })).sort(byId);
    t.same(
      table.name === 'collectors' ? sorted(told) : [...told].sort(byId),
      table.name === 'collectors' ? sorted(live) : [...live].sort(byId),
      `replay tells the same ${table.name}`,
    );
  }
};

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

t.test('a registered collector is read by their own station, and named to nobody else', async (t) => {
  const test = await startTestApp(t);
  const [station, other] = [await test.site('station'), await test.site('station')];
  const auditor = await test.keyFor(station.organisationId, 'auditor');
  const brand = await test.keyFor(other.organisationId, 'brand');
  const made = await station.client.post('/v1/collectors', person(station.siteId));
  t.equal(made.status, 201);
  const url = `/v1/collectors/${made.body.id}`;

  const own = await station.client.get(url);
  t.match(own.body, { name: '林阿海', phone: '+8613800000000', state: 'active', consentVersion: '2026-1' });
  t.same((await test.operator.get(url)).body, own.body, 'the operator sees the same');
  t.match((await auditor.get(url)).body, { id: made.body.id, name: null, phone: null, state: 'active' });
  t.equal((await brand.get(url)).status, 403);

  t.equal((await other.client.get(url)).status, 404);
  t.equal((await other.client.patch(url, { name: 'x' })).status, 404);
  t.equal((await other.client.post(`${url}/close`)).status, 404);
  t.equal((await other.client.post(`${url}/consent`, CONSENT)).status, 404);
  t.equal((await other.client.delete(`${url}/personal-data`)).status, 404);
  t.same((await other.client.get('/v1/collectors')).body.items, []);
  t.same(
    (await station.client.get('/v1/collectors')).body.items.map((c: { id: string }) => c.id),
    [made.body.id],
  );
  t.match(await other.client.post('/v1/collectors', person(station.siteId)), {
    status: 422,
    body: { code: 'unknown_site' },
  });

  const limited = await test.keyFor(station.organisationId, 'station', { siteIds: [station.siteId] });
  t.equal((await limited.get(url)).status, 200);
  const second = await test.operator.post('/v1/sites', {
    organisationId: station.organisationId,
    kind: 'station',
    name: '二号站',
    location: { latE7: 286_600_000, lonE7: 1_214_400_000 },
  });
  const elsewhere = await test.keyFor(station.organisationId, 'station', { siteIds: [second.body.id] });
  t.equal((await elsewhere.get(url)).status, 404, 'a key limited to another site does not reach them');
  t.same((await elsewhere.get('/v1/collectors')).body.items, []);
});

t.test(
  'the ledger shows type, site and day of what concerns a person, and nothing in common but these',
  async (t) => {
    const test = await startTestApp(t);
    const { client, siteId } = await test.site('station');
    const { body } = await client.post(
      '/v1/collectors',
      person(siteId, { identity: { kind: 'cn-id', number: NUMBER } }),
    );
    const url = `/v1/collectors/${body.id}`;
    t.equal(
      (await client.patch(url, { phone: null, account: { kind: 'wechat', number: 'w-1', holder: '林' } }))
        .status,
      200,
    );
    t.match((await client.get(url)).body, { name: '林阿海', phone: null });
    t.equal((await client.post(`${url}/consent`, { ...CONSENT, version: '2026-2' })).status, 200);
    t.equal((await client.get(url)).body.consentVersion, '2026-2');
    t.equal((await client.post(`${url}/consent`, { ...CONSENT, version: null })).status, 200);
    t.equal((await client.get(url)).body.consentVersion, null);
    t.equal((await client.post(`${url}/close`)).status, 200);
    t.match(await client.post(`${url}/close`), { status: 409, body: { code: 'collector_closed' } });
    t.match(await client.patch(url, { name: 'x' }), { status: 409, body: { code: 'collector_closed' } });
    t.equal((await client.delete(`${url}/personal-data`)).status, 200);
    t.equal((await test.operator.delete(`${url}/personal-data?stage=erase`)).status, 200);

    const facts = (await readEntries(test.deps.pool, 0, 1_000))
      .map(({ bytes }) => JSON.parse(bytes.toString('utf8')))
      .filter(({ type }) => type.startsWith('collector.'));
    t.same(
      facts.map(({ type }) => type),
      [
        'collector.registered.v1',
        'collector.changed.v1',
        'collector.consent-changed.v1',
        'collector.consent-changed.v1',
        'collector.closed.v1',
        'collector.restricted.v1',
        'collector.erased.v1',
      ],
    );
    for (const { data } of facts) t.same(Object.keys(data), ['day', 'sealed', 'siteId']);
    t.equal(new Set(facts.map(({ data }) => data.sealed)).size, facts.length, 'no two seals are alike');
  },
);

t.test(
  'the same person is met twice by their identity number, also when two stations ask at once',
  async (t) => {
    const test = await startTestApp(t);
    const [station, other] = [await test.site('station'), await test.site('station')];
    const identity = { kind: 'cn-id', number: NUMBER };
    const first = await station.client.post('/v1/collectors', person(station.siteId, { identity }));
    t.equal(first.status, 201);
    const again = await station.client.post(
      '/v1/collectors',
      person(station.siteId, { identity: { kind: 'cn-id', number: ` ${NUMBER.toUpperCase()} ` } }),
    );
    t.match(again, { status: 409, body: { code: 'person_known', state: { collectorId: first.body.id } } });
    const foreign = await other.client.post('/v1/collectors', person(other.siteId, { identity }));
    t.match(foreign, { status: 409, body: { code: 'person_known' } });
    t.notOk(JSON.stringify(foreign.body).includes(first.body.id), 'another organisation is not told the id');
    t.equal(
      (
        await other.client.post(
          '/v1/collectors',
          person(other.siteId, { identity: { ...identity, kind: 'other' } }),
        )
      ).status,
      201,
      'the kind of number counts',
    );

    for (let round = 0; round < 5; round++) {
      const body = { identity: { kind: 'passport', number: `E${round}` } };
      const answers = await Promise.all([
        station.client.post('/v1/collectors', person(station.siteId, body)),
        other.client.post('/v1/collectors', person(other.siteId, body)),
        station.client.post('/v1/collectors', person(station.siteId, body)),
      ]);
      t.same(answers.map(({ status }) => status).sort(), [201, 409, 409]);
    }

    t.test('a number that was given up may be borne by somebody else, and comes back', async (t) => {
      const url = `/v1/collectors/${first.body.id}`;
      const corrected = { identity: { kind: 'cn-id', number: '331002198001011231' } };
      t.equal((await station.client.patch(url, corrected)).status, 200);
      const heir = await other.client.post('/v1/collectors', person(other.siteId, { identity }));
      t.equal(heir.status, 201);
      t.match(await station.client.patch(url, { identity }), { status: 409, body: { code: 'person_known' } });
      t.equal((await other.client.patch(`/v1/collectors/${heir.body.id}`, { identity: null })).status, 200);
      t.equal((await station.client.patch(url, { identity })).status, 200);
      const { rows } = await test.deps.pool.query(
        'SELECT count(*)::int4 AS n FROM person_identities WHERE person_id IS NULL',
      );
      t.equal(rows[0]!.n, 0, 'no number is left that belongs to nobody');
    });
  },
);

t.test(
  'somebody whose weigh-ins came first is taken over, and keeps the key they were sealed under',
  async (t) => {
    const test = await startTestApp(t);
    const { client, siteId } = await test.site('station');
    const id = randomUUID();
    const early = await client.post('/v1/collections', weighIn(siteId, { collectorId: id }));
    t.match(early, { status: 201 });
    t.ok(early.body.marks.includes('unresolved'));
    t.match((await test.operator.get(`/v1/collectors/${id}`)).body, {
      state: 'unresolved',
      organisationId: null,
      name: null,
    });
    t.equal(
      (await client.get(`/v1/collectors/${id}`)).status,
      404,
      'nobody’s collector is shown to no station',
    );
    t.match(await test.operator.patch(`/v1/collectors/${id}`, { name: 'x' }), {
      status: 409,
      body: { code: 'collector_unresolved' },
    });
    const key = async () =>
      (await test.deps.pool.query('SELECT wrapped_key FROM people WHERE id = $1', [id])).rows[0]!
        .wrapped_key as Buffer;
    const before = await key();

    const body = { id, ...person(siteId) };
    t.match(await client.post('/v1/collectors', body), { status: 201, body: { id } });
    t.same(await key(), before);
    t.match((await client.get(`/v1/collectors/${id}`)).body, { state: 'active', name: '林阿海' });
    t.same((await client.get(`/v1/collections/${early.body.id}`)).body.collectorIds, [id]);
    const late = await client.post('/v1/collections', weighIn(siteId, { collectorId: id }));
    t.notOk(late.body.marks.includes('unresolved'));
    t.match(await client.post('/v1/collectors', body), {
      status: 201,
      headers: { 'idempotency-replayed': 'true' },
    });
    t.match(await client.post('/v1/collectors', { ...body, name: '别人' }), {
      status: 409,
      body: { code: 'idempotency_conflict' },
    });
    await expectSameAfterReplay(t, test);
  },
);

t.test('restriction hides a person at once; erasure waits for the end date the operator set', async (t) => {
  const test = await startTestApp(t);
  const { client, siteId } = await test.site('station');
  const { body } = await client.post('/v1/collectors', person(siteId));
  const url = `/v1/collectors/${body.id}`;
  const erasure = `${url}/personal-data`;
  t.match(await test.operator.delete(`${erasure}?stage=erase`), {
    status: 409,
    body: { code: 'not_restricted' },
  });
  t.equal((await client.delete(`${erasure}?stage=erase`)).status, 403);
  const dated = `${erasure}?retainUntil=2099-12-31&reason=tax-records`;
  t.equal((await client.delete(dated)).status, 403, 'a station does not set the end date');
  t.equal(
    (await test.operator.delete(`${erasure}?retainUntil=2099-12-31`)).status,
    400,
    'a date needs a reason',
  );
  t.match(await test.operator.delete(`${erasure}?retainUntil=2020-01-01&reason=tax-records`), {
    status: 422,
  });

  const weighed = (await client.post('/v1/collections', weighIn(siteId, { collectorId: body.id }))).body;
  const named = async (who: typeof client) =>
    (await who.get(`/v1/collections/${weighed.id}`)).body.collectorIds as string[];
  t.same(await named(client), [body.id]);

  t.match(await client.delete(erasure), { status: 200, body: { id: body.id, state: 'restricted' } });
  t.same(await named(client), [], 'gone from the weigh-in for the station');
  t.same(await named(test.operator), [body.id], 'there for the operator');
  t.same((await client.get(`/v1/ledger/entries/${weighed.receipt.seq}/opening`)).body.people, [null]);
  t.equal((await client.get(url)).status, 404);
  t.equal((await client.patch(url, { name: 'x' })).status, 404);
  t.same((await client.get('/v1/collectors')).body.items, []);
  t.match((await test.operator.get(url)).body, { state: 'restricted', name: null, phone: null });
  t.match(await test.operator.patch(url, { name: 'x' }), {
    status: 409,
    body: { code: 'collector_restricted' },
  });
  t.match(await test.operator.delete(erasure), { status: 409, body: { code: 'collector_restricted' } });

  t.equal((await test.operator.delete(dated)).status, 200);
  t.match(await test.operator.delete(`${erasure}?stage=erase`), {
    status: 409,
    body: { code: 'duties_open', state: { retainUntil: '2099-12-31' } },
  });
  await expectSameAfterReplay(t, test);
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(Date.now());
  t.equal((await test.operator.delete(`${erasure}?retainUntil=${today}&reason=tax-records`)).status, 200);
  t.match(await test.operator.delete(`${erasure}?stage=erase`), {
    status: 200,
    body: { id: body.id, state: 'erased' },
  });
  t.match(await test.operator.delete(`${erasure}?stage=erase`), {
    status: 409,
    body: { code: 'collector_erased' },
  });
});

t.test(
  'erasure leaves nothing of a person in any table, and the ledger and its replay as they were',
  async (t) => {
    const test = await startTestApp(t);
    const { client, siteId } = await test.site('station');
    const id = randomUUID();
    const identity = { kind: 'cn-id', number: NUMBER };
    const account = { kind: 'bank-card', number: '6222021202041701', holder: '林阿海' };
    const registration = { id, ...person(siteId, { identity, account }) };
    t.equal((await client.post('/v1/collectors', registration)).status, 201);
    const kept = await client.post('/v1/collectors', person(siteId, { name: '陈阿珠' }));
    const parties = [
      { collectorId: id, share: 1 },
      { collectorId: kept.body.id, share: 1 },
    ];
    const weighed = await client.post('/v1/collections', weighIn(siteId, { parties }));
    await test.deps.follower.reaches(weighed.body.receipt.seq);
    await test.deps.anomalies.reaches(weighed.body.receipt.seq);

    const { pool } = test.deps;
    const bytes = await pool.query<{ hex: string }>(
      `SELECT encode(unnest(ARRAY[wrapped_key, sealed, identity_hash]), 'hex') AS hex FROM people WHERE id = $1
     UNION ALL SELECT encode(sealed, 'hex') FROM person_openings WHERE person_id = $1`,
      [id],
    );
    const canaries = [
      NUMBER,
      '6222021202041701',
      '林阿海',
      '+8613800000000',
      ...bytes.rows.map(({ hex }) => hex),
    ];
    const before = await dump(test);
    t.equal(
      bytes.rows.length,
      5,
      'a key, a sealed row, an identity and two openings are there to be destroyed',
    );
    for (const { hex } of bytes.rows) t.not(tablesWith(before, hex).length, 0);
    t.same(tablesWith(before, id), [
      'collectors',
      'ids',
      'people',
      'person_accounts',
      'person_identities',
      'person_openings',
      'source_parties',
    ]);
    const { size } = await test.verify();

    t.equal((await client.delete(`/v1/collectors/${id}/personal-data`)).status, 200);
    t.equal((await test.operator.delete(`/v1/collectors/${id}/personal-data?stage=erase`)).status, 200);

    const after = await dump(test);
    for (const canary of canaries) t.same(tablesWith(after, canary), [], `${canary.slice(0, 12)}… is gone`);
    t.same(
      tablesWith(after, id),
      ['collectors', 'ids', 'people'],
      'the id stays taken, and says nothing more',
    );
    t.same((await pool.query(selectSql(collectors as never), [[id]])).rows, [
      {
        id,
        organisationId: null,
        siteId: null,
        consentVersion: null,
        retainUntil: null,
        state: 'erased',
        seq: (await pool.query('SELECT seq FROM collectors WHERE id = $1', [id])).rows[0]!.seq,
        lastSeq: size + 1,
      },
    ]);
    t.equal((await test.verify()).size, size + 2);
    await expectSameAfterReplay(t, test);
    t.match((await client.get(`/v1/collectors/${kept.body.id}`)).body, { name: '陈阿珠' });
    t.same((await client.get(`/v1/collections/${weighed.body.id}`)).body.collectorIds, [kept.body.id]);

    const repeat = await client.post('/v1/collectors', registration);
    t.match(repeat, { status: 201, headers: { 'idempotency-replayed': 'true' }, body: { id: null } });
    const later = await client.post('/v1/collections', weighIn(siteId, { collectorId: id }));
    t.equal(later.status, 201, 'a weigh-in that comes later is still recorded');
    t.notOk(tablesWith(await dump(test), id).includes('person_openings'));
    const anew = await client.post('/v1/collectors', person(siteId, { identity }));
    t.equal(anew.status, 201, 'the same person may come again, as somebody new');
    t.not(anew.body.id, id);
    await expectSameAfterReplay(t, test);
  },
);

t.test('erasure waits for a follower that has read the person already', async (t) => {
  const test = await startTestApp(t);
  const { client, siteId } = await test.site('station');
  const { body } = await client.post('/v1/collectors', person(siteId));
  t.equal((await client.delete(`/v1/collectors/${body.id}/personal-data`)).status, 200);
  const follower = await test.deps.pool.connect();
  await follower.query("BEGIN; SELECT seq FROM followers WHERE name = 'provenance' FOR UPDATE");
  await follower.query('INSERT INTO source_parties (person_id, key) VALUES ($1, 128)', [body.id]);
  let done = false;
  const erasing = test.operator
    .delete(`/v1/collectors/${body.id}/personal-data?stage=erase`)
    .then((answer) => {
      done = true;
      return answer;
    });
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.notOk(done, 'it waits');
  await follower.query('COMMIT');
  follower.release();
  t.equal((await erasing).status, 200);
  t.notOk(tablesWith(await dump(test), body.id).includes('source_parties'));
});

t.test(
  'devices are enrolled, moved, enrolled again and closed; the public sees their site only',
  async (t) => {
    const test = await startTestApp(t);
    const [station, other] = [await test.site('station'), await test.site('station')];
    const [first, second] = [
      '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      'PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw',
    ];
    const scale = { class: 'III', eGrams: 50, minGrams: 1_000, maxGrams: 150_000 };
    const body = { id: randomUUID(), siteId: station.siteId, name: '一号秤', publicKey: first, scale };
    t.match(await station.client.post('/v1/devices', body), { status: 201, body: { id: body.id } });
    const url = `/v1/devices/${body.id}`;
    t.match((await station.client.get(url)).body, {
      ...body,
      organisationId: station.organisationId,
      counter: 0,
    });
    t.equal((await other.client.get(url)).status, 404);
    t.equal((await other.client.patch(url, { name: 'x' })).status, 404);
    t.equal((await other.client.post(`${url}/enrol`, { publicKey: second })).status, 404);
    t.same((await other.client.get('/v1/devices')).body.items, []);
    t.equal((await other.client.post('/v1/devices', { siteId: station.siteId, name: 'x' })).status, 422);
    for (const publicKey of ['', first.slice(1), `${first}=`, `${first.slice(0, 42)}p`])
      t.equal(
        (await station.client.post('/v1/devices', { ...body, id: randomUUID(), publicKey })).status,
        400,
      );
    t.equal(
      (await station.client.post('/v1/devices', { ...body, scale: { ...scale, minGrams: 150_000 } })).status,
      400,
    );

    await test.deps.pool.query('UPDATE devices SET counter = 17 WHERE id = $1', [body.id]);
    t.equal((await station.client.post(`${url}/enrol`, { publicKey: second })).status, 200);
    t.match((await station.client.get(url)).body, { publicKey: second, counter: 0, name: '一号秤' });
    t.equal(
      (await station.client.patch(url, { siteId: other.siteId })).status,
      422,
      'not to a site of others',
    );
    t.equal((await station.client.patch(url, { name: '二号秤', scale: null })).status, 200);
    t.match((await station.client.get(url)).body, { name: '二号秤', scale: null, siteId: station.siteId });
    t.equal((await test.operator.patch(url, { siteId: other.siteId })).status, 200);
    t.match((await other.client.get(url)).body, {
      siteId: other.siteId,
      organisationId: other.organisationId,
    });
    t.equal((await station.client.get(url)).status, 404);
    t.equal((await other.client.post(`${url}/close`)).status, 200);
    t.match(await other.client.post(`${url}/enrol`, { publicKey: first }), {
      status: 409,
      body: { code: 'device_closed' },
    });

    t.equal((await test.operator.post(`/v1/sites/${other.siteId}/close`)).status, 200);
    t.match(await other.client.post('/v1/devices', { siteId: other.siteId, name: 'x' }), {
      status: 409,
      body: { code: 'site_closed' },
    });
    const entries = (await readEntries(test.deps.pool, 0, 1_000)).map(({ bytes }) =>
      JSON.parse(bytes.toString('utf8')),
    );
    const facts = entries.filter(({ type }) => type.startsWith('device.'));
    t.same(
      facts.map(({ type }) => type),
      [
        'device.enrolled.v1',
        'device.enrolled-again.v1',
        'device.changed.v1',
        'device.changed.v1',
        'device.closed.v1',
      ],
    );
    for (const { data } of facts) t.same(Object.keys(data), ['sealed', 'siteId']);
    await expectSameAfterReplay(t, test);
  },
);

t.test('vessels belong to an organisation, and nothing of them is public', async (t) => {
  const test = await startTestApp(t);
  const [station, other] = [await test.site('station'), await test.site('station')];
  const made = await station.client.post('/v1/vessels', { name: '浙椒渔 81234', number: '81234' });
  t.equal(made.status, 201);
  const url = `/v1/vessels/${made.body.id}`;
  t.match((await station.client.get(url)).body, {
    organisationId: station.organisationId,
    number: '81234',
    state: 'active',
  });
  t.equal((await other.client.get(url)).status, 404);
  t.equal((await other.client.patch(url, { name: 'x' })).status, 404);
  t.equal((await other.client.post(`${url}/close`)).status, 404);
  t.match(await station.client.post('/v1/vessels', { name: 'x', organisationId: other.organisationId }), {
    status: 422,
    body: { code: 'unknown_organisation' },
  });
  t.equal(
    (await test.operator.post('/v1/vessels', { name: '浙椒渔 1', organisationId: other.organisationId }))
      .status,
    201,
  );
  t.equal((await other.client.get('/v1/vessels')).body.items.length, 1);
  t.equal((await station.client.patch(url, { number: null })).status, 200);
  t.match((await station.client.get(url)).body, { name: '浙椒渔 81234', number: null });
  t.equal((await station.client.post(`${url}/close`)).status, 200);
  t.match(await station.client.patch(url, { name: 'x' }), { status: 409, body: { code: 'vessel_closed' } });

  const alone = await test.operator.post('/v1/organisations', {
    name: '王船长',
    kind: 'other',
    naturalPerson: true,
  });
  const captain = await test.keyFor(alone.body.id, 'station');
  t.equal((await captain.post('/v1/vessels', { name: '浙椒渔 2' })).status, 201);
  const entries = (await readEntries(test.deps.pool, 0, 1_000)).map(({ bytes }) =>
    JSON.parse(bytes.toString('utf8')),
  );
  const facts = entries.filter(({ type }) => type.startsWith('vessel.'));
  for (const { data } of facts) t.same(Object.keys(data), ['sealed']);
  t.equal(facts.at(-1).actor, test.deps.programme.operatorId, 'a natural person does not stand as the actor');
  await expectSameAfterReplay(t, test);
});
