import t from 'tap';
import { sha256 } from '../../src/kernel/hash.ts';
import type { Entry } from '../../src/ledger/entry.ts';
import { typeOf } from '../../src/ledger/entry.ts';
import type { AnyFact } from '../../src/ledger/fact.ts';
import { readConcerned, readEntries, readFacts } from '../../src/ledger/store.ts';
import { Follower } from '../../src/provenance/follower.ts';
import { startTestApp } from '../support/app.ts';

const SITES = 'site.registered.v1';

t.test('a follower is told what concerns it, live or read back, and passes over the rest', async (t) => {
  const { deps, operator, site } = await startTestApp(t);
  const { pool, keyring, door } = deps;
  // A name that looks like the end of an entry, inside one.
  const name = `A ","type":"${SITES}","v":1}`;
  t.equal((await operator.post('/v1/organisations', { name, kind: 'station' })).status, 201);
  await site('station');
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  const { siteId } = await site('warehouse');
  t.equal((await operator.post('/v1/collectors', { siteId, name: '王', consent })).status, 201);

  const entries = await readEntries(pool, 0, 1_000);
  t.same(
    entries.map(({ bytes }) => typeOf(bytes)),
    entries.map(({ bytes }) => (JSON.parse(bytes.toString()) as Entry).type),
    'a type is known without parsing',
  );

  const concerns = (type: string) => type === SITES || type === 'collector.registered.v1';
  const all = await readFacts(pool, sha256, keyring, 0, 1_000);
  const wanted = all.filter(({ type }) => concerns(type));
  t.ok(wanted.length >= 3 && wanted.length < all.length);
  t.same(await readConcerned(pool, sha256, keyring, 0, 1_000, concerns), { read: all.length, facts: wanted });
  const from = wanted[0]!.seq + 1;
  t.same(await readConcerned(pool, sha256, keyring, from, 1_000, concerns), {
    read: all.length - from,
    facts: wanted.slice(1),
  });
  t.same(await readConcerned(pool, sha256, keyring, 0, 1_000, () => false), { read: all.length, facts: [] });

  const told: AnyFact[] = [];
  let calls = 0;
  const project = async (_: unknown, facts: readonly AnyFact[]): Promise<void> => {
    calls++;
    told.push(...facts);
  };
  const follower = new Follower({
    pool,
    keyring,
    name: 'test',
    concerns,
    project,
    onError: (e) => t.error(e),
  });
  await follower.start();
  t.teardown(() => follower.stop());
  t.ok(await follower.reaches(all.length - 1, 10_000), 'it comes to the end');
  t.same(told, wanted, 'what was there before is read back');
  const before = calls;
  door.listeners.push((facts) => follower.offer(facts));
  const { body } = await operator.post('/v1/organisations', { name: 'B', kind: 'station' });
  t.ok(await follower.reaches(body.receipt.seq, 10_000), 'its position moves over what does not concern it');
  t.equal(calls, before, 'and it is not called');
  await site('station');
  const live = (await readFacts(pool, sha256, keyring, all.length, 1_000)).filter(({ type }) =>
    concerns(type),
  );
  t.ok(await follower.reaches(live.at(-1)!.seq, 10_000));
  t.same(
    told.slice(wanted.length).map(({ seq, data }) => ({ seq, data })),
    live.map(({ seq, data }) => ({ seq, data })),
    'what is committed meanwhile is told as well',
  );
  await follower.stop();
  await pool.query("DELETE FROM followers WHERE name = 'test'");
});
