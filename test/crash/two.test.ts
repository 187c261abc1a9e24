import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openWitness } from '../../src/cli/witness.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { databaseSource, verifyEntries } from '../../src/ledger/check.ts';
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { NoteSigner } from '../../src/ledger/log-key.ts';
import { formatKey, parseKey, parseNote } from '../../src/ledger/note.ts';
import { verifyInclusion } from '../../src/ledger/proof.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const SERVING = path.resolve(import.meta.dirname, 'serving.ts');
const SECONDS = Number(process.env.TWO_SECONDS ?? 6);
const WRITERS = 4;

type Receipt = { seq: number; leafHash: string };

/** The service in a process of its own, and what it says it published. */
const secondProcess = async (t: Test, app: TestApp, env: Record<string, string>) => {
  const child = spawn(process.execPath, [SERVING], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      DATABASE_URL: app.urls.apiUrl,
      DATABASE_OWNER_URL: app.urls.ownerUrl,
      BLUE_CYCLE_DATA_DIR: app.deps.config.dataDir,
      LOG_LEVEL: 'error',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const moments: string[] = [];
  let url = '';
  child.stdout.on('data', (text: Buffer) => {
    for (const line of text.toString('utf8').trim().split('\n'))
      if (line.startsWith('http')) url = line;
      else moments.push(line);
  });
  for (let i = 0; url === ''; i++) {
    if (i > 600 || child.exitCode !== null) throw new Error('the second process did not start');
    await sleep(50);
  }
  return { url, published: () => moments.filter((moment) => moment.startsWith('published ')).length, gone };
};

t.test('two processes with one key under load: one log, and everything acknowledged is proved', async (t) => {
  const seed = Buffer.alloc(32, 8);
  const state = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-two-'));
  t.teardown(() => rm(state, { recursive: true, force: true }));
  const witness = await openWitness({
    log: [formatKey(new NoteSigner('localhost/blue-cycle', seed).key)],
    name: 'witness.example',
    state,
    port: 0,
    host: '127.0.0.1',
  });
  t.teardown(() => witness.close());
  const witnessKey = parseKey(sha256, witness.key);
  const env = { LEDGER_WITNESSES: `${witness.key} ${witness.url}` };
  const app = await startTestApp(t, env, seed);
  const { siteId, client } = await app.site('station');
  await app.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.app.server.address() as { port: number };
  const own: number[] = [];
  app.deps.publisher.onMoment = (moment, size) => {
    if (moment === 'published') own.push(size);
  };
  const other = await secondProcess(t, app, env);
  const urls = [`http://127.0.0.1:${port}`, other.url];

  /** Every note that was seen, wherever, by the size it is over. */
  const said = new Map<number, string>();
  const notes = new Map<string, string>();
  let [conflicts, looks] = [0, 0];
  const take = (note: string): void => {
    const { text } = parseNote(note);
    const { size } = parseCheckpoint(text);
    looks++;
    if ((said.get(size) ?? text) !== text) conflicts++;
    said.set(size, text);
    notes.set(text, note);
  };

  const receipts: Receipt[][] = [[], []];
  let running = true;
  const write = async (which: number): Promise<void> => {
    while (running) {
      const response = await fetch(`${urls[which]}/v1/collections`, {
        method: 'POST',
        headers: { authorization: `Bearer ${client.secret}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          id: randomUUID(),
          siteId,
          material: 'pet',
          form: 'bottle',
          originClass: 'sea-recovered',
          grossGrams: 1_000,
          tareGrams: 0,
          basis: 'weighed',
          collectedAt: new Date().toISOString(),
        }),
      });
      const body = (await response.json()) as { receipt: Receipt };
      if (response.status === 201) receipts[which]!.push(body.receipt);
      else if (response.status !== 503) throw new Error(`${response.status} ${JSON.stringify(body)}`);
    }
  };
  const look = async (): Promise<void> => {
    while (running) {
      for (const url of urls) take(await (await fetch(`${url}/log/checkpoint`)).text());
      take(readFileSync(`${app.deps.config.ledgerKeyFile}.checkpoint`, 'utf8'));
      await sleep(20);
    }
  };
  const work = [0, 1].flatMap((which) => Array.from({ length: WRITERS }, () => write(which)));
  work.push(look());
  await sleep(1_000 * SECONDS);
  running = false;
  await Promise.all(work);

  const all = receipts.flat();
  const size = 1 + Math.max(...all.map(({ seq }) => seq));
  t.ok(await app.deps.publisher.cosignedBy(witnessKey, size), 'the witness went along to the end');
  const note = (await app.deps.publisher.current())!.note;
  take(note);
  t.comment(
    `${receipts.map((list) => list.length).join(' and ')} acknowledged, ${own.length} and ${other.published()} published, ` +
      `${said.size} sizes in ${looks} looks`,
  );
  t.equal(conflicts, 0, 'never two checkpoints over one size');
  t.ok(said.size > SECONDS / 2, `${said.size} checkpoints`);
  for (const list of receipts) t.ok(list.length > 10, 'both wrote');
  t.ok(own.length > 1 && other.published() > 1, 'both published');
  t.equal(new Set(all.map(({ seq }) => seq)).size, all.length, 'no position was given twice');
  const verified = await verifyEntries(await databaseSource(app.deps.pool, app.deps.keyring), undefined, {
    kept: [...notes.values()],
    witnesses: [witnessKey],
  });
  const missing = [...said.keys()].filter((one) => !verified.checkpoints.includes(one));
  t.same(missing, [], 'each checkpoint that was seen is of this log');
  for (const [i, { seq, leafHash }] of all.entries()) {
    const proof = (await (await fetch(`${urls[i % 2]}/v1/ledger/entries/${seq}/proof`)).json()) as {
      size: number;
      leafHash: string;
      proof: string[];
      checkpoint: string;
    };
    const { root } = parseCheckpoint(parseNote(proof.checkpoint).text);
    const hashes = proof.proof.map((hash) => Buffer.from(hash, 'hex'));
    if (proof.leafHash !== leafHash) t.fail(`entry ${seq} is another than was acknowledged`);
    verifyInclusion(sha256, seq, proof.size, Buffer.from(leafHash, 'hex'), hashes, root);
  }
  t.equal(app.deps.door.readOnly, null);
});
