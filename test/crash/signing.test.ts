import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { serverSource } from '../../src/cli/sources.ts';
import { openWitness } from '../../src/cli/witness.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { verifyEntries } from '../../src/ledger/check.ts';
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { parseKey, parseNote } from '../../src/ledger/note.ts';
import { Api, inspect, station } from './harness.ts';

const PATIENCE_MS = 60_000;
const COLLECTED_AT = new Date().toISOString();
const SERVING = path.resolve(import.meta.dirname, 'serving.ts');
const quiet = new Writable({ write: (_chunk, _encoding, done) => done() });
const io = { stdout: quiet, stderr: quiet, isTTY: false, env: {}, fetch };

const directory = async (t: Test): Promise<string> => {
  const made = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-signing-'));
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
};

const sizeOf = (note: string): number => parseCheckpoint(parseNote(note).text).size;

t.test(
  'killed at any step of a checkpoint, the log goes on and never says two things',
  // Nothing here is a matter of speed: what must come is waited for as long as a busy machine may need.
  { timeout: 540_000 },
  async (t) => {
    const api = await Api.start();
    t.teardown(async () => {
      await api.kill('SIGKILL');
      await api.killPostgres();
      await rm(api.dataDir, { recursive: true, force: true });
    });
    const { siteId, secret } = await station(api);
    const { body: founded } = await api.call('GET', '/v1/ledger/entries/0');
    const witness = await openWitness({
      log: [founded.entry.data.logKey],
      name: 'witness.example',
      state: await directory(t),
      port: 0,
      host: '127.0.0.1',
    });
    t.teardown(() => witness.close());
    const witnessKey = parseKey(sha256, witness.key);
    api.env = { LEDGER_WITNESSES: `${witness.key} ${witness.url}` };

    /** Every text that was ever signed and seen, by its size. */
    const said = new Map<number, string>();
    const notes = new Map<string, string>();
    const take = (note: string): number => {
      const { text } = parseNote(note);
      const size = sizeOf(note);
      const before = said.get(size);
      if (before !== undefined && before !== text) t.fail(`two checkpoints over ${size}`);
      said.set(size, text);
      notes.set(text, note);
      return size;
    };
    const served = async (): Promise<number> => take(await (await fetch(`${api.url}/log/checkpoint`)).text());
    const kept = async (): Promise<number> =>
      take(await readFile(path.join(api.dataDir, 'ledger-key.checkpoint'), 'utf8'));
    const receipts: { seq: number; leafHash: string }[] = [];
    const weighIn = async (id: string = randomUUID()): Promise<number> => {
      const { status, body } = await api.call(
        'POST',
        '/v1/collections',
        {
          id,
          siteId,
          material: 'pet',
          form: 'bottle',
          originClass: 'sea-recovered',
          grossGrams: 1_000,
          tareGrams: 0,
          basis: 'weighed',
          collectedAt: COLLECTED_AT,
        },
        secret,
      );
      if (status !== 201 && status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      receipts.push(body.receipt);
      return body.receipt.seq + 1;
    };
    const settled = async (size: number): Promise<void> => {
      for (const end = performance.now() + PATIENCE_MS; (await served()) < size; await sleep(50))
        if (performance.now() > end) throw new Error(`nothing was signed over ${size}`);
    };

    for (const moment of ['signing', 'signed', 'kept', 'published'] as const) {
      // All that is there is signed first, or it would end before anything was weighed.
      await settled((await api.call('GET', '/health/ready')).body.size);
      await api.kill('SIGTERM');
      api.argv = [SERVING, moment];
      await api.spawn();
      const before = await served();
      const dying = api.gone(PATIENCE_MS);
      const id = randomUUID();
      // It may end between the commit and the answer: whoever is not answered asks again under the same id.
      const answered = await weighIn(id).catch(() => null);
      await dying;
      const left = await kept();

      api.argv = [SERVING];
      await api.spawn();
      const size = answered ?? (await weighIn(id));
      t.ok(size > before, 'there was something to sign');
      t.equal(left, ['kept', 'published'].includes(moment) ? size : before, `it ended at ${moment}`);
      const { body } = await api.call('GET', '/health/ready');
      t.match(body, { readOnly: null, size }, 'nothing was signed beyond what was committed');
      await settled(size);
      await settled(await weighIn());
      t.equal(await kept(), await served());
    }
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(100)) {
      const note = parseNote(await (await fetch(`${api.url}/log/checkpoint`)).text());
      if (note.signatures.some(({ id }) => id === witnessKey.id)) break;
    }
    const verified = await verifyEntries(await serverSource(io, api.url), undefined, {
      kept: [...notes.values()],
      witnesses: [witnessKey],
    });
    t.equal(verified.checkpoints.length, said.size, 'all that was ever signed is so still');
    t.equal(verified.cosigned.length, 1, 'and the witness went along');
    t.ok(said.size >= 8, `${said.size} checkpoints`);
    t.same(api.deaths, []);
    await api.kill('SIGTERM');
    const { entries } = await inspect(api);
    for (const { seq, leafHash } of receipts) t.equal(entries.get(seq), leafHash, `receipt ${seq}`);
  },
);
