import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Api, inspect, seeded, station, Writers } from './harness.ts';

const SECONDS = Number(process.env.CRASH_SECONDS ?? 60);
const SEED = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const WRITERS = 8;
/** What the test must have killed to have shown anything. */
const FEWEST_KILLS = SECONDS / 4;

t.test(
  'whatever is killed, an acknowledged weigh-in is there once, with the receipt it was acknowledged by',
  async (t) => {
    t.comment(`seed ${SEED}, ${SECONDS} s (CRASH_SEED, CRASH_SECONDS)`);
    const random = seeded(SEED);
    const api = await Api.start();
    t.teardown(async () => {
      await api.kill('SIGKILL');
      await rm(api.dataDir, { recursive: true, force: true });
    });
    const writers = new Writers(api, await station(api), seeded(SEED + 1));
    const writing = Array.from({ length: WRITERS }, () => writers.write());

    const kills = { api: 0, postgres: 0 };
    const meanwhile = new Map<number, number>();
    const recovery: number[] = [];
    const end = performance.now() + SECONDS * 1_000;
    // A busy machine recovers more slowly: then it goes on until enough was killed.
    const enough = () => kills.api + kills.postgres >= FEWEST_KILLS && kills.postgres > 0;
    const latest = end + 2 * SECONDS * 1_000;
    while (performance.now() < end || (!enough() && performance.now() < latest)) {
      await sleep(300 + random() * 1_500);
      if (random() < 0.5) {
        await api.kill('SIGKILL');
        kills.api++;
        await api.spawn();
        continue;
      }
      const survivors = api.deaths.length;
      if (!(await api.killPostgres())) continue;
      kills.postgres++;
      const start = performance.now();
      let status = 0;
      do {
        await sleep(20);
        status = await api.readiness();
        meanwhile.set(status, (meanwhile.get(status) ?? 0) + 1);
      } while (status !== 200 && api.alive && performance.now() - start < 20_000);
      recovery.push(performance.now() - start);
      if (api.deaths.length > survivors) await api.spawn();
    }
    await api.ready(20_000);
    writers.running = false;
    await Promise.all(writing);
    await api.kill('SIGTERM');

    const { accepted, attempts, aborted, told503, surprises, contradictions } = writers;
    t.comment(
      `kills: API ${kills.api}, PostgreSQL ${kills.postgres}; acknowledged ${accepted.size}, attempts ${attempts}, ` +
        `hung up ${aborted}, told 503 ${told503}, slowest recovery ${Math.max(0, ...recovery).toFixed(0)} ms`,
    );
    t.ok(kills.api + kills.postgres >= FEWEST_KILLS, 'it was killed often');
    t.ok(kills.api > 0 && kills.postgres > 0, 'each of the two was killed');
    t.ok(accepted.size > SECONDS * 20, 'writing went on');
    t.ok(attempts > kills.api + kills.postgres, 'and writers had to insist');
    t.ok(aborted > 0, 'some hung up in mid-flight');

    t.same(api.deaths, [], 'the API outlives its PostgreSQL');
    t.same(
      [...meanwhile.keys()].filter((s) => ![200, 503].includes(s)),
      [],
      'it says 503 in the meantime',
    );
    t.ok(
      recovery.every((ms) => ms < 10_000),
      'and recovers within 10 s',
    );
    t.same([...surprises], [], 'no writer was told anything but yes or "ask again"');
    t.same(contradictions, [], 'a repeat gets the first answer');

    const found = await inspect(api);
    t.equal(found.entries.size, found.size, 'the ledger verifies, as many entries as its head says');
    let [lost, untrue, grams] = [0, 0, 0];
    for (const [id, { receipt, grams: weighed }] of accepted) {
      if (found.ids.get(id) !== receipt.seq) lost++;
      if (found.entries.get(receipt.seq) !== receipt.leafHash) untrue++;
      grams += weighed;
    }
    t.equal(lost, 0, 'none is lost');
    t.equal(untrue, 0, 'each receipt is true');
    t.equal(
      new Set([...accepted.values()].map((a) => a.receipt.seq)).size,
      accepted.size,
      'none shares a position',
    );
    t.equal(found.ids.size, found.size, 'none stands twice');
    t.equal(found.lots, accepted.size, 'a lot for each');
    t.equal(found.grams, grams, 'and the mass of all lots is what was weighed in');
  },
);
