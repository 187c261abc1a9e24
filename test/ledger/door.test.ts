import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import t, { type Test } from 'tap';
import { z } from 'zod';
import { collectionOperations } from '../../src/collection/collection.operations.ts';
import type { CollectionRequest } from '../../src/collection/collection.schema.ts';
import { readConfig } from '../../src/config.ts';
import { buildDeps, type Deps } from '../../src/deps.ts';
import { DomainError } from '../../src/kernel/errors.ts';
import type { Caller, FactType, Operation } from '../../src/ledger/fact.ts';
import { draft } from '../../src/ledger/fact.ts';
import type { AnyOperation, Command, Recorded } from '../../src/ledger/record.ts';
import { readEntry } from '../../src/ledger/store.ts';
import { nettingConsentChanged } from '../../src/payouts/payees.facts.ts';
import { registerSite } from '../../src/registry/registry.operations.ts';
import { findCaller } from '../../src/registry/registry.queries.ts';
import { sites } from '../../src/registry/registry.tables.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const LOCATION = { latE7: 286_600_000, lonE7: 1_214_400_000 };

const weighIn = (siteId: string, more: object = {}): CollectionRequest =>
  ({
    id: randomUUID(),
    siteId,
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    grossGrams: 1_000,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
    ...more,
  }) as CollectionRequest;

/** Another process on the same programme: its own door, pools, world and follower. */
const another = async (t: Test, app: TestApp, clock?: () => number): Promise<Deps> => {
  const { config } = app.deps;
  const env = {
    DATABASE_URL: app.urls.apiUrl,
    DATABASE_OWNER_URL: app.urls.ownerUrl,
    BLUE_CYCLE_DATA_DIR: config.dataDir,
    LOG_LEVEL: 'silent',
  };
  const deps = await buildDeps(readConfig(env), clock);
  t.teardown(() => deps.close());
  return deps;
};

/** A session as superuser that leaves the ledger as it is. */
const watcher = async (t: Test, app: TestApp): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionString: app.urls.superuserUrl,
    options: '-c search_path=blue_cycle',
  });
  client.on('error', () => undefined);
  await client.connect();
  t.teardown(() => client.end());
  return client;
};

const callerOf = async (deps: Deps, secret: string): Promise<Caller> =>
  (await findCaller(deps.db, secret, deps.clock()))!;

const command = (
  deps: Deps,
  caller: Caller,
  operation: AnyOperation,
  input: { id?: string | undefined },
): Command => ({
  operation,
  input,
  caller,
  key: {
    id: input.id ?? randomUUID(),
    fingerprint: deps.keyring.fingerprint(`${operation.name} ${JSON.stringify(input)}`),
  },
});

const collecting = (deps: Deps, caller: Caller, input: CollectionRequest): Command =>
  command(deps, caller, collectionOperations(deps.keyring, deps.programme).recordCollection, input);

const recordOne = (deps: Deps, caller: Caller, input: CollectionRequest): Promise<Recorded<object>> =>
  submit(deps, [collecting(deps, caller, input)])[0]!;

const submit = (deps: Deps, commands: Command[]): Promise<Recorded<object>>[] =>
  deps.door.submit(commands, 1_000 * commands.length);

/** The code of a refusal; anything else that was thrown, and any acceptance, fails the test. */
const refusal = async (t: Test, result: Promise<unknown>): Promise<DomainError | undefined> => {
  const error = await result.then(
    () => undefined,
    (e: unknown) => e,
  );
  t.type(error, DomainError, 'it was refused, with a reason');
  return error instanceof DomainError ? error : undefined;
};

/** Every acknowledged receipt names an entry with that very leaf hash, and no id stands in the ledger twice. */
const checkReceipts = async (t: Test, app: TestApp, done: Map<string, Recorded<object>>): Promise<void> => {
  const { pool } = app.deps;
  let wrong = 0;
  for (const [, { receipt }] of done) {
    const entry = await readEntry(pool, receipt.seq);
    if (entry?.leaf.toString('hex') !== receipt.leafHash) wrong++;
  }
  t.equal(wrong, 0, 'each receipt is true');
  t.equal(
    new Set([...done.values()].map((d) => d.receipt.seq)).size,
    done.size,
    'no two writes share a position',
  );
  const { size } = await app.verify();
  const { rows } = await pool.query<{ n: number; all: number }>(
    `SELECT count(*)::int4 AS n, (SELECT sum(cardinality(ends))::int4 FROM chunks) AS all FROM ids`,
  );
  t.equal(rows[0]!.all, size, 'positions are dense');
  t.equal(rows[0]!.n, size, 'one key an entry, one entry a key');
};

t.test('two processes that write at once make one dense chain, and every answer is true', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const doors = [app.deps, await another(t, app)];
  const caller = await callerOf(app.deps, client.secret);
  const done = new Map<string, Recorded<object>>();
  const writer = async (deps: Deps): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      const bodies = Array.from({ length: 1 + (i % 4) }, () => weighIn(siteId));
      const results = await Promise.all(
        submit(
          deps,
          bodies.map((b) => collecting(deps, caller, b)),
        ),
      );
      for (const [j, result] of results.entries()) done.set(bodies[j]!.id!, result);
    }
  };
  const before = doors.map((d) => d.door.counts.lockedTurns);
  await Promise.all([...doors, ...doors, ...doors].map(writer));
  t.equal(done.size, 900, 'all were acknowledged');
  for (const [i, deps] of doors.entries())
    t.ok(
      deps.door.counts.lockedTurns - before[i]! > 3,
      'it met the other: the head moved under it many times',
    );
  await checkReceipts(t, app, done);
});

t.test('one key posted to both processes at once is one fact and one repeat', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const other = await another(t, app);
  const caller = await callerOf(app.deps, client.secret);
  const { size } = await app.verify();
  for (let i = 0; i < 40; i++) {
    const body = weighIn(siteId);
    const both = await Promise.all([recordOne(app.deps, caller, body), recordOne(other, caller, body)]);
    t.same(both.map((r) => r.replayed).sort(), [false, true]);
    t.same(both[0]!.receipt, both[1]!.receipt);
    t.same(both[0]!.answer, both[1]!.answer);
  }
  t.equal((await app.verify()).size, size + 40);
});

t.test('a head moved by another process between turns is noticed, and rows are read anew', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const other = await another(t, app);
  const caller = await callerOf(app.deps, client.secret);
  const done = new Map<string, Recorded<object>>();
  for (let i = 0; i < 20; i++) {
    const deps = i % 2 === 0 ? app.deps : other;
    const body = weighIn(siteId);
    done.set(body.id!, await recordOne(deps, caller, body));
  }
  t.equal(done.size, 20);
  await checkReceipts(t, app, done);
});

t.test('a refusal is never decided upon rows that another process has changed since', async (t) => {
  const app = await startTestApp(t);
  const { organisationId, client } = await app.site('station');
  const other = await another(t, app);
  const operator = await callerOf(app.deps, app.operator.secret);
  const station = await callerOf(app.deps, client.secret);
  const siteId = randomUUID();
  const first = await refusal(t, recordOne(app.deps, station, weighIn(siteId)));
  t.equal(first?.code, 'unknown_site', 'the site is not there yet');
  const site = { id: siteId, organisationId, kind: 'station' as const, name: '二号站', location: LOCATION };
  await Promise.all(submit(other, [command(other, operator, registerSite, site)]));
  const second = await recordOne(app.deps, station, weighIn(siteId)).catch((e: Error) => e);
  t.notOk(
    second instanceof Error,
    `the site was registered before it was named (answer: ${(second as Error).message})`,
  );
});

t.test('repeats within one turn are answered from the first, and another content is refused', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const caller = await callerOf(app.deps, client.secret);
  const body = weighIn(siteId);
  const turns = app.deps.door.counts.turns;
  const same = () => collecting(app.deps, caller, body);
  const other = collecting(app.deps, caller, { ...body, grossGrams: 2 });
  const stranger = {
    ...same(),
    caller: await callerOf(app.deps, (await app.site('station')).client.secret),
  };
  const turnsBefore = app.deps.door.counts.turns;
  const results = await Promise.allSettled(submit(app.deps, [same(), same(), other, same(), stranger]));
  t.equal(app.deps.door.counts.turns, turnsBefore + 1, 'they went in one turn');
  t.ok(turnsBefore > turns);
  const values = results.map((r) => (r.status === 'fulfilled' ? r.value.replayed : r.reason.code));
  t.same(values, [false, true, 'idempotency_conflict', true, 'id_taken']);
  const [first, , , last] = results as PromiseFulfilledResult<Recorded<object>>[];
  t.same(last!.value?.answer, first!.value.answer);
  t.same(last!.value?.receipt, first!.value.receipt);
});

t.test('a site and its first weigh-in may come in one turn', async (t) => {
  const app = await startTestApp(t);
  const { organisationId, client } = await app.site('station');
  const operator = await callerOf(app.deps, app.operator.secret);
  const station = await callerOf(app.deps, client.secret);
  const site = {
    id: randomUUID(),
    organisationId,
    kind: 'station' as const,
    name: '新站',
    location: LOCATION,
  };
  const turns = app.deps.door.counts.turns;
  const results = [
    ...submit(app.deps, [command(app.deps, operator, registerSite, site)]),
    recordOne(app.deps, station, weighIn(site.id)),
  ];
  const [registered, weighed] = await Promise.all(results);
  t.equal(app.deps.door.counts.turns, turns + 1, 'they went in one turn');
  t.equal(weighed!.receipt.seq, registered!.receipt.seq + 1);
});

t.test('a revoked key is refused by the door, also when the edge had let it in', async (t) => {
  const app = await startTestApp(t);
  const { siteId, organisationId } = await app.site('station');
  const other = await another(t, app);
  const key = await app.keyFor(organisationId, 'station');
  const caller = await callerOf(app.deps, key.secret);
  await recordOne(app.deps, caller, weighIn(siteId));
  await recordOne(other, caller, weighIn(siteId));
  t.equal((await app.operator.post(`/v1/api-keys/${key.id}/revoke`)).status, 200);
  const { size } = await app.verify();
  for (const deps of [app.deps, other]) {
    const refused = await refusal(t, recordOne(deps, caller, weighIn(siteId)));
    t.equal(refused?.code, 'unauthenticated');
  }
  t.equal((await key.post('/v1/collections', weighIn(siteId))).status, 401, 'and at the edge');
  t.equal((await app.verify()).size, size, 'nothing was written');
});

const Nothing = z.strictObject({ siteId: z.string() });
type Nothing = z.infer<typeof Nothing>;

const factOf = (apply: FactType<Nothing, never>['apply']): FactType<Nothing, never> => ({
  type: 'test.poisoned.v1',
  title: { en: 'Poisoned', zh: '毒' },
  data: Nothing,
  grams: '',
  fen: '',
  backPointers: [],
  apply,
});

const poisoned = (apply: FactType<Nothing, never>['apply']): Operation<Nothing, object> => ({
  name: 'test.poison',
  roles: ['station'],
  status: 201,
  decide: (_world, data) => draft({ type: factOf(apply), data }),
  answer: () => ({}),
});

t.test('a command whose rows the database refuses ends alone, and its neighbours land', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const caller = await callerOf(app.deps, client.secret);
  const impossible = poisoned((world) =>
    world.put(sites, { id: randomUUID(), kind: null } as unknown as { id: string; kind: string } as never),
  );
  const { size } = await app.verify();
  const commands = Array.from({ length: 40 }, () => collecting(app.deps, caller, weighIn(siteId)));
  for (const at of [7, 23])
    commands.splice(at, 0, command(app.deps, caller, impossible, { siteId } as { id?: string }));
  const results = await Promise.allSettled(submit(app.deps, commands));
  t.same(
    results.flatMap((r, i) => (r.status === 'rejected' ? [i] : [])),
    [7, 23],
    'only the two were refused',
  );
  t.equal((await app.verify()).size, size + 40);
  const done = results.flatMap((r, i): [string, Recorded<object>][] =>
    r.status === 'fulfilled' ? [[commands[i]!.key.id, r.value]] : [],
  );
  await checkReceipts(t, app, new Map(done));
});

t.test('a command that throws while its rows are put leaves no entry behind its caller’s back', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const caller = await callerOf(app.deps, client.secret);
  const throwing = poisoned(() => {
    throw new Error('a lot would hold −1 g');
  });
  const { size } = await app.verify();
  const results = await Promise.allSettled(
    submit(app.deps, [
      collecting(app.deps, caller, weighIn(siteId)),
      command(app.deps, caller, throwing, { siteId } as { id?: string }),
      collecting(app.deps, caller, weighIn(siteId)),
    ]),
  );
  t.same(
    results.map((r) => r.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  t.equal((await app.verify()).size, size + 2, 'what was refused took no position');
});

t.test('a command whose rows ask for more rows is written once', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const caller = await callerOf(app.deps, client.secret);
  // `decide` reads nothing, so the put is the first to ask for the site.
  const curious = poisoned((world, fact) => void world.get(sites, fact.data.siteId));
  const { size } = await app.verify();
  const other = await another(t, app);
  const result = submit(other, [command(other, caller, curious, { siteId } as { id?: string })])[0]!;
  const outcome = await result.then(
    () => 'accepted',
    () => 'refused',
  );
  const written = (await app.verify()).size - size;
  t.equal(written, outcome === 'accepted' ? 1 : 0, `${outcome}, so that many entries`);
});

t.test('the queue says at once when it is full, and forgets nothing it took', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const caller = await callerOf(app.deps, client.secret);
  const held = await watcher(t, app);
  await held.query('BEGIN');
  await held.query('SELECT 1 FROM head FOR UPDATE');
  const taken: Promise<Recorded<object>>[] = [];
  let refused: DomainError | undefined;
  let tookMs = 0;
  for (let i = 0; i < 40 && refused === undefined; i++) {
    const commands = Array.from({ length: 500 }, () => collecting(app.deps, caller, weighIn(siteId)));
    const start = performance.now();
    try {
      taken.push(...submit(app.deps, commands));
    } catch (error) {
      tookMs = performance.now() - start;
      refused = error as DomainError;
    }
    await sleep(1);
  }
  t.equal(refused?.code, 'queue_full');
  t.equal(refused?.kind, 'unavailable');
  t.ok(tookMs < 50, `at once (${tookMs.toFixed(1)} ms)`);
  t.ok(taken.length >= 10_000, 'thousands waited');
  await held.query('COMMIT');
  const settled = await Promise.allSettled(taken);
  t.equal(settled.filter((r) => r.status === 'rejected').length, 0, 'all that were taken landed');
});

t.test('a head held by somebody else makes writes wait, then answers 503, not 500', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  await client.post('/v1/collections', weighIn(siteId));
  const { size } = await app.verify();
  const held = await watcher(t, app);
  await held.query('BEGIN');
  await held.query('SELECT 1 FROM head FOR UPDATE');
  const start = performance.now();
  const answers = await Promise.all([1, 2].map(() => client.post('/v1/collections', weighIn(siteId))));
  const seconds = (performance.now() - start) / 1_000;
  await held.query('ROLLBACK');
  for (const { status, headers } of answers) {
    t.equal(status, 503);
    t.ok(headers['retry-after'], 'it says when to come back');
  }
  t.ok(seconds < 15, `within a caller's patience (${seconds.toFixed(1)} s)`);
  t.equal((await app.verify()).size, size, 'nothing was written');
  t.equal((await client.post('/v1/collections', weighIn(siteId))).status, 201, 'and it recovers');
});

t.test('connections cut at random moments lose nothing and write nothing twice', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const caller = await callerOf(app.deps, client.secret);
  const admin = await watcher(t, app);
  const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.comment(`seed ${seed}`);
  const random = mulberry(seed);
  const done = new Map<string, Recorded<object>>();
  const told = new Set<string>();
  let running = true;
  const writer = async (): Promise<void> => {
    while (running) {
      const bodies = Array.from({ length: 1 + Math.floor(random() * 30) }, () => weighIn(siteId));
      let left = bodies;
      while (left.length > 0) {
        const results = await Promise.allSettled(
          submit(
            app.deps,
            left.map((b) => collecting(app.deps, caller, b)),
          ),
        );
        const again: CollectionRequest[] = [];
        for (const [i, result] of results.entries()) {
          if (result.status === 'fulfilled') done.set(left[i]!.id!, result.value);
          else {
            again.push(left[i]!);
            told.add(String(result.reason.code ?? result.reason.message));
          }
        }
        left = again;
      }
    }
  };
  const writers = Array.from({ length: 6 }, writer);
  let inFlight = 0;
  let cuts = 0;
  for (let i = 0; i < 60; i++) {
    await sleep(20 + random() * 100);
    const { rows } = await admin.query<{ state: string; cut: boolean }>(
      `SELECT state, pg_terminate_backend(pid) AS cut FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'blue-cycle writer'`,
    );
    cuts += rows.filter((r) => r.cut).length;
    inFlight += rows.filter((r) => r.cut && r.state !== 'idle').length;
  }
  running = false;
  await Promise.all(writers);
  t.comment(
    `cuts ${cuts}, of them in flight ${inFlight}, acknowledged ${done.size}, told ${[...told].join(' ') || '-'}`,
  );
  t.ok(inFlight > 5, 'cuts hit turns in flight');
  t.ok(done.size > 500, 'writing went on');
  t.same(
    [...told].filter((code) => code !== 'database_unavailable'),
    [],
    'nobody was told anything but to ask again',
  );
  await checkReceipts(t, app, done);
  const { rows } = await app.deps.pool.query<{ n: number; grams: number }>(
    'SELECT count(*)::int4 AS n, coalesce(sum(grams), 0)::int8 AS grams FROM lots',
  );
  t.same(rows[0], { n: done.size, grams: done.size * 1_000 }, 'a lot for each weigh-in, and its grams');
});

t.test('clocks more than 60 s apart stop writing, reading goes on, and agreement ends it', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('station');
  const caller = await callerOf(app.deps, client.secret);
  let ahead = 0;
  const other = await another(t, app, () => Date.now() + ahead);
  await recordOne(other, caller, weighIn(siteId));
  const { size } = await app.verify();
  for (ahead of [61_500, -61_500, 3_600_000]) {
    const refused = await refusal(t, recordOne(other, caller, weighIn(siteId)));
    t.equal(refused?.code, 'clocks_disagree', `${ahead} ms ahead`);
    t.equal(refused?.kind, 'unavailable', 'a 503 at the edge');
  }
  t.equal((await app.verify()).size, size, 'nothing was written');
  for (ahead of [50_000, -50_000, 0]) {
    const { receipt } = await recordOne(other, caller, weighIn(siteId));
    t.ok(receipt.seq >= size, `${ahead} ms ahead is close enough`);
  }
  await app.verify();
});

/** A small seeded generator, numbers in [0, 1). */
const mulberry = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
};

t.test('a turn of many commands, each with rows that only its applying reads', async (t) => {
  const app = await startTestApp(t);
  const { client, siteId } = await app.site('station');
  const consent = { version: '1', at: new Date().toISOString() };
  const ids: string[] = [];
  for (let i = 0; i < 30; i++) {
    const { body } = await client.post('/v1/collectors', { siteId, name: `渔民 ${i}`, consent });
    ids.push(body.id);
  }
  // Another process has none of their rows, nor has its door.
  const deps = await another(t, app);
  const agree: Operation<{ personId: string }, object> = {
    name: 'test.agree',
    roles: ['operator'],
    status: 201,
    decide: (_world, { personId }, { caller }) =>
      draft({
        type: nettingConsentChanged,
        data: { siteId, day: '2026-11-24' },
        private: { keyId: caller.keyId },
        people: [{ personId, part: { personId, given: true, at: consent.at } }],
      }),
    answer: () => ({}),
  };
  const caller = await callerOf(deps, app.operator.secret);
  const commands = ids.map((personId) =>
    command(deps, caller, agree as AnyOperation, { id: randomUUID(), personId } as { id: string }),
  );
  const done = await Promise.allSettled(submit(deps, commands));
  t.same(
    done.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : [])),
    [],
    'none reaches too far, however many stand before it',
  );
  const { rows } = await deps.pool.query('SELECT count(*)::int8 AS n FROM payees WHERE netting');
  t.equal(rows[0].n, 30);
});
