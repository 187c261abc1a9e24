import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { openWitness } from '../../src/cli/witness.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { idOf } from '../../src/ledger/key-history.ts';
import { NoteSigner } from '../../src/ledger/log-key.ts';
import { formatKey, parseKey } from '../../src/ledger/note.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { command } from '../support/command.ts';
import { firstSigner } from '../support/log-keys.ts';

const directory = async (t: Test): Promise<string> => {
  const made = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-log-key-'));
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
};

/** The app listening, and the environment of a command on the same machine. */
const listening = async (test: TestApp): Promise<Record<string, string>> => {
  await test.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = test.app.server.address() as { port: number };
  return {
    DATABASE_URL: test.urls.apiUrl,
    DATABASE_OWNER_URL: test.urls.ownerUrl,
    BLUE_CYCLE_DATA_DIR: test.deps.config.dataDir,
    BLUE_CYCLE_URL: `http://127.0.0.1:${port}`,
    BLUE_CYCLE_API_KEY: test.operator.secret,
  };
};

const something = async (app: TestApp): Promise<number> => {
  const { body } = await app.operator.post('/v1/organisations', { name: '某站', kind: 'station' });
  const { seq } = body.receipt as { seq: number };
  if ((await app.deps.publisher.covering(seq + 1, 8_000)) === null) throw new Error(`nothing covers ${seq}`);
  return seq + 1;
};

t.test('log-key adds a key, lists it and retires the old one; everything verifies throughout', async (t) => {
  const app = await startTestApp(t);
  const env = await listening(app);
  const { ledgerKeyFile } = app.deps.config;
  const place = await directory(t);
  const kept = path.join(place, 'kept');
  const out = path.join(place, 'export.ndjson');
  const oldId = formatKey(firstSigner(app.deps.config).key).split('+')[1]!;
  await something(app);
  await rename(`${ledgerKeyFile}.checkpoint`, kept).then(() => something(app));

  /** `verify` of server, export and database, each against a checkpoint from before. */
  const everywhere = async (): Promise<number[][]> => {
    const sizes: number[][] = [];
    t.match(await command(env, 'export', '--out', out, '--url', env.BLUE_CYCLE_URL!), { code: 0 });
    for (const of of [
      ['--url', env.BLUE_CYCLE_URL!],
      ['--file', out],
      ['--database', app.urls.ownerUrl],
    ]) {
      const ran = await command(env, 'verify', ...of, '--checkpoint', kept, '--json');
      t.equal(ran.code, 0, `${of[0]}: ${ran.out} ${ran.err}`);
      sizes.push(JSON.parse(ran.out).checkpoints);
    }
    t.match(await command(env, 'export', '--out', out), { code: 0 }, 'from the database too');
    t.match(await command(env, 'verify', '--file', out, '--checkpoint', kept), { code: 0 });
    return sizes;
  };

  const added = await command(env, 'log-key', 'add', '--json');
  t.equal(added.code, 0, added.err);
  const { id, key, file, receipt } = JSON.parse(added.out);
  t.match(key, `+${id}+`);
  t.equal(file, `${ledgerKeyFile}.${id}`);
  t.match(await readFile(file, 'utf8'), /^[0-9a-f]{64}\n$/);
  await something(app);
  for (const sizes of await everywhere()) t.ok(sizes.includes(receipt.seq + 1), `${sizes}`);
  t.match(await command(env, 'doctor'), { out: new RegExp(`^ok {4}log key .*${oldId} and ${id} sign`, 'm') });
  await chmod(file, 0o640);
  t.match(await command(env, 'doctor'), { code: 1, out: /^fail {2}log key .*chmod 600/m });
  await chmod(file, 0o600);

  const elsewhere = { ...env, BLUE_CYCLE_DATA_DIR: place };
  t.match(await command(elsewhere, 'log-key', 'add'), { code: 1, err: /keys are all lost/ });
  t.match(await command(elsewhere, 'log-key', 'retire', oldId), { code: 1, err: /keys are all lost/ });
  t.match(await command(env, 'log-key', 'retire', '00000000'), { code: 2, err: /no key of the log/ });

  const retired = await command(env, 'log-key', 'retire', oldId);
  t.match(retired, { code: 0, out: new RegExp(`^retired ${oldId} .*; ${id} signs from here on`) });
  await something(app);
  for (const sizes of await everywhere()) t.equal(sizes.length, 4, 'kept, added, retired, and the last');
  t.match(await command(env, 'log-key', 'list'), {
    code: 0,
    out: new RegExp(`^${oldId}  from entry 0 to entry \\d+  private part here .*\\n${id}  from entry`),
  });
  t.match(await command(env, 'log-key', 'retire', id), { code: 2, err: /only key of the log/ });

  await rm(ledgerKeyFile);
  t.match(await command(env, 'doctor'), { out: new RegExp(`^ok {4}log key +${id} signs checkpoints$`, 'm') });
  await rename(file, `${file}-away`);
  t.match(await command(env, 'doctor'), { code: 1, out: /^fail {2}log key .*none of the keys/m });
  await rename(`${file}-away`, file);

  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  const { keyCheckpoints, ...ending } = JSON.parse(lines.at(-1)!);
  t.equal(keyCheckpoints.length, 2);
  await writeFile(out, `${[...lines.slice(0, -1), JSON.stringify(ending)].join('\n')}\n`);
  const told = await command(env, 'verify', '--file', out);
  t.match(told, { code: 1, out: /^BAD at entry \d+ \(wrong-key\): it adds the log's key/ });
});

t.test('a witness goes on through a rotation, when it was told the new key in time', async (t) => {
  const seed = Buffer.alloc(32, 7);
  const next = Buffer.alloc(32, 8);
  const [first, second] = [seed, next].map((bytes) => new NoteSigner('localhost/blue-cycle', bytes));
  const witnesses = await Promise.all(
    [[first!], [first!, second!]].map(async (signers, i) =>
      openWitness({
        log: signers.map((signer) => formatKey(signer.key)),
        name: `witness-${i}.example`,
        state: await directory(t),
        port: 0,
        host: '127.0.0.1',
      }),
    ),
  );
  for (const witness of witnesses) t.teardown(() => witness.close());
  const keys = witnesses.map(({ key }) => parseKey(sha256, key));
  const app = await startTestApp(
    t,
    { LEDGER_WITNESSES: witnesses.map(({ key, url }) => `${key} ${url}`).join(', ') },
    seed,
  );
  const env = await listening(app);
  const { publisher } = app.deps;
  await writeFile(`${app.deps.config.ledgerKeyFile}.${idOf(second!.key)}`, `${next.toString('hex')}\n`, {
    mode: 0o600,
  });
  const added = await command(env, 'log-key', 'add', '--json');
  t.equal(JSON.parse(added.out).key, formatKey(second!.key), 'a key that lies there unused is taken');
  const both = await something(app);
  t.ok(await publisher.cosignedBy(keys[0]!, both), 'in the overlap both witnesses know a key that signs');
  t.ok(await publisher.cosignedBy(keys[1]!, both));
  t.match(await command(env, 'log-key', 'retire', idOf(first!.key)), { code: 0 });
  const after = await something(app);
  t.ok(await publisher.cosignedBy(keys[1]!, after));
  t.notOk(await publisher.cosignedBy(keys[0]!, after, 1_500), 'one that knows the old key alone does not');
  const witness = formatKey(keys[1]!);
  t.match(await command(env, 'verify', '--witness', witness), {
    code: 0,
    out: /cosigned by witness-1\.example/,
  });
});
