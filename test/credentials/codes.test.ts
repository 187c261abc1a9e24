import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { setUp } from '../statements/harness.ts';
import { command } from '../support/command.ts';

t.test('a thousand codes are checked from an export, and no server is asked', async (t) => {
  const set = await setUp(t);
  const { app, ask, act, issue, first, brandA } = set;
  const { batch } = await set.soldBatch(300_000, 200_000);
  const made = [];
  for (const grams of [400_000, 1_000, 2_000]) {
    const asked = (await ask(brandA.client, { batchId: batch.id, grams })).body;
    made.push({ id: asked.id, code: (await issue(asked.id)).code as string });
  }
  await act(first, made[1]!.id, 'suspend', { reason: '待查' });
  await act(first, made[2]!.id, 'revoke', { reason: '伪造' });
  await app.deps.publisher.covering((await app.verify()).size, 10_000);
  const dir = mkdtempSync(path.join(os.tmpdir(), 'blue-cycle-codes-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const [file, list] = [path.join(dir, 'export.ndjson'), path.join(dir, 'codes.csv')];
  const env = { DATABASE_SCHEMA: app.deps.config.databaseSchema };
  t.equal((await command(env, 'export', '--out', file, '--database', app.urls.ownerUrl)).code, 0);
  const nonsense = Array.from({ length: 997 }, (_, i) => (i === 0 ? '=HYPERLINK(1)' : `nonsense ${i}`));
  const check = (codes: readonly string[], more: string[] = []) => {
    writeFileSync(list, `${codes.join('\n')}\n`);
    return command(env, 'verify', '--codes', list, '--file', file, ...more);
  };
  const good = await check([made[0]!.code]);
  t.equal(good.code, 0, good.err);
  t.match(good.out, `${made[0]!.code},valid,400000,traceability-statement,`);
  const all = await check([...made.map(({ code }) => `${code.toLowerCase()}, a product`), ...nonsense]);
  t.equal(all.code, 1);
  const lines = all.out.trim().split('\n');
  t.equal(lines.length, 1_001);
  t.same(
    lines.slice(1, 6).map((line) => line.split(',')[1]),
    ['valid', 'suspended', 'revoked', 'unknown', 'unknown'],
  );
  t.match(lines[4], /^'=HYPERLINK/, 'no formula for a spreadsheet');
  const { ok, codes } = JSON.parse(
    (
      await check(
        made.map(({ code }) => code),
        ['--json'],
      )
    ).out,
  );
  t.match(
    { ok, codes },
    { ok: false, codes: [{ verdict: 'valid' }, { verdict: 'suspended' }, { verdict: 'revoked' }] },
  );
  t.equal((await check([''])).code, 2);
  t.equal((await command(env, 'verify', '--codes', path.join(dir, 'none'), '--file', file)).code, 2);

  const turned = readFileSync(file, 'utf8')
    .replace('\\"grams\\":400000', '\\"grams\\":400001')
    .replace('"grams":400000', '"grams":400001');
  t.not(turned, readFileSync(file, 'utf8'), 'a gram was added');
  writeFileSync(file, turned);
  const bad = await check([made[0]!.code]);
  t.equal(bad.code, 1);
  t.notMatch(bad.out, ',valid,', 'nothing is said of a ledger that is not good');
});
